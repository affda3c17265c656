# Published in the client guide of the platform API (section on signed sending), and kept here as published, because
# clients that copied it are what must be served: not our style, not our words. Only what the published page had
# mangled is put back: the indentation, and "&timestamp", which it showed as a multiplication sign and "tamp".

import hmac, hashlib, time
app_id = "your_app_id_string"
app_secret = "your_app_secret"
timestamp = str(int(time.time()))
query_string = f"app_id={app_id}&timestamp={timestamp}"
sign = hmac.new(
    app_secret.encode("utf-8"),
    query_string.encode("utf-8"),
    hashlib.sha256,
).hexdigest()
# 请求头: X-App-Id, X-Timestamp, X-Sign=sign

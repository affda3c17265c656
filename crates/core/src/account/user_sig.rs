//! Signatures by which a tenant vouches for one of its users: made and checked with the tenant's secret, no I/O.
//!
//! Two forms are read, told apart by their dots: an HS256 JWT, and the zlib and Base64 text that Tencent's SDKs call
//! version 2. Only the first is written. Whether the account exists, and what to do if not, is the caller's business.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::{Decompress, FlushDecompress, Status};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use sha2::Sha256;

use crate::error::{Error, ErrorKind, Result};

/// Longest signature that is looked at.
const TEXT_BYTES_MAX: usize = 4096;
/// What a compressed signature may hold. Inflating stops here, however much more would come.
const INFLATED_BYTES_MAX: usize = 4096;
/// How far the clock of whoever signed may be ahead of ours.
const CLOCK_SKEW_SECONDS_MAX: f64 = 60.0;
/// The end of the year 9999: later ends are this one, so that they can be counted in microseconds.
const EXPIRES_SECONDS_MAX: i64 = 253_402_300_799;
/// The only version of the compressed form there is.
const VERSION: &str = "2.0";

/// The key pair of a tenant.
pub(crate) struct Signer<'a> {
    /// The tenant's public name.
    pub(crate) app_key: &'a str,
    /// The tenant's secret.
    pub(crate) secret: &'a str,
}

/// What a good signature says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// The user that the tenant vouches for.
    pub(crate) uid: String,
    /// When it ends, in seconds.
    pub(crate) expires_at: i64,
}

/// Why a signature proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSignature {
    /// Neither form, too long, or without a user or an end.
    Malformed,
    /// Made for another app key.
    Foreign,
    /// Not made with this secret, or not in the one way that is allowed.
    Forged,
    /// Its time is over, or by its own word has not come yet.
    Expired,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewClaims<'a> {
    sub: &'a str,
    app_key: &'a str,
    iat: i64,
    exp: i64,
}

impl Signer<'_> {
    /// Signs for a user: an HS256 JWT with `sub`, `appKey`, `iat` and `exp`.
    ///
    /// # Errors
    /// `Internal` if the claims cannot be written, which no text causes.
    pub(crate) fn sign(&self, uid: &str, now_seconds: i64, lifetime_seconds: i64) -> Result<String> {
        let claims = NewClaims {
            sub: uid,
            app_key: self.app_key,
            iat: now_seconds,
            exp: now_seconds.saturating_add(lifetime_seconds),
        };
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("user signature: {error}")))
    }

    /// What a signature says, if it is one of this tenant's and still good.
    ///
    /// A JWT is over in the second of its `exp`; the other form is good to the end of its last second, as each
    /// defines it. A JWT whose `nbf` is more than a minute away is refused; `iat` decides nothing.
    pub(crate) fn verify(&self, text: &str, now_seconds: i64) -> std::result::Result<Signed, BadSignature> {
        match Form::of(text)? {
            Form::Jwt(claims) => self.verify_jwt(text, &claims, now_seconds),
            Form::Compressed(fields) => self.verify_compressed(&fields, now_seconds),
        }
    }

    fn verify_jwt(&self, text: &str, claims: &Claims, now: i64) -> std::result::Result<Signed, BadSignature> {
        let uid = claims.uid().ok_or(BadSignature::Malformed)?;
        let expires_at = claims.expires_at().ok_or(BadSignature::Malformed)?;
        if !claims.app_keys().all(|named| named == self.app_key) {
            return Err(BadSignature::Foreign);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // Looked at here, against the clock that we are given.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let key = DecodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::decode::<IgnoredAny>(text, &key, &validation).map_err(|_| BadSignature::Forged)?;
        if expires_at <= now || claims.begins_after(now) {
            return Err(BadSignature::Expired);
        }
        Ok(Signed { uid, expires_at })
    }

    fn verify_compressed(&self, fields: &Fields, now: i64) -> std::result::Result<Signed, BadSignature> {
        // A line end inside the name could make one set of lines read as another.
        let odd = fields.identifier.is_empty() || fields.identifier.contains(char::is_control);
        if odd || fields.ver != VERSION {
            return Err(BadSignature::Malformed);
        }
        if fields.sdkappid.text() != self.app_key {
            return Err(BadSignature::Foreign);
        }
        let sig = STANDARD
            .decode(&fields.sig)
            .map_err(|_| BadSignature::Malformed)?;
        let lines = fields.lines(self.app_key).ok_or(BadSignature::Malformed)?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).map_err(|_| BadSignature::Forged)?;
        mac.update(lines.as_bytes());
        // Compares in constant time.
        mac.verify_slice(&sig).map_err(|_| BadSignature::Forged)?;
        let expires_at = fields.time.saturating_add(fields.expire);
        if now > expires_at {
            return Err(BadSignature::Expired);
        }
        Ok(Signed {
            uid: fields.identifier.clone(),
            expires_at: expires_at.min(EXPIRES_SECONDS_MAX),
        })
    }
}

/// The app key that a signature says it is for, unproven: to find the tenant when the caller named none.
pub(crate) fn claimed_app_key(text: &str) -> Option<String> {
    match Form::of(text).ok()? {
        Form::Jwt(claims) => claims.app_keys().next(),
        Form::Compressed(fields) => Some(fields.sdkappid.text()),
    }
}

/// What a signature says before anything of it is proven.
enum Form {
    Jwt(Box<Claims>),
    Compressed(Box<Fields>),
}

impl Form {
    fn of(text: &str) -> std::result::Result<Self, BadSignature> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(BadSignature::Malformed);
        }
        let mut parts = text.split('.');
        let form = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_), Some(payload), Some(_), None) => Claims::read(payload).map(Box::new).map(Self::Jwt),
            (Some(text), None, ..) => Fields::read(text).map(Box::new).map(Self::Compressed),
            _ => None,
        };
        form.ok_or(BadSignature::Malformed)
    }
}

/// An app key, a number in some systems.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Key {
    Text(String),
    Number(Number),
}

impl Key {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(Key),
    Many(Vec<Key>),
}

/// The claims of a JWT that matter here. A claim given twice is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    sub: Option<Key>,
    user_id: Option<Key>,
    identifier: Option<Key>,
    app_key: Option<Key>,
    app_id: Option<Key>,
    aud: Option<Audience>,
    exp: Option<Value>,
    nbf: Option<Value>,
}

impl Claims {
    fn read(payload: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// The user, under whichever of the three names; they may not contradict each other.
    fn uid(&self) -> Option<String> {
        let mut named = [&self.sub, &self.user_id, &self.identifier]
            .into_iter()
            .flatten()
            .map(Key::text);
        let uid = named.next().filter(|uid| !uid.is_empty())?;
        named.all(|other| other == uid).then_some(uid)
    }

    /// Every app key that it names.
    fn app_keys(&self) -> impl Iterator<Item = String> {
        let audience = match &self.aud {
            Some(Audience::One(key)) => std::slice::from_ref(key),
            Some(Audience::Many(keys)) => keys,
            None => &[],
        };
        let named = [&self.app_key, &self.app_id].into_iter().flatten();
        named.chain(audience).map(Key::text)
    }

    /// The first whole second in which it is over. A number of seconds may have a fraction.
    fn expires_at(&self) -> Option<i64> {
        let exp = self.exp.as_ref()?;
        let whole = exp.as_i64();
        // Casting keeps within the bounds of the type.
        let seconds = whole.or_else(|| exp.as_f64().map(|seconds| seconds.ceil() as i64))?;
        Some(seconds.min(EXPIRES_SECONDS_MAX))
    }

    fn begins_after(&self, now: i64) -> bool {
        let begins = self.nbf.as_ref().and_then(Value::as_f64);
        begins.is_some_and(|seconds| seconds > now as f64 + CLOCK_SKEW_SECONDS_MAX)
    }
}

/// The fields of the compressed form. A field given twice is an error.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "TLS.ver")]
    ver: String,
    #[serde(rename = "TLS.identifier")]
    identifier: String,
    #[serde(rename = "TLS.sdkappid")]
    sdkappid: Key,
    #[serde(rename = "TLS.time")]
    time: i64,
    #[serde(rename = "TLS.expire")]
    expire: i64,
    #[serde(rename = "TLS.userbuf")]
    userbuf: Option<String>,
    #[serde(rename = "TLS.sig")]
    sig: String,
}

impl Fields {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&inflate(&from_url_form(text)?)?).ok()
    }

    /// What is signed, a line for each field; none if the user buffer is not Base64.
    fn lines(&self, app_key: &str) -> Option<String> {
        let Self {
            identifier,
            time,
            expire,
            ..
        } = self;
        let mut lines = format!(
            "TLS.identifier:{identifier}\nTLS.sdkappid:{app_key}\nTLS.time:{time}\nTLS.expire:{expire}\n"
        );
        if let Some(userbuf) = &self.userbuf {
            STANDARD.decode(userbuf).ok()?;
            lines.push_str(&format!("TLS.userbuf:{userbuf}\n"));
        }
        Some(lines)
    }
}

/// Standard Base64 in which three characters were exchanged for some that may stand in an address.
fn from_url_form(text: &str) -> Option<Vec<u8>> {
    let back = |byte| match byte {
        b'*' => Some(b'+'),
        b'-' => Some(b'/'),
        b'_' => Some(b'='),
        b'+' | b'/' | b'=' => None,
        other => Some(other),
    };
    let base64: Vec<u8> = text.bytes().map(back).collect::<Option<_>>()?;
    STANDARD.decode(base64).ok()
}

/// The content of one zlib stream, if that is all there is and it is within the bound.
fn inflate(stream: &[u8]) -> Option<Vec<u8>> {
    // One byte more than may be: without room left, the end of a full stream is not seen.
    let mut content = Vec::with_capacity(INFLATED_BYTES_MAX + 1);
    let mut inflater = Decompress::new(true);
    let status = inflater
        .decompress_vec(stream, &mut content, FlushDecompress::Finish)
        .ok()?;
    let whole = status == Status::StreamEnd && inflater.total_in() == stream.len() as u64;
    (whole && content.len() <= INFLATED_BYTES_MAX).then_some(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use serde_json::json;

    use super::*;

    const KEY: &str = "1400000000";
    const SECRET: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
    const US: Signer<'static> = Signer {
        app_key: KEY,
        secret: SECRET,
    };
    const TIME: i64 = 1_700_000_000;
    const EXPIRE: i64 = 15_552_000;

    /// Published by the makers of the form: compressed at level 6, and only stored.
    const LEVEL_6: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpYJkTE1NjRDiJZm5YFFzNPXFmekgG3zKHM1T9D3LzdODi-OKs8vCqpxcAvydnV2SSv2cy03cPcpDnA2SMgu0nUxslWoBHdYzUg__";
    const STORED: &str = "eAEBqwBU-3siVExTLnZlciI6IjIuMCIsIlRMUy5pZGVudGlmaWVyIjoieGlhb2p1biIsIlRMUy5zZGthcHBpZCI6MTQwMDAwMDAwMCwiVExTLmV4cGlyZSI6MTU1NTIwMDAsIlRMUy50aW1lIjoxNzAwMDAwMDAwLCJUTFMuc2lnIjoiTHZBN2QvSXc3Z1NzbnNrdlZ6QkRQT0NDRGJ1TkN3NEdId1RDMGJpcCtCND0ifa3HMfI_";
    const SIG: &str = "LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4=";
    const SIG_WITH_USERBUF: &str = "QjT201xPkXk/aM1e+y0vakZb0K2iPrFue++0s5y6bFM=";

    fn signed(uid: &str, expires_at: i64) -> std::result::Result<Signed, BadSignature> {
        Ok(Signed {
            uid: uid.to_owned(),
            expires_at,
        })
    }

    fn pack(content: &[u8], level: u32) -> String {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(content).unwrap();
        to_url_form(&encoder.finish().unwrap())
    }

    fn to_url_form(stream: &[u8]) -> String {
        STANDARD
            .encode(stream)
            .replace('+', "*")
            .replace('/', "-")
            .replace('=', "_")
    }

    /// A signer of the compressed form of its own making. `sdkappid` is written as it is.
    fn compressed(identifier: &str, sdkappid: &Value, times: (i64, i64), userbuf: Option<&str>) -> String {
        let (time, expire) = times;
        let app = sdkappid
            .as_str()
            .map_or_else(|| sdkappid.to_string(), str::to_owned);
        let mut input = format!("TLS.identifier:{identifier}\nTLS.sdkappid:{app}\n");
        input += &format!("TLS.time:{time}\nTLS.expire:{expire}\n");
        let mut fields = json!({
            "TLS.ver": "2.0", "TLS.identifier": identifier, "TLS.sdkappid": sdkappid,
            "TLS.time": time, "TLS.expire": expire,
        });
        if let Some(userbuf) = userbuf {
            input += &format!("TLS.userbuf:{userbuf}\n");
            fields["TLS.userbuf"] = json!(userbuf);
        }
        fields["TLS.sig"] = json!(STANDARD.encode(hmac_of(&input)));
        pack(fields.to_string().as_bytes(), 9)
    }

    fn hmac_of(input: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(input.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// A signer of tokens of its own making: header and claims may be anything.
    fn jwt(header: &str, claims: &Value) -> String {
        let signed = [header, &claims.to_string()]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".");
        let mac = URL_SAFE_NO_PAD.encode(hmac_of(&signed));
        format!("{signed}.{mac}")
    }

    fn hs256(claims: &Value) -> String {
        jwt(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
    }

    #[test]
    fn published_signatures_are_good_to_the_end_of_their_last_second() {
        let last = TIME + EXPIRE;
        for text in [LEVEL_6, STORED] {
            assert_eq!(US.verify(text, TIME), signed("xiaojun", last));
            assert_eq!(US.verify(text, last), signed("xiaojun", last));
            assert_eq!(US.verify(text, last + 1), Err(BadSignature::Expired));
            assert_eq!(claimed_app_key(text).as_deref(), Some(KEY));
        }
    }

    #[test]
    fn a_user_buffer_is_part_of_what_is_signed() {
        let mut fields = json!({
            "TLS.ver": "2.0", "TLS.identifier": "xiaojun", "TLS.sdkappid": 1_400_000_000,
            "TLS.time": TIME, "TLS.expire": EXPIRE, "TLS.sig": SIG_WITH_USERBUF, "TLS.userbuf": "YWJj",
        });
        let text = |fields: &Value| pack(fields.to_string().as_bytes(), 6);
        assert_eq!(US.verify(&text(&fields), TIME), signed("xiaojun", TIME + EXPIRE));
        fields["TLS.sig"] = json!(SIG);
        assert_eq!(
            US.verify(&text(&fields), TIME),
            Err(BadSignature::Forged),
            "added"
        );
        fields.as_object_mut().unwrap().remove("TLS.userbuf");
        assert_eq!(US.verify(&text(&fields), TIME), signed("xiaojun", TIME + EXPIRE));
        fields["TLS.sig"] = json!(SIG_WITH_USERBUF);
        assert_eq!(
            US.verify(&text(&fields), TIME),
            Err(BadSignature::Forged),
            "taken away"
        );
        let broken = compressed("ann", &json!(KEY), (TIME, 60), Some("not base64"));
        assert_eq!(US.verify(&broken, TIME), Err(BadSignature::Malformed));
    }

    #[test]
    fn an_app_key_may_be_text_or_a_number_and_must_be_ours() {
        let number = compressed("ann", &json!(1_400_000_000), (TIME, 60), Some(""));
        assert_eq!(US.verify(&number, TIME), signed("ann", TIME + 60));
        let text = compressed("ann", &json!(KEY), (TIME, 60), None);
        assert_eq!(US.verify(&text, TIME), signed("ann", TIME + 60));
        let foreign = compressed("ann", &json!("ak_other"), (TIME, 60), None);
        assert_eq!(US.verify(&foreign, TIME), Err(BadSignature::Foreign));
        assert_eq!(claimed_app_key(&foreign).as_deref(), Some("ak_other"));

        for (claim, value) in [
            ("appKey", json!(KEY)),
            ("appId", json!(1_400_000_000)),
            ("aud", json!(KEY)),
            ("aud", json!([1_400_000_000])),
        ] {
            let token = hs256(&json!({ "sub": "ann", "exp": TIME + 1, claim: value }));
            assert_eq!(US.verify(&token, TIME), signed("ann", TIME + 1), "{claim}");
            assert_eq!(claimed_app_key(&token).as_deref(), Some(KEY));
            let token = hs256(&json!({ "sub": "ann", "exp": TIME + 1, claim: "ak_other" }));
            assert_eq!(US.verify(&token, TIME), Err(BadSignature::Foreign), "{claim}");
        }
        let both = hs256(&json!({ "sub": "ann", "exp": TIME + 1, "appKey": KEY, "appId": "ak_other" }));
        assert_eq!(US.verify(&both, TIME), Err(BadSignature::Foreign));
        let neither = hs256(&json!({ "sub": "ann", "exp": TIME + 1 }));
        assert_eq!(claimed_app_key(&neither), None);
    }

    #[test]
    fn what_we_sign_is_over_in_the_second_of_its_end() {
        let token = US.sign("ann", TIME, 60).unwrap();
        assert_eq!(US.verify(&token, TIME + 59), signed("ann", TIME + 60));
        assert_eq!(US.verify(&token, TIME + 60), Err(BadSignature::Expired));
        assert_eq!(claimed_app_key(&token).as_deref(), Some(KEY));
        let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("not three parts");
        };
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert_eq!(
            claims,
            json!({ "sub": "ann", "appKey": KEY, "iat": TIME, "exp": TIME + 60 })
        );
        let other = Signer {
            app_key: KEY,
            secret: "another",
        };
        assert_eq!(other.verify(&token, TIME), Err(BadSignature::Forged));
        assert_eq!(other.verify(LEVEL_6, TIME), Err(BadSignature::Forged));
    }

    #[test]
    fn the_user_of_a_token_may_stand_under_three_names_that_agree() {
        for claims in [
            json!({ "userId": "ann", "exp": TIME + 9 }),
            json!({ "identifier": "ann", "exp": TIME + 9 }),
            json!({ "sub": "ann", "userId": "ann", "identifier": "ann", "exp": TIME + 9 }),
        ] {
            assert_eq!(
                US.verify(&hs256(&claims), TIME),
                signed("ann", TIME + 9),
                "{claims}"
            );
        }
        let number = json!({ "userId": 42, "exp": TIME + 9 });
        assert_eq!(US.verify(&hs256(&number), TIME), signed("42", TIME + 9));
        for claims in [
            json!({ "sub": "ann", "userId": "bob", "exp": TIME + 9 }),
            json!({ "sub": "", "exp": TIME + 9 }),
            json!({ "sub": ["ann"], "exp": TIME + 9 }),
            json!({ "exp": TIME + 9 }),
            json!(["sub", "ann"]),
        ] {
            assert_eq!(
                US.verify(&hs256(&claims), TIME),
                Err(BadSignature::Malformed),
                "{claims}"
            );
        }
    }

    #[test]
    fn a_token_says_when_it_ends_and_may_say_when_it_begins() {
        let with = |name: &str, value: Value| {
            let mut claims = json!({ "sub": "ann", "exp": TIME + 9 });
            claims[name] = value;
            US.verify(&hs256(&claims), TIME)
        };
        assert_eq!(with("exp", json!(TIME as f64 + 0.5)), signed("ann", TIME + 1));
        assert_eq!(with("exp", json!(1e300)), signed("ann", EXPIRES_SECONDS_MAX));
        assert_eq!(with("exp", json!(u64::MAX)), signed("ann", EXPIRES_SECONDS_MAX));
        assert_eq!(with("exp", json!(TIME)), Err(BadSignature::Expired));
        assert_eq!(with("exp", json!(-1e300)), Err(BadSignature::Expired));
        for exp in [Value::Null, json!("1900000000"), json!(true)] {
            assert_eq!(with("exp", exp), Err(BadSignature::Malformed));
        }
        assert_eq!(with("nbf", json!(TIME + 60)), signed("ann", TIME + 9));
        assert_eq!(with("nbf", json!(TIME + 61)), Err(BadSignature::Expired));
        assert_eq!(with("iat", json!(TIME + 86_400)), signed("ann", TIME + 9));

        let whole = compressed("ann", &json!(KEY), (i64::MAX, i64::MAX), None);
        assert_eq!(US.verify(&whole, TIME), signed("ann", EXPIRES_SECONDS_MAX));
        let past = compressed("ann", &json!(KEY), (i64::MIN, -1), None);
        assert_eq!(US.verify(&past, TIME), Err(BadSignature::Expired));
    }

    #[test]
    fn no_other_algorithm_is_good() {
        let claims = json!({ "sub": "ann", "exp": TIME + 9 });
        for alg in ["none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA", ""] {
            let token = jwt(&format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#), &claims);
            assert_eq!(US.verify(&token, TIME), Err(BadSignature::Forged), "{alg}");
            let (unsigned, _) = token.rsplit_once('.').unwrap();
            let bare = US.verify(&format!("{unsigned}."), TIME);
            assert_eq!(bare, Err(BadSignature::Forged), "{alg}");
        }
    }

    #[test]
    fn nothing_can_be_changed_in_a_signature() {
        let token = US.sign("ann", TIME, 60).unwrap();
        for (text, uid) in [(token.as_str(), "ann"), (LEVEL_6, "xiaojun"), (STORED, "xiaojun")] {
            let good = US.verify(text, TIME);
            for at in 0..text.len() {
                for byte in [b'A', b'z', b'0', b'*', b'.', b' '] {
                    let mut changed = text.as_bytes().to_vec();
                    changed[at] = byte;
                    let changed = String::from_utf8(changed).unwrap();
                    let result = US.verify(&changed, TIME);
                    // A compressed stream has bits that mean nothing: what it says is the same then.
                    let same = changed == text || (uid != "ann" && result == good);
                    assert!(same || result.is_err(), "{at} {changed}");
                }
            }
            assert!(US.verify(&format!("{text}A"), TIME).is_err(), "longer");
            assert!(US.verify(&text[..text.len() - 1], TIME).is_err(), "shorter");
        }
    }

    #[test]
    fn what_is_too_long_is_not_looked_at() {
        let claims = |length: usize| json!({ "sub": "ann", "exp": TIME + 9, "extra": "x".repeat(length) });
        assert_eq!(US.verify(&hs256(&claims(2500)), TIME), signed("ann", TIME + 9));
        assert_eq!(
            US.verify(&hs256(&claims(4000)), TIME),
            Err(BadSignature::Malformed)
        );
        assert_eq!(claimed_app_key(&"A".repeat(TEXT_BYTES_MAX + 1)), None);
    }

    #[test]
    fn a_compressed_signature_is_inflated_to_its_bound_and_no_further() {
        let stream = pack(&vec![b' '; 3_000_000], 9);
        assert!(stream.len() <= TEXT_BYTES_MAX, "{}", stream.len());
        assert_eq!(US.verify(&stream, TIME), Err(BadSignature::Malformed));
        let inner = from_url_form(LEVEL_6)
            .and_then(|stream| inflate(&stream))
            .unwrap();
        let padded = |length: usize| {
            let mut content = inner.clone();
            content.resize(length, b' ');
            US.verify(&pack(&content, 9), TIME)
        };
        assert_eq!(padded(INFLATED_BYTES_MAX), signed("xiaojun", TIME + EXPIRE));
        assert_eq!(padded(INFLATED_BYTES_MAX + 1), Err(BadSignature::Malformed));
    }

    #[test]
    fn nothing_may_follow_and_no_field_may_stand_twice() {
        let mut stream = from_url_form(LEVEL_6).unwrap();
        stream.push(0);
        assert_eq!(
            US.verify(&to_url_form(&stream), TIME),
            Err(BadSignature::Malformed)
        );
        let inner = from_url_form(LEVEL_6)
            .and_then(|stream| inflate(&stream))
            .unwrap();
        let inner = String::from_utf8(inner).unwrap();
        for content in [
            format!("{inner}x"),
            inner.replacen('{', r#"{"TLS.identifier":"admin","#, 1),
            inner.replace(r#""2.0""#, r#""1.0""#),
            inner.replace("xiaojun", "xiao\\njun"),
        ] {
            let result = US.verify(&pack(content.as_bytes(), 6), TIME);
            assert_eq!(result, Err(BadSignature::Malformed), "{content}");
        }
    }

    #[test]
    fn garbage_is_refused_and_never_panics() {
        let alphabet: Vec<char> = "ABCyz019*-_.+/=eJx{}\": \n\0é😀".chars().collect();
        for seed in [1_u64, 20_261_122, 0xdead_beef] {
            println!("seed {seed}");
            let mut state = seed;
            let mut dice = move |below: usize| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize % below
            };
            for _ in 0..5_000 {
                let length = dice(80);
                let text: String = (0..length).map(|_| alphabet[dice(alphabet.len())]).collect();
                assert_eq!(
                    US.verify(&text, TIME).err(),
                    Some(BadSignature::Malformed),
                    "{text:?}"
                );
                let mut stream = from_url_form(STORED).unwrap();
                let at = dice(stream.len());
                stream[at] = dice(256) as u8;
                stream.truncate(stream.len() - dice(3));
                let _ = US.verify(&to_url_form(&stream), TIME);
            }
        }
    }
}

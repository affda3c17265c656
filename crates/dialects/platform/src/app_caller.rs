//! Which app calls: proven by signed headers, or by a signed body. What it may do is decided in core.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use parlance_core::app::{AppActor, AppSignature};
use parlance_core::types::DEFAULT_TENANT;
use parlance_core::{Error, ErrorKind};
use parlance_transport::http::client_addr;
use parlance_transport::http::limit::RateKey;

use crate::app::App;
use crate::caller::within_rate;
use crate::input::{Call, Takes};
use crate::refusal::Refusal;

/// What an app calls itself, when it says that it signed, and its signature.
const HEADERS: [&str; 3] = ["x-app-id", "x-timestamp", "x-sign"];
/// Characters of a name or signature that are looked at; a longer one is nobody's.
const CHARS_MAX: usize = 128;

/// A call that an app has signed in its headers (decision 1, 3.1): exactly code and time, not the body.
#[derive(Clone, Debug)]
pub(crate) struct AppCaller {
    pub(crate) app: AppActor,
}

impl AppCaller {
    /// Whether a call carries any of the headers by which apps sign: it is then an app's, or refused.
    pub(crate) fn is_meant(headers: &HeaderMap) -> bool {
        HEADERS.iter().any(|name| headers.contains_key(*name))
    }

    /// Which app has signed the headers, if it may call once more now.
    pub(crate) async fn of(
        app: &App,
        headers: &HeaderMap,
        from: client_addr::Caller,
    ) -> Result<Self, Refusal> {
        let values = HEADERS.map(|name| headers.get(name).and_then(|value| value.to_str().ok()));
        let [Some(code), Some(timestamp), Some(sign)] = values else {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "X-App-Id, X-Timestamp and X-Sign are required",
            ));
        };
        let signature = AppSignature {
            tenant_id: DEFAULT_TENANT,
            code: code.to_owned(),
            timestamp: timestamp.parse().map_err(|_| bad_signature())?,
            signed: format!("app_id={code}&timestamp={timestamp}"),
            sign: sign.to_owned(),
        };
        let app = prove(app, signature, from).await?;
        Ok(Self { app })
    }
}

impl FromRequestParts<App> for AppCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let from = client_addr::Caller::noted_in(&parts.extensions);
        Self::of(app, &parts.headers, from).await
    }
}

/// The signature in the headers, as the API document tells of it.
pub(crate) struct SignedHeaders;

impl Takes for SignedHeaders {
    fn read(call: &mut Call) -> Self {
        call.header("x-app-id")
            .about("what the app calls itself")
            .text(1..=CHARS_MAX)
            .required();
        call.header("x-timestamp")
            .about("seconds since 1970")
            .int()
            .required();
        call.header("x-sign")
            .about("HMAC-SHA256 of `app_id=<X-App-Id>&timestamp=<X-Timestamp>`, lower-case hexadecimal")
            .secret()
            .text(1..=CHARS_MAX)
            .required();
        Self
    }
}

/// The fields by which an app signs a body: all of it but the signature itself.
pub(crate) struct SignedBody(AppSignature);

impl SignedBody {
    pub(crate) fn read(call: &mut Call) -> Self {
        let code = call
            .body("app_id")
            .about("what the app calls itself")
            .text(1..=CHARS_MAX)
            .required();
        let timestamp = call
            .body("timestamp")
            .about("seconds since 1970")
            .int()
            .required();
        let sign = sign(call).required();
        Self::new(call, code, timestamp, sign)
    }

    /// The same where an app may call or a person: nothing without `app_id`. An app that has not signed is refused
    /// like one that has signed wrongly.
    pub(crate) fn read_if_any(call: &mut Call) -> Option<Self> {
        let code = call
            .body("app_id")
            .about("what the app calls itself; none for a person's own log-in")
            .text(0..=CHARS_MAX)
            .optional();
        let timestamp = call
            .body("timestamp")
            .about("seconds since 1970; with `app_id` only")
            .int()
            .or(0);
        let sign = sign(call).or(String::new());
        let code = code.filter(|code| !code.is_empty())?;
        Some(Self::new(call, code, timestamp, sign))
    }

    fn new(call: &Call, code: String, timestamp: i64, sign: String) -> Self {
        Self(AppSignature {
            tenant_id: DEFAULT_TENANT,
            code,
            timestamp,
            signed: call.joined_without("sign"),
            sign,
        })
    }

    /// Which app has signed the body, if it may call once more now.
    pub(crate) async fn prove(self, app: &App, from: client_addr::Caller) -> Result<AppActor, Refusal> {
        prove(app, self.0, from).await
    }
}

fn sign(call: &mut Call) -> crate::input::Typed<'_, String> {
    call.body("sign")
        .about(
            "HMAC-SHA256 of all other fields as `name=value`, sorted by name and joined by `&`, lower-case hexadecimal",
        )
        .secret()
        .text(0..=CHARS_MAX)
}

async fn prove(app: &App, signature: AppSignature, from: client_addr::Caller) -> Result<AppActor, Refusal> {
    let proven = app.core.authenticate_app(signature).await.map_err(refused)?;
    within_rate(app, RateKey::App(proven.app_id.unsigned_abs()), from)?;
    Ok(proven)
}

fn refused(error: Error) -> Refusal {
    match error.kind {
        ErrorKind::Unauthenticated => bad_signature(),
        _ => error.into(),
    }
}

/// Nobody learns whether the app exists, is switched off, has signed wrongly or too long ago.
fn bad_signature() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "Invalid signature")
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::num::NonZeroU32;
    use std::sync::Arc;
    use std::time::Instant;

    use axum::http::HeaderValue;
    use axum::response::IntoResponse;
    use hmac::{Hmac, KeyInit, Mac};
    use parlance_core::Actor;
    use parlance_core::app::NewApp;
    use parlance_testkit::TestServer;
    use parlance_transport::http::client_addr::Route;
    use parlance_transport::http::limit::{CallerRate, RateLimiter};
    use sha2::Sha256;

    use super::*;
    use crate::app::Options;

    /// Somebody on this machine, and somebody on another.
    const HERE: client_addr::Caller = client_addr::Caller {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        route: Route::Direct,
    };
    const AWAY: client_addr::Caller = client_addr::Caller {
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        route: Route::Direct,
    };

    /// An app with its secret, and a dialect that lets each caller call five times at once.
    async fn scene() -> (TestServer, App, String) {
        let server = TestServer::start(|core| crate::router(core, Options::default())).await;
        let five = NonZeroU32::new(5).unwrap();
        let limiter = RateLimiter::new(NonZeroU32::MIN, five, 10, Instant::now());
        let options = Options {
            rate: CallerRate::new(Arc::new(limiter), true),
            ..Options::default()
        };
        let new = NewApp {
            code: "oa".into(),
            name: "OA".into(),
            callback_url: "https://oa.example.com/".into(),
            protocol: "SIMPLE_API".into(),
            active: true,
            ..NewApp::default()
        };
        let system = Actor::system(DEFAULT_TENANT);
        let made = server.core.create_app(&system, new).await.unwrap();
        let app = App::new(server.core.clone(), options);
        (server, app, made.keys.secret)
    }

    fn headers(secret: &str, code: &str, timestamp: &str, text: &str) -> HeaderMap {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let sign: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut headers = HeaderMap::new();
        for (name, value) in HEADERS.into_iter().zip([code, timestamp, &sign]) {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    async fn status(app: &App, headers: &HeaderMap) -> u16 {
        match AppCaller::of(app, headers, HERE).await {
            Ok(_) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn signed_headers_say_which_app_calls() {
        let (server, app, secret) = scene().await;
        let now = (server.core.now() / 1_000_000).to_string();
        let text = format!("app_id=oa&timestamp={now}");
        let good = headers(&secret, "oa", &now, &text);
        assert_eq!(AppCaller::of(&app, &good, HERE).await.unwrap().app.code, "oa");
        assert!(AppCaller::is_meant(&good));

        let mangled = format!("app_id=oa\u{d7}tamp={now}");
        assert_eq!(status(&app, &headers(&secret, "oa", &now, &mangled)).await, 401);
        assert_eq!(status(&app, &headers(&secret, "crm", &now, &text)).await, 401);
        assert_eq!(status(&app, &headers("another", "oa", &now, &text)).await, 401);
        for odd in ["", "now", "1e9", "99999999999999999999", "-1"] {
            let text = format!("app_id=oa&timestamp={odd}");
            assert_eq!(
                status(&app, &headers(&secret, "oa", odd, &text)).await,
                401,
                "{odd}"
            );
        }
        for name in HEADERS {
            let mut fewer = good.clone();
            fewer.remove(name);
            assert_eq!(status(&app, &fewer).await, 401, "{name}");
            assert!(AppCaller::is_meant(&fewer));
        }
        assert!(!AppCaller::is_meant(&HeaderMap::new()));
        let mut upper = good;
        let sign = upper["x-sign"].to_str().unwrap().to_uppercase();
        upper.insert("x-sign", HeaderValue::from_str(&sign).unwrap());
        assert_eq!(status(&app, &upper).await, 401);
        server.stop().await;
    }

    #[tokio::test]
    async fn the_rate_of_an_app_is_its_own() {
        let (server, app, secret) = scene().await;
        let now = (server.core.now() / 1_000_000).to_string();
        let good = headers(&secret, "oa", &now, &format!("app_id=oa&timestamp={now}"));
        for _ in 0..5 {
            assert!(AppCaller::of(&app, &good, AWAY).await.is_ok());
        }
        let refusal = AppCaller::of(&app, &good, AWAY).await.unwrap_err();
        assert_eq!(refusal.into_response().status().as_u16(), 429);
        assert!(within_rate(&app, RateKey::User(1), AWAY).is_ok());
        assert!(
            AppCaller::of(&app, &good, HERE).await.is_ok(),
            "from this machine"
        );
        server.stop().await;
    }
}

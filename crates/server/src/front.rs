//! The front of the server: what every call passes before it reaches a dialect, and which dialect it reaches.
//! Paths that several dialects share are told apart here and nowhere else.

mod dispatch;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::tz::TimeZone;
use parlance_core::Core;
use parlance_dialect_gateway as gateway;
use parlance_dialect_platform as platform;
use parlance_dialect_ruoyi as ruoyi;
use parlance_dialect_xuqm as xuqm;
use parlance_transport::http::PeerAddr;
use parlance_transport::http::client_addr::{AddressList, InternalGuard, caller};
use parlance_transport::http::limit::{CallerRate, RateKey, RateLimiter};
use parlance_transport::websocket::SocketLimits;
use tower::ServiceExt;

use crate::config::{Config, Dialect};
use crate::front::dispatch::Dispatch;
use crate::secrets::Secrets;

/// What `GET /` answers, by which scripts find out what listens here.
const NAME: &str = "quick-im";
/// Users and addresses whose rates are remembered at most.
const RATE_KEYS_MAX: usize = 100_000;

/// What the front needs to know of a call.
#[derive(Clone)]
struct Front {
    trusted_proxies: Arc<AddressList>,
    address_rate: CallerRate,
}

/// The routers of the configured dialects, behind the front.
pub(crate) fn routes(config: &Config, secrets: &Secrets, core: &Core) -> Router {
    let limits = &config.limits;
    let rate = |per_second, burst| CallerRate::new(limiter(per_second, burst), limits.loopback_exempt);
    let front = Front {
        trusted_proxies: Arc::new(config.trusted_proxies.clone()),
        address_rate: rate(limits.requests_per_second_address, limits.requests_burst_address),
    };
    let time_zone = TimeZone::get(&config.time_zone).unwrap_or(TimeZone::UTC);
    // One person's rate, whichever dialects the person speaks.
    let user_rate = rate(limits.requests_per_second_user, limits.requests_burst_user);
    let socket = Arc::new(SocketLimits {
        message_bytes_max: limits.websocket_frame_bytes_max,
        ..SocketLimits::default()
    });
    let inner = internal_guard(config, secrets);
    let mut router = Router::new().route("/", get(async || NAME));
    if config.dialects.contains(&Dialect::Gateway) {
        let options = gateway::Options {
            inner: inner.clone(),
            rate: user_rate.clone(),
            body_bytes_max: limits.http_body_bytes_max as u64,
            socket: Arc::clone(&socket),
            notify: gateway::Notify::default(),
        };
        router = router.merge(gateway::router(core.clone(), options));
    }
    if config.dialects.contains(&Dialect::Platform) {
        let options = platform::Options {
            time_zone: time_zone.clone(),
            rate: user_rate.clone(),
            login_page: config.platform.login_page.clone(),
            body_bytes_max: limits.http_body_bytes_max as u64,
            public_url: config.public_url.clone(),
            socket: Arc::clone(&socket),
            ..platform::Options::default()
        };
        router = router.merge(platform::router(core.clone(), options));
    }
    let ruoyi_served = config.dialects.contains(&Dialect::Ruoyi);
    if ruoyi_served {
        let options = ruoyi::Options {
            time_zone,
            oldest_first: config.ruoyi.oldest_first,
            rate: user_rate.clone(),
            body_bytes_max: limits.http_body_bytes_max as u64,
            socket: Arc::clone(&socket),
        };
        router = router.merge(ruoyi::router(core.clone(), options));
    }
    let mut served = router.clone().fallback(move |request| meant(router, request));
    if config.dialects.contains(&Dialect::Xuqm) {
        let options = xuqm::Options {
            inner,
            rate: user_rate,
            body_bytes_max: limits.http_body_bytes_max as u64,
            socket,
        };
        let dispatch = Dispatch {
            core: core.clone(),
            xuqm: xuqm::router(core.clone(), options),
            others: served,
            ruoyi: ruoyi_served,
        };
        served = Router::new().fallback(move |request| dispatch.answer(request));
    }
    served.layer(from_fn_with_state(front, pass))
}

/// Who may use the internal routes of every dialect.
fn internal_guard(config: &Config, secrets: &Secrets) -> InternalGuard {
    InternalGuard {
        allow: config.inner_allow.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        token: secrets.internal_token.clone(),
    }
}

/// Answers a call whose path no dialect has. Clients of the gateway double slashes, and mean one.
async fn meant(router: Router, mut request: Request) -> Response {
    let Some(path) = gateway::meant_path(request.uri().path()) else {
        return missing(request).await;
    };
    let with_query = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let Ok(uri) = with_query.parse::<Uri>() else {
        return missing(request).await;
    };
    *request.uri_mut() = uri;
    let answered = router.fallback(missing).oneshot(request).await;
    answered.unwrap_or_else(|never| match never {})
}

async fn missing(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/im/") || path.starts_with("/api/push/") {
        return xuqm::missing();
    }
    (StatusCode::NOT_FOUND, "there is nothing at this path\n").into_response()
}

fn limiter(per_second: u32, burst: u32) -> Arc<RateLimiter> {
    let at_least_one = |rate| NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
    let limiter = RateLimiter::new(
        at_least_one(per_second),
        at_least_one(burst),
        RATE_KEYS_MAX,
        Instant::now(),
    );
    Arc::new(limiter)
}

/// Notes where a call really comes from, and refuses addresses that call too often.
async fn pass(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<PeerAddr>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let from = caller(peer, request.headers(), &front.trusted_proxies);
    if let Err(seconds) = front.address_rate.check(RateKey::Address(from.address), from) {
        let wait = [(header::RETRY_AFTER, seconds.to_string())];
        return (
            StatusCode::TOO_MANY_REQUESTS,
            wait,
            "too many requests from this address",
        )
            .into_response();
    }
    request.extensions_mut().insert(from);
    next.run(request).await
}

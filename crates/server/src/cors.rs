//! Which web pages may call the server from a browser, from the setting `cors_origins`. Who may do what is decided by
//! tokens, never by this.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use parlance_transport::http::REQUEST_ID;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

/// How long a browser may keep the answer, in seconds; browsers cut it to two hours or less themselves.
const KEPT_SECONDS: u64 = 7_200;
/// Headers that scripts of a page may read besides the ordinary ones.
const READABLE: [HeaderName; 4] = [
    REQUEST_ID,
    header::RETRY_AFTER,
    header::CONTENT_DISPOSITION,
    header::ETAG,
];

/// Headers that the served APIs read. Every preflight is told of them, whichever of them it asks for: browsers and
/// people who try it by hand look for them, and `*` would not stand for Authorization.
const READ: [&str; 6] = [
    "authorization",
    "content-type",
    "x-app-id",
    "x-timestamp",
    "x-sign",
    "idempotency-key",
];

/// These routes for pages of these origins.
pub(crate) fn around(routes: Router, origins: &[String]) -> Router {
    routes.layer(layer(origins)).layer(from_fn(ask_for_all))
}

/// Lets a preflight ask for everything that may be sent, besides what it asks for itself.
async fn ask_for_all(mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    if request.method() == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let asked = asked.and_then(|asked| asked.to_str().ok()).unwrap_or_default();
        let mut names: Vec<&str> = asked
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        for name in READ {
            if !names.iter().any(|asked| asked.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        if let Ok(all) = HeaderValue::from_str(&names.join(",")) {
            let headers = request.headers_mut();
            headers.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, all);
        }
    }
    next.run(request).await
}

/// The layer for these origins. Credentials are never allowed: tokens travel in headers, and a page that could send
/// somebody's cookies would have nothing to gain here.
fn layer(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        // The setting was checked: what cannot be a header value is no origin.
        AllowOrigin::list(
            origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok()),
        )
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(AllowMethods::mirror_request())
        // A plain `*` would leave out Authorization, so the wish of the page is repeated.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(READABLE)
        .max_age(Duration::from_secs(KEPT_SECONDS))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn preflight(origins: &[&str], origin: &str) -> HeaderMap {
        let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let routes = around(Router::new().route("/", get(async || "")), &origins);
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri("/")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(
                header::ACCESS_CONTROL_REQUEST_HEADERS,
                "authorization,X-Own, x-sign",
            )
            .body(Body::empty())
            .unwrap();
        routes.oneshot(request).await.unwrap().headers().clone()
    }

    #[tokio::test]
    async fn any_page_may_send_its_token_but_no_cookies() {
        let headers = preflight(&["*"], "https://chat.example").await;
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_METHODS], "PUT");
        assert_eq!(
            headers[header::ACCESS_CONTROL_ALLOW_HEADERS],
            "authorization,X-Own,x-sign,content-type,x-app-id,x-timestamp,idempotency-key"
        );
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[tokio::test]
    async fn a_list_lets_in_those_on_it() {
        let origins = ["https://a.example", "http://localhost:5173"];
        let inside = preflight(&origins, "http://localhost:5173").await;
        assert_eq!(
            inside[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            "http://localhost:5173"
        );
        let outside = preflight(&origins, "https://b.example").await;
        assert!(!outside.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}

//! `GET /healthz` and `GET /readyz`, for load balancers and supervisors. What makes a server ready is asked of the
//! caller.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Longest wait for the answer whether the server is ready.
const READY_SECONDS_MAX: u64 = 2;

/// The two routes. `ready` answers why the server cannot serve now, if so; `stopping` turns true when it is asked to
/// stop, from which moment it is not ready any more, so that balancers send nobody new.
pub fn routes<F, A>(ready: F, stopping: watch::Receiver<bool>) -> Router
where
    F: Fn() -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), String>> + Send + 'static,
{
    let ready = Arc::new(ready);
    let readiness = async move || {
        if *stopping.borrow() {
            return not_ready("the server is stopping");
        }
        match tokio::time::timeout(Duration::from_secs(READY_SECONDS_MAX), ready()).await {
            Ok(Ok(())) => (StatusCode::OK, Json(json!({ "status": "ready" }))),
            Ok(Err(reason)) => not_ready(&reason),
            Err(_) => not_ready("no answer in time"),
        }
    };
    Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "alive" }))))
        .route("/readyz", get(readiness))
}

fn not_ready(reason: &str) -> (StatusCode, Json<Value>) {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(json!({ "status": "not ready", "reason": reason })),
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn ask(routes: &Router, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn ready_until_told_to_stop_and_alive_all_along() {
        let (stop, stopping) = watch::channel(false);
        let routes = routes(|| std::future::ready(Ok(())), stopping);
        assert_eq!(ask(&routes, "/readyz").await.0, StatusCode::OK);
        stop.send_replace(true);
        assert_eq!(ask(&routes, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            ask(&routes, "/healthz").await,
            (StatusCode::OK, json!({ "status": "alive" }))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn not_ready_says_why() {
        let (_stop, stopping) = watch::channel(false);
        let broken = routes(
            || std::future::ready(Err("the store is full".to_owned())),
            stopping.clone(),
        );
        let (status, body) = ask(&broken, "/readyz").await;
        assert_eq!(
            (status, &body["reason"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("the store is full"))
        );

        let hanging = routes(std::future::pending, stopping);
        let (status, body) = ask(&hanging, "/readyz").await;
        assert_eq!(
            (status, &body["reason"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("no answer in time"))
        );
    }
}

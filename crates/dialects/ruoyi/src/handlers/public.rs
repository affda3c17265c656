//! What is nobody's in particular: whether the server is up, lists of things that are not served here, and paths
//! that do not exist.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::reply::{Answer, data};

/// `GET /health`. Without the envelope, as health checks of the original expect it.
pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "UP", "application": "parlance", "environment": "production" }))
}

/// A list of what this server does not keep.
pub(crate) async fn nothing_kept() -> Answer<[i64; 0]> {
    data([])
}

/// A path that does not exist.
pub(crate) async fn missing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, 404, "接口不存在")
}

//! Calls of the operator's own systems.

use axum::extract::State;
use parlance_core::account::TokenRequest;
use parlance_core::types::DEFAULT_TENANT;
use serde::Deserialize;

use crate::DIALECT;
use crate::app::App;
use crate::input::{Input, or_empty};
use crate::reply::{self, Answer};

/// Whom a token is for. A missing platform is platform 0.
#[derive(Deserialize)]
pub(crate) struct TokenBody {
    #[serde(default, deserialize_with = "or_empty")]
    session: String,
    #[serde(default, deserialize_with = "or_empty")]
    platform: u8,
}

/// A token for a session, which is made when nobody has that name.
pub(crate) async fn get_token(State(app): State<App>, Input(body): Input<TokenBody>) -> Answer<String> {
    let request = TokenRequest {
        dialect: DIALECT,
        profile: &body.platform.to_string(),
    };
    let issued = app.core.vouch(DEFAULT_TENANT, &body.session, request).await?;
    reply::data(issued.token)
}

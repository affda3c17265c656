//! Who is here, and what tokens are worth.

use parlance_core::query::Presence;
use serde::Serialize;

use crate::caller::Caller;
use crate::wire::auth::millis;

/// Whether somebody is here (1.7).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WirePresence {
    user_id: String,
    online: bool,
    status: &'static str,
    platforms: Vec<String>,
    last_seen_at: Option<i64>,
}

impl From<Presence> for WirePresence {
    fn from(presence: Presence) -> Self {
        Self {
            user_id: presence.uid,
            online: presence.online,
            status: if presence.online { "Online" } else { "Offline" },
            platforms: presence.platforms,
            last_seen_at: presence.last_seen_at.map(millis),
        }
    }
}

/// What a token is worth (1.7).
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireToken {
    valid: bool,
    user_id: Option<String>,
    app_key: Option<String>,
    expires_at: Option<i64>,
    platform: Option<String>,
    device_id: Option<String>,
    admin: bool,
}

impl WireToken {
    /// A token that is good.
    pub(crate) fn of(caller: &Caller) -> Self {
        let device = caller.device();
        Self {
            valid: true,
            user_id: Some(caller.uid().to_owned()),
            app_key: Some(caller.tenant.app_key.clone()),
            expires_at: Some(caller.claims.exp.saturating_mul(1_000)),
            platform: Some(device.platform.to_owned()),
            device_id: Some(device.id.to_owned()),
            admin: caller.actor.is_admin(),
        }
    }
}

//! Keeps which device a new token stands for, and logs out the devices that it takes the place of.

use parlance_store::Tx;
use parlance_store::table::login::{self, Login};
use parlance_store::table::token;

use crate::command::{Command, Context};
use crate::error::Result;
use crate::event::Event;
use crate::policy;
use crate::tenant::DeviceRule;
use crate::types::{Timestamp, UserId};

/// Notes a log-in; run by the server itself, asked for through `Core::login_signed`. A device that logs in again under
/// its own name takes nobody's place.
pub(crate) struct NoteLogin {
    pub(crate) user_id: UserId,
    pub(crate) token_id: String,
    pub(crate) platform: String,
    pub(crate) device: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) rule: DeviceRule,
}

impl Command for NoteLogin {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        policy::server(cx.actor)?;
        login::delete_expired(cx.tx, cx.now).await?;
        for other in login::of_user(cx.tx, self.user_id).await? {
            if self.replaces(&other) {
                token::revoke(cx.tx, &other.token_id, self.user_id, other.expires_at).await?;
                login::delete(cx.tx, &other.token_id).await?;
                cx.record(Event::TokenRevoked {
                    user_id: self.user_id,
                    token_id: other.token_id,
                    expires_at: other.expires_at,
                });
            }
        }
        let row = Login {
            token_id: self.token_id.clone(),
            user_id: self.user_id,
            platform: self.platform.clone(),
            device: self.device.clone(),
            expires_at: self.expires_at,
            created_at: cx.now,
        };
        login::insert(cx.tx, &row).await?;
        Ok(())
    }
}

impl NoteLogin {
    fn replaces(&self, other: &Login) -> bool {
        let same_platform = other.platform == self.platform;
        let same_device = same_platform && !self.device.is_empty() && other.device == self.device;
        match self.rule {
            DeviceRule::Any => false,
            DeviceRule::OnePerPlatform => same_platform && !same_device,
            DeviceRule::One => !same_device,
        }
    }
}

//! Apps: business systems that are joined to a tenant. How one proves who it is, how people are sent to it with a
//! one-time ticket, and where they may land. Whether somebody may do a thing is the policy's business; rows change in
//! the commands.

mod authenticate;
pub mod jump;
mod manage;
mod ticket;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::hex::hexadecimal;
use crate::types::{App, AppId, TenantId};

pub use authenticate::AppSignature;
pub use manage::{AppKeys, CreatedApp, NewApp};
pub use ticket::{Jump, JumpAddress, Visitor};

/// An app that has proven who it is, by a signature or by its access token. Nothing else makes one, so whoever holds
/// it may do what that app may.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppActor {
    /// Its number.
    pub app_id: AppId,
    /// What it calls itself.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// The tenant that bounds everything it can see.
    pub tenant_id: TenantId,
}

impl AppActor {
    pub(crate) fn of(app: App) -> Self {
        Self {
            app_id: app.id,
            code: app.code,
            name: app.name,
            tenant_id: app.tenant_id,
        }
    }
}

/// The origins that jumps into an app may land on; none: any.
///
/// # Errors
/// `Internal` when they cannot be read: nothing is allowed then.
pub fn redirect_origins(app: &App) -> Result<Vec<String>> {
    serde_json::from_str(&app.redirect_origins)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("origins of app {}: {error}", app.id)))
}

/// What the sealed secret of an app belongs to. The code stands last, so that no two apps have the same text.
fn secret_owner(tenant_id: TenantId, code: &str) -> String {
    format!("app {tenant_id} {code}")
}

/// A text of 256 random bits that stands in addresses as it is.
fn random_text() -> String {
    hexadecimal(&rand::random::<[u8; 32]>())
}

/// What is kept of a random text that is only compared. One hash is enough: nobody guesses 256 bits.
fn kept_hash(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

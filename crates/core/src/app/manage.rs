//! Making apps and giving them new keys. Keys are drawn, sealed and hashed here, before the transaction; the rules are
//! the commands'.

use std::fmt;

use crate::account::Actor;
use crate::app::{kept_hash, random_text, secret_owner};
use crate::command::{CreateApp, SetAppAccessToken, SetAppSecret};
use crate::core::Core;
use crate::error::Result;
use crate::query::OneApp;
use crate::types::{AppId, ListedApp};

/// An app to be joined to the caller's tenant.
#[derive(Clone, Debug, Default)]
pub struct NewApp {
    /// What it calls itself, for good: 1 to 64 ASCII letters, digits, `_`, `-` or `.`.
    pub code: String,
    /// What people call it, at most 100 characters.
    pub name: String,
    /// Where people come in with a ticket: http or https.
    pub callback_url: String,
    /// How it takes over a log-in, at most 32 characters.
    pub protocol: String,
    /// At most 1,000 characters; may be empty.
    pub description: String,
    /// A category of the tenant.
    pub category_id: Option<i64>,
    /// Whether it may do anything yet.
    pub active: bool,
    /// Origins that jumps may land on, at most 50; none: any.
    pub redirect_origins: Vec<String>,
}

/// The keys of an app, given to who made it and never again.
#[derive(Clone)]
pub struct AppKeys {
    /// Signs its calls.
    pub secret: String,
    /// Proves it without a signature.
    pub access_token: String,
}

impl fmt::Debug for AppKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppKeys").finish_non_exhaustive()
    }
}

/// A new app with its keys.
#[derive(Clone, Debug)]
pub struct CreatedApp {
    /// The app.
    pub listed: ListedApp,
    /// Its keys.
    pub keys: AppKeys,
}

impl Core {
    /// Joins an app to the caller's tenant.
    ///
    /// # Errors
    /// `Forbidden`, `Invalid`, and `Taken` with `code` as detail.
    pub async fn create_app(&self, actor: &Actor, app: NewApp) -> Result<CreatedApp> {
        let keys = AppKeys {
            secret: random_text(),
            access_token: random_text(),
        };
        let owner = secret_owner(actor.tenant_id, &app.code);
        let command = CreateApp {
            sealed_secret: self.sealer().seal(&keys.secret, &owner)?,
            access_token_hash: kept_hash(&keys.access_token),
            app,
        };
        let listed = self.execute(actor, command).await?;
        Ok(CreatedApp { listed, keys })
    }

    /// Gives an app a new secret, which replaces the one so far at once.
    ///
    /// # Errors
    /// `Forbidden`, `ItemMissing`.
    pub async fn rotate_app_secret(&self, actor: &Actor, app_id: AppId) -> Result<String> {
        let app = self.query(actor, OneApp { app_id }).await?.app;
        let secret = random_text();
        let owner = secret_owner(app.tenant_id, &app.code);
        let command = SetAppSecret {
            app_id,
            sealed_secret: self.sealer().seal(&secret, &owner)?,
        };
        self.execute(actor, command).await?;
        Ok(secret)
    }

    /// Gives an app a new access token, which replaces the one so far at once.
    ///
    /// # Errors
    /// `Forbidden`, `ItemMissing`.
    pub async fn rotate_app_access_token(&self, actor: &Actor, app_id: AppId) -> Result<String> {
        let access_token = random_text();
        let command = SetAppAccessToken {
            app_id,
            access_token_hash: kept_hash(&access_token),
        };
        self.execute(actor, command).await?;
        Ok(access_token)
    }
}

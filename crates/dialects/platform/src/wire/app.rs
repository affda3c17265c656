//! Apps, their categories, and the accounts that people have in them.

use jiff::tz::TimeZone;
use parlance_core::app::{AppKeys, redirect_origins};
use parlance_core::types::{AppCategory, ListedApp, MappedApp, MappedUser};
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::Word;
use crate::refusal::Refusal;
use crate::wire::time::local;
use crate::wire::user::shown_name;

/// How an app takes over a log-in. Kept by core as it is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// By tickets.
    Simple,
    /// By OpenID Connect, which this server does not speak itself.
    OpenId,
}

impl Word for Protocol {
    const WORDS: &'static [(&'static str, Self)] = &[("SIMPLE_API", Self::Simple), ("OIDC", Self::OpenId)];
}

/// An app, without its keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
pub(crate) struct WireApp {
    id: i64,
    /// What it calls itself.
    app_id: String,
    app_name: String,
    callback_url: String,
    /// `SIMPLE_API` or `OIDC`.
    protocol_type: String,
    description: Option<String>,
    category_id: Option<i64>,
    category_name: Option<String>,
    is_active: bool,
    /// Origins that a jump may land on; none: any.
    allowed_redirects: Vec<String>,
    created_at: String,
    updated_at: String,
}

impl WireApp {
    pub(crate) fn new(listed: ListedApp, zone: &TimeZone) -> Result<Self, Refusal> {
        let ListedApp { app, category_name } = listed;
        Ok(Self {
            allowed_redirects: redirect_origins(&app)?,
            id: app.id,
            app_id: app.code,
            app_name: app.name,
            callback_url: app.callback_url,
            protocol_type: app.protocol,
            description: filled(app.description),
            category_id: app.category_id,
            category_name,
            is_active: app.active,
            created_at: local(app.created_at, zone),
            updated_at: local(app.updated_at, zone),
        })
    }
}

/// A new app with its keys, which are never shown again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewApp)]
pub(crate) struct WireNewApp {
    #[serde(flatten)]
    app: WireApp,
    app_secret: String,
    access_token: String,
}

impl WireNewApp {
    pub(crate) fn new(app: WireApp, keys: AppKeys) -> Self {
        Self {
            app,
            app_secret: keys.secret,
            access_token: keys.access_token,
        }
    }
}

/// A new secret, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewSecret)]
pub(crate) struct WireNewSecret {
    pub(crate) id: i64,
    pub(crate) app_id: String,
    pub(crate) app_secret: String,
}

/// A new access token, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewAccessToken)]
pub(crate) struct WireNewAccessToken {
    pub(crate) id: i64,
    pub(crate) app_id: String,
    pub(crate) access_token: String,
}

/// What apps are sorted under.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppCategory)]
pub(crate) struct WireCategory {
    pub(crate) id: i64,
    pub(crate) name: String,
}

impl From<AppCategory> for WireCategory {
    fn from(category: AppCategory) -> Self {
        Self {
            id: category.id,
            name: category.name,
        }
    }
}

/// A person's account in an app, for administrators.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppMapping)]
pub(crate) struct WireMapping {
    id: i64,
    /// The app's number.
    app_id: i64,
    user_id: i64,
    user_mobile: Option<String>,
    user_name: String,
    /// `ACTIVE` or `DISABLED`.
    user_status: String,
    mapped_key: String,
    mapped_email: Option<String>,
    is_active: bool,
    created_at: String,
}

impl WireMapping {
    pub(crate) fn new(mapped: MappedUser, zone: &TimeZone) -> Self {
        let MappedUser { mapping, user } = mapped;
        Self {
            id: mapping.id,
            app_id: mapping.app_id,
            user_id: user.id,
            user_name: shown_name(&user),
            user_mobile: user.mobile,
            user_status: user.status,
            mapped_key: mapping.mapped_key,
            mapped_email: filled(mapping.mapped_email),
            is_active: mapping.active,
            created_at: local(mapping.created_at, zone),
        }
    }
}

/// Somebody who has an account in the asking app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MappedPerson)]
pub(crate) struct WireMappedPerson {
    mobile: Option<String>,
    name: String,
    english_name: Option<String>,
    mapped_key: String,
    mapped_email: Option<String>,
}

impl WireMappedPerson {
    pub(crate) fn new(mapped: MappedUser) -> Self {
        let MappedUser { mapping, user } = mapped;
        Self {
            name: shown_name(&user),
            mobile: user.mobile,
            english_name: filled(user.english_name),
            mapped_key: mapping.mapped_key,
            mapped_email: filled(mapping.mapped_email),
        }
    }
}

/// An app in which the caller has an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyApp)]
pub(crate) struct WireMyApp {
    app_name: String,
    /// What it calls itself.
    app_id: String,
    /// `SIMPLE_API` or `OIDC`.
    protocol_type: String,
    mapped_key: String,
    mapped_email: Option<String>,
    /// Whether one can go there: the app is active, and so is the account in it.
    is_active: bool,
    description: Option<String>,
    category_id: Option<i64>,
    category_name: Option<String>,
}

impl From<MappedApp> for WireMyApp {
    fn from(mapped: MappedApp) -> Self {
        let MappedApp { mapping, listed } = mapped;
        let ListedApp { app, category_name } = listed;
        Self {
            app_name: app.name,
            app_id: app.code,
            protocol_type: app.protocol,
            mapped_key: mapping.mapped_key,
            mapped_email: filled(mapping.mapped_email),
            is_active: app.active && mapping.active,
            description: filled(app.description),
            category_id: app.category_id,
            category_name,
        }
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

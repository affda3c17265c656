//! Tenants and their settings, under the names of 1.5.

use parlance_core::command::TenantChanges;
use parlance_core::tenant::{CreatedTenant, DeviceRule, Secret, Tenant, TenantSettings};
use serde::Serialize;

use crate::input::Input;
use crate::refusal::Refusal;
use crate::wire::auth::millis;

/// A tenant.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireTenant {
    app_key: String,
    name: String,
    enabled: bool,
    /// Only in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_secret: Option<String>,
    settings: WireSettings,
    created_at: i64,
}

/// Its settings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSettings {
    history_retention_days: i64,
    conversation_pull_limit: i64,
    multi_client_conversation_delete_sync: bool,
    multi_device_login_mode: &'static str,
    auto_register: bool,
    friend_required: bool,
}

impl WireTenant {
    pub(crate) fn new(tenant: &Tenant) -> Self {
        Self {
            app_key: tenant.app_key.clone(),
            name: tenant.name.clone(),
            enabled: tenant.enabled,
            app_secret: None,
            settings: WireSettings::new(tenant.settings),
            created_at: millis(tenant.created_at),
        }
    }

    /// A new one, with its secret.
    pub(crate) fn created(created: CreatedTenant) -> Self {
        Self {
            app_secret: Some(created.secret),
            ..Self::new(&created.tenant)
        }
    }
}

impl WireSettings {
    fn new(settings: TenantSettings) -> Self {
        Self {
            history_retention_days: settings.history_days,
            conversation_pull_limit: settings.conversations_max,
            multi_client_conversation_delete_sync: settings.sync_deletes,
            multi_device_login_mode: mode_word(settings.devices),
            auto_register: settings.auto_register,
            friend_required: settings.contacts_only,
        }
    }
}

fn mode_word(rule: DeviceRule) -> &'static str {
    match rule {
        DeviceRule::Any => "MULTI_DEVICE_FREE",
        DeviceRule::OnePerPlatform => "SAME_PLATFORM_ONE",
        DeviceRule::One => "SINGLE_DEVICE",
    }
}

fn mode(word: &str) -> Result<DeviceRule, Refusal> {
    let all = [DeviceRule::Any, DeviceRule::OnePerPlatform, DeviceRule::One];
    let found = all.into_iter().find(|rule| mode_word(*rule) == word);
    found.ok_or_else(|| {
        Refusal::invalid("multiDeviceLoginMode is MULTI_DEVICE_FREE, SAME_PLATFORM_ONE or SINGLE_DEVICE")
    })
}

/// What a call says about a tenant, flat or under `settings` (decision 15).
pub(crate) fn changes(input: &Input) -> Result<TenantChanges, Refusal> {
    let nested = input.object("settings")?;
    let from = [&nested, input];
    let flag = |name: &str| first(from, |input| input.flag(name));
    let number = |name: &str| first(from, |input| input.number(name));
    let word = first(from, |input| input.text("multiDeviceLoginMode"))?;
    Ok(TenantChanges {
        name: input.text("name")?,
        secret: input
            .text("appSecret")?
            .filter(|secret| !secret.is_empty())
            .map(Secret::new),
        enabled: flag("enabled")?,
        auto_register: flag("autoRegister")?,
        contacts_only: flag("friendRequired")?,
        devices: word.as_deref().map(mode).transpose()?,
        history_days: number("historyRetentionDays")?,
        conversations_max: number("conversationPullLimit")?,
        sync_deletes: flag("multiClientConversationDeleteSync")?,
    })
}

/// What the first of two inputs says that says something.
fn first<T>(
    inputs: [&Input; 2],
    read: impl Fn(&Input) -> Result<Option<T>, Refusal>,
) -> Result<Option<T>, Refusal> {
    for input in inputs {
        if let Some(found) = read(input)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

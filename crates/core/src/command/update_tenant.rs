//! Changes a tenant: only the server's own administrator does.

use parlance_store::Tx;
use parlance_store::table::tenant;

use crate::command::create_tenant::{checked_name, checked_settings};
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::tenant::{DeviceRule, Secret, TenantSettings};
use crate::types::{DEFAULT_TENANT, TenantId};

/// What changes of a tenant; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TenantChanges {
    /// What people call it, 1 to 100 characters.
    pub name: Option<String>,
    /// What signs for it from now on, 8 to 256 bytes. The default tenant's is what the server is started with.
    pub secret: Option<Secret>,
    /// Whether its people may use the server. The default tenant always is.
    pub enabled: Option<bool>,
    /// Whether its signature makes the accounts that it names.
    pub auto_register: Option<bool>,
    /// Whether only contacts may write to each other.
    pub contacts_only: Option<bool>,
    /// How many devices of a person may be logged in.
    pub devices: Option<DeviceRule>,
    /// Days that its history is kept; 0 for ever.
    pub history_days: Option<i64>,
    /// Conversations that one list gives at most, up to 1,000; 0 for the server's own bound.
    pub conversations_max: Option<i64>,
    /// Whether a person's other devices hear of a conversation that was taken off the list.
    pub sync_deletes: Option<bool>,
}

impl TenantChanges {
    /// These changes on top of settings.
    #[must_use]
    pub fn applied_to(&self, to: TenantSettings) -> TenantSettings {
        TenantSettings {
            auto_register: self.auto_register.unwrap_or(to.auto_register),
            contacts_only: self.contacts_only.unwrap_or(to.contacts_only),
            devices: self.devices.unwrap_or(to.devices),
            history_days: self.history_days.unwrap_or(to.history_days),
            conversations_max: self.conversations_max.unwrap_or(to.conversations_max),
            sync_deletes: self.sync_deletes.unwrap_or(to.sync_deletes),
        }
    }
}

/// Changes the tenant with this key. Asked for through `Core::update_tenant`.
///
/// # Errors
/// `Forbidden`, `ItemMissing`, `Invalid`.
pub(crate) struct UpdateTenant {
    pub(crate) app_key: String,
    pub(crate) changes: TenantChanges,
    /// The secret among the changes, sealed.
    pub(crate) sealed_secret: Option<Vec<u8>>,
}

impl Command for UpdateTenant {
    type Reply = TenantId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<TenantId> {
        policy::operator(cx.tx, cx.actor).await?;
        let known = cx.env.tenants().by_key(&self.app_key);
        let id = known.ok_or(ErrorKind::ItemMissing)?.id;
        let mut row = tenant::by_id(cx.tx, id).await?.ok_or(ErrorKind::ItemMissing)?;
        if let Some(name) = &self.changes.name {
            row.name = checked_name(name)?;
        }
        if let Some(enabled) = self.changes.enabled {
            if id == DEFAULT_TENANT && !enabled {
                return Err(Error::invalid("the default tenant cannot be disabled"));
            }
            row.enabled = enabled;
        }
        if let Some(sealed_secret) = &self.sealed_secret {
            if id == DEFAULT_TENANT {
                return Err(Error::invalid(
                    "the default tenant's secret is what the server is started with",
                ));
            }
            row.secret = Some(sealed_secret.clone());
        }
        let settings = self.changes.applied_to(TenantSettings::of(&row));
        checked_settings(settings)?.write_to(&mut row);
        tenant::put(cx.tx, &row).await?;
        cx.record(Event::TenantChanged(Box::new(row)));
        Ok(id)
    }
}

//! Makes a tenant: only the server's own administrator does.

use parlance_store::Tx;
use parlance_store::table::{tenant, user};

use crate::account::Actor;
use crate::command::create_user::blank;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::tenant::{TENANTS_MAX, TenantSettings};
use crate::types::{AccountRole, TenantId, User};
use crate::{field, policy};

/// Characters of a tenant's name.
const NAME_CHARS_MAX: usize = 100;
/// Days that a history may be bounded to.
const HISTORY_DAYS_MAX: i64 = 36_500;
/// The most that a tenant may give as its own bound of a list.
const CONVERSATIONS_MAX: i64 = 1_000;
/// The account of the highest rank that every tenant begins with.
pub(crate) const ADMIN_UID: &str = "admin";

/// Makes a tenant. Asked for through `Core::create_tenant`, which draws and seals its secret.
///
/// # Errors
/// `Forbidden`, `Invalid`, `Taken` for a known key.
pub(crate) struct CreateTenant {
    pub(crate) app_key: String,
    pub(crate) sealed_secret: Vec<u8>,
    pub(crate) name: String,
    pub(crate) settings: TenantSettings,
}

impl Command for CreateTenant {
    type Reply = TenantId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<TenantId> {
        policy::operator(cx.tx, cx.actor).await?;
        if cx.env.tenants().by_key(&self.app_key).is_some() {
            return Err(Error::new(ErrorKind::Taken, "appKey"));
        }
        if tenant::count(cx.tx).await? >= TENANTS_MAX {
            return Err(Error::invalid(format!(
                "a server has at most {TENANTS_MAX} tenants"
            )));
        }
        let name = if self.name.is_empty() {
            &self.app_key
        } else {
            &self.name
        };
        let mut row = row(0, &self.app_key, checked_name(name)?, cx.now);
        row.secret = Some(self.sealed_secret.clone());
        checked_settings(self.settings)?.write_to(&mut row);
        row.id = tenant::put(cx.tx, &row).await?;
        let tenant_id = row.id;
        let of_tenant = Actor::system(tenant_id);
        let account = User {
            tenant_id: of_tenant.tenant_id,
            role: AccountRole::SuperAdmin.word().to_owned(),
            ..blank(cx, ADMIN_UID, None)
        };
        user::insert(cx.tx, &account).await?;
        cx.record(Event::TenantChanged(Box::new(row)));
        Ok(tenant_id)
    }
}

/// A tenant with nothing but names.
pub(super) fn row(id: TenantId, app_key: &str, name: String, now: i64) -> tenant::Tenant {
    let mut row = tenant::Tenant {
        id,
        app_key: app_key.to_owned(),
        name,
        created_at: now,
        secret: None,
        enabled: true,
        auto_register: true,
        contacts_only: false,
        devices: 0,
        history_days: 0,
        conversations_max: 0,
        sync_deletes: true,
    };
    TenantSettings::default().write_to(&mut row);
    row
}

/// What a tenant may be called.
pub(super) fn checked_name(name: &str) -> Result<String> {
    field::line("the name of a tenant", name, NAME_CHARS_MAX)?;
    Ok(name.to_owned())
}

/// Settings that mean something.
pub(super) fn checked_settings(settings: TenantSettings) -> Result<TenantSettings> {
    if !(0..=HISTORY_DAYS_MAX).contains(&settings.history_days) {
        return Err(Error::invalid(format!(
            "history is kept for 1 to {HISTORY_DAYS_MAX} days, or 0 for ever"
        )));
    }
    if !(0..=CONVERSATIONS_MAX).contains(&settings.conversations_max) {
        return Err(Error::invalid(format!(
            "a list of conversations is bounded to 1 to {CONVERSATIONS_MAX}, or 0 for the server's bound"
        )));
    }
    Ok(settings)
}

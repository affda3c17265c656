//! Tenants as the rules see them: kept in memory, because every call asks whose it is and what holds there. A change
//! reaches the copy here after its commit and before anybody is answered. Who may change one is the policy's business.

mod manage;

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use parlance_store::table::tenant::Tenant as Row;
use rustc_hash::FxHashMap;

use crate::error::Result;
use crate::seal::Sealer;
use crate::types::{TenantId, Timestamp};

pub use manage::{CreatedTenant, NewTenant};

/// Tenants of one server.
pub(crate) const TENANTS_MAX: i64 = 10_000;

/// A tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// The public key that its clients name it by.
    pub app_key: String,
    /// What people call it.
    pub name: String,
    /// Whether its people may use the server.
    pub enabled: bool,
    /// What holds in it.
    pub settings: TenantSettings,
    /// When made.
    pub created_at: Timestamp,
    /// What proves that somebody speaks for it; none before the first start with one, or when it cannot be unsealed.
    pub(crate) secret: Option<Secret>,
}

/// What holds in a tenant (xuqm.md 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantSettings {
    /// Whether its signature makes the accounts that it names.
    pub auto_register: bool,
    /// Whether only contacts may write to each other.
    pub contacts_only: bool,
    /// How many devices of a person may be logged in.
    pub devices: DeviceRule,
    /// Days that its history is kept; 0 for ever.
    pub history_days: i64,
    /// Conversations that one list gives at most; 0 for the server's own bound.
    pub conversations_max: i64,
    /// Whether a person's other devices hear of a conversation that was taken off the list.
    pub sync_deletes: bool,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            auto_register: true,
            contacts_only: false,
            devices: DeviceRule::Any,
            history_days: 0,
            conversations_max: 0,
            sync_deletes: true,
        }
    }
}

/// How many devices of a person may be logged in at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceRule {
    /// Any number.
    #[default]
    Any,
    /// One of each platform: a new one ends the others of its platform.
    OnePerPlatform,
    /// One: a new one ends all others.
    One,
}

impl DeviceRule {
    fn of(number: i64) -> Self {
        match number {
            1 => Self::OnePerPlatform,
            2 => Self::One,
            _ => Self::Any,
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Any => 0,
            Self::OnePerPlatform => 1,
            Self::One => 2,
        }
    }
}

/// A secret in memory, which no log shows.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// A secret that somebody has chosen.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What the sealed secret of a tenant belongs to.
fn secret_owner(app_key: &str) -> String {
    format!("tenant {app_key}")
}

impl TenantSettings {
    /// From a stored row.
    pub(crate) fn of(row: &Row) -> Self {
        Self {
            auto_register: row.auto_register,
            contacts_only: row.contacts_only,
            devices: DeviceRule::of(row.devices),
            history_days: row.history_days,
            conversations_max: row.conversations_max,
            sync_deletes: row.sync_deletes,
        }
    }

    /// Into a row that is to be stored.
    pub(crate) fn write_to(self, row: &mut Row) {
        row.auto_register = self.auto_register;
        row.contacts_only = self.contacts_only;
        row.devices = self.devices.number();
        row.history_days = self.history_days;
        row.conversations_max = self.conversations_max;
        row.sync_deletes = self.sync_deletes;
    }
}

/// All tenants, by number and by key.
pub(crate) struct Tenants {
    sealer: Sealer,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    by_id: FxHashMap<TenantId, Arc<Tenant>>,
    by_key: FxHashMap<String, TenantId>,
}

impl Tenants {
    pub(crate) fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            known: RwLock::default(),
        }
    }

    /// Takes up a row that is committed.
    pub(crate) fn take_up(&self, row: &Row) {
        let secret = row
            .secret
            .as_deref()
            .and_then(|sealed| self.sealer.open(sealed, &secret_owner(&row.app_key)));
        if row.secret.is_some() && secret.is_none() {
            tracing::error!(
                tenant = row.id,
                "the secret of a tenant cannot be read with this sealing_key"
            );
        }
        let tenant = Arc::new(Tenant {
            id: row.id,
            app_key: row.app_key.clone(),
            name: row.name.clone(),
            enabled: row.enabled,
            settings: TenantSettings::of(row),
            created_at: row.created_at,
            secret: secret.map(Secret::new),
        });
        let mut known = self.known.write();
        if let Some(before) = known.by_id.insert(row.id, Arc::clone(&tenant)) {
            known.by_key.remove(&before.app_key);
        }
        known.by_key.insert(tenant.app_key.clone(), tenant.id);
    }

    /// The tenant with this number.
    pub(crate) fn by_id(&self, id: TenantId) -> Option<Arc<Tenant>> {
        self.known.read().by_id.get(&id).cloned()
    }

    /// What holds in a tenant.
    pub(crate) fn settings(&self, id: TenantId) -> TenantSettings {
        let known = self.known.read();
        known
            .by_id
            .get(&id)
            .map(|tenant| tenant.settings)
            .unwrap_or_default()
    }

    /// The tenant that its clients name by this key.
    pub(crate) fn by_key(&self, app_key: &str) -> Option<Arc<Tenant>> {
        let known = self.known.read();
        known.by_id.get(known.by_key.get(app_key)?).cloned()
    }

    /// All of them, by number.
    pub(crate) fn all(&self) -> Vec<Arc<Tenant>> {
        let mut all: Vec<Arc<Tenant>> = self.known.read().by_id.values().cloned().collect();
        all.sort_unstable_by_key(|tenant| tenant.id);
        all
    }

    /// Seals a secret as [`Self::take_up`] opens it.
    pub(crate) fn seal(&self, app_key: &str, secret: &str) -> Result<Vec<u8>> {
        self.sealer.seal(secret, &secret_owner(app_key))
    }

    /// Whether the people of a tenant are shut out.
    pub(crate) fn is_disabled(&self, id: TenantId) -> bool {
        self.by_id(id).is_some_and(|tenant| !tenant.enabled)
    }
}

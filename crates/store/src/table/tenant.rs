//! Tenants: the borders of isolation, with the settings of each. What a setting means is not decided here.

use crate::error::Result;
use crate::tx::Tx;
use crate::{params, row};

row! {
    /// A tenant.
    pub struct Tenant {
        /// Number id, from 1.
        pub id: i64,
        /// The public key that its clients name it by.
        pub app_key: String,
        /// What people call it.
        pub name: String,
        /// When made.
        pub created_at: i64,
        /// What proves that somebody speaks for it, sealed; none before its first start.
        pub secret: Option<Vec<u8>>,
        /// Whether its people may use the server.
        pub enabled: bool,
        /// Whether its signature makes the accounts that it names.
        pub auto_register: bool,
        /// Whether only contacts may write to each other.
        pub contacts_only: bool,
        /// How many devices of a person may be logged in: 0 any number, 1 one of each platform, 2 one.
        pub devices: i64,
        /// Days that its history is kept; 0 for ever.
        pub history_days: i64,
        /// Conversations that one list gives at most; 0 for the server's own bound.
        pub conversations_max: i64,
        /// Whether a person's other devices hear of a conversation that was taken off the list.
        pub sync_deletes: bool,
    }
}

/// The tenant with this number.
pub async fn by_id<T: Tx>(tx: &mut T, id: i64) -> Result<Option<Tenant>> {
    tx.one(
        &format!("SELECT {} FROM tenants WHERE id = $1", Tenant::COLUMNS),
        params![id],
    )
    .await
}

/// Every tenant, by number.
pub async fn all<T: Tx>(tx: &mut T, limit: i64) -> Result<Vec<Tenant>> {
    tx.many(
        &format!("SELECT {} FROM tenants ORDER BY id LIMIT $1", Tenant::COLUMNS),
        params![limit],
    )
    .await
}

/// How many tenants there are.
pub async fn count<T: Tx>(tx: &mut T) -> Result<i64> {
    let row = tx
        .one::<(i64,)>("SELECT COUNT(*) FROM tenants", params![])
        .await?;
    Ok(row.map_or(0, |row| row.0))
}

/// Writes a tenant, or everything but number and date of the one with this number. A number of 0 stands for the next
/// free one. Gives the number.
pub async fn put<T: Tx>(tx: &mut T, tenant: &Tenant) -> Result<i64> {
    let row = tx
        .one::<(i64,)>(
            "INSERT INTO tenants (id, app_key, name, created_at, secret, enabled, auto_register, contacts_only, devices, \
             history_days, conversations_max, sync_deletes) \
             VALUES (NULLIF($1, 0), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (id) DO UPDATE SET app_key = excluded.app_key, name = excluded.name, \
             secret = excluded.secret, enabled = excluded.enabled, auto_register = excluded.auto_register, \
             contacts_only = excluded.contacts_only, devices = excluded.devices, history_days = excluded.history_days, \
             conversations_max = excluded.conversations_max, sync_deletes = excluded.sync_deletes RETURNING id",
            params![
                tenant.id,
                &tenant.app_key,
                &tenant.name,
                tenant.created_at,
                tenant.secret.as_deref(),
                tenant.enabled,
                tenant.auto_register,
                tenant.contacts_only,
                tenant.devices,
                tenant.history_days,
                tenant.conversations_max,
                tenant.sync_deletes
            ],
        )
        .await?;
    Ok(row.map_or(tenant.id, |row| row.0))
}

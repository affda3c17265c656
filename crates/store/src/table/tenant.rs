//! Tenants: the borders of isolation.

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

/// Writes a tenant, or gives the one with this number another key. The name and the date of an older one stay.
pub async fn put<T: Tx>(tx: &mut T, tenant: &Tenant) -> Result<()> {
    tx.exec(
        "INSERT INTO tenants (id, app_key, name, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (id) DO UPDATE SET app_key = excluded.app_key",
        params![tenant.id, &tenant.app_key, &tenant.name, tenant.created_at],
    )
    .await?;
    Ok(())
}

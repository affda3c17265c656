//! The tenants of the server, for its own administrator.

use std::sync::Arc;

use parlance_store::Tx;

use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::policy;
use crate::tenant::Tenant;

/// Every tenant, by number.
///
/// # Errors
/// `Forbidden`.
#[derive(Clone, Copy, Debug)]
pub struct AllTenants;

impl Query for AllTenants {
    type Answer = Vec<Arc<Tenant>>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        policy::operator(cx.tx, cx.actor).await?;
        Ok(cx.env.tenants().all())
    }
}

/// The tenant with this key.
///
/// # Errors
/// `Forbidden`, `ItemMissing`.
#[derive(Clone, Debug)]
pub struct OneTenant {
    /// The key that its clients name it by.
    pub app_key: String,
}

impl Query for OneTenant {
    type Answer = Arc<Tenant>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        policy::operator(cx.tx, cx.actor).await?;
        let found = cx.env.tenants().by_key(&self.app_key);
        found.ok_or_else(|| ErrorKind::ItemMissing.into())
    }
}

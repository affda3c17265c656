//! Making tenants and changing them. Secrets are drawn and sealed here, before the transaction; the rules are the
//! commands'.

use std::fmt;
use std::sync::Arc;

use crate::account::Actor;
use crate::command::{CreateTenant, TenantChanges, UpdateTenant};
use crate::core::Core;
use crate::error::{ErrorKind, Result};
use crate::field;
use crate::hex::hexadecimal;
use crate::tenant::{Secret, Tenant, TenantSettings};
use crate::types::{DEFAULT_TENANT, TenantId};

/// A tenant to be made.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// The public key that its clients will name it by, for good: 1 to 64 ASCII letters, digits, `_`, `-` or `.`.
    pub app_key: String,
    /// What signs for it, 8 to 256 bytes; none to have one drawn.
    pub secret: Option<Secret>,
    /// What people call it, at most 100 characters; empty for its key.
    pub name: String,
    /// What holds in it.
    pub settings: TenantSettings,
}

/// A new tenant with its secret, which is never given again.
#[derive(Clone)]
pub struct CreatedTenant {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// What signs for it.
    pub secret: String,
}

impl fmt::Debug for CreatedTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedTenant")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Makes a tenant, and in it the account `admin` of the highest rank, which has no password.
    ///
    /// # Errors
    /// `Forbidden` for everybody but the server's own administrator, `Invalid`, `Taken` for a known key.
    pub async fn create_tenant(&self, actor: &Actor, new: NewTenant) -> Result<CreatedTenant> {
        field::app_key(&new.app_key)?;
        let secret = match new.secret {
            Some(secret) => secret.text().to_owned(),
            None => format!("as_{}", hexadecimal(&rand::random::<[u8; 24]>())),
        };
        field::app_secret(&secret)?;
        let command = CreateTenant {
            sealed_secret: self.tenants().seal(&new.app_key, &secret)?,
            app_key: new.app_key,
            name: new.name,
            settings: new.settings,
        };
        let id = self.execute(actor, command).await?;
        let tenant = self.tenant(id)?;
        Ok(CreatedTenant { tenant, secret })
    }

    /// Changes a tenant; what is `None` stays. One that is no longer enabled loses its connections, and its tokens are
    /// good for nothing until it is enabled again. A new secret replaces the one so far at once; tokens stay good.
    ///
    /// # Errors
    /// `Forbidden`, `ItemMissing` for an unknown key, `Invalid` also for disabling the default tenant.
    pub async fn update_tenant(
        &self,
        actor: &Actor,
        app_key: &str,
        changes: TenantChanges,
    ) -> Result<Arc<Tenant>> {
        let sealed_secret = match &changes.secret {
            Some(secret) => {
                field::app_secret(secret.text())?;
                Some(self.tenants().seal(app_key, secret.text())?)
            }
            None => None,
        };
        let command = UpdateTenant {
            app_key: app_key.to_owned(),
            changes,
            sealed_secret,
        };
        let id = self.execute(actor, command).await?;
        self.tenant(id)
    }

    /// The tenant that clients name by this key.
    pub fn tenant_by_key(&self, app_key: &str) -> Option<Arc<Tenant>> {
        self.tenants().by_key(app_key)
    }

    /// The tenant with this number.
    ///
    /// # Errors
    /// `ItemMissing`.
    pub fn tenant(&self, id: TenantId) -> Result<Arc<Tenant>> {
        self.tenants()
            .by_id(id)
            .ok_or_else(|| ErrorKind::ItemMissing.into())
    }

    /// The secret of the default tenant is what the operator says at each start.
    pub(crate) fn sealed_for_bootstrap(&self, app_key: &str, app_secret: &str) -> Result<Option<Vec<u8>>> {
        let known = self.tenants().by_id(DEFAULT_TENANT);
        let same = known.is_some_and(|tenant| {
            let secret = tenant.secret.as_ref().map(Secret::text);
            tenant.app_key == app_key && secret == Some(app_secret)
        });
        if same {
            return Ok(None);
        }
        self.tenants().seal(app_key, app_secret).map(Some)
    }
}

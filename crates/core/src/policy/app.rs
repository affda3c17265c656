//! Who may manage apps, see them, and be sent into them.

use parlance_store::Tx;
use parlance_store::table::{app, app_mapping, user};

use crate::account::Actor;
use crate::app::{AppActor, Visitor};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::{AccountRole, App, AppId, AppMapping, TenantId, UserId};

/// An account of the highest rank in the tenant.
pub(crate) fn super_administrator(actor: &Actor) -> Result<()> {
    policy::at_least(actor, AccountRole::SuperAdmin)
}

/// An app that the caller manages.
pub(crate) async fn managed_app<T: Tx>(tx: &mut T, actor: &Actor, id: AppId) -> Result<App> {
    super_administrator(actor)?;
    let found = app::by_id(tx, id).await?;
    found
        .filter(|app| app.tenant_id == actor.tenant_id && app.deleted_at.is_none())
        .ok_or_else(|| ErrorKind::ItemMissing.into())
}

/// A person's account in an app that the caller manages.
pub(crate) async fn managed_mapping<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    app_id: AppId,
    mapping_id: i64,
) -> Result<AppMapping> {
    managed_app(tx, actor, app_id).await?;
    let found = app_mapping::by_id(tx, mapping_id).await?;
    found
        .filter(|mapping| mapping.app_id == app_id)
        .ok_or_else(|| ErrorKind::ItemMissing.into())
}

/// Whose apps the caller sees: the highest rank all of the tenant (none), everybody else their own.
pub(crate) fn sees_apps_of(actor: &Actor) -> Option<UserId> {
    match super_administrator(actor) {
        Ok(()) => None,
        Err(_) => Some(actor.user_id),
    }
}

/// An app that has proven itself, as it stands now.
pub(crate) async fn standing_app<T: Tx>(tx: &mut T, actor: &AppActor) -> Result<App> {
    let found = app::by_id(tx, actor.app_id).await?;
    found
        .filter(|app| app.active && app.deleted_at.is_none())
        .ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "the app was deleted or switched off"))
}

/// The app that calls itself this in a tenant.
pub(crate) async fn app_by_code<T: Tx>(tx: &mut T, tenant_id: TenantId, code: &str) -> Result<App> {
    let found = app::by_code(tx, tenant_id, code).await?;
    found.ok_or_else(|| ErrorKind::ItemMissing.into())
}

/// The person who has this account in an app. One that was switched off is nobody's.
pub(crate) async fn account_holder<T: Tx>(tx: &mut T, app: &App, account: &str) -> Result<UserId> {
    let found = app_mapping::by_key(tx, app.id, account).await?;
    found
        .filter(|mapping| mapping.active)
        .map(|mapping| mapping.user_id)
        .ok_or_else(|| ErrorKind::UserMissing.into())
}

/// Somebody who may enter an app: an active person with an active account in an active app.
pub(crate) async fn visitor<T: Tx>(tx: &mut T, app: &App, user_id: UserId) -> Result<Visitor> {
    let mapping = app_mapping::of_user(tx, app.id, user_id).await?;
    let mapping = mapping.filter(|mapping| mapping.active && app.active && app.deleted_at.is_none());
    let user = user::by_id(tx, user_id).await?;
    let user = user.filter(|user| user.tenant_id == app.tenant_id && user.status == "ACTIVE");
    match (user, mapping) {
        (Some(mut user), Some(mapping)) => {
            user.password_hash = None;
            Ok(Visitor { user, mapping })
        }
        _ => Err(Error::new(ErrorKind::Forbidden, "no active account in this app")),
    }
}

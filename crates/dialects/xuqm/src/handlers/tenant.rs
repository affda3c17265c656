//! Tenants, for the server's own administrator.

use axum::extract::State;
use parlance_core::query::{AllTenants, OneTenant};
use parlance_core::tenant::{NewTenant, TenantSettings};

use crate::app::App;
use crate::caller::Caller;
use crate::input::AnyApp;
use crate::path::Segment;
use crate::reply::{self, Answer, List};
use crate::wire::tenant::{WireTenant, changes};

/// Makes a tenant with its administrator.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    AnyApp(input): AnyApp,
) -> Answer<WireTenant> {
    let wanted = changes(&input)?;
    let new = NewTenant {
        app_key: input.required("appKey")?,
        settings: wanted.applied_to(TenantSettings::default()),
        secret: wanted.secret,
        name: wanted.name.unwrap_or_default(),
    };
    let created = app.core.create_tenant(&caller.actor, new).await?;
    reply::data(WireTenant::created(created))
}

/// Every tenant.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    AnyApp(input): AnyApp,
) -> Answer<List<WireTenant>> {
    let paging = input.paging()?;
    let tenants = app.core.query(&caller.actor, AllTenants).await?;
    let total = i64::try_from(tenants.len()).unwrap_or(i64::MAX);
    let skipped = usize::try_from(paging.offset()).unwrap_or(usize::MAX);
    let taken = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
    let shown = tenants.iter().skip(skipped).take(taken);
    reply::list(
        shown.map(|tenant| WireTenant::new(tenant)).collect(),
        total,
        paging,
    )
}

/// One tenant.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Segment(app_key): Segment,
) -> Answer<WireTenant> {
    let tenant = app.core.query(&caller.actor, OneTenant { app_key }).await?;
    reply::data(WireTenant::new(&tenant))
}

/// Changes a tenant.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Segment(app_key): Segment,
    AnyApp(input): AnyApp,
) -> Answer<WireTenant> {
    let changes = changes(&input)?;
    let updated = app.core.update_tenant(&caller.actor, &app_key, changes);
    let tenant = updated.await?;
    reply::data(WireTenant::new(&tenant))
}

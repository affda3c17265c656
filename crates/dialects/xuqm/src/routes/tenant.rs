//! Routes by which the server's own administrator manages tenants.

use super::Guard::Operator;
use super::{Route, route};
use crate::handlers::tenant as handle;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/admin/tenants"),
            Operator,
            "decision 13",
            "tenant::a_tenant_is_made_with_its_administrator",
            handle::create,
        ),
        route(
            ("GET", "/api/im/admin/tenants"),
            Operator,
            "decision 15",
            "tenant::tenants_are_listed_and_shown",
            handle::list,
        ),
        route(
            ("GET", "/api/im/admin/tenants/{appKey}"),
            Operator,
            "decision 15",
            "tenant::tenants_are_listed_and_shown",
            handle::show,
        ),
        route(
            ("PATCH", "/api/im/admin/tenants/{appKey}"),
            Operator,
            "decision 15",
            "tenant::settings_are_taken_flat_or_nested",
            handle::update,
        ),
    ]
}

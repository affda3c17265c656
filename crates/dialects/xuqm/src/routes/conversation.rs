//! Routes about conversations as one member sees them.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::conversation as handle;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        route(
            ("GET", "/api/im/conversations"),
            User,
            "1.7",
            "conversation::conversations_are_listed",
            handle::list,
        ),
        route(
            ("DELETE", "/api/im/conversations/{targetId}"),
            User,
            "1.7",
            "conversation::a_deleted_conversation_comes_back_as_new",
            handle::delete,
        ),
        route(
            ("PUT", "/api/im/conversations/{targetId}/pinned"),
            User,
            "1.7",
            "conversation::a_view_is_changed",
            handle::set_pinned,
        ),
        route(
            ("PUT", "/api/im/conversations/{targetId}/muted"),
            User,
            "1.7",
            "conversation::a_view_is_changed",
            handle::set_muted,
        ),
        route(
            ("PUT", "/api/im/conversations/{targetId}/hidden"),
            User,
            "1.7",
            "conversation::a_hidden_conversation_is_off_the_list",
            handle::set_hidden,
        ),
        route(
            ("PUT", "/api/im/conversations/{targetId}/read"),
            User,
            "1.7",
            "conversation::reading_moves_the_cursor_and_tells_the_peer",
            handle::read,
        ),
        route(
            ("PUT", "/api/im/conversations/{targetId}/draft"),
            User,
            "1.7, decision 7",
            "conversation::drafts_and_groups_have_bounds",
            handle::set_draft,
        ),
        route(
            ("PUT", "/api/im/conversations/{targetId}/group"),
            User,
            "1.7, decision 7",
            "conversation::drafts_and_groups_have_bounds",
            handle::set_group,
        ),
    ];
    routes.extend(groups());
    routes
}

/// The groups that conversations are kept in.
fn groups() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/conversation-groups"),
            User,
            "1.7",
            "conversation::drafts_and_groups_have_bounds",
            handle::groups,
        ),
        route(
            ("GET", "/api/im/conversation-groups/{groupName}"),
            User,
            "1.7",
            "conversation::drafts_and_groups_have_bounds",
            handle::group,
        ),
    ]
}

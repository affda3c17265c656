//! Routes under `/api/im/conversation` and the older `/api/im/session`.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::{conversation as handle, message};

const NEW: &str = "3.1–3.8, B4";
const FOLDERS: &str = "B4 (newest client only)";
const OLD: &str = "B4 (legacy session)";

pub(super) fn routes() -> Vec<Route> {
    [lists(), views(), folders(), sessions()]
        .into_iter()
        .flatten()
        .collect()
}

/// Conversations themselves.
fn lists() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/conversation/list"),
            User,
            NEW,
            "conversation::list_and_filters",
            handle::list,
        ),
        route(
            ("GET", "/api/im/conversation/search"),
            User,
            NEW,
            "conversation::search",
            handle::search,
        ),
        route(
            ("GET", "/api/im/conversation/unreadCount"),
            User,
            NEW,
            "conversation::unread_count",
            message::unread_total,
        ),
        route(
            ("POST", "/api/im/conversation/create"),
            User,
            NEW,
            "conversation::create",
            handle::create,
        ),
        route(
            ("GET", "/api/im/conversation/{id}"),
            User,
            NEW,
            "conversation::detail_and_update",
            handle::get,
        ),
        route(
            ("PUT", "/api/im/conversation/{id}"),
            User,
            NEW,
            "conversation::detail_and_update",
            handle::update,
        ),
    ]
}

/// The caller's own view of one, and its pinned message.
fn views() -> Vec<Route> {
    vec![
        route(
            ("DELETE", "/api/im/conversation/{id}"),
            User,
            NEW,
            "conversation::hide",
            handle::hide,
        ),
        route(
            ("PUT", "/api/im/conversation/{id}/pinned"),
            User,
            NEW,
            "conversation::pin_and_mute",
            handle::set_pinned,
        ),
        route(
            ("PUT", "/api/im/conversation/{id}/muted"),
            User,
            NEW,
            "conversation::pin_and_mute",
            handle::set_muted,
        ),
        route(
            ("PUT", "/api/im/conversation/{id}/draft"),
            User,
            NEW,
            "conversation::draft",
            handle::set_draft,
        ),
        route(
            ("PUT", "/api/im/conversation/{id}/markAsRead"),
            User,
            NEW,
            "conversation::unread_count",
            handle::mark_as_read,
        ),
        route(
            ("POST", "/api/im/conversation/{id}/pin/{messageId}"),
            User,
            NEW,
            "conversation::pinned_message",
            handle::pin_message,
        ),
        route(
            ("DELETE", "/api/im/conversation/{id}/unpin"),
            User,
            NEW,
            "conversation::pinned_message",
            handle::unpin_message,
        ),
    ]
}

/// Folders, which only the newest client's screen knows.
fn folders() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/conversation/groups"),
            User,
            FOLDERS,
            "conversation::folders",
            handle::folders,
        ),
        route(
            ("POST", "/api/im/conversation/group"),
            User,
            FOLDERS,
            "conversation::folders",
            handle::folders,
        ),
        route(
            ("PUT", "/api/im/conversation/group/{id}"),
            User,
            FOLDERS,
            "conversation::folders",
            handle::folders,
        ),
        route(
            ("DELETE", "/api/im/conversation/group/{id}"),
            User,
            FOLDERS,
            "conversation::folders",
            handle::folders,
        ),
        route(
            ("POST", "/api/im/conversation/group/add"),
            User,
            FOLDERS,
            "conversation::folders",
            handle::folders,
        ),
        route(
            ("POST", "/api/im/conversation/group/remove"),
            User,
            FOLDERS,
            "conversation::folders",
            handle::folders,
        ),
        route(
            ("POST", "/api/im/conversation/group/move"),
            User,
            FOLDERS,
            "conversation::folders",
            handle::folders,
        ),
    ]
}

/// The older name, for the first clients.
fn sessions() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/session/{id}"),
            User,
            OLD,
            "conversation::legacy_session",
            handle::get,
        ),
        route(
            ("PUT", "/api/im/session/{id}"),
            User,
            OLD,
            "conversation::legacy_session",
            handle::update,
        ),
        route(
            ("GET", "/api/im/session/list"),
            User,
            OLD,
            "conversation::legacy_session",
            handle::list,
        ),
        route(
            ("DELETE", "/api/im/session/{id}"),
            User,
            OLD,
            "conversation::legacy_session",
            handle::hide,
        ),
        route(
            ("PUT", "/api/im/session/{id}/read"),
            User,
            OLD,
            "conversation::legacy_session",
            handle::mark_as_read,
        ),
        route(
            ("PUT", "/api/im/session/{id}/pin"),
            User,
            OLD,
            "conversation::legacy_session",
            handle::set_pinned,
        ),
        route(
            ("PUT", "/api/im/session/{id}/mute"),
            User,
            OLD,
            "conversation::legacy_session",
            handle::set_muted,
        ),
    ]
}

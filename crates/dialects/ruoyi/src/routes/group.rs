//! Routes under `/api/im/group` and `/api/im/groups`.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::{announcement, group, group_mute};

const GROUP: &str = "B7 (group)";
const GROUPS: &str = "B7 (groups)";
const NOTES: &str = "B7 (announcements)";
const MUTE: &str = "B7 (group mute), decision 11";

pub(super) fn routes() -> Vec<Route> {
    [groups(), members(), plural_members(), announcements(), mutes()]
        .into_iter()
        .flatten()
        .collect()
}

fn groups() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/group/create"),
            User,
            GROUP,
            "group::create_and_read",
            group::create,
        ),
        route(
            ("GET", "/api/im/group/list"),
            User,
            GROUP,
            "group::create_and_read",
            group::list,
        ),
        route(
            ("GET", "/api/im/group/{id}"),
            User,
            GROUP,
            "group::create_and_read",
            group::details,
        ),
        route(
            ("PUT", "/api/im/group/{id}"),
            User,
            GROUP,
            "group::update",
            group::update,
        ),
        route(
            ("DELETE", "/api/im/group/{id}"),
            User,
            GROUP,
            "group::dissolve",
            group::dissolve,
        ),
        route(
            ("POST", "/api/im/group/{id}/quit"),
            User,
            GROUP,
            "group::quit",
            group::leave,
        ),
        route(
            ("GET", "/api/im/group/{id}/qrcode"),
            User,
            GROUP,
            "group::qr_code",
            group::qr_code,
        ),
        route(
            ("GET", "/api/im/groups/list"),
            User,
            GROUPS,
            "group::plural_paths",
            group::list,
        ),
        route(
            ("GET", "/api/im/groups/{id}"),
            User,
            GROUPS,
            "group::plural_paths",
            group::details,
        ),
    ]
}

fn members() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/group/{id}/members"),
            User,
            GROUP,
            "group::members_come_and_go",
            group::members,
        ),
        route(
            ("POST", "/api/im/group/{id}/members"),
            User,
            GROUP,
            "group::members_come_and_go",
            group::add_members,
        ),
        route(
            ("DELETE", "/api/im/group/{id}/members"),
            User,
            GROUP,
            "group::members_come_and_go",
            group::remove_members,
        ),
        route(
            ("DELETE", "/api/im/group/{id}/members/{userId}"),
            User,
            GROUP,
            "group::members_come_and_go",
            group::remove_member,
        ),
        route(
            ("PUT", "/api/im/group/{id}/admin/{userId}"),
            User,
            GROUP,
            "group::roles",
            group::set_admin,
        ),
        route(
            ("PUT", "/api/im/group/{id}/transfer/{userId}"),
            User,
            GROUP,
            "group::roles",
            group::transfer,
        ),
        route(
            ("PUT", "/api/im/group/{id}/mute/{userId}"),
            User,
            GROUP,
            "group_mute::by_seconds",
            group::mute_member,
        ),
    ]
}

fn plural_members() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/groups/{id}/members"),
            User,
            GROUPS,
            "group::plural_paths",
            group::members,
        ),
        route(
            ("POST", "/api/im/groups/{id}/members"),
            User,
            GROUPS,
            "group::plural_paths",
            group::add_members,
        ),
        route(
            ("DELETE", "/api/im/groups/{id}/members/{userId}"),
            User,
            GROUPS,
            "group::plural_paths",
            group::remove_member,
        ),
        route(
            ("PUT", "/api/im/groups/{id}/members/{userId}/role"),
            User,
            GROUPS,
            "group::plural_paths",
            group::set_role,
        ),
    ]
}

fn announcements() -> Vec<Route> {
    let read = "announcement::post_and_read";
    let change = "announcement::edit_pin_recall_delete";
    vec![
        route(
            ("POST", "/api/im/group/announcement"),
            User,
            NOTES,
            read,
            announcement::post,
        ),
        route(
            ("GET", "/api/im/group/announcement/list/{groupId}"),
            User,
            NOTES,
            read,
            announcement::list,
        ),
        route(
            ("GET", "/api/im/group/announcement/valid/{groupId}"),
            User,
            NOTES,
            read,
            announcement::list,
        ),
        route(
            ("GET", "/api/im/group/announcement/latest/{groupId}"),
            User,
            NOTES,
            read,
            announcement::latest,
        ),
        route(
            ("GET", "/api/im/group/announcement/pinned/{groupId}"),
            User,
            NOTES,
            read,
            announcement::pinned,
        ),
        route(
            ("PUT", "/api/im/group/announcement/{id}"),
            User,
            NOTES,
            change,
            announcement::edit,
        ),
        route(
            ("PUT", "/api/im/group/announcement/pin/{id}"),
            User,
            NOTES,
            change,
            announcement::pin,
        ),
        route(
            ("PUT", "/api/im/group/announcement/recall/{id}"),
            User,
            NOTES,
            change,
            announcement::recall,
        ),
        route(
            ("DELETE", "/api/im/group/announcement/{id}"),
            User,
            NOTES,
            change,
            announcement::delete,
        ),
    ]
}

fn mutes() -> Vec<Route> {
    let (everybody, one) = ("group_mute::everybody", "group_mute::by_minutes");
    vec![
        route(
            ("PUT", "/api/im/group/mute/all/{groupId}"),
            User,
            MUTE,
            everybody,
            group_mute::set_all,
        ),
        route(
            ("GET", "/api/im/group/mute/all/{groupId}"),
            User,
            MUTE,
            everybody,
            group_mute::all,
        ),
        route(
            ("POST", "/api/im/group/mute/member/{groupId}/{userId}"),
            User,
            MUTE,
            one,
            group_mute::silence,
        ),
        route(
            ("DELETE", "/api/im/group/mute/member/{groupId}/{userId}"),
            User,
            MUTE,
            one,
            group_mute::lift,
        ),
        route(
            ("GET", "/api/im/group/mute/check/{groupId}/{userId}"),
            User,
            MUTE,
            one,
            group_mute::check,
        ),
        route(
            ("GET", "/api/im/group/mute/endTime/{groupId}/{userId}"),
            User,
            MUTE,
            one,
            group_mute::end_time,
        ),
    ]
}

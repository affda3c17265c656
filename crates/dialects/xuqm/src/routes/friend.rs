//! Routes about friends.

use super::Guard::User;
use super::{Route, route};
use crate::handlers::friend as handle;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        route(
            ("GET", "/api/im/friends"),
            User,
            "1.7",
            "friend::friends_are_added_and_listed",
            handle::list,
        ),
        route(
            ("POST", "/api/im/friends"),
            User,
            "1.7, decision 6",
            "friend::friends_are_added_and_listed",
            handle::add,
        ),
        route(
            ("DELETE", "/api/im/friends"),
            User,
            "1.7",
            "friend::friends_are_removed_one_several_or_all",
            handle::remove_all,
        ),
        route(
            ("POST", "/api/im/friends/batch"),
            User,
            "1.7, decision 6",
            "friend::several_are_added_as_far_as_they_can_be",
            handle::add_batch,
        ),
        route(
            ("POST", "/api/im/friends/batch/remove"),
            User,
            "1.7",
            "friend::friends_are_removed_one_several_or_all",
            handle::remove_batch,
        ),
        route(
            ("POST", "/api/im/friends/check"),
            User,
            "1.7",
            "friend::relations_are_told_each_way",
            handle::check,
        ),
        route(
            ("DELETE", "/api/im/friends/{friendId}"),
            User,
            "1.7",
            "friend::friends_are_removed_one_several_or_all",
            handle::remove,
        ),
    ];
    routes.extend(groups());
    routes
}

/// The groups that friends are kept in.
fn groups() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/friends/groups"),
            User,
            "1.7",
            "friend::friends_are_kept_in_groups",
            handle::groups,
        ),
        route(
            ("GET", "/api/im/friends/groups/{groupName}"),
            User,
            "1.7",
            "friend::friends_are_kept_in_groups",
            handle::group,
        ),
        route(
            ("PUT", "/api/im/friends/{friendId}/group"),
            User,
            "1.7, decision 7",
            "friend::friends_are_kept_in_groups",
            handle::set_group,
        ),
    ]
}

//! Routes of groups.

use super::Guard::{Admin, User};
use super::{Route, route};
use crate::handlers::{group, group_member, join_request};

const CONTRACT: &str = "1.7, decision 6";

pub(super) fn routes() -> Vec<Route> {
    [groups(), changes(), members(), joining()]
        .into_iter()
        .flatten()
        .collect()
}

fn groups() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/groups"),
            User,
            CONTRACT,
            "group::ones_own_groups_are_listed_and_paged",
            group::list,
        ),
        route(
            ("POST", "/api/im/groups"),
            User,
            CONTRACT,
            "group::a_group_is_made_with_all_that_it_may_have",
            group::create,
        ),
        route(
            ("GET", "/api/im/groups/public"),
            User,
            CONTRACT,
            "group::everybody_finds_open_groups_and_no_others",
            group::open,
        ),
        route(
            ("GET", "/api/im/groups/search"),
            User,
            CONTRACT,
            "group::everybody_finds_open_groups_and_no_others",
            group::search,
        ),
        route(
            ("GET", "/api/im/groups/{groupId}"),
            User,
            "1.7, decision 18",
            "group::outsiders_see_open_groups_only",
            group::show,
        ),
    ]
}

fn changes() -> Vec<Route> {
    vec![
        route(
            ("PUT", "/api/im/groups/{groupId}"),
            User,
            CONTRACT,
            "group::what_is_named_of_a_group_changes",
            group::update,
        ),
        route(
            ("DELETE", "/api/im/groups/{groupId}"),
            User,
            CONTRACT,
            "group::a_dissolved_group_is_gone",
            group::dissolve,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/owner"),
            User,
            CONTRACT,
            "group::a_group_is_handed_on",
            group::transfer,
        ),
        route(
            ("PUT", "/api/im/groups/{groupId}/attributes"),
            User,
            "1.7, decisions 6 and 16",
            "group::attributes_are_set_bare_or_nested_and_deleted",
            group::set_attributes,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/attributes/delete"),
            User,
            "1.7, decision 6",
            "group::attributes_are_set_bare_or_nested_and_deleted",
            group::delete_attributes,
        ),
        route(
            ("GET", "/api/im/admin/groups/{groupId}/read-receipts"),
            Admin,
            "1.7, decision 6",
            "group::administrators_see_who_has_read_and_who_has_not",
            group::read_receipts,
        ),
    ]
}

fn members() -> Vec<Route> {
    vec![
        route(
            ("GET", "/api/im/groups/{groupId}/members"),
            User,
            CONTRACT,
            "group_member::members_are_listed_paged_and_found",
            group_member::list,
        ),
        route(
            ("GET", "/api/im/groups/{groupId}/members/search"),
            User,
            CONTRACT,
            "group_member::members_are_listed_paged_and_found",
            group_member::search,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/members"),
            User,
            CONTRACT,
            "group_member::people_are_brought_in",
            group_member::add,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/members/batch"),
            User,
            CONTRACT,
            "group_member::people_are_brought_in",
            group_member::add,
        ),
        route(
            ("DELETE", "/api/im/groups/{groupId}/members/{targetUserId}"),
            User,
            CONTRACT,
            "group_member::people_are_removed_and_leave",
            group_member::remove,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/members/batch/remove"),
            User,
            CONTRACT,
            "group_member::several_are_removed_each_for_itself",
            group_member::remove_each,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/roles"),
            User,
            CONTRACT,
            "group_member::roles_are_given_and_taken",
            group_member::set_role,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/mute"),
            User,
            CONTRACT,
            "group_member::one_several_or_all_are_muted_for_seconds",
            group_member::mute,
        ),
    ]
}

fn joining() -> Vec<Route> {
    vec![
        route(
            ("POST", "/api/im/groups/{groupId}/join-requests"),
            User,
            CONTRACT,
            "join_request::the_type_of_a_group_says_what_asking_does",
            join_request::ask,
        ),
        route(
            ("GET", "/api/im/groups/{groupId}/join-requests"),
            User,
            CONTRACT,
            "join_request::requests_are_listed_by_status",
            join_request::list,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/join-requests/batch/accept"),
            User,
            CONTRACT,
            "join_request::several_are_answered_each_for_itself",
            join_request::accept_each,
        ),
        route(
            ("POST", "/api/im/groups/{groupId}/join-requests/batch/reject"),
            User,
            CONTRACT,
            "join_request::several_are_answered_each_for_itself",
            join_request::reject_each,
        ),
        route(
            (
                "POST",
                "/api/im/groups/{groupId}/join-requests/{requestId}/accept",
            ),
            User,
            CONTRACT,
            "join_request::an_answer_stands_and_can_be_repeated",
            join_request::accept,
        ),
        route(
            (
                "POST",
                "/api/im/groups/{groupId}/join-requests/{requestId}/reject",
            ),
            User,
            CONTRACT,
            "join_request::an_answer_stands_and_can_be_repeated",
            join_request::reject,
        ),
    ]
}

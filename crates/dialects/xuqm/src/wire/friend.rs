//! Friends and blocked people.

use parlance_core::command::{NewContact, Ways};
use parlance_core::query::{BlockView, Relation, Section};
use parlance_core::types::ContactView;
use serde::Serialize;

use crate::input::Input;
use crate::refusal::Refusal;
use crate::wire::auth::millis;

/// People in one call.
pub(crate) const PEOPLE_MAX: usize = 100;
/// People asked about in one call.
pub(crate) const ASKED_MAX: usize = 1_000;
/// The names under which clients send friends.
const FRIENDS: [&str; 4] = ["friendId", "friendIds", "userIds", "userId"];
/// The names under which clients send whom they block.
const TARGETS: [&str; 4] = ["targetId", "targetIds", "userIds", "userId"];

/// Somebody in the caller's list of friends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFriend {
    friend_id: String,
    user_id: String,
    nickname: String,
    avatar: String,
    gender: i64,
    signature: String,
    remark: String,
    group_name: Option<String>,
    created_at: i64,
}

impl WireFriend {
    pub(crate) fn new(view: ContactView) -> Self {
        Self {
            friend_id: view.user.uid.clone(),
            user_id: view.user.uid,
            nickname: view.user.nickname,
            avatar: view.user.avatar,
            gender: view.user.gender,
            signature: view.user.signature,
            remark: view.contact.remark,
            group_name: Some(view.contact.group_name).filter(|name| !name.is_empty()),
            created_at: millis(view.contact.created_at),
        }
    }
}

/// One friend or several, as they were sent.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum WireFriends {
    One(Box<WireFriend>),
    Several(Vec<WireFriend>),
}

/// A group of friends or conversations.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSection {
    group_name: String,
    count: i64,
}

impl From<Section> for WireSection {
    fn from(section: Section) -> Self {
        Self {
            group_name: section.name,
            count: section.count,
        }
    }
}

/// Friends whom a call names.
pub(crate) fn friends(input: &Input) -> Result<Vec<String>, Refusal> {
    input.required_texts(&FRIENDS, PEOPLE_MAX)
}

/// Whether a call names friends at all.
pub(crate) fn names_friends(input: &Input) -> bool {
    FRIENDS.iter().any(|name| input.get(name).is_some())
}

/// People whose blocks a call is about.
pub(crate) fn targets(input: &Input, most: usize) -> Result<Vec<String>, Refusal> {
    input.required_texts(&TARGETS, most)
}

/// People whose relation a call asks about.
pub(crate) fn asked(input: &Input) -> Result<Vec<String>, Refusal> {
    input.required_texts(&["userIds", "userId", "friendIds", "friendId"], ASKED_MAX)
}

/// Friends whom a call wants to add.
pub(crate) fn new_friends(input: &Input) -> Result<Vec<NewContact>, Refusal> {
    let (remark, group_name) = (input.text("remark")?, input.text("groupName")?);
    let new = |uid| NewContact {
        uid,
        remark: remark.clone(),
        group_name: group_name.clone(),
    };
    Ok(friends(input)?.into_iter().map(new).collect())
}

/// Whether friends are added in both lists, as they are unless `bothWay` says otherwise.
pub(crate) fn both_way(input: &Input) -> Result<Ways, Refusal> {
    Ok(match input.flag("bothWay")? {
        Some(false) => Ways::One,
        _ => Ways::Both,
    })
}

/// Both ways or one, under this name; both ways unless it is sent.
pub(crate) fn ways(input: &Input, name: &str) -> Result<Ways, Refusal> {
    match input.text(name)?.as_deref().unwrap_or_default() {
        "" | "BOTH" => Ok(Ways::Both),
        "SINGLE" => Ok(Ways::One),
        _ => Err(Refusal::invalid(format!("{name} is SINGLE or BOTH"))),
    }
}

/// How two people stand (reference-tencent-im.md 2.2).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireRelation {
    user_id: String,
    relation: &'static str,
}

impl WireRelation {
    /// Both ways, or only as the caller's own list has it.
    pub(crate) fn new(relation: Relation, ways: Ways) -> Self {
        let to_caller = relation.to_caller && ways == Ways::Both;
        let word = match (relation.from_caller, to_caller) {
            (true, true) => "BothWay",
            (true, false) => "AWithB",
            (false, true) => "BWithA",
            (false, false) => "NoRelation",
        };
        Self {
            user_id: relation.uid,
            relation: word,
        }
    }
}

/// Somebody whom the caller has blocked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireBlocked {
    target_id: String,
    user_id: String,
    nickname: String,
    avatar: String,
    created_at: i64,
}

impl WireBlocked {
    pub(crate) fn new(view: BlockView) -> Self {
        Self {
            target_id: view.user.uid.clone(),
            user_id: view.user.uid,
            nickname: view.user.nickname,
            avatar: view.user.avatar,
            created_at: millis(view.since),
        }
    }
}

/// Who of two people has blocked the other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireBlockRelation {
    target_id: String,
    blocked: bool,
    blocked_by: bool,
}

impl From<Relation> for WireBlockRelation {
    fn from(relation: Relation) -> Self {
        Self {
            target_id: relation.uid,
            blocked: relation.from_caller,
            blocked_by: relation.to_caller,
        }
    }
}

/// Blocks with one person, or with several.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum WireBlockRelations {
    One(WireBlockRelation),
    Several(Vec<WireBlockRelation>),
}

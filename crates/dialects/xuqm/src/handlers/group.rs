//! Groups: making, finding, changing and ending them, their attributes, and who has read what there.

use axum::extract::State;
use parlance_core::command::{
    CreateGroup, DeleteAttributes, DissolveGroup, SetAttributes, TransferGroup, UpdateGroup,
};
use parlance_core::query::{
    FindGroupByKey, FindUserByUid, FindUserIds, GroupProfileOf, GroupReceiptOf, MyGroupProfiles, OpenGroups,
    Unknown,
};
use parlance_core::types::{Attributes, ConversationId, JoinOption, Role, UserId};
use parlance_core::{ErrorKind, Limits};
use serde_json::Value;

use crate::app::App;
use crate::caller::Caller;
use crate::input::Input;
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer, List};
use crate::wire::group::{self as wire, WireGroup, WireGroupReceipt};

/// Attributes named by one call; there are never more in a group.
const ATTRIBUTES_MAX: usize = 50;
/// Ids that paths have for something else.
const RESERVED_IDS: [&str; 2] = ["public", "search"];

/// The number of the group that a path names.
pub(super) async fn named(app: &App, caller: &Caller, group_id: &str) -> Result<ConversationId, Refusal> {
    let key = group_id.to_owned();
    Ok(app.core.query(&caller.actor, FindGroupByKey { key }).await?)
}

/// The number of a person whom a call names.
pub(super) async fn person(app: &App, caller: &Caller, uid: String) -> Result<UserId, Refusal> {
    Ok(app.core.query(&caller.actor, FindUserByUid { uid }).await?.id)
}

/// A group as its details show it.
pub(super) async fn shown(app: &App, caller: &Caller, id: ConversationId) -> Answer<WireGroup> {
    let profile = app.core.query(&caller.actor, GroupProfileOf(id)).await?;
    reply::data(WireGroup::new(profile))
}

fn new_group(input: &Input, member_ids: Vec<UserId>) -> Result<CreateGroup, Refusal> {
    let group_key = input.text("groupId")?.filter(|key| !key.is_empty());
    if group_key
        .as_deref()
        .is_some_and(|key| RESERVED_IDS.contains(&key))
    {
        return Err(Refusal::invalid("no group has the id public or search"));
    }
    let word = input.text("groupType")?.filter(|word| !word.is_empty());
    let group_type = wire::group_type(word.as_deref().unwrap_or(wire::WORK))?;
    let option = input.text("joinOption")?.filter(|word| !word.is_empty());
    let open = group_type != wire::WORK;
    Ok(CreateGroup {
        group_key,
        group_type: group_type.to_owned(),
        join_option: wire::join_option(group_type, option.as_deref())?,
        invite_role: if open { Role::Admin } else { Role::Member },
        avatar: input.text("avatar")?.unwrap_or_default(),
        notice: input.text("announcement")?.unwrap_or_default(),
        description: input.text("description")?.unwrap_or_default(),
        attributes: attributes_of(input.get("attributes"))?.unwrap_or_default(),
        ..CreateGroup::named(input.required("name")?, member_ids)
    })
}

fn members_max(limits: &Limits) -> usize {
    usize::try_from(limits.group_members_max).unwrap_or(usize::MAX)
}

/// Makes a group of the caller.
pub(crate) async fn create(State(app): State<App>, caller: Caller, input: Input) -> Answer<WireGroup> {
    let uids = input.texts("memberIds", members_max(app.core.limits()))?;
    let create = new_group(&input, Vec::new())?;
    let others = FindUserIds {
        uids: uids.unwrap_or_default(),
        unknown: Unknown::Refused,
    };
    let member_ids = app.core.query(&caller.actor, others).await?;
    let create = CreateGroup { member_ids, ..create };
    let made = app.core.execute(&caller.actor, create).await?;
    shown(&app, &caller, made.conversation_id).await
}

/// The caller's groups.
pub(crate) async fn list(State(app): State<App>, caller: Caller, input: Input) -> Answer<List<WireGroup>> {
    let paging = input.paging()?;
    let mine = MyGroupProfiles {
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, mine).await?;
    let groups = found.items.into_iter().map(WireGroup::listed).collect();
    reply::list(groups, found.total, paging)
}

/// The groups that everybody may find.
pub(crate) async fn open(State(app): State<App>, caller: Caller, input: Input) -> Answer<List<WireGroup>> {
    let keyword = input.text("keyword")?.unwrap_or_default();
    found(&app, &caller, &input, keyword).await
}

/// Those of them that a word finds.
pub(crate) async fn search(State(app): State<App>, caller: Caller, input: Input) -> Answer<List<WireGroup>> {
    let keyword = input.required("keyword")?;
    if keyword.trim().is_empty() {
        return Err(Refusal::invalid("keyword is missing"));
    }
    found(&app, &caller, &input, keyword).await
}

async fn found(app: &App, caller: &Caller, input: &Input, keyword: String) -> Answer<List<WireGroup>> {
    let paging = input.paging()?;
    let open = OpenGroups {
        keyword,
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, open).await?;
    let groups = found.items.into_iter().map(WireGroup::listed).collect();
    reply::list(groups, found.total, paging)
}

/// One group.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
) -> Answer<WireGroup> {
    let id = named(&app, &caller, &group_id).await?;
    shown(&app, &caller, id).await
}

/// Changes what a call names of a group.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WireGroup> {
    let conversation_id = named(&app, &caller, &group_id).await?;
    let join_option = changed_joining(&app, &caller, conversation_id, &input).await?;
    let update = UpdateGroup {
        conversation_id,
        name: input.text("name")?,
        avatar: input.text("avatar")?,
        notice: input.text("announcement")?,
        description: input.text("description")?,
        join_option,
        ..UpdateGroup::default()
    };
    app.core.execute(&caller.actor, update).await?;
    shown(&app, &caller, conversation_id).await
}

/// What a change says about who may come in: bound by the group's type, which stays as it is.
async fn changed_joining(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    input: &Input,
) -> Result<Option<JoinOption>, Refusal> {
    let word = input.text("joinOption")?.filter(|word| !word.is_empty());
    let named = input.text("groupType")?.filter(|word| !word.is_empty());
    if word.is_none() && named.is_none() {
        return Ok(None);
    }
    let profile = app.core.query(&caller.actor, GroupProfileOf(id)).await?;
    let kind = wire::type_word(&profile.conversation.group_type);
    if named.is_some_and(|named| !named.eq_ignore_ascii_case(kind)) {
        return Err(Refusal::invalid("the type of a group does not change"));
    }
    word.map(|word| wire::join_option(kind, Some(&word))).transpose()
}

/// Ends a group.
pub(crate) async fn dissolve(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
) -> Answer<()> {
    let conversation_id = named(&app, &caller, &group_id).await?;
    let dissolve = DissolveGroup { conversation_id };
    app.core.execute(&caller.actor, dissolve).await?;
    reply::done()
}

/// Hands a group on.
pub(crate) async fn transfer(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WireGroup> {
    let uid = input.required("newOwnerId")?;
    let conversation_id = named(&app, &caller, &group_id).await?;
    let transfer = TransferGroup {
        conversation_id,
        user_id: person(&app, &caller, uid).await?,
    };
    app.core.execute(&caller.actor, transfer).await?;
    shown(&app, &caller, conversation_id).await
}

/// Attributes as an object, or as the JSON text of one; none when missing.
fn attributes_of(value: Option<&Value>) -> Result<Option<Attributes>, Refusal> {
    let wrong = || Refusal::invalid("attributes is an object of texts");
    let parsed = match value {
        None => return Ok(None),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| wrong())?,
        Some(value) => value.clone(),
    };
    let Value::Object(fields) = parsed else {
        return Err(wrong());
    };
    let mut attributes = Attributes::new();
    for (name, value) in fields {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return Err(wrong()),
        };
        attributes.insert(name, text);
    }
    Ok(Some(attributes))
}

/// The attributes of a call: under their name, or all that the body holds beside the app (decision 16).
fn named_attributes(input: &Input) -> Result<Attributes, Refusal> {
    if let Some(Value::Object(_)) | Some(Value::String(_)) = input.get("attributes")
        && let Some(attributes) = attributes_of(input.get("attributes"))?
    {
        return Ok(attributes);
    }
    let mut fields = input.body().clone();
    fields.retain(|name, _| name != "appKey" && name != "appId");
    Ok(attributes_of(Some(&Value::Object(fields)))?.unwrap_or_default())
}

/// Sets attributes of a group.
pub(crate) async fn set_attributes(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<Attributes> {
    let attributes = named_attributes(&input)?;
    let set = SetAttributes {
        conversation_id: named(&app, &caller, &group_id).await?,
        attributes,
    };
    reply::data(app.core.execute(&caller.actor, set).await?)
}

/// Forgets attributes of a group.
pub(crate) async fn delete_attributes(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<Attributes> {
    let names = input.required_texts(&["keys", "key"], ATTRIBUTES_MAX)?;
    let delete = DeleteAttributes {
        conversation_id: named(&app, &caller, &group_id).await?,
        names,
    };
    reply::data(app.core.execute(&caller.actor, delete).await?)
}

/// Who has read a message of a group, for administrators of the tenant.
pub(crate) async fn read_receipts(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WireGroupReceipt> {
    let message_id = input.required("messageId")?;
    let conversation_id = named(&app, &caller, &group_id).await?;
    let message_id = message_id.parse().map_err(|_| ErrorKind::MessageMissing)?;
    let asked = GroupReceiptOf {
        conversation_id,
        message_id,
    };
    let receipt = app.core.query(&caller.actor, asked).await?;
    reply::data(WireGroupReceipt::new(message_id, receipt))
}

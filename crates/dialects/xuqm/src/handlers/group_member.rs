//! Members of groups: who is in, who comes and goes, with which role, and who may write.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use parlance_core::ErrorKind;
use parlance_core::command::{
    AddMembers, LeaveGroup, MuteGroup, RemoveEach, SetRole, SilenceMembers, TransferGroup,
};
use parlance_core::query::{FindUserIds, KnownPeople, MemberPage, OneMember, Unknown};
use parlance_core::types::{ConversationId, Role, Timestamp, UserId};

use crate::app::App;
use crate::caller::Caller;
use crate::handlers::group::{named, person, shown};
use crate::input::Input;
use crate::path::{Segment, Segments};
use crate::refusal::Refusal;
use crate::reply::{self, Answer, List};
use crate::wire::group::{self as wire, WireMember, WirePeople};

/// People that one call names.
const PEOPLE_MAX: usize = 500;
/// Longest mute: 100 years.
const MUTE_SECONDS_MAX: i64 = 100 * 365 * 86_400;

/// Who is in a group.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<List<WireMember>> {
    found(&app, &caller, &group_id, &input, String::new()).await
}

/// Those of them that a word finds.
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<List<WireMember>> {
    let keyword = input.required("keyword")?;
    if keyword.trim().is_empty() {
        return Err(Refusal::invalid("keyword is missing"));
    }
    found(&app, &caller, &group_id, &input, keyword).await
}

async fn found(
    app: &App,
    caller: &Caller,
    group_id: &str,
    input: &Input,
    keyword: String,
) -> Answer<List<WireMember>> {
    let paging = input.paging()?;
    let page = MemberPage {
        conversation_id: named(app, caller, group_id).await?,
        keyword,
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, page).await?;
    let members = found.items.into_iter().map(WireMember::new).collect();
    reply::list(members, found.total, paging)
}

/// The people of a call whom the tenant knows; the others have failed.
async fn known(
    app: &App,
    caller: &Caller,
    uids: Vec<String>,
) -> Result<(Vec<(String, UserId)>, WirePeople), Refusal> {
    let known = app
        .core
        .query(&caller.actor, KnownPeople { uids: uids.clone() })
        .await?;
    let mut people = WirePeople::default();
    for uid in uids {
        if !known.iter().any(|(found, _)| *found == uid) {
            people.failed(uid, ErrorKind::UserMissing);
        }
    }
    Ok((known, people))
}

/// Brings people in. Who is in already counts as brought in.
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WirePeople> {
    let uids = input.required_texts(&["userIds", "userId"], PEOPLE_MAX)?;
    let conversation_id = named(&app, &caller, &group_id).await?;
    let (known, mut people) = known(&app, &caller, uids).await?;
    let (uids, user_ids) = known.into_iter().unzip();
    let add = AddMembers {
        conversation_id,
        user_ids,
    };
    app.core.execute(&caller.actor, add).await?;
    people.success = uids;
    reply::data(people)
}

/// Takes one person out, or the caller.
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Segments(group_id, uid): Segments,
) -> Answer<WirePeople> {
    let conversation_id = named(&app, &caller, &group_id).await?;
    if uid == caller.uid() {
        let leave = LeaveGroup::of(conversation_id);
        app.core.execute(&caller.actor, leave).await?;
    } else {
        let user_id = person(&app, &caller, uid.clone()).await?;
        let remove = RemoveEach {
            conversation_id,
            user_ids: vec![user_id],
        };
        let removed = app.core.execute(&caller.actor, remove).await?;
        if let Some((_, why)) = removed.refused.first() {
            return Err((*why).into());
        }
    }
    reply::data(WirePeople {
        success: vec![uid],
        ..WirePeople::default()
    })
}

/// Takes several people out, each for itself.
pub(crate) async fn remove_each(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WirePeople> {
    let uids = input.required_texts(&["userIds", "userId"], PEOPLE_MAX)?;
    let conversation_id = named(&app, &caller, &group_id).await?;
    let (known, mut people) = known(&app, &caller, uids).await?;
    let remove = RemoveEach {
        conversation_id,
        user_ids: known.iter().map(|(_, id)| *id).collect(),
    };
    let removed = app.core.execute(&caller.actor, remove).await?;
    for (uid, id) in known {
        match removed.refused.iter().find(|(refused, _)| *refused == id) {
            Some((_, why)) => people.failed(uid, *why),
            None => people.success.push(uid),
        }
    }
    reply::data(people)
}

/// Sets somebody's role; that of OWNER hands the group on.
pub(crate) async fn set_role(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Answer<WireMember> {
    let (uid, role) = (input.required("userId")?, wire::role(&input.required("role")?)?);
    let conversation_id = named(&app, &caller, &group_id).await?;
    let user_id = person(&app, &caller, uid).await?;
    if role == Role::Owner {
        let transfer = TransferGroup {
            conversation_id,
            user_id,
        };
        app.core.execute(&caller.actor, transfer).await?;
    } else {
        let set = SetRole {
            conversation_id,
            user_id,
            role,
        };
        app.core.execute(&caller.actor, set).await?;
    }
    member(&app, &caller, conversation_id, user_id).await
}

async fn member(app: &App, caller: &Caller, id: ConversationId, user_id: UserId) -> Answer<WireMember> {
    let asked = OneMember {
        conversation_id: id,
        user_id,
    };
    let member = app.core.query(&caller.actor, asked).await?;
    reply::data(WireMember::new(member))
}

/// Until when something is muted for so many seconds from now; none for 0, which lifts it.
fn mute_end(app: &App, seconds: i64) -> Result<Option<Timestamp>, Refusal> {
    match seconds {
        0 => Ok(None),
        1..=MUTE_SECONDS_MAX => Ok(Some(app.core.now() + seconds * 1_000_000)),
        _ => Err(Refusal::invalid(format!(
            "seconds is a number from 0 to {MUTE_SECONDS_MAX}"
        ))),
    }
}

/// Mutes one person, several, or all ordinary members; answers with the member, the members, or the group.
pub(crate) async fn mute(
    State(app): State<App>,
    caller: Caller,
    Segment(group_id): Segment,
    input: Input,
) -> Result<Response, Refusal> {
    let seconds = input.number("seconds")?;
    let until = mute_end(
        &app,
        seconds.ok_or_else(|| Refusal::invalid("seconds is missing"))?,
    )?;
    let one = input.texts("userId", 1)?.unwrap_or_default();
    let several = input.texts("userIds", PEOPLE_MAX)?.unwrap_or_default();
    let conversation_id = named(&app, &caller, &group_id).await?;
    if one.is_empty() && several.is_empty() {
        let mute = MuteGroup {
            conversation_id,
            muted: until.is_some(),
            until,
        };
        app.core.execute(&caller.actor, mute).await?;
        return Ok(shown(&app, &caller, conversation_id).await?.into_response());
    }
    let single = several.is_empty();
    let people = FindUserIds {
        uids: if single { one } else { several },
        unknown: Unknown::Refused,
    };
    let user_ids = app.core.query(&caller.actor, people).await?;
    let silence = SilenceMembers {
        conversation_id,
        user_ids: user_ids.clone(),
        until,
    };
    app.core.execute(&caller.actor, silence).await?;
    if let (true, [user_id]) = (single, user_ids.as_slice()) {
        let shown = member(&app, &caller, conversation_id, *user_id).await?;
        return Ok(shown.into_response());
    }
    let mut members = Vec::with_capacity(user_ids.len());
    for user_id in user_ids {
        let asked = OneMember {
            conversation_id,
            user_id,
        };
        members.push(WireMember::new(app.core.query(&caller.actor, asked).await?));
    }
    Ok(reply::data(members)?.into_response())
}

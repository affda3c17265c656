//! Friends and their groups.

use axum::extract::State;
use parlance_core::command::{AddContacts, NewContact, RemoveContacts, SetContactGroup, WhichContacts};
use parlance_core::query::{ContactGroupSizes, ContactPage, ContactRelations, ContactsWith};

use crate::app::App;
use crate::caller::Caller;
use crate::input::Input;
use crate::path::Segment;
use crate::refusal::Refusal;
use crate::reply::{self, Answer, List};
use crate::wire::friend::{self, WireFriend, WireFriends, WireRelation, WireSection};

async fn page(
    app: &App,
    caller: &Caller,
    input: &Input,
    group_name: Option<String>,
) -> Answer<List<WireFriend>> {
    let paging = input.paging()?;
    let page = ContactPage {
        group_name,
        skip: paging.offset(),
        limit: paging.limit(),
    };
    let found = app.core.query(&caller.actor, page).await?;
    let friends = found.items.into_iter().map(WireFriend::new).collect();
    reply::list(friends, found.total, paging)
}

/// Those of these people who are friends of the caller.
async fn shown(app: &App, caller: &Caller, uids: Vec<String>) -> Result<Vec<WireFriend>, Refusal> {
    let found = app.core.query(&caller.actor, ContactsWith { uids }).await?;
    Ok(found.into_iter().map(WireFriend::new).collect())
}

pub(crate) async fn list(State(app): State<App>, caller: Caller, input: Input) -> Answer<List<WireFriend>> {
    page(&app, &caller, &input, None).await
}

/// Adds people and gives those who could be added; a refusal if nobody could.
async fn added(app: &App, caller: &Caller, input: &Input) -> Result<Vec<WireFriend>, Refusal> {
    let people: Vec<NewContact> = friend::new_friends(input)?;
    let uids: Vec<String> = people.iter().map(|person| person.uid.clone()).collect();
    let ways = friend::both_way(input)?;
    let outcomes = app
        .core
        .execute(&caller.actor, AddContacts { people, ways })
        .await?;
    let (mut friends, mut refused) = (Vec::new(), None);
    for (uid, outcome) in uids.into_iter().zip(outcomes) {
        match outcome {
            Ok(_) => friends.push(uid),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    match refused {
        Some(error) if friends.is_empty() => Err(error.into()),
        _ => shown(app, caller, friends).await,
    }
}

/// One friend is answered with that friend, several with a list.
pub(crate) async fn add(State(app): State<App>, caller: Caller, input: Input) -> Answer<WireFriends> {
    let several = input.get("friendId").is_none_or(|named| named.is_array());
    let mut friends = added(&app, &caller, &input).await?;
    match friends.pop() {
        Some(friend) if !several => reply::data(WireFriends::One(Box::new(friend))),
        last => {
            friends.extend(last);
            reply::data(WireFriends::Several(friends))
        }
    }
}

pub(crate) async fn add_batch(
    State(app): State<App>,
    caller: Caller,
    input: Input,
) -> Answer<Vec<WireFriend>> {
    reply::data(added(&app, &caller, &input).await?)
}

async fn removed(app: &App, caller: &Caller, input: &Input, which: WhichContacts) -> Answer<usize> {
    let ways = friend::ways(input, "deleteType")?;
    let remove = RemoveContacts { which, ways };
    reply::data(app.core.execute(&caller.actor, remove).await?)
}

pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Segment(uid): Segment,
    input: Input,
) -> Answer<usize> {
    removed(&app, &caller, &input, WhichContacts::These(vec![uid])).await
}

/// Everybody; but who names people means those, however the call is meant to be made.
pub(crate) async fn remove_all(State(app): State<App>, caller: Caller, input: Input) -> Answer<usize> {
    let which = if friend::names_friends(&input) {
        WhichContacts::These(friend::friends(&input)?)
    } else {
        WhichContacts::Everybody
    };
    removed(&app, &caller, &input, which).await
}

pub(crate) async fn remove_batch(State(app): State<App>, caller: Caller, input: Input) -> Answer<usize> {
    let which = WhichContacts::These(friend::friends(&input)?);
    removed(&app, &caller, &input, which).await
}

pub(crate) async fn set_group(
    State(app): State<App>,
    caller: Caller,
    Segment(uid): Segment,
    input: Input,
) -> Answer<WireFriend> {
    let change = SetContactGroup {
        uid: uid.clone(),
        group_name: input.nullable("groupName")?,
    };
    app.core.execute(&caller.actor, change).await?;
    let friend = shown(&app, &caller, vec![uid]).await?.pop();
    reply::data(friend.ok_or(parlance_core::ErrorKind::ContactMissing)?)
}

pub(crate) async fn groups(State(app): State<App>, caller: Caller) -> Answer<Vec<WireSection>> {
    let groups = app.core.query(&caller.actor, ContactGroupSizes).await?;
    reply::data(groups.into_iter().map(WireSection::from).collect())
}

pub(crate) async fn group(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    input: Input,
) -> Answer<List<WireFriend>> {
    page(&app, &caller, &input, Some(name)).await
}

pub(crate) async fn check(State(app): State<App>, caller: Caller, input: Input) -> Answer<Vec<WireRelation>> {
    let ways = friend::ways(&input, "checkType")?;
    let uids = friend::asked(&input)?;
    let found = app.core.query(&caller.actor, ContactRelations { uids }).await?;
    let relation = |relation| WireRelation::new(relation, ways);
    reply::data(found.into_iter().map(relation).collect())
}

//! Search: in messages with filters and pages (4.8, B5), and in everything by kind (B7, row search).

use axum::extract::State;
use parlance_core::query::{
    Page, SearchContacts, SearchFiles, SearchGroups, SearchMessages, SearchUsers, TextMatch,
};
use serde::Deserialize;

use crate::app::App;
use crate::caller::Caller;
use crate::input::{Input, flag, int, text};
use crate::refusal::Refusal;
use crate::reply::{Answer, data};
use crate::wire::search::{WireEverything, WireFileHit, WireGroupHit, WireHit, WireHits, WirePersonHit};
use crate::wire::time::parse;

/// Results on one page when the client names no number.
const PAGE_DEFAULT: usize = 20;
/// Results on one page at most.
const PAGE_MAX: usize = 100;
/// People in one answer.
const PEOPLE_MAX: usize = 100;

/// What messages are looked for. `includeRevoked` has no place in it: a recalled message has no text any more, so
/// there is nothing that could be included.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MessageInput {
    #[serde(deserialize_with = "text")]
    keyword: Option<String>,
    #[serde(deserialize_with = "int")]
    conversation_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    message_type: Option<String>,
    #[serde(deserialize_with = "int")]
    sender_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    start_time: Option<String>,
    #[serde(deserialize_with = "text")]
    end_time: Option<String>,
    #[serde(deserialize_with = "int")]
    page_num: Option<i64>,
    #[serde(deserialize_with = "int")]
    page_size: Option<i64>,
    #[serde(deserialize_with = "flag")]
    exact_match: Option<bool>,
}

fn page(number: Option<i64>, size: Option<i64>) -> Page {
    let positive = |value: Option<i64>| {
        value
            .and_then(|value| usize::try_from(value).ok())
            .filter(|n| *n > 0)
    };
    Page {
        number: positive(number).unwrap_or(1),
        size: positive(size).unwrap_or(PAGE_DEFAULT).min(PAGE_MAX),
    }
}

impl MessageInput {
    fn query(self, app: &App) -> Result<SearchMessages, Refusal> {
        let zone = &app.options.time_zone;
        let time = |given: Option<String>, name: &str, end: bool| {
            let Some(given) = given.filter(|given| !given.trim().is_empty()) else {
                return Ok(None);
            };
            let at = parse(&given, zone, end);
            let wrong = || Refusal::bad(format!("参数校验失败：{name}须为yyyy-MM-dd或yyyy-MM-dd HH:mm:ss"));
            at.map(Some).ok_or_else(wrong)
        };
        let kind = self.message_type.map(|kind| kind.trim().to_ascii_uppercase());
        let last = time(self.end_time, "endTime", true)?;
        Ok(SearchMessages {
            keyword: self.keyword.unwrap_or_default(),
            matching: match self.exact_match {
                Some(true) => TextMatch::Whole,
                _ => TextMatch::Part,
            },
            conversation_id: self.conversation_id.filter(|id| *id != 0),
            kind: None,
            content_type: kind.filter(|kind| !kind.is_empty() && kind != "ALL"),
            sender_id: self.sender_id.filter(|id| *id != 0),
            from: time(self.start_time, "startTime", false)?,
            before: last.map(|last| last.saturating_add(1)),
            page: page(self.page_num, self.page_size),
        })
    }
}

pub(crate) async fn messages(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<MessageInput>,
) -> Answer<WireHits> {
    let query = input.query(&app)?;
    let (keyword, page) = (query.keyword.clone(), query.page);
    let found = app.core.query(&caller.actor, query).await?;
    app.recent_keywords.note(caller.actor.user_id, &keyword);
    data(WireHits::new(
        &found,
        (page.number, page.size),
        caller.actor.user_id,
        &app.options.time_zone,
    ))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct KeywordInput {
    #[serde(deserialize_with = "text")]
    keyword: Option<String>,
    #[serde(deserialize_with = "text")]
    search_type: Option<String>,
    #[serde(deserialize_with = "int")]
    page_num: Option<i64>,
    #[serde(deserialize_with = "int")]
    page_size: Option<i64>,
}

/// The kinds of things that can be found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Messages,
    Contacts,
    Groups,
    Files,
}

const EVERYTHING: [Kind; 4] = [Kind::Messages, Kind::Contacts, Kind::Groups, Kind::Files];

/// The kinds that a `searchType` asks for, in singular or plural; nothing of an office suite is here.
fn kinds(search_type: Option<&str>) -> Result<&'static [Kind], Refusal> {
    match search_type
        .unwrap_or_default()
        .trim()
        .to_ascii_uppercase()
        .as_str()
    {
        "" | "ALL" => Ok(&EVERYTHING),
        "MESSAGE" | "MESSAGES" => Ok(&[Kind::Messages]),
        "CONTACT" | "CONTACTS" => Ok(&[Kind::Contacts]),
        "GROUP" | "GROUPS" => Ok(&[Kind::Groups]),
        "FILE" | "FILES" => Ok(&[Kind::Files]),
        "WORKBENCH" => Ok(&[]),
        _ => Err(Refusal::bad(
            "参数校验失败：searchType须为ALL、MESSAGE、CONTACT、GROUP或FILE",
        )),
    }
}

async fn contacts(app: &App, caller: &Caller, keyword: &str) -> Result<Vec<WirePersonHit>, Refusal> {
    let keyword = keyword.to_owned();
    let friends = SearchContacts {
        keyword: keyword.clone(),
    };
    let friends = app.core.query(&caller.actor, friends).await?;
    let people = SearchUsers {
        keyword: keyword.trim().to_owned(),
        after_id: 0,
        limit: PEOPLE_MAX as i64,
    };
    let mut people = app.core.query(&caller.actor, people).await?;
    people.retain(|user| {
        user.id != caller.actor.user_id && !friends.iter().any(|friend| friend.user.id == user.id)
    });
    let known = friends
        .iter()
        .map(|view| WirePersonHit::friend(&view.user, &view.contact.remark));
    let others = people.iter().map(WirePersonHit::stranger);
    Ok(known.chain(others).take(PEOPLE_MAX).collect())
}

async fn search(app: &App, caller: &Caller, input: KeywordInput, kinds: &[Kind]) -> Answer<WireEverything> {
    let keyword = input.keyword.unwrap_or_default();
    let zone = &app.options.time_zone;
    let mut found = WireEverything::under(keyword.trim());
    let mut total = 0;
    for kind in kinds {
        match kind {
            Kind::Messages => {
                let query = SearchMessages {
                    page: page(input.page_num, input.page_size),
                    ..SearchMessages::for_text(keyword.as_str())
                };
                let messages = app.core.query(&caller.actor, query).await?;
                total = messages.total;
                let hit = |found| WireHit::new(found, caller.actor.user_id, zone);
                found.messages = messages.messages.iter().map(hit).collect();
            }
            Kind::Contacts => found.contacts = contacts(app, caller, &keyword).await?,
            Kind::Groups => {
                let query = SearchGroups {
                    keyword: keyword.clone(),
                };
                let groups = app.core.query(&caller.actor, query).await?;
                found.groups = groups.iter().map(WireGroupHit::new).collect();
            }
            Kind::Files => {
                let query = SearchFiles {
                    keyword: keyword.clone(),
                };
                let files = app.core.query(&caller.actor, query).await?;
                found.files = files.iter().map(|found| WireFileHit::new(found, zone)).collect();
            }
        }
    }
    app.recent_keywords.note(caller.actor.user_id, &keyword);
    data(found.counted(total))
}

pub(crate) async fn everything(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<KeywordInput>,
) -> Answer<WireEverything> {
    let kinds = kinds(input.search_type.as_deref())?;
    search(&app, &caller, input, kinds).await
}

pub(crate) async fn only_messages(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<KeywordInput>,
) -> Answer<WireEverything> {
    search(&app, &caller, input, &[Kind::Messages]).await
}

pub(crate) async fn only_contacts(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<KeywordInput>,
) -> Answer<WireEverything> {
    search(&app, &caller, input, &[Kind::Contacts]).await
}

pub(crate) async fn only_groups(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<KeywordInput>,
) -> Answer<WireEverything> {
    search(&app, &caller, input, &[Kind::Groups]).await
}

pub(crate) async fn only_files(
    State(app): State<App>,
    caller: Caller,
    Input(input): Input<KeywordInput>,
) -> Answer<WireEverything> {
    search(&app, &caller, input, &[Kind::Files]).await
}

/// What the caller has looked for lately, the last first.
pub(crate) async fn recent(State(app): State<App>, caller: Caller) -> Answer<Vec<String>> {
    data(app.recent_keywords.of(caller.actor.user_id))
}

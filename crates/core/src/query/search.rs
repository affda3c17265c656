//! Search as a person asks for it: in the texts of messages with filters and pages, and by name among contacts,
//! groups and files. How texts are found is in [`crate::search`].

use parlance_store::Tx;
use parlance_store::table::search as table;
use parlance_store::table::{file, message};
use rustc_hash::FxHashMap;

use crate::core::{Query, ReadContext};
use crate::error::{Error, Result};
use crate::policy;
use crate::query::full_message::{FullMessage, full};
use crate::query::{Contacts, Group, MyGroups};
use crate::search::{self, MATCHES_MAX, Search, Wanted};
use crate::types::{
    ContactView, ConversationId, ConversationKind, FileView, Message, MessageId, Timestamp, UserCard, UserId,
};

/// Characters of what is looked for.
pub const KEYWORD_CHARS_MAX: usize = 100;
/// People, groups or files in one answer.
const NAMES_MAX: usize = 100;
/// Characters shown around a hit.
const SNIPPET_CHARS_MAX: usize = 100;

/// How the text of a message has to match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextMatch {
    /// It contains the keyword; case, full or half width and invisible characters make no difference.
    #[default]
    Part,
    /// It is the keyword, letter by letter, without blanks around it.
    Whole,
}

/// A page of a list, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Which page, from 1.
    pub number: usize,
    /// Results on one page, 1 to 1,000.
    pub size: usize,
}

impl Page {
    /// Results on one page at most.
    pub const SIZE_MAX: usize = 1_000;

    /// How many results there are up to the end of this page.
    fn end(self) -> usize {
        self.number
            .max(1)
            .saturating_mul(self.size.clamp(1, Self::SIZE_MAX))
    }

    /// The results of this page.
    pub fn of<T>(self, all: &[T]) -> &[T] {
        let size = self.size.clamp(1, Self::SIZE_MAX);
        let start = self
            .number
            .max(1)
            .saturating_sub(1)
            .saturating_mul(size)
            .min(all.len());
        &all[start..all.len().min(start + size)]
    }
}

/// Looks for messages by their text, in all conversations of the caller or in one. What was recalled or deleted has
/// no text and is never found; neither is what the caller may not see.
///
/// # Errors
/// `Invalid` for a keyword without visible characters or with more than [`KEYWORD_CHARS_MAX`], and for a page beyond the
/// first 10,000 results;
/// `ConversationMissing` and `NotMember` for the conversation named.
#[derive(Clone, Debug)]
pub struct SearchMessages {
    /// What is looked for; blanks around it do not count.
    pub keyword: String,
    /// How the text has to match.
    pub matching: TextMatch,
    /// Only in this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only in conversations of this kind.
    pub kind: Option<ConversationKind>,
    /// Only messages of this type. Types whose content is not text are never found.
    pub content_type: Option<String>,
    /// Only from this person.
    pub sender_id: Option<UserId>,
    /// Only sent at this time or later.
    pub from: Option<Timestamp>,
    /// Only sent before this time.
    pub before: Option<Timestamp>,
    /// Which results to give.
    pub page: Page,
}

impl SearchMessages {
    /// A search for a part of a text in all conversations, first page.
    pub fn for_text(keyword: impl Into<String>) -> Self {
        Self {
            keyword: keyword.into(),
            matching: TextMatch::Part,
            conversation_id: None,
            kind: None,
            content_type: None,
            sender_id: None,
            from: None,
            before: None,
            page: Page { number: 1, size: 20 },
        }
    }

    fn wanted(&self) -> Result<Wanted> {
        let normal = normal_form(&self.keyword)?;
        Ok(match self.matching {
            TextMatch::Part => Wanted::Part(normal),
            TextMatch::Whole => Wanted::Whole(self.keyword.trim().to_owned()),
        })
    }
}

/// What is looked for, as it is compared.
fn normal_form(keyword: &str) -> Result<String> {
    let keyword = keyword.trim();
    if keyword.chars().count() > KEYWORD_CHARS_MAX {
        return Err(Error::invalid(format!(
            "a search takes at most {KEYWORD_CHARS_MAX} characters; look for a shorter part of the text"
        )));
    }
    let normal = search::normalise(keyword);
    if normal.trim().is_empty() {
        return Err(Error::invalid("say what to search for: the keyword is empty"));
    }
    Ok(normal)
}

/// A message that was found.
#[derive(Clone, Debug)]
pub struct FoundMessage {
    /// The message.
    pub message: Message,
    /// Who wrote it; none for the system.
    pub sender: Option<UserCard>,
    /// Up to 100 characters of it around the hit.
    pub snippet: String,
    /// How the caller sees its conversation named.
    pub conversation_name: String,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct FoundMessages {
    /// How many there are. Exact if [`exact`](Self::exact); otherwise what the index makes of it, which is off only by
    /// messages that were edited, recalled or deleted since.
    pub total: usize,
    /// Whether every match was made sure of: always, up to 2,000 matches among 20,000 candidates.
    pub exact: bool,
    /// The page that was asked for, newest first.
    pub messages: Vec<FoundMessage>,
}

impl Query for SearchMessages {
    type Answer = FoundMessages;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<FoundMessages> {
        let found = self.find(cx).await?;
        Ok(FoundMessages {
            total: found.total,
            exact: found.exact,
            messages: load(cx, &found.ids, &found.shown).await?,
        })
    }
}

/// Messages that were found, before anything is said about them.
struct FoundIds {
    total: usize,
    exact: bool,
    ids: Vec<MessageId>,
    /// What was looked for, as snippets show it.
    shown: String,
}

impl SearchMessages {
    async fn find<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<FoundIds> {
        let wanted = self.wanted()?;
        let oldest = policy::oldest_shown(cx.env, cx.actor, cx.now);
        let visible = match self.conversation_id {
            Some(id) => {
                let membership = policy::membership(cx.tx, cx.actor, id).await?;
                FxHashMap::from_iter([(id, membership.member.floor())])
            }
            None => {
                let kind = self.kind.map(ConversationKind::number);
                let visible = table::visible(cx.tx, cx.actor.tenant_id, cx.actor.user_id, kind).await?;
                visible.into_iter().collect()
            }
        };
        let shown = match &wanted {
            Wanted::Part(normal) => normal.clone(),
            Wanted::Whole(text) => search::normalise(text),
        };
        let search = Search {
            wanted,
            visible,
            content_type: self.content_type.clone(),
            sender_id: self.sender_id,
            from: Some(self.from.unwrap_or(0).max(oldest)),
            before: self.before,
            shown: self.page.end().min(MATCHES_MAX),
        };
        let matches = search::find(cx.tx, &search).await?;
        let ids = &matches.ids[..matches.ids.len().min(MATCHES_MAX)];
        let out_of_reach = self.page.end() > MATCHES_MAX && self.page.of(ids).is_empty();
        if out_of_reach && matches.total > MATCHES_MAX {
            return Err(Error::invalid(format!(
                "at most {MATCHES_MAX} results can be paged through; look for a longer text or in one conversation"
            )));
        }
        Ok(FoundIds {
            total: matches.total,
            exact: matches.all,
            ids: self.page.of(ids).to_vec(),
            shown,
        })
    }
}

/// The same search, answered with all that is told beside each message.
///
/// # Errors
/// Those of [`SearchMessages`].
#[derive(Clone, Debug)]
pub struct SearchFullMessages(pub SearchMessages);

/// What was found, with all that is told beside it.
#[derive(Clone, Debug)]
pub struct FoundFullMessages {
    /// How many there are, see [`FoundMessages::total`].
    pub total: usize,
    /// The page that was asked for, newest first.
    pub messages: Vec<FullMessage>,
}

impl Query for SearchFullMessages {
    type Answer = FoundFullMessages;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<FoundFullMessages> {
        let found = self.0.find(cx).await?;
        let rows = message::by_ids(cx.tx, &found.ids).await?;
        Ok(FoundFullMessages {
            total: found.total,
            messages: full(cx, rows).await?,
        })
    }
}

async fn load<T: Tx>(
    cx: &mut ReadContext<'_, T>,
    ids: &[MessageId],
    shown: &str,
) -> Result<Vec<FoundMessage>> {
    let mut senders: FxHashMap<UserId, Option<UserCard>> = FxHashMap::default();
    let mut names = Names::default();
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(message) = message::by_id(cx.tx, *id).await? else {
            continue;
        };
        let sender = match message.sender_id {
            None => None,
            Some(id) => match senders.get(&id) {
                Some(known) => known.clone(),
                None => {
                    let card = message::card(cx.tx, id).await?.map(UserCard::from);
                    senders.insert(id, card.clone());
                    card
                }
            },
        };
        found.push(FoundMessage {
            snippet: search::snippet(&message.content, shown, SNIPPET_CHARS_MAX),
            conversation_name: names.of(cx, message.conversation_id).await?,
            message,
            sender,
        });
    }
    Ok(found)
}

/// How the caller sees conversations named.
#[derive(Default)]
struct Names(FxHashMap<ConversationId, String>);

impl Names {
    async fn of<T: Tx>(&mut self, cx: &mut ReadContext<'_, T>, id: ConversationId) -> Result<String> {
        if let Some(known) = self.0.get(&id) {
            return Ok(known.clone());
        }
        let place = policy::membership(cx.tx, cx.actor, id).await?;
        let conversation = &place.conversation;
        let pair = [conversation.user_low, conversation.user_high];
        let peer = pair
            .into_iter()
            .flatten()
            .find(|user_id| *user_id != cx.actor.user_id);
        let name = match peer {
            _ if !place.member.remark.is_empty() => place.member.remark,
            Some(peer) => {
                let card = message::card(cx.tx, peer).await?.map(UserCard::from);
                card.map(|card| card.name).unwrap_or_default()
            }
            None => place.conversation.name,
        };
        self.0.insert(id, name.clone());
        Ok(name)
    }
}

/// Looks for people in the caller's contact list, by remark, names, text id, mobile or mail.
///
/// # Errors
/// `Invalid` for a keyword without visible characters or with more than [`KEYWORD_CHARS_MAX`].
#[derive(Clone, Debug)]
pub struct SearchContacts {
    /// What is looked for.
    pub keyword: String,
}

impl Query for SearchContacts {
    type Answer = Vec<ContactView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<ContactView>> {
        let wanted = normal_form(&self.keyword)?;
        let owner_id = cx.actor.user_id;
        let mut contacts = Contacts { owner_id }.run(cx).await?;
        contacts.retain(|view| {
            let user = &view.user;
            let names = [
                &view.contact.remark,
                &user.nickname,
                &user.name,
                &user.english_name,
                &user.uid,
            ];
            let reach = user.mobile.iter().chain(user.email.iter());
            names
                .into_iter()
                .chain(reach)
                .any(|name| search::normalise(name).contains(&wanted))
        });
        contacts.truncate(NAMES_MAX);
        Ok(contacts)
    }
}

/// Looks for groups that the caller is in, by name.
///
/// # Errors
/// `Invalid` for a keyword without visible characters or with more than [`KEYWORD_CHARS_MAX`].
#[derive(Clone, Debug)]
pub struct SearchGroups {
    /// What is looked for.
    pub keyword: String,
}

impl Query for SearchGroups {
    type Answer = Vec<Group>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Group>> {
        let wanted = normal_form(&self.keyword)?;
        let mut groups = MyGroups.run(cx).await?;
        groups.retain(|group| search::normalise(&group.conversation.name).contains(&wanted));
        groups.truncate(NAMES_MAX);
        Ok(groups)
    }
}

/// Looks for files by name: the caller's own, and those sent where the caller can see it. Newest first.
///
/// # Errors
/// `Invalid` for a keyword without visible characters or with more than [`KEYWORD_CHARS_MAX`].
#[derive(Clone, Debug)]
pub struct SearchFiles {
    /// What is looked for.
    pub keyword: String,
}

/// A file that was found.
#[derive(Clone, Debug)]
pub struct FoundFile {
    /// The file.
    pub view: FileView,
    /// Where it was sent, and how the caller sees that named; none for one that was not sent.
    pub conversation: Option<(ConversationId, String)>,
}

impl Query for SearchFiles {
    type Answer = Vec<FoundFile>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<FoundFile>> {
        normal_form(&self.keyword)?;
        let (tenant_id, me) = (cx.actor.tenant_id, cx.actor.user_id);
        let keyword = self.keyword.trim();
        let hits = file::search(cx.tx, tenant_id, me, keyword, NAMES_MAX as i64).await?;
        let mut names = Names::default();
        let mut found = Vec::with_capacity(hits.len());
        for (file_id, conversation_id) in hits {
            let Some(stored) = file::by_id(cx.tx, file_id).await? else {
                continue;
            };
            let conversation = match conversation_id {
                Some(id) => Some((id, names.of(cx, id).await?)),
                None => None,
            };
            found.push(FoundFile {
                view: FileView::load(cx.tx, stored).await?,
                conversation,
            });
        }
        Ok(found)
    }
}

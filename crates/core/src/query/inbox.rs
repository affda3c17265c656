//! What one person gets from other people and from apps, groups aside: who has written, the history with each, and
//! everything in one row. What an app says to one person and what it says to everybody is one conversation here.

use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use parlance_store::Tx;
use parlance_store::table::channel::Channel;
use parlance_store::table::inbox::{self, Direct, Piece, Source};
use parlance_store::table::{conversation, message};

use crate::account::Actor;
use crate::core::{Query, ReadContext};
use crate::error::{Error, ErrorKind, Result};
use crate::place::{AppCard, Place};
use crate::policy::{self, Channels};
use crate::query::history::view;
use crate::types::{AppId, ConversationId, Correspondent, MessageId, MessageView, Seq, Timestamp, UserId};

/// Messages on one page.
const PAGE_MESSAGES_MAX: i64 = 200;
/// Direct conversations in one list.
const CONVERSATIONS_MAX: i64 = 1_000;
/// Conversations that a page over all of them goes through: those with the newest messages.
const SOURCES_MAX: i64 = 20_000;
/// Messages that a page over all conversations passes over at most; each of them is looked at.
const SKIP_MAX: i64 = 100_000;
/// Ids taken from one conversation at a time.
const PIECE_IDS: i64 = 64;

/// A message that somebody has got or sent, outside groups.
#[derive(Clone, Debug)]
pub struct InboxMessage {
    /// The message with its sender.
    pub view: MessageView,
    /// Where it stands: to whom it was sent, or which app said it.
    pub place: Place,
    /// Whether it was read: by the other person, or by the caller if it came to the caller.
    pub read: bool,
    /// When, if it was.
    pub read_at: Option<Timestamp>,
}

/// The messages with these ids that were not deleted, newest first, with the caller's view of their reading. The
/// caller of this function has made sure that they may be seen.
pub(crate) async fn load<T: Tx>(tx: &mut T, me: UserId, ids: &[MessageId]) -> Result<Vec<InboxMessage>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = message::by_ids(tx, ids).await?;
    let mut conversation_ids: Vec<ConversationId> =
        rows.iter().map(|row| row.message.conversation_id).collect();
    conversation_ids.sort_unstable();
    conversation_ids.dedup();
    let places: HashMap<ConversationId, Place> = inbox::places(tx, &conversation_ids)
        .await?
        .into_iter()
        .map(|row| (row.conversation_id, Place::of_row(row)))
        .collect();
    let receipts: HashMap<MessageId, inbox::Receipt> = inbox::receipts(tx, me, ids)
        .await?
        .into_iter()
        .map(|receipt| (receipt.message_id, receipt))
        .collect();
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(place) = places.get(&row.message.conversation_id) else {
            continue;
        };
        let receipt = receipts.get(&row.message.id);
        out.push(InboxMessage {
            view: view(tx, row).await?,
            place: place.clone(),
            read: receipt.is_some_and(|receipt| receipt.read),
            read_at: receipt.and_then(|receipt| receipt.read_at),
        });
    }
    Ok(out)
}

/// Somebody who has written, as a list shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrespondentCard {
    /// Another person.
    Person {
        /// Who.
        id: UserId,
        /// Text id.
        uid: String,
        /// Mobile number, if there is one.
        mobile: Option<String>,
        /// Name, else nickname, else text id.
        name: String,
    },
    /// An app.
    App(AppCard),
    /// The server itself.
    Server,
}

/// A conversation in the inbox.
#[derive(Clone, Debug)]
pub struct InboxEntry {
    /// With whom.
    pub with: CorrespondentCard,
    /// Messages not read yet.
    pub unread: i64,
    /// The newest message in sight.
    pub last: InboxMessage,
}

/// Everybody with whom the caller has exchanged messages outside groups, the newest message first: up to 1,000 people,
/// and every app. Conversations in which nothing can be seen are not there.
#[derive(Clone, Copy, Debug)]
pub struct Inbox;

impl Query for Inbox {
    type Answer = Vec<InboxEntry>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<InboxEntry>> {
        let me = cx.actor.user_id;
        let mut entries: HashMap<MessageId, (CorrespondentCard, i64)> = HashMap::new();
        for direct in inbox::directs(cx.tx, me, CONVERSATIONS_MAX).await? {
            entries.insert(direct.last_message_id, (person(&direct), direct.unread));
        }
        for (last_message_id, unread) in newest_of_apps(cx).await? {
            entries.insert(last_message_id, (CorrespondentCard::Server, unread));
        }
        let ids: Vec<MessageId> = entries.keys().copied().collect();
        let newest = load(cx.tx, me, &ids).await?;
        let entry = |last: InboxMessage| {
            let (card, unread) = entries.remove(&last.view.message.id)?;
            let with = match &last.place {
                Place::Channel(channel) => {
                    let app = channel.app.clone();
                    app.map_or(CorrespondentCard::Server, CorrespondentCard::App)
                }
                Place::Direct { .. } | Place::Group { .. } => card,
            };
            Some(InboxEntry { with, unread, last })
        };
        Ok(newest.into_iter().filter_map(entry).collect())
    }
}

fn person(direct: &Direct) -> CorrespondentCard {
    let name = [&direct.name, &direct.nickname]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or(&direct.uid);
    CorrespondentCard::Person {
        id: direct.peer_id,
        uid: direct.uid.clone(),
        mobile: direct.mobile.clone(),
        name: name.clone(),
    }
}

/// The newest message of every app, and how much of what the app has said is unread.
async fn newest_of_apps<T: Tx>(cx: &mut ReadContext<'_, T>) -> Result<Vec<(MessageId, i64)>> {
    let channels = Channels::of(cx.tx, cx.actor).await?;
    let mut apps: BTreeMap<AppId, (MessageId, i64)> = BTreeMap::new();
    for channel in &channels.all {
        let unread = channels.unread(cx.tx, channel).await?;
        let app = apps.entry(channel.app_id).or_default();
        app.0 = app.0.max(channel.last_message_id);
        app.1 += unread;
    }
    Ok(apps.into_values().collect())
}

/// How many messages from other people and from apps the caller has not read. Groups do not count.
#[derive(Clone, Copy, Debug)]
pub struct UnreadInbox;

impl Query for UnreadInbox {
    type Answer = i64;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<i64> {
        let mut unread = inbox::unread_in_directs(cx.tx, cx.actor.user_id).await?;
        let channels = Channels::of(cx.tx, cx.actor).await?;
        for channel in &channels.all {
            unread += channels.unread(cx.tx, channel).await?;
        }
        Ok(unread)
    }
}

/// A message that another person or an app has sent to the caller.
///
/// # Errors
/// `MessageMissing`; `MessageForbidden` for one that is for others, the caller's own ones among them.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedMessage {
    /// Which.
    pub message_id: MessageId,
}

impl Query for ReceivedMessage {
    type Answer = InboxMessage;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<InboxMessage> {
        policy::received_message(cx.tx, cx.actor, self.message_id).await?;
        one(cx.tx, cx.actor.user_id, self.message_id).await
    }
}

/// One message as [`load`] gives it.
pub(crate) async fn one<T: Tx>(tx: &mut T, me: UserId, id: MessageId) -> Result<InboxMessage> {
    let mut found = load(tx, me, &[id]).await?;
    found.pop().ok_or_else(|| ErrorKind::MessageMissing.into())
}

/// A page of what the caller and somebody have written to each other, newest first. Empty where nothing was written,
/// so that nobody learns who exists.
#[derive(Clone, Copy, Debug)]
pub struct HistoryWith {
    /// With whom.
    pub with: Correspondent,
    /// How many of the newest messages to pass over.
    pub skip: i64,
    /// How many, 1 to 200.
    pub limit: i64,
}

impl Query for HistoryWith {
    type Answer = Vec<InboxMessage>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<InboxMessage>> {
        let page = Page {
            skip: self.skip.max(0),
            limit: self.limit.clamp(1, PAGE_MESSAGES_MAX),
        };
        let ids = match self.with {
            Correspondent::Person(user_id) => with_person(cx, user_id, page).await?,
            Correspondent::App(app_id) => of_app(cx, app_id, page).await?,
            Correspondent::Server => of_app(cx, 0, page).await?,
        };
        load(cx.tx, cx.actor.user_id, &ids).await
    }
}

/// Which part of a row of messages, counted from the newest.
#[derive(Clone, Copy)]
struct Page {
    skip: i64,
    limit: i64,
}

async fn with_person<T: Tx>(
    cx: &mut ReadContext<'_, T>,
    user_id: UserId,
    page: Page,
) -> Result<Vec<MessageId>> {
    let me = cx.actor.user_id;
    let Some(found) = conversation::direct(cx.tx, me.min(user_id), me.max(user_id)).await? else {
        return Ok(Vec::new());
    };
    let place = policy::membership(cx.tx, cx.actor, found.id).await?;
    let (floor, last) = (place.member.floor(), place.conversation.last_seq);
    Ok(inbox::page(cx.tx, found.id, floor, last, page.skip, page.limit).await?)
}

async fn of_app<T: Tx>(cx: &mut ReadContext<'_, T>, app_id: AppId, page: Page) -> Result<Vec<MessageId>> {
    let channels = Channels::of_app(cx.tx, cx.actor, app_id).await?;
    let mut spans = Vec::with_capacity(2);
    for channel in &channels.all {
        spans.push(Span {
            conversation_id: channel.id,
            floor: channels.floor(cx.tx, channel).await?,
            last: channel.last_seq,
        });
    }
    match spans.as_slice() {
        [] => Ok(Vec::new()),
        [one] => one.page(cx.tx, page).await,
        [own, common, ..] => {
            let from_own = own.share_of(cx.tx, common, page.skip).await?;
            let limit = page.limit;
            let mut ids = own
                .page(
                    cx.tx,
                    Page {
                        skip: from_own,
                        limit,
                    },
                )
                .await?;
            let skip = page.skip - from_own;
            ids.extend(common.page(cx.tx, Page { skip, limit }).await?);
            ids.sort_unstable_by(|a, b| b.cmp(a));
            ids.truncate(usize::try_from(limit).unwrap_or(1));
            Ok(ids)
        }
    }
}

/// The part of a channel that the caller sees. Its seqs have no gaps and its ids rise with them.
struct Span {
    conversation_id: ConversationId,
    floor: Seq,
    last: Seq,
}

impl Span {
    fn len(&self) -> i64 {
        self.last - self.floor
    }

    async fn page<T: Tx>(&self, tx: &mut T, page: Page) -> Result<Vec<MessageId>> {
        Ok(inbox::page(
            tx,
            self.conversation_id,
            self.floor,
            self.last,
            page.skip,
            page.limit,
        )
        .await?)
    }

    /// The id of the message that has `newer` newer ones in this span.
    async fn id_behind<T: Tx>(&self, tx: &mut T, newer: i64) -> Result<MessageId> {
        let found = message::id_at(tx, self.conversation_id, self.last - newer).await?;
        Ok(found.unwrap_or(0))
    }

    /// How many of the newest `count` messages of two spans together are of this one, without reading them.
    async fn share_of<T: Tx>(&self, tx: &mut T, other: &Self, count: i64) -> Result<i64> {
        let count = count.min(self.len() + other.len());
        let (mut low, mut high) = ((count - other.len()).max(0), count.min(self.len()));
        while low < high {
            let middle = low + (high - low) / 2;
            let mine = self.id_behind(tx, middle).await?;
            let theirs = other.id_behind(tx, count - middle - 1).await?;
            if mine > theirs {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

/// A page of everything that was sent to the caller by people and by apps, newest first.
///
/// # Errors
/// `Invalid` for passing over more than 100,000.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// How many of the newest messages to pass over.
    pub skip: i64,
    /// How many, 1 to 200.
    pub limit: i64,
    /// Which of them.
    pub which: WhichReceived,
}

/// Which messages to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichReceived {
    /// All of them.
    All,
    /// Those that the caller has not read.
    Unread,
}

impl Query for Received {
    type Answer = Vec<InboxMessage>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<InboxMessage>> {
        if self.skip > SKIP_MAX {
            return Err(Error::invalid(format!(
                "at most {SKIP_MAX} messages are passed over: read the history with each correspondent"
            )));
        }
        let limit = self.limit.clamp(1, PAGE_MESSAGES_MAX);
        let mut streams = Streams::open(cx.tx, cx.actor, self.which).await?;
        let mut ids = Vec::new();
        let mut passed = 0;
        while let Some(id) = streams.next(cx.tx).await? {
            if passed < self.skip {
                passed += 1;
                continue;
            }
            ids.push(id);
            if ids.len() as i64 >= limit {
                break;
            }
        }
        load(cx.tx, cx.actor.user_id, &ids).await
    }
}

/// Messages of many conversations as one row, newest first. A conversation is not read before its turn has come.
struct Streams {
    reader: UserId,
    which: WhichReceived,
    streams: Vec<Stream>,
    /// The newest id that each stream may still have, and whether it is known to have it.
    heads: BinaryHeap<(MessageId, bool, usize)>,
}

struct Stream {
    piece: Piece,
    /// Ids read and not given yet, newest first.
    waiting: VecDeque<MessageId>,
}

impl Streams {
    async fn open<T: Tx>(tx: &mut T, actor: &Actor, which: WhichReceived) -> Result<Self> {
        let me = actor.user_id;
        let mut all = Self {
            reader: me,
            which,
            streams: Vec::new(),
            heads: BinaryHeap::new(),
        };
        for source in inbox::direct_sources(tx, me, SOURCES_MAX).await? {
            all.add(&source, me);
        }
        let channels = Channels::of(tx, actor).await?;
        for channel in &channels.all {
            let source = channel_source(tx, &channels, channel, which).await?;
            // A notice that one's own app account has caused is for oneself all the same.
            all.add(&source, 0);
        }
        Ok(all)
    }

    fn add(&mut self, source: &Source, except: UserId) {
        let after = match self.which {
            WhichReceived::All => source.floor,
            WhichReceived::Unread => source.floor.max(source.read_seq),
        };
        if after >= source.last_seq {
            return;
        }
        self.heads
            .push((source.last_message_id, false, self.streams.len()));
        self.streams.push(Stream {
            piece: Piece {
                conversation_id: source.conversation_id,
                after,
                before: source.last_seq + 1,
                except,
                limit: PIECE_IDS,
            },
            waiting: VecDeque::new(),
        });
    }

    /// The next id, from whichever conversation has the newest.
    async fn next<T: Tx>(&mut self, tx: &mut T) -> Result<Option<MessageId>> {
        while let Some((id, known, index)) = self.heads.pop() {
            if known {
                self.streams[index].waiting.pop_front();
                let next = self.streams[index].waiting.front();
                // At the end of a piece nothing more is known than that what follows is older.
                let head = next.map_or((id - 1, false, index), |next| (*next, true, index));
                self.heads.push(head);
                return Ok(Some(id));
            }
            self.read_on(tx, index).await?;
            if let Some(next) = self.streams[index].waiting.front() {
                self.heads.push((*next, true, index));
            }
        }
        Ok(None)
    }

    async fn read_on<T: Tx>(&mut self, tx: &mut T, index: usize) -> Result<()> {
        let stream = &mut self.streams[index];
        let found = match self.which {
            WhichReceived::All => inbox::received(tx, &stream.piece).await?,
            WhichReceived::Unread => inbox::received_unread(tx, &stream.piece, self.reader).await?,
        };
        if let Some((_, oldest_seq)) = found.last() {
            stream.piece.before = *oldest_seq;
        }
        stream.waiting.extend(found.into_iter().map(|(id, _)| id));
        Ok(())
    }
}

async fn channel_source<T: Tx>(
    tx: &mut T,
    channels: &Channels,
    channel: &Channel,
    which: WhichReceived,
) -> Result<Source> {
    let (floor, read_seq) = match which {
        WhichReceived::All => (channels.floor(tx, channel).await?, 0),
        WhichReceived::Unread => (0, channels.read_seq(tx, channel).await?),
    };
    Ok(Source {
        conversation_id: channel.id,
        last_message_id: channel.last_message_id,
        last_seq: channel.last_seq,
        floor,
        read_seq,
    })
}

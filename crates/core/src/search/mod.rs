//! Search in the texts of messages, as an index over the event log: which messages, newest first, contain a text and
//! may be seen. How a result is paged and shown is the query's business; docs/adr/0004 says why it is built this way.
//!
//! The index names candidates only. Every one is looked at before it counts, so an edited, recalled or deleted
//! message can never be found by what it used to say, however old the index is.

mod indexer;
mod merge;
mod normalise;
mod postings;
mod segment;
mod signal;
#[cfg(test)]
mod tests;

use parlance_store::Tx;
use parlance_store::table::search::{self, Candidate, LIVE, Segment};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::Result;
use crate::event::TEXT_KINDS;
use crate::types::{ConversationId, MessageId, Seq, Timestamp, UserId};
pub(crate) use indexer::start;
pub(crate) use normalise::{normalise, snippet};
pub(crate) use signal::Signal;

/// Matches that are made sure of before counting goes on by the index alone; a total up to this is exact.
pub(crate) const EXACT_MATCHES_MAX: usize = 2_000;
/// Results that can be paged through.
pub(crate) const MATCHES_MAX: usize = 10_000;
/// Messages looked at for one search at most, matches or not.
const EXAMINED_MAX: usize = 20_000;
/// Messages that are newer than the index and looked at for one search at most.
const TAIL_MAX: i64 = 16_384;
/// Messages read at a time.
const READ_MESSAGES: usize = 256;
/// Pairs of characters asked of the index for one search at most; the rest of a long text is compared on the message.
const KEYS_MAX: usize = 8;
/// From this many docs in one segment on it pays to ask the index which of them are in the right conversations.
const NARROWED_DOCS: usize = 64;

/// Content types whose content is text for people to read. The content of all others is opaque, or an address.
const TEXT_TYPES: [&str; 8] = [
    "TEXT",
    "LINK",
    "SYSTEM",
    "RICH_TEXT",
    "QUOTE",
    "FORWARD",
    "NOTIFY",
    "USER_NOTIFICATION",
];

/// Whether messages of this type can be found by their content.
pub(crate) fn is_text(content_type: &str) -> bool {
    TEXT_TYPES.contains(&content_type)
}

/// How the content has to match.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// It contains this normal form.
    Part(String),
    /// It is this text, letter by letter.
    Whole(String),
}

/// What is looked for, and where.
pub(crate) struct Search {
    pub(crate) wanted: Wanted,
    /// The conversations that may be seen, each with the seq after which its messages may.
    pub(crate) visible: FxHashMap<ConversationId, Seq>,
    pub(crate) content_type: Option<String>,
    pub(crate) sender_id: Option<UserId>,
    /// Sent at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Sent before this time.
    pub(crate) before: Option<Timestamp>,
    /// How many of the newest matches have to be made sure of.
    pub(crate) shown: usize,
}

/// What was found.
pub(crate) struct Matches {
    /// Newest first: all, or those that were made sure of.
    pub(crate) ids: Vec<MessageId>,
    /// How many there are in all likelihood, never less than `ids`.
    pub(crate) total: usize,
    /// Whether `ids` are all there are.
    pub(crate) all: bool,
}

impl Search {
    fn keys(&self) -> Vec<u32> {
        match &self.wanted {
            Wanted::Part(normal) => normalise::keys_of(normal, KEYS_MAX),
            Wanted::Whole(text) => normalise::keys_of(&normalise(text), KEYS_MAX),
        }
    }

    fn may_be_in(&self, segment: &Segment) -> bool {
        segment.docs > 0
            && self.from.is_none_or(|from| segment.last_at >= from)
            && self.before.is_none_or(|before| segment.first_at < before)
    }

    fn accepts(&self, message: &Candidate, normal: &mut String) -> bool {
        let seen = self.visible.get(&message.conversation_id);
        seen.is_some_and(|floor| message.seq > *floor)
            && is_text(&message.content_type)
            && self
                .content_type
                .as_ref()
                .is_none_or(|wanted| *wanted == message.content_type)
            && self
                .sender_id
                .is_none_or(|wanted| Some(wanted) == message.sender_id)
            && self.from.is_none_or(|from| message.created_at >= from)
            && self.before.is_none_or(|before| message.created_at < before)
            && match &self.wanted {
                Wanted::Whole(text) => message.content.trim() == text,
                Wanted::Part(part) => {
                    normalise::normalise_into(&message.content, normal);
                    normal.contains(part.as_str())
                }
            }
    }
}

/// Finds what is asked for, newest first.
pub(crate) async fn find<T: Tx>(tx: &mut T, search: &Search) -> Result<Matches> {
    let mut finding = Finding {
        tx,
        search,
        examined: FxHashSet::default(),
        matches: Vec::new(),
        candidates: 0,
        confirmed: 0,
        left: 0,
        normal: String::new(),
    };
    finding.run().await?;
    let mut ids = finding.matches;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    // What was not looked at will hold as many matches for a candidate as what was.
    let likely = finding.left * finding.confirmed / finding.candidates.max(1);
    let total = ids.len() + likely;
    let all = finding.left == 0;
    Ok(Matches { ids, total, all })
}

struct Finding<'a, T> {
    tx: &'a mut T,
    search: &'a Search,
    examined: FxHashSet<MessageId>,
    matches: Vec<MessageId>,
    /// Messages that the index named and that were looked at, and how many of them matched.
    candidates: usize,
    confirmed: usize,
    /// Candidates that were counted and not looked at.
    left: usize,
    normal: String,
}

impl<T: Tx> Finding<'_, T> {
    async fn run(&mut self) -> Result<()> {
        let search = self.search;
        if search.visible.is_empty()
            || search
                .content_type
                .as_ref()
                .is_some_and(|wanted| !is_text(wanted))
        {
            return Ok(());
        }
        let live = search::segments(self.tx, LIVE).await?;
        let newest = search::logged_ids(self.tx, indexer::cursor(&live), TEXT_KINDS, TAIL_MAX).await?;
        let newest = newest
            .into_iter()
            .filter(|(_, conversation)| search.visible.contains_key(conversation));
        let newest: Vec<MessageId> = newest.map(|(message, _)| message).collect();
        self.examine(&newest).await?;
        let keys = search.keys();
        for segment in live.iter().filter(|segment| search.may_be_in(segment)) {
            let mut docs = self.docs_with(segment, &keys).await?;
            // What is only counted from here on has to be in the right conversations, however little it is.
            if docs.len() >= NARROWED_DOCS || (self.is_full() && !docs.is_empty()) {
                self.narrow(segment, &mut docs).await?;
            }
            self.examine_docs(segment, &docs).await?;
        }
        Ok(())
    }

    /// The docs of a segment that have all keys, in rising order.
    async fn docs_with(&mut self, segment: &Segment, keys: &[u32]) -> Result<Vec<u32>> {
        let mut docs: Option<Vec<u32>> = None;
        for key in keys {
            let number = segment::key_piece(segment.level, *key);
            let piece = search::piece(self.tx, segment.id, number)
                .await?
                .unwrap_or_default();
            let with_key = postings::docs_of(&piece, u64::from(*key));
            let with_key = with_key.into_iter().flatten();
            docs = Some(match docs {
                None => with_key.collect(),
                Some(so_far) => in_both(so_far, with_key),
            });
            if docs.as_ref().is_some_and(Vec::is_empty) {
                break;
            }
        }
        Ok(docs.unwrap_or_default())
    }

    /// Keeps the docs that are in visible conversations.
    async fn narrow(&mut self, segment: &Segment, docs: &mut Vec<u32>) -> Result<()> {
        let visible = &self.search.visible;
        let pieces = visible
            .keys()
            .map(|id| segment::conversation_piece(segment.level, *id));
        let pieces: FxHashSet<i64> = pieces.collect();
        let mut bits = vec![0_u64; usize::try_from(segment.docs).unwrap_or(0).div_ceil(64)];
        for number in pieces {
            let piece = search::piece(self.tx, segment.id, number)
                .await?
                .unwrap_or_default();
            let entries = postings::PieceReader::new(&piece);
            for doc in entries
                .filter(|(id, _)| visible.contains_key(&(*id as i64)))
                .flat_map(|(_, docs)| docs)
            {
                if let Some(word) = bits.get_mut(doc as usize / 64) {
                    *word |= 1 << (doc % 64);
                }
            }
        }
        docs.retain(|doc| {
            bits.get(*doc as usize / 64)
                .is_some_and(|word| word >> (doc % 64) & 1 == 1)
        });
        Ok(())
    }

    /// Whether enough was looked at, so that the rest is only counted.
    fn is_full(&self) -> bool {
        self.matches.len() >= self.search.shown.max(EXACT_MATCHES_MAX) || self.examined.len() >= EXAMINED_MAX
    }

    /// Looks at the messages of these docs, newest first.
    async fn examine_docs(&mut self, segment: &Segment, docs: &[u32]) -> Result<()> {
        let same_piece = |a: &u32, b: &u32| segment::ids_piece(*a) == segment::ids_piece(*b);
        for of_piece in docs.chunk_by(same_piece).rev() {
            if self.is_full() {
                self.left += of_piece.len();
                continue;
            }
            let number = segment::ids_piece(of_piece[0]);
            let piece = search::piece(self.tx, segment.id, number)
                .await?
                .unwrap_or_default();
            let all = postings::read_ids(&piece);
            let newest_first = of_piece.iter().rev();
            let ids = newest_first.filter_map(|doc| all.get(*doc as usize % segment::IDS_PER_PIECE).copied());
            let (looked_at, found) = (self.examined.len(), self.matches.len());
            self.examine(&ids.collect::<Vec<MessageId>>()).await?;
            self.candidates += self.examined.len() - looked_at;
            self.confirmed += self.matches.len() - found;
        }
        Ok(())
    }

    /// Looks at these messages, newest first.
    async fn examine(&mut self, ids: &[MessageId]) -> Result<()> {
        for some in ids.chunks(READ_MESSAGES) {
            if self.is_full() {
                self.left += some.len();
                continue;
            }
            let new: Vec<MessageId> = some
                .iter()
                .copied()
                .filter(|id| self.examined.insert(*id))
                .collect();
            for message in search::candidates(self.tx, &new).await? {
                if self.search.accepts(&message, &mut self.normal) {
                    self.matches.push(message.id);
                }
            }
        }
        Ok(())
    }
}

/// What two rising sequences have in common.
fn in_both(a: Vec<u32>, mut b: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut next = b.next();
    let mut both = a;
    both.retain(|doc| {
        while next.is_some_and(|other| other < *doc) {
            next = b.next();
        }
        next == Some(*doc)
    });
    both
}

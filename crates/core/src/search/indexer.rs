//! The background task that keeps the search index up with the event log. It alone writes the index: it seals the
//! newest texts into a small segment, merges small segments into larger ones, and removes what was merged. Its
//! cursor is the last event of the newest segment, so a crash loses nothing; an unfinished merge is thrown away.

use std::sync::Arc;

use parlance_store::table::event;
use parlance_store::table::search::{self, BUILDING, LIVE, LoggedText, RETIRED, Segment};
use parlance_store::{Log, Read, Store, Tx, Work};

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, TEXT_KINDS};
use crate::search::is_text;
use crate::search::merge::Merge;
use crate::search::segment::{Builder, LEVEL_MAX, MERGE_SEGMENTS, Piece};
use crate::search::signal::{Signal, WAITING_BYTES_MAX};

/// Texts that wait before they are sealed; a query looks at those one by one. Tests want many segments of few texts.
const SEALED_DOCS: usize = if cfg!(test) { 8 } else { 2_048 };
/// Events that wait at most, however few of them are texts.
const SEALED_EVENTS_MAX: i64 = 32_768;
/// Messages read at a time.
const READ_MESSAGES: usize = 256;
/// Pieces removed in one command; more would make a send wait.
const COMMAND_DELETES: i64 = 64;

/// Starts the indexer. It ends when the writer does.
pub(crate) fn start(store: Store<Event>, signal: Arc<Signal>) {
    let mut indexer = Indexer { store, merge: None };
    tokio::spawn(async move { indexer.run(&signal).await });
}

/// Where the index stands.
pub(crate) struct Survey {
    live: Vec<Segment>,
    /// Being written by nobody any more, or replaced.
    litter: Vec<i64>,
    /// The newest event, and how many texts wait up to it.
    head: i64,
    waiting: usize,
}

impl Survey {
    fn cursor(&self) -> i64 {
        cursor(&self.live)
    }

    /// Whether nothing is left to do until something happens.
    #[cfg(test)]
    pub(crate) fn is_settled(&self) -> bool {
        self.waiting < SEALED_DOCS && self.litter.is_empty() && self.mergeable().is_none()
    }

    /// How many segments queries read.
    #[cfg(test)]
    pub(crate) fn segments(&self) -> usize {
        self.live.len()
    }

    /// The level of the largest segment.
    #[cfg(test)]
    pub(crate) fn top_level(&self) -> i64 {
        self.live.iter().map(|segment| segment.level).max().unwrap_or(0)
    }

    /// The oldest segments of the lowest level that has enough of them, oldest first.
    fn mergeable(&self) -> Option<Vec<Segment>> {
        (0..LEVEL_MAX).find_map(|level| {
            let of_level = self.live.iter().rev().filter(|segment| segment.level == level);
            let oldest: Vec<Segment> = of_level.take(MERGE_SEGMENTS).cloned().collect();
            (oldest.len() == MERGE_SEGMENTS).then_some(oldest)
        })
    }
}

/// The last event that is in a segment; `live` is newest first.
pub(crate) fn cursor(live: &[Segment]) -> i64 {
    live.first().map_or(0, |newest| newest.last_event)
}

struct LookAround {
    merging: Option<i64>,
}

impl Read for LookAround {
    type Answer = Survey;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Survey> {
        let live = search::segments(tx, LIVE).await?;
        let mut litter = Vec::new();
        for state in [BUILDING, RETIRED] {
            let segments = search::segments(tx, state).await?;
            litter.extend(segments.iter().map(|segment| segment.id));
        }
        litter.retain(|id| Some(*id) != self.merging);
        let head = event::last_position(tx).await?;
        let most = SEALED_DOCS as i64;
        let waiting = search::count_logged(tx, cursor(&live), head, TEXT_KINDS, most).await?;
        Ok(Survey {
            live,
            litter,
            head,
            waiting: usize::try_from(waiting).unwrap_or(0),
        })
    }
}

/// Where the index of this store stands.
#[cfg(test)]
pub(crate) async fn survey_of(store: &Store<Event>) -> Result<Survey> {
    store.read(LookAround { merging: None }).await
}

struct ReadTexts {
    after: i64,
    upto: i64,
}

impl Read for ReadTexts {
    type Answer = Vec<LoggedText>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<LoggedText>> {
        Ok(search::logged_texts(tx, self.after, self.upto, TEXT_KINDS, READ_MESSAGES as i64).await?)
    }
}

struct Seal {
    segment: Segment,
    pieces: Vec<Piece>,
}

impl Work for Seal {
    type Reply = ();
    type Refusal = Error;
    type Event = Event;

    async fn apply<T: Tx>(&self, tx: &mut T, _log: &mut Log<Event>) -> Result<()> {
        let id = search::insert_segment(tx, &self.segment).await?;
        for (piece, data) in &self.pieces {
            search::insert_piece(tx, id, *piece, data).await?;
        }
        Ok(())
    }
}

struct Sweep {
    segment_id: i64,
}

impl Work for Sweep {
    type Reply = ();
    type Refusal = Error;
    type Event = Event;

    async fn apply<T: Tx>(&self, tx: &mut T, _log: &mut Log<Event>) -> Result<()> {
        if search::delete_pieces(tx, self.segment_id, COMMAND_DELETES).await? == 0 {
            search::delete_segment(tx, self.segment_id).await?;
        }
        Ok(())
    }
}

struct Indexer {
    store: Store<Event>,
    merge: Option<Merge>,
}

impl Indexer {
    async fn run(&mut self, signal: &Signal) {
        let mut wait_for = 0;
        loop {
            match self.turn(signal).await {
                Ok(None) => continue,
                Ok(Some(position)) => wait_for = position,
                Err(error) => {
                    // Tried again when as much as fits into a segment has come in: the log keeps it all.
                    wait_for = signal.newest().max(wait_for) + SEALED_DOCS as i64;
                    self.merge = None;
                    if !signal.is_closed() {
                        tracing::warn!(%error, "the search index could not be brought up to date");
                    }
                }
            }
            if !signal.reached(wait_for).await {
                return;
            }
        }
    }

    /// Does the most urgent thing. With nothing to do, gives the event to wait for.
    async fn turn(&mut self, signal: &Signal) -> Result<Option<i64>> {
        let heavy = signal.take_heavy();
        let merging = self.merge.as_ref().map(Merge::target);
        let survey = self.store.read(LookAround { merging }).await?;
        let events = survey.head - survey.cursor();
        if survey.waiting >= SEALED_DOCS || events >= SEALED_EVENTS_MAX || (heavy && survey.waiting > 0) {
            self.seal(&survey).await?;
        } else if let Some(merge) = &mut self.merge {
            if merge.step(&self.store).await? {
                self.merge = None;
            }
        } else if let Some(segment_id) = survey.litter.first() {
            self.store
                .execute(Sweep {
                    segment_id: *segment_id,
                })
                .await?;
        } else if let Some(sources) = survey.mergeable() {
            self.merge = Some(Merge::begin(&self.store, sources).await?);
        } else {
            let texts_left = (SEALED_DOCS - survey.waiting) as i64;
            return Ok(Some(survey.head + texts_left.min(SEALED_EVENTS_MAX - events)));
        }
        Ok(None)
    }

    /// Makes a segment of the oldest texts that wait.
    async fn seal(&self, survey: &Survey) -> Result<()> {
        let mut builder = Builder::default();
        let mut last_event = survey.cursor();
        let mut taken = 0;
        loop {
            let (after, upto) = (last_event, survey.head);
            let texts = self.store.read(ReadTexts { after, upto }).await?;
            for text in texts.iter().take(SEALED_DOCS - taken) {
                last_event = text.event_id;
                taken += 1;
                if is_text(&text.content_type) && !text.content.is_empty() {
                    builder.add(
                        text.conversation_id,
                        text.message_id,
                        text.created_at,
                        &text.content,
                    );
                }
            }
            if taken >= SEALED_DOCS || builder.bytes() >= WAITING_BYTES_MAX {
                break;
            }
            if texts.len() < READ_MESSAGES {
                last_event = survey.head;
                break;
            }
        }
        let (first_at, last_at) = builder.span.unwrap_or((0, 0));
        let segment = Segment {
            id: 0,
            level: 0,
            state: LIVE,
            first_event: survey.cursor() + 1,
            last_event,
            docs: builder.docs() as i64,
            first_at,
            last_at,
        };
        let pieces = tokio::task::spawn_blocking(move || builder.finish()).await;
        let pieces = pieces.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        self.store.execute(Seal { segment, pieces }).await
    }
}

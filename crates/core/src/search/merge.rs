//! Merges neighbouring segments into one, a little at a time: between two steps the indexer seals what came in, and
//! no step makes a send wait for long. The new segment is seen by queries at once and whole, when the last step is
//! done. What the pieces hold is the segment's business.

use parlance_store::table::search::{self, BUILDING, LIVE, RETIRED, Segment};
use parlance_store::{Log, Read, Store, Tx, Work};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::search::segment::{
    IDS_PER_PIECE, Piece, Source, conversation_piece, conversation_pieces, ids_piece, key_pieces,
    merge_conversations, merge_ids, merge_keys,
};

/// Bytes written in one command; more would make a send wait.
const COMMAND_BYTES_MAX: usize = 256 * 1024;
/// Key pieces of each source merged in one step.
const STEP_KEY_PIECES: i64 = 8;

/// What is merged next.
#[derive(Clone, Copy)]
enum Stage {
    Ids,
    Conversations(i64),
    Keys(i64),
    Finish,
}

/// A merge under way.
pub(crate) struct Merge {
    sources: Vec<Segment>,
    target: i64,
    level: i64,
    stage: Stage,
}

struct Begin(Segment);

impl Work for Begin {
    type Reply = i64;
    type Refusal = Error;
    type Event = Event;

    async fn apply<T: Tx>(&self, tx: &mut T, _log: &mut Log<Event>) -> Result<i64> {
        Ok(search::insert_segment(tx, &self.0).await?)
    }
}

struct WritePieces {
    segment_id: i64,
    pieces: Vec<Piece>,
}

impl Work for WritePieces {
    type Reply = ();
    type Refusal = Error;
    type Event = Event;

    async fn apply<T: Tx>(&self, tx: &mut T, _log: &mut Log<Event>) -> Result<()> {
        for (piece, data) in &self.pieces {
            search::insert_piece(tx, self.segment_id, *piece, data).await?;
        }
        Ok(())
    }
}

struct Finish {
    target: i64,
    sources: Vec<i64>,
}

impl Work for Finish {
    type Reply = ();
    type Refusal = Error;
    type Event = Event;

    async fn apply<T: Tx>(&self, tx: &mut T, _log: &mut Log<Event>) -> Result<()> {
        search::set_state(tx, self.target, LIVE).await?;
        for source in &self.sources {
            search::set_state(tx, *source, RETIRED).await?;
        }
        Ok(())
    }
}

/// Reads these pieces, each of a segment; missing ones are empty.
struct ReadPieces(Vec<(i64, i64)>);

impl Read for ReadPieces {
    type Answer = Vec<Vec<u8>>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Vec<u8>>> {
        let mut pieces = Vec::with_capacity(self.0.len());
        for (segment_id, piece) in &self.0 {
            pieces.push(search::piece(tx, *segment_id, *piece).await?.unwrap_or_default());
        }
        Ok(pieces)
    }
}

impl Merge {
    /// Begins to merge neighbours of one level, oldest first.
    pub(crate) async fn begin(store: &Store<Event>, sources: Vec<Segment>) -> Result<Self> {
        let (Some(first), Some(last)) = (sources.first(), sources.last()) else {
            return Err(Error::new(ErrorKind::Internal, "nothing to merge"));
        };
        let filled = || sources.iter().filter(|segment| segment.docs > 0);
        let segment = Segment {
            id: 0,
            level: first.level + 1,
            state: BUILDING,
            first_event: first.first_event,
            last_event: last.last_event,
            docs: sources.iter().map(|segment| segment.docs).sum(),
            first_at: filled().map(|segment| segment.first_at).min().unwrap_or(0),
            last_at: filled().map(|segment| segment.last_at).max().unwrap_or(0),
        };
        let level = segment.level;
        let target = store.execute(Begin(segment)).await?;
        Ok(Self {
            sources,
            target,
            level,
            stage: Stage::Ids,
        })
    }

    /// The segment that is being written.
    pub(crate) fn target(&self) -> i64 {
        self.target
    }

    /// Does the next step; whether it was the last.
    pub(crate) async fn step(&mut self, store: &Store<Event>) -> Result<bool> {
        let level = self.level;
        self.stage = match self.stage {
            Stage::Ids => {
                self.merge_ids(store).await?;
                Stage::Conversations(0)
            }
            Stage::Conversations(piece) => {
                let number = conversation_piece(level - 1, piece);
                self.merge_pieces(store, number..number + 1, merge_conversations)
                    .await?;
                match piece + 1 {
                    next if next < conversation_pieces(level - 1) => Stage::Conversations(next),
                    _ => Stage::Keys(0),
                }
            }
            Stage::Keys(piece) => {
                let upto = (piece + STEP_KEY_PIECES).min(key_pieces(level - 1));
                self.merge_pieces(store, piece..upto, merge_keys).await?;
                if upto < key_pieces(level - 1) {
                    Stage::Keys(upto)
                } else {
                    Stage::Finish
                }
            }
            Stage::Finish => {
                let sources = self.sources.iter().map(|segment| segment.id).collect();
                let target = self.target;
                store.execute(Finish { target, sources }).await?;
                return Ok(true);
            }
        };
        Ok(false)
    }

    async fn merge_ids(&self, store: &Store<Event>) -> Result<()> {
        let mut numbers = Vec::new();
        for source in &self.sources {
            let pieces = (0..source.docs).step_by(IDS_PER_PIECE);
            numbers.extend(pieces.map(|doc| (source.id, ids_piece(u32::try_from(doc).unwrap_or(u32::MAX)))));
        }
        let pieces = store.read(ReadPieces(numbers)).await?;
        self.write(store, merge_ids(&pieces)).await
    }

    /// Merges a range of pieces, all sources at a time, with `merge`.
    async fn merge_pieces(
        &self,
        store: &Store<Event>,
        range: std::ops::Range<i64>,
        merge: fn(i64, &[Source]) -> Vec<Piece>,
    ) -> Result<()> {
        let (level, sources) = (self.level, self.sources.len());
        let mut bases = Vec::with_capacity(sources);
        let mut base = 0;
        for source in &self.sources {
            bases.push(base);
            base += u32::try_from(source.docs).unwrap_or(0);
        }
        let numbers = range.flat_map(|piece| self.sources.iter().map(move |source| (source.id, piece)));
        let pieces = store.read(ReadPieces(numbers.collect())).await?;
        let merged = tokio::task::spawn_blocking(move || {
            let mut merged = Vec::new();
            let based: Vec<Source> = bases.iter().copied().cycle().zip(pieces).collect();
            for of_piece in based.chunks(sources) {
                merged.extend(merge(level, of_piece));
            }
            merged
        });
        let merged = merged
            .await
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        self.write(store, merged).await
    }

    async fn write(&self, store: &Store<Event>, pieces: Vec<Piece>) -> Result<()> {
        let mut command = Vec::new();
        let mut bytes = 0;
        for piece in pieces {
            bytes += piece.1.len();
            command.push(piece);
            if bytes >= COMMAND_BYTES_MAX {
                self.write_together(store, std::mem::take(&mut command)).await?;
                bytes = 0;
            }
        }
        self.write_together(store, command).await
    }

    async fn write_together(&self, store: &Store<Event>, pieces: Vec<Piece>) -> Result<()> {
        if pieces.is_empty() {
            return Ok(());
        }
        let segment_id = self.target;
        store.execute(WritePieces { segment_id, pieces }).await
    }
}

//! What a segment of the index is made of, and how one is built from texts or merged from smaller ones.
//!
//! The texts of a segment, its docs, are numbered from 0 in the order of the log. Three kinds of pieces speak of
//! them: which docs have a key (pairs of characters and single ones), which docs are of a conversation, and which
//! message a doc is. A larger segment has more pieces, not much larger ones, so that a query reads equally little.
//! Nothing in here touches the database.

use rustc_hash::FxHashMap;

use crate::search::normalise::{for_each_key, normalise_into};
use crate::search::postings::{PieceReader, PieceWriter, read_ids, write_ids};

/// Segments of this level are not merged any further: about a million texts.
pub(crate) const LEVEL_MAX: i64 = 3;
/// So many neighbours of one level become one segment of the next.
pub(crate) const MERGE_SEGMENTS: usize = 8;
/// Docs whose message ids share a piece.
pub(crate) const IDS_PER_PIECE: usize = 4_096;

/// Pieces of a level-0 segment that hold keys, as a power of two; each level has four times as many as the last.
const KEY_PIECES_BITS: u32 = 6;
/// Numbers of the pieces that hold conversations and ids; keys come first.
const CONVERSATIONS_FROM: i64 = 1 << 20;
const IDS_FROM: i64 = 2 << 20;

/// One piece: its number in the segment, and its bytes.
pub(crate) type Piece = (i64, Vec<u8>);
/// A piece of a segment that is merged, after the number that its first doc gets.
pub(crate) type Source = (u32, Vec<u8>);

fn key_bits(level: i64) -> u32 {
    KEY_PIECES_BITS + 2 * u32::try_from(level.clamp(0, LEVEL_MAX)).unwrap_or(0)
}

/// How many pieces hold the keys of a segment.
pub(crate) fn key_pieces(level: i64) -> i64 {
    1 << key_bits(level)
}

/// The piece that holds `key`. Keys of a piece are neighbours, so that a piece splits into whole pieces of the next
/// level.
pub(crate) fn key_piece(level: i64, key: u32) -> i64 {
    i64::from(key >> (u32::BITS - key_bits(level)))
}

/// How many pieces hold the conversations of a segment.
pub(crate) fn conversation_pieces(level: i64) -> i64 {
    match level {
        ..2 => 1,
        2 => 8,
        _ => 64,
    }
}

/// The piece that holds a conversation.
pub(crate) fn conversation_piece(level: i64, conversation_id: i64) -> i64 {
    CONVERSATIONS_FROM + conversation_id % conversation_pieces(level)
}

/// The piece that holds the message id of a doc.
pub(crate) fn ids_piece(doc: u32) -> i64 {
    IDS_FROM + i64::from(doc) / IDS_PER_PIECE as i64
}

/// A key in the upper half and a doc in the lower: sorting sorts by key, then doc.
fn pair(key: u32, doc: u32) -> u64 {
    u64::from(key) << 32 | u64::from(doc)
}

fn key_of(pair: u64) -> u32 {
    (pair >> 32) as u32
}

fn doc_of(pair: u64) -> u32 {
    pair as u32
}

/// Writes sorted pairs into the key pieces of a level.
fn write_keys(level: i64, pairs: &[u64], pieces: &mut Vec<Piece>) {
    let piece_of = |pair: &u64| key_piece(level, key_of(*pair));
    for of_piece in pairs.chunk_by(|a, b| piece_of(a) == piece_of(b)) {
        let mut writer = PieceWriter::default();
        for of_key in of_piece.chunk_by(|a, b| key_of(*a) == key_of(*b)) {
            writer.push(
                u64::from(key_of(of_key[0])),
                of_key.iter().map(|pair| doc_of(*pair)),
            );
        }
        pieces.push((piece_of(&of_piece[0]), writer.finish()));
    }
}

/// Writes docs by conversation into the conversation pieces of a level.
fn write_conversations(level: i64, docs: &FxHashMap<i64, Vec<u32>>, pieces: &mut Vec<Piece>) {
    let mut ids: Vec<i64> = docs.keys().copied().collect();
    ids.sort_unstable_by_key(|id| (conversation_piece(level, *id), *id));
    for of_piece in ids.chunk_by(|a, b| conversation_piece(level, *a) == conversation_piece(level, *b)) {
        let mut writer = PieceWriter::default();
        for id in of_piece {
            writer.push(id.unsigned_abs(), docs[id].iter().copied());
        }
        pieces.push((conversation_piece(level, of_piece[0]), writer.finish()));
    }
}

/// Collects texts for a level-0 segment.
#[derive(Default)]
pub(crate) struct Builder {
    pairs: Vec<u64>,
    conversations: FxHashMap<i64, Vec<u32>>,
    ids: Vec<i64>,
    bytes: usize,
    /// When the oldest and the newest message of it were sent.
    pub(crate) span: Option<(i64, i64)>,
    normal: String,
}

impl Builder {
    /// Takes a text up as the next doc.
    pub(crate) fn add(&mut self, conversation_id: i64, message_id: i64, created_at: i64, text: &str) {
        let doc = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        self.ids.push(message_id);
        self.conversations.entry(conversation_id).or_default().push(doc);
        self.bytes += text.len();
        let (first, last) = self.span.unwrap_or((created_at, created_at));
        self.span = Some((first.min(created_at), last.max(created_at)));
        normalise_into(text, &mut self.normal);
        let pairs = &mut self.pairs;
        for_each_key(&self.normal, |key| pairs.push(pair(key, doc)));
    }

    /// Texts taken up.
    pub(crate) fn docs(&self) -> usize {
        self.ids.len()
    }

    /// Bytes of the texts taken up.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The pieces of the segment.
    pub(crate) fn finish(mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.pairs.sort_unstable();
        self.pairs.dedup();
        write_keys(0, &self.pairs, &mut pieces);
        write_conversations(0, &self.conversations, &mut pieces);
        write_ids_from(0, &self.ids, &mut pieces);
        pieces
    }
}

fn write_ids_from(first_doc: usize, ids: &[i64], pieces: &mut Vec<Piece>) {
    for (index, of_piece) in ids.chunks(IDS_PER_PIECE).enumerate() {
        let doc = u32::try_from(first_doc + index * IDS_PER_PIECE).unwrap_or(u32::MAX);
        pieces.push((ids_piece(doc), write_ids(of_piece)));
    }
}

/// Merges the id pieces of neighbours; `pieces` are all of each source, in order.
pub(crate) fn merge_ids(pieces: &[Vec<u8>]) -> Vec<Piece> {
    let ids: Vec<i64> = pieces.iter().flat_map(|piece| read_ids(piece)).collect();
    let mut merged = Vec::new();
    write_ids_from(0, &ids, &mut merged);
    merged
}

/// Merges one conversation piece of each source into pieces of `level`; each source comes with its first doc's
/// number in the merged segment.
pub(crate) fn merge_conversations(level: i64, sources: &[Source]) -> Vec<Piece> {
    let mut docs: FxHashMap<i64, Vec<u32>> = FxHashMap::default();
    for (base, piece) in sources {
        for (id, of_conversation) in PieceReader::new(piece) {
            let merged = docs.entry(id as i64).or_default();
            merged.extend(of_conversation.map(|doc| base + doc));
        }
    }
    let mut pieces = Vec::new();
    write_conversations(level, &docs, &mut pieces);
    pieces
}

/// Merges one key piece of each source into pieces of `level`.
pub(crate) fn merge_keys(level: i64, sources: &[Source]) -> Vec<Piece> {
    let mut pairs = Vec::new();
    for (base, piece) in sources {
        for (key, docs) in PieceReader::new(piece) {
            pairs.extend(docs.map(|doc| pair(key as u32, base + doc)));
        }
    }
    // Made of sorted runs, which this sort takes as they are.
    pairs.sort();
    let mut pieces = Vec::new();
    write_keys(level, &pairs, &mut pieces);
    pieces
}

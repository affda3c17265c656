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

/// Merges one key piece of each source into pieces of `level`. Docs of a later source come after those of an earlier
/// one, so the lists of a key only have to be put behind each other.
pub(crate) fn merge_keys(level: i64, sources: &[Source]) -> Vec<Piece> {
    let mut readers = Vec::with_capacity(sources.len());
    for (base, piece) in sources {
        readers.push((*base, PieceReader::new(piece).peekable()));
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut writer = PieceWriter::default();
    let mut number = None;
    let mut docs = Vec::new();
    while let Some(key) = readers
        .iter_mut()
        .filter_map(|(_, reader)| reader.peek())
        .map(|entry| entry.0)
        .min()
    {
        docs.clear();
        for (base, reader) in &mut readers {
            if let Some((_, list)) = reader.next_if(|entry| entry.0 == key) {
                docs.extend(list.map(|doc| *base + doc));
            }
        }
        let next = key_piece(level, key as u32);
        if let Some(full) = number.replace(next).filter(|number| *number != next) {
            pieces.push((full, std::mem::take(&mut writer).finish()));
        }
        writer.push(key, docs.iter().copied());
    }
    pieces.extend(number.map(|number| (number, writer.finish())));
    pieces
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::search::normalise::keys_of;
    use crate::search::postings::docs_of;

    type Pieces = BTreeMap<i64, Vec<u8>>;

    fn text(number: usize) -> String {
        format!("第{number}条 message number {number}")
    }

    fn small(first: usize, texts: usize) -> (u32, Pieces) {
        let mut builder = Builder::default();
        for number in first..first + texts {
            builder.add(number as i64 % 100, 1_000 + number as i64, 0, &text(number));
        }
        (texts as u32, builder.finish().into_iter().collect())
    }

    /// Merges all pieces of neighbours of `level - 1`.
    fn merged(level: i64, sources: &[(u32, Pieces)]) -> (u32, Pieces) {
        let mut bases = Vec::new();
        let mut docs = 0;
        for (texts, _) in sources {
            bases.push(docs);
            docs += texts;
        }
        let of_each = |number: i64| -> Vec<Source> {
            let piece = |pieces: &Pieces| pieces.get(&number).cloned().unwrap_or_default();
            let each = bases.iter().zip(sources);
            each.map(|(base, (_, pieces))| (*base, piece(pieces))).collect()
        };
        let mut all = Vec::new();
        for piece in 0..conversation_pieces(level - 1) {
            all.extend(merge_conversations(
                level,
                &of_each(conversation_piece(level - 1, piece)),
            ));
        }
        for piece in 0..key_pieces(level - 1) {
            all.extend(merge_keys(level, &of_each(piece)));
        }
        let ids: Vec<Vec<u8>> = of_each(ids_piece(0))
            .into_iter()
            .map(|(_, piece)| piece)
            .collect();
        all.extend(merge_ids(&ids));
        let written = all.len();
        let pieces: Pieces = all.into_iter().collect();
        assert_eq!(pieces.len(), written, "no piece is written twice");
        (docs, pieces)
    }

    #[test]
    fn a_merged_segment_says_what_its_sources_said_on_every_level() {
        let mut level_below: Vec<(u32, Pieces)> = (0..8).map(|index| small(index * 25, 25)).collect();
        for level in 1..=LEVEL_MAX {
            let (left, right) = level_below.split_at(level_below.len() / 2);
            level_below = vec![merged(level, left), merged(level, right)];
        }
        let (first, second) = (&level_below[0], &level_below[1]);
        assert_eq!((first.0, second.0), (100, 100));
        for (number, half) in [
            (0, first),
            (57, first),
            (99, first),
            (100, second),
            (163, second),
            (199, second),
        ] {
            let doc = number % 100;
            let ids = read_ids(&half.1[&ids_piece(doc)]);
            assert_eq!(ids[doc as usize], 1_000 + i64::from(number));
            for key in keys_of(&text(number as usize), usize::MAX) {
                let piece = &half.1[&key_piece(LEVEL_MAX, key)];
                assert!(
                    docs_of(piece, u64::from(key)).unwrap().any(|found| found == doc),
                    "doc {doc}"
                );
            }
            let piece = &half.1[&conversation_piece(LEVEL_MAX, i64::from(doc))];
            assert_eq!(
                docs_of(piece, u64::from(doc)).unwrap().collect::<Vec<u32>>(),
                [doc]
            );
        }
    }
}

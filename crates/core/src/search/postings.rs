//! How lists of numbers are written into a piece of the index: sorted keys, each with its sorted list of docs, all as
//! differences in the fewest bytes. A piece that ends early or makes no sense reads as if it ended there.

/// Appends a number, 7 bits in each byte, lowest first.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front.
pub(crate) fn take_number(data: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = data.split_first()?;
        *data = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Writes one piece: keys in rising order, each with its docs in rising order.
#[derive(Default)]
pub(crate) struct PieceWriter {
    out: Vec<u8>,
    list: Vec<u8>,
    previous_key: u64,
}

impl PieceWriter {
    pub(crate) fn push(&mut self, key: u64, docs: impl IntoIterator<Item = u32>) {
        self.list.clear();
        let mut previous = 0;
        for doc in docs {
            put_number(&mut self.list, u64::from(doc - previous));
            previous = doc;
        }
        put_number(&mut self.out, key - self.previous_key);
        put_number(&mut self.out, self.list.len() as u64);
        self.out.extend_from_slice(&self.list);
        self.previous_key = key;
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Reads the entries of a piece in order.
pub(crate) struct PieceReader<'a> {
    rest: &'a [u8],
    key: u64,
}

impl<'a> PieceReader<'a> {
    pub(crate) fn new(piece: &'a [u8]) -> Self {
        Self { rest: piece, key: 0 }
    }
}

impl<'a> Iterator for PieceReader<'a> {
    type Item = (u64, Docs<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.key = self.key.checked_add(take_number(&mut self.rest)?)?;
        let length = usize::try_from(take_number(&mut self.rest)?).ok()?;
        let (list, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some((self.key, Docs { rest: list, doc: 0 }))
    }
}

/// The docs of one key, in rising order.
#[derive(Clone)]
pub(crate) struct Docs<'a> {
    rest: &'a [u8],
    doc: u32,
}

impl Iterator for Docs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let step = u32::try_from(take_number(&mut self.rest)?).ok()?;
        self.doc = self.doc.checked_add(step)?;
        Some(self.doc)
    }
}

/// The docs of `key` in a piece, if it has any.
pub(crate) fn docs_of(piece: &[u8], key: u64) -> Option<Docs<'_>> {
    PieceReader::new(piece)
        .take_while(|(found, _)| *found <= key)
        .find_map(|(found, docs)| (found == key).then_some(docs))
}

/// Writes message ids in the order of their docs. Later ones are mostly, but not always, larger.
pub(crate) fn write_ids(ids: &[i64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ids.len() * 3);
    let mut previous = 0_i64;
    for id in ids {
        let step = id.wrapping_sub(previous);
        // Small steps in either direction become small numbers.
        put_number(&mut out, ((step << 1) ^ (step >> 63)) as u64);
        previous = *id;
    }
    out
}

/// Reads what [`write_ids`] wrote.
pub(crate) fn read_ids(mut data: &[u8]) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut previous = 0_i64;
    while let Some(number) = take_number(&mut data) {
        let step = (number >> 1) as i64 ^ -((number & 1) as i64);
        previous = previous.wrapping_add(step);
        ids.push(previous);
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_gives_back_what_was_put_in() {
        let mut writer = PieceWriter::default();
        let entries: Vec<(u64, Vec<u32>)> = vec![
            (0, vec![0]),
            (7, vec![0, 1, 127, 128, 16_384, u32::MAX]),
            (u64::MAX / 2, vec![5]),
        ];
        for (key, docs) in &entries {
            writer.push(*key, docs.iter().copied());
        }
        let piece = writer.finish();
        let read: Vec<(u64, Vec<u32>)> = PieceReader::new(&piece)
            .map(|(key, docs)| (key, docs.collect()))
            .collect();
        assert_eq!(read, entries);
        assert_eq!(docs_of(&piece, 7).unwrap().count(), 6);
        assert!(docs_of(&piece, 8).is_none());
    }

    #[test]
    fn a_damaged_piece_ends_early_and_does_no_harm() {
        let mut writer = PieceWriter::default();
        writer.push(3, [1, 2, 3]);
        writer.push(9, [4]);
        let piece = writer.finish();
        for length in 0..piece.len() {
            assert!(PieceReader::new(&piece[..length]).count() < 2);
        }
        let nonsense = [0xff; 40];
        assert_eq!(PieceReader::new(&nonsense).count(), 0);
        assert!(read_ids(&nonsense).is_empty());
    }

    #[test]
    fn ids_go_up_and_down() {
        let ids = [5, 6, 1 << 52, 7, 0, i64::MAX, i64::MIN];
        assert_eq!(read_ids(&write_ids(&ids)), ids);
        assert!(read_ids(&write_ids(&[])).is_empty());
    }
}

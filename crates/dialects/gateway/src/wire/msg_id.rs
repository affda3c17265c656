//! The message ids of this dialect: the common number, spelt as 19 characters (gateway.md A7).
//!
//! Eighty bits: 42 of Unix time in milliseconds, 12 of a counter, 4 of the conversation's type and 22 of a hash of
//! its id. The common number has time and counter; what the conversation adds can be left away, so texts need not be
//! kept and are in the order of the numbers.

use parlance_core::types::MessageId;

/// 2020-01-01T00:00:00Z in milliseconds since 1970: where the common number begins to count.
const EPOCH_MS: i64 = 1_577_836_800_000;
/// Bits of the counter within a millisecond, in both.
const COUNTER_BITS: u32 = 12;
/// Bits of the conversation's type.
const CATEGORY_BITS: u32 = 4;
/// Bits of the conversation's hash.
const HASH_BITS: u32 = 22;
/// Bits of the time.
const TIME_BITS: u32 = 42;
/// The bit of the hash that is never set.
const HASH_BIT_UNUSED: u32 = 1 << 15;
/// Five bits a character. No 0, 1, I and O; in the order of ASCII, so that texts sort as numbers do.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Bits of a character.
const CHAR_BITS: u32 = 5;
/// Characters of the groups, with dashes between them.
const GROUPS: [usize; 4] = [5, 4, 4, 3];

/// The text of a message's number, in a conversation of this type and id.
pub(crate) fn text(id: MessageId, category: i64, conversation: &str) -> String {
    let time = ((id >> COUNTER_BITS) + EPOCH_MS).rem_euclid(1 << TIME_BITS) as u128;
    let counter = id.rem_euclid(1 << COUNTER_BITS) as u128;
    let category = category.rem_euclid(1 << CATEGORY_BITS) as u128;
    let hash = fnv1(conversation.as_bytes()) & ((1 << HASH_BITS) - 1) & !HASH_BIT_UNUSED;
    let bits =
        (((time << COUNTER_BITS | counter) << CATEGORY_BITS | category) << HASH_BITS) | u128::from(hash);
    spell(bits)
}

/// The number that a text stands for, whatever conversation it was made for; none for what is no such text.
pub(crate) fn parse(text: &str) -> Option<MessageId> {
    let mut bits = 0u128;
    let mut groups = text.split('-');
    for length in GROUPS {
        let group = groups.next().filter(|group| group.len() == length)?;
        for byte in group.bytes() {
            let digit = ALPHABET.iter().position(|known| *known == byte)?;
            bits = bits << CHAR_BITS | digit as u128;
        }
    }
    if groups.next().is_some() {
        return None;
    }
    let id = bits >> (CATEGORY_BITS + HASH_BITS);
    let time = (id >> COUNTER_BITS) as i64 - EPOCH_MS;
    Some(time << COUNTER_BITS | (id & ((1 << COUNTER_BITS) - 1)) as i64)
}

fn spell(bits: u128) -> String {
    let mut spelt = String::with_capacity(19);
    let mut shift = (TIME_BITS + COUNTER_BITS + CATEGORY_BITS + HASH_BITS).next_multiple_of(CHAR_BITS);
    for (index, length) in GROUPS.into_iter().enumerate() {
        if index > 0 {
            spelt.push('-');
        }
        for _ in 0..length {
            shift -= CHAR_BITS;
            let digit = (bits >> shift) as usize % ALPHABET.len();
            spelt.push(char::from(ALPHABET[digit]));
        }
    }
    spelt
}

/// FNV-1 of 32 bits: multiplied first, then mixed.
fn fnv1(bytes: &[u8]) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    bytes
        .iter()
        .fold(OFFSET, |hash, byte| hash.wrapping_mul(PRIME) ^ u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// The conversation of the published ids.
    const CONVERSATION: &str = "87ba7679-b682-47e7-8499-0385dda22b66";

    fn number(unix_ms: i64, counter: i64) -> MessageId {
        (unix_ms - EPOCH_MS) << COUNTER_BITS | counter
    }

    #[test]
    fn published_ids_come_out() {
        for (unix_ms, published) in [
            (1_697_986_744_068, "EDCZL-SY32-243Y-VWQ"),
            (1_697_986_882_878, "EDCZM-UUHJ-243Y-VWQ"),
            (1_697_987_356_929, "EDCZR-GL2A-243Y-VWQ"),
        ] {
            assert_eq!(text(number(unix_ms, 1), 0, CONVERSATION), published);
            assert_eq!(parse(published), Some(number(unix_ms, 1)));
        }
        for (counter, category, conversation, published) in [
            (4095, 15, "a", "EDTZL-QJ29-ZZWS-RDY"),
            (2, 3, "test", "EDTZL-QJ22-26GS-4ZB"),
        ] {
            let id = number(1_700_000_000_000, counter);
            assert_eq!(text(id, category, conversation), published);
            assert_eq!(parse(published), Some(id));
        }
    }

    #[test]
    fn the_hash_is_fnv_1_with_one_bit_left_out() {
        assert_eq!(fnv1(b"a"), 0x050c_5d7e);
        assert_eq!(fnv1(b"test"), 0xbc2c_0be9);
        assert_eq!(fnv1(CONVERSATION.as_bytes()), 0xd99f_ef96);
        assert_ne!(
            fnv1(CONVERSATION.as_bytes()) & HASH_BIT_UNUSED,
            0,
            "this one has the bit"
        );
        assert!(text(number(1_697_986_744_068, 1), 0, CONVERSATION).contains("-243Y-"));
    }

    #[test]
    fn the_conversation_does_not_matter_for_the_number() {
        let id = number(1_697_986_744_068, 77);
        for category in [0, 1, 15, 16, -1, i64::MAX] {
            for conversation in ["", "a", CONVERSATION, "对话"] {
                assert_eq!(parse(&text(id, category, conversation)), Some(id));
            }
        }
    }

    #[test]
    fn what_is_no_id_is_none() {
        for odd in [
            "",
            "-",
            "---",
            "EDCZL-SY32-243Y-VW",
            "EDCZL-SY32-243Y-VWQQ",
            "EDCZL-SY32-243Y-VWQ-",
            "-EDCZL-SY32-243Y-VWQ",
            "EDCZLSY32243YVWQ",
            "EDCZ-LSY3-2243-YVWQ",
            "EDCZL-SY32-243Y-VW0",
            "EDCZL-SY32-243Y-VWI",
            "edczl-sy32-243y-vwq",
            " EDCZL-SY32-243Y-VWQ",
            "EDCZL-SY32-243Y-VWQ\0",
            "EDCZL-SY32-243Y-V你",
            "你-你-你-你",
            "123",
        ] {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn texts_are_in_the_order_of_numbers_and_give_them_back() {
        let seed = rand::random();
        let mut random = StdRng::seed_from_u64(seed);
        let mut made = Vec::new();
        for _ in 0..10_000 {
            let base: i64 = random.random_range(0..1 << 53);
            // Neighbours too, where the counter runs over and time goes on.
            for id in [base, base + 1, base | 0xfff, (base | 0xfff) + 1] {
                let conversation = format!("{:x}", random.random::<u64>());
                let text = text(id, random.random_range(0..16), &conversation);
                assert_eq!(parse(&text), Some(id), "seed {seed}");
                assert_eq!(text.len(), 19);
                made.push((id, text));
            }
        }
        made.sort();
        for pair in made.windows(2) {
            let [(id, text), (next_id, next_text)] = pair else {
                unreachable!()
            };
            assert!(id == next_id || text < next_text, "seed {seed}: {id} {next_id}");
        }
    }

    #[test]
    fn every_text_that_is_read_is_written_the_same_but_for_its_conversation() {
        let seed = rand::random();
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..10_000 {
            let spelt = spell(random.random::<u128>() >> 48);
            let id = parse(&spelt).unwrap_or_else(|| panic!("seed {seed}: {spelt}"));
            // Ten characters and a half are time and counter.
            assert_eq!(&text(id, 0, "")[..12], &spelt[..12], "seed {seed}");
        }
    }
}

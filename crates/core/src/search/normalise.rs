//! One form of a text for the index and for what is looked for: upper and lower case, full and half width are the
//! same, and characters without width are not there. What the index does with it is not decided here.

/// Number of bits that a character fits into.
const CHAR_BITS: u32 = 21;
/// Keeps single characters and pairs of them apart before they are mixed.
const PAIR_MARK: u64 = 1 << 62;
/// An odd number without pattern (2^64 divided by the golden ratio), so that a product mixes all bits upwards.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// The characters that stand for `c`: none for what has no width, otherwise half-width lower case.
fn fold(c: char) -> impl Iterator<Item = char> {
    let narrow = match c {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{3000}' => Some(' '),
        c if c.is_whitespace() => Some(' '),
        c => Some(c),
    };
    narrow.into_iter().flat_map(char::to_lowercase)
}

/// Whether `c` is of a script without cases and widths: kana, Chinese and Korean, most of what comes by.
fn has_one_form(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{a48f}' | '\u{ac00}'..='\u{d7a3}')
}

/// Puts the normal form of `text` into `out`, which is emptied first.
pub(crate) fn normalise_into(text: &str, out: &mut String) {
    out.clear();
    out.reserve(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(if c.is_ascii_whitespace() {
                ' '
            } else {
                c.to_ascii_lowercase()
            });
        } else if has_one_form(c) {
            out.push(c);
        } else {
            out.extend(fold(c));
        }
    }
}

/// The normal form of `text`.
pub(crate) fn normalise(text: &str) -> String {
    let mut out = String::new();
    normalise_into(text, &mut out);
    out
}

fn mix(value: u64) -> u32 {
    (value.wrapping_mul(MIX) >> 32) as u32
}

/// The key of one character.
pub(crate) fn single_key(c: char) -> u32 {
    mix(u64::from(u32::from(c)))
}

/// The key of two characters that follow each other.
pub(crate) fn pair_key(a: char, b: char) -> u32 {
    mix(PAIR_MARK | u64::from(u32::from(a)) << CHAR_BITS | u64::from(u32::from(b)))
}

/// Calls `take` with the key of every character and every pair of a normal form; keys may repeat.
pub(crate) fn for_each_key(normal: &str, mut take: impl FnMut(u32)) {
    let mut previous = None;
    // The few letters of Latin text come by over and over: one bit each for those that were taken.
    let mut taken = 0_u128;
    for c in normal.chars() {
        let bit = if c.is_ascii() { 1 << u32::from(c) } else { 0 };
        if taken & bit == 0 {
            take(single_key(c));
        }
        taken |= bit;
        if let Some(previous) = previous {
            take(pair_key(previous, c));
        }
        previous = Some(c);
    }
}

/// The keys that a text must have to contain this normal form: pairs if it has any, at most `most`.
pub(crate) fn keys_of(needle: &str, most: usize) -> Vec<u32> {
    let chars: Vec<char> = needle.chars().collect();
    if let [only] = chars[..] {
        return vec![single_key(only)];
    }
    let mut keys: Vec<u32> = Vec::new();
    for pair in chars.windows(2) {
        let key = pair_key(pair[0], pair[1]);
        if keys.len() < most && !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Up to `most` characters of `text` around the first place where it contains `needle`, which is a normal form.
pub(crate) fn snippet(text: &str, needle: &str, most: usize) -> String {
    // For each byte of the normal form, the character of the text it came from.
    let mut normal = String::with_capacity(text.len());
    let mut origin = Vec::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        for folded in fold(c) {
            normal.push(folded);
            origin.resize(normal.len(), index);
        }
    }
    let hit = normal.find(needle).unwrap_or(0);
    let from = origin.get(hit).copied().unwrap_or(0);
    let last = (hit + needle.len()).saturating_sub(1);
    let upto = origin.get(last).map_or(from, |index| index + 1);
    let all = text.chars().count();
    let before = most.saturating_sub(upto - from) / 2;
    let start = from.saturating_sub(before).min(all.saturating_sub(most));
    text.chars().skip(start).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_width_and_invisible_characters_make_no_difference() {
        assert_eq!(normalise("Ｈello，\u{200b}世\u{feff}界　ÄÖ\n"), "hello,世界 äö ");
        assert_eq!(normalise("ÉCOLE ΣΑΣ İ"), normalise("école σασ i\u{307}"));
    }

    #[test]
    fn the_short_cut_for_chinese_changes_nothing() {
        for c in (0..=0x10_ffff)
            .filter_map(char::from_u32)
            .filter(|c| has_one_form(*c))
        {
            assert!(fold(c).eq([c]), "{c:?} has another form");
        }
    }

    #[test]
    fn a_text_has_every_key_of_every_part_of_it() {
        let text = normalise("今天 Tomorrow会议😀改到九点");
        let mut keys = Vec::new();
        for_each_key(&text, |key| keys.push(key));
        let chars: Vec<char> = text.chars().collect();
        for from in 0..chars.len() {
            for upto in from + 1..=chars.len() {
                let part: String = chars[from..upto].iter().collect();
                assert!(
                    keys_of(&part, 8).iter().all(|key| keys.contains(key)),
                    "a part has a key that the whole has not: {part}"
                );
            }
        }
    }

    #[test]
    fn a_snippet_is_the_text_around_the_hit_as_it_was_written() {
        let text = format!("{}Ｍeeting 会议{}", "前".repeat(200), "后".repeat(200));
        let cut = snippet(&text, "meeting 会议", 100);
        assert_eq!(cut.chars().count(), 100);
        assert!(cut.contains("Ｍeeting 会议"), "{cut}");
        assert!(cut.starts_with('前') && cut.ends_with('后'));
        assert_eq!(snippet("short", "or", 100), "short");
        assert_eq!(
            snippet(&format!("a{}", "b".repeat(300)), "a", 100)
                .chars()
                .count(),
            100
        );
        assert!(snippet(&format!("{}z", "b".repeat(300)), "z", 100).ends_with('z'));
    }

    #[test]
    fn a_needle_longer_than_the_snippet_is_shown_from_its_start() {
        let needle = "长".repeat(120);
        assert_eq!(snippet(&format!("头{needle}尾"), &needle, 100), "长".repeat(100));
    }
}

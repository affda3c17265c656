//! Keys: how clients and messages name a file. The storage key, which nobody can guess, and an ending that says what
//! the bytes are. **Not in here:** whether there is such a file and whose it is.

use crate::files::blob::is_key;
use crate::files::kind::{ending_of, extension};
use crate::types::{Message, StoredFile};

/// Ending of a file of which nothing is known.
const UNKNOWN: &str = "bin";

/// The key of a file: 32 hexadecimal digits, a dot, and an ending after what was found in the bytes, or else after
/// its name.
pub fn file_key(file: &StoredFile) -> String {
    let known = ending_of(&file.content_type).map(str::to_owned);
    let ending = known.or_else(|| extension(&file.name));
    let ending = ending.as_deref().unwrap_or(UNKNOWN);
    format!("{}.{ending}", file.storage_key)
}

/// The storage key in a text that has the form of a file's key, with or without an ending.
pub fn storage_key(key: &str) -> Option<&str> {
    let (digits, rest) = match key.split_once('.') {
        Some((digits, ending)) => (digits, extension(key).filter(|found| found == ending).map(|_| ())),
        None => (key, Some(())),
    };
    rest.filter(|()| is_key(digits)).map(|()| digits)
}

/// The keys of the files that a message carries. Whoever sees the message may open them.
pub fn carried_keys(message: &Message) -> impl Iterator<Item = &str> {
    message.files.as_deref().unwrap_or_default().split_whitespace()
}

/// How the files that a message carries stand in its row.
pub(crate) fn row_of_keys(files: &[StoredFile]) -> Option<String> {
    let mut keys: Vec<String> = Vec::with_capacity(files.len());
    for key in files.iter().map(file_key) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    (!keys.is_empty()).then(|| keys.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_other_texts() {
        let digits = "0123456789abcdef0123456789abcdef";
        for key in [digits.to_owned(), format!("{digits}.png"), format!("{digits}.7z")] {
            assert_eq!(storage_key(&key), Some(digits), "{key}");
        }
        for other in [
            "",
            "a.png",
            &digits[1..],
            &format!("{digits}."),
            &format!("{digits}.PNG"),
            &format!("{digits}.a/b"),
            &format!("{digits}.tar.gz"),
            &format!("{digits} .png"),
            &format!("x/{digits}.png"),
            &digits.to_uppercase(),
        ] {
            assert_eq!(storage_key(other), None, "{other}");
        }
    }
}

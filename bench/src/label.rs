//! The label that every measured message carries in its content: who sent it, which of the sender's messages it is,
//! and when it was sent. A receiver can thus verify order and take latency from the message alone.

use std::io::Write as _;

use crate::scan::leading_number;

/// The fewest bytes of content in which any label fits (three numbers of 20 digits and four separators).
pub(crate) const LABEL_BYTES_MAX: usize = 64;

/// What the content of a measured message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    /// The number of the sender in this run, from 0.
    pub(crate) sender: u64,
    /// The number of the message among those of its sender, from 0.
    pub(crate) counter: u64,
    /// When it was sent (or should have been), in nanoseconds since the run began.
    pub(crate) sent_ns: u64,
}

impl Label {
    /// Appends the label, padded to `content_bytes`.
    pub(crate) fn write(&self, out: &mut Vec<u8>, content_bytes: usize) {
        let start = out.len();
        // Writing to a Vec cannot fail.
        let _ = write!(out, "~{}.{}.{}~", self.sender, self.counter, self.sent_ns);
        out.resize((start + content_bytes).max(out.len()), b'x');
    }

    /// Reads a label at the start of `content`; `None` when the content is not a measured message's.
    pub(crate) fn read(content: &[u8]) -> Option<Label> {
        let mut rest = content.strip_prefix(b"~")?;
        let mut numbers = [0; 3];
        for (number, separator) in numbers.iter_mut().zip(*b"..~") {
            let (value, digits) = leading_number(rest)?;
            rest = rest[digits..].strip_prefix(&[separator])?;
            *number = value;
        }
        let [sender, counter, sent_ns] = numbers;
        Some(Label {
            sender,
            counter,
            sent_ns,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_fills_the_content_and_comes_back() {
        for label in [
            Label {
                sender: 0,
                counter: 0,
                sent_ns: 0,
            },
            Label {
                sender: 199,
                counter: 123_456,
                sent_ns: 9_876_543_210,
            },
            Label {
                sender: u64::MAX,
                counter: u64::MAX,
                sent_ns: u64::MAX,
            },
        ] {
            let mut content = b"before".to_vec();
            label.write(&mut content, 100);
            assert_eq!(content.len(), 106);
            assert_eq!(Label::read(&content[6..]), Some(label));
        }
    }

    #[test]
    fn foreign_content_has_no_label() {
        for content in ["", "hello", "~", "~1.2~", "~1.2.x~", "1.2.3~", "~1.2.3"] {
            assert_eq!(Label::read(content.as_bytes()), None, "{content:?}");
        }
    }

    #[test]
    fn the_longest_label_fits_the_stated_bound() {
        let mut content = Vec::new();
        Label {
            sender: u64::MAX,
            counter: u64::MAX,
            sent_ns: u64::MAX,
        }
        .write(&mut content, 0);
        assert!(content.len() <= LABEL_BYTES_MAX);
    }
}

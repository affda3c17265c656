//! Reads the few fields that the generator needs out of a server's JSON without parsing it: the generator shares
//! the machine with the server, so each delivery must cost it little. Not a JSON parser, and never to be used for
//! answers whose text the generator did not write itself; those go through `serde_json`.

use memchr::memmem::Finder;

/// What a frame from the server is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A message that somebody else sent.
    NewMessage,
    /// The answer to our own message.
    Ack,
    /// Our own message was refused.
    Refused,
    /// Anything else: presence, `connected`, `pong`, …
    Other,
}

/// Prepared searches for the fields of the ruoyi dialect's frames.
#[derive(Debug)]
pub(crate) struct Scanner {
    kind: Finder<'static>,
    content: Finder<'static>,
    client_id: Finder<'static>,
    id: Finder<'static>,
    message_id: Finder<'static>,
}

impl Scanner {
    /// Prepares the searches; do it once for each connection.
    pub(crate) fn new() -> Scanner {
        Scanner {
            kind: Finder::new("\"type\":\""),
            content: Finder::new("\"content\":\""),
            client_id: Finder::new("\"clientMsgId\":\""),
            id: Finder::new("\"id\":"),
            message_id: Finder::new("\"messageId\":"),
        }
    }

    /// The kind of a frame. A payload may have a `type` of its own, so every `type` is looked at.
    pub(crate) fn kind(&self, text: &[u8]) -> Kind {
        for at in self.kind.find_iter(text) {
            let value = &text[at + self.kind.needle().len()..];
            if value.starts_with(b"new_message\"") {
                return Kind::NewMessage;
            }
            if value.starts_with(b"message_ack\"") {
                return Kind::Ack;
            }
            if value.starts_with(b"message_error\"") {
                return Kind::Refused;
            }
        }
        Kind::Other
    }

    /// The text of `content`, as far as it needs no unescaping.
    pub(crate) fn content<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        string_after(&self.content, text)
    }

    /// The text of `clientMsgId`.
    pub(crate) fn client_id<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        string_after(&self.client_id, text)
    }

    /// The number under `id` of a new message.
    pub(crate) fn id(&self, text: &[u8]) -> Option<u64> {
        number_after(&self.id, text)
    }

    /// The number under `messageId` of an acknowledgement.
    pub(crate) fn message_id(&self, text: &[u8]) -> Option<u64> {
        number_after(&self.message_id, text)
    }
}

fn string_after<'a>(key: &Finder<'_>, text: &'a [u8]) -> Option<&'a [u8]> {
    let value = &text[key.find(text)? + key.needle().len()..];
    Some(&value[..memchr::memchr(b'"', value)?])
}

fn number_after(key: &Finder<'_>, text: &[u8]) -> Option<u64> {
    leading_number(&text[key.find(text)? + key.needle().len()..]).map(|(number, _)| number)
}

/// The decimal number at the start of `text` and how many digits it has.
pub(crate) fn leading_number(text: &[u8]) -> Option<(u64, usize)> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let mut number = 0_u64;
    for digit in &text[..digits] {
        number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    Some((number, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_read_wherever_its_type_stands() {
        let scanner = Scanner::new();
        let first = br#"{"type":"new_message","payload":{"id":4711,"senderId":3,"content":"~1.2.3~xx","createTime":""}}"#;
        let last = br#"{"payload":{"senderId":3,"id":4711,"type":"TEXT","content":"~1.2.3~xx"},"type":"new_message"}"#;
        for text in [first.as_slice(), last.as_slice()] {
            assert_eq!(scanner.kind(text), Kind::NewMessage);
            assert_eq!(scanner.id(text), Some(4711));
            assert_eq!(scanner.content(text), Some(b"~1.2.3~xx".as_slice()));
        }
    }

    #[test]
    fn answers_to_a_send_are_told_apart() {
        let scanner = Scanner::new();
        let ack = br#"{"type":"message_ack","clientMsgId":"r-0-17","messageId":99,"timestamp":5}"#;
        assert_eq!(scanner.kind(ack), Kind::Ack);
        assert_eq!(scanner.client_id(ack), Some(b"r-0-17".as_slice()));
        assert_eq!(scanner.message_id(ack), Some(99));
        let refused = br#"{"type":"message_error","clientMsgId":"r-0-17","errorCode":"SAVE_FAILED"}"#;
        assert_eq!(scanner.kind(refused), Kind::Refused);
        assert_eq!(
            scanner.kind(br#"{"type":"online","userId":4,"data":true}"#),
            Kind::Other
        );
        assert_eq!(scanner.kind(b""), Kind::Other);
    }

    #[test]
    fn a_number_that_does_not_fit_is_no_number() {
        assert_eq!(leading_number(b"18446744073709551615,"), Some((u64::MAX, 20)));
        assert_eq!(leading_number(b"18446744073709551616,"), None);
        assert_eq!(leading_number(b"x1"), None);
    }
}

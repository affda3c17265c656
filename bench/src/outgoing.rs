//! Builds the frames that a sender sends: the JSON around the content is formatted once for each conversation.

use std::io::Write as _;

use crate::frame::{self, TEXT};

/// Writes `message` frames of one sender into one conversation (contract B8).
#[derive(Debug)]
pub(crate) struct MessageWriter {
    before_content: Vec<u8>,
    before_counter: Vec<u8>,
    payload: Vec<u8>,
}

impl MessageWriter {
    /// A writer whose client message ids are `key-0`, `key-1`, …; `key` must be unique for the sender.
    pub(crate) fn new(conversation: u64, key: &str) -> MessageWriter {
        let before_content = format!(
            r#"{{"type":"message","payload":{{"conversationId":{conversation},"messageType":"TEXT","content":""#
        );
        let before_counter = format!(r#"","clientMsgId":"{key}-"#);
        MessageWriter {
            before_content: before_content.into_bytes(),
            before_counter: before_counter.into_bytes(),
            payload: Vec::new(),
        }
    }

    /// Appends a whole frame to `out`; `content` must write text that needs no JSON escapes.
    pub(crate) fn append(&mut self, out: &mut Vec<u8>, counter: u64, content: impl FnOnce(&mut Vec<u8>)) {
        self.payload.clear();
        self.payload.extend_from_slice(&self.before_content);
        content(&mut self.payload);
        self.payload.extend_from_slice(&self.before_counter);
        // Writing to a Vec cannot fail.
        let _ = write!(self.payload, "{counter}\"}}}}");
        frame::encode_client(out, TEXT, &self.payload);
    }
}

/// The counter at the end of a client message id that a [`MessageWriter`] made.
pub(crate) fn counter_of(client_id: &[u8]) -> Option<u64> {
    let dash = memchr::memrchr(b'-', client_id)?;
    let (counter, digits) = crate::scan::leading_number(&client_id[dash + 1..])?;
    (dash + 1 + digits == client_id.len()).then_some(counter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_frame_holds_the_contracts_json() {
        let mut out = Vec::new();
        MessageWriter::new(17, "run-3").append(&mut out, 42, |content| content.extend_from_slice(b"hello"));
        let frame = frame::decode(&mut out).unwrap().unwrap();
        let value: Value = serde_json::from_slice(&out[frame.payload]).unwrap();
        assert_eq!(
            value,
            json!({"type": "message", "payload": {
                "conversationId": 17, "messageType": "TEXT", "content": "hello", "clientMsgId": "run-3-42"
            }})
        );
    }

    #[test]
    fn the_counter_is_found_again() {
        assert_eq!(counter_of(b"run-3-42"), Some(42));
        assert_eq!(counter_of(b"run-3-"), None);
        assert_eq!(counter_of(b"run-3-4x"), None);
        assert_eq!(counter_of(b"42"), None);
    }
}

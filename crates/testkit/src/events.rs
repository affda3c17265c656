//! A reader of server-sent events, as strict as a browser's: fields, comments, and how the stream ended.

use std::collections::VecDeque;
use std::time::Duration;

/// How long a test waits for something that must come. Only a failing test ever waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event as a page would see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// The value of `id:`, empty if there was none.
    pub id: String,
    /// The value of `event:`; `message` if there was none.
    pub event: String,
    /// The lines of `data:`.
    pub data: String,
}

/// What a stream consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Event(ServerEvent),
    Comment,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// The server finished its answer.
    Finished,
    /// The connection was lost in the middle of it.
    Broken,
}

/// An open stream of events. Dropping it hangs up.
pub struct Events {
    response: reqwest::Response,
    parser: Parser,
}

impl Events {
    /// Sends the request and reads the head of the answer.
    ///
    /// # Panics
    /// When the answer is no stream of events.
    #[expect(clippy::expect_used, reason = "a refused stream fails the test")]
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        Self::try_open(request).await.expect("an answer")
    }

    /// The same on a server that may be gone.
    ///
    /// # Panics
    /// When the answer is no stream of events.
    #[expect(clippy::expect_used, reason = "silence fails the test")]
    pub async fn try_open(request: reqwest::RequestBuilder) -> Option<Self> {
        let response = tokio::time::timeout(PATIENCE, request.send())
            .await
            .expect("an answer in time")
            .ok()?;
        let kind = response.headers().get("content-type").cloned();
        assert!(
            response.status() == 200 && kind.is_some_and(|kind| kind == "text/event-stream"),
            "no stream of events: {response:?}"
        );
        Some(Self {
            response,
            parser: Parser::default(),
        })
    }

    /// A header of the answer as text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.response.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The next event; comments are passed over.
    ///
    /// # Panics
    /// When none comes, or the stream ends.
    pub async fn next(&mut self) -> ServerEvent {
        match self.next_or_end().await {
            Ok(event) => event,
            Err(end) => panic!("the stream ended: {end:?}"),
        }
    }

    /// The next event, or how the stream ended.
    ///
    /// # Errors
    /// The end.
    ///
    /// # Panics
    /// When neither comes.
    pub async fn next_or_end(&mut self) -> Result<ServerEvent, StreamEnd> {
        loop {
            if let Item::Event(event) = self.item().await? {
                return Ok(event);
            }
        }
    }

    /// Waits for a comment; there must be no event before it.
    ///
    /// # Panics
    /// When an event comes first, nothing comes, or the stream ends.
    pub async fn comment(&mut self) {
        let item = self.item().await;
        assert_eq!(item, Ok(Item::Comment));
    }

    /// How the stream ended; events before that are passed over.
    pub async fn ended(&mut self) -> StreamEnd {
        loop {
            if let Err(end) = self.next_or_end().await {
                return end;
            }
        }
    }

    #[expect(clippy::expect_used, reason = "silence fails the test")]
    async fn item(&mut self) -> Result<Item, StreamEnd> {
        loop {
            if let Some(item) = self.parser.items.pop_front() {
                return Ok(item);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk())
                .await
                .expect("something in time");
            match chunk {
                Ok(Some(bytes)) => self.parser.take(&bytes),
                Ok(None) => return Err(StreamEnd::Finished),
                Err(_) => return Err(StreamEnd::Broken),
            }
        }
    }
}

/// Takes bytes apart, wherever they were cut.
#[derive(Default)]
struct Parser {
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    id: String,
    event: String,
    data: Option<String>,
    items: VecDeque<Item>,
}

impl Parser {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                let line = line.strip_suffix(b"\r").unwrap_or(&line);
                self.line(&String::from_utf8_lossy(line));
            } else {
                self.line.push(*byte);
            }
        }
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.end_of_event();
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.items.push_back(Item::Comment),
            "id" => self.id = value.to_owned(),
            "event" => self.event = value.to_owned(),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            _ => {}
        }
    }

    /// A blank line: what has come is an event if there was data.
    fn end_of_event(&mut self) {
        let (id, event) = (std::mem::take(&mut self.id), std::mem::take(&mut self.event));
        if let Some(data) = self.data.take() {
            self.items.push_back(Item::Event(ServerEvent {
                id,
                event: if event.is_empty() {
                    "message".to_owned()
                } else {
                    event
                },
                data,
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, event: &str, data: &str) -> Item {
        Item::Event(ServerEvent {
            id: id.into(),
            event: event.into(),
            data: data.into(),
        })
    }

    #[test]
    fn events_are_read_wherever_the_bytes_are_cut() {
        let wire =
            ":\n\nid: 1\nevent: x\ndata: 消息\n\ndata:a\r\ndata: b\r\n\r\nid: 9\n\n: c\nretry: 1\ndata\n\n";
        let expected = [
            Item::Comment,
            event("1", "x", "消息"),
            event("", "message", "a\nb"),
            Item::Comment,
            event("", "message", ""),
        ];
        for size in 1..wire.len() {
            let mut parser = Parser::default();
            wire.as_bytes().chunks(size).for_each(|bytes| parser.take(bytes));
            assert_eq!(parser.items, expected, "in pieces of {size}");
        }
    }
}

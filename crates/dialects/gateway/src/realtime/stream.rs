//! Messages as server-sent events: the id of an event is that of its message, so that a browser which lost its
//! connection says by itself how far it has come.

use std::fmt::Write as _;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use parlance_core::{Event, Follower};
use parlance_transport::http::EventSource;

use crate::realtime::{Pushed, Why};

/// A client at `/notify?protoc=sse`. Its stream ends when its session does; a browser then comes back by itself.
pub(crate) struct Stream(pub(crate) Follower);

/// A message that was recalled or edited has no id here, or it would set the browser's position back.
fn event(event: &Event) -> Option<Bytes> {
    let pushed = Pushed::of(event)?;
    let mut text = String::new();
    if pushed.why == Why::Sent {
        let _ = writeln!(text, "id: {}", pushed.message.msg_id);
    }
    // JSON has no line breaks.
    let _ = write!(text, "event: message\ndata: {}\n\n", pushed.json()?);
    Some(text.into())
}

impl EventSource for Stream {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let Ok(delivery) = ready!(self.0.poll_next(cx)) else {
                return Poll::Ready(None);
            };
            if let Some(bytes) = delivery.encoded("gateway/sse", event) {
                return Poll::Ready(Some(bytes));
            }
        }
    }
}

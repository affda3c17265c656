//! Messages through a WebSocket: one text frame for each, and nothing else but pings. What a client says is not looked
//! at.

use std::convert::Infallible;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use parlance_core::{Ended, Event, Follower};
use parlance_transport::websocket::{Frame, Outgoing, Protocol, Step};
use tokio::time::Instant;

use crate::realtime::Pushed;

/// What a socket is closed with whose token has been revoked: a violation of policy.
const CLOSE_REVOKED: u16 = 1008;
/// What a socket is closed with that may come back and resume.
const CLOSE_LATER: u16 = 1013;
/// What a socket is closed with when the fault is the server's.
const CLOSE_FAULT: u16 = 1011;

/// A client at `/notify?protoc=ws`.
pub(crate) struct Socket {
    follower: Follower,
    ping_every: Duration,
    ping_at: Instant,
}

impl Socket {
    pub(crate) fn new(follower: Follower, ping_every: Duration) -> Self {
        Self {
            follower,
            ping_every,
            ping_at: Instant::now() + ping_every,
        }
    }
}

fn frame(event: &Event) -> Option<Bytes> {
    Some(Frame::text(Pushed::of(event)?.json()?).into_bytes())
}

impl Protocol for Socket {
    /// Nothing a client says makes work.
    type Done = Infallible;

    fn opened(&mut self) -> Step<Infallible> {
        Step::none()
    }

    fn receive(&mut self, _text: &str) -> Step<Infallible> {
        Step::none()
    }

    fn finished(&mut self, done: Infallible) -> Step<Infallible> {
        match done {}
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        loop {
            match ready!(self.follower.poll_next(cx)) {
                Ok(delivery) => {
                    if let Some(bytes) = delivery.encoded("gateway/ws", frame) {
                        return Poll::Ready(Outgoing::Frame(Frame::from_bytes(bytes)));
                    }
                }
                Err(ended) => {
                    let (code, reason) = match ended {
                        Ended::Revoked => (CLOSE_REVOKED, "invalid token"),
                        Ended::TooSlow => (CLOSE_LATER, "too slow: come back with last_msg_id"),
                        Ended::Replaced => (CLOSE_LATER, "too many connections"),
                        Ended::Unreadable => (CLOSE_FAULT, "come back with last_msg_id"),
                    };
                    return Poll::Ready(Outgoing::Close(code, reason.into()));
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.ping_at)
    }

    fn deadline_passed(&mut self) -> Step<Infallible> {
        self.ping_at = Instant::now() + self.ping_every;
        Step::frame(Frame::ping(b""))
    }
}

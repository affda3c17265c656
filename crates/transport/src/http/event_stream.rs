//! Server-sent events: an answer that does not end while its source has something to say.
//!
//! What the events are is the source's business: it gives ready-made bytes. It is asked only when the connection can
//! take more, so nothing piles up here.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderName, header};
use http_body::{Body as HttpBody, Frame};
use tokio::time::{Instant, Sleep};

use super::draining::Draining;

/// Silence after which a comment is sent, so that no proxy takes the connection for dead.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The comment: a line that every reader of events passes over.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// Asks nginx not to keep events back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where the bytes of an event stream come from. Dropped when the client has gone, however it went.
pub trait EventSource: Send + Unpin + 'static {
    /// The next piece: one or more whole events as they go over the wire. `None` ends the stream; `Pending` with the
    /// waker registered when there is nothing yet. Not called while the client takes nothing, so the source must
    /// bound itself.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>>;
}

/// The answer that sends what `source` gives, with a comment whenever there was nothing for `keep_alive`. It ends
/// when the source ends, the client leaves or the server stops.
pub fn event_stream(source: impl EventSource, keep_alive: Duration, draining: Draining) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (X_ACCEL_BUFFERING, "no"),
    ];
    let body = Body::new(EventStream {
        source,
        draining,
        keep_alive,
        spoken_at: Instant::now(),
        silence: None,
    });
    (headers, body).into_response()
}

struct EventStream<S> {
    source: S,
    draining: Draining,
    keep_alive: Duration,
    /// When something was sent last.
    spoken_at: Instant,
    /// Rings when the keep-alive is due, or earlier. It is not set anew for every event: an early ring costs less.
    silence: Option<Pin<Box<Sleep>>>,
}

impl<S: EventSource> EventStream<S> {
    /// Ready when nothing was sent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = self.spoken_at + self.keep_alive;
        let silence = self
            .silence
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        while silence.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= due {
                silence.as_mut().reset(now + self.keep_alive);
                return Poll::Ready(());
            }
            silence.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl<S: EventSource> HttpBody for EventStream<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let stream = self.get_mut();
        // The connection is polled when the server stops, and this with it.
        if stream.draining.has_begun() {
            return Poll::Ready(None);
        }
        let piece = match stream.source.poll_next(cx) {
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(piece)) => piece,
            Poll::Pending => {
                if stream.poll_silence(cx).is_pending() {
                    return Poll::Pending;
                }
                COMMENT
            }
        };
        stream.spoken_at = Instant::now();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::sync::mpsc;

    use super::*;

    impl EventSource for mpsc::Receiver<Bytes> {
        fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
            self.poll_recv(cx)
        }
    }

    async fn next(body: &mut Body) -> Bytes {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        frame.unwrap().unwrap().into_data().unwrap()
    }

    fn stream() -> (mpsc::Sender<Bytes>, Body) {
        let (sender, source) = mpsc::channel(4);
        let answer = event_stream(source, KEEP_ALIVE, Draining::never());
        (sender, answer.into_body())
    }

    #[tokio::test(start_paused = true)]
    async fn a_comment_comes_after_silence_only() {
        let (sender, mut body) = stream();
        let begin = Instant::now();
        assert_eq!(next(&mut body).await, COMMENT);
        assert_eq!(begin.elapsed(), KEEP_ALIVE);
        tokio::time::advance(Duration::from_secs(10)).await;
        sender.send(Bytes::from_static(b"data: 1\n\n")).await.unwrap();
        assert_eq!(next(&mut body).await, "data: 1\n\n");
        let spoken = Instant::now();
        assert_eq!(next(&mut body).await, COMMENT);
        assert_eq!(spoken.elapsed(), KEEP_ALIVE);
        assert_eq!(next(&mut body).await, COMMENT);
        assert_eq!(spoken.elapsed(), 2 * KEEP_ALIVE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_stream_has_no_timer_and_no_comments() {
        let (sender, mut body) = stream();
        for _ in 0..40 {
            tokio::time::advance(Duration::from_secs(14)).await;
            sender.send(Bytes::from_static(b"x")).await.unwrap();
            assert_eq!(next(&mut body).await, "x");
        }
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_pending());
        drop(sender);
        assert!(matches!(
            Pin::new(&mut body).poll_frame(&mut cx),
            Poll::Ready(None)
        ));
    }
}

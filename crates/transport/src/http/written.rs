//! Whether an answer reached the kernel whole, for handlers to whom it matters.
//!
//! hyper takes an answer's body into its buffer and flushes when it has no more to do. A flush that succeeds has
//! written everything before it, so an answer is written when the first flush after the end of its body succeeds.
//! What the client makes of it cannot be known here.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::Method;
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Answers of one connection that wait for a flush at most; more can only be pipelined. Beyond it they count as lost.
const ANSWERS_MAX: usize = 1_024;

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it was handed to the kernel.
    Written,
    /// It was not sent, or not whole, or without its body as for HEAD. Or another answer was sent in its place.
    Lost,
}

/// Ends with the fate of the answer it was made for. If it is dropped, nobody is told.
#[derive(Debug)]
pub struct Watch(oneshot::Receiver<()>);

impl Future for Watch {
    type Output = Fate;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fate> {
        Pin::new(&mut self.0).poll(cx).map(|told| match told {
            Ok(()) => Fate::Written,
            Err(_) => Fate::Lost,
        })
    }
}

/// Watches what becomes of an answer. Its body has to end by itself, not by a `Content-Length` set beside it.
pub fn watch(answer: &mut Response) -> Watch {
    let (sender, receiver) = oneshot::channel();
    let watched = Watched(Arc::new(Mutex::new(Some(sender))));
    answer.extensions_mut().insert(watched);
    Watch(receiver)
}

/// In an answer's extensions, until the server takes it over. It is lost with the answer.
#[derive(Clone)]
struct Watched(Arc<Mutex<Option<oneshot::Sender<()>>>>);

/// The watched answers of one connection whose last byte is in hyper's buffer. Everything that holds on to it is part
/// of the connection, so what was not written is lost when the connection is.
#[derive(Default)]
pub(crate) struct Answers {
    /// Whether there is any.
    any: AtomicBool,
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
}

impl Answers {
    /// The body of this answer has ended.
    fn ended(&self, answer: oneshot::Sender<()>) {
        let mut waiting = self.waiting.lock();
        if waiting.len() < ANSWERS_MAX {
            waiting.push(answer);
            self.any.store(true, Ordering::Release);
        }
    }

    /// Everything that ended before has been written.
    pub(crate) fn flushed(&self) {
        // Connections with nothing watched, which are all but a few, pay for one load.
        if self.any.load(Ordering::Acquire) {
            self.any.store(false, Ordering::Relaxed);
            let written = std::mem::take(&mut *self.waiting.lock());
            for answer in written {
                // Nobody may be interested any more.
                let _ = answer.send(());
            }
        }
    }
}

/// Takes a watched answer over, to be followed on its connection.
pub(crate) fn follow(answer: &mut Response, request: &Method, answers: &Arc<Answers>) {
    let Some(Watched(watched)) = answer.extensions_mut().remove() else {
        return;
    };
    let sender = watched.lock().take();
    if request == Method::HEAD {
        return;
    }
    let body = std::mem::take(answer.body_mut());
    *answer.body_mut() = Body::new(Followed {
        body,
        has_ended: false,
        sender,
        answers: Arc::clone(answers),
    });
}

/// A body that tells its connection when it has ended.
struct Followed {
    body: Body,
    has_ended: bool,
    sender: Option<oneshot::Sender<()>>,
    answers: Arc<Answers>,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(None) = &polled {
            self.has_ended = true;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Followed {
    /// hyper lets go of a body in the same turn in which it puts the end of it into its buffer, before it flushes.
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take()
            && (self.has_ended || self.body.is_end_stream())
        {
            self.answers.ended(sender);
        }
    }
}

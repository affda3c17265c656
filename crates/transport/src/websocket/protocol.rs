//! The border between the pump and a dialect: what a dialect answers to what happens on one socket.
//!
//! No dialect's words and no input or output live here.

use std::{
    borrow::Cow,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::codec::Frame;

/// Asynchronous work a dialect starts; what it yields comes back through [`Protocol::finished`].
pub type Work<D> = Pin<Box<dyn Future<Output = D> + Send>>;

/// A close code and the reason beside it.
pub type Close = (u16, Cow<'static, str>);

/// What a dialect speaks on one socket. The pump calls one method at a time; none may block.
///
/// The value is dropped when the socket is gone, however it went; a dialect that has something to
/// undo then does it in `Drop`.
pub trait Protocol: Send + Unpin + 'static {
    /// Outcome of asynchronous work, handed back in the order the work was started.
    type Done: Send + 'static;

    /// Called once, before anything is read.
    fn opened(&mut self) -> Step<Self::Done>;

    /// One whole text message.
    fn receive(&mut self, text: &str) -> Step<Self::Done>;

    /// One whole binary message; ignored unless the dialect speaks binary.
    fn receive_binary(&mut self, payload: &[u8]) -> Step<Self::Done> {
        let _ = payload;
        Step::none()
    }

    /// The client has closed the connection in order, and has read what was written before it did. Nothing is asked of
    /// the protocol after it.
    fn peer_closed(&mut self) {}

    /// Work started earlier has finished.
    fn finished(&mut self, done: Self::Done) -> Step<Self::Done>;

    /// The next pushed frame of the subscription; `Pending` with the waker registered when there is
    /// none. Not called while the socket cannot take more, so the subscription must bound itself.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing>;

    /// The instant [`Protocol::deadline_passed`] is due, asked again after every step. No timer
    /// exists while this is `None`, and moving it later costs nothing.
    fn deadline(&self) -> Option<Instant>;

    /// The instant last given by [`Protocol::deadline`] has passed. Must move or clear it.
    fn deadline_passed(&mut self) -> Step<Self::Done>;
}

/// What a subscription pushes.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// Send this frame.
    Frame(Frame),
    /// Send this close code and reason, and hang up.
    Close(u16, Cow<'static, str>),
}

/// What is to happen next on a socket: frames first, then work, then the close.
#[must_use = "a step does nothing until the pump takes it"]
pub struct Step<D> {
    /// Kept apart from `more`, so that the usual one frame allocates nothing.
    pub(crate) first: Option<Frame>,
    pub(crate) more: Vec<Frame>,
    pub(crate) work: Option<Work<D>>,
    /// Work of further steps that were joined to this one.
    pub(crate) more_work: Vec<Work<D>>,
    pub(crate) close: Option<Close>,
}

impl<D> Step<D> {
    /// Nothing happens.
    pub fn none() -> Self {
        Self {
            first: None,
            more: Vec::new(),
            work: None,
            more_work: Vec::new(),
            close: None,
        }
    }

    /// `frame` is sent.
    pub fn frame(frame: Frame) -> Self {
        Self {
            first: Some(frame),
            ..Self::none()
        }
    }

    /// `work` starts at once, beside the work already running, even if the socket is lost meanwhile.
    pub fn work(work: impl Future<Output = D> + Send + 'static) -> Self {
        Self {
            work: Some(Box::pin(work)),
            ..Self::none()
        }
    }

    /// The socket is closed with `code` and `reason`. Answers of unfinished work are not sent.
    pub fn close(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            close: Some((code, reason.into())),
            ..Self::none()
        }
    }

    /// The same step, sending `frame` after the frames it already sends.
    pub fn and_frame(mut self, frame: Frame) -> Self {
        match self.first {
            None => self.first = Some(frame),
            Some(_) => self.more.push(frame),
        }
        self
    }

    /// The same step, closing the socket after its frames.
    pub fn and_close(mut self, code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        self.close = Some((code, reason.into()));
        self
    }

    /// This step and `next` as one: its frames come after these, its work runs beside this one's, and a close of
    /// either closes the socket after the frames of both. For what came in one message and means several things.
    pub fn then(mut self, next: Self) -> Self {
        for frame in next.first.into_iter().chain(next.more) {
            self = self.and_frame(frame);
        }
        for work in next.work.into_iter().chain(next.more_work) {
            match self.work {
                None => self.work = Some(work),
                Some(_) => self.more_work.push(work),
            }
        }
        self.close = self.close.or(next.close);
        self
    }

    /// The same step, starting `work`. A step starts one piece of work: a second replaces the first.
    pub fn and_work(mut self, work: impl Future<Output = D> + Send + 'static) -> Self {
        self.work = Some(Box::pin(work));
        self
    }
}

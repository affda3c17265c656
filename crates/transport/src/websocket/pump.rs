//! One task per socket: reads messages, drives the dialect's [`Protocol`], writes what it answers.
//!
//! Written as one hand-made future so that an idle socket costs this struct and nothing else: no
//! read buffer, no write buffer, no timer, no channel. What a dialect says must not be known here.

use std::{
    cell::Cell,
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    task::JoinHandle,
    time::{Instant, Sleep},
};

use super::{
    codec::{Decoder, Frame, Input, ProtocolError, close_code},
    outbox::Outbox,
    protocol::{Outgoing, Protocol, Step},
    work::WorkQueue,
};

/// Bytes read or joined at once, in a buffer that the sockets of a thread share.
const SCRATCH_BYTES: usize = 16 * 1024;
/// Messages, events and outcomes handled before other tasks of the thread get their turn.
const STEPS_PER_POLL_MAX: usize = 64;

/// Bounds of one socket. One value is shared by all sockets that have the same bounds.
#[derive(Clone, Debug)]
pub struct SocketLimits {
    /// Longest message a client may send, in bytes. A longer one closes the socket with 1009.
    pub message_bytes_max: usize,
    /// Most work running for one socket; past it nothing more is read from the socket.
    pub in_flight_max: usize,
    /// Bytes waiting to be written, past which neither messages nor events are taken.
    pub pending_bytes_max: usize,
    /// How long a socket may refuse to take bytes before it is dropped.
    pub write_stall_seconds_max: u64,
    /// How long the closing handshake, and work still running at the end, may take.
    pub close_seconds_max: u64,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            message_bytes_max: 256 * 1024,
            in_flight_max: 64,
            pending_bytes_max: 1024 * 1024,
            write_stall_seconds_max: 30,
            close_seconds_max: 2,
        }
    }
}

/// Starts the one task that serves a socket whose opening handshake is over.
///
/// `early` holds bytes the client sent behind its handshake. When `shutdown` turns true (or its
/// sender is gone) work already accepted is finished, then the socket is closed with 1001.
pub fn spawn<S, P>(
    stream: S,
    early: &[u8],
    protocol: P,
    limits: Arc<SocketLimits>,
    shutdown: watch::Receiver<bool>,
) -> JoinHandle<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    P: Protocol,
{
    tokio::spawn(Pump::new(stream, early, protocol, limits, shutdown))
}

/// Size in bytes of what one socket's task holds, the runtime's own task header aside.
pub const fn pump_bytes<S, P: Protocol>() -> usize {
    size_of::<Pump<S, P>>()
}

/// Where a socket is in its life. Each later phase ends at its instant, whatever the peer does.
#[derive(Clone, Copy)]
enum Phase {
    /// `Protocol::opened` has not been called.
    New,
    Open,
    /// Nothing is read any more; accepted work is being finished before the socket is closed.
    Leaving(Instant),
    /// A close frame of ours is on its way; the peer's is awaited.
    Closing(Instant),
    /// The peer's bytes can no longer be understood. They are thrown away until it hangs up, since
    /// hanging up on unread bytes could take the close frame from it.
    Discarding(Instant),
    /// Both sides are done talking: flush and hang up.
    Ending(Instant),
    /// The socket is of no use any more, but work it started must not be cut off in the middle.
    Finishing(Instant),
}

/// The socket is over, now. Nothing is left to tell the peer, though work may still be running.
struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

struct Pump<S, P: Protocol> {
    stream: S,
    protocol: P,
    decoder: Decoder,
    /// Bytes received but not handled yet: the start of a message, or what back-pressure holds up.
    remainder: Vec<u8>,
    outbox: Outbox,
    work: WorkQueue<P::Done>,
    phase: Phase,
    /// Set while the socket takes no bytes: when to give it up.
    stalled_until: Option<Instant>,
    /// Exists only while some instant is awaited. May be early, never late.
    timer: Option<Pin<Box<Sleep>>>,
    limits: Arc<SocketLimits>,
    shutdown: watch::Receiver<bool>,
    /// Wakes the task at shutdown. Polled when it may have something to say, not at every wake-up.
    shutdown_alarm: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Nothing in a pump is pinned in place, whatever work yields.
impl<S: Unpin, P: Protocol> Unpin for Pump<S, P> {}

impl<S, P> Future for Pump<S, P>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Protocol,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let pump = self.get_mut();
        if !matches!(pump.phase, Phase::Finishing(_)) {
            let mut scratch = Scratch::take();
            match pump.run(&mut scratch.0, cx) {
                Ok(()) => return Poll::Pending,
                Err(Gone) => pump.phase = Phase::Finishing(pump.close_instant()),
            }
        }
        pump.finish(cx)
    }
}

impl<S, P: Protocol> Pump<S, P> {
    fn new(
        stream: S,
        early: &[u8],
        protocol: P,
        limits: Arc<SocketLimits>,
        shutdown: watch::Receiver<bool>,
    ) -> Self {
        let mut alarm = shutdown.clone();
        Self {
            stream,
            protocol,
            decoder: Decoder::default(),
            remainder: early.to_vec(),
            outbox: Outbox::default(),
            work: WorkQueue::new(),
            phase: Phase::New,
            stalled_until: None,
            timer: None,
            limits,
            shutdown,
            shutdown_alarm: Some(Box::pin(async move {
                // An error means that the server is gone, which ends its sockets as well.
                let _ = alarm.wait_for(|stop| *stop).await;
            })),
        }
    }

    fn close_instant(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.limits.close_seconds_max)
    }

    /// Whether the peer must take bytes before anything more is done for it.
    fn is_full(&self) -> bool {
        self.outbox.bytes() >= self.limits.pending_bytes_max
    }

    fn may_read(&self) -> bool {
        !self.is_full() && self.work.len() < self.limits.in_flight_max
    }

    fn apply(&mut self, step: Step<P::Done>, cx: &mut Context<'_>) {
        if let Some(frame) = step.first {
            self.outbox.push(frame);
        }
        for frame in step.more {
            self.outbox.push(frame);
        }
        for work in step.work.into_iter().chain(step.more_work) {
            self.work.start(work, cx);
        }
        if let Some((code, reason)) = step.close {
            self.close(code, &reason);
        }
    }

    fn close(&mut self, code: u16, reason: &str) {
        self.outbox.push(Frame::close(code, reason));
        self.phase = Phase::Closing(self.close_instant());
    }

    fn refuse(&mut self, error: ProtocolError) {
        tracing::debug!(%error, "socket refused");
        let (code, reason) = error.close();
        // Once the close frame is out, no second one may follow it.
        if !matches!(self.phase, Phase::Closing(_)) {
            self.outbox.push(Frame::close(code, reason));
        }
        self.remainder = Vec::new();
        self.phase = Phase::Discarding(self.close_instant());
    }

    /// Calls the dialect for what happened, until nothing is left or the turn is over.
    fn advance(&mut self, turn: &mut Turn, cx: &mut Context<'_>) {
        if matches!(self.phase, Phase::New) {
            self.phase = Phase::Open;
            let step = self.protocol.opened();
            self.apply(step, cx);
        }
        self.work.poll(cx);
        self.deliver_outcomes(turn, cx);
        while matches!(self.phase, Phase::Open) && turn.take(!self.is_full()) {
            match self.protocol.poll_event(cx) {
                Poll::Ready(Outgoing::Frame(frame)) => self.outbox.push(frame),
                Poll::Ready(Outgoing::Close(code, reason)) => self.close(code, &reason),
                Poll::Pending => {
                    turn.give_back();
                    break;
                }
            }
        }
    }

    /// Hands finished work back. In a closing socket there is nobody to hand it to.
    fn deliver_outcomes(&mut self, turn: &mut Turn, cx: &mut Context<'_>) {
        while self.work.has_done() {
            let is_open = matches!(self.phase, Phase::Open | Phase::Leaving(_));
            if is_open && !turn.take(!self.is_full()) {
                return;
            }
            let Some(done) = self.work.pop_done() else { return };
            if is_open {
                let step = self.protocol.finished(done);
                self.apply(step, cx);
            }
        }
    }

    /// Handles the complete messages at the start of `bytes`; returns how many bytes they took.
    fn handle(&mut self, bytes: &mut [u8], turn: &mut Turn, cx: &mut Context<'_>) -> usize {
        let mut used = 0;
        while matches!(self.phase, Phase::Open | Phase::Closing(_)) && turn.take(self.may_read()) {
            let (taken, input) = match self
                .decoder
                .decode(&mut bytes[used..], self.limits.message_bytes_max)
            {
                Ok(Some(decoded)) => decoded,
                Ok(None) => {
                    turn.give_back();
                    return used;
                }
                Err(error) => {
                    self.refuse(error);
                    return bytes.len();
                }
            };
            used += taken;
            if let Input::Close(code) = input {
                self.peer_closed(code);
                return bytes.len();
            }
            if matches!(self.phase, Phase::Closing(_)) {
                continue;
            }
            match input {
                Input::Text(text) => {
                    let step = self.protocol.receive(&text);
                    self.apply(step, cx);
                }
                Input::Binary(payload) => {
                    let step = self.protocol.receive_binary(&payload);
                    self.apply(step, cx);
                }
                Input::Ping(payload) => self.outbox.push(Frame::pong(payload)),
                Input::Pong | Input::Fragment | Input::Close(_) => {}
            }
        }
        used
    }

    fn peer_closed(&mut self, code: Option<u16>) {
        self.protocol.peer_closed();
        if matches!(self.phase, Phase::Open) {
            self.outbox.push(match code {
                Some(code) => Frame::close(code, ""),
                None => Frame::close_without_code(),
            });
        }
        self.phase = Phase::Ending(self.close_instant());
    }

    fn start_leaving(&mut self, cx: &mut Context<'_>) {
        let Some(alarm) = &mut self.shutdown_alarm else {
            return;
        };
        // The version is one atomic load; the alarm itself takes a lock.
        let is_new = matches!(self.phase, Phase::New);
        if (is_new || self.shutdown.has_changed().unwrap_or(true)) && alarm.as_mut().poll(cx).is_ready() {
            self.shutdown_alarm = None;
            if matches!(self.phase, Phase::New | Phase::Open) {
                self.phase = Phase::Leaving(self.close_instant());
            }
        }
    }
}

impl<S, P> Pump<S, P>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Protocol,
{
    /// One wake-up. `Ok` means that wakers are in place and there is nothing to do until one rings.
    fn run(&mut self, scratch: &mut [u8], cx: &mut Context<'_>) -> Result<(), Gone> {
        let mut turn = Turn {
            left: STEPS_PER_POLL_MAX,
            held_back: false,
        };
        self.start_leaving(cx);
        loop {
            turn.held_back = false;
            self.advance(&mut turn, cx);
            self.leave();
            self.read(scratch, &mut turn, cx)?;
            self.deliver_outcomes(&mut turn, cx);
            let flushed = self.flush(scratch, cx)?;
            if flushed {
                self.hang_up(scratch, cx)?;
            }
            // What held a source back may be gone again: bytes were written, or work had finished.
            let may_go_on = !self.is_full() && (self.may_read() || self.work.has_done());
            if turn.left > 0 && turn.held_back && may_go_on {
                continue;
            }
            if !self.deadline_passed(cx)? {
                break;
            }
            turn.left = turn.left.saturating_sub(1);
            if matches!(self.phase, Phase::Open) {
                let step = self.protocol.deadline_passed();
                self.apply(step, cx);
            }
            if turn.left == 0 {
                break;
            }
        }
        if turn.left == 0 {
            cx.waker().wake_by_ref();
        }
        Ok(())
    }

    fn read(&mut self, scratch: &mut [u8], turn: &mut Turn, cx: &mut Context<'_>) -> Result<(), Gone> {
        while matches!(self.phase, Phase::Open | Phase::Closing(_)) {
            if !self.remainder.is_empty() {
                let mut kept = mem::take(&mut self.remainder);
                let used = self.handle(&mut kept, turn, cx);
                // A fresh copy of the rest, so that a long message's memory is not kept for it.
                self.remainder = if used == 0 { kept } else { kept[used..].to_vec() };
                if !matches!(self.phase, Phase::Open | Phase::Closing(_)) {
                    return Ok(());
                }
            }
            if !turn.take(self.may_read()) {
                return Ok(());
            }
            turn.give_back();
            let received = match poll_read(&mut self.stream, scratch, cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(received) => received?,
            };
            if received.is_empty() {
                self.phase = Phase::Ending(self.close_instant());
            } else if self.remainder.is_empty() {
                let used = self.handle(received, turn, cx);
                self.remainder = received[used..].to_vec();
            } else {
                self.remainder.extend_from_slice(received);
            }
        }
        Ok(())
    }

    /// Tells the peer that the server goes, once accepted work is answered or its time is over.
    fn leave(&mut self) {
        if let Phase::Leaving(until) = self.phase
            && (self.work.is_empty() || Instant::now() >= until)
        {
            self.close(close_code::GOING_AWAY, "the server is going away");
        }
    }

    /// Writes what waits. `Ok(true)` when nothing waits any more.
    fn flush(&mut self, scratch: &mut [u8], cx: &mut Context<'_>) -> Result<bool, Gone> {
        let patience = Duration::from_secs(self.limits.write_stall_seconds_max);
        while !self.outbox.is_empty() {
            match self.outbox.poll_write(&mut self.stream, scratch, cx) {
                Poll::Ready(written) => {
                    written?;
                    self.stalled_until = None;
                }
                Poll::Pending => {
                    self.stalled_until
                        .get_or_insert_with(|| Instant::now() + patience);
                    return Ok(false);
                }
            }
        }
        // TLS may still hold the last record.
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(flushed) => {
                flushed?;
                self.stalled_until = None;
                Ok(true)
            }
            Poll::Pending => {
                self.stalled_until
                    .get_or_insert_with(|| Instant::now() + patience);
                Ok(false)
            }
        }
    }

    /// Hangs up, once our frames are out and the phase says that nothing more is to come.
    fn hang_up(&mut self, scratch: &mut [u8], cx: &mut Context<'_>) -> Result<(), Gone> {
        let hung_up = match self.phase {
            Phase::Ending(_) | Phase::Discarding(_) => Pin::new(&mut self.stream).poll_shutdown(cx),
            _ => return Ok(()),
        };
        if let Poll::Ready(hung_up) = hung_up {
            hung_up?;
            if matches!(self.phase, Phase::Ending(_)) {
                return Err(Gone);
            }
        }
        self.discard(scratch, cx)
    }

    /// Throws away what the peer still sends; its hanging up ends the socket.
    fn discard(&mut self, scratch: &mut [u8], cx: &mut Context<'_>) -> Result<(), Gone> {
        for _ in 0..STEPS_PER_POLL_MAX {
            match poll_read(&mut self.stream, scratch, cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(received) => {
                    if received?.is_empty() {
                        return Err(Gone);
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// The nearest instant at which something must be done although nothing happened.
    fn next_instant(&self) -> Option<Instant> {
        let own = match self.phase {
            Phase::New | Phase::Open => self.protocol.deadline(),
            Phase::Leaving(until)
            | Phase::Closing(until)
            | Phase::Discarding(until)
            | Phase::Ending(until)
            | Phase::Finishing(until) => Some(until),
        };
        match (own, self.stalled_until) {
            (Some(own), Some(stalled)) => Some(own.min(stalled)),
            (own, stalled) => own.or(stalled),
        }
    }

    /// Whether the protocol's deadline (or the end of leaving) has passed. A socket whose own time
    /// is over is gone.
    fn deadline_passed(&mut self, cx: &mut Context<'_>) -> Result<bool, Gone> {
        let Some(at) = self.next_instant() else {
            self.timer = None;
            return Ok(false);
        };
        let timer = match &mut self.timer {
            // An early timer rings once too often; setting it anew at every step would cost more.
            Some(timer) if timer.deadline() <= at => timer,
            Some(timer) => {
                timer.as_mut().reset(at);
                timer
            }
            None => self.timer.insert(Box::pin(tokio::time::sleep_until(at))),
        };
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now < at {
                timer.as_mut().reset(at);
                continue;
            }
            if self.stalled_until.is_some_and(|until| until <= now) {
                tracing::debug!("socket takes no bytes; dropped");
                return Err(Gone);
            }
            return match self.phase {
                Phase::New | Phase::Open | Phase::Leaving(_) => Ok(true),
                _ => Err(Gone),
            };
        }
        Ok(false)
    }

    /// Drives work that is still running to its end, for as long as closing may take.
    fn finish(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.stalled_until = None;
        self.work.poll(cx);
        while self.work.pop_done().is_some() {}
        if self.work.is_empty() || self.deadline_passed(cx).is_err() {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// How much of one wake-up is left.
struct Turn {
    left: usize,
    /// A source was not asked because a limit was reached.
    held_back: bool,
}

impl Turn {
    /// Takes one step, if `allowed` by the socket's limits and the turn is not over.
    fn take(&mut self, allowed: bool) -> bool {
        if !allowed {
            self.held_back = true;
        }
        let may = allowed && self.left > 0;
        self.left -= usize::from(may);
        may
    }

    /// The step came to nothing.
    fn give_back(&mut self) {
        self.left += 1;
    }
}

fn poll_read<'a, S: AsyncRead + Unpin>(
    stream: &mut S,
    scratch: &'a mut [u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<&'a mut [u8]>> {
    let mut buffer = ReadBuf::new(scratch);
    match Pin::new(stream).poll_read(cx, &mut buffer) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Ready(Ok(())) => {
            let count = buffer.filled().len();
            Poll::Ready(Ok(&mut scratch[..count]))
        }
    }
}

/// The thread's shared buffer while one socket uses it; goes back when dropped.
struct Scratch(Vec<u8>);

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Scratch {
    fn take() -> Self {
        let mut buffer = SPARE.take();
        buffer.resize(SCRATCH_BYTES, 0);
        Self(buffer)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        SPARE.set(mem::take(&mut self.0));
    }
}

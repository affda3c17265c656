//! The one stream type of every accepted connection, plain or TLS, and what it holds of the server.
//!
//! One concrete type lets an upgraded connection be taken back out of hyper with no wrapper left.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, watch},
};
use tokio_rustls::server::TlsStream;

use crate::http::written::Answers;

/// Silence after which the kernel probes whether the peer still exists.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Pause between probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Unanswered probes after which the connection is lost.
const KEEPALIVE_PROBES: u32 = 3;
/// How long sent bytes may stay unacknowledged before the connection is lost.
const USER_TIMEOUT: Duration = Duration::from_secs(60);

/// An accepted connection, from accept to the end of its last WebSocket frame.
pub struct Stream {
    wire: Wire,
    /// Turns true when the server stops. The server waits until every copy is gone.
    shutdown: watch::Receiver<bool>,
    /// The connection's place among the server's connections.
    _permit: OwnedSemaphorePermit,
    /// Answers that wait to be flushed; none once the connection speaks WebSocket.
    answers: Option<Arc<Answers>>,
}

pub(crate) enum Wire {
    Plain(TcpStream),
    /// Boxed: TLS state is many times the size of a socket.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(crate) fn new(
        wire: Wire,
        shutdown: watch::Receiver<bool>,
        permit: OwnedSemaphorePermit,
        answers: Arc<Answers>,
    ) -> Self {
        Self {
            wire,
            shutdown,
            _permit: permit,
            answers: Some(answers),
        }
    }

    /// The same connection when it speaks HTTP no longer.
    pub(crate) fn upgraded(self) -> Self {
        Self {
            answers: None,
            ..self
        }
    }

    /// Turns true when the server stops.
    pub fn shutdown(&self) -> watch::Receiver<bool> {
        self.shutdown.clone()
    }
}

/// Sends small writes at once, and lets the kernel find peers that vanished.
pub(crate) fn tune(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    let socket = SockRef::from(socket);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Wire::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Wire::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Wire::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(socket) => socket.is_write_vectored(),
            Wire::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let flushed = match &mut stream.wire {
            Wire::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(cx),
        };
        if let (Poll::Ready(Ok(())), Some(answers)) = (&flushed, &stream.answers) {
            answers.flushed();
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

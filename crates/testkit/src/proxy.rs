//! A relay between clients and a server that cuts connections when a test says so, as bad networks do.
//!
//! Not in here: any protocol, but for the one place where it may speed up a client that reconnects slowly.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes passed on in one go.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// The beginning of an event stream over HTTP/1.1 ends here; what follows comes in chunks.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// A relay on a free loopback port. Ends with all its connections when dropped.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    target: Mutex<SocketAddr>,
    /// How many more bytes towards the client the streams of this moment may pass. Connections that come later see
    /// only later values.
    fuse: watch::Sender<usize>,
    retry: Option<Vec<u8>>,
}

impl Proxy {
    /// Starts a relay to a server.
    ///
    /// # Panics
    /// When the machine has no free port.
    pub async fn start(target: SocketAddr) -> Self {
        Self::over(target, None).await
    }

    /// The same, which also tells every client of an event stream to come back after so many milliseconds, where a
    /// browser would take three seconds.
    ///
    /// # Panics
    /// When the machine has no free port.
    pub async fn with_retry(target: SocketAddr, milliseconds: u32) -> Self {
        let field = format!("retry: {milliseconds}\n\n");
        let chunk = format!("{:x}\r\n{field}\r\n", field.len());
        Self::over(target, Some(chunk.into_bytes())).await
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without its relay")]
    async fn over(target: SocketAddr, retry: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            fuse: watch::Sender::new(0),
            retry,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            accepting,
        }
    }

    /// Sends connections that come from now on to another server.
    pub fn retarget(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Cuts the connections of this moment without a word: an event stream after it has passed so many more bytes to
    /// its client, any other at once. (A browser gives up on a stream for good when it gets half a head, and that is
    /// what a connection kept for later would pass in its last bytes.)
    pub fn cut_after(&self, bytes: usize) {
        self.shared.fuse.send_replace(bytes);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Ends all connections when this task ends.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let fuse = shared.fuse.subscribe();
        connections.spawn(relay(client, Arc::clone(&shared), fuse));
        while connections.try_join_next().is_some() {}
    }
}

async fn relay(client: TcpStream, shared: Arc<Shared>, fuse: watch::Receiver<usize>) {
    let target = *shared.target.lock().unwrap_or_else(PoisonError::into_inner);
    // No server, no connection: that is what the client is to see.
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    // Without a farewell, and what is still under way is lost.
    let _ = client.set_zero_linger();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        _ = pass(from_client, to_server) => {}
        _ = pass_until_cut(from_server, to_client, fuse, shared.retry.as_deref()) => {}
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES_MAX];
    loop {
        match from.read(&mut piece).await? {
            0 => return Ok(()),
            count => to.write_all(&piece[..count]).await?,
        }
    }
}

async fn pass_until_cut(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut fuse: watch::Receiver<usize>,
    retry: Option<&[u8]>,
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES_MAX];
    let mut streaming = false;
    let mut left = usize::MAX;
    while left > 0 {
        let count = tokio::select! {
            // The relay that could still light the fuse is gone when this fails.
            lit = fuse.changed() => match lit {
                Ok(()) => {
                    left = if streaming { left.min(*fuse.borrow_and_update()) } else { 0 };
                    continue;
                }
                Err(_) => return Ok(()),
            },
            count = from.read(&mut piece) => count?,
        };
        if count == 0 {
            return Ok(());
        }
        let passed = &piece[..count.min(left)];
        left -= passed.len();
        match end_of_stream_head(passed) {
            Some(end) if !streaming => {
                streaming = true;
                to.write_all(&passed[..end]).await?;
                to.write_all(retry.unwrap_or_default()).await?;
                to.write_all(&passed[end..]).await?;
            }
            _ => to.write_all(passed).await?,
        }
    }
    Ok(())
}

/// Where the body of an event stream begins, if these bytes begin one.
fn end_of_stream_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes
        .windows(HEAD_END.len())
        .position(|window| window == HEAD_END)?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    (head.contains("text/event-stream") && head.contains("chunked")).then_some(end + HEAD_END.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends this to whoever connects, and listens until they leave.
    async fn server(words: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let _ = client.write_all(words).await;
                let _ = client.read_to_end(&mut Vec::new()).await;
            }
        });
        address.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn read(client: &mut TcpStream, count: usize) -> String {
        let mut bytes = vec![0; count];
        let read = client.read_exact(&mut bytes).await;
        assert!(read.is_ok(), "{read:?}");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    async fn connect(proxy: &Proxy) -> TcpStream {
        let client = TcpStream::connect(proxy.address).await;
        client.unwrap_or_else(|error| panic!("{error}"))
    }

    #[tokio::test]
    async fn a_cut_ends_the_connections_of_the_moment_and_no_later_one() {
        let proxy = Proxy::start(server(b"hello").await).await;
        let mut first = connect(&proxy).await;
        assert_eq!(read(&mut first, 5).await, "hello");
        proxy.cut_after(0);
        // An end or an error, as a lost network gives either.
        assert_eq!(first.read(&mut [0; 1]).await.unwrap_or(0), 0);
        let mut second = connect(&proxy).await;
        assert_eq!(read(&mut second, 5).await, "hello");
        proxy.retarget(server(b"other").await);
        let mut third = connect(&proxy).await;
        assert_eq!(read(&mut third, 5).await, "other");
    }

    #[tokio::test]
    async fn only_an_event_stream_is_told_when_to_come_back() {
        let stream = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\n:abc\n\r\n";
        let proxy = Proxy::with_retry(server(stream).await, 20).await;
        let told = "b\r\nretry: 20\n\n\r\n";
        let all = read(&mut connect(&proxy).await, stream.len() + told.len()).await;
        assert!(all.contains(&format!("\r\n\r\n{told}5\r\n:abc")), "{all}");
        let plain = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        proxy.retarget(server(plain).await);
        assert_eq!(
            read(&mut connect(&proxy).await, plain.len()).await.as_bytes(),
            plain
        );
    }
}

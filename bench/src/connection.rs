//! One WebSocket connection of the generator: handshake, a read buffer, whole writes. What frames mean is not known
//! here. Only loopback addresses are ever connected to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::failure::{Context as _, Outcome, fail};
use crate::frame::{self, CLOSE, PING, PONG, TEXT};

/// How much is asked of the socket in one read, in bytes.
const READ_BYTES: usize = 16 * 1024;
/// The largest answer to the handshake, in bytes.
const HANDSHAKE_BYTES_MAX: usize = 8 * 1024;
/// The longest wait for one certain frame.
const FRAME_WAIT_MAX: Duration = Duration::from_secs(10);
/// Connections from one loopback source address; the kernel has about 28,000 ports for each.
const CONNECTIONS_PER_SOURCE_MAX: usize = 20_000;

/// Refuses every address that is not on this machine.
///
/// # Errors
/// The address is not a loopback address.
pub(crate) fn check_loopback(address: SocketAddr) -> Outcome<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    fail(format!(
        "{address} is not a loopback address; this load generator only ever loads its own machine"
    ))
}

/// Connects to `address`; the `index`-th connection of a run picks its loopback source address by it, so that
/// more connections than one address has ports can be opened.
pub(crate) async fn connect(address: SocketAddr, index: usize) -> Outcome<TcpStream> {
    check_loopback(address)?;
    let stream = match source_address(address, index) {
        None => TcpStream::connect(address).await,
        Some(source) => {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::new(source, 0))?;
            socket.connect(address).await
        }
    }
    .context(|| format!("cannot connect to {address} (connection {index})"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn source_address(address: SocketAddr, index: usize) -> Option<IpAddr> {
    let number = u8::try_from(index / CONNECTIONS_PER_SOURCE_MAX).ok()?;
    (address.is_ipv4() && number > 0).then(|| IpAddr::V4(Ipv4Addr::new(127, 0, 0, number.saturating_add(1))))
}

/// An open WebSocket.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// Received bytes that no frame was taken from yet.
    buffer: Vec<u8>,
    /// Pongs that the next [`Connection::receive`] sends.
    pongs: Vec<u8>,
}

impl Connection {
    /// Opens `/ws/im?token=…` and waits for the `connected` frame: from then on the server delivers to it.
    ///
    /// # Errors
    /// No connection, an answer other than 101, or no `connected` frame within 10 s.
    pub(crate) async fn open(address: SocketAddr, token: &str, index: usize) -> Outcome<Connection> {
        let mut connection = Connection::open_at(address, &format!("/ws/im?token={token}"), index).await?;
        connection.wait_for("\"connected\"").await?;
        Ok(connection)
    }

    /// Opens the WebSocket at this path and query.
    ///
    /// # Errors
    /// No connection, or an answer other than 101.
    pub(crate) async fn open_at(address: SocketAddr, path: &str, index: usize) -> Outcome<Connection> {
        let mut stream = connect(address, index).await?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGFybGFuY2UtYmVuY2gtMQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let buffer = read_handshake_answer(&mut stream).await?;
        Ok(Connection {
            stream,
            buffer,
            pongs: Vec::new(),
        })
    }

    /// Reads text messages until one contains `mark`; others are skipped.
    ///
    /// # Errors
    /// The connection fails, or 10 s pass.
    pub(crate) async fn wait_for(&mut self, mark: &str) -> Outcome<()> {
        let mut seen = false;
        let waiting = async {
            while !seen {
                let look = |text: &[u8]| {
                    seen |= memchr::memmem::find(text, mark.as_bytes()).is_some();
                    Ok(())
                };
                self.receive(look).await?;
            }
            Ok(())
        };
        match tokio::time::timeout(FRAME_WAIT_MAX, waiting).await {
            Ok(read) => read,
            Err(_) => fail(format!(
                "a socket got no {mark} within {} s",
                FRAME_WAIT_MAX.as_secs()
            )),
        }
    }

    /// Sends bytes that are whole frames already.
    pub(crate) async fn send(&mut self, frames: &[u8]) -> Outcome<()> {
        self.stream
            .write_all(frames)
            .await
            .context(|| "the server closed a connection".to_owned())
    }

    /// Waits for bytes and gives every whole text message to `each`.
    ///
    /// Cancelling loses no received bytes; pongs are a few bytes and written at once.
    ///
    /// # Errors
    /// The connection was closed (the close code is in the text), a broken frame, or an error of `each`.
    pub(crate) async fn receive(&mut self, mut each: impl FnMut(&[u8]) -> Outcome<()>) -> Outcome<()> {
        if !self.pongs.is_empty() {
            let pongs = std::mem::take(&mut self.pongs);
            self.send(&pongs).await?;
        }
        // The handshake's read may have brought frames along.
        if !self.buffer.is_empty() && self.take_frames(&mut each)? > 0 {
            return Ok(());
        }
        self.buffer.reserve(READ_BYTES);
        let count = self.stream.read_buf(&mut self.buffer).await;
        if count.context(|| "the server reset a connection".to_owned())? == 0 {
            return fail("the server closed a connection without a close frame");
        }
        self.take_frames(&mut each)?;
        Ok(())
    }

    /// Gives up the read buffer, so that an idle connection holds no memory here.
    pub(crate) fn forget_buffer(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// Handles every whole frame and returns how many bytes they took.
    fn take_frames(&mut self, each: &mut impl FnMut(&[u8]) -> Outcome<()>) -> Outcome<usize> {
        let mut start = 0;
        while let Some(found) = frame::decode(&mut self.buffer[start..])? {
            let payload = &self.buffer[start + found.payload.start..start + found.payload.end];
            match found.opcode {
                TEXT => each(payload)?,
                PING => frame::encode_client(&mut self.pongs, PONG, payload),
                CLOSE => return fail(describe_close(payload)),
                _ => {}
            }
            start += found.payload.end;
        }
        self.buffer.drain(..start);
        Ok(start)
    }
}

fn describe_close(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => format!(
            "the server closed a connection with code {}: {}",
            u16::from_be_bytes([*high, *low]),
            String::from_utf8_lossy(reason)
        ),
        _ => "the server closed a connection without a code".to_owned(),
    }
}

/// Reads the answer to the upgrade and returns the bytes that followed it.
async fn read_handshake_answer(stream: &mut TcpStream) -> Outcome<Vec<u8>> {
    let mut buffer = Vec::with_capacity(1_024);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return fail("the server closed the connection during the WebSocket handshake");
        }
        if let Some(end) = memchr::memmem::find(&buffer, b"\r\n\r\n") {
            if !buffer.starts_with(b"HTTP/1.1 101") {
                let line = buffer.split(|byte| *byte == b'\r').next().unwrap_or_default();
                return fail(format!(
                    "the WebSocket handshake was refused: {}",
                    String::from_utf8_lossy(line)
                ));
            }
            return Ok(buffer.split_off(end + 4));
        }
        if buffer.len() > HANDSHAKE_BYTES_MAX {
            return fail("the answer to the WebSocket handshake has no end");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loaded() {
        assert!(check_loopback("127.0.0.1:80".parse().unwrap()).is_ok());
        assert!(check_loopback("127.9.9.9:80".parse().unwrap()).is_ok());
        assert!(check_loopback("[::1]:80".parse().unwrap()).is_ok());
        assert!(check_loopback("192.168.0.1:80".parse().unwrap()).is_err());
        assert!(check_loopback("0.0.0.0:80".parse().unwrap()).is_err());
    }

    #[test]
    fn many_connections_spread_over_source_addresses() {
        let address = "127.0.0.1:80".parse().unwrap();
        assert_eq!(source_address(address, 0), None);
        assert_eq!(source_address(address, 19_999), None);
        assert_eq!(
            source_address(address, 20_000),
            Some("127.0.0.2".parse().unwrap())
        );
        assert_eq!(
            source_address(address, 65_000),
            Some("127.0.0.4".parse().unwrap())
        );
    }

    #[test]
    fn a_close_frame_is_explained() {
        assert!(describe_close(b"\x03\xebbad token").contains("1003: bad token"));
        assert!(describe_close(b"").contains("without a code"));
    }
}

//! The way from the command line to a running server: a socket in the data directory that only its owner can open.
//! One request and one reply a connection, each a line of JSON. What is asked for is in `user.rs`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::failure::Failure;
use crate::user::{Accounts, Reply, Request};

/// Name of the socket in the data directory.
const SOCKET: &str = "control.sock";
/// Only the owner may connect.
const SOCKET_MODE: u32 = 0o600;
/// Longest request, in bytes.
const REQUEST_BYTES_MAX: u64 = 64 << 10;
/// Longest reply, in bytes.
const REPLY_BYTES_MAX: u64 = 4 << 20;
/// Longest a connection may take, in seconds: one at a time is served.
const EXCHANGE_SECONDS_MAX: u64 = 10;
/// Pause after a connection could not be accepted, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 100;

/// The reply as it travels: what went wrong and what to do are kept apart.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Reply(Reply),
    Refused { what: String, remedy: String },
}

/// A socket that waits for the command line. Gone when dropped.
#[derive(Debug)]
pub struct Control {
    task: tokio::task::JoinHandle<()>,
    path: std::path::PathBuf,
}

impl Control {
    /// Opens the socket in a data directory that this process holds, and serves it until dropped.
    ///
    /// # Errors
    /// When there can be no such socket, most often because the path of the directory is longer than 90 bytes.
    pub fn open(data: &Path, accounts: impl Accounts) -> io::Result<Self> {
        let path = data.join(SOCKET);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(SOCKET_MODE))?;
        let task = tokio::spawn(accept(listener, accounts));
        Ok(Self { task, path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // Nobody misses it; the next server removes what is left.
        _ = std::fs::remove_file(&self.path);
    }
}

async fn accept(listener: UnixListener, accounts: impl Accounts) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let limit = Duration::from_secs(EXCHANGE_SECONDS_MAX);
                match tokio::time::timeout(limit, exchange(stream, &accounts)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "a control connection ended early"),
                    Err(_) => tracing::debug!("a control connection took too long"),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept control connections");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

async fn exchange(stream: UnixStream, accounts: &impl Accounts) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    tokio::io::BufReader::new(read)
        .take(REQUEST_BYTES_MAX)
        .read_line(&mut line)
        .await?;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => accounts.run(request).await.map_or_else(
            |failure| Answer::Refused {
                what: failure.what().into(),
                remedy: failure.remedy().into(),
            },
            Answer::Reply,
        ),
        Err(_) => Answer::Refused {
            what: "the running server does not understand this request".into(),
            remedy: "use the program of the same version as the server".into(),
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    write.write_all(&text).await
}

/// Asks the server that runs on a data directory. Blocks.
///
/// # Errors
/// The server's refusal, or that it cannot be asked.
pub fn ask(data: &Path, request: &Request) -> Result<Reply, Failure> {
    match ask_socket(&data.join(SOCKET), request) {
        Ok(Answer::Reply(reply)) => Ok(reply),
        Ok(Answer::Refused { what, remedy }) => Err(Failure::new(what, remedy)),
        Err(error) => Err(Failure::new(
            format!(
                "the server that runs on {} cannot be asked: {error}",
                data.display()
            ),
            "run this as the same user as the server, or stop the server first",
        )),
    }
}

fn ask_socket(path: &Path, request: &Request) -> io::Result<Answer> {
    let mut stream = BlockingStream::connect(path)?;
    // The server gives up first, so that its reason is the one that is heard.
    stream.set_read_timeout(Some(Duration::from_secs(2 * EXCHANGE_SECONDS_MAX)))?;
    let mut text = serde_json::to_vec(request)?;
    text.push(b'\n');
    stream.write_all(&text)?;
    let mut line = String::new();
    BufReader::new(io::Read::take(stream, REPLY_BYTES_MAX)).read_line(&mut line)?;
    if line.is_empty() {
        return Err(io::Error::other("it hung up without an answer"));
    }
    Ok(serde_json::from_str(&line)?)
}

#[cfg(test)]
mod tests {
    use crate::user::{Account, Role};

    use super::*;

    /// Lists itself, refuses everything else.
    #[derive(Clone)]
    struct Fake;

    fn account() -> Account {
        Account {
            id: 1,
            uid: "a".into(),
            name: "小明".into(),
            role: "USER".into(),
            status: "ACTIVE".into(),
        }
    }

    impl Accounts for Fake {
        async fn run(&self, request: Request) -> Result<Reply, Failure> {
            match request {
                Request::List { after_id: 0 } => Ok(Reply::Accounts(vec![account()])),
                Request::Disable { .. } => Ok(Reply::Done),
                other => Err(Failure::new(format!("{other:?}"), "do not")),
            }
        }
    }

    async fn ask_here(data: &Path, request: Request) -> Result<Reply, Failure> {
        let data = data.to_owned();
        tokio::task::spawn_blocking(move || ask(&data, &request))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn replies_and_refusals_come_back_as_they_were() {
        let data = tempfile::tempdir().unwrap();
        let control = Control::open(data.path(), Fake).unwrap();
        let mode = std::fs::metadata(data.path().join(SOCKET))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        let listed = ask_here(data.path(), Request::List { after_id: 0 }).await;
        assert_eq!(listed, Ok(Reply::Accounts(vec![account()])));
        assert_eq!(
            ask_here(data.path(), Request::Disable { uid: "a".into() }).await,
            Ok(Reply::Done)
        );
        let add = Request::Add {
            uid: "\"b\"\n".into(),
            name: String::new(),
            role: Role::Admin,
            password: "p".into(),
        };
        assert_eq!(
            ask_here(data.path(), add.clone()).await,
            Err(Failure::new(format!("{add:?}"), "do not"))
        );

        drop(control);
        let gone = ask_here(data.path(), Request::List { after_id: 0 })
            .await
            .unwrap_err();
        assert!(gone.what().contains("cannot be asked"), "{gone}");
    }

    #[tokio::test]
    async fn nonsense_and_silence_do_not_end_it() {
        let data = tempfile::tempdir().unwrap();
        // As a server that was killed leaves it.
        drop(std::os::unix::net::UnixListener::bind(data.path().join(SOCKET)).unwrap());
        let _control = Control::open(data.path(), Fake).unwrap();
        for nonsense in [b"{}\n".as_slice(), b"\xff\xfe\n", b"", &[b'x'; 100_000]] {
            let mut stream = UnixStream::connect(data.path().join(SOCKET)).await.unwrap();
            // It may hang up before it has read all.
            _ = stream.write_all(nonsense).await;
            drop(stream);
        }
        assert_eq!(
            ask_here(data.path(), Request::Disable { uid: "a".into() }).await,
            Ok(Reply::Done)
        );
    }
}

//! Accepts connections, speaks HTTP/1.1 on them (with or without TLS), and stops in good order.
//!
//! What is answered is the router's business; signals and configuration files are the binary's.

use std::{
    convert::Infallible,
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body};
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use super::{
    draining::Draining,
    written::{self, Answers},
};
use crate::stream::{self, Stream, Wire};

/// Pause after the system refused to accept, most often for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bounds of a server and of each of its HTTP connections.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// Most connections at a time, WebSockets included; past it new ones wait in the backlog.
    pub connections_max: usize,
    /// How long a client may take for its TLS handshake, and again for the head of each request; so
    /// also how long a kept connection may idle.
    pub header_seconds_max: u64,
    /// Longest head of a request, in bytes; a longer one is answered 431.
    pub header_bytes_max: usize,
    /// Most headers of a request; more are answered 431.
    pub headers_max: usize,
    /// Bytes of an HTTP connection's buffer; at least 8192 and more than `header_bytes_max`.
    pub buffer_bytes_max: usize,
    /// How long requests and sockets may take to end once the server stops.
    pub drain_seconds_max: u64,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 100_000,
            header_seconds_max: 10,
            header_bytes_max: 16 * 1024,
            headers_max: 64,
            buffer_bytes_max: 64 * 1024,
            drain_seconds_max: 8,
        }
    }
}

/// The address the connection came from, an extension of every request. Behind a reverse proxy it is
/// the proxy's; see [`super::caller`] for the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request was answered and every socket closed.
    All,
    /// So many connections were still there when the time was over.
    Left(usize),
}

/// An HTTP server over listeners that are already bound.
pub struct Server {
    /// Where connections come from.
    pub listeners: Vec<TcpListener>,
    /// What answers requests.
    pub router: Router,
    /// With a configuration, every listener speaks TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// Bounds.
    pub limits: ServerLimits,
    /// Turns true (or loses its sender) when the server is to stop.
    pub shutdown: watch::Receiver<bool>,
}

/// What every connection needs of its server.
struct Shared {
    router: Router,
    tls: Option<TlsAcceptor>,
    http: http1::Builder,
    handshake_max: Duration,
    places: Arc<Semaphore>,
}

impl Server {
    /// Serves until the shutdown signal: then accepts nothing more, lets requests finish, closes
    /// WebSockets with 1001, and returns when all is done or `drain_seconds_max` has passed.
    pub async fn run(mut self) -> Drained {
        let connections_max = self.limits.connections_max.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(connections_max));
        let shared = Arc::new(Shared {
            router: self.router,
            tls: self.tls.map(TlsAcceptor::from),
            http: http_builder(&self.limits),
            handshake_max: Duration::from_secs(self.limits.header_seconds_max),
            places: places.clone(),
        });
        // Every connection keeps a receiver of this channel, so `closed` tells when all are gone.
        let (drain, draining) = watch::channel(false);
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(accept(listener, shared.clone(), draining.clone()));
        }
        drop(draining);
        told(&mut self.shutdown).await;
        drain.send_replace(true);
        while accepting.join_next().await.is_some() {}
        let patience = Duration::from_secs(self.limits.drain_seconds_max);
        match timeout(patience, drain.closed()).await {
            Ok(()) => Drained::All,
            Err(_) => Drained::Left(connections_max - places.available_permits()),
        }
    }
}

/// Waits for the signal. Nobody being left who could give it ends the server as well.
async fn told(signal: &mut watch::Receiver<bool>) {
    let _ = signal.wait_for(|stop| *stop).await;
}

fn http_builder(limits: &ServerLimits) -> http1::Builder {
    const BUFFER_BYTES_MIN: usize = 8192;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_seconds_max))
        .max_headers(limits.headers_max)
        .max_header_size(limits.header_bytes_max)
        .max_buf_size(limits.buffer_bytes_max.max(BUFFER_BYTES_MIN));
    http
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut draining: watch::Receiver<bool>) {
    loop {
        let next = async {
            // A closed semaphore would be a reason to stop; this one never closes.
            let permit = shared.places.clone().acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        let accepted = tokio::select! {
            biased;
            () = told(&mut draining) => return,
            accepted = next => accepted,
        };
        match accepted {
            None => return,
            Some((permit, Ok((socket, peer)))) => {
                tokio::spawn(serve(socket, peer, permit, shared.clone(), draining.clone()));
            }
            Some((_, Err(error))) if is_of_one_connection(&error) => {}
            Some((_, Err(error))) => {
                tracing::warn!(%error, "cannot accept connections; is the open-files limit too low?");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the next accept may well succeed, since only the accepted connection broke.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    shared: Arc<Shared>,
    mut draining: watch::Receiver<bool>,
) {
    if let Err(error) = stream::tune(&socket) {
        return tracing::debug!(%peer, %error, "the connection was gone before it was served");
    }
    let wire = tokio::select! {
        biased;
        () = told(&mut draining) => return,
        wire = shake_hands(socket, &shared) => wire,
    };
    let answers = Arc::new(Answers::default());
    let stream = match wire {
        Ok(wire) => Stream::new(wire, draining.clone(), permit, answers.clone()),
        Err(error) => return tracing::debug!(%peer, %error, "TLS handshake failed"),
    };
    let router = shared.router.clone();
    let told_draining = Draining::new(draining.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddr(peer));
        request.extensions_mut().insert(told_draining.clone());
        answer(router.clone(), request, answers.clone())
    });
    let connection = shared
        .http
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut draining) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "HTTP connection ended early");
    }
}

async fn shake_hands(socket: TcpStream, shared: &Shared) -> io::Result<Wire> {
    let Some(tls) = &shared.tls else {
        return Ok(Wire::Plain(socket));
    };
    let stream = timeout(shared.handshake_max, tls.accept(socket)).await??;
    Ok(Wire::Tls(Box::new(stream)))
}

async fn answer(
    mut router: Router,
    request: Request<Incoming>,
    answers: Arc<Answers>,
) -> Result<Response<Body>, Infallible> {
    let method = request.method().clone();
    // A router is always ready; it has no `poll_ready` of its own to wait for.
    let mut response = router.call(request).await?;
    written::follow(&mut response, &method, &answers);
    Ok(response)
}

/// Why a certificate or key file cannot be used, in words for the person who configured it.
#[derive(Debug)]
pub struct TlsFileError {
    path: PathBuf,
    problem: String,
}

impl fmt::Display for TlsFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for TlsFileError {}

/// Makes *ring* the cryptography of every TLS client of this process that is not told otherwise. Once is enough, and
/// more often does no harm.
pub fn use_ring() {
    // An error says that a choice was made before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Loads a TLS configuration from a certificate chain and its private key, both PEM files.
///
/// # Errors
/// [`TlsFileError`] names the file and what to do about it.
pub fn load_tls(certificate_file: &Path, key_file: &Path) -> Result<Arc<ServerConfig>, TlsFileError> {
    let refuse = |path: &Path, problem: String| TlsFileError {
        path: path.to_owned(),
        problem,
    };
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|error| refuse(path, format!("cannot be read ({error}); check path and mode")))
    };
    let chain = CertificateDer::pem_slice_iter(&read(certificate_file)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refuse(certificate_file, format!("is not a valid PEM file ({error})")))?;
    if chain.is_empty() {
        let problem = "holds no certificate; give the full chain in PEM form, the server's own first";
        return Err(refuse(certificate_file, problem.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(key_file)?).map_err(|error| {
        refuse(
            key_file,
            format!("holds no private key in PEM form, PKCS#8, PKCS#1 or SEC1 ({error})"),
        )
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| {
            let certificate = certificate_file.display();
            refuse(
                key_file,
                format!("does not go with the certificate in {certificate} ({error})"),
            )
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

//! A small protocol and a server around it, driven by the tests of this crate. No assertions here.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::State, response::Response, routing::get};
use parlance_transport::{
    http::{Drained, Server, ServerLimits, load_tls},
    websocket::{Frame, Outgoing, Protocol, SocketLimits, Step, Upgrade},
};
use rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::ServerName};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::Instant,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// What the test and the sockets of its server share.
#[derive(Clone)]
pub(crate) struct Control {
    /// Names of the work that may finish.
    pub(crate) gates: watch::Sender<HashSet<String>>,
    /// How much work was started.
    pub(crate) started: watch::Sender<usize>,
    /// How much work ran to its end, delivered or not.
    pub(crate) ended: watch::Sender<usize>,
    /// Protocols that are alive.
    pub(crate) alive: watch::Sender<usize>,
    /// Senders of the sockets' events, in the order they were opened.
    pub(crate) events: watch::Sender<Vec<mpsc::Sender<Outgoing>>>,
}

impl Control {
    pub(crate) fn new() -> Self {
        Self {
            gates: watch::Sender::default(),
            started: watch::Sender::default(),
            ended: watch::Sender::default(),
            alive: watch::Sender::default(),
            events: watch::Sender::default(),
        }
    }

    pub(crate) fn open_gate(&self, name: &str) {
        self.gates.send_modify(|gates| {
            gates.insert(name.to_owned());
        });
    }

    pub(crate) async fn until(&self, counter: &watch::Sender<usize>, count: usize) {
        counter.subscribe().wait_for(|now| *now == count).await.unwrap();
    }
}

/// Speaks: `work NAME` (answers NAME once its gate is open), `close CODE REASON`, `alarm MILLIS`
/// (says `alarm` then), `many COUNT` (COUNT frames at once); echoes everything else.
pub(crate) struct Parrot {
    control: Control,
    events: mpsc::Receiver<Outgoing>,
    alarm: Option<Instant>,
}

impl Parrot {
    pub(crate) fn new(control: &Control) -> Self {
        let (sender, events) = mpsc::channel(1);
        control.alive.send_modify(|alive| *alive += 1);
        control.events.send_modify(|all| all.push(sender));
        Self {
            control: control.clone(),
            events,
            alarm: None,
        }
    }

    fn work(&self, name: &str) -> Step<String> {
        let (name, control) = (name.to_owned(), self.control.clone());
        control.started.send_modify(|started| *started += 1);
        Step::work(async move {
            control
                .gates
                .subscribe()
                .wait_for(|gates| gates.contains(&name))
                .await
                .unwrap();
            control.ended.send_modify(|ended| *ended += 1);
            name
        })
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.control.alive.send_modify(|alive| *alive -= 1);
    }
}

impl Protocol for Parrot {
    type Done = String;

    fn opened(&mut self) -> Step<String> {
        Step::frame(Frame::text("welcome"))
    }

    fn receive(&mut self, text: &str) -> Step<String> {
        match text.split(' ').collect::<Vec<_>>()[..] {
            ["work", name] => self.work(name),
            ["both", first, second] => Step::frame(Frame::text("one"))
                .then(self.work(first))
                .then(Step::frame(Frame::text("two")))
                .then(self.work(second)),
            ["close", code, reason] => {
                Step::frame(Frame::text("bye")).and_close(code.parse().unwrap(), reason.to_owned())
            }
            ["alarm", millis] => {
                self.alarm = Some(Instant::now() + Duration::from_millis(millis.parse().unwrap()));
                Step::none()
            }
            ["many", count] => (0..count.parse().unwrap()).fold(Step::none(), |step, n: usize| {
                step.and_frame(Frame::text(n.to_string()))
            }),
            _ => Step::frame(Frame::text(text)),
        }
    }

    fn receive_binary(&mut self, payload: &[u8]) -> Step<String> {
        Step::frame(Frame::binary(payload))
    }

    fn finished(&mut self, done: String) -> Step<String> {
        Step::frame(Frame::text(done))
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        match self.events.poll_recv(cx) {
            Poll::Ready(Some(event)) => Poll::Ready(event),
            _ => Poll::Pending,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.alarm
    }

    fn deadline_passed(&mut self) -> Step<String> {
        self.alarm = None;
        Step::frame(Frame::text("alarm"))
    }
}

/// A server on a free port of the loopback interface.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) control: Control,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) running: JoinHandle<Drained>,
}

impl TestServer {
    /// Serves [`Parrot`] at `/ws`, with the sub-protocol `parrot` for clients that offer it.
    pub(crate) async fn with_sockets(tls: Option<Arc<ServerConfig>>, limits: SocketLimits) -> Self {
        let control = Control::new();
        let state = (control.clone(), Arc::new(limits));
        let router = Router::new().route("/ws", get(socket)).with_state(state);
        Self::start(router, tls, ServerLimits::default(), control).await
    }

    /// Serves `router`.
    pub(crate) async fn with_router(router: Router, limits: ServerLimits) -> Self {
        Self::start(router, None, limits, Control::new()).await
    }

    pub(crate) async fn start(
        router: Router,
        tls: Option<Arc<ServerConfig>>,
        limits: ServerLimits,
        control: Control,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, shutdown) = watch::channel(false);
        let server = Server {
            listeners: vec![listener],
            router,
            tls,
            limits,
            shutdown,
        };
        Self {
            address,
            control,
            stop,
            running: tokio::spawn(server.run()),
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// A certificate of its own, and clients that trust it.
pub(crate) struct Tls {
    pub(crate) server: Arc<ServerConfig>,
    client: TlsConnector,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            server: load_tls(&certificate, &key).unwrap(),
            client: TlsConnector::from(Arc::new(config)),
        }
    }

    pub(crate) async fn connect(&self, server: &TestServer) -> TlsStream<TcpStream> {
        let name = ServerName::try_from("localhost").unwrap();
        self.client.connect(name, server.connect().await).await.unwrap()
    }
}

async fn socket(State((control, limits)): State<(Control, Arc<SocketLimits>)>, upgrade: Upgrade) -> Response {
    upgrade.accept(Some("parrot"), Parrot::new(&control), limits)
}

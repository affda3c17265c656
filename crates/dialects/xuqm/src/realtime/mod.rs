//! The socket `/ws/im` (decisions 4, 16, 17 and 19, 1.4): who is on it, frames to commands, events to frames.
//!
//! A frame that is merely wrong never costs the connection: what cannot be done is told in the personal queue. Only
//! what breaks STOMP itself, and a bad token, end in `ERROR`. Reading and writing of bytes is the transport's; what may
//! be done is core's.

mod beat;
mod event;
mod frame;
mod live;
mod stomp;
mod subscriptions;
mod transactions;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use parlance_core::account::TokenRequest;
use parlance_core::{Error, ErrorKind};
use parlance_transport::http::client_addr;
use parlance_transport::websocket::{Frame, Outgoing, Protocol, Step, Upgrade, close_code};
use tokio::time::Instant;
use url::form_urlencoded;

use crate::DIALECT;
use crate::app::App;
use crate::caller::{self, Caller, Device};
use crate::refusal::Refusal;
use parlance_transport::http::route_table::LedgerRow;

use beat::{Beat, Due, Wish};
pub(crate) use frame::About;
use live::{Live, Outcome};
use stomp::{BadFrame, Command, Parsed, Partial, Version, Writer};

/// How long a socket may stay without having said who it is.
const CONNECT_SECONDS_MAX: u64 = 10;
/// Frames in one WebSocket message; more are more than a client has to say at once.
const FRAMES_PER_MESSAGE_MAX: usize = 128;
/// Bytes kept of what comes while a token is looked at.
const HELD_BYTES_MAX: usize = 256 * 1024;
/// What a client is told whose token is no good.
const UNAUTHORIZED: &str = "Unauthorized";

/// Where the socket is opened.
pub(crate) const PATH: &str = "/ws/im";

/// The socket, its frames and the tests that cover them, for the ledger.
pub(crate) fn ledger() -> impl Iterator<Item = LedgerRow> {
    const FRAMES: [(&str, &str, &str); 16] = [
        ("→ CONNECT", "1.4, decision 17", "socket::connecting"),
        ("→ SUBSCRIBE, UNSUBSCRIBE", "1.4", "socket::topics"),
        ("→ SEND /app/chat.send", "1.4, decision 4", "socket::sending"),
        ("→ SEND /app/chat.revoke", "decision 16", "socket::revoking"),
        ("→ SEND /app/chat.sync", "1.4", "socket::syncing"),
        ("→ SEND /app/chat.typing", "decision 16", "socket::typing"),
        (
            "→ ACK, NACK, BEGIN, COMMIT, ABORT",
            "STOMP",
            "socket::transactions",
        ),
        ("→ DISCONNECT", "STOMP", "socket::receipts"),
        ("← CONNECTED, heart-beats", "decision 4", "socket::heart_beats"),
        ("← MESSAGE", "1.4", "socket::each_message_once"),
        ("← RECEIPT", "decision 4", "socket::receipts"),
        ("← ERROR", "1.4", "socket::connecting"),
        ("← event SEND_FAILED", "decision 4", "socket::refusals"),
        (
            "← events REVOKED, EDITED, READ, TYPING",
            "decision 4",
            "socket::events",
        ),
        (
            "← events PRESENCE, CONVERSATION",
            "decision 19",
            "socket::own_devices",
        ),
        ("← events KICKED, GROUP", "decision 4", "socket::kicked"),
    ];
    let socket = LedgerRow {
        method: "GET",
        path: PATH,
        guard: "public",
        section: "1.4",
        test: "socket::connecting",
    };
    let frames = FRAMES.into_iter().map(|(path, section, test)| LedgerRow {
        method: "frame",
        path,
        guard: "user",
        section,
        test,
    });
    std::iter::once(socket).chain(frames)
}

/// Answers the upgrade. Who it is, the first frame says.
pub(crate) async fn open(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let from = client_addr::Caller::noted_in(&parts.extensions);
    let token = caller::bearer(&parts.headers)
        .map(str::to_owned)
        .or_else(|| query_token(parts.uri.query()?));
    let upgrade = match Upgrade::from_parts(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(error) => return Refusal::upgrade(error).into_response(),
    };
    let offered = upgrade.offered().iter();
    let known = offered.filter_map(|name| Some((Version::of_protocol(name)?, name.clone())));
    let chosen = known.max_by_key(|(version, _)| *version);
    let socket = Socket {
        from,
        token,
        version: chosen.as_ref().map_or(Version::V1_2, |(version, _)| *version),
        partial: Partial::default(),
        beat: Beat::default(),
        phase: Phase::Waiting(Instant::now() + Duration::from_secs(CONNECT_SECONDS_MAX)),
        app: app.clone(),
    };
    let chosen = chosen.as_ref().map(|(_, name)| name.as_str());
    upgrade.accept(chosen, socket, Arc::clone(&app.options.socket))
}

/// The value of `token` in a query string.
fn query_token(query: &str) -> Option<String> {
    let mut tokens = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "token");
    let (_, token) = tokens.next()?;
    Some(token.into_owned()).filter(|token| !token.is_empty())
}

/// Who a token or a signature of a tenant belongs to. A signature logs in, as it does over HTTP.
async fn known(app: App, token: String) -> Result<Caller, Error> {
    match Caller::of(&app, &token).await {
        Err(error) if error.kind == ErrorKind::Unauthenticated && app.core.audience(&token).is_none() => {
            let profile = Device { platform: "", id: "" }.written();
            let request = TokenRequest {
                dialect: DIALECT,
                profile: &profile,
            };
            let (issued, _) = app.core.login_by_signature(&token, request).await?;
            Caller::of(&app, &issued.token).await
        }
        known => known,
    }
}

enum Phase {
    /// CONNECT must come before this instant.
    Waiting(Instant),
    /// The token is being looked at. What comes meanwhile is kept.
    Connecting { held: Vec<u8>, wish: Wish },
    /// Known, and subscribed to everything that concerns the person.
    Live(Box<Live>),
    /// Nothing is said or heard any more.
    Over,
}

/// What asynchronous work of a socket ended with.
pub(crate) enum Done {
    /// It is known whose the token of CONNECT is.
    Known(Box<Result<Caller, Error>>),
    /// A frame was acted on.
    Acted(Outcome),
}

/// One socket.
struct Socket {
    app: App,
    from: client_addr::Caller,
    /// What came with the upgrade, until CONNECT.
    token: Option<String>,
    version: Version,
    partial: Partial,
    beat: Beat,
    phase: Phase,
}

impl Socket {
    /// Tells the client what is wrong, and hangs up.
    fn fail(&mut self, message: &str, receipt: Option<&str>) -> Step<Done> {
        self.phase = Phase::Over;
        let mut error = Writer::error(self.version, message);
        if let Some(receipt) = receipt {
            error = error.header("receipt-id", receipt);
        }
        let error = error.body("text/plain", message);
        Step::frame(Frame::text(error)).and_close(close_code::POLICY, message.to_owned())
    }

    fn bad(&mut self, bad: BadFrame) -> Step<Done> {
        self.fail(&bad.to_string(), None)
    }

    /// Reads what came, as far as it is whole.
    fn take(&mut self, message: &[u8]) -> Step<Done> {
        self.beat.heard();
        if matches!(self.phase, Phase::Connecting { .. }) {
            return self.hold(message);
        }
        let bytes = match self.partial.join(message) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Step::none(),
            Err(bad) => return self.bad(bad),
        };
        let mut rest: &[u8] = &bytes;
        let mut step = Step::none();
        for _ in 0..FRAMES_PER_MESSAGE_MAX {
            let frame = match stomp::parse(rest, self.version) {
                Ok(Parsed::Frame(frame, taken)) => {
                    rest = &rest[taken..];
                    frame
                }
                Ok(Parsed::Incomplete(needed)) => {
                    self.partial.keep(rest, needed);
                    return step;
                }
                Err(bad) => return step.then(self.bad(bad)),
            };
            step = step.then(self.act(&frame));
            match self.phase {
                Phase::Over => return step,
                Phase::Connecting { .. } => return step.then(self.hold(rest)),
                _ => {}
            }
        }
        step.then(self.fail("Too many frames at once", None))
    }

    /// Keeps what comes before it is known who speaks.
    fn hold(&mut self, message: &[u8]) -> Step<Done> {
        let Phase::Connecting { held, .. } = &mut self.phase else {
            return Step::none();
        };
        if held.len() + message.len() > HELD_BYTES_MAX {
            return self.fail("Too much before CONNECTED", None);
        }
        held.extend_from_slice(message);
        Step::none()
    }

    fn act(&mut self, frame: &stomp::Frame<'_>) -> Step<Done> {
        let receipt = frame.header("receipt");
        match (frame.command, &mut self.phase) {
            (Command::Connect, Phase::Waiting(_)) => self.connect(frame),
            (Command::Connect, _) => self.fail("Already connected", receipt),
            (Command::Disconnect, Phase::Live(_)) => {
                let Phase::Live(live) = std::mem::replace(&mut self.phase, Phase::Over) else {
                    return Step::none();
                };
                live.goodbye();
                let said = match receipt {
                    Some(receipt) => Step::frame(Frame::text(Writer::receipt(self.version, receipt).end())),
                    None => Step::none(),
                };
                said.and_close(close_code::NORMAL, "")
            }
            (_, Phase::Live(live)) => live.act(frame),
            _ => self.fail("CONNECT comes first", receipt),
        }
    }

    /// A bearer in the frame goes before what came with the upgrade.
    fn connect(&mut self, frame: &stomp::Frame<'_>) -> Step<Done> {
        let Some(version) = Version::newest_of(frame.header("accept-version")) else {
            let supported = "Supported versions are 1.0, 1.1 and 1.2";
            self.phase = Phase::Over;
            let error = Writer::error(self.version, supported).header("version", "1.0,1.1,1.2");
            return Step::frame(Frame::text(error.body("text/plain", supported)))
                .and_close(close_code::POLICY, supported);
        };
        self.version = version;
        let bearer = frame.header_in_any_case("Authorization").map(|value| {
            let value = value.trim();
            match value.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
                _ => value,
            }
        });
        let token = match bearer.filter(|bearer| !bearer.is_empty()) {
            Some(bearer) => Some(bearer.to_owned()),
            None => self.token.take(),
        };
        let Some(token) = token else {
            return self.fail(UNAUTHORIZED, None);
        };
        self.phase = Phase::Connecting {
            held: Vec::new(),
            wish: Wish::of(frame.header("heart-beat")),
        };
        let app = self.app.clone();
        Step::work(async move { Done::Known(Box::new(known(app, token).await)) })
    }

    /// The token of CONNECT is known to be good or bad.
    fn connected(&mut self, known: Result<Caller, Error>) -> Step<Done> {
        let Phase::Connecting { held, wish } = std::mem::replace(&mut self.phase, Phase::Over) else {
            return Step::none();
        };
        let live = match known {
            Ok(caller) => Live::attach(&self.app, caller, self.from, self.version),
            Err(error) if error.kind == ErrorKind::Unauthenticated => return self.fail(UNAUTHORIZED, None),
            Err(error) => return self.fail(&Refusal::from(error).message, None),
        };
        self.beat = Beat::agreed(wish, Instant::now());
        let connected = Writer::connected(self.version)
            .header("heart-beat", &wish.answer())
            .header("server", concat!("parlance/", env!("CARGO_PKG_VERSION")))
            .header("session", &live.session_number())
            .header("user-name", live.uid())
            .end();
        self.phase = Phase::Live(Box::new(live));
        Step::frame(Frame::text(connected)).then(self.take(&held))
    }
}

impl Protocol for Socket {
    type Done = Done;

    fn opened(&mut self) -> Step<Done> {
        Step::none()
    }

    fn receive(&mut self, text: &str) -> Step<Done> {
        self.take(text.as_bytes())
    }

    fn receive_binary(&mut self, payload: &[u8]) -> Step<Done> {
        self.take(payload)
    }

    fn peer_closed(&mut self) {
        if let Phase::Live(live) = std::mem::replace(&mut self.phase, Phase::Over) {
            live.goodbye();
        }
    }

    fn finished(&mut self, done: Done) -> Step<Done> {
        match (done, &mut self.phase) {
            (Done::Known(known), _) => self.connected(*known),
            (Done::Acted(outcome), Phase::Live(live)) => live.acted(outcome),
            (Done::Acted(_), _) => Step::none(),
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        match &mut self.phase {
            Phase::Live(live) => live.poll_event(cx),
            _ => Poll::Pending,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Waiting(until) => Some(*until),
            Phase::Live(_) => self.beat.next(),
            _ => None,
        }
    }

    fn deadline_passed(&mut self) -> Step<Done> {
        if matches!(self.phase, Phase::Waiting(_)) {
            return self.fail("CONNECT did not come in time", None);
        }
        match self.beat.due(Instant::now()) {
            Due::Nothing => Step::none(),
            Due::Send => Step::frame(Frame::text("\n")),
            Due::Silent => self.fail("No heart-beat came in time", None),
        }
    }
}

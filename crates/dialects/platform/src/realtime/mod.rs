//! The WebSocket `/ws/messages` (seed 5, decision 11): who is on it, its heartbeat, events to frames. Clients send
//! nothing but pings on it. Reading and writing of bytes is the transport's; what may be heard is core's.

mod event;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use parlance_core::event::Delivery;
use parlance_core::{Ended, Session};
use parlance_transport::http::client_addr;
use parlance_transport::http::route_table::Guard as _;
use parlance_transport::websocket::{Frame, Outgoing, Protocol, Step, Upgrade};
use tokio::time::Instant;

use crate::app::App;
use crate::caller::{self, Caller};
use crate::refusal::Refusal;
use crate::routes::{Guard, LedgerRow};

/// The close code of a socket whose client has fallen silent.
const CLOSE_SILENT: u16 = 4000;
/// The close code of everything that is wrong with a token, and what is said then.
const CLOSE_TOKEN: u16 = 4001;
const BAD_TOKEN: &str = "Authentication failed";

/// Where the socket is opened.
pub(crate) const PATH: &str = "/api/v1/ws/messages";

/// The socket, its frames and the tests that cover them, for the ledger.
pub fn socket_ledger() -> Vec<LedgerRow> {
    const LINES: [(&str, &str, &str, &str); 6] = [
        (
            "GET",
            PATH,
            "decision 11",
            "socket::a_bad_token_is_told_after_the_handshake",
        ),
        (
            "frame",
            "→ ping, ← pong",
            "seed 5.2",
            "socket::a_ping_is_answered_and_other_texts_are_not",
        ),
        (
            "frame",
            "silence: close 4000",
            "decision 11",
            "socket::a_silent_client_is_hung_up_on",
        ),
        (
            "frame",
            "← NEW_MESSAGE",
            "seed 5.3, decision 6",
            "socket::a_message_reaches_every_socket_of_both",
        ),
        (
            "frame",
            "← MESSAGE_RECALLED",
            "decision 6",
            "socket::recalls_and_edits_of_other_clients_are_told",
        ),
        (
            "frame",
            "← MESSAGE_UPDATED",
            "decision 6",
            "socket::recalls_and_edits_of_other_clients_are_told",
        ),
    ];
    let rows = LINES.into_iter().map(|(method, path, section, test)| LedgerRow {
        method,
        path,
        section,
        test,
        // A socket without a token is opened, and closed again.
        guard: Guard::Public.name(),
    });
    rows.collect()
}

/// Answers the upgrade. A good token is subscribed before the 101 is sent, so nothing after it is missed.
pub(crate) async fn open(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let from = client_addr::Caller::noted_in(&parts.extensions);
    let token = query_token(parts.uri.query()).or_else(|| caller::bearer(&parts.headers).map(str::to_owned));
    let upgrade = match Upgrade::from_parts(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(error) => return Refusal::new(error.status(), error.to_string()).into_response(),
    };
    let known = match token {
        Some(token) => Caller::of(&app, &token, from).await.ok(),
        None => None,
    };
    let session = known.map(|caller| app.core.attach(&caller.actor));
    let limits = Arc::clone(&app.options.socket);
    let silent_at = Instant::now() + app.options.socket_silence_max;
    let socket = Socket {
        app,
        session,
        waiting: VecDeque::new(),
        silent_at,
    };
    upgrade.accept(None, socket, limits)
}

/// The value of `token` in a query string. Tokens hold no character that would be escaped there.
fn query_token(query: Option<&str>) -> Option<String> {
    let value = query?.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// One socket.
struct Socket {
    app: App,
    /// None when the token was bad.
    session: Option<Session>,
    /// Taken from the session, and not yet written.
    waiting: VecDeque<Arc<Delivery>>,
    /// When the client will have been silent for too long.
    silent_at: Instant,
}

impl Protocol for Socket {
    type Done = ();

    fn opened(&mut self) -> Step<()> {
        match self.session {
            Some(_) => Step::none(),
            None => Step::close(CLOSE_TOKEN, BAD_TOKEN),
        }
    }

    fn receive(&mut self, text: &str) -> Step<()> {
        if text != "ping" {
            return Step::none();
        }
        self.silent_at = Instant::now() + self.app.options.socket_silence_max;
        Step::frame(Frame::text("pong"))
    }

    fn finished(&mut self, (): ()) -> Step<()> {
        Step::none()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        let Some(session) = &mut self.session else {
            return Poll::Pending;
        };
        loop {
            while let Some(delivery) = self.waiting.pop_front() {
                if let Some(frame) = event::frame(&self.app, &delivery) {
                    return Poll::Ready(Outgoing::Frame(frame));
                }
            }
            match session.poll_waiting(cx, &mut self.waiting) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(ended)) => {
                    let (code, reason) = match ended {
                        Ended::Revoked => (CLOSE_TOKEN, BAD_TOKEN),
                        Ended::TooSlow => (1013, "Too slow: connect again and read the history"),
                        Ended::Unreadable => (1011, "Messages cannot be read now: connect again"),
                        Ended::Replaced => (1000, "Too many connections of this account"),
                    };
                    return Poll::Ready(Outgoing::Close(code, reason.into()));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.session.as_ref().map(|_| self.silent_at)
    }

    fn deadline_passed(&mut self) -> Step<()> {
        self.session = None;
        Step::close(CLOSE_SILENT, "No ping for too long")
    }
}

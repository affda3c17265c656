//! The WebSocket `/ws/im` (seed section 5, B8, decision 5): who is on it, frames to commands, events to frames.
//!
//! Two generations of clients speak here; which one a socket speaks is decided by its first frame, else by its
//! token. Reading and writing of bytes is the transport's; what may be done is core's.

mod event;
mod frame;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use parlance_core::command::MarkDelivered;
use parlance_core::event::Delivery;
use parlance_core::{Ended, Error, ErrorKind, Session};
use parlance_transport::http::client_addr;
use parlance_transport::http::route_table::Guard as _;
use parlance_transport::websocket::{Frame, Outgoing, Protocol, Step, Upgrade};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::app::App;
use crate::caller::{self, Caller, Profile};
use crate::refusal::Refusal;
use crate::reply::now_ms;
use crate::routes::{Guard, LedgerRow};

use frame::Incoming;

/// How long a socket may stay without having said who it is (decision 14).
const AUTH_SECONDS_MAX: u64 = 10;
/// The close code of everything that is wrong with a token.
const CLOSE_TOKEN: u16 = 1003;

/// Where the socket is opened.
pub(crate) const PATH: &str = "/ws/im";

/// The socket, its frames and the tests that cover them, for the ledger.
pub(crate) fn ledger() -> impl Iterator<Item = LedgerRow> {
    const FRAMES: [(&str, &str, &str); 20] = [
        ("→ auth", "B8", "socket::auth_frames"),
        ("→ message", "5.3.1, B8", "socket::send_and_receive"),
        ("→ typing", "5.3.2", "socket::typing_reaches_the_others_only"),
        ("→ ping", "5.3.3", "socket::ping"),
        ("→ read", "5.3.4", "socket::read_receipt"),
        ("→ delivered", "B8", "socket::delivered_and_call"),
        ("→ call", "B8", "socket::delivered_and_call"),
        ("← connected", "5.4.1", "socket::send_and_receive"),
        ("← auth_required", "B8", "socket::auth_frames"),
        ("← auth_response", "B8", "socket::auth_frames"),
        (
            "← new_message, message (profile c)",
            "5.4.2, B8",
            "socket::send_and_receive",
        ),
        ("← message_ack, message_error", "B8", "socket::send_and_receive"),
        (
            "← message_recalled, recall (profile c)",
            "5.4.3",
            "socket::recall_and_edit",
        ),
        ("← message_update", "B8", "socket::recall_and_edit"),
        ("← message_deleted", "decision 8", "socket::recall_and_edit"),
        (
            "← read_receipt, read (profile c)",
            "5.4.4",
            "socket::read_receipt",
        ),
        ("← typing", "5.4.5", "socket::typing_reaches_the_others_only"),
        ("← online, offline (profile c)", "5.4.6", "socket::presence"),
        ("← pong", "5.4.7", "socket::ping"),
        ("← reaction", "B8", "socket::reaction"),
    ];
    let socket = LedgerRow {
        method: "GET",
        path: PATH,
        section: "5.1, B8",
        test: "socket::auth_frames",
        guard: Guard::Public.name(),
    };
    let frames = FRAMES.into_iter().map(|(path, section, test)| LedgerRow {
        method: "frame",
        path,
        section,
        test,
        guard: Guard::User.name(),
    });
    std::iter::once(socket).chain(frames)
}

/// Answers the upgrade. A good token is subscribed before the 101 is sent, so nothing after it is missed.
pub(crate) async fn open(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let from = client_addr::Caller::noted_in(&parts.extensions);
    let token = caller::token(&parts.headers, parts.uri.query());
    let upgrade = match Upgrade::from_parts(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(error) => {
            return Refusal::new(error.status(), error.status().as_u16(), error.to_string()).into_response();
        }
    };
    let state = match token {
        None => Phase::Waiting(Instant::now() + Duration::from_secs(AUTH_SECONDS_MAX)),
        Some(token) => match Caller::of(&app, &token).await {
            Ok(caller) => live(&app, &caller, caller.profile),
            Err(error) => Phase::Refused(reason(&error)),
        },
    };
    let limits = Arc::clone(&app.options.socket);
    upgrade.accept(
        None,
        Socket {
            app,
            from,
            phase: state,
            first_frame_seen: false,
        },
        limits,
    )
}

fn live(app: &App, caller: &Caller, profile: Profile) -> Phase {
    Phase::Live {
        session: app.core.attach(&caller.actor),
        profile,
        waiting: VecDeque::new(),
    }
}

fn reason(error: &Error) -> &'static str {
    match error.kind {
        ErrorKind::Unauthenticated => "token 无效或已过期",
        _ => "token 解析失败",
    }
}

enum Phase {
    /// No token came with the upgrade; one must come in a frame before this instant.
    Waiting(Instant),
    /// A bad token came with the upgrade.
    Refused(&'static str),
    /// Known and subscribed.
    Live {
        session: Session,
        profile: Profile,
        /// Taken from the session, and not yet written.
        waiting: VecDeque<Arc<Delivery>>,
    },
}

/// What asynchronous work of a socket ended with.
pub(crate) enum Done {
    /// Nothing to tell.
    Quiet,
    /// An answer.
    Say(Frame),
    /// A token that came in a frame was looked at.
    Known(Box<Result<Caller, Error>>, bool),
}

/// One socket.
struct Socket {
    app: App,
    /// Whether it comes from this machine itself.
    from: client_addr::Caller,
    phase: Phase,
    first_frame_seen: bool,
}

/// A frame out of a JSON value.
fn say(value: &Value) -> Frame {
    Frame::text(value.to_string())
}

impl Socket {
    fn user_id(&self) -> Option<i64> {
        match &self.phase {
            Phase::Live { session, .. } => Some(session.actor().user_id),
            _ => None,
        }
    }

    fn connected(&self) -> Frame {
        let data = match &self.phase {
            Phase::Live {
                profile: Profile::C, ..
            } => json!(true),
            _ => json!({ "connected": true }),
        };
        say(&json!({ "type": "connected", "userId": self.user_id(), "data": data, "timestamp": now_ms() }))
    }

    fn auth_response(&self, success: bool, message: &str) -> Frame {
        let user_id = self.user_id();
        say(&json!({ "type": "auth_response", "success": success, "userId": user_id, "message": message }))
    }

    /// An `auth` frame: the first one may choose the generation, and may bring the token.
    fn authenticate(&mut self, token: Option<String>, speaks_c: bool) -> Step<Done> {
        if let (Phase::Live { profile, .. }, true) = (&mut self.phase, speaks_c) {
            *profile = Profile::C;
        }
        match (token, &self.phase) {
            (None, Phase::Live { .. }) => Step::frame(self.auth_response(true, "认证成功")),
            (None, _) => Step::frame(self.auth_response(false, "缺少认证 token"))
                .and_close(CLOSE_TOKEN, "缺少认证 token"),
            (Some(token), _) => {
                let app = self.app.clone();
                Step::work(async move { Done::Known(Box::new(Caller::of(&app, &token).await), speaks_c) })
            }
        }
    }

    /// A token from a frame is known to be good or bad.
    fn known(&mut self, result: Result<Caller, Error>, speaks_c: bool) -> Step<Done> {
        match (result, &self.phase) {
            (Ok(caller), Phase::Live { session, .. }) => {
                let same = session.actor().user_id == caller.actor.user_id;
                let message = if same {
                    "认证成功"
                } else {
                    "该连接已绑定其他用户"
                };
                Step::frame(self.auth_response(same, message))
            }
            (Ok(caller), _) => {
                let profile = if speaks_c { Profile::C } else { caller.profile };
                self.phase = live(&self.app, &caller, profile);
                Step::frame(self.auth_response(true, "认证成功")).and_frame(self.connected())
            }
            (Err(error), Phase::Live { .. }) => Step::frame(self.auth_response(false, reason(&error))),
            (Err(error), _) => {
                Step::frame(self.auth_response(false, reason(&error))).and_close(CLOSE_TOKEN, reason(&error))
            }
        }
    }

    fn act(&mut self, incoming: Incoming) -> Step<Done> {
        let Phase::Live { session, .. } = &self.phase else {
            let body = json!({ "type": "error", "message": "请先发送auth帧完成认证", "timestamp": now_ms() });
            return Step::frame(say(&body));
        };
        let actor = session.actor().clone();
        if !matches!(incoming, Incoming::Ping | Incoming::Unknown)
            && let Err(seconds) = caller::within_rate(&self.app, &actor, self.from)
        {
            return frame::too_many(&incoming, seconds);
        }
        let core = self.app.core.clone();
        match incoming {
            Incoming::Unknown | Incoming::Auth { .. } => Step::none(),
            Incoming::Ping => {
                let pong =
                    json!({ "type": "pong", "userId": actor.user_id, "data": true, "timestamp": now_ms() });
                Step::frame(say(&pong))
            }
            Incoming::Message(body) => {
                let client_id = body.client_msg_id.clone();
                let command = match body.command() {
                    Ok(command) => command,
                    Err(refusal) => return Step::frame(frame::message_error(client_id.as_deref(), &refusal)),
                };
                // Queued here and now, so that messages of one socket keep their order.
                let sending = core.execute(&actor, command);
                Step::work(
                    async move { Done::Say(frame::message_answer(client_id.as_deref(), sending.await)) },
                )
            }
            Incoming::Broken { client_id, refusal } => {
                Step::frame(frame::message_error(client_id.as_deref(), &refusal))
            }
            Incoming::Read(body) => {
                let Ok(command) = body.command() else {
                    return Step::none();
                };
                let reading = core.execute(&actor, command);
                Step::work(async move { quiet(reading.await) })
            }
            Incoming::Delivered(message_id) => {
                let marking = core.execute(&actor, MarkDelivered { message_id });
                Step::work(async move { quiet(marking.await) })
            }
            Incoming::Typing {
                conversation_id,
                typing,
            } => Step::work(async move { quiet(core.typing(&actor, conversation_id, typing).await) }),
            Incoming::Call { to, body } => {
                Step::work(async move { quiet(core.signal(&actor, to, body).await) })
            }
        }
    }
}

/// A frame without an answer that was refused: the socket stays open and nothing is told, as B8 has it.
fn quiet(result: Result<(), Error>) -> Done {
    if let Err(error) = result {
        tracing::debug!(%error, "a frame was refused");
    }
    Done::Quiet
}

impl Protocol for Socket {
    type Done = Done;

    fn opened(&mut self) -> Step<Done> {
        match &self.phase {
            Phase::Live { .. } => Step::frame(self.connected()),
            Phase::Refused(reason) => Step::close(CLOSE_TOKEN, *reason),
            Phase::Waiting(_) => {
                let text = "请在10秒内发送auth帧完成认证";
                let body =
                    json!({ "type": "auth_required", "userId": null, "data": text, "timestamp": now_ms() });
                Step::frame(say(&body))
            }
        }
    }

    fn receive(&mut self, text: &str) -> Step<Done> {
        let first = !std::mem::replace(&mut self.first_frame_seen, true);
        match frame::parse(text) {
            Incoming::Auth { token, speaks_c } => self.authenticate(token, speaks_c && first),
            incoming => self.act(incoming),
        }
    }

    fn finished(&mut self, done: Done) -> Step<Done> {
        match done {
            Done::Quiet => Step::none(),
            Done::Say(frame) => Step::frame(frame),
            Done::Known(result, speaks_c) => self.known(*result, speaks_c),
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        let Phase::Live {
            session,
            profile,
            waiting,
        } = &mut self.phase
        else {
            return Poll::Pending;
        };
        loop {
            while let Some(delivery) = waiting.pop_front() {
                if let Some(frame) = event::frame(&self.app, &delivery, session, *profile) {
                    return Poll::Ready(Outgoing::Frame(frame));
                }
            }
            match session.poll_waiting(cx, waiting) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(ended)) => {
                    let (code, reason) = match ended {
                        Ended::Revoked => (CLOSE_TOKEN, "token 无效或已过期"),
                        Ended::TooSlow => (1013, "接收过慢，请重新连接后拉取历史消息"),
                        Ended::Unreadable => (1011, "消息暂时无法读取，请重新连接"),
                        Ended::Replaced => (1000, "连接数超过上限"),
                    };
                    return Poll::Ready(Outgoing::Close(code, reason.into()));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Waiting(deadline) => Some(*deadline),
            _ => None,
        }
    }

    fn deadline_passed(&mut self) -> Step<Done> {
        self.phase = Phase::Refused("认证超时");
        Step::close(CLOSE_TOKEN, "认证超时")
    }
}

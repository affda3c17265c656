//! Frames that clients send, and the answers to them. A frame that is merely wrong never costs the connection.

use std::borrow::Cow;

use parlance_core::command::Sent;
use parlance_core::{Error, ErrorKind};
use parlance_transport::websocket::{Frame, Step};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Done, say};
use crate::handlers::message::{ReadBody, SendBody};
use crate::input::{flag, int, text};
use crate::refusal::Refusal;
use crate::reply::now_ms;

/// Message types that the first web clients put into the frame's own `type`.
const FLAT_TYPES: [&str; 9] = [
    "text", "image", "file", "voice", "audio", "video", "location", "card", "link",
];

/// What a frame asks for.
pub(crate) enum Incoming {
    /// Nothing that this dialect knows; passed over.
    Unknown,
    /// A heart-beat.
    Ping,
    /// Who is speaking. `speaks_c`: the body stood under `data`.
    Auth { token: Option<String>, speaks_c: bool },
    /// A message to send.
    Message(Box<SendBody>),
    /// A message whose body cannot be read.
    Broken {
        client_id: Option<String>,
        refusal: Refusal,
    },
    /// Messages that were read.
    Read(ReadBody),
    /// A message that arrived.
    Delivered(i64),
    /// Typing started or stopped.
    Typing { conversation_id: i64, typing: bool },
    /// A client's own signalling for somebody.
    Call { to: i64, body: String },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Small {
    #[serde(deserialize_with = "int")]
    conversation_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    session_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    message_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    to_user_id: Option<i64>,
    #[serde(deserialize_with = "flag")]
    is_typing: Option<bool>,
    #[serde(deserialize_with = "text")]
    token: Option<String>,
}

/// Reads a frame. The body stands under `payload`, under `data`, or beside `type`.
pub(crate) fn parse(frame: &str) -> Incoming {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(frame) else {
        return Incoming::Unknown;
    };
    let under_data = object(envelope.data).is_some();
    let nested = object(envelope.payload).or_else(|| object(envelope.data));
    let body = nested.unwrap_or(frame);
    let small = || serde_json::from_str::<Small>(body).unwrap_or_default();
    match envelope.kind.as_ref() {
        "ping" => Incoming::Ping,
        "auth" => {
            let token = small().token.filter(|token| !token.is_empty());
            let bearer = |token: String| token.strip_prefix("Bearer ").map(str::to_owned).unwrap_or(token);
            Incoming::Auth {
                token: token.map(bearer),
                speaks_c: under_data,
            }
        }
        "message" => message(body, nested.is_none()),
        "typing" => {
            let small = small();
            match small.conversation_id.or(small.session_id) {
                Some(conversation_id) => Incoming::Typing {
                    conversation_id,
                    typing: small.is_typing.unwrap_or(true),
                },
                None => Incoming::Unknown,
            }
        }
        "read" => serde_json::from_str(body).map_or(Incoming::Unknown, Incoming::Read),
        "delivered" => small().message_id.map_or(Incoming::Unknown, Incoming::Delivered),
        "call" => match small().to_user_id {
            Some(to) => Incoming::Call {
                to,
                body: body.to_owned(),
            },
            None => Incoming::Unknown,
        },
        flat if FLAT_TYPES.iter().any(|known| known.eq_ignore_ascii_case(flat)) => message(frame, false),
        _ => Incoming::Unknown,
    }
}

fn object(raw: Option<&RawValue>) -> Option<&str> {
    raw.map(RawValue::get).filter(|raw| raw.starts_with('{'))
}

/// Reads a message. In a flat frame of type `message` that word is the frame's type, not the message's.
fn message(body: &str, type_is_the_frames: bool) -> Incoming {
    match serde_json::from_str::<SendBody>(body) {
        Ok(mut body) => {
            if type_is_the_frames {
                body.kind = None;
            }
            Incoming::Message(Box::new(body))
        }
        Err(error) => {
            let value: Value = serde_json::from_str(body).unwrap_or_default();
            let client_id = value
                .get("clientMsgId")
                .and_then(Value::as_str)
                .map(str::to_owned);
            Incoming::Broken {
                client_id,
                refusal: Refusal::bad(format!("参数校验失败：{error}")),
            }
        }
    }
}

/// `message_ack`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ack<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    client_msg_id: Option<&'a str>,
    message_id: i64,
    conversation_id: i64,
    seq: i64,
    timestamp: i64,
}

/// The answer to a message sent by socket.
pub(crate) fn message_answer(client_id: Option<&str>, sent: Result<Sent, Error>) -> Frame {
    let message = match sent {
        Ok(sent) => sent.view.message,
        Err(error) => return message_error(client_id, &error.into()),
    };
    let ack = Ack {
        kind: "message_ack",
        client_msg_id: client_id,
        message_id: message.id,
        conversation_id: message.conversation_id,
        seq: message.seq,
        timestamp: now_ms(),
    };
    Frame::text(serde_json::to_string(&ack).unwrap_or_default())
}

/// The refusal of a message sent by socket.
pub(crate) fn message_error(client_id: Option<&str>, refusal: &Refusal) -> Frame {
    let target_missing = Refusal::from(ErrorKind::TargetMissing).code;
    let error_code = match refusal.code {
        code if code == target_missing => "MISSING_CONVERSATION_ID",
        400 => "PROCESS_ERROR",
        _ => "SAVE_FAILED",
    };
    say(&json!({
        "type": "message_error",
        "clientMsgId": client_id,
        "errorCode": error_code,
        "errorMessage": refusal.msg,
        "code": refusal.code,
        "timestamp": now_ms(),
    }))
}

/// The answer to a frame over the rate limit: messages are refused, everything else is passed over.
pub(crate) fn too_many(incoming: &Incoming, seconds: u64) -> Step<Done> {
    match incoming {
        Incoming::Message(body) => Step::frame(message_error(
            body.client_msg_id.as_deref(),
            &Refusal::too_many(seconds),
        )),
        _ => Step::none(),
    }
}

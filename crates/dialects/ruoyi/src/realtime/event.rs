//! Events as frames (seed 5.4, B8): each form of an event is written once and shared by all sockets that speak it.

use parlance_core::Session;
use parlance_core::event::{Delivery, Event, MessageRef, MessageSent, MessagesRead};
use parlance_core::types::{ConversationKind, UserId};
use parlance_transport::websocket::Frame;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Profile;
use crate::wire::push::WirePush;

/// The frame that tells this socket of an event, if it is to be told.
pub(crate) fn frame(app: &App, delivery: &Delivery, session: &Session, profile: Profile) -> Option<Frame> {
    let me = session.actor().user_id;
    if let Event::MessageSent(sent) = &delivery.event
        && sent.origin == Some(session.id())
    {
        // This socket gets the acknowledgement instead.
        return None;
    }
    let own = by(&delivery.event) == Some(me);
    let form = match (profile, own) {
        (Profile::Doc, false) => "ruoyi/doc",
        (Profile::Doc, true) => "ruoyi/doc/own",
        (Profile::C, false) => "ruoyi/c",
        (Profile::C, true) => "ruoyi/c/own",
    };
    let encode = |event: &Event| encode(app, event, own, profile).map(Frame::into_bytes);
    delivery.encoded(form, encode).map(Frame::from_bytes)
}

/// An event in one form. Messages, which are most of all events, are written without a tree of values in between.
fn encode(app: &App, event: &Event, own: bool, profile: Profile) -> Option<Frame> {
    if let Event::MessageSent(sent) = event {
        return pushed(app, sent, own, profile);
    }
    let value = match profile {
        Profile::Doc => doc(event, own),
        Profile::C => c(event, own),
    };
    value.map(|value| Frame::text(value.to_string()))
}

/// A new message: under `payload` for profile doc, under `data` for profile c.
#[derive(Serialize)]
struct Pushed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<WirePush<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<WirePush<'a>>,
    timestamp: i64,
}

fn pushed(app: &App, sent: &MessageSent, own: bool, profile: Profile) -> Option<Frame> {
    if sent.place.kind() == ConversationKind::Channel {
        return None;
    }
    let message = WirePush::new(&sent.view, &app.options.time_zone, profile, own);
    let timestamp = sent.view.message.created_at / 1000;
    let pushed = match profile {
        Profile::Doc => Pushed {
            kind: "new_message",
            payload: Some(message),
            data: None,
            timestamp,
        },
        Profile::C => Pushed {
            kind: "message",
            payload: None,
            data: Some(message),
            timestamp,
        },
    };
    // A structure of texts and numbers is always JSON.
    serde_json::to_string(&pushed).ok().map(Frame::text)
}

/// Who did it: that person's sockets are told otherwise, or not at all.
fn by(event: &Event) -> Option<UserId> {
    match event {
        Event::MessageSent(sent) => sent.view.message.sender_id,
        Event::MessagesRead(read) => Some(read.user_id),
        Event::Typing { user_id, .. } | Event::Presence { user_id, .. } => Some(*user_id),
        _ => None,
    }
}

/// Profile doc: exactly the frames of the seed, and those of B8 where the seed has none.
fn doc(event: &Event, own: bool) -> Option<Value> {
    Some(match event {
        Event::MessageRecalled(change) => json!({
            "type": "message_recalled",
            "payload": { "messageId": change.at.message_id, "conversationId": change.at.conversation_id },
            "timestamp": change.at.at / 1000,
        }),
        Event::MessagesRead(read) if !own => json!({
            "type": "read_receipt",
            "payload": {
                "conversationId": read.conversation_id,
                "userId": read.user_id,
                "messageIds": read.message_ids,
            },
            "timestamp": read.at / 1000,
        }),
        Event::Typing {
            conversation_id,
            user_id,
            typing,
            ..
        } if !own => json!({
            "type": "typing", "conversationId": conversation_id, "userId": user_id, "isTyping": typing,
        }),
        Event::Presence { user_id, online, at } => {
            json!({ "type": "online", "userId": user_id, "data": online, "timestamp": at / 1000 })
        }
        other => return both(other),
    })
}

/// Profile c: the fields flat and under `data`, as its clients look in either place.
fn c(event: &Event, own: bool) -> Option<Value> {
    Some(match event {
        Event::MessageRecalled(change) => doubled("recall", recalled(&change.at)),
        Event::MessagesRead(read) if !own => doubled("read", read_up_to(read)),
        Event::Typing {
            conversation_id,
            user_id,
            typing,
            at,
        } if !own => doubled(
            "typing",
            json!({
                "conversationId": conversation_id, "userId": user_id, "isTyping": typing, "timestamp": at / 1000,
            }),
        ),
        Event::Presence { user_id, online, at } => {
            let kind = if *online { "online" } else { "offline" };
            doubled(
                kind,
                json!({ "userId": user_id, "online": online, "timestamp": at / 1000 }),
            )
        }
        other => return both(other),
    })
}

/// Frames that are the same in both profiles.
fn both(event: &Event) -> Option<Value> {
    Some(match event {
        Event::MessageEdited(change) => {
            let at = &change.at;
            let body = json!({
                "conversationId": at.conversation_id,
                "messageId": at.message_id,
                "content": change.view.message.content,
                "isEdited": 1,
                "timestamp": at.at / 1000,
            });
            json!({ "type": "message_update", "data": body, "payload": body, "timestamp": at.at / 1000 })
        }
        Event::MessageDeleted(at) => {
            let body = json!({ "messageId": at.message_id, "conversationId": at.conversation_id });
            json!({ "type": "message_deleted", "data": body, "payload": body, "timestamp": at.at / 1000 })
        }
        Event::ReactionChanged { at, emoji, added } => json!({
            "type": "reaction",
            "action": if *added { "add" } else { "remove" },
            "conversationId": at.conversation_id,
            "messageId": at.message_id,
            "userId": at.by,
            "emoji": emoji,
            "timestamp": at.at / 1000,
        }),
        Event::Signal { from, body, at, .. } => {
            let mut data: Value = serde_json::from_str(body).unwrap_or_default();
            if let Value::Object(data) = &mut data {
                data.insert("fromUserId".into(), json!(from));
            }
            json!({ "type": "call", "data": data, "timestamp": at / 1000 })
        }
        _ => return None,
    })
}

fn recalled(at: &MessageRef) -> Value {
    json!({
        "conversationId": at.conversation_id,
        "messageId": at.message_id,
        "userId": at.by,
        "userName": at.by_name,
        "timestamp": at.at / 1000,
    })
}

fn read_up_to(read: &MessagesRead) -> Value {
    json!({
        "conversationId": read.conversation_id,
        "lastReadMessageId": read.last_message_id,
        "messageIds": read.message_ids,
        "userId": read.user_id,
        "timestamp": read.at / 1000,
    })
}

/// A frame whose fields stand beside `type` and under `data`.
fn doubled(kind: &str, body: Value) -> Value {
    let mut frame = json!({ "type": kind, "data": body });
    if let (Value::Object(frame), Value::Object(body)) = (&mut frame, body) {
        frame.extend(body);
    }
    frame
}

//! Events as bodies of pushes: each is written once and shared by all sockets. Where it goes is the socket's business.

use std::sync::Arc;

use bytes::Bytes;
use parlance_core::event::{Delivery, Event, MessageChange, MessageSent};
use parlance_core::name::{Called, PlaceName};
use parlance_core::query::{FullMessage, MessageStatus};
use parlance_core::types::{ConversationId, MessageId, UserId};
use parlance_core::{Ended, Session};
use parlance_transport::websocket::close_code;

use crate::wire::event::{Group, WireEvent};
use crate::wire::message::WireMessage;

/// What a socket is to be told.
pub(crate) enum Pushed {
    /// A message: to the topic of its group, or to the personal queue.
    Message {
        id: MessageId,
        conversation_id: ConversationId,
        body: Bytes,
    },
    /// An event: to the personal queue.
    Event(Bytes),
}

/// What this session is told of an event, if anything.
pub(crate) fn pushed(delivery: &Delivery, session: &Session) -> Option<Pushed> {
    let me = session.actor().user_id;
    if let Event::MessageSent(sent) = &delivery.event {
        // The socket that sent it gets a receipt instead.
        if sent.origin == Some(session.id()) {
            return None;
        }
        let body = delivery.encoded("xuqm/message", |_| message(sent, &delivery.called))?;
        return Some(Pushed::Message {
            id: sent.view.message.id,
            conversation_id: sent.view.message.conversation_id,
            body,
        });
    }
    if is_own_view(&delivery.event, &session.actor().token_id) {
        return None;
    }
    let form = form(&delivery.event, me)?;
    let body = delivery.encoded(form, |event| {
        let told = told(event, &delivery.called, form)?;
        Some(Bytes::from(told.json()))
    })?;
    Some(Pushed::Event(body))
}

/// Whether it tells of a change of the person's own view that this very device made (decision 19).
fn is_own_view(event: &Event, token_id: &str) -> bool {
    match event {
        Event::ConversationViewChanged { token_id: by, .. }
        | Event::ConversationDeleted { token_id: by, .. } => **by == *token_id,
        _ => false,
    }
}

/// The body of a message as it was just sent.
fn message(sent: &MessageSent, called: &Called) -> Option<Bytes> {
    let full = FullMessage {
        view: sent.view.clone(),
        place: Arc::clone(called.place.as_ref()?),
        mentioned: sent.mentioned.clone(),
        status: MessageStatus::Sent,
    };
    Some(Bytes::from(WireMessage::new(&full).json()))
}

/// The form for everybody.
const ALL: &str = "xuqm/event";
/// The form for those whom a change has put out or taken in.
const CONCERNED: &str = "xuqm/concerned";

/// In which form a person is told of an event that is no new message; none if not at all.
fn form(event: &Event, me: UserId) -> Option<&'static str> {
    match event {
        // Nobody needs to be told of its own doing here.
        Event::Typing { user_id, .. } | Event::Presence { user_id, .. } if *user_id == me => None,
        Event::MembersAdded { user_ids, .. } if user_ids.contains(&me) => Some(CONCERNED),
        Event::MembersRemoved { user_ids, by, .. } if user_ids.contains(&me) && *by != me => Some(CONCERNED),
        Event::ConversationCreated { by, .. } if *by != me => Some(CONCERNED),
        _ => Some(ALL),
    }
}

fn told(event: &Event, called: &Called, form: &str) -> Option<WireEvent> {
    let by = || called.by.as_deref();
    let place = || called.place.as_deref();
    Some(match event {
        Event::MessageRecalled(change) => WireEvent::revoked(changed(change, called)?, by()?, change.at.at),
        Event::MessageEdited(change) => WireEvent::edited(changed(change, called)?, by()?, change.at.at),
        Event::MessageDeleted(at) => WireEvent::gone(place()?, by()?, at),
        Event::MessagesRead(read) => WireEvent::read(place()?, by()?, read),
        Event::Typing {
            user_id, typing, at, ..
        } => WireEvent::typing(place()?, (*user_id, by()?), *typing, *at),
        Event::Presence { online, at, .. } => WireEvent::presence(by()?, *online, *at),
        Event::ConversationViewChanged { user_id, .. } => WireEvent::conversation(place()?, *user_id),
        Event::ConversationDeleted { user_id, .. } => WireEvent::conversation_deleted(place()?, *user_id),
        Event::JoinRequestChanged {
            request_id, status, ..
        } => WireEvent::join_request(group(place()?)?, by()?, *request_id, *status),
        other => return group_told(other, group(place()?)?, by()?, form),
    })
}

fn group(place: &PlaceName) -> Option<&str> {
    match place {
        PlaceName::Group(group) => Some(group),
        PlaceName::Direct { .. } => None,
    }
}

/// What happened to a group: who is concerned sees it come into the list or is put out, the others see it change.
fn group_told(event: &Event, group: &str, by: &str, form: &str) -> Option<WireEvent> {
    let change = match event {
        Event::MembersRemoved { .. } if form == CONCERNED => return Some(WireEvent::kicked(group, by)),
        Event::ConversationCreated { .. } | Event::MembersAdded { .. } if form == CONCERNED => {
            return Some(WireEvent::conversation_of_group(group));
        }
        Event::ConversationCreated { .. } => Group::Created,
        Event::ConversationChanged { .. } => Group::Updated,
        Event::ConversationDissolved { .. } => Group::Dismissed,
        Event::MembersAdded { .. } => Group::MembersAdded,
        Event::MembersRemoved { .. } => Group::MembersRemoved,
        Event::MemberChanged { .. } => Group::MemberChanged,
        _ => return None,
    };
    Some(WireEvent::group(change, group, by))
}

/// A message that was changed, as it is now.
fn changed(change: &MessageChange, called: &Called) -> Option<FullMessage> {
    let status = if change.view.message.recalled_at.is_some() {
        MessageStatus::Recalled
    } else {
        MessageStatus::Edited
    };
    Some(FullMessage {
        view: change.view.clone(),
        place: Arc::clone(called.place.as_ref()?),
        mentioned: change.mentioned.clone(),
        status,
    })
}

/// What somebody is told whose session the server has ended; nothing where coming back is all there is to do.
pub(crate) fn put_out(ended: Ended) -> Option<String> {
    match ended {
        Ended::Revoked => Some(WireEvent::put_out("REVOKED").json()),
        Ended::Replaced => Some(WireEvent::put_out("REPLACED").json()),
        Ended::TooSlow | Ended::Unreadable => None,
    }
}

/// What says that what was missed has been told.
pub(crate) fn sync_ended(count: usize, more: bool) -> String {
    WireEvent::sync(count, more).json()
}

/// Close code and reason for a session that the server has ended.
pub(crate) fn farewell(ended: Ended) -> (u16, &'static str) {
    match ended {
        Ended::Revoked => (close_code::POLICY, "logged out"),
        Ended::Replaced => (close_code::POLICY, "too many connections"),
        Ended::TooSlow => (close_code::TRY_AGAIN, "too slow: come back and sync"),
        Ended::Unreadable => (close_code::INTERNAL, "come back and sync"),
    }
}

//! What is pushed: messages of conversations as they are sent, and again when they were recalled or edited (A9,
//! decisions 3, 5 and 8). How it travels is in the files beside this one.

pub(crate) mod polls;
pub(crate) mod socket;
pub(crate) mod stream;

use parlance_core::Event;
use parlance_core::place::Place;
use parlance_core::types::{MessageId, MessageView};

use crate::wire::message::WireMessage;

/// Why a message is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It was sent: a reader has come as far as this.
    Sent,
    /// It was recalled or edited: it says nothing about how far a reader has come.
    Changed,
}

/// What an event pushes.
pub(crate) struct Pushed<'a> {
    pub(crate) why: Why,
    pub(crate) id: MessageId,
    pub(crate) message: WireMessage<'a>,
}

impl<'a> Pushed<'a> {
    /// The message that an event pushes, if it does: only conversations of several people are shown here.
    pub(crate) fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::MessageSent(sent) => Self::new(Why::Sent, &sent.view, &sent.place),
            Event::MessageRecalled(change) | Event::MessageEdited(change) => {
                Self::new(Why::Changed, &change.view, &change.place)
            }
            _ => None,
        }
    }

    fn new(why: Why, view: &'a MessageView, place: &'a Place) -> Option<Self> {
        match place {
            Place::Group { uuid, category, .. } => Some(Self {
                why,
                id: view.message.id,
                message: WireMessage::new(view, uuid, *category),
            }),
            Place::Direct { .. } | Place::Channel(_) => None,
        }
    }

    /// The message object.
    pub(crate) fn json(&self) -> Option<String> {
        // A structure of texts and numbers is always JSON.
        serde_json::to_string(&self.message).ok()
    }
}

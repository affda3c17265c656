//! Events as frames (seed 5.3, decision 6). Every socket gets the same bytes, written once.

use bytes::Bytes;
use parlance_core::event::{Delivery, Event};
use parlance_core::place::Place;
use parlance_core::types::MessageView;
use parlance_transport::websocket::Frame;
use serde::Serialize;

use crate::DIALECT;
use crate::app::App;
use crate::wire::message::WirePush;

/// The frame that tells of an event, if clients of this dialect are told of it.
pub(crate) fn frame(app: &App, delivery: &Delivery) -> Option<Frame> {
    let encoded = delivery.encoded(DIALECT, |event| encode(app, event));
    encoded.map(Frame::from_bytes)
}

#[derive(Serialize)]
struct Pushed {
    #[serde(rename = "type")]
    kind: &'static str,
    data: WirePush,
}

fn encode(app: &App, event: &Event) -> Option<Bytes> {
    let (kind, view, place): (_, &MessageView, &Place) = match event {
        Event::MessageSent(sent) => ("NEW_MESSAGE", &sent.view, &sent.place),
        Event::MessageRecalled(change) => ("MESSAGE_RECALLED", &change.view, &change.place),
        Event::MessageEdited(change) => ("MESSAGE_UPDATED", &change.view, &change.place),
        _ => return None,
    };
    if matches!(place, Place::Group { .. }) {
        return None;
    }
    let data = WirePush::new(app, view, place);
    // A structure of texts and numbers is always JSON.
    let text = serde_json::to_string(&Pushed { kind, data }).ok()?;
    Some(Frame::text(text).into_bytes())
}

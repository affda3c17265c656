//! A socket whose person is known: frames to commands, deliveries to frames.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use parlance_core::command::RecallMessage;
use parlance_core::query::{Counterpart, FindConversation, FindMessage, JoinedGroup, Undelivered};
use parlance_core::types::{ConversationId, MessageId};
use parlance_core::{Actor, Core, Delivery, Ended, Error, Event, LiveDevice, Session};
use parlance_transport::http::client_addr;
use parlance_transport::http::limit::RateKey;
use parlance_transport::websocket::{Frame, Outgoing, Step};

use super::Done;
use super::event::{self, Pushed};
use super::frame::{self, About, Incoming};
use super::stomp::{self, Command, Version, Writer};
use super::subscriptions::{Destination, Subscription, Subscriptions};
use super::transactions::{Send, Transactions};
use crate::app::App;
use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::wire::event::WireRefused;
use crate::wire::message::WireMessage;

/// Messages remembered while a socket is told what it has missed, so that none is told twice.
const SEEN_MAX: usize = 4_096;

/// A socket whose person is known.
pub(crate) struct Live {
    app: App,
    caller: Caller,
    from: client_addr::Caller,
    version: Version,
    session: Session,
    /// Notes what the device is given, as long as it hears its personal queue.
    device: Option<LiveDevice>,
    /// Taken from the session, and not yet written.
    waiting: VecDeque<Arc<Delivery>>,
    subscriptions: Subscriptions,
    transactions: Transactions,
    /// How many events were written: part of their ids.
    events: u64,
    /// What was told live or as missed, while the two may meet.
    seen: Vec<MessageId>,
    /// How many times the client has asked for what it missed, and was not answered.
    syncs: usize,
    /// Why the session has ended, once the client was told.
    ended: Option<Ended>,
}

/// What acting on a frame ended with.
pub(crate) enum Outcome {
    /// It is done.
    Done {
        receipt: Option<String>,
        /// The message that it made.
        message_id: Option<MessageId>,
    },
    /// It was refused.
    Refused(About, Refusal),
    /// It is known whether the person may hear a topic.
    Joined {
        number: u64,
        about: About,
        receipt: Option<String>,
        joined: Result<ConversationId, Error>,
    },
    /// What the device has missed.
    Synced {
        about: About,
        receipt: Option<String>,
        missed: Result<Undelivered, Error>,
    },
}

impl Live {
    /// Subscribes to everything that concerns the person, from now on.
    pub(crate) fn attach(app: &App, mut caller: Caller, from: client_addr::Caller, version: Version) -> Self {
        let session = app.core.attach_by_name(&caller.actor);
        caller.actor = session.actor().clone();
        Self {
            app: app.clone(),
            caller,
            from,
            version,
            session,
            device: None,
            waiting: VecDeque::new(),
            subscriptions: Subscriptions::default(),
            transactions: Transactions::default(),
            events: 0,
            seen: Vec::new(),
            syncs: 0,
            ended: None,
        }
    }

    /// The text id of the person.
    pub(crate) fn uid(&self) -> &str {
        self.caller.uid()
    }

    /// The number of the session, as text.
    pub(crate) fn session_number(&self) -> String {
        self.session.id().to_string()
    }

    /// The client has said goodbye: it has got all that was written.
    pub(crate) fn goodbye(self) {
        if let Some(device) = self.device {
            device.finish();
        }
    }

    /// Acts on a frame.
    pub(crate) fn act(&mut self, frame: &stomp::Frame<'_>) -> Step<Done> {
        let receipt = frame.header("receipt").map(str::to_owned);
        match frame.command {
            Command::Send => self.send(frame, receipt),
            Command::Subscribe => self.subscribe(frame, receipt),
            Command::Unsubscribe => {
                let (id, destination) = (frame.header("id"), frame.header("destination"));
                self.subscriptions.remove(id, destination);
                if self.subscriptions.personal().is_none()
                    && let Some(device) = self.device.take()
                {
                    device.finish();
                }
                self.done(receipt, None)
            }
            Command::Begin | Command::Commit | Command::Abort => self.transaction(frame, receipt),
            // Nothing that is pushed waits for these: what a device misses, it asks for.
            Command::Ack | Command::Nack => self.done(receipt, None),
            Command::Connect | Command::Disconnect => Step::none(),
        }
    }

    fn done(&self, receipt: Option<String>, message_id: Option<MessageId>) -> Step<Done> {
        let Some(receipt) = receipt else {
            return Step::none();
        };
        let mut writer = Writer::receipt(self.version, &receipt);
        if let Some(id) = message_id {
            writer = writer.header("message-id", &id.to_string());
        }
        Step::frame(Frame::text(writer.end()))
    }

    /// Tells in the personal queue what was refused. Who does not hear it is not told.
    fn refuse(&mut self, about: &About, refusal: &Refusal) -> Step<Done> {
        let body = WireRefused::new(about, refusal).json();
        self.tell(&body).map_or_else(Step::none, Step::frame)
    }

    fn within_rate(&self) -> Result<(), Refusal> {
        let key = RateKey::User(self.caller.actor.user_id.unsigned_abs());
        let checked = self.app.options.rate.check(key, self.from);
        checked.map_err(Refusal::too_many)
    }

    fn subscribe(&mut self, frame: &stomp::Frame<'_>, receipt: Option<String>) -> Step<Done> {
        let name = frame.header("destination").unwrap_or_default();
        let about = About::of(name);
        let acknowledged = frame.header("ack").is_some_and(|mode| mode != "auto");
        let Some(destination) = Destination::of(name) else {
            return self.refuse(&about, &Refusal::missing_destination());
        };
        let added = self.subscriptions.add(frame.header("id"), name, acknowledged);
        let number = match added {
            Ok(number) => number,
            Err(unfit) => return self.refuse(&about, &Refusal::invalid(unfit.text())),
        };
        let Destination::Group(group) = destination else {
            self.subscriptions.hears_personal(number);
            if self.device.is_none() {
                let device = self.caller.device().id;
                // The name was checked when the token was issued.
                self.device = self.app.core.live_device(&self.caller.actor, device).ok();
            }
            return self.done(receipt, None);
        };
        if let Err(refusal) = self.within_rate() {
            self.subscriptions.drop_number(number);
            return self.refuse(&about, &refusal);
        }
        let (core, actor) = (self.app.core.clone(), self.caller.actor.clone());
        let find = JoinedGroup {
            key: group.to_owned(),
        };
        Step::work(async move {
            let joined = core.query(&actor, find).await;
            Done::Acted(Outcome::Joined {
                number,
                about,
                receipt,
                joined,
            })
        })
    }

    fn transaction(&mut self, frame: &stomp::Frame<'_>, receipt: Option<String>) -> Step<Done> {
        let name = frame.header("transaction").unwrap_or_default();
        let result = match frame.command {
            Command::Begin => self.transactions.begin(name).map(|()| Vec::new()),
            Command::Abort => self.transactions.end(name).map(|_| Vec::new()),
            _ => self.transactions.end(name),
        };
        match result {
            Ok(sends) => {
                let step = sends
                    .into_iter()
                    .fold(Step::none(), |step, send| step.then(self.say(send)));
                step.then(self.done(receipt, None))
            }
            Err(unfit) => self.refuse(&About::default(), &Refusal::invalid(unfit.text())),
        }
    }

    fn send(&mut self, frame: &stomp::Frame<'_>, receipt: Option<String>) -> Step<Done> {
        let send = Send {
            destination: frame.header("destination").unwrap_or_default().to_owned(),
            body: frame.body.to_vec(),
            receipt,
        };
        let Some(name) = frame.header("transaction") else {
            return self.say(send);
        };
        let about = About::of(&send.destination);
        match self.transactions.keep(name, send) {
            Ok(()) => Step::none(),
            Err(unfit) => self.refuse(&about, &Refusal::invalid(unfit.text())),
        }
    }

    /// Does what was sent. Commands are queued here and now, so that those of one socket keep their order.
    fn say(&mut self, send: Send) -> Step<Done> {
        let (about, incoming) = frame::read(&send.destination, &send.body, &self.caller);
        let incoming = match self.within_rate().and(incoming) {
            Ok(incoming) => incoming,
            Err(refusal) => return self.refuse(&about, &refusal),
        };
        let (core, actor, receipt) = (self.app.core.clone(), self.caller.actor.clone(), send.receipt);
        match incoming {
            Incoming::Send { command, from: None } => {
                let sending = core.execute(&actor, *command);
                Step::work(async move {
                    let sent = sending.await.map(|sent| Some(sent.view.message.id));
                    Done::Acted(Outcome::of(sent, about, receipt))
                })
            }
            Incoming::Send {
                command,
                from: Some(uid),
            } => Step::work(async move {
                let sent = match core.on_behalf(&actor, &uid).await {
                    Ok(speaker) => core.execute(&speaker, *command).await,
                    Err(error) => Err(error),
                };
                let sent = sent.map(|sent| Some(sent.view.message.id));
                Done::Acted(Outcome::of(sent, about, receipt))
            }),
            Incoming::Revoke(name) => Step::work(async move {
                let recalled = match core.query(&actor, FindMessage { name }).await {
                    Ok(message_id) => core.execute(&actor, RecallMessage { message_id }).await,
                    Err(error) => Err(error),
                };
                Done::Acted(Outcome::of(recalled.map(|()| None), about, receipt))
            }),
            Incoming::Typing(with, typing) => Step::work(async move {
                let told = tell_typing(&core, &actor, with, typing).await;
                Done::Acted(Outcome::of(told.map(|()| None), about, receipt))
            }),
            Incoming::Sync(limit) => self.sync(limit, about, receipt),
        }
    }

    /// Gives what the device has missed, if it would hear it.
    fn sync(&mut self, limit: i64, about: About, receipt: Option<String>) -> Step<Done> {
        if self.subscriptions.personal().is_none() {
            return Step::none();
        }
        self.syncs += 1;
        let (core, actor) = (self.app.core.clone(), self.caller.actor.clone());
        let device = self.caller.device().id.to_owned();
        Step::work(async move {
            let missed = core.take_undelivered(&actor, &device, limit).await;
            Done::Acted(Outcome::Synced {
                about,
                receipt,
                missed,
            })
        })
    }

    /// A frame was acted on.
    pub(crate) fn acted(&mut self, outcome: Outcome) -> Step<Done> {
        match outcome {
            Outcome::Done { receipt, message_id } => self.done(receipt, message_id),
            Outcome::Refused(about, refusal) => self.refuse(&about, &refusal),
            Outcome::Joined {
                number,
                about,
                receipt,
                joined,
            } => match joined {
                Ok(conversation_id) => {
                    self.subscriptions.hears_group(number, conversation_id);
                    self.done(receipt, None)
                }
                Err(error) => {
                    self.subscriptions.drop_number(number);
                    self.refuse(&about, &error.into())
                }
            },
            Outcome::Synced {
                about,
                receipt,
                missed,
            } => {
                self.syncs -= 1;
                match missed {
                    Ok(missed) => self.synced(missed).then(self.done(receipt, None)),
                    Err(error) => self.refuse(&about, &error.into()),
                }
            }
        }
    }

    /// What was missed goes to the personal queue, and an event says that this is all, or that there is more.
    fn synced(&mut self, missed: Undelivered) -> Step<Done> {
        let Undelivered { mut messages, more } = missed;
        messages.retain(|told| !self.seen.contains(&told.view.message.id));
        if self.syncs == 0 {
            self.seen = messages.iter().map(|told| told.view.message.id).collect();
        }
        let mut step = Step::none();
        for told in &messages {
            let id = told.view.message.id;
            let frame = self
                .subscriptions
                .personal()
                .map(|to| self.frame(to, &id.to_string(), &WireMessage::new(told).json()));
            step = frame.into_iter().fold(step, Step::and_frame);
        }
        let end = event::sync_ended(messages.len(), more);
        self.tell(&end).into_iter().fold(step, Step::and_frame)
    }

    /// A body in the personal queue.
    fn tell(&mut self, body: &str) -> Option<Frame> {
        self.events += 1;
        let id = format!("{}-{}", self.session.id(), self.events);
        let to = self.subscriptions.personal()?;
        Some(self.frame(to, &id, body))
    }

    fn frame(&self, to: &Subscription, message_id: &str, body: &str) -> Frame {
        let mut writer = Writer::message(self.version, body.len())
            .header("destination", &to.destination)
            .header("message-id", message_id);
        if let Some(id) = &to.id {
            writer = writer.header("subscription", id);
        }
        if to.acknowledged {
            writer = writer.header("ack", message_id);
        }
        Frame::text(writer.body("application/json", body))
    }

    /// The next push.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        if let Some(ended) = self.ended {
            let (code, reason) = event::farewell(ended);
            return Poll::Ready(Outgoing::Close(code, reason.into()));
        }
        loop {
            while let Some(delivery) = self.waiting.pop_front() {
                let frame = self.pushed(&delivery);
                if let Some(device) = &self.device {
                    device.wrote(&delivery.event);
                }
                if let Some(frame) = frame {
                    return Poll::Ready(Outgoing::Frame(frame));
                }
            }
            match self.session.poll_waiting(cx, &mut self.waiting) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(ended)) => return self.end(ended),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The server has ended the session: whoever was put out is told so before the close.
    fn end(&mut self, ended: Ended) -> Poll<Outgoing> {
        self.ended = Some(ended);
        let told = event::put_out(ended).and_then(|body| self.tell(&body));
        Poll::Ready(match told {
            Some(frame) => Outgoing::Frame(frame),
            None => {
                let (code, reason) = event::farewell(ended);
                Outgoing::Close(code, reason.into())
            }
        })
    }

    fn pushed(&mut self, delivery: &Delivery) -> Option<Frame> {
        let me = self.caller.actor.user_id;
        // A topic falls silent before anything else is said.
        match &delivery.event {
            Event::MembersRemoved {
                conversation_id,
                user_ids,
                ..
            }
            | Event::ConversationDissolved {
                conversation_id,
                user_ids,
                ..
            } if user_ids.contains(&me) => self.subscriptions.drop_group(*conversation_id),
            _ => {}
        }
        match event::pushed(delivery, &self.session)? {
            Pushed::Message {
                id,
                conversation_id,
                body,
            } => {
                if self.is_repeated(id) {
                    return None;
                }
                let to = self.subscriptions.of_message(conversation_id)?;
                Some(self.frame(to, &id.to_string(), str::from_utf8(&body).ok()?))
            }
            Pushed::Event(body) => self.tell(str::from_utf8(&body).ok()?),
        }
    }

    /// Whether a message was told before as missed. Live messages come in the order of their ids, so once a newer one
    /// has come there is nothing to remember.
    fn is_repeated(&mut self, id: MessageId) -> bool {
        if self.syncs > 0 {
            if self.seen.len() < SEEN_MAX {
                self.seen.push(id);
            }
            return false;
        }
        let repeated = self.seen.contains(&id);
        if self.seen.last().is_none_or(|newest| *newest <= id) {
            self.seen = Vec::new();
        }
        repeated
    }
}

/// Tells the others in a conversation that somebody is typing, or stopped. Where nothing was ever said, nobody is told.
async fn tell_typing(core: &Core, actor: &Actor, with: Counterpart, typing: bool) -> Result<(), Error> {
    match core.query(actor, FindConversation { with }).await? {
        Some(conversation_id) => core.typing(actor, conversation_id, typing).await,
        None => Ok(()),
    }
}

impl Outcome {
    fn of(result: Result<Option<MessageId>, Error>, about: About, receipt: Option<String>) -> Self {
        match result {
            Ok(message_id) => Self::Done { receipt, message_id },
            Err(error) => Self::Refused(about, error.into()),
        }
    }
}

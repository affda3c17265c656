//! What can happen, who hears of it, and how it is kept in the log.
//!
//! An event tells of a change that is committed, or (typing, presence, signals) of something that is never kept.
//! It carries what an ideal client needs to show it, so that no socket has to ask the store. Dialects turn it into
//! their own frames; the same frame is made once and shared, see [`Delivery`].

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parlance_store::table::event::NewEvent;
use parlance_store::table::tenant::Tenant as TenantRow;
use serde_json::{Value, json};

use crate::name::Called;
use crate::place::Place;
use crate::session::SessionId;
use crate::types::{
    ConversationId, ConversationKind, MessageId, MessageView, RequestStatus, Role, Seq, TenantId, Timestamp,
    UserId,
};

/// Numbers of the kinds of event that give a message new content.
pub(crate) const TEXT_KINDS: (i64, i64) = (MESSAGE_SENT, MESSAGE_EDITED);
const MESSAGE_SENT: i64 = 1;
const MESSAGE_EDITED: i64 = 3;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message was sent.
    MessageSent(Box<MessageSent>),
    /// A message was recalled: its content is gone, its place stays.
    MessageRecalled(Box<MessageChange>),
    /// A message has new content.
    MessageEdited(Box<MessageChange>),
    /// A message is gone for everybody.
    MessageDeleted(MessageRef),
    /// Somebody read on in a conversation.
    MessagesRead(MessagesRead),
    /// Somebody put a reaction on a message, or took it off.
    ReactionChanged {
        /// Which message, and who reacted.
        at: MessageRef,
        /// The reaction.
        emoji: String,
        /// Put on or taken off.
        added: bool,
    },
    /// A conversation came to be; its members see it in their lists at once.
    ConversationCreated {
        /// Which one.
        conversation_id: ConversationId,
        /// Direct or group.
        kind: ConversationKind,
        /// Who made it.
        by: UserId,
        /// Who is in it.
        user_ids: Vec<UserId>,
    },
    /// Name, picture, notice, pinned message, announcements or mute of a conversation changed.
    ConversationChanged {
        /// Which one.
        conversation_id: ConversationId,
        /// Who did it.
        by: UserId,
    },
    /// A group was dissolved.
    ConversationDissolved {
        /// Which one.
        conversation_id: ConversationId,
        /// Who did it.
        by: UserId,
        /// Who was in it.
        user_ids: Vec<UserId>,
    },
    /// People came into a group.
    MembersAdded {
        /// Which one.
        conversation_id: ConversationId,
        /// Who did it.
        by: UserId,
        /// Who came.
        user_ids: Vec<UserId>,
    },
    /// People left a group or were removed.
    MembersRemoved {
        /// Which one.
        conversation_id: ConversationId,
        /// Who did it.
        by: UserId,
        /// Who went.
        user_ids: Vec<UserId>,
    },
    /// Role or mute of a member changed.
    MemberChanged {
        /// Which conversation.
        conversation_id: ConversationId,
        /// Who did it.
        by: UserId,
        /// Whose.
        user_id: UserId,
        /// The role now.
        role: Role,
        /// May not write before this time.
        silenced_until: Option<Timestamp>,
    },
    /// Somebody asked to come into a group, or was answered.
    JoinRequestChanged {
        /// Which group.
        conversation_id: ConversationId,
        /// Who asked or answered.
        by: UserId,
        /// Which request.
        request_id: i64,
        /// What has become of it.
        status: RequestStatus,
        /// Who is told: those who manage the group of a new one, the asker of an answer.
        user_ids: Vec<UserId>,
    },
    /// Somebody's own view of a conversation changed (pin, mute, draft, hide, clear): for the other devices.
    ConversationViewChanged {
        /// Which one.
        conversation_id: ConversationId,
        /// Whose view.
        user_id: UserId,
        /// The token of the device that did it, which knows already; empty for the server itself.
        token_id: Arc<str>,
    },
    /// Somebody took a conversation off their own list, with its history.
    ConversationDeleted {
        /// Which one.
        conversation_id: ConversationId,
        /// Whose list.
        user_id: UserId,
        /// The token of the device that did it, which knows already.
        token_id: Arc<str>,
        /// Whether that person's devices hear of it.
        synced: bool,
    },
    /// A contact, request or block changed.
    ContactsChanged {
        /// Who did it.
        by: UserId,
        /// Whose lists look different now.
        user_ids: Vec<UserId>,
    },
    /// Somebody got a notification.
    NotificationAdded {
        /// Who.
        user_id: UserId,
        /// Which.
        notification_id: i64,
    },
    /// An account's profile changed.
    AccountChanged {
        /// Whose.
        user_id: UserId,
    },
    /// An account's password, status or role changed, or it was deleted: every token issued before is void, and the
    /// connections end.
    AccountRevoked {
        /// Whose.
        user_id: UserId,
    },
    /// One token was revoked: its connections end.
    TokenRevoked {
        /// Whose.
        user_id: UserId,
        /// Which.
        token_id: String,
        /// When it would have expired.
        expires_at: Timestamp,
    },
    /// A tenant was made, or changed.
    TenantChanged(Box<TenantRow>),
    /// Somebody is typing, or stopped. Never kept.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Who.
        user_id: UserId,
        /// Started or stopped.
        typing: bool,
        /// When.
        at: Timestamp,
    },
    /// Somebody's first connection opened, or the last one closed a while ago. Never kept.
    Presence {
        /// Who.
        user_id: UserId,
        /// Here or gone.
        online: bool,
        /// When.
        at: Timestamp,
    },
    /// A client's own signalling, passed to one person as it came. Never kept.
    Signal {
        /// From whom.
        from: UserId,
        /// To whom.
        to: UserId,
        /// JSON, not read by the server.
        body: String,
        /// When.
        at: Timestamp,
    },
}

/// A message that was sent.
#[derive(Clone, Debug)]
pub struct MessageSent {
    /// The message with its sender and quote.
    pub view: MessageView,
    /// Where it stands.
    pub place: Place,
    /// The text ids of those whom it mentions by name.
    pub mentioned: Vec<String>,
    /// The connection it came from, which gets an acknowledgement instead of an echo.
    pub origin: Option<SessionId>,
}

/// A message that was recalled or edited.
#[derive(Clone, Debug)]
pub struct MessageChange {
    /// Which one, and who did it.
    pub at: MessageRef,
    /// The message as it is now.
    pub view: MessageView,
    /// The text ids of those whom it mentions by name.
    pub mentioned: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// A change of a message.
#[derive(Clone, Debug)]
pub struct MessageRef {
    /// Where.
    pub conversation_id: ConversationId,
    /// Which.
    pub message_id: MessageId,
    /// Its number there.
    pub seq: Seq,
    /// Who did it.
    pub by: UserId,
    /// The name of who did it.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

/// A read cursor that moved, or messages read singly.
#[derive(Clone, Debug)]
pub struct MessagesRead {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who read.
    pub user_id: UserId,
    /// Everything up to this is read.
    pub read_seq: Seq,
    /// The newest message read.
    pub last_message_id: Option<MessageId>,
    /// The messages this call newly read, oldest first, as far as they were named or are few.
    pub message_ids: Vec<MessageId>,
    /// When.
    pub at: Timestamp,
}

/// Who hears of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// No connection.
    Nobody,
    /// These people.
    Users(Vec<UserId>),
    /// The members of a conversation.
    Conversation(ConversationId),
    /// The members of a conversation, and these people beside them.
    ConversationAnd(ConversationId, Vec<UserId>),
    /// Everybody who shares a conversation with this person.
    PeersOf(UserId),
    /// Everybody of a tenant.
    Tenant(TenantId),
}

impl Event {
    /// Who hears of it.
    pub fn audience(&self) -> Audience {
        match self {
            Self::MessageSent(sent) => sent.place.audience(sent.view.message.conversation_id),
            Self::MessageRecalled(change) | Self::MessageEdited(change) => {
                change.place.audience(change.at.conversation_id)
            }
            Self::MessageDeleted(at) | Self::ReactionChanged { at, .. } => {
                Audience::Conversation(at.conversation_id)
            }
            Self::MessagesRead(read) => Audience::Conversation(read.conversation_id),
            Self::ConversationChanged { conversation_id, .. }
            | Self::MembersAdded { conversation_id, .. }
            | Self::MemberChanged { conversation_id, .. }
            | Self::Typing { conversation_id, .. } => Audience::Conversation(*conversation_id),
            Self::MembersRemoved {
                conversation_id,
                user_ids,
                ..
            } => Audience::ConversationAnd(*conversation_id, user_ids.clone()),
            Self::ConversationCreated { user_ids, .. }
            | Self::ConversationDissolved { user_ids, .. }
            | Self::JoinRequestChanged { user_ids, .. }
            | Self::ContactsChanged { user_ids, .. } => Audience::Users(user_ids.clone()),
            Self::ConversationViewChanged { user_id, .. } | Self::NotificationAdded { user_id, .. } => {
                Audience::Users(vec![*user_id])
            }
            Self::ConversationDeleted {
                user_id,
                synced: true,
                ..
            } => Audience::Users(vec![*user_id]),
            Self::Signal { to, .. } => Audience::Users(vec![*to]),
            Self::Presence { user_id, .. } => Audience::PeersOf(*user_id),
            Self::ConversationDeleted { synced: false, .. }
            | Self::AccountChanged { .. }
            | Self::AccountRevoked { .. }
            | Self::TokenRevoked { .. }
            | Self::TenantChanged(_) => Audience::Nobody,
        }
    }

    /// The conversation that it is about and who did it, as far as it is to be told by name. Who wrote a message
    /// stands in the message.
    pub(crate) fn to_be_named(&self) -> (Option<ConversationId>, Option<UserId>) {
        match self {
            Self::MessageSent(sent) => (Some(sent.view.message.conversation_id), None),
            Self::MessageRecalled(change) | Self::MessageEdited(change) => {
                (Some(change.at.conversation_id), Some(change.at.by))
            }
            Self::MessageDeleted(at) | Self::ReactionChanged { at, .. } => {
                (Some(at.conversation_id), Some(at.by))
            }
            Self::MessagesRead(read) => (Some(read.conversation_id), Some(read.user_id)),
            Self::ConversationCreated {
                conversation_id, by, ..
            }
            | Self::ConversationChanged { conversation_id, by }
            | Self::ConversationDissolved {
                conversation_id, by, ..
            }
            | Self::MembersAdded {
                conversation_id, by, ..
            }
            | Self::MembersRemoved {
                conversation_id, by, ..
            }
            | Self::MemberChanged {
                conversation_id, by, ..
            }
            | Self::JoinRequestChanged {
                conversation_id, by, ..
            } => (Some(*conversation_id), Some(*by)),
            Self::ConversationViewChanged {
                conversation_id,
                user_id,
                ..
            }
            | Self::ConversationDeleted {
                conversation_id,
                user_id,
                ..
            }
            | Self::Typing {
                conversation_id,
                user_id,
                ..
            } => (Some(*conversation_id), Some(*user_id)),
            Self::Presence { user_id, .. } => (None, Some(*user_id)),
            _ => (None, None),
        }
    }

    /// The conversation whose list of members this changes.
    pub(crate) fn changes_members_of(&self) -> Option<ConversationId> {
        match self {
            Self::MembersAdded { conversation_id, .. }
            | Self::MembersRemoved { conversation_id, .. }
            | Self::ConversationCreated { conversation_id, .. }
            | Self::ConversationDissolved { conversation_id, .. } => Some(*conversation_id),
            _ => None,
        }
    }

    /// The row that the log keeps: it names the rows that changed and repeats none of them.
    pub(crate) fn row(&self, now: Timestamp) -> NewEvent {
        let Named {
            conversation_id,
            user_id,
            subject_id,
        } = self.named();
        NewEvent {
            kind: self.kind(),
            conversation_id,
            user_id,
            subject_id,
            payload: self.payload().map(|value| value.to_string()),
            created_at: now,
        }
    }

    /// The number of its kind: part of the database, never renumbered. 0 is never kept.
    fn kind(&self) -> i64 {
        match self {
            Self::Typing { .. } | Self::Presence { .. } | Self::Signal { .. } => 0,
            Self::MessageSent(_) => MESSAGE_SENT,
            Self::MessageRecalled(_) => 2,
            Self::MessageEdited(_) => MESSAGE_EDITED,
            Self::MessageDeleted(_) => 4,
            Self::MessagesRead(_) => 5,
            Self::ReactionChanged { .. } => 6,
            Self::ConversationCreated { .. } => 7,
            Self::ConversationChanged { .. } => 8,
            Self::ConversationDissolved { .. } => 9,
            Self::MembersAdded { .. } => 10,
            Self::MembersRemoved { .. } => 11,
            Self::MemberChanged { .. } => 12,
            Self::ConversationViewChanged { .. } => 13,
            Self::ContactsChanged { .. } => 14,
            Self::NotificationAdded { .. } => 15,
            Self::AccountChanged { .. } => 16,
            Self::TokenRevoked { .. } => 17,
            Self::AccountRevoked { .. } => 18,
            Self::TenantChanged(_) => 19,
            Self::JoinRequestChanged { .. } => 20,
            Self::ConversationDeleted { .. } => 21,
        }
    }

    fn named(&self) -> Named {
        match self {
            Self::MessageSent(sent) => {
                let message = &sent.view.message;
                Named::new(message.conversation_id, message.sender_id, Some(message.id))
            }
            Self::MessageRecalled(change) | Self::MessageEdited(change) => Named::of(&change.at),
            Self::MessageDeleted(at) | Self::ReactionChanged { at, .. } => Named::of(at),
            Self::MessagesRead(read) => {
                Named::new(read.conversation_id, Some(read.user_id), read.last_message_id)
            }
            Self::MemberChanged {
                conversation_id,
                by,
                user_id,
                ..
            } => Named::new(*conversation_id, Some(*by), Some(*user_id)),
            Self::JoinRequestChanged {
                conversation_id,
                by,
                request_id,
                ..
            } => Named::new(*conversation_id, Some(*by), Some(*request_id)),
            Self::ConversationCreated {
                conversation_id, by, ..
            }
            | Self::ConversationChanged { conversation_id, by }
            | Self::ConversationDissolved {
                conversation_id, by, ..
            }
            | Self::MembersAdded {
                conversation_id, by, ..
            }
            | Self::MembersRemoved {
                conversation_id, by, ..
            } => Named::new(*conversation_id, Some(*by), None),
            Self::ConversationViewChanged {
                conversation_id,
                user_id,
                ..
            }
            | Self::ConversationDeleted {
                conversation_id,
                user_id,
                ..
            } => Named::new(*conversation_id, Some(*user_id), None),
            Self::ContactsChanged { by, .. } => Named::user(*by, None),
            Self::NotificationAdded {
                user_id,
                notification_id,
            } => Named::user(*user_id, Some(*notification_id)),
            Self::AccountChanged { user_id }
            | Self::TokenRevoked { user_id, .. }
            | Self::AccountRevoked { user_id } => Named::user(*user_id, None),
            Self::TenantChanged(row) => Named {
                subject_id: Some(row.id),
                ..Named::default()
            },
            Self::Typing { .. } | Self::Presence { .. } | Self::Signal { .. } => Named::default(),
        }
    }

    /// What a reader of the log needs and finds in no other row.
    fn payload(&self) -> Option<Value> {
        Some(match self {
            Self::ReactionChanged { emoji, added, .. } => json!({ "emoji": emoji, "added": added }),
            Self::MessagesRead(read) => json!({ "readSeq": read.read_seq, "messageIds": read.message_ids }),
            Self::ConversationCreated { user_ids, .. }
            | Self::ConversationDissolved { user_ids, .. }
            | Self::MembersAdded { user_ids, .. }
            | Self::MembersRemoved { user_ids, .. }
            | Self::ContactsChanged { user_ids, .. } => json!({ "userIds": user_ids }),
            Self::MemberChanged {
                role, silenced_until, ..
            } => json!({ "role": role.number(), "silencedUntil": silenced_until }),
            Self::JoinRequestChanged { status, user_ids, .. } => json!({
                "status": match status {
                    RequestStatus::Pending => 0,
                    RequestStatus::Approved => 1,
                    RequestStatus::Rejected => 2,
                },
                "userIds": user_ids,
            }),
            Self::TokenRevoked {
                token_id, expires_at, ..
            } => json!({ "tokenId": token_id, "expiresAt": expires_at }),
            _ => return None,
        })
    }
}

/// The rows that an event names.
#[derive(Default)]
struct Named {
    conversation_id: Option<i64>,
    user_id: Option<i64>,
    subject_id: Option<i64>,
}

impl Named {
    fn new(conversation_id: ConversationId, user_id: Option<UserId>, subject_id: Option<i64>) -> Self {
        Self {
            conversation_id: Some(conversation_id),
            user_id,
            subject_id,
        }
    }

    fn of(at: &MessageRef) -> Self {
        Self::new(at.conversation_id, Some(at.by), Some(at.message_id))
    }

    fn user(user_id: UserId, subject_id: Option<i64>) -> Self {
        Self {
            user_id: Some(user_id),
            subject_id,
            conversation_id: None,
        }
    }
}

/// The name of one way to write an event: a dialect, and what in it depends on the receiver.
pub type Form = &'static str;

/// An event in one form, and the next form that somebody asked for. Written once, then read without a lock.
struct Encoded {
    form: Form,
    bytes: Option<Bytes>,
    next: OnceLock<Box<Encoded>>,
}

/// An event on its way to many connections. Each form of it is encoded once, by the first that asks.
pub struct Delivery {
    /// What happened.
    pub event: Event,
    /// Its place in the log; none for what is never kept.
    pub position: Option<i64>,
    /// How those are called whom it names; empty where nobody who hears of it needs that.
    pub called: Called,
    encoded: OnceLock<Box<Encoded>>,
}

impl Delivery {
    pub(crate) fn new(event: Event, position: Option<i64>, called: Called) -> Self {
        Self {
            event,
            position,
            called,
            encoded: OnceLock::new(),
        }
    }

    /// The event in this form; `encode` runs only if nobody has asked for the form before. `None` means that the
    /// form has nothing to say about the event.
    pub fn encoded(&self, form: Form, encode: impl Fn(&Event) -> Option<Bytes>) -> Option<Bytes> {
        let mut slot = &self.encoded;
        loop {
            let encoded = slot.get_or_init(|| {
                Box::new(Encoded {
                    form,
                    bytes: encode(&self.event),
                    next: OnceLock::new(),
                })
            });
            if encoded.form == form {
                return encoded.bytes.clone();
            }
            slot = &encoded.next;
        }
    }
}

//! Where a message stands, as events say it: what a dialect needs to tell its clients which conversation that is. The
//! rules about conversations are not here.

use parlance_store::table::channel::EVERYBODY;
use parlance_store::table::conversation::{self, Conversation};
use parlance_store::table::inbox::PlaceRow;

use crate::event::Audience;
use crate::types::{ConversationId, ConversationKind, TenantId, UserId};

/// The conversation of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Between two people.
    Direct {
        /// The smaller of the two user ids.
        low: UserId,
        /// The larger one.
        high: UserId,
    },
    /// A group.
    Group {
        /// Its UUID.
        uuid: String,
        /// The text id that its creator gave it.
        key: Option<String>,
        /// The number its creator gave it.
        category: i64,
    },
    /// What an app says.
    Channel(Box<Channel>),
}

/// Who speaks in a channel, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The tenant it belongs to.
    pub tenant_id: TenantId,
    /// The app; none for the server itself.
    pub app: Option<AppCard>,
    /// The person; none for everybody of the tenant.
    pub receiver: Option<UserId>,
}

/// How an app is shown beside what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppCard {
    /// Its number.
    pub id: i64,
    /// The text it calls itself by.
    pub code: String,
    /// Its name.
    pub name: String,
}

impl Place {
    /// The place of messages in a direct conversation or group.
    pub(crate) fn of(conversation: &Conversation) -> Self {
        match conversation.user_low.zip(conversation.user_high) {
            Some((low, high)) if conversation.kind == conversation::DIRECT => Self::Direct { low, high },
            _ => Self::Group {
                uuid: conversation.uuid.clone().unwrap_or_default(),
                key: conversation.group_key.clone(),
                category: conversation.category,
            },
        }
    }

    /// The place of messages in a direct conversation or channel.
    pub(crate) fn of_row(row: PlaceRow) -> Self {
        if row.kind == conversation::DIRECT {
            return Self::Direct {
                low: row.user_low,
                high: row.user_high.unwrap_or(row.user_low),
            };
        }
        let app = row.app_id.zip(row.app_code.zip(row.app_name));
        Self::Channel(Box::new(Channel {
            tenant_id: row.tenant_id,
            app: app.map(|(id, (code, name))| AppCard { id, code, name }),
            receiver: (row.user_low != EVERYBODY).then_some(row.user_low),
        }))
    }

    /// What kind of conversation it is.
    pub fn kind(&self) -> ConversationKind {
        match self {
            Self::Direct { .. } => ConversationKind::Direct,
            Self::Group { .. } => ConversationKind::Group,
            Self::Channel(_) => ConversationKind::Channel,
        }
    }

    /// Group: the text id that clients know it by, which is the creator's choice or else its UUID.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Group { uuid, key, .. } => Some(key.as_deref().unwrap_or(uuid)),
            Self::Direct { .. } | Self::Channel(_) => None,
        }
    }

    /// Direct: the other person.
    pub fn peer_of(&self, user_id: UserId) -> Option<UserId> {
        match self {
            Self::Direct { low, high } if *low == user_id => Some(*high),
            Self::Direct { low, high } if *high == user_id => Some(*low),
            _ => None,
        }
    }

    /// Whom a message of this sender is for; none for several people.
    pub fn receiver_of(&self, sender_id: Option<UserId>) -> Option<UserId> {
        match self {
            Self::Direct { .. } => self.peer_of(sender_id?),
            Self::Group { .. } => None,
            Self::Channel(channel) => channel.receiver,
        }
    }

    /// Who hears of a message there.
    pub(crate) fn audience(&self, conversation_id: ConversationId) -> Audience {
        match self {
            Self::Direct { low, high } => Audience::Users(vec![*low, *high]),
            Self::Group { .. } => Audience::Conversation(conversation_id),
            Self::Channel(channel) => match channel.receiver {
                Some(user_id) => Audience::Users(vec![user_id]),
                None => Audience::Tenant(channel.tenant_id),
            },
        }
    }
}

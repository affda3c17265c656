//! Reads, one file per noun. A query checks through the policy what the caller may see, then reads one snapshot.

mod contact;
mod conversations;
mod history;
mod notification;
mod passing;
mod settings;
mod user;

pub use contact::{Blocks, ContactGroups, ContactRequests, Contacts, FindContact, RequestDirection};
pub use conversations::{ConversationOverview, Conversations, OneConversation, UnreadTotal};
pub use history::{History, NewestMessages};
pub use notification::{FindNotification, Notifications, UnreadNotifications};
pub(crate) use passing::{MaySignal, MayType};
pub use settings::Settings;
pub(crate) use settings::parse_settings;
pub use user::{FindUser, FindUserByUid, FindUsers, ListUsers, SearchUsers};

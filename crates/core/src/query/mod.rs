//! Reads, one file per noun. A query checks through the policy what the caller may see, then reads one snapshot.

mod conversations;
mod history;
mod passing;

pub use conversations::{ConversationOverview, Conversations, OneConversation, UnreadTotal};
pub use history::{History, NewestMessages};
pub(crate) use passing::{MaySignal, MayType};

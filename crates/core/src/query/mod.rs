//! Reads, one file per noun. A query checks through the policy what the caller may see, then reads one snapshot.

mod announcement;
mod contact;
mod conversations;
mod file;
mod group;
mod history;
mod notification;
mod passing;
mod settings;
mod upload;
mod user;

pub use announcement::{AnnouncementView, Announcements, Which};
pub use contact::{Blocks, ContactGroups, ContactRequests, Contacts, FindContact, RequestDirection};
pub use conversations::{ConversationOverview, Conversations, OneConversation, UnreadTotal};
pub use file::{CategoryTotal, FileByRef, FileStatistics, FileTotals, OwnFiles};
pub(crate) use file::{HasFile, PendingErasures, PublicFile};
pub use group::{
    ConversationMembers, Group, GroupDetails, GroupMembers, MemberView, MyGroups, Silence, WhySilent,
};
pub use history::{History, NewestMessages};
pub use notification::{FindNotification, Notifications, UnreadNotifications};
pub(crate) use passing::{MaySignal, MayType};
pub use settings::Settings;
pub(crate) use settings::parse_settings;
pub(crate) use upload::HasUpload;
pub use upload::UploadById;
pub use user::{FindUser, FindUserByUid, FindUsers, ListUsers, SearchUsers};

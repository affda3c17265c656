//! Reads, one file per noun. A query checks through the policy what the caller may see, then reads one snapshot.

mod announcement;
mod app;
mod app_mapping;
mod backlog;
mod contact;
mod conversations;
mod correspondence;
mod directory;
mod favorite;
mod file;
mod full_message;
mod group;
mod group_member;
mod group_profile;
mod group_receipt;
mod history;
mod inbox;
mod join_request;
mod known_people;
mod mention;
mod message;
mod named_group;
mod notification;
mod passing;
mod presence;
mod reaction;
mod receipt;
mod relation;
mod search;
mod settings;
mod tenant;
mod undelivered;
mod upload;
mod user;

pub use announcement::{AnnouncementView, Announcements, Which};
pub use app::{AppCategories, Apps, CheckLanding, OneApp};
pub use app_mapping::{AppMappings, MappedPeople, MappingsPage, MyApps, WhichApps};
pub use backlog::{Backlog, Newest};
pub use contact::{
    BlockView, Blocks, ContactGroupSizes, ContactGroups, ContactPage, ContactRequests, Contacts,
    ContactsWith, FindContact, RequestDirection, Section,
};
pub use conversations::{
    ConversationOverview, ConversationPage, Conversations, Folders, OneConversation, UnreadTotal,
};
pub use correspondence::{Correspondence, CorrespondencePage, Counterpart, FindConversation};
pub use directory::{AccountPage, Counted, Directory, DirectoryEntry};
pub use favorite::{Favorite, Favorites, IsFavorite};
pub use file::{CategoryTotal, FileByRef, FileStatistics, FileTotals, OwnFiles};
pub(crate) use file::{HasFile, LinkedFile, PendingErasures, PublicFile};
pub use full_message::{FindMessage, FullMessage, FullMessages, MessageStatus};
pub use group::{
    ConversationMembers, Group, GroupDetails, GroupMembers, MemberView, MyGroups, Silence, WhySilent,
};
pub use group_member::{MemberPage, OneMember};
pub use group_profile::{GroupProfile, GroupProfileOf, MyGroupProfiles, OpenGroups};
pub use group_receipt::{GroupReceipt, GroupReceiptOf};
pub use history::History;
pub(crate) use history::view;
pub(crate) use inbox::one as one_of_inbox;
pub use inbox::{
    CorrespondentCard, HistoryWith, Inbox, InboxEntry, InboxMessage, Received, ReceivedMessage, UnreadInbox,
    WhichReceived,
};
pub use join_request::JoinRequests;
pub use known_people::KnownPeople;
pub use mention::{CanMentionAll, CountUnreadMentions, Mention, Mentionable, UnreadMentions};
pub use message::{CountMessages, Edit, EditHistory, LatestMessages, MessageTotals, MessagesById};
pub use named_group::{
    FindGroup, FindGroupByKey, GroupHistory, GroupMessages, IsMember, JoinedGroup, MyGroupUuids, NamedGroup,
    NamedGroupView, Pick, PollPosition,
};
pub use notification::{FindNotification, Notifications, UnreadNotifications};
pub(crate) use passing::{MaySignal, MayType};
pub use presence::{Presence, Presences};
pub use reaction::{CountReactions, ReactionBy, ReactionCount, Reactions};
pub use receipt::{Marks, MessageMarks, ReadCount, ReadStatus, Reader, WhoRead};
pub use relation::{BlockRelations, ContactRelations, Relation};
pub use search::{
    FoundFile, FoundFullMessages, FoundMessage, FoundMessages, KEYWORD_CHARS_MAX, Page, SearchContacts,
    SearchFiles, SearchFullMessages, SearchGroups, SearchMessages, TextMatch,
};
pub use settings::Settings;
pub(crate) use settings::parse_settings;
pub use tenant::{AllTenants, OneTenant};
pub use undelivered::{CountUndelivered, Undelivered};
pub(crate) use upload::HasUpload;
pub use upload::UploadById;
pub use user::{
    FindUser, FindUserByUid, FindUserIds, FindUsers, ListUsers, PeoplePage, SearchUsers, Unknown,
};

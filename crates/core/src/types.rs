//! The nouns that commands take and queries answer with. Plain data; no behaviour that decides anything.

use std::collections::BTreeMap;

use parlance_store::Tx;
pub use parlance_store::table::announcement::Announcement;
pub use parlance_store::table::app::{App, Category as AppCategory, Listed as ListedApp};
pub use parlance_store::table::app_mapping::{AppMapping, MappedApp, MappedUser};
pub use parlance_store::table::contact::Contact;
pub use parlance_store::table::contact_request::ContactRequest;
pub use parlance_store::table::join_request::JoinRequest;

use crate::error::Result;

pub use parlance_store::table::conversation::Conversation;
pub use parlance_store::table::file::StoredFile;
pub use parlance_store::table::member::Member;
pub use parlance_store::table::message::Message;
pub use parlance_store::table::notification::Notification;
pub use parlance_store::table::upload::Upload;

pub use parlance_store::table::reaction::Reaction;
pub use parlance_store::table::user::User;

/// Number of a person: from 1, below 2^53, unique on the whole server.
pub type UserId = i64;
/// Number of an app; never used again.
pub type AppId = i64;
/// Number of a conversation, direct or group. A group's id is its conversation's.
pub type ConversationId = i64;
/// Time-ordered number of a message, below 2^53.
pub type MessageId = i64;
/// Number of a file; never used again.
pub type FileId = i64;
/// Number of a message in its conversation: 1, 2, 3 … without gaps.
pub type Seq = i64;
/// Border of isolation between customers of one server.
pub type TenantId = i64;
/// Microseconds since 1970 UTC.
pub type Timestamp = i64;

/// The tenant that exists from the first start.
pub const DEFAULT_TENANT: TenantId = 1;

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationKind {
    /// Between two people.
    Direct,
    /// A group with members and roles.
    Group,
    /// What an app says to one person, or to everybody.
    Channel,
}

impl ConversationKind {
    pub(crate) fn of(kind: i64) -> Self {
        match kind {
            parlance_store::table::conversation::DIRECT => Self::Direct,
            parlance_store::table::conversation::CHANNEL => Self::Channel,
            _ => Self::Group,
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Direct => parlance_store::table::conversation::DIRECT,
            Self::Group => parlance_store::table::conversation::GROUP,
            Self::Channel => parlance_store::table::conversation::CHANNEL,
        }
    }
}

/// Whom somebody gets messages from outside groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Correspondent {
    /// Another person: their direct conversation.
    Person(UserId),
    /// An app: its channel to the person and its channel to everybody are one conversation.
    App(AppId),
    /// The server itself: what no app has sent.
    Server,
}

/// What a member may do. Ordered: an owner may do all that an administrator may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Manages members below itself.
    Admin,
    /// Manages everything; exactly one unless an inner call made the group.
    Owner,
}

impl Role {
    /// From the stored number.
    pub fn of(role: i64) -> Self {
        match role {
            parlance_store::table::member::OWNER => Self::Owner,
            parlance_store::table::member::ADMIN => Self::Admin,
            _ => Self::Member,
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Member => parlance_store::table::member::MEMBER,
            Self::Admin => parlance_store::table::member::ADMIN,
            Self::Owner => parlance_store::table::member::OWNER,
        }
    }
}

/// Who may come into a group without being brought in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinOption {
    /// Nobody: a member with the right to invite brings people in.
    #[default]
    Invited,
    /// Whoever knows it by name.
    Free,
    /// Whoever asks and is let in by an administrator of it.
    Approval,
}

impl JoinOption {
    /// From the stored number.
    pub fn of(number: i64) -> Self {
        match number {
            1 => Self::Free,
            2 => Self::Approval,
            _ => Self::Invited,
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Invited => 0,
            Self::Free => 1,
            Self::Approval => 2,
        }
    }
}

/// What an account may do in its tenant. Ordered: who stands higher manages who stands lower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountRole {
    /// Manages itself.
    #[default]
    User,
    /// Manages users.
    Admin,
    /// Manages everybody, and makes administrators.
    SuperAdmin,
}

impl AccountRole {
    /// From the stored word.
    pub fn of(role: &str) -> Self {
        match role {
            "SUPER_ADMIN" => Self::SuperAdmin,
            "ADMIN" => Self::Admin,
            _ => Self::User,
        }
    }

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Admin => "ADMIN",
            Self::SuperAdmin => "SUPER_ADMIN",
        }
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// May log in and be written to.
    Active,
    /// May not, until an administrator says so.
    Disabled,
}

impl AccountStatus {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Disabled => "DISABLED",
        }
    }
}

/// The stored status of an account that was deleted: its row stays, for what it wrote.
pub(crate) const DELETED: &str = "DELETED";

/// What a notification is about, and what its subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationKind {
    /// Somebody wants to become a contact; the request.
    ContactRequested,
    /// Somebody has agreed to be a contact; the person.
    ContactApproved,
    /// Somebody was taken into a group; the conversation.
    GroupJoined,
    /// A group has a new announcement; the conversation.
    Announcement,
    /// Somebody was mentioned by name; the message.
    Mentioned,
}

impl NotificationKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::ContactRequested,
        Self::ContactApproved,
        Self::GroupJoined,
        Self::Announcement,
        Self::Mentioned,
    ];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::ContactRequested => "CONTACT_REQUESTED",
            Self::ContactApproved => "CONTACT_APPROVED",
            Self::GroupJoined => "GROUP_JOINED",
            Self::Announcement => "ANNOUNCEMENT",
            Self::Mentioned => "MENTIONED",
        }
    }

    /// From the stored word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One of the four places where a client keeps its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsSection {
    /// What fits nowhere else.
    General,
    /// How to be alerted.
    Notification,
    /// Who may see what.
    Privacy,
    /// Keys.
    Shortcut,
}

impl SettingsSection {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Notification => "notification",
            Self::Privacy => "privacy",
            Self::Shortcut => "shortcut",
        }
    }
}

/// Somebody in a contact list.
#[derive(Clone, Debug)]
pub struct ContactView {
    /// The place in the list.
    pub contact: Contact,
    /// Who it is.
    pub user: User,
    /// Whether the owner of the list has blocked that person.
    pub blocked: bool,
}

/// What became of a request to become a contact or to come into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStatus {
    /// It waits for an answer.
    Pending,
    /// The two are contacts; the asker is in.
    Approved,
    /// It was turned down.
    Rejected,
}

/// A contact request with the two people.
#[derive(Clone, Debug)]
pub struct ContactRequestView {
    /// The request.
    pub request: ContactRequest,
    /// Who asks.
    pub from: UserCard,
    /// Who is asked.
    pub to: UserCard,
}

impl ContactRequestView {
    /// What became of it.
    pub fn status(&self) -> RequestStatus {
        match self.request.status {
            parlance_store::table::contact_request::APPROVED => RequestStatus::Approved,
            parlance_store::table::contact_request::REJECTED => RequestStatus::Rejected,
            _ => RequestStatus::Pending,
        }
    }
}

/// What the people of a group keep with it: texts under names.
pub type Attributes = BTreeMap<String, String>;

/// A request to come into a group with the people.
#[derive(Clone, Debug)]
pub struct JoinRequestView {
    /// The request.
    pub request: JoinRequest,
    /// Who asks.
    pub user: UserCard,
    /// Who answered; none for a group that lets everybody in, and for the server itself.
    pub handled_by: Option<UserCard>,
}

impl JoinRequestView {
    pub(crate) async fn load<T: Tx>(tx: &mut T, request: JoinRequest) -> Result<Self> {
        let views = Self::of(tx, vec![request]).await?;
        let missing = || crate::Error::new(crate::ErrorKind::Internal, "no view of a join request");
        views.into_iter().next().ok_or_else(missing)
    }

    /// In the order of the requests.
    pub(crate) async fn of<T: Tx>(tx: &mut T, requests: Vec<JoinRequest>) -> Result<Vec<Self>> {
        let named = |request: &JoinRequest| [Some(request.user_id), request.handled_by];
        let ids: Vec<UserId> = requests.iter().flat_map(named).flatten().collect();
        let cards = parlance_store::table::message::cards(tx, &ids).await?;
        let cards: BTreeMap<UserId, UserCard> = cards
            .into_iter()
            .map(|card| (card.id, UserCard::from(card)))
            .collect();
        let view = |request: JoinRequest| Self {
            user: cards.get(&request.user_id).cloned().unwrap_or_default(),
            handled_by: request.handled_by.and_then(|id| cards.get(&id)).cloned(),
            request,
        };
        Ok(requests.into_iter().map(view).collect())
    }

    /// What became of it.
    pub fn status(&self) -> RequestStatus {
        match self.request.status {
            parlance_store::table::join_request::ACCEPTED => RequestStatus::Approved,
            parlance_store::table::join_request::REJECTED => RequestStatus::Rejected,
            _ => RequestStatus::Pending,
        }
    }
}

/// How a person is shown beside what they wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserCard {
    /// The person.
    pub id: UserId,
    /// Text id.
    pub uid: String,
    /// Nickname, else name, else text id.
    pub name: String,
    /// URL of a picture, or empty.
    pub avatar: String,
}

impl UserCard {
    pub(crate) fn new(id: UserId, uid: String, name: String, nickname: String, avatar: String) -> Self {
        let name = [nickname, name]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_else(|| uid.clone());
        Self {
            id,
            uid,
            name,
            avatar,
        }
    }
}

impl From<&User> for UserCard {
    fn from(user: &User) -> Self {
        Self::new(
            user.id,
            user.uid.clone(),
            user.name.clone(),
            user.nickname.clone(),
            user.avatar.clone(),
        )
    }
}

impl From<parlance_store::table::message::Card> for UserCard {
    fn from(card: parlance_store::table::message::Card) -> Self {
        Self::new(card.id, card.uid, card.name, card.nickname, card.avatar)
    }
}

/// The message that another one answers, as shown beside it. A recalled one keeps no text.
#[derive(Clone, Debug)]
pub struct Quote {
    /// The quoted message.
    pub message: Message,
    /// Who wrote it; none for the system.
    pub sender: Option<UserCard>,
}

/// What a dialect keeps with a message for itself. No other dialect reads it, and the core never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// The dialect: lower-case letters.
    pub dialect: &'static str,
    /// JSON.
    pub json: String,
}

impl Extra {
    /// How it stands in the message's row.
    pub(crate) fn stored(&self) -> String {
        format!("{} {}", self.dialect, self.json)
    }

    /// The JSON that this dialect has kept with a message.
    pub fn of<'a>(message: &'a Message, dialect: &str) -> Option<&'a str> {
        message.extra.as_deref()?.strip_prefix(dialect)?.strip_prefix(' ')
    }
}

/// The content type of what the server says itself.
pub const NOTICE: &str = "NOTICE";

/// The content type as all dialects may show it: without the number that a custom type carries (`CUSTOM:42`).
pub fn shown_type(content_type: &str) -> &str {
    content_type.split(':').next().unwrap_or(content_type)
}

/// A message with what is shown beside it.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// The message itself.
    pub message: Message,
    /// Who wrote it; none for the system.
    pub sender: Option<UserCard>,
    /// What it answers.
    pub quote: Option<Quote>,
}

/// One file, as clients name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRef {
    /// By its number.
    Id(FileId),
    /// By where its bytes lie.
    Key(String),
}

/// A file with its owner.
#[derive(Clone, Debug)]
pub struct FileView {
    /// The file itself.
    pub file: StoredFile,
    /// Who uploaded it.
    pub owner: Option<UserCard>,
}

impl FileView {
    pub(crate) async fn load<T: Tx>(tx: &mut T, file: StoredFile) -> Result<Self> {
        let owner = Self::owner(tx, file.owner_id).await?;
        Ok(Self { file, owner })
    }

    pub(crate) async fn owner<T: Tx>(tx: &mut T, user_id: UserId) -> Result<Option<UserCard>> {
        let card = parlance_store::table::message::card(tx, user_id).await?;
        Ok(card.map(UserCard::from))
    }
}

/// An upload in parts, and how far it has come.
#[derive(Clone, Debug)]
pub struct UploadView {
    /// The upload itself.
    pub upload: Upload,
    /// Numbers of the chunks that have come, in order.
    pub chunks: Vec<i64>,
    /// The file it has become, unless that was deleted.
    pub file: Option<FileView>,
}

impl UploadView {
    pub(crate) async fn load<T: Tx>(tx: &mut T, upload: Upload) -> Result<Self> {
        use parlance_store::table::{file, upload};
        let chunks = upload::chunk_numbers(tx, &upload.id).await?;
        let stored = match upload.file_id {
            Some(id) => file::by_id(tx, id).await?,
            None => None,
        };
        let file = match stored.filter(|file| file.deleted_at.is_none()) {
            Some(stored) => Some(FileView::load(tx, stored).await?),
            None => None,
        };
        Ok(Self { upload, chunks, file })
    }

    /// Whether it was put together.
    pub fn is_finished(&self) -> bool {
        self.upload.state == parlance_store::table::upload::MERGED
    }

    /// Whether its owner has paused it.
    pub fn is_paused(&self) -> bool {
        self.upload.state == parlance_store::table::upload::PAUSED
    }

    /// How much of it is there, in whole percent. Only a finished one has 100.
    pub fn percent(&self) -> i64 {
        if self.is_finished() {
            return 100;
        }
        let have = i64::try_from(self.chunks.len()).unwrap_or(i64::MAX);
        (have.saturating_mul(100) / self.upload.chunks().max(1)).min(99)
    }
}

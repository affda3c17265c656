//! Why something was refused: one kind for every case that some dialect tells apart.

use std::fmt;

/// Result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The case. Dialects map it to their own codes with one exhaustive `match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No conversation with this id, or not in this tenant.
    ConversationMissing,
    /// Not (or no longer) a member.
    NotMember,
    /// The person named is not (or no longer) a member.
    MemberMissing,
    /// No message with this id that the caller can see.
    MessageMissing,
    /// The message is somebody else's.
    MessageForbidden,
    /// The message is not of a type that allows it.
    MessageTypeForbidden,
    /// Already recalled.
    MessageRecalled,
    /// The time to recall is over.
    RecallTooLate,
    /// The time to edit is over.
    EditTooLate,
    /// The sender's account does not exist or is not active.
    SenderMissing,
    /// The receiver's account does not exist or is not active.
    ReceiverMissing,
    /// Neither a conversation nor a receiver was named.
    TargetMissing,
    /// Nothing to send.
    ContentEmpty,
    /// More than the documented limit.
    TooLarge,
    /// The member or the group is muted.
    Muted,
    /// One of the two people has blocked the other.
    Blocked,
    /// In this tenant only contacts write to each other, and these two are not.
    NotContacts,
    /// No group with this id, or dissolved.
    GroupMissing,
    /// The role does not allow it.
    RoleTooLow,
    /// The owner cannot do this to itself or have it done.
    OwnerProtected,
    /// The group is full.
    GroupFull,
    /// No account with this id or name.
    UserMissing,
    /// The account is disabled.
    UserDisabled,
    /// The name, mobile or other key is taken.
    Taken,
    /// The password does not match.
    PasswordWrong,
    /// Not a contact.
    ContactMissing,
    /// Already contacts.
    ContactExists,
    /// No contact request with this id for the caller.
    RequestMissing,
    /// A request is pending already.
    RequestExists,
    /// No announcement, notification, favourite or mention with this id for the caller.
    ItemMissing,
    /// It exists already.
    ItemExists,
    /// No file with this id that the caller may open.
    FileMissing,
    /// The same idempotency key was used with other content.
    IdempotencyConflict,
    /// No token, or not a valid one.
    Unauthenticated,
    /// The account may not do this.
    Forbidden,
    /// A field is missing or out of range; the detail names it and may be shown.
    Invalid,
    /// Too many attempts; the detail is the number of seconds to wait.
    Throttled,
    /// The server has more work queued than it can take: try again shortly.
    Overloaded,
    /// The disk is full or failing: nothing can be acknowledged.
    Unavailable,
    /// A defect; the detail is for the log only.
    Internal,
}

/// A refusal or failure. `detail` is for people: shown for [`ErrorKind::Invalid`], logged otherwise.
#[derive(Clone, Debug)]
pub struct Error {
    /// The case.
    pub kind: ErrorKind,
    /// What a person wants to know.
    pub detail: String,
}

impl Error {
    /// Makes an error with a detail.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    /// A field that is missing or out of range.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, detail)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            detail: String::new(),
        }
    }
}

impl From<parlance_store::Error> for Error {
    fn from(error: parlance_store::Error) -> Self {
        use parlance_store::ErrorKind as Store;
        let kind = match error.kind {
            Store::Conflict => ErrorKind::Taken,
            Store::Overloaded => ErrorKind::Overloaded,
            Store::Disk | Store::Closed => ErrorKind::Unavailable,
            Store::Corrupt | Store::Newer | Store::Other => ErrorKind::Internal,
        };
        Self::new(kind, error.detail)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            write!(f, "{:?}", self.kind)
        } else {
            write!(f, "{:?}: {}", self.kind, self.detail)
        }
    }
}

impl std::error::Error for Error {}

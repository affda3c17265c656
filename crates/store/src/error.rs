//! What can go wrong below the rules. A refusal by a rule is never one of these.

use std::fmt;

/// Result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it was, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A unique key is taken already.
    Conflict,
    /// The disk is full, or the file system refuses to write.
    Disk,
    /// The database file is damaged or no database at all.
    Corrupt,
    /// The database was written by a newer version of this program.
    Newer,
    /// The queue to the writer or the readers is full: try again later.
    Overloaded,
    /// The store is closing or closed.
    Closed,
    /// Anything else: a defect of this program or of its environment.
    Other,
}

/// A failure of the database, with a detail for logs. The detail is never shown to a client.
#[derive(Clone, Debug)]
pub struct Error {
    /// What a caller can act on.
    pub kind: ErrorKind,
    /// What an operator wants to read.
    pub detail: String,
}

impl Error {
    /// Makes an error of this kind.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    pub(crate) fn closed() -> Self {
        Self::new(ErrorKind::Closed, "the store is closed")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.detail)
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => ErrorKind::Conflict,
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
            ) => ErrorKind::Disk,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ErrorKind::Corrupt,
            _ => ErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

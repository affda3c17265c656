//! The one error of this crate: what went wrong and what to do about it, for the person at the terminal. Errors of
//! messaging are `parlance_core`'s and never come here.

use std::fmt;

/// Why a command of the program could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    what: String,
    remedy: String,
}

impl Failure {
    /// A failure and the next step, which may be empty where the failure says it.
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// What went wrong.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do next.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.remedy.is_empty() {
            Ok(())
        } else {
            write!(f, "\n  {}", self.remedy)
        }
    }
}

impl std::error::Error for Failure {}

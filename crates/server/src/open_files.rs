//! The system's limit of open files, which bounds how many connections a process can have. How many it should have is
//! the setting `limits.connections_max`.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::config::Limits;

/// Files a server has open besides its connections.
const BESIDES: u64 = 256;

/// Files a server with these limits may come to need.
pub(crate) fn wanted(limits: &Limits) -> u64 {
    (limits.connections_max as u64).saturating_add(BESIDES)
}

/// The limit now in force; `None` without one.
pub(crate) fn current() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// The limit up to which the process may raise it; `None` without one.
pub(crate) fn highest() -> Option<u64> {
    getrlimit(Resource::Nofile).maximum
}

/// Raises the limit in force as far as the process may. Shells set a low one for the sake of old programs.
pub(crate) fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_to_the_highest() {
        raise();
        assert_eq!(current(), highest());
    }
}

//! Passwords: argon2id, verified in constant time, off the async threads and only a few at once.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, ErrorKind, Result};

/// Hashes computed at once: each takes a core and some 9 MB.
const HASHES_AT_ONCE_MAX: usize = 2;
/// Hashes waiting for their turn at most.
const HASHES_WAITING_MAX: usize = 1_024;

/// How expensive a guess is. The default is one of OWASP's equal minima for argon2id: less memory and more passes,
/// because the memory is what a server that is otherwise small would feel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory of one hash in KiB, at least 8.
    pub memory_kib: u32,
    /// Passes over that memory, at least 1.
    pub passes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory_kib: 9 * 1024,
            passes: 4,
        }
    }
}

/// The hasher with its queue.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// Verified against when there is no account, so that the time tells nothing.
    decoy: tokio::sync::OnceCell<String>,
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new(cost: PasswordCost) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)
            .map_err(|error| Error::invalid(format!("password cost: {error}")))?;
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            decoy: tokio::sync::OnceCell::new(),
            turns: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)),
            waiting: Arc::new(Semaphore::new(HASHES_WAITING_MAX)),
        })
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.off_thread(move || {
            let hash = argon2.hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(internal)
        })
        .await
    }

    /// Whether a password fits a stored hash. Without a hash it takes as long and is `false`.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self
                .decoy
                .get_or_try_init(|| self.hash("decoy".into()))
                .await?
                .clone(),
        };
        let argon2 = self.argon2.clone();
        let fits = self
            .off_thread(move || {
                let hash = PasswordHash::new(&hash).map_err(internal)?;
                Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(fits && known)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _waiting = Arc::clone(&self.waiting)
            .try_acquire_owned()
            .map_err(|_| Error::new(ErrorKind::Overloaded, "too many log-ins at once"))?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.map_err(internal)?
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("password hash: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new(PasswordCost {
            memory_kib: 8,
            passes: 1,
        })
        .unwrap();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(
            passwords
                .verify("correct horse".into(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!passwords.verify("correct hors".into(), Some(hash)).await.unwrap());
        assert!(
            !passwords.verify("decoy".into(), None).await.unwrap(),
            "no account is never a match"
        );
    }
}

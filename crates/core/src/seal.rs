//! Secrets at rest: what the server must be able to read again, but nobody who only has the database. Each sealed
//! value is bound to what it belongs to, so that it opens nowhere else. Passwords, tickets and access tokens are not
//! sealed: of those a hash is enough. See docs/adr/0011.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::error::{Error, ErrorKind, Result};

/// The first byte of a sealed value, which says how it was made.
const VERSION: u8 = 1;
/// Bytes of the number used once that follow it. Long enough to be drawn at random.
const NONCE_BYTES: usize = 24;

/// Seals and opens with the server's key.
pub(crate) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Seals a secret of `owner`: a text that names one thing and nothing else.
    pub(crate) fn seal(&self, secret: &str, owner: &str) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: owner.as_bytes(),
        };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::new(ErrorKind::Internal, "a secret was not sealed"))?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Opens a secret of `owner`; none if it was sealed with another key or for another owner, or was changed.
    pub(crate) fn open(&self, sealed: &[u8], owner: &str) -> Option<String> {
        let sealed = sealed.strip_prefix(&[VERSION])?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: owner.as_bytes(),
        };
        let secret = self.0.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(secret).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_owner_and_with_its_key_only() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal("open sesame", "app 1 oa").unwrap();
        assert_eq!(sealer.open(&sealed, "app 1 oa").as_deref(), Some("open sesame"));
        assert_eq!(sealer.open(&sealed, "app 1 crm"), None);
        assert_eq!(Sealer::new(&[2; 32]).open(&sealed, "app 1 oa"), None);
    }

    #[test]
    fn whatever_is_changed_in_a_sealed_secret_closes_it() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal("open sesame", "app 1 oa").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(sealer.open(&changed, "app 1 oa"), None, "byte {index}");
            assert_eq!(sealer.open(&sealed[..index], "app 1 oa"), None, "cut at {index}");
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal("open sesame", "app 1 oa").unwrap();
        assert_ne!(sealed, sealer.seal("open sesame", "app 1 oa").unwrap());
        assert!(!sealed.windows(4).any(|part| part == b"open"));
    }
}

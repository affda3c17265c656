//! Links: how somebody fetches a file for a while with nothing but its address.
//!
//! A link of our own is signed with a key that is made from the one for tokens, and checked against the core's clock;
//! to make one needs neither the disk nor the network. An object store signs its links itself. Only those who are
//! shown a message are shown the links to its files. **Not in here:** the rest of the address, which is the dialect's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::account::Actor;
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::files::OpenFile;
use crate::files::key::storage_key;
use crate::files::kind::{extension, media_type_of};
use crate::query::LinkedFile;
use crate::types::DEFAULT_TENANT;

/// Longest life of a link.
pub(crate) const LINK_SECONDS: i64 = 3600;
/// Links made within one step of this length are the same, so that browsers find what they have already. They live
/// shorter by what is over of the step.
pub(crate) const LINK_STEP_SECONDS: i64 = 300;
/// What the key for links is made for, so that it is good for nothing else.
const PURPOSE: &[u8] = b"parlance: links to files, 1";

type HmacSha256 = Hmac<Sha256>;

/// How to fetch a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileLink {
    /// From us, at an address of the dialect that holds the key and these two.
    Own {
        /// When it ends, in seconds since 1970.
        expires_at: i64,
        /// Says that we made it: 43 letters, digits, `-` and `_`.
        signature: String,
    },
    /// From an object store, at this address.
    Elsewhere(String),
}

/// Signs links.
pub(crate) struct LinkSigner(HmacSha256);

impl LinkSigner {
    /// A signer with a key of its own, made from the one that signs tokens.
    pub(crate) fn new(token_key: &[u8]) -> Self {
        let mut label = keyed(token_key);
        label.update(PURPOSE);
        Self(keyed(&label.finalize().into_bytes()))
    }

    fn mac(&self, key: &str, expires_at: i64) -> HmacSha256 {
        let mut mac = self.0.clone();
        mac.update(key.as_bytes());
        // No key holds a line break, so nothing can move from the one to the other.
        mac.update(format!("\n{expires_at}").as_bytes());
        mac
    }

    pub(super) fn sign(&self, key: &str, expires_at: i64) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(key, expires_at).finalize().into_bytes())
    }

    /// Whether we have signed this; compared in constant time.
    fn has_signed(&self, key: &str, expires_at: i64, signature: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(signature);
        given.is_ok_and(|given| self.mac(key, expires_at).verify_slice(&given).is_ok())
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("a key of any length")
}

impl Core {
    /// A link to the file under this key, good for up to an hour for everybody who has it. Whoever asks has made sure
    /// that it is shown only to those who may open the file. Cheap enough for every message of a list, and does not
    /// wait. None for a text that is no key; whether there is such a file is not looked at.
    pub fn file_link(&self, key: &str) -> Option<FileLink> {
        let storage_key = storage_key(key)?;
        let now = self.now();
        let media_type = extension(key).map(|ending| media_type_of(&ending));
        if let Some(link) = self.blobs().link(storage_key, media_type, now) {
            return Some(FileLink::Elsewhere(link));
        }
        let step = now.div_euclid(1_000_000).div_euclid(LINK_STEP_SECONDS);
        let expires_at = step * LINK_STEP_SECONDS + LINK_SECONDS;
        Some(FileLink::Own {
            expires_at,
            signature: self.link_signer().sign(key, expires_at),
        })
    }

    /// Opens a file by a link of our own.
    ///
    /// # Errors
    /// `Forbidden` for a link that we have not made, or not for this key, or that has ended; `FileMissing` when the
    /// file was deleted since.
    pub async fn open_linked_file(&self, key: &str, expires_at: i64, signature: &str) -> Result<OpenFile> {
        if !self.link_signer().has_signed(key, expires_at, signature) {
            return Err(Error::new(ErrorKind::Forbidden, "no such link was made"));
        }
        if expires_at <= self.now().div_euclid(1_000_000) {
            return Err(Error::new(ErrorKind::Forbidden, "the link has ended"));
        }
        let storage_key = storage_key(key).ok_or(ErrorKind::FileMissing)?.to_owned();
        let system = Actor::system(DEFAULT_TENANT);
        let file = self.query(&system, LinkedFile { storage_key }).await?;
        self.open_bytes(file).await
    }
}

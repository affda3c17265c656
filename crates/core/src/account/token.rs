//! Tokens: signed, bound to one dialect, revocable one by one (log-out) or all at once (the account's epoch).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::types::{AccountRole, TenantId, Timestamp, User, UserId};

/// Standings of accounts kept in memory at most.
const STANDINGS_MAX: usize = 200_000;

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The account's text id.
    pub sub: String,
    /// The account's number.
    #[serde(rename = "userId")]
    pub user_id: UserId,
    /// The account's tenant.
    #[serde(rename = "ten")]
    pub tenant_id: TenantId,
    /// The dialect it is valid in.
    pub aud: String,
    /// What else the dialect wants to find in it again.
    #[serde(rename = "prf", default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// The account's role when it was issued, for clients that look inside.
    pub role: String,
    /// The account's epoch when it was issued.
    #[serde(rename = "epo")]
    pub epoch: i64,
    /// Its own id.
    pub jti: String,
    /// When issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
}

/// Which token to issue.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'a> {
    /// The dialect it will be valid in.
    pub dialect: &'a str,
    /// Kept in the token for the dialect.
    pub profile: &'a str,
}

/// What must still be true of an account for its tokens to be valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) epoch: i64,
    pub(crate) active: bool,
    pub(crate) role: AccountRole,
}

impl Standing {
    pub(crate) fn of(user: &User) -> Self {
        Self {
            epoch: user.token_epoch,
            active: user.status == "ACTIVE",
            role: AccountRole::of(&user.role),
        }
    }
}

/// The signing key, and what is known of accounts and revocations.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    ttl_seconds: i64,
    revoked: RwLock<FxHashMap<String, Timestamp>>,
    standings: RwLock<Standings>,
}

#[derive(Default)]
struct Standings {
    of: FxHashMap<UserId, Standing>,
    /// Counts what was forgotten, so that a read which began before a change is not kept after it.
    generation: u64,
}

impl Tokens {
    pub(crate) fn new(key: &[u8], ttl_seconds: i64, revoked: Vec<(String, Timestamp)>) -> Self {
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            ttl_seconds,
            revoked: RwLock::new(revoked.into_iter().collect()),
            standings: RwLock::default(),
        }
    }

    /// Signs a token for an account.
    pub(crate) fn issue(
        &self,
        user: &User,
        request: TokenRequest<'_>,
        now: Timestamp,
    ) -> Result<(String, Claims)> {
        let iat = now / 1_000_000;
        let claims = Claims {
            sub: user.uid.clone(),
            user_id: user.id,
            tenant_id: user.tenant_id,
            aud: request.dialect.to_owned(),
            profile: request.profile.to_owned(),
            role: user.role.clone(),
            epoch: user.token_epoch,
            jti: format!("{:032x}", rand::random::<u128>()),
            iat,
            exp: iat + self.ttl_seconds,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("token: {error}")))?;
        Ok((token, claims))
    }

    /// The claims of a token that we signed, for this dialect, that has not expired or been revoked by itself.
    /// Whether the account still stands is asked separately.
    pub(crate) fn verify(&self, token: &str, dialect: &str, now: Timestamp) -> Result<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[dialect]);
        // Checked below against our own clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|error| Error::new(ErrorKind::Unauthenticated, error.to_string()))?
            .claims;
        if claims.exp <= now / 1_000_000 {
            return Err(Error::new(ErrorKind::Unauthenticated, "expired"));
        }
        if self.is_revoked(&claims.jti) {
            return Err(Error::new(ErrorKind::Unauthenticated, "revoked"));
        }
        Ok(claims)
    }

    /// The dialect that a token of ours is for, whether or not it is still good.
    pub(crate) fn audience(&self, token: &str) -> Option<String> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_aud = false;
        validation.validate_exp = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation);
        decoded.ok().map(|token| token.claims.aud)
    }

    /// Whether this one token was revoked.
    pub(crate) fn is_revoked(&self, token_id: &str) -> bool {
        self.revoked.read().contains_key(token_id)
    }

    /// Takes up a revocation that was committed.
    pub(crate) fn note_revoked(&self, token_id: &str, expires_at: Timestamp, now: Timestamp) {
        let mut revoked = self.revoked.write();
        // Grown to a power of two: a good moment to forget what has expired by itself.
        if revoked.len() == revoked.capacity() {
            revoked.retain(|_, expires| *expires > now);
        }
        revoked.insert(token_id.to_owned(), expires_at);
    }

    /// What is known of an account, or else the generation that a fresh read has to be kept with.
    pub(crate) fn standing(&self, user_id: UserId) -> std::result::Result<Standing, u64> {
        let standings = self.standings.read();
        standings.of.get(&user_id).copied().ok_or(standings.generation)
    }

    /// Keeps what was read of an account, unless some account has changed since `generation`.
    pub(crate) fn keep_standing(&self, user_id: UserId, standing: Standing, generation: u64) {
        let mut standings = self.standings.write();
        if standings.generation != generation {
            return;
        }
        if standings.of.len() >= STANDINGS_MAX {
            standings.of.clear();
        }
        standings.of.insert(user_id, standing);
    }

    /// Forgets what is known of an account that has just changed.
    pub(crate) fn forget_standing(&self, user_id: UserId) {
        let mut standings = self.standings.write();
        standings.generation += 1;
        standings.of.remove(&user_id);
    }
}

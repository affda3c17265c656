//! Logging in, out, and proving who one is.

use std::net::IpAddr;
use std::sync::Arc;

use parlance_store::Read;
use parlance_store::table::user;

use crate::account::{Actor, Claims, Standing, TokenRequest};
use crate::command::{ENSURED_MAX, EnsureUser, EnsureUsers, RevokeToken};
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::field;
use crate::types::{DELETED, TenantId, Timestamp, User, UserId};
use parlance_store::Tx;

/// A log-in by name and password.
#[derive(Clone, Debug)]
pub struct Login {
    /// Where the account lives.
    pub tenant_id: TenantId,
    /// Text id of the account.
    pub uid: String,
    /// The password as typed.
    pub password: String,
    /// Where the attempt comes from; guesses are counted per address and account.
    pub address: IpAddr,
}

/// A token and whose it is.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token to send with every call.
    pub token: String,
    /// The account.
    pub user: User,
    /// When the token ends.
    pub expires_at: Timestamp,
}

impl Core {
    /// Checks a password and issues a token.
    ///
    /// # Errors
    /// `UserMissing`, `PasswordWrong`, `UserDisabled`, and `Throttled` with the seconds to wait as detail.
    pub async fn login(&self, login: Login, request: TokenRequest<'_>) -> Result<Issued> {
        let now = self.now();
        if let Some(seconds) = self.throttle().wait_seconds(login.address, &login.uid, now) {
            return Err(Error::new(ErrorKind::Throttled, seconds.to_string()));
        }
        let found = self
            .store()
            .read(UserByUid {
                tenant_id: login.tenant_id,
                uid: login.uid.clone(),
            })
            .await?;
        let found = found.filter(|user| user.status != DELETED);
        let hash = found.as_ref().and_then(|user| user.password_hash.clone());
        let fits = self.passwords().verify(login.password, hash).await?;
        let refused = match &found {
            None => Some(ErrorKind::UserMissing),
            Some(_) if !fits => Some(ErrorKind::PasswordWrong),
            Some(user) if user.status != "ACTIVE" => Some(ErrorKind::UserDisabled),
            Some(_) => None,
        };
        match (refused, found) {
            (None, Some(user)) => {
                self.throttle().succeeded(login.address, &login.uid);
                self.issue(user, request)
            }
            (kind, _) => {
                self.throttle().failed(login.address, &login.uid, now);
                Err(kind.unwrap_or(ErrorKind::UserMissing).into())
            }
        }
    }

    /// Issues a fresh token to somebody who has proven who they are already.
    ///
    /// # Errors
    /// `UserMissing` when the account is gone.
    pub async fn renew(&self, actor: &Actor, request: TokenRequest<'_>) -> Result<Issued> {
        let user = self
            .store()
            .read(UserById(actor.user_id))
            .await?
            .ok_or(ErrorKind::UserMissing)?;
        self.issue(user, request)
    }

    /// Issues a token to somebody whom the operator's own system vouches for. An account without a password is made
    /// if nobody has that text id.
    ///
    /// # Errors
    /// `UserDisabled`, and `Invalid` for what cannot be a text id.
    pub async fn vouch(&self, tenant_id: TenantId, uid: &str, request: TokenRequest<'_>) -> Result<Issued> {
        let asked = UserByUid {
            tenant_id,
            uid: uid.to_owned(),
        };
        // Most are known already, and a read disturbs no writer.
        let user = match self.store().read(asked).await? {
            Some(user) => user,
            None => {
                let command = EnsureUser { uid: uid.to_owned() };
                let id = self.execute(&Actor::system(tenant_id), command).await?;
                self.user_row(id).await?.ok_or(ErrorKind::UserMissing)?
            }
        };
        if user.status != "ACTIVE" {
            return Err(ErrorKind::UserDisabled.into());
        }
        self.issue(user, request)
    }

    /// The accounts of people whom the operator's own system names, in the order of their text ids. Those whom nobody
    /// knows are made, without a password.
    ///
    /// # Errors
    /// `Invalid` for what cannot be a text id (nobody is made then) and for more people than a group may have;
    /// `UserDisabled`.
    pub async fn vouch_for(&self, tenant_id: TenantId, uids: &[String]) -> Result<Vec<UserId>> {
        let most = self.limits().group_members_max;
        if uids.len() > usize::try_from(most).unwrap_or(0) {
            return Err(Error::invalid(format!("at most {most} people are named at once")));
        }
        uids.iter().try_for_each(|uid| field::uid(uid))?;
        let system = Actor::system(tenant_id);
        let mut ids = Vec::with_capacity(uids.len());
        for some in uids.chunks(ENSURED_MAX) {
            let uids = some.to_vec();
            ids.extend(self.execute(&system, EnsureUsers { uids }).await?);
        }
        Ok(ids)
    }

    /// The whole row of an account, for this module only.
    pub(super) async fn user_row(&self, id: UserId) -> Result<Option<User>> {
        self.store().read(UserById(id)).await
    }

    fn issue(&self, user: User, request: TokenRequest<'_>) -> Result<Issued> {
        let (token, claims) = self.tokens().issue(&user, request, self.now())?;
        Ok(Issued {
            token,
            user,
            expires_at: claims.exp * 1_000_000,
        })
    }

    /// Who a token of this dialect belongs to.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is not ours, not for this dialect, expired or revoked, or whose account is
    /// disabled.
    pub async fn authenticate(&self, token: &str, dialect: &str) -> Result<(Actor, Claims)> {
        let claims = self.tokens().verify(token, dialect, self.now())?;
        let standing = match self.tokens().standing(claims.user_id) {
            Ok(standing) => standing,
            Err(generation) => self.load_standing(claims.user_id, generation).await?,
        };
        if !standing.active || standing.epoch != claims.epoch {
            return Err(Error::new(ErrorKind::Unauthenticated, "revoked"));
        }
        let actor = Actor {
            user_id: claims.user_id,
            tenant_id: claims.tenant_id,
            role: standing.role,
            epoch: claims.epoch,
            session: None,
            token_id: Arc::from(claims.jti.as_str()),
        };
        Ok((actor, claims))
    }

    /// Ends the connections of a token whose account has changed since it was issued: for one that was attached
    /// just after the end of the others.
    pub(crate) fn end_if_void(&self, actor: &Actor) {
        if actor.user_id == 0 {
            return;
        }
        let (user_id, epoch, token_id) = (actor.user_id, actor.epoch, Arc::clone(&actor.token_id));
        let holds = move |standing: Standing| standing.active && standing.epoch == epoch;
        match self.tokens().standing(user_id) {
            Ok(standing) if holds(standing) => {}
            Ok(_) => self.hub().end(user_id, Some(&token_id)),
            // Forgotten a moment ago, so it must be asked for again.
            Err(generation) => {
                let core = self.clone();
                tokio::spawn(async move {
                    let standing = core.load_standing(user_id, generation).await;
                    let gone = |error: &Error| error.kind == ErrorKind::Unauthenticated;
                    if standing.as_ref().is_ok_and(|standing| !holds(*standing))
                        || standing.as_ref().is_err_and(gone)
                    {
                        core.hub().end(user_id, Some(&token_id));
                    }
                });
            }
        }
    }

    pub(crate) async fn load_standing(&self, user_id: UserId, generation: u64) -> Result<Standing> {
        let user = self
            .store()
            .read(UserById(user_id))
            .await?
            .ok_or(ErrorKind::Unauthenticated)?;
        let standing = Standing::of(&user);
        self.tokens().keep_standing(user_id, standing, generation);
        Ok(standing)
    }

    /// Revokes the token that proved `actor`, and ends its connections.
    ///
    /// # Errors
    /// Only when the store fails.
    pub async fn logout(&self, actor: &Actor, claims: &Claims) -> Result<()> {
        let revoke = RevokeToken {
            token_id: claims.jti.clone(),
            expires_at: claims.exp * 1_000_000,
        };
        self.execute(actor, revoke).await
    }
}

struct UserByUid {
    tenant_id: TenantId,
    uid: String,
}

impl Read for UserByUid {
    type Answer = Option<User>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<User>> {
        Ok(user::by_uid(tx, self.tenant_id, &self.uid).await?)
    }
}

struct UserById(UserId);

impl Read for UserById {
    type Answer = Option<User>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<User>> {
        Ok(user::by_id(tx, self.0).await?)
    }
}

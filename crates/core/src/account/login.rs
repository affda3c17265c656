//! Logging in, out, and proving who one is.

use std::net::IpAddr;
use std::sync::Arc;

use parlance_store::Read;
use parlance_store::table::user;

use crate::account::{Actor, BlockRule, Claims, Mandate, Standing, Subject, TokenRequest};
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
    /// Which account.
    pub name: LoginName,
    /// The password as typed.
    pub password: String,
    /// Where the attempt comes from; guesses are counted per address and account.
    pub address: IpAddr,
}

/// What somebody who logs in calls their account.
#[derive(Clone, Debug)]
pub enum LoginName {
    /// Its text id.
    Uid(String),
    /// Its text id, its mobile number, or its latin name if nobody else has that one and it is no one's text id or
    /// mobile.
    Any(String),
}

impl LoginName {
    fn text(&self) -> &str {
        match self {
            Self::Uid(name) | Self::Any(name) => name,
        }
    }
}

/// A token and whose it is.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token to send with every call.
    pub token: String,
    /// The account.
    pub user: User,
    /// The id of the token.
    pub token_id: String,
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
        let found = self
            .store()
            .read(UserByName {
                tenant_id: login.tenant_id,
                name: login.name.clone(),
            })
            .await?;
        let subject = match &found {
            Some(user) => Subject::Account(user.id),
            None => Subject::nobody(login.name.text()),
        };
        if let Some(seconds) = self.throttle().wait_seconds(login.address, &subject, now) {
            return Err(Error::new(ErrorKind::Throttled, seconds.to_string()));
        }
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
                self.throttle().succeeded(login.address, &subject);
                self.issue(user, request)
            }
            (kind, _) => {
                self.throttle().failed(login.address, &subject, now);
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
        // Most are known already, and a read disturbs no writer.
        let user = match self.account_named(tenant_id, uid).await? {
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

    /// The account with this text id, unless it was deleted.
    pub(super) async fn account_named(&self, tenant_id: TenantId, uid: &str) -> Result<Option<User>> {
        let name = LoginName::Uid(uid.to_owned());
        self.store().read(UserByName { tenant_id, name }).await
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
            token_id: claims.jti,
        })
    }

    /// Who a token of this dialect belongs to.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is not ours, not for this dialect, expired or revoked, or whose account is
    /// disabled.
    pub async fn authenticate(&self, token: &str, dialect: &str) -> Result<(Actor, Claims)> {
        let claims = self.tokens().verify(token, dialect, self.now())?;
        if self.tenants().is_disabled(claims.tenant_id) {
            return Err(Error::new(ErrorKind::Unauthenticated, "the tenant is disabled"));
        }
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
            mandate: Mandate::Place,
            block_rule: BlockRule::Mutual,
        };
        Ok((actor, claims))
    }

    /// The dialect that a token was issued for, if we issued it; it may have ended since.
    pub fn audience(&self, token: &str) -> Option<String> {
        self.tokens().audience(token)
    }

    /// Ends the connections of a token whose account has changed since it was issued: for one that was attached
    /// just after the end of the others.
    pub(crate) fn end_if_void(&self, actor: &Actor) {
        if actor.user_id == 0 {
            return;
        }
        let (user_id, epoch, token_id) = (actor.user_id, actor.epoch, Arc::clone(&actor.token_id));
        if self.tenants().is_disabled(actor.tenant_id) {
            self.hub().end(user_id, Some(&token_id));
            return;
        }
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

struct UserByName {
    tenant_id: TenantId,
    name: LoginName,
}

impl Read for UserByName {
    type Answer = Option<User>;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<User>> {
        let tenant_id = self.tenant_id;
        let by_uid = user::by_uid(tx, tenant_id, self.name.text()).await?;
        let LoginName::Any(name) = &self.name else {
            return Ok(by_uid.filter(|user| user.status != DELETED));
        };
        let by_mobile = user::by_mobile(tx, tenant_id, name).await?;
        let by_english_name = user::by_english_name(tx, tenant_id, name, 2).await?;
        Ok(named([by_uid, by_mobile], by_english_name))
    }
}

/// Whom a name means. Text ids and mobiles are kept apart when accounts are made, except for accounts that somebody
/// else vouches for: such a one has no password, and stands in nobody's way.
fn named(by_key: [Option<User>; 2], by_english_name: Vec<User>) -> Option<User> {
    let mut keyed: Vec<User> = by_key
        .into_iter()
        .flatten()
        .filter(|user| user.status != DELETED)
        .collect();
    keyed.sort_by_key(|user| user.password_hash.is_none());
    match keyed.into_iter().next() {
        Some(user) => Some(user),
        None => by_english_name.try_into().ok().map(|[only]: [User; 1]| only),
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

#[cfg(test)]
mod tests {
    use crate::account::{NewAccount, Registration};
    use crate::command::{DeleteUser, ProfileChanges, UpdateProfile};
    use crate::testing::{TestCore, refusal};
    use crate::types::{DEFAULT_TENANT, UserId};
    use crate::{Actor, ErrorKind, Result};

    async fn make(t: &TestCore, uid: &str, english_name: &str, mobile: Option<&str>) -> Result<UserId> {
        let account = NewAccount {
            uid: uid.into(),
            english_name: english_name.into(),
            mobile: mobile.map(str::to_owned),
            password: Some(format!("password of {uid}")),
            ..NewAccount::default()
        };
        t.core.create_user(&Actor::system(DEFAULT_TENANT), account).await
    }

    #[tokio::test]
    async fn people_log_in_by_any_name_that_is_theirs_alone() {
        let t = TestCore::start().await;
        let zs = make(&t, "zs", "ZhangSan", Some("13800138000")).await.unwrap();
        make(&t, "ls", "Alex", None).await.unwrap();
        make(&t, "ww", "ALEX", None).await.unwrap();
        for name in ["zs", "13800138000", "ZhangSan", "zhangsan"] {
            let issued = t.log_in(name, "password of zs").await.unwrap();
            assert_eq!(issued.user.id, zs, "{name}");
        }
        for name in ["alex", "Alex", "", "1380013800"] {
            let refused = t.log_in(name, "password of ls").await;
            assert_eq!(refusal(refused), ErrorKind::UserMissing, "{name}");
        }
        let admin = t.super_admin("root").await;
        t.core.execute(&admin, DeleteUser { user_id: zs }).await.unwrap();
        for name in ["zs", "13800138000", "zhangsan"] {
            let refused = t.log_in(name, "password of zs").await;
            assert_eq!(refusal(refused), ErrorKind::UserMissing, "{name}");
        }
    }

    #[tokio::test]
    async fn nobody_takes_a_name_that_somebody_else_logs_in_with() {
        let t = TestCore::start().await;
        make(&t, "zs", "", Some("13800138000")).await.unwrap();
        let mine = make(&t, "13900139000", "zs", None).await.unwrap();
        // A latin name may be anybody's, so it never stands before a text id or a mobile.
        let issued = t.log_in("zs", "password of zs").await.unwrap();
        assert_ne!(issued.user.id, mine);
        assert_eq!(
            refusal(t.log_in("zs", "password of 13900139000").await),
            ErrorKind::PasswordWrong
        );

        assert_eq!(refusal(make(&t, "13800138000", "", None).await), ErrorKind::Taken);
        assert_eq!(
            refusal(make(&t, "x", "", Some("13900139000")).await),
            ErrorKind::Taken
        );
        let registration = Registration {
            tenant_id: DEFAULT_TENANT,
            uid: "13800138000".into(),
            password: "secret1".into(),
            ..Registration::default()
        };
        assert_eq!(refusal(t.core.register(registration).await), ErrorKind::Taken);
        let zs = Actor {
            user_id: issued.user.id,
            ..t.user("other").await
        };
        let mobile = |mobile: &str| UpdateProfile {
            user_id: zs.user_id,
            changes: ProfileChanges {
                mobile: Some(mobile.into()),
                ..ProfileChanges::default()
            },
        };
        assert_eq!(
            refusal(t.core.execute(&zs, mobile("13900139000")).await),
            ErrorKind::Taken
        );
        t.core.execute(&zs, mobile("13800138000")).await.unwrap();
    }

    #[tokio::test]
    async fn an_account_without_a_password_stands_in_nobodys_way() {
        let t = TestCore::start().await;
        let zs = make(&t, "zs", "", Some("13800138000")).await.unwrap();
        let request = crate::account::TokenRequest {
            dialect: "test",
            profile: "",
        };
        let vouched = t
            .core
            .vouch(DEFAULT_TENANT, "13800138000", request)
            .await
            .unwrap();
        assert_ne!(vouched.user.id, zs);
        assert_eq!(
            t.log_in("13800138000", "password of zs").await.unwrap().user.id,
            zs
        );
    }

    #[tokio::test]
    async fn failures_count_for_the_account_by_whichever_name_it_is_tried() {
        let t = TestCore::start().await;
        make(&t, "zs", "ZhangSan", Some("13800138000")).await.unwrap();
        for name in ["zs", "13800138000", "ZhangSan", "zhangsan", "ZHANGSAN"]
            .iter()
            .cycle()
            .take(10)
        {
            assert_eq!(refusal(t.log_in(name, "wrong").await), ErrorKind::PasswordWrong);
        }
        for name in ["zs", "13800138000", "zhangSAN"] {
            assert_eq!(
                refusal(t.log_in(name, "password of zs").await),
                ErrorKind::Throttled
            );
        }
        assert_eq!(refusal(t.log_in("nobody", "wrong").await), ErrorKind::UserMissing);
        t.clock.advance_seconds(61);
        t.log_in("zs", "password of zs").await.unwrap();
    }

    #[tokio::test]
    async fn who_has_no_other_name_is_named_after_the_mobile() {
        let t = TestCore::start().await;
        let (system, admin) = (Actor::system(DEFAULT_TENANT), t.super_admin("root").await);
        let account = NewAccount {
            mobile: Some("13800138000".into()),
            password: Some("secret1".into()),
            ..NewAccount::default()
        };
        let first = t.core.create_user(&system, account.clone()).await.unwrap();
        assert_eq!(
            t.log_in("13800138000", "secret1").await.unwrap().user.uid,
            "13800138000"
        );
        assert_eq!(
            refusal(t.core.create_user(&system, account.clone()).await),
            ErrorKind::Taken
        );
        t.core
            .execute(&admin, DeleteUser { user_id: first })
            .await
            .unwrap();
        let second = t.core.create_user(&system, account).await.unwrap();
        let issued = t.log_in("13800138000", "secret1").await.unwrap();
        assert_eq!(
            (issued.user.id, issued.user.uid.as_str()),
            (second, "13800138000-2")
        );
        let nameless = t.core.create_user(&system, NewAccount::default()).await;
        assert_eq!(refusal(nameless), ErrorKind::Invalid);
    }
}

//! Making accounts and changing passwords. Hashing happens here, before the transaction; the rules are the commands'.

use std::net::IpAddr;

use crate::account::{Actor, Subject};
use crate::command::{
    ADMIN_UID, Bootstrap, CreateUser, ProfileChanges, RegisterUser, SetPassword, UpdateAccount,
};
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::field;
use crate::query::FindUserByUid;
use crate::types::{AccountRole, AccountStatus, DEFAULT_TENANT, TenantId, UserId};

/// An account that somebody makes for themselves.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// Where it will live.
    pub tenant_id: TenantId,
    /// 3–20 ASCII letters, digits or `_`.
    pub uid: String,
    /// 6–20 characters.
    pub password: String,
    /// At most 50 characters; may be empty.
    pub nickname: String,
    /// A mobile number nobody else in the tenant has.
    pub mobile: Option<String>,
    /// A mail address.
    pub email: Option<String>,
}

/// An account that an administrator or the server makes.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// 1–128 visible characters. Empty: the mobile number, with a number behind it if that name is taken.
    pub uid: String,
    /// 6–128 characters; without one the account cannot log in by password.
    pub password: Option<String>,
    /// At most 50 characters; may be empty.
    pub nickname: String,
    /// At most 50 characters; may be empty.
    pub name: String,
    /// At most 50 characters; may be empty.
    pub english_name: String,
    /// A mobile number nobody else in the tenant has.
    pub mobile: Option<String>,
    /// A mail address.
    pub email: Option<String>,
    /// URL of a picture, or empty.
    pub avatar: String,
    /// What it may do; only the highest rank makes more than users.
    pub role: AccountRole,
}

/// What an administrator changes of an account, all of it or nothing; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountUpdate {
    /// Whose.
    pub user_id: UserId,
    /// What it tells about its person.
    pub profile: ProfileChanges,
    /// What it may do; only the highest rank changes that, and nobody their own.
    pub role: Option<AccountRole>,
    /// Whether it may be used.
    pub status: Option<AccountStatus>,
    /// A new password, 6–128 characters.
    pub password: Option<String>,
}

/// A person's change of their own password.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The password so far.
    pub old: String,
    /// The new one, 6–20 characters.
    pub new: String,
    /// Where the attempt comes from; guesses are counted as those at log-in are.
    pub address: IpAddr,
}

/// What the first start found or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrapped {
    /// The account `admin`.
    pub admin_id: UserId,
    /// Whether it was made just now, with the given password.
    pub created: bool,
}

impl Core {
    /// Whether the caller's account stands at least this high in its tenant. What a command or query does is checked
    /// there again; this is for a dialect whose whole call is for such accounts, before it reads what was sent.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require_rank(&self, actor: &Actor, role: AccountRole) -> Result<()> {
        crate::policy::at_least(actor, role)
    }

    /// Makes an account for somebody who asks for one.
    ///
    /// # Errors
    /// `Invalid`, and `Taken` with `uid` or `mobile` as detail.
    pub async fn register(&self, registration: Registration) -> Result<UserId> {
        field::chosen_uid(&registration.uid)?;
        field::chosen_password(&registration.password)?;
        let system = Actor::system(registration.tenant_id);
        self.refuse_taken(&system, &registration.uid).await?;
        let password_hash = self.passwords().hash(registration.password).await?;
        let command = RegisterUser {
            uid: registration.uid,
            password_hash,
            nickname: registration.nickname,
            mobile: registration.mobile,
            email: registration.email,
        };
        self.execute(&system, command).await
    }

    /// Makes an account for somebody else, in the tenant of the administrator.
    ///
    /// # Errors
    /// `Forbidden`, `Invalid`, and `Taken` with `uid` or `mobile` as detail.
    pub async fn create_user(&self, actor: &Actor, account: NewAccount) -> Result<UserId> {
        crate::policy::administrator(actor)?;
        let password_hash = match account.password {
            Some(password) => {
                field::password(&password)?;
                self.refuse_taken(actor, &account.uid).await?;
                Some(self.passwords().hash(password).await?)
            }
            None => None,
        };
        let command = CreateUser {
            uid: account.uid,
            password_hash,
            nickname: account.nickname,
            name: account.name,
            english_name: account.english_name,
            mobile: account.mobile,
            email: account.email,
            avatar: account.avatar,
            role: account.role,
        };
        self.execute(actor, command).await
    }

    /// Changes an account that the caller manages. Without its right to log in, with another password or a lower rank
    /// its tokens are void and its connections end.
    ///
    /// # Errors
    /// `UserMissing`, `Forbidden`, `Invalid`, and `Taken` with `mobile` as detail.
    pub async fn update_account(&self, actor: &Actor, update: AccountUpdate) -> Result<()> {
        crate::policy::administrator(actor)?;
        let password_hash = match update.password {
            Some(password) => {
                field::password(&password)?;
                Some(self.passwords().hash(password).await?)
            }
            None => None,
        };
        let command = UpdateAccount {
            user_id: update.user_id,
            profile: update.profile,
            role: update.role,
            status: update.status,
            password_hash,
        };
        self.execute(actor, command).await
    }

    /// Changes the caller's own password. All tokens issued before are void, and connections end.
    ///
    /// # Errors
    /// `PasswordWrong`, `Invalid`, `Throttled` with the seconds to wait as detail.
    pub async fn change_password(&self, actor: &Actor, change: PasswordChange) -> Result<()> {
        field::chosen_password(&change.new)?;
        let user = self
            .user_row(actor.user_id)
            .await?
            .ok_or(ErrorKind::UserMissing)?;
        let (now, subject) = (self.now(), Subject::Account(user.id));
        if let Some(seconds) = self.throttle().wait_seconds(change.address, &subject, now) {
            return Err(Error::new(ErrorKind::Throttled, seconds.to_string()));
        }
        let verified = user.password_hash.clone();
        if !self.passwords().verify(change.old, verified.clone()).await? {
            self.throttle().failed(change.address, &subject, now);
            return Err(ErrorKind::PasswordWrong.into());
        }
        self.throttle().succeeded(change.address, &subject);
        let command = SetPassword::Own {
            verified,
            password_hash: self.passwords().hash(change.new).await?,
        };
        self.execute(actor, command).await
    }

    /// Gives somebody a new password. All tokens issued before are void, and connections end.
    ///
    /// # Errors
    /// `UserMissing`, `Forbidden`, `Invalid`.
    pub async fn reset_password(&self, actor: &Actor, user_id: UserId, new: String) -> Result<()> {
        crate::policy::administrator(actor)?;
        field::password(&new)?;
        let password_hash = self.passwords().hash(new).await?;
        let command = SetPassword::Of {
            user_id,
            password_hash,
        };
        self.execute(actor, command).await
    }

    /// Makes sure that the default tenant exists under this key with this secret, and in it the account `admin` of
    /// the highest rank. The password is used only when that account has to be made.
    ///
    /// # Errors
    /// `Invalid` for an empty key, secret or password.
    pub async fn bootstrap(
        &self,
        admin_password: &str,
        app_key: &str,
        app_secret: &str,
    ) -> Result<Bootstrapped> {
        if admin_password.is_empty() || app_key.is_empty() || app_secret.is_empty() {
            return Err(Error::invalid(
                "the first start needs an administrator's password, an app key and its secret",
            ));
        }
        let sealed_secret = self.sealed_for_bootstrap(app_key, app_secret)?;
        let system = Actor::system(DEFAULT_TENANT);
        let found = self
            .query(
                &system,
                FindUserByUid {
                    uid: ADMIN_UID.into(),
                },
            )
            .await;
        let password_hash = match found {
            Ok(_) => None,
            Err(error) if error.kind == ErrorKind::UserMissing => {
                Some(self.passwords().hash(admin_password.to_owned()).await?)
            }
            Err(error) => return Err(error),
        };
        let command = Bootstrap {
            app_key: app_key.to_owned(),
            sealed_secret,
            admin_uid: ADMIN_UID,
            password_hash,
        };
        self.execute(&system, command).await
    }

    /// Says "taken" before a hash is computed for nothing; the command decides for good.
    async fn refuse_taken(&self, actor: &Actor, uid: &str) -> Result<()> {
        match self.query(actor, FindUserByUid { uid: uid.to_owned() }).await {
            Ok(_) => Err(Error::new(ErrorKind::Taken, "uid")),
            Err(error) if error.kind == ErrorKind::UserMissing => Ok(()),
            Err(error) => Err(error),
        }
    }
}

//! Makes an account: on behalf of an administrator, for somebody who asked for one, or at the first start.

use parlance_store::Tx;
use parlance_store::table::{tenant, user};

use crate::account::Bootstrapped;
use crate::command::create_tenant::row as tenant_row;
use crate::command::update_profile::{AVATAR_CHARS_MAX, NAME_CHARS_MAX};
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::types::{AccountRole, AccountStatus, DELETED, User, UserId};
use crate::{field, policy};

/// Accounts that were named after the same mobile number, one after the other.
const NAMESAKES_MAX: i64 = 100;

/// Makes an account in the caller's tenant. Asked for through `Core::create_user`, which hashes the password.
///
/// # Errors
/// `Forbidden`, `Invalid`, and `Taken` with `uid` or `mobile` as detail.
pub(crate) struct CreateUser {
    pub(crate) uid: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) nickname: String,
    pub(crate) name: String,
    pub(crate) english_name: String,
    pub(crate) mobile: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) avatar: String,
    pub(crate) role: AccountRole,
}

impl Command for CreateUser {
    type Reply = UserId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UserId> {
        let rank = policy::rank(cx.tx, cx.actor).await?;
        if self.role > AccountRole::User && rank < AccountRole::SuperAdmin {
            return Err(ErrorKind::Forbidden.into());
        }
        let uid = match &self.mobile {
            Some(mobile) if self.uid.is_empty() => named_after(cx, mobile).await?,
            _ => self.uid.clone(),
        };
        field::uid(&uid)?;
        keyless(cx, &uid).await?;
        add(
            cx,
            User {
                nickname: self.nickname.clone(),
                name: self.name.clone(),
                english_name: self.english_name.clone(),
                mobile: self.mobile.clone(),
                email: self.email.clone(),
                avatar: self.avatar.clone(),
                role: self.role.word().to_owned(),
                ..blank(cx, &uid, self.password_hash.clone())
            },
        )
        .await
    }
}

/// Makes an account for whoever asks, run by the server itself. Asked for through `Core::register`.
///
/// # Errors
/// `Invalid`, and `Taken` with `uid` or `mobile` as detail.
pub(crate) struct RegisterUser {
    pub(crate) uid: String,
    pub(crate) password_hash: String,
    pub(crate) nickname: String,
    pub(crate) mobile: Option<String>,
    pub(crate) email: Option<String>,
}

impl Command for RegisterUser {
    type Reply = UserId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<UserId> {
        field::chosen_uid(&self.uid)?;
        keyless(cx, &self.uid).await?;
        add(
            cx,
            User {
                nickname: self.nickname.clone(),
                mobile: self.mobile.clone(),
                email: self.email.clone(),
                ..blank(cx, &self.uid, Some(self.password_hash.clone()))
            },
        )
        .await
    }
}

/// Makes sure that the caller's tenant exists under this key, and in it an account of the highest rank. Twice is once.
pub(crate) struct Bootstrap {
    pub(crate) app_key: String,
    /// None when key and secret are what they were.
    pub(crate) sealed_secret: Option<Vec<u8>>,
    pub(crate) admin_uid: &'static str,
    /// None when the account was there already.
    pub(crate) password_hash: Option<String>,
}

impl Command for Bootstrap {
    type Reply = Bootstrapped;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Bootstrapped> {
        let tenant_id = cx.actor.tenant_id;
        if let Some(sealed_secret) = &self.sealed_secret {
            let known = tenant::by_id(cx.tx, tenant_id).await?;
            let mut row =
                known.unwrap_or_else(|| tenant_row(tenant_id, &self.app_key, "default".into(), cx.now));
            row.app_key.clone_from(&self.app_key);
            row.secret = Some(sealed_secret.clone());
            tenant::put(cx.tx, &row).await?;
            cx.record(Event::TenantChanged(Box::new(row)));
        }
        if let Some(admin) = user::by_uid(cx.tx, tenant_id, self.admin_uid).await? {
            return Ok(Bootstrapped {
                admin_id: admin.id,
                created: false,
            });
        }
        let account = User {
            role: AccountRole::SuperAdmin.word().to_owned(),
            ..blank(cx, self.admin_uid, self.password_hash.clone())
        };
        Ok(Bootstrapped {
            admin_id: add(cx, account).await?,
            created: true,
        })
    }
}

/// An account with nothing but its text id, and a password if there is one.
pub(super) fn blank<T>(cx: &Context<'_, T>, uid: &str, password_hash: Option<String>) -> User {
    User {
        id: 0,
        tenant_id: cx.actor.tenant_id,
        uid: uid.to_owned(),
        mobile: None,
        email: None,
        name: String::new(),
        english_name: String::new(),
        nickname: String::new(),
        avatar: String::new(),
        gender: 0,
        signature: String::new(),
        department: String::new(),
        position: String::new(),
        role: AccountRole::User.word().to_owned(),
        status: AccountStatus::Active.word().to_owned(),
        password_hash,
        token_epoch: 0,
        last_online_at: None,
        created_at: cx.now,
        updated_at: cx.now,
        extra: None,
    }
}

/// Writes an account whose keys nobody in the tenant has.
pub(super) async fn add<T: Tx>(cx: &mut Context<'_, T>, account: User) -> Result<UserId> {
    field::at_most("a nickname", &account.nickname, NAME_CHARS_MAX)?;
    field::at_most("a name", &account.name, NAME_CHARS_MAX)?;
    field::at_most("a latin name", &account.english_name, NAME_CHARS_MAX)?;
    field::at_most("the address of a picture", &account.avatar, AVATAR_CHARS_MAX)?;
    account.email.as_deref().map_or(Ok(()), field::email)?;
    if user::by_uid(cx.tx, account.tenant_id, &account.uid)
        .await?
        .is_some()
    {
        return Err(Error::new(ErrorKind::Taken, "uid"));
    }
    if let Some(mobile) = &account.mobile {
        free_mobile(cx, mobile, 0).await?;
    }
    let user_id = user::insert(cx.tx, &account).await?;
    cx.record(Event::AccountChanged { user_id });
    Ok(user_id)
}

/// Whether a mobile number is well formed and nobody but `but` has it: neither as mobile nor as the text id that they
/// log in with.
pub(super) async fn free_mobile<T: Tx>(cx: &mut Context<'_, T>, mobile: &str, but: UserId) -> Result<()> {
    field::mobile(mobile)?;
    let tenant_id = cx.actor.tenant_id;
    let by_mobile = user::by_mobile(cx.tx, tenant_id, mobile).await?;
    let by_uid = user::by_uid(cx.tx, tenant_id, mobile).await?;
    let others = [by_mobile, by_uid.filter(|user| user.status != DELETED)];
    if others.into_iter().flatten().any(|other| other.id != but) {
        return Err(Error::new(ErrorKind::Taken, "mobile"));
    }
    Ok(())
}

/// Whether a text id is nobody's mobile: it would log in as that person, or keep that person from it.
async fn keyless<T: Tx>(cx: &mut Context<'_, T>, uid: &str) -> Result<()> {
    let mut taken = user::by_mobile(cx.tx, cx.actor.tenant_id, uid).await?;
    match taken.take() {
        Some(_) => Err(Error::new(ErrorKind::Taken, "uid")),
        None => Ok(()),
    }
}

/// A text id for somebody who is known by a mobile number.
async fn named_after<T: Tx>(cx: &mut Context<'_, T>, mobile: &str) -> Result<String> {
    let numbered = (2..=NAMESAKES_MAX).map(|number| format!("{mobile}-{number}"));
    for uid in std::iter::once(mobile.to_owned()).chain(numbered) {
        if user::by_uid(cx.tx, cx.actor.tenant_id, &uid).await?.is_none() {
            return Ok(uid);
        }
    }
    Err(Error::new(ErrorKind::Taken, "uid"))
}

#[cfg(test)]
mod tests {
    use crate::account::{NewAccount, Registration, TokenRequest};
    use crate::query::{FindUser, FindUserByUid};
    use crate::testing::{TestCore, refusal};
    use crate::types::{AccountRole, DEFAULT_TENANT};
    use crate::{Actor, Error, ErrorKind};

    fn somebody(uid: &str) -> Registration {
        Registration {
            tenant_id: DEFAULT_TENANT,
            uid: uid.into(),
            password: "secret1".into(),
            ..Registration::default()
        }
    }

    #[tokio::test]
    async fn whoever_registers_can_log_in() {
        let t = TestCore::start().await;
        let id = t.core.register(somebody("zhangsan")).await.unwrap();
        let issued = t.log_in("zhangsan", "secret1").await.unwrap();
        assert_eq!((issued.user.id, issued.user.role.as_str()), (id, "USER"));
        assert_eq!(
            refusal(t.log_in("zhangsan", "secret2").await),
            ErrorKind::PasswordWrong
        );
        assert_eq!(
            refusal(t.log_in("nobody", "secret1").await),
            ErrorKind::UserMissing
        );
    }

    #[tokio::test]
    async fn registration_refuses_what_is_odd_or_taken() {
        let t = TestCore::start().await;
        for uid in ["ab", "a b c", "张三李", &"x".repeat(21), "a\0b"] {
            assert_eq!(
                refusal(t.core.register(somebody(uid)).await),
                ErrorKind::Invalid,
                "{uid}"
            );
        }
        for change in [
            |r: &mut Registration| r.password = "12345".into(),
            |r: &mut Registration| r.password = "x".repeat(21),
            |r: &mut Registration| r.nickname = "名".repeat(51),
            |r: &mut Registration| r.email = Some("nowhere".into()),
            |r: &mut Registration| r.mobile = Some("twelve".into()),
        ] {
            let mut registration = somebody("lisi");
            change(&mut registration);
            assert_eq!(refusal(t.core.register(registration).await), ErrorKind::Invalid);
        }
        let first = Registration {
            mobile: Some("13800138000".into()),
            ..somebody("lisi")
        };
        t.core.register(first).await.unwrap();
        let detail = |error: Error| (error.kind, error.detail);
        assert_eq!(
            detail(t.core.register(somebody("lisi")).await.unwrap_err()),
            (ErrorKind::Taken, "uid".into())
        );
        let same_mobile = Registration {
            mobile: Some("13800138000".into()),
            ..somebody("wangwu")
        };
        assert_eq!(
            detail(t.core.register(same_mobile).await.unwrap_err()),
            (ErrorKind::Taken, "mobile".into())
        );
    }

    #[tokio::test]
    async fn the_same_name_in_two_tenants_is_two_people() {
        let t = TestCore::start().await;
        let here = t.core.register(somebody("lisi")).await.unwrap();
        let elsewhere = Registration {
            tenant_id: 2,
            ..somebody("lisi")
        };
        let there = t.core.register(elsewhere).await.unwrap();
        assert_ne!(here, there);
        let found = t
            .core
            .query(&Actor::system(2), FindUserByUid { uid: "lisi".into() })
            .await;
        assert_eq!(found.unwrap().id, there);
    }

    #[tokio::test]
    async fn administrators_make_users_and_only_the_highest_makes_administrators() {
        let t = TestCore::start().await;
        let system = Actor::system(DEFAULT_TENANT);
        let account = |uid: &str, role| NewAccount {
            uid: uid.into(),
            password: Some("a long enough password".into()),
            role,
            ..NewAccount::default()
        };
        let admin_id = t
            .core
            .create_user(&system, account("boss", AccountRole::Admin))
            .await
            .unwrap();
        let boss = Actor {
            user_id: admin_id,
            ..t.user("x").await
        };
        let boss = Actor {
            role: AccountRole::Admin,
            ..boss
        };
        let made = t
            .core
            .create_user(&boss, account("员工", AccountRole::User))
            .await;
        let shown = t.core.query(&boss, FindUser { id: made.unwrap() }).await.unwrap();
        assert_eq!((shown.uid.as_str(), shown.password_hash), ("员工", None));
        for role in [AccountRole::Admin, AccountRole::SuperAdmin] {
            let refused = t.core.create_user(&boss, account("other", role)).await;
            assert_eq!(refusal(refused), ErrorKind::Forbidden);
        }
        let plain = t.user("plain").await;
        let refused = t
            .core
            .create_user(&plain, account("other", AccountRole::User))
            .await;
        assert_eq!(refusal(refused), ErrorKind::Forbidden);
        let odd = t.core.create_user(&boss, account("a b", AccountRole::User)).await;
        assert_eq!(refusal(odd), ErrorKind::Invalid);
        let taken = t
            .core
            .create_user(&boss, account("boss", AccountRole::User))
            .await;
        assert_eq!(refusal(taken), ErrorKind::Taken);
    }

    #[tokio::test]
    async fn the_first_start_makes_the_administrator_once() {
        let t = TestCore::start().await;
        let first = t
            .core
            .bootstrap("first password", "key", "secret of key")
            .await
            .unwrap();
        assert!(first.created);
        let again = t
            .core
            .bootstrap("another password", "key2", "secret of key")
            .await
            .unwrap();
        assert_eq!((again.created, again.admin_id), (false, first.admin_id));
        let t = t.restart().await;
        let issued = t.log_in("admin", "first password").await.unwrap();
        assert_eq!(issued.user.role, "SUPER_ADMIN");
        let request = TokenRequest {
            dialect: "test",
            profile: "",
        };
        assert!(
            t.core
                .renew(&t.authenticated(&issued).await, request)
                .await
                .is_ok()
        );
        assert_eq!(
            refusal(t.core.bootstrap("", "key", "secret").await),
            ErrorKind::Invalid
        );
    }
}

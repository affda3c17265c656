//! Brings accounts in from elsewhere: whoever is not there is made, whoever is there is changed.

use parlance_store::Tx;
use parlance_store::table::user;

use crate::command::add_contacts::{is_refusal, several};
use crate::command::create_user::free_mobile;
use crate::command::update_account::set_role;
use crate::command::{Command, Context, CreateUser, ProfileChanges, UpdateProfile};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::{AccountRole, DELETED, User, UserId};

/// An account to bring in.
#[derive(Clone, Debug, Default)]
pub struct AccountImport {
    /// Text id: 1 to 128 visible characters.
    pub uid: String,
    /// What it tells about its person; what is `None` stays, or is empty in a new account.
    pub profile: ProfileChanges,
    /// Whether it manages others. None leaves it as it is; a new account does not.
    pub admin: Option<bool>,
}

/// Makes accounts without a password, or changes those that are there. Twice is once.
///
/// Each account has an outcome: its number, or why nothing became of it, in which case nothing of it was changed. The
/// refusals are `Invalid`, `Taken` for the name of an account that was deleted and for somebody's mobile number,
/// `Forbidden` for an account that the caller does not manage and for ranks that the caller does not give.
///
/// # Errors
/// `Forbidden` for who manages nobody, `Invalid` for nobody and for more than 100 accounts.
#[derive(Clone, Debug)]
pub struct ImportAccounts {
    /// Which.
    pub accounts: Vec<AccountImport>,
}

impl Command for ImportAccounts {
    type Reply = Vec<Result<UserId>>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Self::Reply> {
        policy::administrator(cx.actor)?;
        several(self.accounts.len())?;
        let mut outcomes = Vec::with_capacity(self.accounts.len());
        for account in &self.accounts {
            let outcome = import(cx, account).await;
            if let Err(error) = &outcome
                && !is_refusal(error)
            {
                return Err(error.clone());
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
}

async fn import<T: Tx>(cx: &mut Context<'_, T>, account: &AccountImport) -> Result<UserId> {
    account.profile.check()?;
    let known = user::by_uid(cx.tx, cx.actor.tenant_id, &account.uid).await?;
    if let Some(mobile) = account
        .profile
        .mobile
        .as_ref()
        .filter(|mobile| !mobile.is_empty())
    {
        free_mobile(cx, mobile, known.as_ref().map_or(0, |known| known.id)).await?;
    }
    match known {
        Some(known) if known.status == DELETED => Err(Error::new(
            ErrorKind::Taken,
            "the account was deleted, and its name stays taken",
        )),
        Some(known) => change(cx, account, known).await,
        None => make(cx, account).await,
    }
}

async fn make<T: Tx>(cx: &mut Context<'_, T>, account: &AccountImport) -> Result<UserId> {
    let role = match account.admin {
        Some(true) => AccountRole::Admin,
        _ => AccountRole::User,
    };
    let blank = CreateUser {
        uid: account.uid.clone(),
        password_hash: None,
        nickname: String::new(),
        name: String::new(),
        english_name: String::new(),
        mobile: None,
        email: None,
        avatar: String::new(),
        role,
    };
    let user_id = blank.apply(cx).await?;
    update(cx, account, user_id).await?;
    Ok(user_id)
}

async fn change<T: Tx>(cx: &mut Context<'_, T>, account: &AccountImport, known: User) -> Result<UserId> {
    if known.id != cx.actor.user_id {
        policy::manages(cx.tx, cx.actor, &known).await?;
    }
    let is_admin = AccountRole::of(&known.role) >= AccountRole::Admin;
    match account.admin {
        Some(true) if !is_admin => set_role(cx, known.id, AccountRole::Admin).await?,
        Some(false) if is_admin => set_role(cx, known.id, AccountRole::User).await?,
        _ => {}
    }
    update(cx, account, known.id).await?;
    Ok(known.id)
}

async fn update<T: Tx>(cx: &mut Context<'_, T>, account: &AccountImport, user_id: UserId) -> Result<()> {
    if account.profile.is_empty() {
        return Ok(());
    }
    let profile = UpdateProfile {
        user_id,
        changes: account.profile.clone(),
    };
    profile.apply(cx).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::command::DeleteUser;
    use crate::query::{FindUserByUid, PeoplePage};
    use crate::testing::{TestCore, refusal};
    use crate::types::DEFAULT_TENANT;

    fn named(uid: &str) -> AccountImport {
        AccountImport {
            uid: uid.into(),
            ..AccountImport::default()
        }
    }

    fn nicknamed(uid: &str, nickname: &str) -> AccountImport {
        AccountImport {
            profile: ProfileChanges {
                nickname: Some(nickname.into()),
                ..ProfileChanges::default()
            },
            ..named(uid)
        }
    }

    fn ranked(uid: &str, admin: bool) -> AccountImport {
        AccountImport {
            admin: Some(admin),
            ..named(uid)
        }
    }

    async fn import(t: &TestCore, who: &Actor, accounts: Vec<AccountImport>) -> Vec<Option<ErrorKind>> {
        let outcomes = t.core.execute(who, ImportAccounts { accounts }).await.unwrap();
        let kind = |outcome: Result<UserId>| outcome.err().map(|error| error.kind);
        outcomes.into_iter().map(kind).collect()
    }

    async fn find(t: &TestCore, uid: &str) -> User {
        let system = Actor::system(DEFAULT_TENANT);
        t.core
            .query(&system, FindUserByUid { uid: uid.into() })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn twice_is_once_and_what_is_not_said_stays() {
        let t = TestCore::start().await;
        let boss = t.admin("boss").await;
        let mut first = nicknamed("u1", "One");
        first.profile.extra = Some("{\"vip\":1}".into());
        assert_eq!(import(&t, &boss, vec![first]).await, [None]);
        assert_eq!(
            import(&t, &boss, vec![named("u1"), nicknamed("u1", "Eins")]).await,
            [None, None]
        );
        let one = find(&t, "u1").await;
        assert_eq!(
            (
                one.nickname.as_str(),
                one.extra.as_deref(),
                one.role.as_str(),
                one.status.as_str()
            ),
            ("Eins", Some("{\"vip\":1}"), "USER", "ACTIVE")
        );
        let page = PeoplePage {
            keyword: "u1".into(),
            skip: 0,
            limit: 10,
        };
        assert_eq!(t.core.query(&boss, page).await.unwrap().total, 1);
    }

    #[tokio::test]
    async fn each_account_has_an_outcome_of_its_own() {
        let t = TestCore::start().await;
        let (boss, gone) = (t.admin("boss").await, t.user("gone").await);
        t.super_admin("root").await;
        let delete = DeleteUser {
            user_id: gone.user_id,
        };
        t.core.execute(&boss, delete).await.unwrap();
        let long = nicknamed("long", &"x".repeat(51));
        let mut large = named("large");
        large.profile.extra = Some("x".repeat(4_097));
        let accounts = vec![
            named("good"),
            named(""),
            named("a b"),
            long,
            large,
            named("gone"),
            nicknamed("root", "x"),
        ];
        let invalid = Some(ErrorKind::Invalid);
        let expected = [
            None,
            invalid,
            invalid,
            invalid,
            invalid,
            Some(ErrorKind::Taken),
            Some(ErrorKind::Forbidden),
        ];
        assert_eq!(import(&t, &boss, accounts).await, expected);
        let page = PeoplePage {
            keyword: "l".into(),
            skip: 0,
            limit: 10,
        };
        assert_eq!(
            t.core.query(&boss, page).await.unwrap().total,
            0,
            "nothing of what was refused is there"
        );
    }

    #[tokio::test]
    async fn only_the_highest_rank_makes_administrators_and_only_administrators_import() {
        let t = TestCore::start().await;
        let (boss, root, plain) = (
            t.admin("boss").await,
            t.super_admin("root").await,
            t.user("plain").await,
        );
        let forbidden = Some(ErrorKind::Forbidden);
        assert_eq!(
            import(&t, &boss, vec![ranked("x", true), ranked("plain", true)]).await,
            [forbidden, forbidden]
        );
        assert_eq!(
            import(&t, &root, vec![ranked("x", true), ranked("root", true)]).await,
            [None, None]
        );
        assert_eq!(
            (find(&t, "x").await.role, find(&t, "root").await.role),
            ("ADMIN".into(), "SUPER_ADMIN".into())
        );
        assert_eq!(
            import(&t, &root, vec![ranked("x", false), ranked("root", false)]).await,
            [None, forbidden]
        );
        assert_eq!(find(&t, "x").await.role, "USER");
        let accounts = vec![named("y")];
        assert_eq!(
            refusal(t.core.execute(&plain, ImportAccounts { accounts }).await),
            ErrorKind::Forbidden
        );
        for accounts in [vec![], vec![named("y"); 101]] {
            assert_eq!(
                refusal(t.core.execute(&root, ImportAccounts { accounts }).await),
                ErrorKind::Invalid
            );
        }
    }
}

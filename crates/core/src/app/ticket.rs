//! Sending people into apps: a one-time ticket, the address that carries it, and the app's question whose it is.

use crate::account::Actor;
use crate::app::jump::{web_address, with_ticket};
use crate::app::{AppActor, kept_hash, random_text};
use crate::command::{IssueTicket, RedeemTicket, Traveller};
use crate::core::Core;
use crate::error::Result;
use crate::types::{AppMapping, User};

/// A way into an app.
#[derive(Clone, Debug)]
pub struct Jump {
    /// What the app calls itself.
    pub code: String,
    /// The page to land on behind the app's callback address.
    pub landing: Option<String>,
}

/// A ticket and the address that carries it. Whoever has one of them is taken for the person, once.
#[derive(Clone)]
pub struct JumpAddress {
    /// The ticket itself.
    pub ticket: String,
    /// The app's callback address with the ticket, and the page to land on.
    pub url: String,
}

/// Whom a ticket has brought.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The person.
    pub user: User,
    /// The person's account in the app.
    pub mapping: AppMapping,
}

impl Core {
    /// Issues a ticket for the caller and says where to go with it. Every call gives another one; each is good for
    /// `ticket_ttl_seconds`.
    ///
    /// # Errors
    /// `ItemMissing` for an app that is not there; `Forbidden` without an active account in it, and when the app is
    /// not active; `Invalid` for a page that it does not let jumps land on.
    pub async fn jump(&self, actor: &Actor, jump: Jump) -> Result<JumpAddress> {
        self.issue_ticket(actor, jump, Traveller::Caller).await
    }

    /// Issues a ticket for somebody whom one app sends to another.
    ///
    /// # Errors
    /// As [`Core::jump`]; `UserMissing` for a mobile number of nobody who has an active account in the sending app.
    pub async fn jump_for(&self, from: &AppActor, mobile: &str, jump: Jump) -> Result<JumpAddress> {
        let traveller = Traveller::SentBy {
            app: from.clone(),
            mobile: mobile.to_owned(),
        };
        self.issue_ticket(&Actor::system(from.tenant_id), jump, traveller)
            .await
    }

    async fn issue_ticket(&self, actor: &Actor, jump: Jump, traveller: Traveller) -> Result<JumpAddress> {
        if let Some(landing) = &jump.landing {
            web_address(landing)?;
        }
        let ticket = random_text();
        let command = IssueTicket {
            code: jump.code,
            landing: jump.landing.clone(),
            traveller,
            hash: kept_hash(&ticket),
        };
        let callback_url = self.execute(actor, command).await?;
        let url = with_ticket(&callback_url, &ticket, jump.landing.as_deref());
        Ok(JumpAddress { ticket, url })
    }

    /// Whom a ticket has brought to an app; none for one that was never issued to that app, has expired or was used,
    /// and for a person who may not enter any more. It is used up by this.
    ///
    /// # Errors
    /// `Unauthenticated` when the app has been deleted or switched off since it proved itself.
    pub async fn redeem_ticket(&self, app: &AppActor, ticket: &str) -> Result<Option<Visitor>> {
        let command = RedeemTicket {
            app: app.clone(),
            hash: kept_hash(ticket),
        };
        self.execute(&Actor::system(app.tenant_id), command).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::account::Registration;
    use crate::app::NewApp;
    use crate::command::{AppChanges, DeleteApp, MappingChanges, SetUserStatus, UpdateApp, UpdateMapping};
    use crate::testing::{TestCore, new_app, refusal};
    use crate::types::{AccountStatus, AppId, DEFAULT_TENANT};

    /// An app with ann in it, and a second app without her.
    struct Scene {
        t: TestCore,
        boss: Actor,
        ann: Actor,
        mapping_id: i64,
        oa: AppActor,
        crm: AppActor,
    }

    async fn app(t: &TestCore, code: &str) -> AppActor {
        let made = t.app(code).await;
        let token = made.keys.access_token;
        t.core.authenticate_app_token(&token).await.unwrap()
    }

    async fn scene() -> Scene {
        let t = TestCore::start().await;
        let boss = t.super_admin("boss").await;
        let ann = Registration {
            tenant_id: DEFAULT_TENANT,
            uid: "ann".into(),
            password: "secret1".into(),
            mobile: Some("13800138000".into()),
            ..Registration::default()
        };
        t.core.register(ann).await.unwrap();
        let ann = t.authenticated(&t.log_in("ann", "secret1").await.unwrap()).await;
        let (oa, crm) = (app(&t, "oa").await, app(&t, "crm").await);
        let mapping_id = t.map(oa.app_id, &ann, "ann_oa").await;
        Scene {
            t,
            boss,
            ann,
            mapping_id,
            oa,
            crm,
        }
    }

    fn into(code: &str) -> Jump {
        Jump {
            code: code.into(),
            landing: None,
        }
    }

    fn landing(code: &str, landing: &str) -> Jump {
        Jump {
            landing: Some(landing.into()),
            ..into(code)
        }
    }

    impl Scene {
        async fn ticket(&self) -> String {
            self.t.core.jump(&self.ann, into("oa")).await.unwrap().ticket
        }

        async fn redeem(&self, app: &AppActor, ticket: &str) -> Option<Visitor> {
            self.t.core.redeem_ticket(app, ticket).await.unwrap()
        }

        async fn jump_refused(&self, actor: &Actor, jump: Jump) -> ErrorKind {
            refusal(self.t.core.jump(actor, jump).await.map(|address| address.url))
        }

        async fn open_to(&self, origins: &[&str]) {
            let changes = AppChanges {
                redirect_origins: Some(origins.iter().map(|&origin| origin.to_owned()).collect()),
                ..AppChanges::default()
            };
            let app_id = self.oa.app_id;
            let update = UpdateApp { app_id, changes };
            self.t.core.execute(&self.boss, update).await.unwrap();
        }

        async fn set_app(&self, app_id: AppId, active: bool) {
            let changes = AppChanges {
                active: Some(active),
                ..AppChanges::default()
            };
            let update = UpdateApp { app_id, changes };
            self.t.core.execute(&self.boss, update).await.unwrap();
        }

        async fn set_mapping(&self, active: bool) {
            let update = UpdateMapping {
                app_id: self.oa.app_id,
                mapping_id: self.mapping_id,
                changes: MappingChanges {
                    active: Some(active),
                    ..MappingChanges::default()
                },
            };
            self.t.core.execute(&self.boss, update).await.unwrap();
        }

        async fn set_ann(&self, status: AccountStatus) {
            let user_id = self.ann.user_id;
            let set = SetUserStatus { user_id, status };
            self.t.core.execute(&self.boss, set).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_ticket_brings_its_person_to_its_app_once() {
        let s = scene().await;
        let address = s.t.core.jump(&s.ann, into("oa")).await.unwrap();
        assert_eq!(
            address.url,
            format!("https://oa.example.com/callback?ticket={}", address.ticket)
        );
        assert_eq!(address.ticket.len(), 64);
        let visitor = s.redeem(&s.oa, &address.ticket).await.unwrap();
        assert_eq!(
            (visitor.user.id, visitor.mapping.mapped_key.as_str()),
            (s.ann.user_id, "ann_oa")
        );
        assert_eq!(visitor.user.password_hash, None);
        assert!(s.redeem(&s.oa, &address.ticket).await.is_none(), "used");
        let second = s.ticket().await;
        assert_ne!(second, address.ticket);
        assert!(s.redeem(&s.oa, &second).await.is_some());
        for never_issued in ["", "abc123", &"0".repeat(64), "a\0"] {
            assert!(s.redeem(&s.oa, never_issued).await.is_none());
        }
    }

    #[tokio::test]
    async fn of_many_who_redeem_a_ticket_at_once_one_wins() {
        let s = scene().await;
        let ticket = s.ticket().await;
        let all: Vec<_> = (0..20).map(|_| s.redeem(&s.oa, &ticket)).collect();
        let all = futures_util::future::join_all(all).await;
        assert_eq!(all.iter().filter(|one| one.is_some()).count(), 1);
    }

    #[tokio::test]
    async fn a_ticket_is_worth_nothing_to_another_app_and_keeps_its_worth() {
        let s = scene().await;
        let ticket = s.ticket().await;
        assert!(s.redeem(&s.crm, &ticket).await.is_none());
        s.t.map(s.crm.app_id, &s.ann, "ann_crm").await;
        assert!(
            s.redeem(&s.crm, &ticket).await.is_none(),
            "also of the same person"
        );
        assert!(s.redeem(&s.oa, &ticket).await.is_some());
    }

    #[tokio::test]
    async fn a_ticket_lives_for_a_minute() {
        let s = scene().await;
        let (early, late) = (s.ticket().await, s.ticket().await);
        s.t.clock.advance_seconds(59);
        assert!(s.redeem(&s.oa, &early).await.is_some());
        s.t.clock.advance_seconds(1);
        assert!(s.redeem(&s.oa, &late).await.is_none());
    }

    #[tokio::test]
    async fn a_ticket_outlives_a_restart_but_not_its_person_or_app() {
        let s = scene().await;
        let tickets = [
            s.ticket().await,
            s.ticket().await,
            s.ticket().await,
            s.ticket().await,
            s.ticket().await,
        ];
        let s = Scene {
            t: s.t.restart().await,
            ..s
        };
        assert!(s.redeem(&s.oa, &tickets[0]).await.is_some());
        s.set_mapping(false).await;
        assert!(s.redeem(&s.oa, &tickets[1]).await.is_none());
        s.set_mapping(true).await;
        assert!(
            s.redeem(&s.oa, &tickets[1]).await.is_none(),
            "used up all the same"
        );
        s.set_ann(AccountStatus::Disabled).await;
        assert!(s.redeem(&s.oa, &tickets[2]).await.is_none());
        s.set_ann(AccountStatus::Active).await;
        s.set_app(s.oa.app_id, false).await;
        let stopped = s.t.core.redeem_ticket(&s.oa, &tickets[3]).await;
        assert_eq!(refusal(stopped), ErrorKind::Unauthenticated);
        s.set_app(s.oa.app_id, true).await;
        assert!(s.redeem(&s.oa, &tickets[3]).await.is_some());
        let delete = DeleteApp { app_id: s.oa.app_id };
        s.t.core.execute(&s.boss, delete).await.unwrap();
        let gone = s.t.core.redeem_ticket(&s.oa, &tickets[4]).await;
        assert_eq!(refusal(gone), ErrorKind::Unauthenticated);
    }

    #[tokio::test]
    async fn only_who_may_enter_an_app_gets_a_ticket() {
        let s = scene().await;
        assert_eq!(
            s.jump_refused(&s.ann, into("nothing")).await,
            ErrorKind::ItemMissing
        );
        assert_eq!(s.jump_refused(&s.ann, into("crm")).await, ErrorKind::Forbidden);
        assert_eq!(s.jump_refused(&s.boss, into("oa")).await, ErrorKind::Forbidden);
        let elsewhere = s.t.user_of(2, "f").await;
        assert_eq!(
            s.jump_refused(&elsewhere, into("oa")).await,
            ErrorKind::ItemMissing
        );
        let system = Actor::system(DEFAULT_TENANT);
        assert_eq!(s.jump_refused(&system, into("oa")).await, ErrorKind::Forbidden);
        s.set_mapping(false).await;
        assert_eq!(s.jump_refused(&s.ann, into("oa")).await, ErrorKind::Forbidden);
        s.set_mapping(true).await;
        s.set_app(s.oa.app_id, false).await;
        assert_eq!(s.jump_refused(&s.ann, into("oa")).await, ErrorKind::Forbidden);
        s.set_app(s.oa.app_id, true).await;
        s.set_ann(AccountStatus::Disabled).await;
        assert_eq!(s.jump_refused(&s.ann, into("oa")).await, ErrorKind::Forbidden);
    }

    #[tokio::test]
    async fn a_jump_lands_where_the_app_lets_it() {
        let s = scene().await;
        let anywhere = landing("oa", "https://biz.example.com/todo/123");
        let address = s.t.core.jump(&s.ann, anywhere.clone()).await.unwrap();
        assert_eq!(
            address.url,
            format!(
                "https://oa.example.com/callback?ticket={}&next=https://biz.example.com/todo/123",
                address.ticket
            )
        );
        for odd in ["javascript:alert(1)", "//evil.example", "/\\evil.example", ""] {
            assert_eq!(
                s.jump_refused(&s.ann, landing("oa", odd)).await,
                ErrorKind::Invalid
            );
        }
        s.open_to(&["https://other.example"]).await;
        assert_eq!(s.jump_refused(&s.ann, anywhere.clone()).await, ErrorKind::Invalid);
        s.open_to(&["https://other.example", "https://biz.example.com"])
            .await;
        assert!(s.t.core.jump(&s.ann, anywhere).await.is_ok());
    }

    #[tokio::test]
    async fn an_app_sends_on_whom_it_knows() {
        let s = scene().await;
        let (core, mobile) = (&s.t.core, "13800138000");
        let url = |result: Result<JumpAddress>| result.map(|address| address.url);
        let refused = core.jump_for(&s.oa, mobile, into("crm")).await;
        assert_eq!(refusal(url(refused)), ErrorKind::Forbidden, "no account there");
        s.t.map(s.crm.app_id, &s.ann, "ann_crm").await;
        let page = landing("crm", "https://biz.example.com/");
        let address = core.jump_for(&s.oa, mobile, page).await.unwrap();
        assert!(
            address
                .url
                .starts_with("https://crm.example.com/callback?ticket=")
        );
        assert!(s.redeem(&s.oa, &address.ticket).await.is_none());
        let visitor = s.redeem(&s.crm, &address.ticket).await.unwrap();
        assert_eq!(visitor.mapping.mapped_key, "ann_crm");

        let refused = core.jump_for(&s.oa, "13900139000", into("crm")).await;
        assert_eq!(refusal(url(refused)), ErrorKind::UserMissing);
        let refused = core.jump_for(&s.oa, mobile, into("nothing")).await;
        assert_eq!(refusal(url(refused)), ErrorKind::ItemMissing);
        let refused = core
            .jump_for(&s.oa, mobile, landing("crm", "//evil.example"))
            .await;
        assert_eq!(refusal(url(refused)), ErrorKind::Invalid);
        s.set_mapping(false).await;
        let refused = core.jump_for(&s.oa, mobile, into("crm")).await;
        assert_eq!(
            refusal(url(refused)),
            ErrorKind::UserMissing,
            "unknown to the sender"
        );
        s.set_app(s.oa.app_id, false).await;
        let refused = core.jump_for(&s.oa, mobile, into("crm")).await;
        assert_eq!(refusal(url(refused)), ErrorKind::Unauthenticated);
    }

    #[tokio::test]
    async fn apps_of_another_tenant_are_out_of_reach() {
        let s = scene().await;
        let there = Actor::system(2);
        let made =
            s.t.core
                .create_app(&there, NewApp { ..new_app("oa") })
                .await
                .unwrap();
        let token = made.keys.access_token;
        let foreign = s.t.core.authenticate_app_token(&token).await.unwrap();
        let ticket = s.ticket().await;
        assert!(s.redeem(&foreign, &ticket).await.is_none());
        let sent = s.t.core.jump_for(&foreign, "13800138000", into("oa")).await;
        assert_eq!(refusal(sent.map(|address| address.url)), ErrorKind::UserMissing);
    }

    #[tokio::test]
    async fn expired_tickets_do_not_pile_up() {
        let s = scene().await;
        for _ in 0..40 {
            s.ticket().await;
        }
        assert_eq!(left(&s.t).await, 40);
        s.t.clock.advance_seconds(60);
        s.ticket().await;
        assert_eq!(left(&s.t).await, 40 - 16 + 1);
        s.ticket().await;
        s.ticket().await;
        assert_eq!(left(&s.t).await, 3);
    }

    /// Tickets in the table.
    async fn left(t: &TestCore) -> i64 {
        struct Count;
        impl crate::Query for Count {
            type Answer = i64;
            async fn run<T: crate::Tx>(&self, cx: &mut crate::core::ReadContext<'_, T>) -> Result<i64> {
                Ok(parlance_store::table::ticket::count(cx.tx).await?)
            }
        }
        t.core.query(&Actor::system(DEFAULT_TENANT), Count).await.unwrap()
    }
}

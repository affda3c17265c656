//! Asks somebody to become a contact, and answers such a request.

use parlance_store::Tx;
use parlance_store::table::{block, contact, contact_request, message};

use crate::command::notify::{Notice, notify};
use crate::command::update_contact::GROUP_NAME_CHARS_MAX;
use crate::command::{Command, Context, open_direct};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::types::{ContactRequest, NotificationKind, UserCard, UserId};
use crate::{field, policy};

/// Characters of the words that go with a request.
const MESSAGE_CHARS_MAX: usize = 200;
/// Requests of one person that wait for an answer.
const PENDING_MAX: i64 = 1_000;
/// People in one contact list.
pub(crate) const CONTACTS_MAX: i64 = 5_000;

/// Asks somebody to become a contact. If that person has asked already, the two are contacts at once. Somebody who
/// has blocked the caller is not told and does not see the request; the caller cannot tell the difference.
///
/// # Errors
/// `UserMissing`, `ContactExists`, `RequestExists`, `Invalid`; `Blocked` while the caller blocks that person.
#[derive(Clone, Debug)]
pub struct SendContactRequest {
    /// Whom.
    pub user_id: UserId,
    /// A few words, at most 200 characters.
    pub message: String,
    /// The group of the caller's list that the other one goes to, at most 20 characters; empty for the default one.
    pub group_name: String,
}

impl Command for SendContactRequest {
    type Reply = i64;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<i64> {
        let (me, other) = (cx.actor.user_id, self.user_id);
        field::at_most("the message of a request", &self.message, MESSAGE_CHARS_MAX)?;
        field::at_most(
            "the name of a contact group",
            &self.group_name,
            GROUP_NAME_CHARS_MAX,
        )?;
        if other == me {
            return Err(Error::invalid("nobody is their own contact"));
        }
        policy::peer(cx.tx, cx.actor, other, ErrorKind::UserMissing).await?;
        if block::exists(cx.tx, me, other).await? {
            return Err(ErrorKind::Blocked.into());
        }
        if contact::pair(cx.tx, me, other).await?.is_some() {
            return Err(ErrorKind::ContactExists.into());
        }
        if contact_request::pending(cx.tx, me, other).await?.is_some() {
            return Err(ErrorKind::RequestExists.into());
        }
        let unwanted = block::exists(cx.tx, other, me).await?;
        match contact_request::pending(cx.tx, other, me).await? {
            Some(theirs) if !unwanted => self.agree_at_once(cx, theirs).await,
            _ => self.ask(cx, unwanted).await,
        }
    }
}

impl SendContactRequest {
    fn row<T>(&self, cx: &Context<'_, T>, status: i64) -> ContactRequest {
        ContactRequest {
            id: 0,
            from_user_id: cx.actor.user_id,
            to_user_id: self.user_id,
            message: self.message.clone(),
            group_name: self.group_name.clone(),
            status,
            created_at: cx.now,
            handled_at: (status != contact_request::PENDING).then_some(cx.now),
        }
    }

    async fn agree_at_once<T: Tx>(&self, cx: &mut Context<'_, T>, theirs: ContactRequest) -> Result<i64> {
        let mine = self.row(cx, contact_request::APPROVED);
        let id = contact_request::insert(cx.tx, &mine).await?;
        agree(cx, &theirs, &self.group_name).await?;
        Ok(id)
    }

    async fn ask<T: Tx>(&self, cx: &mut Context<'_, T>, unwanted: bool) -> Result<i64> {
        let me = cx.actor.user_id;
        if contact_request::count_pending(cx.tx, me).await? >= PENDING_MAX {
            return Err(Error::invalid(format!(
                "{PENDING_MAX} requests wait for an answer: wait for some of them first"
            )));
        }
        let row = self.row(cx, contact_request::PENDING);
        let id = contact_request::insert(cx.tx, &row).await?;
        let mut told = vec![me];
        if !unwanted {
            told.push(self.user_id);
            let notice = Notice {
                user_id: self.user_id,
                kind: NotificationKind::ContactRequested,
                title: &name_of(cx, me).await?,
                content: &self.message,
                subject_id: id,
            };
            notify(cx, notice).await?;
        }
        cx.record(Event::ContactsChanged {
            by: me,
            user_ids: told,
        });
        Ok(id)
    }
}

/// What somebody says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactAnswer {
    /// Yes: the two are in each other's lists, and have a direct conversation.
    Approve,
    /// No: the asker may ask again.
    Reject,
}

/// Answers a request to the caller. The same answer again changes nothing.
///
/// # Errors
/// `RequestMissing`, also for one that was answered otherwise; `UserMissing` when the asker is gone.
#[derive(Clone, Copy, Debug)]
pub struct HandleContactRequest {
    /// Which.
    pub request_id: i64,
    /// The answer.
    pub answer: ContactAnswer,
}

impl Command for HandleContactRequest {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let request = policy::request_to_me(cx.tx, cx.actor, self.request_id).await?;
        let wanted = match self.answer {
            ContactAnswer::Approve => contact_request::APPROVED,
            ContactAnswer::Reject => contact_request::REJECTED,
        };
        if request.status == wanted {
            return Ok(());
        }
        if request.status != contact_request::PENDING {
            return Err(ErrorKind::RequestMissing.into());
        }
        match self.answer {
            ContactAnswer::Approve => agree(cx, &request, "").await,
            ContactAnswer::Reject => {
                contact_request::settle(cx.tx, request.id, wanted, cx.now).await?;
                cx.record(Event::ContactsChanged {
                    by: cx.actor.user_id,
                    user_ids: vec![request.from_user_id, cx.actor.user_id],
                });
                Ok(())
            }
        }
    }
}

/// Makes the caller and who asked contacts of each other; `group_name` is where the asker goes in the caller's list.
async fn agree<T: Tx>(cx: &mut Context<'_, T>, request: &ContactRequest, group_name: &str) -> Result<()> {
    let (me, asker) = (cx.actor.user_id, request.from_user_id);
    policy::peer(cx.tx, cx.actor, asker, ErrorKind::UserMissing).await?;
    for owner in [me, asker] {
        if contact::count(cx.tx, owner).await? >= CONTACTS_MAX {
            return Err(Error::invalid(format!(
                "a contact list holds at most {CONTACTS_MAX} people: remove some first"
            )));
        }
    }
    contact::insert(cx.tx, asker, me, &request.group_name, cx.now).await?;
    contact::insert(cx.tx, me, asker, group_name, cx.now).await?;
    contact_request::settle(cx.tx, request.id, contact_request::APPROVED, cx.now).await?;
    open_direct::open(cx, asker).await?;
    let notice = Notice {
        user_id: asker,
        kind: NotificationKind::ContactApproved,
        title: &name_of(cx, me).await?,
        content: "",
        subject_id: me,
    };
    notify(cx, notice).await?;
    cx.record(Event::ContactsChanged {
        by: me,
        user_ids: vec![asker, me],
    });
    Ok(())
}

async fn name_of<T: Tx>(cx: &mut Context<'_, T>, user_id: UserId) -> Result<String> {
    let card = message::card(cx.tx, user_id).await?;
    Ok(card.map(UserCard::from).unwrap_or_default().name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::command::{BlockUser, UnblockUser};
    use crate::query::{ContactRequests, Contacts, Notifications, RequestDirection};
    use crate::testing::{TestCore, refusal};

    fn ask(other: &Actor) -> SendContactRequest {
        SendContactRequest {
            user_id: other.user_id,
            message: "我是张三".into(),
            group_name: "同事".into(),
        }
    }

    fn answer(request_id: i64, answer: ContactAnswer) -> HandleContactRequest {
        HandleContactRequest { request_id, answer }
    }

    async fn contact_ids(t: &TestCore, actor: &Actor) -> Vec<UserId> {
        let contacts = t
            .core
            .query(
                actor,
                Contacts {
                    owner_id: actor.user_id,
                },
            )
            .await
            .unwrap();
        contacts.into_iter().map(|view| view.user.id).collect()
    }

    async fn received(t: &TestCore, actor: &Actor) -> Vec<i64> {
        let direction = RequestDirection::Received;
        let requests = t.core.query(actor, ContactRequests { direction }).await.unwrap();
        requests.into_iter().map(|view| view.request.id).collect()
    }

    #[tokio::test]
    async fn two_people_become_contacts_by_request_and_approval() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let at_b = t.core.attach(&b);
        let id = t.core.execute(&a, ask(&b)).await.unwrap();
        assert!(
            matches!(&at_b.next().await.unwrap().event, Event::NotificationAdded { user_id, .. } if *user_id == b.user_id)
        );
        assert!(
            matches!(&at_b.next().await.unwrap().event, Event::ContactsChanged { by, .. } if *by == a.user_id)
        );
        assert_eq!(received(&t, &b).await, vec![id]);
        t.core
            .execute(&b, answer(id, ContactAnswer::Approve))
            .await
            .unwrap();
        t.core
            .execute(&b, answer(id, ContactAnswer::Approve))
            .await
            .unwrap();
        assert_eq!(contact_ids(&t, &a).await, vec![b.user_id]);
        assert_eq!(contact_ids(&t, &b).await, vec![a.user_id]);
        let mine = t.core.query(&a, Contacts { owner_id: a.user_id }).await.unwrap();
        assert_eq!(mine[0].contact.group_name, "同事");
        let told = t.core.query(&a, Notifications { kinds: None }).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].kind.as_str(), told[0].subject_id),
            ("CONTACT_APPROVED", Some(b.user_id))
        );
        assert!(received(&t, &b).await.is_empty());
        assert_eq!(
            refusal(t.core.execute(&a, ask(&b)).await),
            ErrorKind::ContactExists
        );
        let refused = t.core.execute(&b, answer(id, ContactAnswer::Reject)).await;
        assert_eq!(refusal(refused), ErrorKind::RequestMissing);
    }

    #[tokio::test]
    async fn who_was_turned_down_may_ask_again() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let id = t.core.execute(&a, ask(&b)).await.unwrap();
        assert_eq!(
            refusal(t.core.execute(&a, ask(&b)).await),
            ErrorKind::RequestExists
        );
        t.core
            .execute(&b, answer(id, ContactAnswer::Reject))
            .await
            .unwrap();
        assert!(contact_ids(&t, &a).await.is_empty());
        let direction = RequestDirection::Sent;
        let sent = t.core.query(&a, ContactRequests { direction }).await.unwrap();
        assert_eq!(
            (sent[0].request.status, sent[0].to.uid.as_str()),
            (contact_request::REJECTED, "b")
        );
        t.core.execute(&a, ask(&b)).await.unwrap();
    }

    #[tokio::test]
    async fn asking_who_has_asked_is_agreeing() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.core.execute(&a, ask(&b)).await.unwrap();
        t.core.execute(&b, ask(&a)).await.unwrap();
        assert_eq!(contact_ids(&t, &a).await, vec![b.user_id]);
        assert_eq!(contact_ids(&t, &b).await, vec![a.user_id]);
        assert!(received(&t, &a).await.is_empty() && received(&t, &b).await.is_empty());
    }

    #[tokio::test]
    async fn a_request_from_a_blocked_person_is_not_seen_until_the_block_is_lifted() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.core
            .execute(&b, BlockUser { user_id: a.user_id })
            .await
            .unwrap();
        let id = t.core.execute(&a, ask(&b)).await.unwrap();
        assert!(received(&t, &b).await.is_empty());
        assert!(
            t.core
                .query(&b, Notifications { kinds: None })
                .await
                .unwrap()
                .is_empty()
        );
        let refused = t.core.execute(&b, answer(id, ContactAnswer::Approve)).await;
        assert_eq!(refusal(refused), ErrorKind::RequestMissing);
        assert_eq!(refusal(t.core.execute(&b, ask(&a)).await), ErrorKind::Blocked);
        t.core
            .execute(&b, UnblockUser { user_id: a.user_id })
            .await
            .unwrap();
        assert_eq!(received(&t, &b).await, vec![id]);
    }

    #[tokio::test]
    async fn a_block_keeps_a_crossing_request_from_agreeing() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.core.execute(&a, ask(&b)).await.unwrap();
        t.core
            .execute(&a, BlockUser { user_id: b.user_id })
            .await
            .unwrap();
        t.core.execute(&b, ask(&a)).await.unwrap();
        assert!(contact_ids(&t, &a).await.is_empty() && contact_ids(&t, &b).await.is_empty());
    }

    #[tokio::test]
    async fn odd_requests_and_other_peoples_are_refused() {
        let t = TestCore::start().await;
        let (a, b, c) = (t.user("a").await, t.user("b").await, t.user("c").await);
        let foreign = t.user_of(2, "d").await;
        assert_eq!(refusal(t.core.execute(&a, ask(&a)).await), ErrorKind::Invalid);
        assert_eq!(
            refusal(t.core.execute(&a, ask(&foreign)).await),
            ErrorKind::UserMissing
        );
        let long = |message: usize, group: usize| SendContactRequest {
            user_id: b.user_id,
            message: "字".repeat(message),
            group_name: "组".repeat(group),
        };
        assert_eq!(
            refusal(t.core.execute(&a, long(201, 0)).await),
            ErrorKind::Invalid
        );
        assert_eq!(refusal(t.core.execute(&a, long(0, 21)).await), ErrorKind::Invalid);
        let id = t.core.execute(&a, long(200, 20)).await.unwrap();
        for other in [&a, &c, &foreign] {
            let refused = t.core.execute(other, answer(id, ContactAnswer::Approve)).await;
            assert_eq!(refusal(refused), ErrorKind::RequestMissing);
        }
    }
}

//! Changes how one member sees a conversation: pin, mute, private name, draft, hide. Nobody else notices.

use std::sync::Arc;

use parlance_store::Tx;
use parlance_store::table::{member, message};

use crate::command::mark_read::{self, Passed};
use crate::command::{Command, Context, open_direct};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::field;
use crate::policy::{self, Membership};
use crate::query::Counterpart;
use crate::types::ConversationId;

/// Characters of a draft.
const DRAFT_CHARS_MAX: usize = 1_000;
/// Characters of a folder's name.
const FOLDER_CHARS_MAX: usize = 64;
/// Folders of one person.
pub(crate) const FOLDERS_MAX: usize = 50;

/// A conversation of the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConversationRef {
    /// By its number.
    Id(ConversationId),
    /// By the other side of it.
    With(Counterpart),
}

/// What to change; what is `None` stays. The direct conversation with somebody to whom nothing was ever said is made
/// for it, and the other person's list does not show it before something is.
///
/// # Errors
/// `ConversationMissing`, `GroupMissing`, `UserMissing`, `ReceiverMissing` for a new conversation with somebody
/// disabled, `NotMember`, `TooLarge` for a draft over 1,000 characters or a remark over the title limit, `Invalid` for
/// what cannot be a folder's name and for the 51st folder.
#[derive(Clone, Debug)]
pub struct ChangeView {
    /// Which conversation.
    pub conversation: ConversationRef,
    /// Keep it on top.
    pub pinned: Option<bool>,
    /// No alerts.
    pub muted: Option<bool>,
    /// Off the list until the next message; its history stays.
    pub hidden: Option<bool>,
    /// A private name.
    pub remark: Option<String>,
    /// Text typed but not sent.
    pub draft: Option<String>,
    /// The heading that it is kept under, 1 to 64 characters; empty for none.
    pub folder: Option<String>,
}

impl ChangeView {
    /// A change of nothing.
    pub fn of(conversation: ConversationRef) -> Self {
        Self {
            conversation,
            pinned: None,
            muted: None,
            hidden: None,
            remark: None,
            draft: None,
            folder: None,
        }
    }
}

impl Command for ChangeView {
    type Reply = ConversationId;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<ConversationId> {
        let title_max = cx.env.limits.title_chars_max;
        check_length(self.draft.as_deref(), DRAFT_CHARS_MAX, "a draft")?;
        check_length(self.remark.as_deref(), title_max, "a remark")?;
        if let Some(folder) = &self.folder {
            folder_for(cx, folder).await?;
        }
        let place = self.place(cx).await?;
        let mut mine = place.member;
        mine.pinned = self.pinned.unwrap_or(mine.pinned);
        mine.muted = self.muted.unwrap_or(mine.muted);
        mine.hidden_seq = match self.hidden {
            Some(true) => place.conversation.last_seq,
            Some(false) => -1,
            None => mine.hidden_seq,
        };
        mine.remark = self.remark.clone().unwrap_or(mine.remark);
        mine.draft = self.draft.clone().unwrap_or(mine.draft);
        mine.folder = self.folder.clone().unwrap_or(mine.folder);
        member::update(cx.tx, &mine).await?;
        tell_own_devices(cx, mine.conversation_id);
        Ok(mine.conversation_id)
    }
}

impl ChangeView {
    async fn place<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Membership> {
        let with = match &self.conversation {
            ConversationRef::Id(id) => return policy::membership(cx.tx, cx.actor, *id).await,
            ConversationRef::With(with) => with,
        };
        if let Some(place) = policy::place(cx.tx, cx.actor, with).await? {
            return Ok(place);
        }
        let Counterpart::Person(uid) = with else {
            return Err(ErrorKind::ConversationMissing.into());
        };
        let other = policy::person(cx.tx, cx.actor, uid).await?;
        let opened = open_direct::open_quietly(cx, other.id).await?;
        policy::membership(cx.tx, cx.actor, opened.conversation_id).await
    }
}

/// Whether the caller may have a folder of this name: one that it has, or a new one within the bound.
async fn folder_for<T: Tx>(cx: &mut Context<'_, T>, name: &str) -> Result<()> {
    if name.is_empty() {
        return Ok(());
    }
    field::line("the name of a conversation group", name, FOLDER_CHARS_MAX)?;
    let known = member::folders(cx.tx, cx.actor.user_id, FOLDERS_MAX as i64).await?;
    if known.len() >= FOLDERS_MAX && !known.iter().any(|known| known == name) {
        return Err(Error::invalid(format!(
            "there are at most {FOLDERS_MAX} conversation groups: empty one of them first"
        )));
    }
    Ok(())
}

/// Takes a conversation out of the caller's list until the next message, and clears its history for the caller.
///
/// # Errors
/// `ConversationMissing`, `NotMember`.
#[derive(Clone, Copy, Debug)]
pub struct HideConversation {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

impl Command for HideConversation {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        put_away(cx, place).await?;
        tell_own_devices(cx, self.conversation_id);
        Ok(())
    }
}

/// Takes a conversation out of the caller's list until the next message, clears its history for the caller, and
/// forgets draft, pin and folder: what comes back with the next message looks like a new one. Alerts stay as they are.
/// The tenant says whether the caller's other devices hear of it. With somebody to whom nothing was ever said there is
/// nothing to delete.
///
/// # Errors
/// `ConversationMissing`, `GroupMissing`, `UserMissing`, `NotMember`.
#[derive(Clone, Debug)]
pub struct DeleteConversation {
    /// Which conversation.
    pub with: Counterpart,
}

impl Command for DeleteConversation {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::place(cx.tx, cx.actor, &self.with).await?;
        let Some(mut place) = place else { return Ok(()) };
        let conversation_id = place.conversation.id;
        place.member.pinned = false;
        place.member.draft.clear();
        place.member.folder.clear();
        put_away(cx, place).await?;
        cx.record(Event::ConversationDeleted {
            conversation_id,
            user_id: cx.actor.user_id,
            token_id: Arc::clone(&cx.actor.token_id),
            synced: cx.env.tenants().settings(cx.actor.tenant_id).sync_deletes,
        });
        Ok(())
    }
}

/// Takes a conversation off the caller's list and its history out of sight; what is unread counts as read.
async fn put_away<T: Tx>(cx: &mut Context<'_, T>, place: Membership) -> Result<()> {
    let last = place.conversation.last_seq;
    let passed = Passed {
        conversation_id: place.conversation.id,
        kind: place.kind(),
        after: place.member.read_seq,
        upto: last,
    };
    let mut mine = place.member;
    mine.hidden_seq = last;
    mine.cleared_seq = last;
    mine.read_seq = last;
    mine.delivered_seq = last;
    mine.own_after_read = 0;
    member::update(cx.tx, &mine).await?;
    if passed.upto > passed.after {
        mark_read::settle(cx, passed).await?;
    }
    Ok(())
}

/// Pins a message for everybody in the conversation, or takes the pin off.
///
/// # Errors
/// `ConversationMissing`, `NotMember`, `MessageMissing`; `RoleTooLow` for an ordinary member of a group.
#[derive(Clone, Copy, Debug)]
pub struct PinMessage {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// The message to pin; none takes the pin off.
    pub message_id: Option<i64>,
}

impl Command for PinMessage {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        policy::may_pin(&place)?;
        if let Some(id) = self.message_id {
            let message = message::by_id(cx.tx, id).await?;
            let here = |m: &crate::types::Message| {
                m.conversation_id == self.conversation_id && m.recalled_at.is_none() && place.sees(m)
            };
            message.filter(here).ok_or(ErrorKind::MessageMissing)?;
        }
        parlance_store::table::conversation::pin_message(cx.tx, self.conversation_id, self.message_id)
            .await?;
        cx.record(Event::ConversationChanged {
            conversation_id: self.conversation_id,
            by: cx.actor.user_id,
        });
        Ok(())
    }
}

fn tell_own_devices<T: Tx>(cx: &mut Context<'_, T>, conversation_id: ConversationId) {
    cx.record(Event::ConversationViewChanged {
        conversation_id,
        user_id: cx.actor.user_id,
        token_id: Arc::clone(&cx.actor.token_id),
    });
}

/// Refuses a text that is longer than allowed.
pub(crate) fn check_length(text: Option<&str>, chars_max: usize, what: &str) -> Result<()> {
    if text.is_some_and(|text| text.chars().count() > chars_max) {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("{what} has at most {chars_max} characters"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::command::{SendMessage, Target, TenantChanges};
    use crate::query::{ConversationPage, Counted, Folders, History};
    use crate::testing::{TestCore, refusal};

    fn with(uid: &str) -> ChangeView {
        ChangeView::of(ConversationRef::With(Counterpart::Person(uid.into())))
    }

    fn in_folder(uid: &str, folder: &str) -> ChangeView {
        ChangeView {
            folder: Some(folder.into()),
            ..with(uid)
        }
    }

    /// The names of the people that one's list shows, and how many there are.
    async fn list(t: &TestCore, who: &Actor, folder: Option<&str>) -> (Vec<String>, i64) {
        let page = ConversationPage {
            folder: folder.map(str::to_owned),
            skip: 0,
            limit: 100,
        };
        let Counted { total, items } = t.core.query(who, page).await.unwrap();
        let peers = items.into_iter().filter_map(|overview| overview.peer);
        (peers.map(|peer| peer.uid).collect(), total)
    }

    #[tokio::test]
    async fn a_view_can_be_changed_before_anything_is_said_and_the_other_one_sees_nothing() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let pin = ChangeView {
            pinned: Some(true),
            ..with("b")
        };
        let id = t.core.execute(&a, pin).await.unwrap();
        assert_eq!(list(&t, &a, None).await, (vec!["b".to_owned()], 1));
        assert_eq!(list(&t, &b, None).await.1, 0);
        t.say(&a, id, "hello").await;
        assert_eq!(list(&t, &b, None).await.1, 1);
        for (uid, kind) in [("nobody", ErrorKind::UserMissing), ("a", ErrorKind::Invalid)] {
            assert_eq!(refusal(t.core.execute(&a, with(uid)).await), kind);
        }
        let group = |key: &str| ChangeView::of(ConversationRef::With(Counterpart::Group(key.into())));
        let refused = t.core.execute(&a, group("nowhere")).await;
        assert_eq!(refusal(refused), ErrorKind::GroupMissing);
        let team = t
            .core
            .execute(&b, crate::command::CreateGroup::named("team", vec![]))
            .await
            .unwrap();
        let refused = t.core.execute(&a, group(&team.uuid)).await;
        assert_eq!(refusal(refused), ErrorKind::NotMember);
        let long = ChangeView {
            draft: Some("字".repeat(1_001)),
            ..with("b")
        };
        assert_eq!(refusal(t.core.execute(&a, long).await), ErrorKind::TooLarge);
    }

    #[tokio::test]
    async fn folders_divide_the_list_and_there_are_fifty() {
        let t = TestCore::start().await;
        let a = t.user("a").await;
        for number in 0..52 {
            let other = t.user(&format!("u{number}")).await;
            t.direct(&a, &other).await;
        }
        for number in 0..50 {
            let change = in_folder(&format!("u{number}"), &format!("f{number}"));
            t.core.execute(&a, change).await.unwrap();
        }
        let refused = t.core.execute(&a, in_folder("u50", "new")).await;
        assert_eq!(refusal(refused), ErrorKind::Invalid);
        t.core.execute(&a, in_folder("u50", "f0")).await.unwrap();
        t.core.execute(&a, in_folder("u1", "")).await.unwrap();
        t.core
            .execute(&a, in_folder("u51", &"组".repeat(64)))
            .await
            .unwrap();
        for odd in ["组".repeat(65).as_str(), " ", "a\nb"] {
            let refused = t.core.execute(&a, in_folder("u2", odd)).await;
            assert_eq!(refusal(refused), ErrorKind::Invalid);
        }
        let mut inside = list(&t, &a, Some("f0")).await;
        inside.0.sort();
        assert_eq!(inside, (vec!["u0".to_owned(), "u50".to_owned()], 2));
        let folders = t.core.query(&a, Folders).await.unwrap();
        assert_eq!(
            (folders.len(), folders[0].name.as_str(), folders[0].count),
            (50, "f0", 2)
        );
        assert_eq!(list(&t, &a, None).await.1, 52);
    }

    #[tokio::test]
    async fn hidden_is_off_the_list_with_its_history_until_the_next_message() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let here = t.direct(&a, &b).await;
        t.say(&b, here, "one").await;
        let hide = |hidden| ChangeView {
            hidden: Some(hidden),
            ..with("b")
        };
        t.core.execute(&a, hide(true)).await.unwrap();
        assert_eq!(list(&t, &a, None).await.1, 0);
        t.core.execute(&a, hide(false)).await.unwrap();
        assert_eq!(list(&t, &a, None).await.1, 1);
        t.core.execute(&a, hide(true)).await.unwrap();
        t.say(&b, here, "two").await;
        assert_eq!(list(&t, &a, None).await.1, 1);
        let history = History {
            conversation_id: here,
            before: None,
            limit: 10,
        };
        assert_eq!(t.core.query(&a, history).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_is_deleted_comes_back_as_new_and_other_devices_hear_of_it_if_the_tenant_says_so() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let here = t.direct(&a, &b).await;
        t.say(&b, here, "one").await;
        let label = ChangeView {
            pinned: Some(true),
            draft: Some("dra".into()),
            ..in_folder("b", "work")
        };
        t.core.execute(&a, label).await.unwrap();
        let live = t.core.attach(&a);
        let delete = || DeleteConversation {
            with: Counterpart::Person("b".into()),
        };
        t.core.execute(&a, delete()).await.unwrap();
        assert!(matches!(
            live.next().await.unwrap().event,
            Event::ConversationDeleted { synced: true, .. }
        ));
        assert_eq!(list(&t, &a, None).await.1, 0);
        assert_eq!(list(&t, &b, None).await.1, 1);
        assert!(t.core.query(&a, Folders).await.unwrap().is_empty());

        t.set_tenant(TenantChanges {
            sync_deletes: Some(false),
            ..TenantChanges::default()
        })
        .await;
        t.say(&b, here, "two").await;
        assert!(matches!(live.next().await.unwrap().event, Event::MessageSent(_)));
        let found = list(&t, &a, None).await;
        assert_eq!(found.1, 1);
        t.core.execute(&a, delete()).await.unwrap();
        t.say(&b, here, "three").await;
        assert!(
            matches!(live.next().await.unwrap().event, Event::MessageSent(_)),
            "nothing in between"
        );
        let history = History {
            conversation_id: here,
            before: None,
            limit: 10,
        };
        assert_eq!(t.core.query(&a, history).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_tenant_bounds_the_lists_of_conversations() {
        let t = TestCore::start().await;
        let a = t.user("a").await;
        for uid in ["b", "c", "d"] {
            let other = t.user(uid).await;
            let here = t.direct(&a, &other).await;
            t.clock.advance_seconds(1);
            t.say(&a, here, "hello").await;
        }
        t.set_tenant(TenantChanges {
            conversations_max: Some(2),
            ..TenantChanges::default()
        })
        .await;
        assert_eq!(
            list(&t, &a, None).await,
            (vec!["d".to_owned(), "c".to_owned()], 2)
        );
        assert_eq!(
            t.core.query(&a, crate::query::Conversations).await.unwrap().len(),
            2
        );
        let beyond = ConversationPage {
            folder: None,
            skip: 2,
            limit: 2,
        };
        assert!(t.core.query(&a, beyond).await.unwrap().items.is_empty());
        t.core
            .execute(
                &a,
                ChangeView {
                    pinned: Some(true),
                    ..with("b")
                },
            )
            .await
            .unwrap();
        assert_eq!(list(&t, &a, None).await.0, ["b", "d"]);
    }

    #[tokio::test]
    async fn only_contacts_write_to_each_other_where_the_tenant_says_so() {
        let t = TestCore::start().await;
        let (a, b, mut boss) = (t.user("a").await, t.user("b").await, t.admin("boss").await);
        let (here, team) = (t.direct(&a, &b).await, t.group(&a, "team", &[&b]).await);
        let said = t.say(&a, here, "before").await.view.message.id;
        t.set_tenant(TenantChanges {
            contacts_only: Some(true),
            ..TenantChanges::default()
        })
        .await;
        let to = |who: &Actor| SendMessage::text(Target::User(who.user_id), "hello");
        assert_eq!(refusal(t.core.execute(&a, to(&b)).await), ErrorKind::NotContacts);
        let edit = crate::command::EditMessage {
            message_id: said,
            content: "after".into(),
        };
        assert_eq!(refusal(t.core.execute(&a, edit).await), ErrorKind::NotContacts);
        t.say(&a, team, "hello").await;
        let one = |uid: &str, ways| crate::command::AddContacts {
            people: vec![crate::command::NewContact {
                uid: uid.into(),
                remark: None,
                group_name: None,
            }],
            ways,
        };
        t.core
            .execute(&a, one("b", crate::command::Ways::One))
            .await
            .unwrap();
        assert_eq!(refusal(t.core.execute(&a, to(&b)).await), ErrorKind::NotContacts);
        t.core
            .execute(&b, one("a", crate::command::Ways::One))
            .await
            .unwrap();
        t.core.execute(&a, to(&b)).await.unwrap();
        t.core.execute(&b, to(&a)).await.unwrap();
        assert_eq!(
            refusal(t.core.execute(&boss, to(&a)).await),
            ErrorKind::NotContacts
        );
        boss.mandate = crate::Mandate::Rank;
        t.core.execute(&boss, to(&a)).await.unwrap();
        assert_eq!(
            refusal(t.core.execute(&a, to(&boss)).await),
            ErrorKind::NotContacts
        );
    }
}

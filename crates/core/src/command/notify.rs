//! Tells a person something beside messages, from inside another command.

use parlance_store::Tx;
use parlance_store::table::notification;

use crate::command::Context;
use crate::error::Result;
use crate::event::Event;
use crate::types::{Notification, NotificationKind, UserId};

/// Notifications kept for one person; the oldest go first.
const KEPT_MAX: i64 = 500;
/// Characters of what is quoted in a notification.
const CONTENT_CHARS_MAX: usize = 200;
/// People told by one command. Where more would have to be, nobody is: what happened is in the group for all to see,
/// and one command must not hold up the others for long.
const TOLD_AT_ONCE_MAX: usize = 500;

/// Something to tell.
pub(crate) struct Notice<'a> {
    /// Whom.
    pub(crate) user_id: UserId,
    /// What about; says what `subject_id` is.
    pub(crate) kind: NotificationKind,
    /// Who or what it comes from: the name of a person or group.
    pub(crate) title: &'a str,
    /// What was said, cut to 200 characters; may be empty.
    pub(crate) content: &'a str,
    /// The thing itself.
    pub(crate) subject_id: i64,
}

/// Keeps a notification and tells the person's connections. The caller has checked that the person may know.
pub(crate) async fn notify<T: Tx>(cx: &mut Context<'_, T>, notice: Notice<'_>) -> Result<()> {
    let row = Notification {
        id: 0,
        user_id: notice.user_id,
        kind: notice.kind.word().to_owned(),
        title: notice.title.to_owned(),
        content: notice.content.chars().take(CONTENT_CHARS_MAX).collect(),
        subject_id: Some(notice.subject_id),
        read_at: None,
        created_at: cx.now,
    };
    let notification_id = notification::insert(cx.tx, &row).await?;
    notification::keep_newest(cx.tx, notice.user_id, KEPT_MAX).await?;
    cx.record(Event::NotificationAdded {
        user_id: notice.user_id,
        notification_id,
    });
    Ok(())
}

/// Tells several people the same, without quoting anything: what can be recalled or deleted later must not live on in
/// a notification. Nobody is told if they are more than 500.
pub(crate) async fn notify_each<T: Tx>(
    cx: &mut Context<'_, T>,
    user_ids: &[UserId],
    kind: NotificationKind,
    title: &str,
    subject_id: i64,
) -> Result<()> {
    if user_ids.len() > TOLD_AT_ONCE_MAX {
        return Ok(());
    }
    for user_id in user_ids.iter().copied() {
        let notice = Notice {
            user_id,
            kind,
            title,
            content: "",
            subject_id,
        };
        notify(cx, notice).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddMembers, CreateGroup, PostAnnouncement, SendMessage, Target};
    use crate::query::Notifications;
    use crate::testing::TestCore;
    use crate::{Actor, Command};

    struct TellOften(UserId);

    impl Command for TellOften {
        type Reply = ();

        async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
            for number in 0..KEPT_MAX + 3 {
                let notice = Notice {
                    user_id: self.0,
                    kind: NotificationKind::Mentioned,
                    title: &number.to_string(),
                    content: &"话".repeat(300),
                    subject_id: number,
                };
                notify(cx, notice).await?;
            }
            Ok(())
        }
    }

    #[tokio::test]
    async fn groups_and_mentions_tell_who_is_concerned() {
        let t = TestCore::start().await;
        let (owner, a, b) = (t.user("owner").await, t.user("a").await, t.user("b").await);
        let group = t
            .core
            .execute(&owner, CreateGroup::named("team", vec![a.user_id]))
            .await
            .unwrap()
            .conversation_id;
        let add = AddMembers {
            conversation_id: group,
            user_ids: vec![a.user_id, b.user_id],
        };
        t.core.execute(&owner, add).await.unwrap();
        let post = PostAnnouncement {
            conversation_id: group,
            content: "secret plans".into(),
            kind: String::new(),
            pinned: false,
        };
        t.core.execute(&owner, post).await.unwrap();
        let mut message = SendMessage::text(Target::Conversation(group), "@a look");
        message.mentions.user_ids = vec![a.user_id];
        let message_id = t.core.execute(&owner, message).await.unwrap().view.message.id;

        let told = async |actor: &Actor| -> Vec<(String, String, Option<i64>)> {
            let all = t.core.query(actor, Notifications { kinds: None }).await.unwrap();
            assert!(all.iter().all(|one| one.content.is_empty()), "nothing is quoted");
            all.into_iter()
                .map(|one| (one.kind, one.title, one.subject_id))
                .collect()
        };
        let row = |kind: NotificationKind, title: &str, id: i64| {
            (kind.word().to_owned(), title.to_owned(), Some(id))
        };
        let joined = row(NotificationKind::GroupJoined, "team", group);
        let announced = row(NotificationKind::Announcement, "team", group);
        let mentioned = row(NotificationKind::Mentioned, "owner", message_id);
        assert_eq!(told(&a).await, vec![mentioned, announced.clone(), joined.clone()]);
        assert_eq!(told(&b).await, vec![announced, joined]);
        assert!(told(&owner).await.is_empty(), "nobody is told of their own doing");
    }

    #[tokio::test]
    async fn a_crowd_is_not_told_one_by_one() {
        let t = TestCore::start().await;
        let owner = t.user("owner").await;
        let mut others = Vec::new();
        for number in 0..=TOLD_AT_ONCE_MAX {
            others.push(t.user(&format!("u{number}")).await);
        }
        let ids = others.iter().map(|actor| actor.user_id).collect();
        t.core
            .execute(&owner, CreateGroup::named("crowd", ids))
            .await
            .unwrap();
        assert!(
            t.core
                .query(&others[0], Notifications { kinds: None })
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn only_the_newest_are_kept_and_long_ones_are_cut() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        t.core.execute(&a, TellOften(b.user_id)).await.unwrap();
        t.core.execute(&a, TellOften(a.user_id)).await.unwrap();
        let all = t.core.query(&a, Notifications { kinds: None }).await.unwrap();
        assert_eq!(all.first().unwrap().title, (KEPT_MAX + 2).to_string());
        assert_eq!(all.last().unwrap().title, "3");
        assert_eq!(all[0].content.chars().count(), 200);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::query::Notifications;
    use crate::testing::TestCore;

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

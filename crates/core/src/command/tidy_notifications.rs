//! Marks a person's own notifications as read, and deletes them.

use parlance_store::Tx;
use parlance_store::table::notification;

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::policy;

/// Notifications named in one call at most.
const IDS_MAX: usize = 1_000;

/// Marks notifications of the caller as read. Again changes nothing.
///
/// # Errors
/// `ItemMissing` for one that is not the caller's.
#[derive(Clone, Copy, Debug)]
pub enum ReadNotifications {
    /// This one.
    One(i64),
    /// All there are.
    All,
}

impl Command for ReadNotifications {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        match *self {
            Self::One(id) => {
                policy::own_notification(cx.tx, cx.actor, id).await?;
                notification::read(cx.tx, id, cx.now).await?;
            }
            Self::All => notification::read_all(cx.tx, cx.actor.user_id, cx.now).await?,
        }
        Ok(())
    }
}

/// Deletes notifications of the caller.
///
/// # Errors
/// `ItemMissing` for a single one that is not the caller's, `Invalid` for more than 1,000 ids.
#[derive(Clone, Debug)]
pub enum DeleteNotifications {
    /// This one.
    One(i64),
    /// These; ids that are not the caller's are passed over.
    These(Vec<i64>),
    /// All there are.
    All,
}

impl Command for DeleteNotifications {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let me = cx.actor.user_id;
        match self {
            Self::One(id) => {
                policy::own_notification(cx.tx, cx.actor, *id).await?;
                notification::delete(cx.tx, me, &[*id]).await?;
            }
            Self::These(ids) if ids.len() > IDS_MAX => {
                return Err(Error::invalid(format!(
                    "at most {IDS_MAX} notifications are deleted at once"
                )));
            }
            Self::These(ids) => {
                notification::delete(cx.tx, me, ids).await?;
            }
            Self::All => notification::clear(cx.tx, me).await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{FindNotification, Notifications, UnreadNotifications};
    use crate::testing::{TestCore, refusal};
    use crate::types::NotificationKind;
    use crate::{Actor, ErrorKind};

    /// Three people have asked `a`; the ids of what `a` was told, newest first.
    async fn three(t: &TestCore, a: &Actor) -> Vec<i64> {
        for uid in ["x", "y", "z"] {
            t.ask(&t.user(uid).await, a).await;
        }
        ids(t, a, None).await
    }

    async fn ids(t: &TestCore, a: &Actor, kinds: Option<Vec<NotificationKind>>) -> Vec<i64> {
        let all = t.core.query(a, Notifications { kinds }).await.unwrap();
        all.into_iter().map(|one| one.id).collect()
    }

    async fn unread(t: &TestCore, a: &Actor) -> i64 {
        t.core.query(a, UnreadNotifications).await.unwrap()
    }

    #[tokio::test]
    async fn they_are_read_one_by_one_or_all_at_once() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let all = three(&t, &a).await;
        assert_eq!((all.len(), unread(&t, &a).await, unread(&t, &b).await), (3, 3, 0));
        t.core.execute(&a, ReadNotifications::One(all[0])).await.unwrap();
        t.core.execute(&a, ReadNotifications::One(all[0])).await.unwrap();
        assert_eq!(unread(&t, &a).await, 2);
        let shown = t.core.query(&a, FindNotification { id: all[0] }).await.unwrap();
        assert!(shown.read_at.is_some());
        assert_eq!(
            refusal(t.core.execute(&b, ReadNotifications::One(all[1])).await),
            ErrorKind::ItemMissing
        );
        assert_eq!(
            refusal(t.core.query(&b, FindNotification { id: all[1] }).await),
            ErrorKind::ItemMissing
        );
        t.core.execute(&b, ReadNotifications::All).await.unwrap();
        assert_eq!(unread(&t, &a).await, 2);
        t.core.execute(&a, ReadNotifications::All).await.unwrap();
        assert_eq!(unread(&t, &a).await, 0);
    }

    #[tokio::test]
    async fn they_are_listed_by_kind() {
        let t = TestCore::start().await;
        let a = t.user("a").await;
        let all = three(&t, &a).await;
        assert_eq!(
            ids(&t, &a, Some(vec![NotificationKind::ContactRequested])).await,
            all
        );
        assert!(
            ids(&t, &a, Some(vec![NotificationKind::Mentioned]))
                .await
                .is_empty()
        );
        assert!(ids(&t, &a, Some(Vec::new())).await.is_empty());
    }

    #[tokio::test]
    async fn they_are_deleted_only_by_their_owner() {
        let t = TestCore::start().await;
        let (a, b) = (t.user("a").await, t.user("b").await);
        let all = three(&t, &a).await;
        t.core
            .execute(&b, DeleteNotifications::These(all.clone()))
            .await
            .unwrap();
        t.core.execute(&b, DeleteNotifications::All).await.unwrap();
        let refused = t.core.execute(&b, DeleteNotifications::One(all[0])).await;
        assert_eq!(refusal(refused), ErrorKind::ItemMissing);
        assert_eq!(ids(&t, &a, None).await, all);
        t.core
            .execute(&a, DeleteNotifications::One(all[0]))
            .await
            .unwrap();
        t.core
            .execute(&a, DeleteNotifications::These(vec![all[0], all[1]]))
            .await
            .unwrap();
        assert_eq!(ids(&t, &a, None).await, vec![all[2]]);
        t.core.execute(&a, DeleteNotifications::All).await.unwrap();
        assert!(ids(&t, &a, None).await.is_empty());
        let too_many = t
            .core
            .execute(&a, DeleteNotifications::These(vec![1; 1_001]))
            .await;
        assert_eq!(refusal(too_many), ErrorKind::Invalid);
    }
}

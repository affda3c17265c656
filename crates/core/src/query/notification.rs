//! A person's own notifications.

use parlance_store::Tx;
use parlance_store::table::notification;

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::types::{Notification, NotificationKind};

/// Notifications on one list: all that are kept for a person.
const LISTED_MAX: i64 = 500;

/// The caller's notifications, newest first.
#[derive(Clone, Debug)]
pub struct Notifications {
    /// Only of these kinds; all without.
    pub kinds: Option<Vec<NotificationKind>>,
}

impl Query for Notifications {
    type Answer = Vec<Notification>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Notification>> {
        let mut found = notification::list(cx.tx, cx.actor.user_id, LISTED_MAX).await?;
        if let Some(kinds) = &self.kinds {
            found.retain(|one| NotificationKind::of(&one.kind).is_some_and(|kind| kinds.contains(&kind)));
        }
        Ok(found)
    }
}

/// One notification of the caller.
///
/// # Errors
/// `ItemMissing`.
#[derive(Clone, Copy, Debug)]
pub struct FindNotification {
    /// Which.
    pub id: i64,
}

impl Query for FindNotification {
    type Answer = Notification;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Notification> {
        policy::own_notification(cx.tx, cx.actor, self.id).await
    }
}

/// How many notifications the caller has not read.
#[derive(Clone, Copy, Debug)]
pub struct UnreadNotifications;

impl Query for UnreadNotifications {
    type Answer = i64;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<i64> {
        Ok(notification::count_unread(cx.tx, cx.actor.user_id).await?)
    }
}

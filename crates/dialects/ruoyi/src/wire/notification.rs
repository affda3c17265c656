//! Notifications as this dialect words them (B7, row notices).

use jiff::tz::TimeZone;
use parlance_core::types::{Notification, NotificationKind};
use serde::Serialize;

use crate::wire::time::{local, local_opt};

/// A notification in lists and details.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireNotification {
    id: i64,
    receiver_id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    content: String,
    related_id: Option<i64>,
    related_type: &'static str,
    is_read: bool,
    read_time: Option<String>,
    create_time: String,
}

/// The type that a client filters by: mentions belong to messages, everything else to the system.
fn type_of(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Mentioned => "MESSAGE",
        NotificationKind::ContactRequested
        | NotificationKind::ContactApproved
        | NotificationKind::GroupJoined
        | NotificationKind::Announcement => "SYSTEM",
    }
}

/// What the related id is.
fn related(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::ContactRequested => "FRIEND_REQUEST",
        NotificationKind::ContactApproved => "USER",
        NotificationKind::GroupJoined | NotificationKind::Announcement => "GROUP",
        NotificationKind::Mentioned => "MESSAGE",
    }
}

/// The kinds that a client means by a type; also by what they are related to, which is finer. None for other words.
pub(crate) fn kinds_of(wanted: &str) -> Vec<NotificationKind> {
    let wanted = wanted.to_ascii_uppercase();
    let fits = |kind: &NotificationKind| type_of(*kind) == wanted || related(*kind) == wanted;
    NotificationKind::ALL.into_iter().filter(fits).collect()
}

impl WireNotification {
    pub(crate) fn new(notification: &Notification, zone: &TimeZone) -> Self {
        let kind = NotificationKind::of(&notification.kind);
        let (title, content) = worded(kind, &notification.title, &notification.content);
        Self {
            id: notification.id,
            receiver_id: notification.user_id,
            kind: kind.map_or("SYSTEM", type_of),
            title,
            content,
            related_id: notification.subject_id,
            related_type: kind.map_or("", related),
            is_read: notification.read_at.is_some(),
            read_time: local_opt(notification.read_at, zone),
            create_time: local(notification.created_at, zone),
        }
    }
}

/// Title and text: `from` is the name of a person or group, `said` what came with it.
fn worded(kind: Option<NotificationKind>, from: &str, said: &str) -> (&'static str, String) {
    match kind {
        Some(NotificationKind::ContactRequested) if said.is_empty() => {
            ("好友申请", format!("{from}请求添加您为好友"))
        }
        Some(NotificationKind::ContactRequested) => ("好友申请", format!("{from}请求添加您为好友：{said}")),
        Some(NotificationKind::ContactApproved) => ("好友申请已通过", format!("{from}已同意您的好友申请")),
        Some(NotificationKind::GroupJoined) => ("加入群聊", format!("您已加入群聊「{from}」")),
        Some(NotificationKind::Announcement) => ("群公告", format!("群聊「{from}」发布了新公告")),
        Some(NotificationKind::Mentioned) => ("有人@您", format!("{from}在消息中提到了您")),
        None => ("系统通知", format!("{from} {said}").trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_names_its_kinds() {
        assert_eq!(kinds_of("message"), vec![NotificationKind::Mentioned]);
        assert_eq!(kinds_of("SYSTEM").len(), 4);
        assert_eq!(
            kinds_of("FRIEND_REQUEST"),
            vec![NotificationKind::ContactRequested]
        );
        assert!(kinds_of("APPROVAL").is_empty());
    }

    #[test]
    fn every_kind_has_its_words() {
        for kind in NotificationKind::ALL {
            let (title, content) = worded(Some(kind), "张三", "你好");
            assert!(!title.is_empty() && content.contains("张三"), "{kind:?}");
        }
    }
}

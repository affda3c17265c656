//! Posts an announcement to a group: owner and administrators may.

use parlance_store::Tx;
use parlance_store::table::{announcement, member};

use crate::command::notify::notify_each;
use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{Announcement, ConversationId, NotificationKind, Role};

/// Characters of an announcement.
const CONTENT_CHARS_MAX: usize = 5_000;
/// Characters of an announcement's kind.
const KIND_CHARS_MAX: usize = 32;

/// A new announcement.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow` below administrator, `ContentEmpty`, `TooLarge` for more than 5,000
/// characters, `Invalid` for a long kind.
#[derive(Clone, Debug)]
pub struct PostAnnouncement {
    /// Which group.
    pub conversation_id: ConversationId,
    /// The text.
    pub content: String,
    /// A free word of the dialect: at most 32 characters.
    pub kind: String,
    /// Whether it is kept on top.
    pub pinned: bool,
}

impl Command for PostAnnouncement {
    /// The number of the announcement.
    type Reply = i64;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<i64> {
        let place = policy::group_as(cx.tx, cx.actor, self.conversation_id, Role::Admin).await?;
        check_content(&self.content)?;
        if self.kind.chars().count() > KIND_CHARS_MAX {
            return Err(Error::invalid(format!(
                "the kind has at most {KIND_CHARS_MAX} characters"
            )));
        }
        let id = announcement::insert(
            cx.tx,
            &Announcement {
                id: 0,
                conversation_id: place.conversation.id,
                author_id: cx.actor.user_id,
                content: self.content.clone(),
                kind: self.kind.clone(),
                pinned: self.pinned,
                recalled_at: None,
                created_at: cx.now,
                updated_at: cx.now,
            },
        )
        .await?;
        cx.record(Event::ConversationChanged {
            conversation_id: place.conversation.id,
            by: cx.actor.user_id,
        });
        let mut others = member::user_ids(cx.tx, place.conversation.id).await?;
        others.retain(|user_id| *user_id != cx.actor.user_id);
        let (told, group) = (NotificationKind::Announcement, &place.conversation);
        notify_each(cx, &others, told, &group.name, group.id).await?;
        Ok(id)
    }
}

/// Whether a text can be an announcement.
pub(crate) fn check_content(content: &str) -> Result<()> {
    if content.trim().is_empty() {
        return Err(ErrorKind::ContentEmpty.into());
    }
    if content.chars().count() > CONTENT_CHARS_MAX {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("an announcement has at most {CONTENT_CHARS_MAX} characters"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::command::{DeleteAnnouncement, EditAnnouncement, PinAnnouncement, RecallAnnouncement};
    use crate::query::{AnnouncementView, Announcements, Which};
    use crate::testing::{TestCore, refusal};

    async fn post(test: &TestCore, by: &Actor, group: ConversationId, text: &str) -> i64 {
        let post = PostAnnouncement {
            conversation_id: group,
            content: text.into(),
            kind: "NORMAL".into(),
            pinned: false,
        };
        test.core.execute(by, post).await.unwrap()
    }

    async fn texts(test: &TestCore, by: &Actor, group: ConversationId, which: Which) -> Vec<String> {
        let list = Announcements {
            conversation_id: group,
            which,
        };
        let list: Vec<AnnouncementView> = test.core.query(by, list).await.unwrap();
        list.into_iter().map(|view| view.announcement.content).collect()
    }

    #[tokio::test]
    async fn announcements_are_listed_newest_first_until_recalled_or_deleted() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let group = test.group(&ann, "team", &[&bob]).await;
        let live = test.core.attach(&bob);
        let first = post(&test, &ann, group, "first").await;
        let told = live.next().await.unwrap();
        assert!(
            matches!(&told.event, Event::ConversationChanged { conversation_id, .. } if *conversation_id == group)
        );
        let second = post(&test, &ann, group, "second").await;
        assert_eq!(texts(&test, &bob, group, Which::All).await, ["second", "first"]);
        assert_eq!(texts(&test, &bob, group, Which::Latest).await, ["second"]);

        let pin = PinAnnouncement {
            announcement_id: first,
            pinned: true,
        };
        test.core.execute(&ann, pin).await.unwrap();
        assert_eq!(texts(&test, &bob, group, Which::Pinned).await, ["first"]);
        let edit = EditAnnouncement {
            announcement_id: first,
            content: "changed".into(),
        };
        test.core.execute(&ann, edit).await.unwrap();
        assert_eq!(texts(&test, &bob, group, Which::Pinned).await, ["changed"]);

        let recall = RecallAnnouncement {
            announcement_id: first,
        };
        test.core.execute(&ann, recall.clone()).await.unwrap();
        test.core
            .execute(&ann, recall)
            .await
            .expect("a second recall changes nothing");
        assert_eq!(texts(&test, &bob, group, Which::All).await, ["second"]);
        assert!(texts(&test, &bob, group, Which::Pinned).await.is_empty());
        let late = EditAnnouncement {
            announcement_id: first,
            content: "late".into(),
        };
        assert_eq!(
            refusal(test.core.execute(&ann, late).await),
            ErrorKind::ItemMissing
        );

        for announcement_id in [first, second] {
            let delete = DeleteAnnouncement { announcement_id };
            test.core.execute(&ann, delete.clone()).await.unwrap();
            assert_eq!(
                refusal(test.core.execute(&ann, delete).await),
                ErrorKind::ItemMissing
            );
        }
        assert!(texts(&test, &bob, group, Which::Latest).await.is_empty());
        let third = post(&test, &ann, group, "third").await;
        assert!(third > second, "an id is never given out twice");
    }

    #[tokio::test]
    async fn an_announcement_has_a_text_of_bounded_length() {
        let test = TestCore::start().await;
        let ann = test.user("ann").await;
        let group = test.group(&ann, "team", &[]).await;
        let id = post(&test, &ann, group, &"长".repeat(CONTENT_CHARS_MAX)).await;
        let cases = [
            (" \n".to_owned(), ErrorKind::ContentEmpty),
            ("长".repeat(CONTENT_CHARS_MAX + 1), ErrorKind::TooLarge),
        ];
        for (content, kind) in cases {
            let again = PostAnnouncement {
                conversation_id: group,
                content: content.clone(),
                kind: String::new(),
                pinned: false,
            };
            assert_eq!(refusal(test.core.execute(&ann, again).await), kind);
            let edit = EditAnnouncement {
                announcement_id: id,
                content,
            };
            assert_eq!(refusal(test.core.execute(&ann, edit).await), kind);
        }
        let odd = PostAnnouncement {
            conversation_id: group,
            content: "text".into(),
            kind: "k".repeat(33),
            pinned: false,
        };
        assert_eq!(refusal(test.core.execute(&ann, odd).await), ErrorKind::Invalid);
    }
}

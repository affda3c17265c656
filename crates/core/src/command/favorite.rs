//! Keeps a message among the caller's favourites, changes the note and tags there, or drops it. Nobody else is told.

use parlance_store::Tx;
use parlance_store::table::favorite;

use crate::command::{Command, Context};
use crate::error::{ErrorKind, Result};
use crate::field;
use crate::policy;
use crate::types::{ConversationId, MessageId};

/// Characters of a favourite's note.
const REMARK_CHARS_MAX: usize = 500;
/// Characters of all tags of a favourite together.
const TAGS_CHARS_MAX: usize = 255;

/// Keeps a message. The favourite shows the message as it stands, so a recall empties it.
///
/// # Errors
/// `MessageMissing` (also when it is not of the conversation named), `NotMember`, `MessageRecalled`, `ItemExists`,
/// `Invalid` for a note or tags that are too long.
#[derive(Clone, Debug)]
pub struct AddFavorite {
    /// Which.
    pub message_id: MessageId,
    /// Where the caller takes it to be.
    pub conversation_id: Option<ConversationId>,
    /// A private note.
    pub remark: String,
    /// Words to find it by, divided by commas.
    pub tags: String,
}

impl Command for AddFavorite {
    /// The id of the favourite.
    type Reply = i64;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<i64> {
        let favorite = favorite::Favorite {
            id: 0,
            user_id: cx.actor.user_id,
            message_id: self.message_id,
            conversation_id: 0,
            remark: checked_remark(&self.remark)?,
            tags: checked_tags(&self.tags)?,
            created_at: cx.now,
        };
        let (message, _) = policy::readable_message(cx.tx, cx.actor, self.message_id).await?;
        if self
            .conversation_id
            .is_some_and(|named| named != message.conversation_id)
        {
            return Err(ErrorKind::MessageMissing.into());
        }
        if message.recalled_at.is_some() {
            return Err(ErrorKind::MessageRecalled.into());
        }
        let conversation_id = message.conversation_id;
        favorite::insert(
            cx.tx,
            &favorite::Favorite {
                conversation_id,
                ..favorite
            },
        )
        .await?
        .ok_or_else(|| ErrorKind::ItemExists.into())
    }
}

/// Changes what the caller noted on a favourite; what is `None` stays.
///
/// # Errors
/// `ItemMissing`, `Invalid` for a note or tags that are too long.
#[derive(Clone, Debug)]
pub struct UpdateFavorite {
    /// The message kept.
    pub message_id: MessageId,
    /// The new note.
    pub remark: Option<String>,
    /// The new tags.
    pub tags: Option<String>,
}

impl Command for UpdateFavorite {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut favorite = favorite::get(cx.tx, cx.actor.user_id, self.message_id)
            .await?
            .ok_or(ErrorKind::ItemMissing)?;
        if let Some(remark) = &self.remark {
            favorite.remark = checked_remark(remark)?;
        }
        if let Some(tags) = &self.tags {
            favorite.tags = checked_tags(tags)?;
        }
        favorite::update(cx.tx, &favorite).await?;
        Ok(())
    }
}

/// Drops a favourite of the caller. Without one it changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct RemoveFavorite {
    /// The message kept.
    pub message_id: MessageId,
}

impl Command for RemoveFavorite {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        favorite::remove(cx.tx, cx.actor.user_id, self.message_id).await?;
        Ok(())
    }
}

fn checked_remark(remark: &str) -> Result<String> {
    let remark = remark.trim();
    field::at_most("the note of a favourite", remark, REMARK_CHARS_MAX)?;
    Ok(remark.to_owned())
}

/// The tags without blanks around them, each once.
fn checked_tags(tags: &str) -> Result<String> {
    field::at_most("the list of tags of a favourite", tags, TAGS_CHARS_MAX)?;
    let mut words: Vec<&str> = Vec::new();
    for word in tags.split([',', '，']).map(str::trim) {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    Ok(words.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::RecallMessage;
    use crate::query::{Favorites, IsFavorite};
    use crate::testing::{TestCore, refusal};

    fn keep(message_id: MessageId, tags: &str) -> AddFavorite {
        AddFavorite {
            message_id,
            conversation_id: None,
            remark: " note ".into(),
            tags: tags.into(),
        }
    }

    #[tokio::test]
    async fn favourites_are_found_by_conversation_and_whole_tag() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let team = test.group(&bob, "team", &[&ann]).await;
        let one = test.say(&ann, here, "one").await.view.message.id;
        let two = test.say(&ann, team, "two").await.view.message.id;
        test.core
            .execute(&bob, keep(one, "work， todo,work"))
            .await
            .unwrap();
        test.core.execute(&bob, keep(two, "workshop")).await.unwrap();

        let all = test.core.query(&bob, Favorites::default()).await.unwrap();
        let shown: Vec<_> = all
            .iter()
            .map(|f| (f.conversation_name.as_str(), f.content.as_str(), f.tags.as_str()))
            .collect();
        assert_eq!(shown, [("team", "two", "workshop"), ("ann", "one", "work,todo")]);
        assert_eq!(
            (
                all[0].remark.as_str(),
                all[0].sender.as_ref().unwrap().name.as_str()
            ),
            ("note", "ann")
        );
        let found = |filter: Favorites| async {
            let found = test.core.query(&bob, filter).await.unwrap();
            found.iter().map(|f| f.message_id).collect::<Vec<_>>()
        };
        let of = Favorites {
            conversation_id: Some(here),
            ..Favorites::default()
        };
        assert_eq!(found(of).await, [one]);
        let tagged = Favorites {
            tag: Some("work".into()),
            ..Favorites::default()
        };
        assert_eq!(found(tagged).await, [one]);
        let next = Favorites {
            before: Some(all[0].id),
            limit: Some(1),
            ..Favorites::default()
        };
        assert_eq!(found(next).await, [one]);
        assert!(
            test.core
                .query(&bob, IsFavorite { message_id: one })
                .await
                .unwrap()
        );
        assert!(
            !test
                .core
                .query(&ann, IsFavorite { message_id: one })
                .await
                .unwrap()
        );
        assert!(
            test.core
                .query(&ann, Favorites::default())
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_favourite_is_kept_once_changed_and_dropped() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "one").await.view.message.id;
        let change = UpdateFavorite {
            message_id,
            remark: None,
            tags: Some("b".into()),
        };
        assert_eq!(
            refusal(test.core.execute(&bob, change.clone()).await),
            ErrorKind::ItemMissing
        );
        let id = test.core.execute(&bob, keep(message_id, "a")).await.unwrap();
        assert_eq!(
            refusal(test.core.execute(&bob, keep(message_id, "a")).await),
            ErrorKind::ItemExists
        );
        test.core.execute(&bob, change).await.unwrap();
        let all = test.core.query(&bob, Favorites::default()).await.unwrap();
        assert_eq!(
            (all[0].id, all[0].remark.as_str(), all[0].tags.as_str()),
            (id, "note", "b")
        );
        for _ in 0..2 {
            test.core
                .execute(&bob, RemoveFavorite { message_id })
                .await
                .unwrap();
            assert!(!test.core.query(&bob, IsFavorite { message_id }).await.unwrap());
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_cannot_be_kept() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let message_id = test.say(&ann, here, "one").await.view.message.id;
        assert_eq!(
            refusal(test.core.execute(&eve, keep(message_id, "")).await),
            ErrorKind::NotMember
        );
        let mut elsewhere = keep(message_id, "");
        elsewhere.conversation_id = Some(here + 1);
        assert_eq!(
            refusal(test.core.execute(&bob, elsewhere).await),
            ErrorKind::MessageMissing
        );
        let mut long = keep(message_id, &"x".repeat(TAGS_CHARS_MAX + 1));
        assert_eq!(
            refusal(test.core.execute(&bob, long.clone()).await),
            ErrorKind::Invalid
        );
        (long.tags, long.remark) = (String::new(), "x".repeat(REMARK_CHARS_MAX + 1));
        assert_eq!(refusal(test.core.execute(&bob, long).await), ErrorKind::Invalid);
        test.core
            .execute(&ann, RecallMessage { message_id })
            .await
            .unwrap();
        assert_eq!(
            refusal(test.core.execute(&bob, keep(message_id, "")).await),
            ErrorKind::MessageRecalled
        );
    }
}

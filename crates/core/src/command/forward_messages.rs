//! Sends on what the caller can read, to one or many conversations and people.

use parlance_store::Tx;
use parlance_store::table::file;

use crate::command::named_files::FILES_MAX;
use crate::command::{Blank, Command, Context, Mentions, NamedFiles, SendMessage, Sent, Target};
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::{Extra, FileRef, MessageId};

/// Messages that one call sends at most: messages times targets.
const SENDS_MAX: usize = 100;
/// Messages that one combined message stands for at most.
const SOURCES_MAX: usize = 100;

/// One message to send on.
#[derive(Clone, Debug)]
pub struct Forward {
    /// What it shows: one message, or several in a combined one.
    pub sources: Vec<MessageId>,
    /// Type of the new message.
    pub content_type: String,
    /// Its content, as the dialect words it.
    pub content: String,
    /// JSON of the dialect, kept and given back, never read.
    pub extra: Option<Extra>,
}

/// Forwards messages: every one to every target, or none at all when one is refused.
///
/// # Errors
/// `MessageMissing` or `NotMember` for a source the caller cannot read, `MessageRecalled`, `TargetMissing`,
/// `Invalid` for nothing or too much at once, and whatever sending is refused for.
#[derive(Clone, Debug)]
pub struct ForwardMessages {
    /// What.
    pub messages: Vec<Forward>,
    /// Where to.
    pub targets: Vec<Target>,
    /// A text of the caller's own, sent after them to every target.
    pub note: Option<String>,
    /// The sender's own id for the whole: forwarding again under it is answered with the first messages.
    pub client_id: Option<String>,
}

impl Command for ForwardMessages {
    type Reply = Vec<Sent>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Vec<Sent>> {
        self.check_form()?;
        let mut files = Vec::with_capacity(self.messages.len());
        for forward in &self.messages {
            check_sources(cx, &forward.sources).await?;
            files.push(combined_files(cx, &forward.sources).await?);
        }
        let mut sent = Vec::with_capacity(self.messages.len() * self.targets.len());
        for target in &self.targets {
            for (forward, files) in self.messages.iter().zip(&files) {
                let message = SendMessage {
                    files: NamedFiles::perhaps(files.clone()),
                    ..self.message(forward, target.clone(), sent.len())
                };
                sent.push(message.apply(cx).await?);
            }
            if let Some(note) = &self.note {
                let text = SendMessage::text(target.clone(), note);
                let client_id = self.client_id(sent.len());
                sent.push(SendMessage { client_id, ..text }.apply(cx).await?);
            }
        }
        Ok(sent)
    }
}

impl ForwardMessages {
    fn check_form(&self) -> Result<()> {
        if self.targets.is_empty() {
            return Err(ErrorKind::TargetMissing.into());
        }
        let sends = self.messages.len().saturating_mul(self.targets.len());
        if sends == 0 || sends > SENDS_MAX {
            return Err(Error::invalid(format!(
                "1 to {SENDS_MAX} messages are forwarded at once, counted for every target"
            )));
        }
        let fits = |forward: &Forward| (1..=SOURCES_MAX).contains(&forward.sources.len());
        if !self.messages.iter().all(fits) {
            return Err(Error::invalid(format!(
                "a forwarded message shows 1 to {SOURCES_MAX} messages"
            )));
        }
        Ok(())
    }

    /// The client id of one of the messages sent: the first has that of the whole.
    fn client_id(&self, index: usize) -> Option<String> {
        let id = self.client_id.as_ref()?;
        Some(match index {
            0 => id.clone(),
            _ => format!("{id}#{index}"),
        })
    }

    fn message(&self, forward: &Forward, target: Target, index: usize) -> SendMessage {
        let client_id = self.client_id(index);
        SendMessage {
            target,
            content_type: forward.content_type.clone(),
            content: forward.content.clone(),
            blank: Blank::Refused,
            client_id,
            reply_to: None,
            forwarded_from: match forward.sources.as_slice() {
                [source] => Some(*source),
                _ => None,
            },
            extra: forward.extra.clone(),
            mentions: Mentions::default(),
            files: NamedFiles::default(),
        }
    }
}

/// The files that go with a combined message: those of everything it shows. A message that shows one source gets its
/// files by being forwarded from it.
async fn combined_files<T: Tx>(cx: &mut Context<'_, T>, sources: &[MessageId]) -> Result<Vec<FileRef>> {
    let mut files = Vec::new();
    if sources.len() > 1 {
        for id in sources {
            let room = FILES_MAX.saturating_sub(files.len());
            let carried = file::carried_by(cx.tx, *id, room as i64).await?;
            files.extend(carried.into_iter().map(FileRef::Id));
        }
    }
    Ok(files)
}

async fn check_sources<T: Tx>(cx: &mut Context<'_, T>, sources: &[MessageId]) -> Result<()> {
    for id in sources {
        let (message, _) = policy::readable_message(cx.tx, cx.actor, *id).await?;
        if message.recalled_at.is_some() {
            return Err(ErrorKind::MessageRecalled.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::RecallMessage;
    use crate::query::History;
    use crate::testing::{TestCore, refusal};
    use crate::{Actor, types::ConversationId};

    fn forward(source: MessageId, content: &str) -> Forward {
        Forward {
            sources: vec![source],
            content_type: "TEXT".into(),
            content: content.into(),
            extra: None,
        }
    }

    fn to(targets: Vec<Target>, messages: Vec<Forward>) -> ForwardMessages {
        ForwardMessages {
            messages,
            targets,
            note: None,
            client_id: None,
        }
    }

    async fn count(test: &TestCore, who: &Actor, conversation_id: ConversationId) -> usize {
        let history = History {
            conversation_id,
            before: None,
            limit: 100,
        };
        test.core.query(who, history).await.unwrap().len()
    }

    #[tokio::test]
    async fn every_message_goes_to_every_target() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let there = test.group(&ann, "team", &[&eve]).await;
        let one = test.say(&bob, here, "one").await.view.message.id;
        let two = test.say(&bob, here, "two").await.view.message.id;
        let targets = vec![Target::Conversation(there), Target::User(eve.user_id)];
        let sent = test
            .core
            .execute(
                &ann,
                to(targets, vec![forward(one, "fwd one"), forward(two, "fwd two")]),
            )
            .await
            .unwrap();
        let came: Vec<_> = sent
            .iter()
            .map(|sent| {
                (
                    sent.view.message.content.as_str(),
                    sent.view.message.forwarded_from,
                )
            })
            .collect();
        assert_eq!(
            came,
            [
                ("fwd one", Some(one)),
                ("fwd two", Some(two)),
                ("fwd one", Some(one)),
                ("fwd two", Some(two))
            ]
        );
        assert_eq!(count(&test, &eve, there).await, 2);
        assert_eq!(count(&test, &eve, sent[2].view.message.conversation_id).await, 2);
    }

    #[tokio::test]
    async fn a_combined_message_stands_for_several() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let one = test.say(&ann, here, "one").await.view.message.id;
        let two = test.say(&ann, here, "two").await.view.message.id;
        let combined = Forward {
            sources: vec![one, two],
            content_type: "COMBINE_FORWARD".into(),
            content: "[]".into(),
            extra: None,
        };
        let sent = test
            .core
            .execute(&ann, to(vec![Target::Conversation(here)], vec![combined]))
            .await
            .unwrap();
        let message = &sent[0].view.message;
        assert_eq!(
            (message.content_type.as_str(), message.forwarded_from),
            ("COMBINE_FORWARD", None)
        );
    }

    #[tokio::test]
    async fn a_note_comes_after_them() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let one = test.say(&bob, here, "one").await.view.message.id;
        let mut noted = to(vec![Target::Conversation(here)], vec![forward(one, "fwd")]);
        noted.note = Some("look".into());
        let sent = test.core.execute(&ann, noted).await.unwrap();
        let came: Vec<_> = sent
            .iter()
            .map(|sent| {
                (
                    sent.view.message.content.as_str(),
                    sent.view.message.forwarded_from,
                )
            })
            .collect();
        assert_eq!(came, [("fwd", Some(one)), ("look", None)]);
    }

    #[tokio::test]
    async fn under_the_same_client_id_it_is_forwarded_once() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let one = test.say(&bob, here, "one").await.view.message.id;
        let mut again = to(
            vec![Target::Conversation(here)],
            vec![forward(one, "a"), forward(one, "b")],
        );
        again.client_id = Some("key".into());
        let ids = |sent: Vec<Sent>| -> Vec<_> { sent.iter().map(|sent| sent.view.message.id).collect() };
        let first = ids(test.core.execute(&ann, again.clone()).await.unwrap());
        let second = ids(test.core.execute(&ann, again).await.unwrap());
        assert_eq!(first, second);
        assert_eq!(count(&test, &bob, here).await, 3);
    }

    #[tokio::test]
    async fn one_refusal_sends_nothing() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let elsewhere = test.direct(&bob, &eve).await;
        let one = test.say(&bob, here, "one").await.view.message.id;
        let hidden = test.say(&bob, elsewhere, "not for ann").await.view.message.id;
        let targets = vec![Target::Conversation(here), Target::Conversation(elsewhere)];
        let refused = test
            .core
            .execute(&ann, to(targets, vec![forward(one, "x")]))
            .await;
        assert_eq!(refusal(refused), ErrorKind::NotMember);
        let unread = to(vec![Target::Conversation(here)], vec![forward(hidden, "x")]);
        assert_eq!(
            refusal(test.core.execute(&ann, unread).await),
            ErrorKind::NotMember
        );
        test.core
            .execute(&bob, RecallMessage { message_id: one })
            .await
            .unwrap();
        let recalled = to(vec![Target::Conversation(here)], vec![forward(one, "x")]);
        assert_eq!(
            refusal(test.core.execute(&ann, recalled).await),
            ErrorKind::MessageRecalled
        );
        assert_eq!(count(&test, &ann, here).await, 1);
    }

    #[tokio::test]
    async fn nothing_nowhere_or_too_much_is_refused() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let one = test.say(&bob, here, "one").await.view.message.id;
        let target = Target::Conversation(here);
        let nowhere = test.core.execute(&ann, to(vec![], vec![forward(one, "x")])).await;
        assert_eq!(refusal(nowhere), ErrorKind::TargetMissing);
        let nothing = test.core.execute(&ann, to(vec![target.clone()], vec![])).await;
        assert_eq!(refusal(nothing), ErrorKind::Invalid);
        let much = to(
            vec![target.clone(); 2],
            vec![forward(one, "x"); SENDS_MAX / 2 + 1],
        );
        assert_eq!(refusal(test.core.execute(&ann, much).await), ErrorKind::Invalid);
        let mut unsourced = forward(one, "x");
        unsourced.sources.clear();
        let refused = test.core.execute(&ann, to(vec![target], vec![unsourced])).await;
        assert_eq!(refusal(refused), ErrorKind::Invalid);
    }
}

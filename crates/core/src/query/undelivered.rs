//! What was sent to the caller and has not reached one of the caller's devices: to be asked for, and to be counted.

use parlance_store::Tx;
use parlance_store::table::{device, message, undelivered};
use rustc_hash::FxHashMap;

use crate::account::Actor;
use crate::command::TakeDelivered;
use crate::core::{Core, Query, ReadContext};
use crate::error::Result;
use crate::field;
use crate::id;
use crate::name::PlaceName;
use crate::policy;
use crate::query::full_message::{FullMessage, MessageStatus, full};
use crate::types::{ConversationId, MessageId, Seq};

/// Messages in one answer at most.
const PAGE_MAX: i64 = 1_000;
/// Messages of one conversation that a device can make up for; who was away for longer reads the history.
const DEPTH_MAX: i64 = 1_000;
/// Up to where they are counted.
const COUNTED_MAX: i64 = 10_000;

/// Messages that a device has missed.
#[derive(Clone, Debug)]
pub struct Undelivered {
    /// The oldest of them, oldest first.
    pub messages: Vec<FullMessage>,
    /// Whether there are more.
    pub more: bool,
}

impl Core {
    /// Gives a device of the caller the oldest `limit` messages (1 to 1,000) that it was not given yet, over all direct
    /// conversations and groups, and notes that it has them: the next call gives what follows. Of others' messages,
    /// those in sight that were sent since the caller came into the conversation, the newest 1,000 of each; none that
    /// was recalled or deleted. The empty name is the one device of those who name none. Whoever wrote to the caller
    /// directly sees those messages as delivered.
    ///
    /// # Errors
    /// `Invalid` for what cannot be the name of a device.
    pub async fn take_undelivered(&self, actor: &Actor, device: &str, limit: i64) -> Result<Undelivered> {
        let device = device.to_owned();
        let query = FindUndelivered {
            device: device.clone(),
            limit: usize::try_from(limit.clamp(1, PAGE_MAX)).unwrap_or(1),
        };
        let Found {
            answer,
            through,
            delivered,
        } = self.query(actor, query).await?;
        let taken = TakeDelivered {
            device,
            through,
            delivered,
        };
        self.execute(actor, taken).await?;
        Ok(answer)
    }
}

struct FindUndelivered {
    device: String,
    limit: usize,
}

struct Found {
    answer: Undelivered,
    /// After the answer, the device has everything up to this.
    through: MessageId,
    /// How far each direct conversation is delivered by it.
    delivered: Vec<(ConversationId, Seq)>,
}

/// Where a device stands.
struct Standing {
    after: MessageId,
    windows: Vec<(MessageId, MessageId)>,
    bound: MessageId,
}

impl Standing {
    async fn of<T: Tx>(cx: &mut ReadContext<'_, T>, name: &str) -> Result<Self> {
        field::device(name)?;
        let me = cx.actor.user_id;
        let oldest = id::first_at(policy::oldest_shown(cx.env, cx.actor, cx.now));
        let cursor = device::cursor(cx.tx, me, name).await?.unwrap_or(0);
        let mut windows = device::windows(cx.tx, me, name).await?;
        // After the snapshot was taken: what a socket has written by now is not given again.
        let held = cx.env.devices().held(me, name, cx.now);
        windows.extend(held.windows);
        Ok(Self {
            after: cursor.max(oldest - 1),
            windows,
            bound: held.bound,
        })
    }

    fn device(&self, user_id: i64) -> undelivered::Device<'_> {
        undelivered::Device {
            user_id,
            after: self.after,
            windows: &self.windows,
            depth: DEPTH_MAX,
        }
    }
}

impl Query for FindUndelivered {
    type Answer = Found;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Found> {
        let me = cx.actor.user_id;
        let standing = Standing::of(cx, &self.device).await?;
        let wanted = self.limit;
        let mut ids = undelivered::oldest(cx.tx, standing.device(me), wanted + 1).await?;
        let more = ids.len() > wanted;
        ids.truncate(wanted);
        let end = match ids.last() {
            Some(last) if more => *last,
            _ => message::last_id(cx.tx).await?,
        };
        let mut rows = message::by_ids(cx.tx, &ids).await?;
        rows.reverse();
        let mut messages = full(cx, rows).await?;
        let mut delivered: FxHashMap<ConversationId, Seq> = FxHashMap::default();
        for told in &mut messages {
            if !matches!(*told.place, PlaceName::Direct { .. }) {
                continue;
            }
            let message = &told.view.message;
            delivered.insert(message.conversation_id, message.seq);
            if told.status == MessageStatus::Sent {
                told.status = MessageStatus::Delivered;
            }
        }
        Ok(Found {
            answer: Undelivered { messages, more },
            through: end.min(standing.bound),
            delivered: delivered.into_iter().collect(),
        })
    }
}

/// How many messages [`Core::take_undelivered`] would give one after another; counted to 10,000.
///
/// # Errors
/// `Invalid` for what cannot be the name of a device.
#[derive(Clone, Debug)]
pub struct CountUndelivered {
    /// Which device.
    pub device: String,
}

impl Query for CountUndelivered {
    type Answer = i64;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<i64> {
        let me = cx.actor.user_id;
        let standing = Standing::of(cx, &self.device).await?;
        Ok(undelivered::count(cx.tx, standing.device(me), COUNTED_MAX).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{AddMembers, DeleteMessages, RecallMessage, SendMessage, Target};
    use crate::device::LiveDevice;
    use crate::error::ErrorKind;
    use crate::event::Event;
    use crate::query::FullMessages;
    use crate::session::Session;
    use crate::testing::{TestCore, refusal};

    async fn pull(test: &TestCore, who: &Actor, device: &str, limit: i64) -> Undelivered {
        test.core.take_undelivered(who, device, limit).await.unwrap()
    }

    async fn texts(test: &TestCore, who: &Actor, device: &str) -> Vec<String> {
        let content = |told: FullMessage| told.view.message.content;
        let pulled = pull(test, who, device, 1_000).await;
        pulled.messages.into_iter().map(content).collect()
    }

    async fn count(test: &TestCore, who: &Actor, device: &str) -> i64 {
        let device = device.to_owned();
        test.core.query(who, CountUndelivered { device }).await.unwrap()
    }

    async fn status(test: &TestCore, who: &Actor, id: MessageId) -> MessageStatus {
        let query = FullMessages { ids: vec![id] };
        test.core.query(who, query).await.unwrap().remove(0).status
    }

    /// A connection that reads whatever comes.
    struct Socket(Session, LiveDevice);

    impl Socket {
        fn open(test: &TestCore, who: &Actor, device: &str) -> Self {
            let session = test.core.attach(who);
            let device = test.core.live_device(who, device).unwrap();
            Self(session, device)
        }

        /// Writes what comes up to a message with this text.
        async fn reads(&self, text: &str) {
            loop {
                let delivery = self.0.next().await.unwrap();
                self.1.wrote(&delivery.event);
                if matches!(&delivery.event, Event::MessageSent(sent) if sent.view.message.content == text) {
                    return;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_device_is_given_each_message_once_and_in_order_over_all_conversations() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let direct = test.direct(&ann, &bob).await;
        let team = test.group(&ann, "team", &[&bob]).await;
        test.say(&bob, direct, "own").await;
        for (number, place) in [direct, team, direct, team, team].into_iter().enumerate() {
            test.say(&ann, place, &number.to_string()).await;
        }
        assert_eq!(count(&test, &bob, "").await, 5);
        let first = pull(&test, &bob, "", 2).await;
        assert!(first.more && first.messages.len() == 2);
        assert_eq!(count(&test, &bob, "").await, 3);
        assert_eq!(texts(&test, &bob, "").await, ["2", "3", "4"]);
        assert!(texts(&test, &bob, "").await.is_empty());
        test.say(&ann, team, "5").await;
        assert_eq!(texts(&test, &bob, "").await, ["5"]);
        assert_eq!(texts(&test, &bob, "tablet").await, ["0", "1", "2", "3", "4", "5"]);
        let test = test.restart().await;
        assert!(texts(&test, &bob, "").await.is_empty());
    }

    #[tokio::test]
    async fn what_others_wrote_is_found_behind_much_of_ones_own() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let mine = SendMessage::text(Target::Conversation(here), "mine");
        let other = test.group(&ann, "team", &[&bob]).await;
        let elsewhere = SendMessage::text(Target::Conversation(other), "mine");
        for _ in 0..7 {
            let sending = [&mine, &elsewhere].into_iter().cycle().take(200);
            let sending: Vec<_> = sending.map(|one| test.core.execute(&bob, one.clone())).collect();
            for sent in sending {
                sent.await.unwrap();
            }
        }
        test.say(&ann, here, "first").await;
        test.say(&ann, other, "second").await;
        assert_eq!(texts(&test, &bob, "").await, ["first", "second"]);
        assert!(texts(&test, &bob, "").await.is_empty());
    }

    #[tokio::test]
    async fn what_is_out_of_sight_recalled_or_deleted_is_not_given() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let team = test.group(&ann, "team", &[&eve]).await;
        test.say(&ann, team, "before bob came").await;
        let bring = AddMembers {
            conversation_id: team,
            user_ids: vec![bob.user_id],
        };
        test.core.execute(&ann, bring).await.unwrap();
        let recalled = test.say(&ann, team, "recalled").await.view.message.id;
        let deleted = test.say(&ann, team, "deleted").await.view.message.id;
        test.say(&ann, team, "seen").await;
        test.core
            .execute(&ann, RecallMessage { message_id: recalled })
            .await
            .unwrap();
        let delete = DeleteMessages {
            message_ids: vec![deleted],
        };
        test.core.execute(&ann, delete).await.unwrap();
        assert_eq!(count(&test, &bob, "").await, 1);
        assert_eq!(texts(&test, &bob, "").await, ["seen"]);
        assert!(texts(&test, &test.user("far").await, "").await.is_empty());
        let odd = test.core.take_undelivered(&bob, &"x".repeat(129), 1).await;
        assert_eq!(refusal(odd), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn what_a_connection_has_brought_is_not_given_again_and_what_came_before_is_not_lost() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        test.say(&ann, here, "while away").await;
        let socket = Socket::open(&test, &bob, "phone");
        test.say(&ann, here, "live").await;
        socket.reads("live").await;
        assert_eq!(count(&test, &bob, "phone").await, 1);
        let Socket(session, device) = socket;
        device.finish();
        drop(session);
        test.say(&ann, here, "away again").await;
        assert_eq!(count(&test, &bob, "phone").await, 2);
        test.core.settle_devices().await.unwrap();
        let test = test.restart().await;
        assert_eq!(texts(&test, &bob, "phone").await, ["while away", "away again"]);
        assert_eq!(texts(&test, &bob, "tablet").await.len(), 3);
    }

    #[tokio::test]
    async fn what_was_written_just_before_a_connection_broke_off_is_given_again() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let socket = Socket::open(&test, &bob, "phone");
        test.say(&ann, here, "long ago").await;
        socket.reads("long ago").await;
        test.clock.advance_seconds(60);
        test.say(&ann, here, "just now").await;
        socket.reads("just now").await;
        // Asking in between must not take for granted what the connection may still lose.
        assert!(texts(&test, &bob, "phone").await.is_empty());
        drop(socket);
        test.core.settle_devices().await.unwrap();
        assert_eq!(texts(&test, &bob, "phone").await, ["just now"]);
    }

    #[tokio::test]
    async fn a_device_keeps_its_newest_windows_only_and_loses_nothing() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        for number in 0..20 {
            test.say(&ann, here, &format!("missed {number}")).await;
            let socket = Socket::open(&test, &bob, "phone");
            let live = format!("live {number}");
            test.say(&ann, here, &live).await;
            socket.reads(&live).await;
            socket.1.finish();
            test.core.settle_devices().await.unwrap();
        }
        let given = texts(&test, &bob, "phone").await;
        let missed = given.iter().filter(|text| text.starts_with("missed")).count();
        assert_eq!((missed, given.len()), (20, 24), "four of twenty windows fell out");
    }

    #[tokio::test]
    async fn senders_see_what_became_of_their_messages() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let first = test.say(&ann, here, "first").await.view.message.id;
        assert_eq!(status(&test, &ann, first).await, MessageStatus::Sent);
        let pulled = pull(&test, &bob, "", 10).await;
        assert_eq!(pulled.messages[0].status, MessageStatus::Delivered);
        assert_eq!(status(&test, &ann, first).await, MessageStatus::Delivered);
        let socket = Socket::open(&test, &bob, "");
        let second = test.say(&ann, here, "second").await.view.message.id;
        assert_eq!(status(&test, &ann, second).await, MessageStatus::Sent);
        socket.reads("second").await;
        assert_eq!(status(&test, &ann, second).await, MessageStatus::Delivered);
        test.core.settle_devices().await.unwrap();
        assert_eq!(status(&test, &ann, second).await, MessageStatus::Delivered);

        let team = test.group(&ann, "team", &[&bob]).await;
        let all = SendMessage::text(Target::Conversation(team), "all");
        let all = test.core.execute(&ann, all).await.unwrap().view.message.id;
        pull(&test, &bob, "", 10).await;
        assert_eq!(status(&test, &ann, all).await, MessageStatus::Sent);
    }
}

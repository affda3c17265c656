//! What people and conversations are called in text, for clients that know no numbers. The hub looks it up once and
//! sends it along with an event, so that no socket has to ask. Names never change, so they are kept.

use std::sync::Arc;

use parlance_store::table::{conversation, user};
use parlance_store::{Read, Store, Tx};
use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::event::Event;
use crate::types::{ConversationId, UserId};

/// Names kept of people, and of conversations. Beyond it all are forgotten and asked for again.
const NAMES_MAX: usize = 200_000;

/// What a conversation is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceName {
    /// A direct one is called after its two people.
    Direct {
        /// The smaller user id, and that person's text id.
        low: (UserId, Arc<str>),
        /// The larger user id, and that person's text id.
        high: (UserId, Arc<str>),
    },
    /// A group: the word of its creator, else its UUID.
    Group(Arc<str>),
}

impl PlaceName {
    /// What this person calls it: the other one of a direct conversation, or the group.
    pub fn seen_by(&self, user_id: UserId) -> &Arc<str> {
        match self {
            Self::Direct { low, high } if low.0 == user_id => &high.1,
            Self::Direct { low, .. } => &low.1,
            Self::Group(group) => group,
        }
    }
}

/// How those are called whom an event names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// The conversation that it is about.
    pub place: Option<Arc<PlaceName>>,
    /// Who did it. Who wrote a message stands in the message.
    pub by: Option<Arc<str>>,
}

/// The names that are known.
#[derive(Default)]
pub(crate) struct Names {
    people: FxHashMap<UserId, Arc<str>>,
    places: FxHashMap<ConversationId, Arc<PlaceName>>,
}

impl Names {
    /// How those are called whom this event names. What cannot be read now is left out.
    pub(crate) async fn of(&mut self, store: &Store<Event>, event: &Event) -> Called {
        let (place, by) = event.to_be_named();
        let asked = Asked {
            place: place.filter(|id| !self.places.contains_key(id)),
            by: by.filter(|id| !self.people.contains_key(id)),
        };
        if asked.place.is_some() || asked.by.is_some() {
            match store.read(asked).await {
                Ok(answer) => self.keep(asked, answer),
                Err(error) => tracing::warn!(%error, "the names for an event could not be read"),
            }
        }
        Called {
            place: place.and_then(|id| self.places.get(&id)).cloned(),
            by: by.and_then(|id| self.people.get(&id)).cloned(),
        }
    }

    fn keep(&mut self, asked: Asked, answer: Answer) {
        if self.places.len().max(self.people.len()) >= NAMES_MAX {
            *self = Self::default();
        }
        self.places.extend(asked.place.zip(answer.place));
        self.people.extend(asked.by.zip(answer.by));
    }
}

/// The names that are not known yet.
#[derive(Clone, Copy)]
struct Asked {
    place: Option<ConversationId>,
    by: Option<UserId>,
}

struct Answer {
    place: Option<Arc<PlaceName>>,
    by: Option<Arc<str>>,
}

impl Read for Asked {
    type Answer = Answer;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Answer, Error> {
        let place = match self.place {
            Some(id) => conversation::called(tx, id).await?.and_then(place_name),
            None => None,
        };
        let by = match self.by {
            Some(id) => user::uid_of(tx, id).await?,
            None => None,
        };
        Ok(Answer {
            place: place.map(Arc::new),
            by: by.map(Arc::from),
        })
    }
}

/// Nobody calls a channel anything: it is known by the app that speaks.
pub(crate) fn place_name(row: conversation::Called) -> Option<PlaceName> {
    match row.kind {
        conversation::DIRECT => Some(PlaceName::Direct {
            low: (row.user_low?, row.uid_low?.into()),
            high: (row.user_high?, row.uid_high?.into()),
        }),
        conversation::GROUP => row.group.map(|group| PlaceName::Group(group.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{MarkRead, ReadUpTo};
    use crate::event::Delivery;
    use crate::session::Session;
    use crate::testing::TestCore;

    async fn next(session: &Session, is: impl Fn(&Event) -> bool) -> Arc<Delivery> {
        loop {
            let delivery = session.next().await.unwrap();
            if is(&delivery.event) {
                return delivery;
            }
        }
    }

    #[tokio::test]
    async fn whoever_listens_by_name_is_told_names() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let here = test.direct(&ann, &bob).await;
        let team = test.group(&ann, "team", &[&bob]).await;
        let live = test.core.attach_by_name(&bob);
        test.say(&ann, here, "hello").await;
        test.say(&ann, team, "all").await;
        let sent = |event: &Event| matches!(event, Event::MessageSent(_));
        let direct = next(&live, sent).await.called.place.clone().unwrap();
        assert_eq!(direct.seen_by(bob.user_id).as_ref(), "ann");
        assert_eq!(direct.seen_by(ann.user_id).as_ref(), "bob");
        let group = next(&live, sent).await.called.place.clone().unwrap();
        assert!(matches!(&*group, PlaceName::Group(_)));
        assert_eq!(group.seen_by(bob.user_id), group.seen_by(ann.user_id));

        let read = MarkRead {
            conversation_id: here,
            up_to: ReadUpTo::Newest,
        };
        test.core.execute(&bob, read).await.unwrap();
        let told = next(&live, |event| matches!(event, Event::MessagesRead(_))).await;
        assert_eq!(told.called.by.as_deref(), Some("bob"));
        assert_eq!(told.called.place.as_deref(), Some(&*direct));
    }

    #[tokio::test]
    async fn names_are_not_looked_up_for_who_needs_none() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        let here = test.direct(&ann, &bob).await;
        let (live, elsewhere) = (test.core.attach(&bob), test.core.attach_by_name(&eve));
        test.say(&ann, here, "hello").await;
        let sent = |event: &Event| matches!(event, Event::MessageSent(_));
        assert_eq!(next(&live, sent).await.called, Called::default());
        drop(elsewhere);
    }

    #[tokio::test]
    async fn only_correspondents_and_contacts_are_told_who_came() {
        let test = TestCore::start().await;
        let (ann, bob, eve) = (
            test.user("ann").await,
            test.user("bob").await,
            test.user("eve").await,
        );
        test.direct(&ann, &bob).await;
        test.group(&ann, "team", &[&eve]).await;
        let (at_bob, at_eve) = (test.core.attach_by_name(&bob), test.core.attach_by_name(&eve));
        let _here = test.core.attach(&ann);
        let came =
            |event: &Event| matches!(event, Event::Presence { user_id, .. } if *user_id == ann.user_id);
        assert_eq!(next(&at_bob, came).await.called.by.as_deref(), Some("ann"));
        assert_eq!(next(&at_eve, came).await.called.by, None);
    }
}

//! What a socket has subscribed to, and which of its subscriptions a push goes to. What may be subscribed to is not
//! decided here.

use parlance_core::types::ConversationId;

/// Subscriptions of one socket at most.
const SUBSCRIPTIONS_MAX: usize = 2_048;
/// Bytes of a subscription's id.
const ID_BYTES_MAX: usize = 256;

/// The personal queue.
pub(crate) const PERSONAL: &str = "/user/queue/messages";
/// What the name of a group's topic begins with.
const GROUP: &str = "/topic/group/";

/// What somebody wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination<'a> {
    /// The personal queue.
    Personal,
    /// The messages of the group with this text id.
    Group(&'a str),
}

impl<'a> Destination<'a> {
    /// The destination of this name.
    pub(crate) fn of(name: &'a str) -> Option<Self> {
        if name == PERSONAL {
            return Some(Self::Personal);
        }
        name.strip_prefix(GROUP)
            .filter(|group| !group.is_empty())
            .map(Self::Group)
    }
}

/// What a subscription gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gets {
    Personal,
    Group(ConversationId),
    /// Whether it gets anything is being found out.
    Pending,
}

/// One subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    /// The client's own id of it; none for clients of 1.0 that gave none.
    pub(crate) id: Option<String>,
    /// The destination as the client named it.
    pub(crate) destination: String,
    /// Whether the client wants to acknowledge what it gets.
    pub(crate) acknowledged: bool,
    gets: Gets,
    number: u64,
}

/// Why a subscription cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    TooMany,
    IdTooLong,
}

impl Unfit {
    /// As the client is told.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::TooMany => "too many subscriptions",
            Self::IdTooLong => "the id of the subscription is too long",
        }
    }
}

/// The subscriptions of a socket, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    all: Vec<Subscription>,
    next_number: u64,
}

impl Subscriptions {
    /// Adds a subscription that gets nothing yet, and gives its number. An id that is in use is taken over: clients
    /// subscribe anew without having unsubscribed.
    pub(crate) fn add(
        &mut self,
        id: Option<&str>,
        destination: &str,
        acknowledged: bool,
    ) -> Result<u64, Unfit> {
        if id.is_some_and(|id| id.len() > ID_BYTES_MAX) {
            return Err(Unfit::IdTooLong);
        }
        if id.is_some() {
            self.all.retain(|other| other.id.as_deref() != id);
        }
        if self.all.len() >= SUBSCRIPTIONS_MAX {
            return Err(Unfit::TooMany);
        }
        self.next_number += 1;
        self.all.push(Subscription {
            id: id.map(str::to_owned),
            destination: destination.to_owned(),
            acknowledged,
            gets: Gets::Pending,
            number: self.next_number,
        });
        Ok(self.next_number)
    }

    /// Lets a subscription get the personal queue, if it is still there.
    pub(crate) fn hears_personal(&mut self, number: u64) {
        self.settle(number, Gets::Personal);
    }

    /// Lets a subscription get the messages of a group, if it is still there.
    pub(crate) fn hears_group(&mut self, number: u64, conversation_id: ConversationId) {
        self.settle(number, Gets::Group(conversation_id));
    }

    fn settle(&mut self, number: u64, gets: Gets) {
        if let Some(found) = self.all.iter_mut().find(|one| one.number == number) {
            found.gets = gets;
        }
    }

    /// Takes back a subscription that may not be.
    pub(crate) fn drop_number(&mut self, number: u64) {
        self.all.retain(|one| one.number != number);
    }

    /// Ends the subscription with this id; without one, all of the destination.
    pub(crate) fn remove(&mut self, id: Option<&str>, destination: Option<&str>) {
        self.all.retain(|one| match id {
            Some(id) => one.id.as_deref() != Some(id),
            None => Some(one.destination.as_str()) != destination,
        });
    }

    /// Ends what the person may not hear any more.
    pub(crate) fn drop_group(&mut self, conversation_id: ConversationId) {
        self.all.retain(|one| one.gets != Gets::Group(conversation_id));
    }

    /// Where personal things go: the oldest subscription to the personal queue.
    pub(crate) fn personal(&self) -> Option<&Subscription> {
        self.all.iter().find(|one| one.gets == Gets::Personal)
    }

    /// Where a message of a conversation goes: to its topic if subscribed, otherwise to the personal queue.
    pub(crate) fn of_message(&self, conversation_id: ConversationId) -> Option<&Subscription> {
        let topic = self
            .all
            .iter()
            .find(|one| one.gets == Gets::Group(conversation_id));
        topic.or_else(|| self.personal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(found: Option<&Subscription>) -> Option<&str> {
        found.and_then(|one| one.id.as_deref())
    }

    #[test]
    fn a_message_goes_to_the_topic_and_without_one_to_the_personal_queue() {
        let mut all = Subscriptions::default();
        assert_eq!(id(all.of_message(7)), None);
        let personal = all.add(Some("p"), PERSONAL, false).expect("room");
        assert_eq!(id(all.of_message(7)), None, "not settled");
        all.hears_personal(personal);
        assert_eq!(id(all.of_message(7)), Some("p"));
        let topic = all.add(Some("t"), "/topic/group/g", false).expect("room");
        all.hears_group(topic, 7);
        let again = all.add(Some("u"), "/topic/group/g", false).expect("room");
        all.hears_group(again, 7);
        assert_eq!(id(all.of_message(7)), Some("t"), "the oldest");
        assert_eq!(id(all.of_message(8)), Some("p"));
        all.remove(Some("t"), None);
        assert_eq!(id(all.of_message(7)), Some("u"));
        all.drop_group(7);
        assert_eq!(id(all.of_message(7)), Some("p"));
    }

    #[test]
    fn an_id_that_is_used_again_stands_for_the_later_one() {
        let mut all = Subscriptions::default();
        let first = all.add(Some("a"), "/topic/group/g", false).expect("room");
        let second = all.add(Some("a"), PERSONAL, false).expect("room");
        all.hears_group(first, 7);
        all.hears_personal(second);
        assert_eq!(id(all.personal()), Some("a"));
        assert_eq!(all.all.len(), 1);
    }

    #[test]
    fn without_an_id_the_destination_is_unsubscribed() {
        let mut all = Subscriptions::default();
        for _ in 0..2 {
            let number = all.add(None, PERSONAL, false).expect("room");
            all.hears_personal(number);
        }
        assert_eq!(all.all.len(), 2);
        all.remove(None, Some(PERSONAL));
        assert!(all.personal().is_none());
    }

    #[test]
    fn subscriptions_have_bounds() {
        let mut all = Subscriptions::default();
        let long = "x".repeat(ID_BYTES_MAX + 1);
        assert_eq!(all.add(Some(&long), PERSONAL, false), Err(Unfit::IdTooLong));
        for number in 0..SUBSCRIPTIONS_MAX {
            all.add(Some(&number.to_string()), PERSONAL, false).expect("room");
        }
        assert_eq!(all.add(Some("more"), PERSONAL, false), Err(Unfit::TooMany));
        assert!(
            all.add(Some("7"), PERSONAL, false).is_ok(),
            "takes the place of another"
        );
    }

    #[test]
    fn destinations_have_names() {
        assert_eq!(Destination::of(PERSONAL), Some(Destination::Personal));
        assert_eq!(
            Destination::of("/topic/group/a/b"),
            Some(Destination::Group("a/b"))
        );
        for unknown in [
            "",
            "/topic/group/",
            "/topic/group",
            "/queue/messages",
            "/user/queue/messages/x",
        ] {
            assert_eq!(Destination::of(unknown), None, "{unknown}");
        }
    }
}

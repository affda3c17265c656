//! The inbox against a model that knows no cursor: it keeps for every message who has read it and when, and counts by
//! hand. Random sends, notices, broadcasts, reads, recalls, deletions and new accounts on both; then everything that
//! can be asked is asked for everybody and compared.

use std::collections::HashMap;

use crate::Actor;
use crate::app::AppActor;
use crate::command::{
    Addressee, ClearHistory, DeleteMessages, MarkRead, ReadAllFrom, ReadFrom, ReadReceived, ReadUpTo,
    RecallMessage, SendMessage, Target,
};
use crate::query::{
    CorrespondentCard, HistoryWith, Inbox, InboxMessage, Received, UnreadInbox, UnreadTotal, WhichReceived,
};
use crate::testing::{TestCore, notice};
use crate::types::{Correspondent, MessageId, Timestamp};

/// Random changes in one run.
const STEPS: usize = 250;
/// Changes between two comparisons.
const STEPS_PER_LOOK: usize = 25;
const PEOPLE_MAX: usize = 6;

/// Numbers that look random and are the same in every run with the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Person { from: usize, to: usize },
    Notice { app: usize, to: usize },
    Everybody { app: usize },
}

#[derive(Clone, Debug)]
struct Said {
    id: MessageId,
    to: To,
    at: Timestamp,
    gone: bool,
    recalled: bool,
    read_at: HashMap<usize, Timestamp>,
    cleared_by: Vec<usize>,
}

struct Person {
    actor: Actor,
    since: Timestamp,
}

struct World {
    test: TestCore,
    dice: Dice,
    apps: Vec<AppActor>,
    people: Vec<Person>,
    said: Vec<Said>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let test = TestCore::start().await;
        let apps = vec![test.app_actor("oa").await, test.app_actor("crm").await];
        let mut world = Self {
            test,
            dice: Dice(seed),
            apps,
            people: Vec::new(),
            said: Vec::new(),
        };
        for _ in 0..3 {
            world.join().await;
        }
        world
    }

    async fn join(&mut self) {
        let actor = self.test.user(&format!("user{}", self.people.len())).await;
        let since = self.test.core.now();
        self.people.push(Person { actor, since });
    }

    fn sees(&self, who: usize, said: &Said) -> bool {
        let mine = match said.to {
            To::Person { from, to } => from == who || to == who,
            To::Notice { to, .. } => to == who,
            To::Everybody { .. } => self.people[who].since < said.at,
        };
        mine && !said.gone && !said.cleared_by.contains(&who)
    }

    fn got(&self, who: usize, said: &Said) -> bool {
        self.sees(who, said) && !matches!(said.to, To::Person { from, .. } if from == who)
    }

    fn unread(&self, who: usize, said: &Said) -> bool {
        self.got(who, said) && !said.recalled && !said.read_at.contains_key(&who)
    }

    /// Marks as read what `which` picks, and tells how many that were.
    fn read(&mut self, who: usize, which: impl Fn(&Said) -> bool) -> i64 {
        let now = self.test.core.now();
        let hit: Vec<usize> = (0..self.said.len())
            .filter(|index| which(&self.said[*index]) && self.unread(who, &self.said[*index]))
            .collect();
        for index in &hit {
            self.said[*index].read_at.insert(who, now);
        }
        hit.len() as i64
    }

    async fn send(&mut self) {
        let (app, everybody) = (self.dice.roll(self.apps.len()), self.dice.roll(4) == 0);
        let (from, to) = (
            self.dice.roll(self.people.len()),
            self.dice.roll(self.people.len()),
        );
        let text = format!("message {}", self.said.len());
        let notify = |to| notice(&self.apps[app], to, &text);
        let system = Actor::system(1);
        let (to, sent) = if from != to && self.dice.roll(2) == 0 {
            let target = Target::User(self.people[to].actor.user_id);
            let message = SendMessage::text(target, &text);
            let sent = self.test.core.execute(&self.people[from].actor, message).await;
            (To::Person { from, to }, sent)
        } else if everybody {
            let sent = self
                .test
                .core
                .execute(&system, notify(Addressee::Everybody))
                .await;
            (To::Everybody { app }, sent)
        } else {
            let receiver = Addressee::User(self.people[to].actor.user_id);
            let sent = self.test.core.execute(&system, notify(receiver)).await;
            (To::Notice { app, to }, sent)
        };
        self.said.push(Said {
            id: sent.unwrap().view.message.id,
            to,
            at: self.test.core.now(),
            gone: false,
            recalled: false,
            read_at: HashMap::new(),
            cleared_by: Vec::new(),
        });
    }

    async fn read_one(&mut self) {
        if self.said.is_empty() {
            return;
        }
        let (who, which) = (self.dice.roll(self.people.len()), self.dice.roll(self.said.len()));
        let said = self.said[which].clone();
        if said.recalled {
            return;
        }
        let read = ReadReceived { message_id: said.id };
        let result = self.test.core.execute(&self.people[who].actor, read).await;
        assert_eq!(result.is_ok(), self.got(who, &said), "{said:?} for {who}");
        let newly = self.read(who, |other| other.id == said.id);
        if let Ok(result) = result {
            assert_eq!(i64::from(result.newly), newly, "{said:?} for {who}");
            assert!(result.message.read);
        }
    }

    async fn read_many(&mut self) {
        let who = self.dice.roll(self.people.len());
        let (app, other) = (self.dice.roll(self.apps.len()), self.dice.roll(self.people.len()));
        let actor = self.people[who].actor.clone();
        let pair = move |to: To| to == To::Person { from: other, to: who };
        let of_app =
            move |to: To| matches!(to, To::Notice { app: of, .. } | To::Everybody { app: of } if of == app);
        let core = self.test.core.clone();
        let all_from = |from| core.execute(&actor, ReadAllFrom { from });
        let (counted, by_hand) = match self.dice.roll(4) {
            0 => {
                let person = Correspondent::Person(self.people[other].actor.user_id);
                let counted = all_from(ReadFrom::One(person)).await;
                (counted, self.read(who, |said| pair(said.to)))
            }
            1 => {
                let app = Correspondent::App(self.apps[app].app_id);
                let counted = all_from(ReadFrom::One(app)).await;
                (counted, self.read(who, |said| of_app(said.to)))
            }
            2 => {
                let counted = all_from(ReadFrom::Apps).await;
                (
                    counted,
                    self.read(who, |said| !matches!(said.to, To::Person { .. })),
                )
            }
            _ => (core.read_inbox(&actor).await, self.read(who, |_| true)),
        };
        assert_eq!(counted.unwrap(), by_hand);
    }

    /// What clients of other kinds do to direct conversations.
    async fn change_direct(&mut self) {
        let mut direct = self
            .said
            .iter()
            .enumerate()
            .filter_map(|(index, said)| match said.to {
                To::Person { from, to } if !said.gone => Some((index, said.id, from, to)),
                _ => None,
            });
        let count = direct.clone().count();
        if count == 0 {
            return;
        }
        let (index, id, from, to) = direct.nth(self.dice.roll(count)).unwrap();
        let core = self.test.core.clone();
        let (sender, receiver) = (self.people[from].actor.clone(), self.people[to].actor.clone());
        let conversation_id = self.test.direct(&sender, &receiver).await;
        match self.dice.roll(4) {
            0 => {
                let recalled = core.execute(&sender, RecallMessage { message_id: id }).await;
                self.said[index].recalled |= recalled.is_ok();
            }
            1 => {
                let delete = DeleteMessages {
                    message_ids: vec![id],
                };
                self.said[index].gone |= core.execute(&sender, delete).await.is_ok();
            }
            2 => {
                let up_to = ReadUpTo::Message(id);
                let read = MarkRead {
                    conversation_id,
                    up_to,
                };
                core.execute(&receiver, read).await.unwrap();
                self.read(to, |said| said.to == To::Person { from, to } && said.id <= id);
            }
            _ if self.dice.roll(4) == 0 => {
                core.execute(&receiver, ClearHistory { conversation_id })
                    .await
                    .unwrap();
                self.read(to, |said| said.to == To::Person { from, to });
                for said in &mut self.said {
                    if [To::Person { from, to }, To::Person { from: to, to: from }].contains(&said.to) {
                        said.cleared_by.push(to);
                    }
                }
            }
            _ => {}
        }
    }

    async fn step(&mut self) {
        self.test.clock.advance_seconds(1);
        match self.dice.roll(20) {
            0 if self.people.len() < PEOPLE_MAX => self.join().await,
            0..=8 => self.send().await,
            9..=13 => self.read_one().await,
            14..=15 => self.read_many().await,
            _ => self.change_direct().await,
        }
    }

    /// Which conversation of `who` this message is in.
    fn with(&self, who: usize, said: &Said) -> Correspondent {
        match said.to {
            To::Person { from, to } => {
                Correspondent::Person(self.people[if from == who { to } else { from }].actor.user_id)
            }
            To::Notice { app, .. } | To::Everybody { app } => Correspondent::App(self.apps[app].app_id),
        }
    }

    /// The model's messages that `which` picks, newest first.
    fn ids(&self, which: impl Fn(&Said) -> bool) -> Vec<MessageId> {
        let picked = self.said.iter().filter(|said| which(said));
        let mut ids: Vec<MessageId> = picked.map(|said| said.id).collect();
        ids.reverse();
        ids
    }

    async fn compare(&mut self) {
        for who in 0..self.people.len() {
            self.compare_lists(who).await;
            self.compare_history(who).await;
        }
    }

    async fn compare_lists(&mut self, who: usize) {
        let core = self.test.core.clone();
        let actor = self.people[who].actor.clone();
        let unread = self.ids(|said| self.unread(who, said));
        let counted = core.query(&actor, UnreadInbox).await.unwrap();
        assert_eq!(counted, unread.len() as i64, "unread of {who}");
        let in_directs = self.ids(|said| self.unread(who, said) && matches!(said.to, To::Person { .. }));
        let elsewhere = core.query(&actor, UnreadTotal).await.unwrap();
        assert_eq!(
            elsewhere,
            in_directs.len() as i64,
            "direct unread of {who}, as other clients count"
        );

        let mut lines: HashMap<Correspondent, (MessageId, i64)> = HashMap::new();
        for said in self.said.iter().filter(|said| self.sees(who, said)) {
            let line = lines.entry(self.with(who, said)).or_default();
            line.0 = line.0.max(said.id);
            line.1 += i64::from(self.unread(who, said));
        }
        let listed = core.query(&actor, Inbox).await.unwrap();
        assert!(listed.is_sorted_by_key(|entry| std::cmp::Reverse(entry.last.view.message.id)));
        let listed: HashMap<Correspondent, (MessageId, i64)> = listed
            .iter()
            .map(|entry| (of_card(&entry.with), (entry.last.view.message.id, entry.unread)))
            .collect();
        assert_eq!(listed, lines, "list of {who}");

        for (which, all) in [
            (WhichReceived::Unread, unread),
            (WhichReceived::All, self.ids(|said| self.got(who, said))),
        ] {
            let skip = self.dice.roll(all.len() + 2);
            let limit = self.dice.roll(20) + 1;
            let page = Received {
                skip: skip as i64,
                limit: limit as i64,
                which,
            };
            let found = core.query(&actor, page).await.unwrap();
            let expected: Vec<MessageId> = all.into_iter().skip(skip).take(limit).collect();
            assert_eq!(ids_of(&found), expected, "{which:?} of {who}, {skip} {limit}");
        }
    }

    async fn compare_history(&mut self, who: usize) {
        let core = self.test.core.clone();
        let actor = self.people[who].actor.clone();
        let people = self
            .people
            .iter()
            .map(|person| Correspondent::Person(person.actor.user_id));
        let apps = self.apps.iter().map(|app| Correspondent::App(app.app_id));
        let others: Vec<Correspondent> = people.chain(apps).collect();
        for with in others {
            let all = self.ids(|said| self.sees(who, said) && self.with(who, said) == with);
            let skip = self.dice.roll(all.len() + 2);
            let limit = self.dice.roll(20) + 1;
            let page = HistoryWith {
                with,
                skip: skip as i64,
                limit: limit as i64,
            };
            let found = core.query(&actor, page).await.unwrap();
            let expected: Vec<MessageId> = all.into_iter().skip(skip).take(limit).collect();
            assert_eq!(
                ids_of(&found),
                expected,
                "history of {who} with {with:?}, {skip} {limit}"
            );
            for message in found {
                self.compare_reading(who, &message);
            }
        }
    }

    fn compare_reading(&self, who: usize, message: &InboxMessage) {
        let said = self
            .said
            .iter()
            .find(|said| said.id == message.view.message.id)
            .unwrap();
        if said.recalled {
            return;
        }
        let reader = match said.to {
            To::Person { from, to } if from == who => to,
            _ => who,
        };
        let read_at = said.read_at.get(&reader).copied();
        assert_eq!(
            (message.read, message.read_at),
            (read_at.is_some(), read_at),
            "{said:?} as {who} sees it"
        );
    }
}

fn of_card(card: &CorrespondentCard) -> Correspondent {
    match card {
        CorrespondentCard::Person { id, .. } => Correspondent::Person(*id),
        CorrespondentCard::App(app) => Correspondent::App(app.id),
        CorrespondentCard::Server => Correspondent::Server,
    }
}

fn ids_of(messages: &[InboxMessage]) -> Vec<MessageId> {
    messages.iter().map(|message| message.view.message.id).collect()
}

#[tokio::test]
async fn what_is_counted_is_what_a_person_would_count() {
    for seed in [7, 4_711, 0x5eed_5eed] {
        println!("seed {seed}");
        let mut world = World::new(seed).await;
        for step in 1..=STEPS {
            world.step().await;
            if step % STEPS_PER_LOOK == 0 {
                world.compare().await;
            }
        }
    }
}

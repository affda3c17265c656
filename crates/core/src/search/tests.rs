//! Search against a plain list of what was said: whatever the index does, it has to find the same.

use parlance_store::Tx;
use parlance_store::table::{member, message};

use crate::command::{Command, Context};
use crate::event::{Event, MessageChange, MessageRef};
use crate::place::Place;
use crate::query::{Page, SearchMessages, TextMatch};
use crate::search::indexer::{Survey, survey_of};
use crate::search::normalise;
use crate::testing::TestCore;
use crate::types::{ConversationId, MessageId, MessageView};
use crate::{Actor, ErrorKind, Result};

/// Numbers that look random and are the same in every run with the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }

    /// A text from so few characters that parts of it come up elsewhere.
    fn text(&mut self) -> String {
        let chars: Vec<char> = "你好明天开会吗的是在会议aAbBeE 1%_\\'\"😀é，".chars().collect();
        let length = 1 + self.roll(14);
        let mut text: String = (0..length).map(|_| *self.one_of(&chars)).collect();
        if text.trim().is_empty() {
            text.push('会');
        }
        text
    }
}

#[derive(Clone, Copy)]
enum Change {
    Recall,
    Delete,
}

/// What the commands of the same names do to a row, without their conditions.
struct Withdraw(MessageId, Change);

async fn reference<T: Tx>(cx: &mut Context<'_, T>, id: MessageId) -> (message::Message, MessageRef) {
    let row = message::by_id(cx.tx, id).await.unwrap().unwrap();
    let at = MessageRef {
        conversation_id: row.conversation_id,
        message_id: row.id,
        seq: row.seq,
        by: cx.actor.user_id,
        by_name: String::new(),
        at: cx.now,
    };
    (row, at)
}

fn changed(message: message::Message, at: MessageRef) -> Box<MessageChange> {
    let view = MessageView {
        message,
        sender: None,
        quote: None,
    };
    Box::new(MessageChange {
        at,
        view,
        mentioned: Vec::new(),
        place: Place::Direct { low: 1, high: 2 },
    })
}

impl Command for Withdraw {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut row, at) = reference(cx, self.0).await;
        row.uncounted = true;
        match self.1 {
            Change::Recall => row.recalled_at = Some(cx.now),
            Change::Delete => row.deleted_at = Some(cx.now),
        }
        message::update(cx.tx, &row).await?;
        cx.record(match self.1 {
            Change::Recall => Event::MessageRecalled(changed(row, at)),
            Change::Delete => Event::MessageDeleted(at),
        });
        Ok(())
    }
}

struct Edit(MessageId, String);

impl Command for Edit {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let (mut row, at) = reference(cx, self.0).await;
        row.content.clone_from(&self.1);
        row.edited_at = Some(cx.now);
        message::update(cx.tx, &row).await?;
        cx.record(Event::MessageEdited(changed(row, at)));
        Ok(())
    }
}

struct ClearUpTo(ConversationId, i64);

impl Command for ClearUpTo {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut mine = member::get(cx.tx, self.0, cx.actor.user_id).await?.unwrap();
        mine.cleared_seq = self.1;
        member::update(cx.tx, &mine).await?;
        Ok(())
    }
}

struct Leave(ConversationId);

impl Command for Leave {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let mut mine = member::get(cx.tx, self.0, cx.actor.user_id).await?.unwrap();
        mine.state = false;
        member::update(cx.tx, &mine).await?;
        Ok(())
    }
}

/// Waits until the index has taken up all it wants to.
async fn settled(test: &TestCore) -> Survey {
    loop {
        let survey = survey_of(test.core.store()).await.unwrap();
        if survey.is_settled() {
            return survey;
        }
        tokio::task::yield_now().await;
    }
}

async fn ids(test: &TestCore, actor: &Actor, search: SearchMessages) -> Vec<MessageId> {
    let found = test.core.query(actor, search).await.unwrap();
    assert!(found.exact);
    assert_eq!(found.total, found.messages.len(), "all on the first page");
    found.messages.into_iter().map(|found| found.message.id).collect()
}

fn hundred(keyword: &str) -> SearchMessages {
    let page = Page { number: 1, size: 100 };
    SearchMessages {
        page,
        ..SearchMessages::for_text(keyword)
    }
}

struct Said {
    id: MessageId,
    conversation: usize,
    seq: i64,
    text: String,
}

/// Everything that was said, and how far each of three people can see.
struct Model {
    people: Vec<Actor>,
    conversations: Vec<ConversationId>,
    /// Who is in which conversation, and after which seq.
    places: Vec<Vec<Option<i64>>>,
    said: Vec<Said>,
}

impl Model {
    async fn new(test: &TestCore) -> Self {
        let mut people = Vec::new();
        for uid in ["ann", "bob", "cleo"] {
            people.push(test.user(uid).await);
        }
        let mut conversations = Vec::new();
        let mut places = Vec::new();
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            conversations.push(test.direct(&people[a], &people[b]).await);
            places.push((0..3).map(|who| (who == a || who == b).then_some(0)).collect());
        }
        Self {
            people,
            conversations,
            places,
            said: Vec::new(),
        }
    }

    async fn change(&mut self, test: &TestCore, dice: &mut Dice) {
        let roll = dice.roll(20);
        if self.said.len() < 10 || roll < 16 {
            let conversation = dice.roll(3);
            let writers: Vec<usize> = (0..3)
                .filter(|who| self.places[conversation][*who].is_some())
                .collect();
            let writer = *dice.one_of(&writers);
            let text = dice.text();
            let sent = test
                .say(&self.people[writer], self.conversations[conversation], &text)
                .await;
            test.clock.advance_seconds(1);
            let (id, seq) = (sent.view.message.id, sent.view.message.seq);
            self.said.push(Said {
                id,
                conversation,
                seq,
                text,
            });
            return;
        }
        let which = dice.roll(self.said.len());
        let id = self.said[which].id;
        let someone = self.people[0].clone();
        match roll {
            16 => test
                .core
                .execute(&someone, Withdraw(id, Change::Recall))
                .await
                .unwrap(),
            17 => test
                .core
                .execute(&someone, Withdraw(id, Change::Delete))
                .await
                .unwrap(),
            _ => {
                let text = dice.text();
                self.said[which].text.clone_from(&text);
                return test.core.execute(&someone, Edit(id, text)).await.unwrap();
            }
        }
        self.said.remove(which);
    }

    /// What a person should find, newest first, by looking at everything.
    fn expected(&self, who: usize, needle: &str) -> Vec<MessageId> {
        let needle = normalise(needle.trim());
        let seen = |said: &&Said| self.places[said.conversation][who].is_some_and(|floor| said.seq > floor);
        let hits = self.said.iter().filter(seen);
        let hits = hits.filter(|said| normalise(&said.text).contains(&needle));
        let mut ids: Vec<MessageId> = hits.map(|said| said.id).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids
    }

    async fn check(&self, test: &TestCore, dice: &mut Dice) {
        for _ in 0..12 {
            let text: Vec<char> = dice.one_of(&self.said).text.chars().collect();
            let from = dice.roll(text.len());
            let needle: String = text[from..].iter().take(1 + dice.roll(5)).collect();
            if needle.trim().is_empty() {
                continue;
            }
            for who in 0..3 {
                let expected = self.expected(who, &needle);
                let mut page = hundred(&needle);
                let mut found = Vec::new();
                loop {
                    let answer = test.core.query(&self.people[who], page.clone()).await.unwrap();
                    assert_eq!(answer.total, expected.len(), "total for {needle:?}");
                    if answer.messages.is_empty() {
                        break;
                    }
                    found.extend(answer.messages.into_iter().map(|found| found.message.id));
                    page.page.number += 1;
                }
                assert_eq!(found, expected, "person {who} looks for {needle:?}");
            }
        }
    }
}

async fn same_as_a_plain_list(seed: u64) {
    let mut test = TestCore::start().await;
    let mut dice = Dice(seed);
    let mut model = Model::new(&test).await;
    for round in 0..6 {
        for _ in 0..60 {
            model.change(&test, &mut dice).await;
        }
        // At once, with most of it not indexed yet; then indexed; then after a restart.
        model.check(&test, &mut dice).await;
        let survey = settled(&test).await;
        assert!(survey.segments() > 0, "there must be an index to test");
        model.check(&test, &mut dice).await;
        if round == 2 {
            test = test.restart().await;
            model.check(&test, &mut dice).await;
        }
        if round == 3 {
            let last = model
                .said
                .iter()
                .filter(|said| said.conversation == 0)
                .map(|said| said.seq)
                .max();
            let clear = ClearUpTo(model.conversations[0], last.unwrap() / 2);
            model.places[0][0] = Some(clear.1);
            test.core.execute(&model.people[0], clear).await.unwrap();
            model.places[1][2] = None;
            test.core
                .execute(&model.people[2], Leave(model.conversations[1]))
                .await
                .unwrap();
        }
    }
    assert!(
        settled(&test).await.top_level() > 0,
        "there must have been a merge"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_finds_what_a_plain_list_finds() {
    for seed in [1, 20_260_109, 0xdead_beef] {
        println!("seed {seed}");
        same_as_a_plain_list(seed).await;
    }
}

#[tokio::test]
async fn what_is_found_follows_edits_and_recalls_at_once() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let room = test.direct(&ann, &bob).await;
    let mut sent = Vec::new();
    for number in 0..40 {
        sent.push(
            test.say(&ann, room, &format!("会议 {number}"))
                .await
                .view
                .message
                .id,
        );
    }
    settled(&test).await;
    let id = sent[0];
    test.core.execute(&ann, Edit(id, "聚餐".into())).await.unwrap();
    assert_eq!(ids(&test, &bob, hundred("聚餐")).await, [id]);
    assert_eq!(ids(&test, &bob, hundred("会议")).await.len(), 39);
    test.core
        .execute(&ann, Withdraw(id, Change::Recall))
        .await
        .unwrap();
    assert!(ids(&test, &bob, hundred("聚餐")).await.is_empty());
    test.core
        .execute(&ann, Withdraw(sent[1], Change::Delete))
        .await
        .unwrap();
    assert_eq!(ids(&test, &bob, hundred("会议")).await.len(), 38);
}

#[tokio::test]
async fn filters_narrow_what_is_found() {
    let test = TestCore::start().await;
    let (ann, bob, cleo) = (
        test.user("ann").await,
        test.user("bob").await,
        test.user("cleo").await,
    );
    let (ab, ac) = (test.direct(&ann, &bob).await, test.direct(&ann, &cleo).await);
    let early = test.say(&ann, ab, "项目报告").await.view.message;
    test.clock.advance_seconds(3600);
    let late = test.say(&bob, ab, "报告").await.view.message;
    let other = test.say(&cleo, ac, "年度报告").await.view.message;
    let all = hundred("报告");
    assert_eq!(ids(&test, &ann, all.clone()).await, [other.id, late.id, early.id]);
    assert_eq!(
        ids(&test, &bob, all.clone()).await,
        [late.id, early.id],
        "not from elsewhere"
    );
    let here = SearchMessages {
        conversation_id: Some(ac),
        ..all.clone()
    };
    assert_eq!(ids(&test, &ann, here.clone()).await, [other.id]);
    assert_eq!(
        test.core.query(&bob, here).await.unwrap_err().kind,
        ErrorKind::NotMember
    );
    let by_bob = SearchMessages {
        sender_id: Some(bob.user_id),
        ..all.clone()
    };
    assert_eq!(ids(&test, &ann, by_bob).await, [late.id]);
    let before = SearchMessages {
        before: Some(late.created_at),
        ..all.clone()
    };
    assert_eq!(ids(&test, &ann, before).await, [early.id]);
    let from = SearchMessages {
        from: Some(late.created_at),
        ..all.clone()
    };
    assert_eq!(ids(&test, &ann, from).await, [other.id, late.id]);
    let whole = SearchMessages {
        matching: TextMatch::Whole,
        ..all.clone()
    };
    assert_eq!(ids(&test, &ann, whole).await, [late.id]);
    let images = SearchMessages {
        content_type: Some("IMAGE".into()),
        ..all.clone()
    };
    assert!(ids(&test, &ann, images).await.is_empty());
    let texts = SearchMessages {
        content_type: Some("TEXT".into()),
        ..all
    };
    assert_eq!(ids(&test, &ann, texts).await.len(), 3);
}

#[tokio::test]
async fn pages_and_totals_agree() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let room = test.direct(&ann, &bob).await;
    for number in 0..45 {
        test.say(&ann, room, &format!("Weekly Report {number}")).await;
    }
    let page = |number, size| SearchMessages {
        page: Page { number, size },
        ..SearchMessages::for_text("weekly ｒｅｐｏｒｔ")
    };
    let second = test.core.query(&bob, page(2, 20)).await.unwrap();
    assert_eq!((second.total, second.messages.len()), (45, 20));
    assert_eq!(second.messages[0].message.content, "Weekly Report 24");
    assert_eq!(second.messages[0].snippet, "Weekly Report 24");
    assert_eq!(second.messages[0].sender.as_ref().unwrap().uid, "ann");
    assert_eq!(
        test.core.query(&bob, page(3, 20)).await.unwrap().messages.len(),
        5
    );
    assert!(
        test.core
            .query(&bob, page(4, 20))
            .await
            .unwrap()
            .messages
            .is_empty()
    );
    assert!(
        test.core
            .query(&bob, page(usize::MAX, usize::MAX))
            .await
            .unwrap()
            .messages
            .is_empty()
    );
    assert_eq!(test.core.query(&bob, page(0, 0)).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn a_text_of_64_kib_is_found_by_any_part_and_shown_in_part() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let room = test.direct(&ann, &bob).await;
    let text = format!("{}针尖{}", "草".repeat(12_000), "草".repeat(9_800));
    assert!(text.len() > 65_000 && text.len() <= 65_536);
    let id = test.say(&ann, room, &text).await.view.message.id;
    for number in 0..40 {
        test.say(&ann, room, &format!("草 {number}")).await;
    }
    settled(&test).await;
    assert_eq!(ids(&test, &bob, hundred("针尖")).await, [id]);
    assert_eq!(ids(&test, &bob, hundred("尖")).await, [id]);
    assert_eq!(ids(&test, &bob, hundred("草草草草")).await, [id]);
    let found = test.core.query(&bob, hundred("针尖")).await.unwrap();
    assert_eq!(found.messages[0].snippet.chars().count(), 100);
    assert!(found.messages[0].snippet.contains("草针尖草"));
}

#[tokio::test]
async fn odd_keywords_are_answered_or_refused_politely() {
    let test = TestCore::start().await;
    let (ann, bob) = (test.user("ann").await, test.user("bob").await);
    let room = test.direct(&ann, &bob).await;
    let percent = test.say(&ann, room, "100%_off\\ 'now'").await.view.message.id;
    let emoji = test.say(&ann, room, "生日快乐🎂🎉").await.view.message.id;
    for keyword in ["%", "_", "\\", "'", "0%_o", "%_off\\ 'n"] {
        assert_eq!(ids(&test, &bob, hundred(keyword)).await, [percent], "{keyword}");
    }
    for keyword in ["🎂", "🎂🎉", "乐🎂"] {
        assert_eq!(ids(&test, &bob, hundred(keyword)).await, [emoji], "{keyword}");
    }
    assert!(ids(&test, &bob, hundred("..\0//")).await.is_empty());
    for keyword in ["", "   ", "\u{200b}", "\u{3000}", &"长".repeat(101)] {
        let refused = test.core.query(&bob, hundred(keyword)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Invalid, "{keyword:?}");
    }
}

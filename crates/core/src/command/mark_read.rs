//! Moves a member's read cursor, or marks single messages beyond it as read.

use parlance_store::Tx;
use parlance_store::table::{member, message, read_mark, single_read};

use crate::command::{Command, Context};
use crate::error::{Error, Result};
use crate::event::{Event, MessagesRead};
use crate::policy::{self, Membership};
use crate::types::{ConversationId, ConversationKind, Message, MessageId, Seq};

/// Messages named in one call at most.
const MESSAGE_IDS_MAX: usize = 1_000;
/// Ids of newly read messages told to others when the cursor moves; who reads more at once is told the last id.
const TOLD_IDS_MAX: i64 = 100;

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadUpTo {
    /// Everything there is.
    Newest,
    /// Everything up to this message. An id that is not of the conversation changes nothing.
    Message(MessageId),
    /// Exactly these; ids that are not of the conversation are passed over.
    Exactly(Vec<MessageId>),
}

/// Marks messages of a conversation as read. Cursors never move back; reading again changes nothing.
///
/// # Errors
/// `ConversationMissing`, `NotMember`, `Invalid` for more than 1,000 ids.
#[derive(Clone, Debug)]
pub struct MarkRead {
    /// Where.
    pub conversation_id: ConversationId,
    /// What.
    pub up_to: ReadUpTo,
}

impl Command for MarkRead {
    type Reply = ();

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<()> {
        let place = policy::membership(cx.tx, cx.actor, self.conversation_id).await?;
        match &self.up_to {
            ReadUpTo::Newest => {
                let newest = place.conversation.last_seq;
                read_to(cx, place, newest).await
            }
            ReadUpTo::Message(id) => match message::by_id(cx.tx, *id).await? {
                Some(message) if message.conversation_id == self.conversation_id => {
                    read_to(cx, place, message.seq).await
                }
                _ => Ok(()),
            },
            ReadUpTo::Exactly(ids) if ids.len() > MESSAGE_IDS_MAX => Err(Error::invalid(format!(
                "at most {MESSAGE_IDS_MAX} messages are marked at once"
            ))),
            ReadUpTo::Exactly(ids) => read_exactly(cx, place, ids).await.map(|_| ()),
        }
    }
}

/// Moves the cursor to `seq`, unless it is there already.
pub(crate) async fn read_to<T: Tx>(cx: &mut Context<'_, T>, place: Membership, seq: i64) -> Result<()> {
    let before = place.member.read_seq;
    if seq <= before {
        return Ok(());
    }
    let (conversation_id, me) = (place.member.conversation_id, cx.actor.user_id);
    let told = message::unread_between(cx.tx, &place.member, before, seq, TOLD_IDS_MAX).await?;
    move_cursor(cx, place, seq).await?;
    let last_message_id = message::id_at(cx.tx, conversation_id, seq).await?;
    cx.record(Event::MessagesRead(MessagesRead {
        conversation_id,
        user_id: me,
        read_seq: seq,
        last_message_id,
        message_ids: told,
        at: cx.now,
    }));
    Ok(())
}

/// Marks messages one by one, and tells how many were not read before; the cursor follows where they close the gap
/// behind it.
pub(crate) async fn read_exactly<T: Tx>(
    cx: &mut Context<'_, T>,
    place: Membership,
    ids: &[MessageId],
) -> Result<usize> {
    let (conversation_id, me) = (place.member.conversation_id, cx.actor.user_id);
    let mut newly: Vec<Message> = Vec::new();
    for id in ids {
        let Some(message) = message::by_id(cx.tx, *id).await? else {
            continue;
        };
        let counts = message.conversation_id == conversation_id
            && message.seq > place.member.read_seq
            && place.sees(&message)
            && message.sender_id != Some(me);
        if counts && single_read::insert(cx.tx, conversation_id, me, message.seq, cx.now).await? {
            newly.push(message);
        }
    }
    if newly.is_empty() {
        return Ok(0);
    }
    newly.sort_by_key(|message| message.seq);
    let read_seq = message::first_unread(cx.tx, &place.member, place.conversation.last_seq).await? - 1;
    if read_seq > place.member.read_seq {
        move_cursor(cx, place, read_seq).await?;
    }
    cx.record(Event::MessagesRead(MessagesRead {
        conversation_id,
        user_id: me,
        read_seq,
        last_message_id: newly.last().map(|message| message.id),
        message_ids: newly.iter().map(|message| message.id).collect(),
        at: cx.now,
    }));
    Ok(newly.len())
}

async fn move_cursor<T: Tx>(cx: &mut Context<'_, T>, place: Membership, seq: i64) -> Result<()> {
    let passed = Passed {
        conversation_id: place.conversation.id,
        kind: place.kind(),
        after: place.member.read_seq,
        upto: seq,
    };
    let mut mine = place.member;
    mine.own_after_read = if seq >= place.conversation.last_seq {
        0
    } else {
        message::count_own_after(cx.tx, mine.conversation_id, seq, mine.user_id).await?
    };
    mine.read_seq = seq;
    mine.delivered_seq = mine.delivered_seq.max(seq);
    mine.read_at = Some(cx.now);
    member::update(cx.tx, &mine).await?;
    settle(cx, passed).await
}

/// The way that a read cursor has gone.
pub(crate) struct Passed {
    pub(crate) conversation_id: ConversationId,
    pub(crate) kind: ConversationKind,
    pub(crate) after: Seq,
    pub(crate) upto: Seq,
}

/// What follows when a cursor of the caller's has moved: single reads behind it are of use no more, except for their
/// times where somebody may ask when a message was read.
pub(crate) async fn settle<T: Tx>(cx: &mut Context<'_, T>, passed: Passed) -> Result<()> {
    let (id, me) = (passed.conversation_id, cx.actor.user_id);
    if passed.kind == ConversationKind::Group {
        return Ok(single_read::fold(cx.tx, id, me, passed.upto).await?);
    }
    read_mark::insert(cx.tx, id, me, passed.upto, cx.now).await?;
    single_read::fold_into_mark(cx.tx, id, me, (passed.after, passed.upto), cx.now).await?;
    Ok(())
}

//! Sends a message: the one way by which a message comes to be, whatever the dialect.

use parlance_store::Tx;
use parlance_store::table::{conversation, file, inbox, member, mention, message, user};

use crate::command::notify::notify_each;
use crate::command::{Command, Context, NamedFiles, message_change, open_direct};
use crate::env::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, MessageSent};
use crate::files::row_of_keys;
use crate::place::Place;
use crate::policy;
use crate::types::{
    ConversationId, ConversationKind, Extra, Message, MessageId, MessageView, NotificationKind, Quote, Role,
    UserCard, UserId,
};

/// Bytes of a client's own message id.
const CLIENT_ID_BYTES_MAX: usize = 256;
/// Bytes of a content type's name.
const CONTENT_TYPE_BYTES_MAX: usize = 32;
/// People mentioned by name in one message; more are not taken.
const MENTIONS_MAX: usize = 100;

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into this conversation.
    Conversation(ConversationId),
    /// Into the group with this UUID.
    Group(String),
    /// Into the group that clients know by this text id.
    GroupKey(String),
    /// To this person: into the direct conversation, which is made if needed.
    User(UserId),
    /// To the person with this text id, in the same way.
    Uid(String),
}

/// Who is mentioned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// By name; who is not a member is passed over.
    pub user_ids: Vec<UserId>,
    /// By text id, in the same way.
    pub uids: Vec<String>,
    /// Everybody; counts only from an owner or administrator of a group.
    pub all: bool,
}

/// Whether a message may say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blank {
    /// Content is needed, and in a text something other than blanks.
    #[default]
    Refused,
    /// Content may be empty: its type says it all.
    Allowed,
}

/// A message to send.
///
/// # Errors
/// `ConversationMissing`, `NotMember`, `ReceiverMissing`, `SenderMissing`, `ContentEmpty`, `TooLarge`, `Muted`,
/// `Blocked`, `NotContacts`, `MessageMissing` for a quote that is not of this conversation, `IdempotencyConflict`, `Forbidden` for a
/// file that it surely names and that is not the sender's to pass on.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Where to.
    pub target: Target,
    /// `TEXT`, `IMAGE`, …: 1–32 upper-case letters or `_`; `CUSTOM:` and a number for what only its sender knows.
    pub content_type: String,
    /// The content, opaque for all types but `TEXT`.
    pub content: String,
    /// Whether there may be none.
    pub blank: Blank,
    /// The sender's own id: a second message with it is answered with the first.
    pub client_id: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The message it was forwarded from; the caller has checked that it is readable.
    pub forwarded_from: Option<MessageId>,
    /// Kept for the dialect and given back to it, never read.
    pub extra: Option<Extra>,
    /// Who is mentioned.
    pub mentions: Mentions,
    /// Files that the content names: whoever sees the message may open them.
    pub files: NamedFiles,
}

impl SendMessage {
    /// A plain text into a conversation.
    pub fn text(target: Target, content: impl Into<String>) -> Self {
        Self {
            target,
            content_type: "TEXT".into(),
            content: content.into(),
            blank: Blank::Refused,
            client_id: None,
            reply_to: None,
            forwarded_from: None,
            extra: None,
            mentions: Mentions::default(),
            files: NamedFiles::default(),
        }
    }
}

/// The message as it stands.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message with what is shown beside it.
    pub view: MessageView,
    /// Where it stands.
    pub place: Place,
    /// Whether it had been sent before under the same client id.
    pub repeated: bool,
}

impl Command for SendMessage {
    type Reply = Sent;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Sent> {
        self.check_form(&cx.env.limits)?;
        if let Some(earlier) = self.earlier(cx).await? {
            return Ok(earlier);
        }
        let conversation_id = self.conversation(cx).await?;
        let scope = message::send_scope(cx.tx, cx.actor.user_id, conversation_id).await?;
        let scope = scope
            .filter(|scope| scope.tenant_id == cx.actor.tenant_id && scope.dissolved_at.is_none())
            .ok_or(ErrorKind::ConversationMissing)?;
        let role = policy::place_to_send(cx.actor, &scope)?;
        policy::may_say(cx.tx, cx.actor, cx.env, &scope, cx.now).await?;
        let kind = ConversationKind::of(scope.kind);
        let place = place_of(&scope);
        let quote = self.quote(cx, conversation_id, scope.floor).await?;

        let carried = self.files.carried(cx, self.forwarded_from).await?;
        let mut message = self.row(cx, conversation_id, scope.last_seq + 1, role, kind);
        message.files = row_of_keys(&carried);
        message::insert(cx.tx, &message).await?;
        conversation::advance(cx.tx, conversation_id, message.seq, message.id, cx.now).await?;
        member::count_own(cx.tx, conversation_id, cx.actor.user_id).await?;
        let mentioned = self.mention(cx, &message).await?;
        let uids = if mentioned.is_empty() {
            Vec::new()
        } else {
            message_change::mentioned(cx.tx, message.id).await?
        };
        for file in &carried {
            file::share(cx.tx, file.id, conversation_id, message.id).await?;
        }
        let sender = UserCard::new(
            cx.actor.user_id,
            scope.sender_uid,
            scope.sender_name,
            scope.sender_nickname,
            scope.sender_avatar,
        );
        let view = MessageView {
            message,
            sender: Some(sender),
            quote,
        };
        cx.record(Event::MessageSent(Box::new(MessageSent {
            view: view.clone(),
            place: place.clone(),
            mentioned: uids,
            origin: cx.actor.session,
        })));
        let name = view.sender.as_ref().map_or("", |sender| sender.name.as_str());
        let told = NotificationKind::Mentioned;
        notify_each(cx, &mentioned, told, name, view.message.id).await?;
        Ok(Sent {
            view,
            place,
            repeated: false,
        })
    }
}

impl SendMessage {
    /// Which conversation the target is; the direct one with a person is made if needed.
    async fn conversation<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<ConversationId> {
        match &self.target {
            Target::Conversation(id) => Ok(*id),
            Target::Group(uuid) => {
                let found = conversation::id_by_uuid(cx.tx, uuid).await?;
                found.ok_or_else(|| ErrorKind::ConversationMissing.into())
            }
            Target::GroupKey(key) => {
                let found = conversation::id_by_key(cx.tx, cx.actor.tenant_id, key).await?;
                found.ok_or_else(|| ErrorKind::GroupMissing.into())
            }
            Target::User(peer_id) => Ok(open_direct::open(cx, *peer_id).await?.conversation_id),
            Target::Uid(uid) => {
                let peer = user::id_of(cx.tx, cx.actor.tenant_id, uid).await?;
                let peer_id = peer.ok_or(ErrorKind::ReceiverMissing)?;
                Ok(open_direct::open(cx, peer_id).await?.conversation_id)
            }
        }
    }

    /// Whether it can be a message at all.
    pub(crate) fn check_form(&self, limits: &Limits) -> Result<()> {
        match self.blank {
            Blank::Refused => check_content(&self.content_type, &self.content, limits)?,
            Blank::Allowed => check_length(&self.content, limits)?,
        }
        let most = limits.content_bytes_max;
        if self.extra.as_ref().is_some_and(|extra| extra.json.len() > most) {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("what goes with a message holds at most {most} bytes"),
            ));
        }
        if self.content_type.len() > CONTENT_TYPE_BYTES_MAX || !is_content_type(&self.content_type) {
            return Err(Error::invalid(
                "the message type is 1 to 32 upper-case letters or _",
            ));
        }
        if self
            .client_id
            .as_ref()
            .is_some_and(|id| id.is_empty() || id.len() > CLIENT_ID_BYTES_MAX)
        {
            return Err(Error::invalid(format!(
                "a client message id has 1 to {CLIENT_ID_BYTES_MAX} bytes"
            )));
        }
        Ok(())
    }

    /// The message that was sent before under this client id. The same id with other content is a conflict, unless
    /// the first one has been changed since and can no longer be compared.
    async fn earlier<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Option<Sent>> {
        let Some(client_id) = &self.client_id else {
            return Ok(None);
        };
        let Some(first) = message::by_client_id(cx.tx, cx.actor.user_id, client_id).await? else {
            return Ok(None);
        };
        let unchanged =
            first.edited_at.is_none() && first.recalled_at.is_none() && first.deleted_at.is_none();
        let differs = self.differs_from(&first);
        let here = match &self.target {
            Target::Conversation(id) => Some(*id),
            Target::Group(uuid) => conversation::id_by_uuid(cx.tx, uuid).await?,
            Target::GroupKey(key) => conversation::id_by_key(cx.tx, cx.actor.tenant_id, key).await?,
            Target::User(peer_id) => direct_with(cx, *peer_id).await?,
            Target::Uid(uid) => match user::id_of(cx.tx, cx.actor.tenant_id, uid).await? {
                Some(peer_id) => direct_with(cx, peer_id).await?,
                None => None,
            },
        };
        let elsewhere = here != Some(first.conversation_id);
        if elsewhere || (unchanged && differs) {
            return Err(ErrorKind::IdempotencyConflict.into());
        }
        again(cx.tx, first).await.map(Some)
    }

    /// Whether another message was sent as this one is.
    pub(crate) fn differs_from(&self, other: &Message) -> bool {
        other.content != self.content
            || other.content_type != self.content_type
            || other.extra != self.extra.as_ref().map(Extra::stored)
    }

    async fn quote<T: Tx>(
        &self,
        cx: &mut Context<'_, T>,
        conversation_id: ConversationId,
        floor: i64,
    ) -> Result<Option<Quote>> {
        let Some(id) = self.reply_to else { return Ok(None) };
        let quote = load_quote(cx.tx, id).await?;
        let visible = |quote: &Quote| {
            let message = &quote.message;
            message.conversation_id == conversation_id && message.seq > floor
        };
        quote
            .filter(visible)
            .map(Some)
            .ok_or_else(|| ErrorKind::MessageMissing.into())
    }

    fn row<T>(
        &self,
        cx: &Context<'_, T>,
        conversation_id: ConversationId,
        seq: i64,
        role: Role,
        kind: ConversationKind,
    ) -> Message {
        Message {
            id: cx.env.next_message_id(cx.now),
            conversation_id,
            seq,
            sender_id: Some(cx.actor.user_id),
            content_type: self.content_type.clone(),
            content: self.content.clone(),
            client_id: self.client_id.clone(),
            reply_to: self.reply_to,
            forwarded_from: self.forwarded_from,
            extra: self.extra.as_ref().map(Extra::stored),
            files: None,
            mention_all: self.mentions.all && kind == ConversationKind::Group && role >= Role::Admin,
            edited_at: None,
            recalled_at: None,
            deleted_at: None,
            uncounted: false,
            created_at: cx.now,
        }
    }

    /// Writes who is mentioned; whoever is not a member is passed over.
    async fn mention<T: Tx>(&self, cx: &mut Context<'_, T>, message: &Message) -> Result<Vec<UserId>> {
        let mut named: Vec<UserId> = self
            .mentions
            .user_ids
            .iter()
            .take(MENTIONS_MAX)
            .copied()
            .collect();
        for uid in self.mentions.uids.iter().take(MENTIONS_MAX - named.len()) {
            named.extend(user::id_of(cx.tx, cx.actor.tenant_id, uid).await?);
        }
        let mut mentioned = Vec::new();
        for user_id in named {
            let known = user_id == cx.actor.user_id || mentioned.contains(&user_id);
            if known
                || !member::get(cx.tx, message.conversation_id, user_id)
                    .await?
                    .is_some_and(|m| m.state)
            {
                continue;
            }
            mention::insert(cx.tx, message, user_id).await?;
            mentioned.push(user_id);
        }
        if message.mention_all {
            mention::insert(cx.tx, message, mention::EVERYBODY).await?;
        }
        Ok(mentioned)
    }
}

/// The direct conversation of the caller with somebody, if there is one.
async fn direct_with<T: Tx>(cx: &mut Context<'_, T>, peer_id: UserId) -> Result<Option<ConversationId>> {
    let me = cx.actor.user_id;
    let pair = conversation::direct(cx.tx, me.min(peer_id), me.max(peer_id)).await?;
    Ok(pair.map(|pair| pair.id))
}

fn place_of(scope: &message::SendScope) -> Place {
    match scope.user_low.zip(scope.user_high) {
        Some((low, high)) => Place::Direct { low, high },
        None => Place::Group {
            uuid: scope.uuid.clone().unwrap_or_default(),
            key: scope.group_key.clone(),
            category: scope.category,
        },
    }
}

/// A message that was sent before, as its sender gets it again.
pub(crate) async fn again<T: Tx>(tx: &mut T, first: Message) -> Result<Sent> {
    let conversation = conversation::by_id(tx, first.conversation_id).await?;
    let conversation = conversation.ok_or(ErrorKind::ConversationMissing)?;
    let place = match ConversationKind::of(conversation.kind) {
        ConversationKind::Channel => {
            let rows = inbox::places(tx, &[conversation.id]).await?;
            let row = rows.into_iter().next().ok_or(ErrorKind::ConversationMissing)?;
            Place::of_row(row)
        }
        ConversationKind::Direct | ConversationKind::Group => Place::of(&conversation),
    };
    let sender = match first.sender_id {
        Some(sender_id) => message::card(tx, sender_id).await?.map(UserCard::from),
        None => None,
    };
    let quote = match first.reply_to {
        Some(id) => load_quote(tx, id).await?,
        None => None,
    };
    Ok(Sent {
        view: MessageView {
            message: first,
            sender,
            quote,
        },
        place,
        repeated: true,
    })
}

/// Whether this names a type of content: upper-case letters and `_`, or `CUSTOM:` and a number.
fn is_content_type(name: &str) -> bool {
    if let Some(number) = name.strip_prefix("CUSTOM:") {
        return number.parse::<i32>().is_ok();
    }
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// Whether a message may have this content.
pub(crate) fn check_content(content_type: &str, content: &str, limits: &Limits) -> Result<()> {
    if content.is_empty() || (content_type == "TEXT" && content.trim().is_empty()) {
        return Err(ErrorKind::ContentEmpty.into());
    }
    check_length(content, limits)
}

fn check_length(content: &str, limits: &Limits) -> Result<()> {
    let most = limits.content_bytes_max;
    if content.len() > most {
        let detail = format!("a message holds at most {most} bytes");
        return Err(Error::new(ErrorKind::TooLarge, detail));
    }
    Ok(())
}

/// A message as another one quotes it: a recalled one has no content any more, a deleted one is not quoted.
pub(crate) async fn load_quote<T: Tx>(tx: &mut T, id: MessageId) -> Result<Option<Quote>> {
    let Some(message) = message::by_id(tx, id).await?.filter(|m| m.deleted_at.is_none()) else {
        return Ok(None);
    };
    let sender = match message.sender_id {
        Some(sender_id) => message::card(tx, sender_id).await?.map(UserCard::from),
        None => None,
    };
    Ok(Some(Quote { message, sender }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn a_message_is_numbered_and_reaches_both_people_only() {
        let test = TestCore::start().await;
        let (a, b, c) = (test.user("a").await, test.user("b").await, test.user("c").await);
        let conversation = test.direct(&a, &b).await;
        let (at_a, at_b, at_c) = (test.core.attach(&a), test.core.attach(&b), test.core.attach(&c));
        let sent = test.say(&a, conversation, "你好").await;
        assert_eq!(sent.view.message.seq, 1);
        for session in [&at_a, &at_b] {
            loop {
                let delivery = session.next().await.unwrap();
                if let Event::MessageSent(event) = &delivery.event {
                    assert_eq!(event.view.message.id, sent.view.message.id);
                    assert_eq!(event.view.message.content, "你好");
                    break;
                }
            }
        }
        // The hub keeps the order of the log, so what comes after the message has passed it.
        let other = test.direct(&a, &c).await;
        test.say(&a, other, "only now").await;
        loop {
            let delivery = at_c.next().await.unwrap();
            if let Event::MessageSent(event) = &delivery.event {
                assert_eq!(event.view.message.content, "only now");
                break;
            }
        }
    }

    #[tokio::test]
    async fn a_retry_is_answered_with_the_first_message() {
        let test = TestCore::start().await;
        let (a, b) = (test.user("a").await, test.user("b").await);
        let conversation = test.direct(&a, &b).await;
        let mut command = SendMessage::text(Target::Conversation(conversation), "once");
        command.client_id = Some("k1".into());
        let first = test.core.execute(&a, command.clone()).await.unwrap();
        let again = test.core.execute(&a, command.clone()).await.unwrap();
        assert_eq!(again.view.message.id, first.view.message.id);
        assert!(again.repeated && !first.repeated);
        command.target = Target::User(b.user_id);
        assert!(
            test.core.execute(&a, command.clone()).await.unwrap().repeated,
            "the same place, named otherwise"
        );
        command.content = "other".into();
        assert_eq!(
            refusal(test.core.execute(&a, command.clone()).await),
            ErrorKind::IdempotencyConflict
        );
        let from_b = test
            .core
            .execute(
                &b,
                SendMessage {
                    target: Target::User(a.user_id),
                    ..command
                },
            )
            .await;
        assert_eq!(from_b.unwrap().view.message.seq, 2, "ids are each sender's own");
    }

    #[tokio::test]
    async fn refusals() {
        let test = TestCore::start().await;
        let (a, b, c) = (test.user("a").await, test.user("b").await, test.user("c").await);
        let foreigner = test.user_of(2, "a").await;
        let conversation = test.direct(&a, &b).await;
        let into = |target, text: &str| SendMessage::text(target, text);
        let here = Target::Conversation(conversation);
        let cases = [
            (&c, into(here.clone(), "x"), ErrorKind::NotMember),
            (
                &foreigner,
                into(here.clone(), "x"),
                ErrorKind::ConversationMissing,
            ),
            (
                &foreigner,
                into(Target::User(a.user_id), "x"),
                ErrorKind::ReceiverMissing,
            ),
            (
                &a,
                into(Target::Conversation(-9), "x"),
                ErrorKind::ConversationMissing,
            ),
            (&a, into(Target::User(12_345), "x"), ErrorKind::ReceiverMissing),
            (&a, into(Target::User(a.user_id), "x"), ErrorKind::Invalid),
            (&a, into(here.clone(), ""), ErrorKind::ContentEmpty),
            (&a, into(here.clone(), " \n\t"), ErrorKind::ContentEmpty),
            (&a, into(here.clone(), &"x".repeat(65_537)), ErrorKind::TooLarge),
            (
                &a,
                SendMessage {
                    content_type: "te xt".into(),
                    ..into(here.clone(), "x")
                },
                ErrorKind::Invalid,
            ),
            (
                &a,
                SendMessage {
                    client_id: Some(String::new()),
                    ..into(here.clone(), "x")
                },
                ErrorKind::Invalid,
            ),
            (
                &a,
                SendMessage {
                    reply_to: Some(99),
                    ..into(here.clone(), "x")
                },
                ErrorKind::MessageMissing,
            ),
        ];
        for (actor, command, kind) in cases {
            let shown = format!("{command:?}");
            assert_eq!(refusal(test.core.execute(actor, command).await), kind, "{shown}");
        }
        let secret = test.say(&a, conversation, "secret").await.view.message.id;
        let other = test.direct(&a, &c).await;
        let quoting = SendMessage {
            reply_to: Some(secret),
            ..into(Target::Conversation(other), "x")
        };
        assert_eq!(
            refusal(test.core.execute(&a, quoting).await),
            ErrorKind::MessageMissing,
            "no quote leaks"
        );
    }
}

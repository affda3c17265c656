//! Sends a message that an app has written: a notice to one person or to everybody, or a message of one person to
//! another that the app passes on. A notice to everybody is one row, however many people there are.

use parlance_store::Tx;
use parlance_store::table::{app_send, channel, conversation, file, message};

use crate::account::{Actor, BlockRule, Mandate};
use crate::app::AppActor;
use crate::command::{
    Blank, Command, Context, Mentions, NamedFiles, SendMessage, Sent, Target, send_message,
};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, MessageSent};
use crate::files::row_of_keys;
use crate::place::{AppCard, Channel, Place};
use crate::policy;
use crate::types::{
    AccountRole, App, Conversation, Extra, Message, MessageView, Role, StoredFile, TenantId, UserCard, UserId,
};

/// Whom an app writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// This person.
    User(UserId),
    /// The person who has this account in the app.
    Account(String),
    /// Everybody of the tenant. Whose account is made later does not see it.
    Everybody,
}

/// In whose name an app writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// In its own: what it says stands in its channel, also when it names the person who has caused it.
    App,
    /// In the name of the person whom it names: the message is that person's, under the rules for that person. In its
    /// own if it names nobody.
    Person,
}

/// A message from an app. The caller is not looked at: who holds the [`AppActor`] may do this.
///
/// # Errors
/// `Unauthenticated` when the app has been deleted or switched off since it proved itself; `UserMissing` for an
/// account that nobody has, `ReceiverMissing` for somebody who is not there; `Invalid` for something else than a notice
/// to everybody; `IdempotencyConflict`; those of [`SendMessage`].
#[derive(Clone, Debug)]
pub struct SendFromApp {
    /// The app.
    pub app: AppActor,
    /// In whose name.
    pub voice: Voice,
    /// To whom.
    pub to: Addressee,
    /// The account in the app of the person who has caused it.
    pub sender: Option<String>,
    /// As in [`SendMessage`].
    pub content_type: String,
    /// As in [`SendMessage`].
    pub content: String,
    /// The app's own id for it: a second message with it is answered with the first.
    pub client_id: Option<String>,
    /// Kept for the dialect and given back to it, never read.
    pub extra: Option<Extra>,
    /// Files that the content names.
    pub files: NamedFiles,
}

impl Command for SendFromApp {
    type Reply = Sent;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Sent> {
        let app = policy::standing_app(cx.tx, &self.app).await?;
        let form = self.message(0);
        SendMessage {
            client_id: self.client_id.clone(),
            ..form.clone()
        }
        .check_form(&cx.env.limits)?;
        if let Some(earlier) = self.earlier(cx, &app, &form).await? {
            return Ok(earlier);
        }
        let sender = match &self.sender {
            Some(account) => Some(policy::account_holder(cx.tx, &app, account).await?),
            None => None,
        };
        let as_sender = acting_for(app.tenant_id, sender.unwrap_or(0));
        let mut acting = Context {
            tx: &mut *cx.tx,
            actor: &as_sender,
            env: cx.env,
            now: cx.now,
            log: &mut *cx.log,
        };
        let sent = match (self.voice, sender, &self.to) {
            (Voice::Person, _, Addressee::Everybody) => {
                return Err(Error::invalid("only a notice goes to everybody"));
            }
            (Voice::Person, Some(_), _) => {
                let receiver = self.receiver(acting.tx, &app).await?;
                self.message(receiver).apply(&mut acting).await?
            }
            (Voice::App, _, Addressee::Everybody) => self.post(&mut acting, app, sender, None).await?,
            _ => {
                let receiver = self.receiver(acting.tx, &app).await?;
                policy::peer(acting.tx, &as_sender, receiver, ErrorKind::ReceiverMissing).await?;
                self.post(&mut acting, app, sender, Some(receiver)).await?
            }
        };
        if let Some(client_id) = &self.client_id {
            app_send::insert(cx.tx, self.app.app_id, client_id, sent.view.message.id).await?;
        }
        Ok(sent)
    }
}

/// Somebody in whose name an app acts; 0 for nobody.
fn acting_for(tenant_id: TenantId, user_id: UserId) -> Actor {
    Actor {
        user_id,
        role: AccountRole::User,
        mandate: Mandate::Place,
        block_rule: BlockRule::Mutual,
        ..Actor::system(tenant_id)
    }
}

impl SendFromApp {
    /// The same as a message of a person.
    fn message(&self, receiver: UserId) -> SendMessage {
        SendMessage {
            target: Target::User(receiver),
            content_type: self.content_type.clone(),
            content: self.content.clone(),
            blank: Blank::Refused,
            client_id: None,
            reply_to: None,
            forwarded_from: None,
            extra: self.extra.clone(),
            mentions: Mentions::default(),
            files: self.files.clone(),
        }
    }

    async fn receiver<T: Tx>(&self, tx: &mut T, app: &App) -> Result<UserId> {
        match &self.to {
            Addressee::User(user_id) => Ok(*user_id),
            Addressee::Account(account) => policy::account_holder(tx, app, account).await,
            Addressee::Everybody => Err(ErrorKind::TargetMissing.into()),
        }
    }

    /// The message that the app has sent before under this id. The same id for something else is a conflict, unless
    /// the first message has been changed since and can no longer be compared.
    async fn earlier<T: Tx>(
        &self,
        cx: &mut Context<'_, T>,
        app: &App,
        form: &SendMessage,
    ) -> Result<Option<Sent>> {
        let Some(client_id) = &self.client_id else {
            return Ok(None);
        };
        let Some(message_id) = app_send::find(cx.tx, app.id, client_id).await? else {
            return Ok(None);
        };
        let first = message::by_id(cx.tx, message_id).await?;
        let first = first.ok_or(ErrorKind::MessageMissing)?;
        let unchanged =
            first.edited_at.is_none() && first.recalled_at.is_none() && first.deleted_at.is_none();
        let differs = unchanged && form.differs_from(&first);
        let sent = send_message::again(cx.tx, first).await?;
        let receiver = match &self.to {
            Addressee::Everybody => None,
            _ => Some(self.receiver(cx.tx, app).await?),
        };
        if differs || sent.place.receiver_of(sent.view.message.sender_id) != receiver {
            return Err(ErrorKind::IdempotencyConflict.into());
        }
        Ok(Some(sent))
    }

    /// Writes into the app's channel to one person, or to everybody.
    async fn post<T: Tx>(
        &self,
        cx: &mut Context<'_, T>,
        app: App,
        sender: Option<UserId>,
        receiver: Option<UserId>,
    ) -> Result<Sent> {
        let channel = open(cx, &app, receiver).await?;
        let carried = self.files.carried(cx, None).await?;
        let message = self.row(cx, &channel, sender, &carried);
        message::insert(cx.tx, &message).await?;
        conversation::advance(cx.tx, channel.id, message.seq, message.id, cx.now).await?;
        for file in &carried {
            file::share(cx.tx, file.id, channel.id, message.id).await?;
        }
        let card = match sender {
            Some(user_id) => message::card(cx.tx, user_id).await?.map(UserCard::from),
            None => None,
        };
        let place = Place::Channel(Box::new(Channel {
            tenant_id: app.tenant_id,
            app: Some(AppCard {
                id: app.id,
                code: app.code,
                name: app.name,
            }),
            receiver,
        }));
        let view = MessageView {
            message,
            sender: card,
            quote: None,
        };
        cx.record(Event::MessageSent(Box::new(MessageSent {
            view: view.clone(),
            place: place.clone(),
            mentioned: Vec::new(),
            origin: None,
        })));
        Ok(Sent {
            view,
            place,
            repeated: false,
        })
    }

    fn row<T>(
        &self,
        cx: &Context<'_, T>,
        channel: &Conversation,
        sender_id: Option<UserId>,
        files: &[StoredFile],
    ) -> Message {
        Message {
            id: cx.env.next_message_id(cx.now),
            conversation_id: channel.id,
            seq: channel.last_seq + 1,
            sender_id,
            content_type: self.content_type.clone(),
            content: self.content.clone(),
            client_id: None,
            reply_to: None,
            forwarded_from: None,
            extra: self.extra.as_ref().map(Extra::stored),
            files: row_of_keys(files),
            mention_all: false,
            edited_at: None,
            recalled_at: None,
            deleted_at: None,
            uncounted: false,
            created_at: cx.now,
        }
    }
}

/// Finds or makes the channel of an app to one person, or to everybody.
async fn open<T: Tx>(cx: &mut Context<'_, T>, app: &App, receiver: Option<UserId>) -> Result<Conversation> {
    let receiver_id = receiver.unwrap_or(channel::EVERYBODY);
    if let Some(found) = channel::find(cx.tx, app.tenant_id, app.id, receiver_id).await? {
        return Ok(found);
    }
    let mut blank = Conversation {
        id: 0,
        tenant_id: app.tenant_id,
        kind: conversation::CHANNEL,
        user_low: Some(receiver_id),
        user_high: None,
        name: String::new(),
        avatar: String::new(),
        description: String::new(),
        notice: String::new(),
        group_type: String::new(),
        owner_id: None,
        members_max: 0,
        members_count: 0,
        history_open: true,
        invite_role: Role::Owner.number(),
        muted_all: false,
        muted_until: None,
        last_seq: 0,
        last_message_id: None,
        last_message_at: None,
        pinned_message_id: None,
        created_at: cx.now,
        updated_at: cx.now,
        dissolved_at: None,
        uuid: None,
        category: 0,
        archived: false,
        join_option: 0,
        app_id: Some(app.id),
        group_key: None,
    };
    blank.id = conversation::insert(cx.tx, &blank).await?;
    Ok(blank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{
        AppChanges, BlockUser, MappingChanges, RecallMessage, SetUserStatus, UpdateApp, UpdateMapping,
    };
    use crate::query::{HistoryWith, Inbox, OneConversation, ReceivedMessage, UnreadInbox};
    use crate::testing::{TestCore, notice, refusal};
    use crate::types::{AccountStatus, Correspondent};

    async fn send(test: &TestCore, message: SendFromApp) -> Result<Sent> {
        test.core.execute(&Actor::system(1), message).await
    }

    async fn next_message(session: &crate::Session) -> Box<MessageSent> {
        loop {
            if let Event::MessageSent(sent) = &session.next().await.unwrap().event {
                return sent.clone();
            }
        }
    }

    #[tokio::test]
    async fn a_notice_reaches_its_receiver_and_stays_in_the_channel_of_the_app() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let app = test.app_actor("oa").await;
        test.map(app.app_id, &ann, "ann_oa").await;
        test.map(app.app_id, &bob, "bob_oa").await;
        let (at_ann, at_bob) = (test.core.attach(&ann), test.core.attach(&bob));
        let named = SendFromApp {
            sender: Some("bob_oa".into()),
            ..notice(&app, Addressee::Account("ann_oa".into()), "approve this")
        };
        let sent = send(&test, named).await.unwrap();
        assert_eq!(
            (sent.view.message.seq, sent.view.message.sender_id),
            (1, Some(bob.user_id))
        );
        let heard = next_message(&at_ann).await;
        assert_eq!(heard.view.message.id, sent.view.message.id);
        let Place::Channel(channel) = &heard.place else {
            panic!("{:?}", heard.place);
        };
        assert_eq!(channel.receiver, Some(ann.user_id));
        assert_eq!(channel.app.as_ref().unwrap().code, "oa");
        test.say(&ann, test.direct(&ann, &bob).await, "only this").await;
        assert_eq!(next_message(&at_bob).await.view.message.content, "only this");

        let second = notice(&app, Addressee::User(ann.user_id), "and this");
        assert_eq!(send(&test, second).await.unwrap().view.message.seq, 2);
        let message_id = sent.view.message.id;
        let received = ReceivedMessage { message_id };
        assert!(!test.core.query(&ann, received).await.unwrap().read);
        assert_eq!(
            refusal(test.core.query(&bob, received).await),
            ErrorKind::MessageForbidden
        );
        let recall = RecallMessage { message_id };
        assert_eq!(
            refusal(test.core.execute(&bob, recall).await),
            ErrorKind::NotMember
        );
        let by_id = OneConversation(sent.view.message.conversation_id);
        assert_eq!(refusal(test.core.query(&ann, by_id).await), ErrorKind::NotMember);
    }

    #[tokio::test]
    async fn what_is_said_to_everybody_is_one_row_that_all_of_the_tenant_hear() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let stranger = test.user_of(2, "eve").await;
        let app = test.app_actor("oa").await;
        let sessions = [test.core.attach(&ann), test.core.attach(&bob)];
        let elsewhere = test.core.attach(&stranger);
        test.clock.advance_seconds(1);
        let sent = send(&test, notice(&app, Addressee::Everybody, "hear"))
            .await
            .unwrap();
        assert_eq!(sent.place.receiver_of(None), None);
        for session in &sessions {
            assert_eq!(next_message(session).await.view.message.id, sent.view.message.id);
        }
        let other = test.user_of(2, "kim").await;
        test.say(&other, test.direct(&other, &stranger).await, "only this")
            .await;
        assert_eq!(next_message(&elsewhere).await.view.message.content, "only this");

        let late = test.user("late").await;
        for (who, unread) in [(&ann, 1), (&bob, 1), (&late, 0), (&other, 0)] {
            assert_eq!(test.core.query(who, UnreadInbox).await.unwrap(), unread);
        }
        let message_id = sent.view.message.id;
        assert!(test.core.query(&late, Inbox).await.unwrap().is_empty());
        for who in [&late, &stranger] {
            assert!(
                test.core
                    .query(who, ReceivedMessage { message_id })
                    .await
                    .is_err()
            );
        }
    }

    #[tokio::test]
    async fn a_message_in_somebodys_name_is_that_persons_own() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let boss = test.super_admin("boss").await;
        let app = test.app_actor("oa").await;
        test.map(app.app_id, &ann, "ann_oa").await;
        let bob_oa = test.map(app.app_id, &bob, "bob_oa").await;
        let passed_on = || SendFromApp {
            voice: Voice::Person,
            sender: Some("ann_oa".into()),
            ..notice(&app, Addressee::Account("bob_oa".into()), "in her name")
        };
        let sent = send(&test, passed_on()).await.unwrap();
        assert_eq!(sent.view.message.sender_id, Some(ann.user_id));
        assert_eq!(sent.view.message.conversation_id, test.direct(&ann, &bob).await);
        assert_eq!(sent.place.receiver_of(Some(ann.user_id)), Some(bob.user_id));

        let to_herself = SendFromApp {
            to: Addressee::Account("ann_oa".into()),
            ..passed_on()
        };
        assert_eq!(refusal(send(&test, to_herself).await), ErrorKind::Invalid);
        let block = BlockUser { user_id: ann.user_id };
        test.core.execute(&bob, block).await.unwrap();
        assert_eq!(refusal(send(&test, passed_on()).await), ErrorKind::Blocked);
        let anonymous = SendFromApp {
            sender: None,
            ..passed_on()
        };
        let own = send(&test, anonymous).await.unwrap();
        assert_eq!(own.view.message.sender_id, None);
        assert!(matches!(own.place, Place::Channel(_)));

        let mapping = |active| UpdateMapping {
            app_id: app.app_id,
            mapping_id: bob_oa,
            changes: MappingChanges {
                active: Some(active),
                ..MappingChanges::default()
            },
        };
        test.core.execute(&boss, mapping(false)).await.unwrap();
        assert_eq!(refusal(send(&test, passed_on()).await), ErrorKind::UserMissing);
        test.core.execute(&boss, mapping(true)).await.unwrap();
        let disable = |user_id| SetUserStatus {
            user_id,
            status: AccountStatus::Disabled,
        };
        test.core.execute(&boss, disable(ann.user_id)).await.unwrap();
        assert_eq!(refusal(send(&test, passed_on()).await), ErrorKind::SenderMissing);
        test.core.execute(&boss, disable(bob.user_id)).await.unwrap();
        let to_nobody = notice(&app, Addressee::User(bob.user_id), "hello?");
        assert_eq!(refusal(send(&test, to_nobody).await), ErrorKind::ReceiverMissing);
    }

    #[tokio::test]
    async fn who_is_not_there_gets_nothing_and_only_notices_go_to_everybody() {
        let test = TestCore::start().await;
        let boss = test.super_admin("boss").await;
        let (ann, stranger) = (test.user("ann").await, test.user_of(2, "eve").await);
        let app = test.app_actor("oa").await;
        let crm = test.app_actor("crm").await;
        test.map(crm.app_id, &ann, "ann_crm").await;
        let to = |to| notice(&app, to, "text");
        let mine = || to(Addressee::User(ann.user_id));
        let cases = [
            (to(Addressee::User(0)), ErrorKind::ReceiverMissing),
            (to(Addressee::User(stranger.user_id)), ErrorKind::ReceiverMissing),
            (to(Addressee::Account("ann_crm".into())), ErrorKind::UserMissing),
            (
                SendFromApp {
                    sender: Some("nobody".into()),
                    ..mine()
                },
                ErrorKind::UserMissing,
            ),
            (
                SendFromApp {
                    content: String::new(),
                    ..mine()
                },
                ErrorKind::ContentEmpty,
            ),
            (
                SendFromApp {
                    content: "x".repeat(65_537),
                    ..mine()
                },
                ErrorKind::TooLarge,
            ),
            (
                SendFromApp {
                    content_type: "text".into(),
                    ..mine()
                },
                ErrorKind::Invalid,
            ),
            (
                SendFromApp {
                    client_id: Some(String::new()),
                    ..mine()
                },
                ErrorKind::Invalid,
            ),
            (
                SendFromApp {
                    voice: Voice::Person,
                    ..to(Addressee::Everybody)
                },
                ErrorKind::Invalid,
            ),
        ];
        for (message, kind) in cases {
            let shown = format!("{message:.60?}");
            assert_eq!(refusal(send(&test, message).await), kind, "{shown}");
        }
        assert!(test.core.query(&ann, Inbox).await.unwrap().is_empty());
        let off = AppChanges {
            active: Some(false),
            ..AppChanges::default()
        };
        let off = UpdateApp {
            app_id: app.app_id,
            changes: off,
        };
        test.core.execute(&boss, off).await.unwrap();
        assert_eq!(refusal(send(&test, mine()).await), ErrorKind::Unauthenticated);
    }

    #[tokio::test]
    async fn a_repeated_call_gets_the_first_message_again() {
        let test = TestCore::start().await;
        let (ann, bob) = (test.user("ann").await, test.user("bob").await);
        let app = test.app_actor("oa").await;
        let crm = test.app_actor("crm").await;
        test.map(app.app_id, &bob, "bob_oa").await;
        let keyed = |to| SendFromApp {
            client_id: Some("key".into()),
            ..notice(&app, to, "text")
        };
        let to_ann = || keyed(Addressee::User(ann.user_id));
        let first = send(&test, to_ann()).await.unwrap();
        let again = send(&test, to_ann()).await.unwrap();
        assert!(again.repeated && !first.repeated);
        assert_eq!(again.view.message.id, first.view.message.id);
        assert_eq!(again.place, first.place);
        let titled = Extra {
            dialect: "test",
            json: "{}".into(),
        };
        for other in [
            keyed(Addressee::Everybody),
            keyed(Addressee::User(bob.user_id)),
            SendFromApp {
                content: "other".into(),
                ..to_ann()
            },
            SendFromApp {
                content_type: "IMAGE".into(),
                ..to_ann()
            },
            SendFromApp {
                extra: Some(titled),
                ..to_ann()
            },
        ] {
            assert_eq!(refusal(send(&test, other).await), ErrorKind::IdempotencyConflict);
        }
        let of_another_app = SendFromApp { app: crm, ..to_ann() };
        assert!(!send(&test, of_another_app).await.unwrap().repeated);
        let in_his_name = || SendFromApp {
            voice: Voice::Person,
            sender: Some("bob_oa".into()),
            client_id: Some("another key".into()),
            ..to_ann()
        };
        let first = send(&test, in_his_name()).await.unwrap();
        assert_eq!(
            send(&test, in_his_name()).await.unwrap().view.message.id,
            first.view.message.id
        );
        let page = HistoryWith {
            with: Correspondent::App(app.app_id),
            skip: 0,
            limit: 10,
        };
        assert_eq!(test.core.query(&ann, page).await.unwrap().len(), 1);
    }
}

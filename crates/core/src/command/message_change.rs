//! What recalling, editing, deleting and reacting have in common: telling who did it, and leaving nothing of a
//! message behind. Whether it is allowed is the policy's business.

use parlance_store::Tx;
use parlance_store::table::{conversation, file, message, message_context, message_edit, reaction};

use crate::command::Context;
use crate::error::Result;
use crate::event::{Event, MessageChange, MessageRef};
use crate::place::Place;
use crate::query::view;
use crate::types::{Conversation, Message, MessageId, UserCard};

/// What an event says about a message that the caller has recalled or edited, as it stands in its row by now.
pub(crate) async fn change<T: Tx>(
    cx: &mut Context<'_, T>,
    message: Message,
    conversation: &Conversation,
) -> Result<Box<MessageChange>> {
    let at = reference(cx, &message).await?;
    let sender = match message.sender_id {
        Some(sender_id) => message::card(cx.tx, sender_id).await?,
        None => None,
    };
    let mentioned = mentioned(cx.tx, message.id).await?;
    let view = view(cx.tx, message::WithSender { message, sender }).await?;
    Ok(Box::new(MessageChange {
        at,
        view,
        mentioned,
        place: Place::of(conversation),
    }))
}

/// The text ids of those whom a message mentions by name.
pub(crate) async fn mentioned<T: Tx>(tx: &mut T, id: MessageId) -> Result<Vec<String>> {
    let found = message_context::mentioned(tx, &[id]).await?;
    Ok(found.into_iter().map(|one| one.uid).collect())
}

/// What an event says about a change of `message` by the caller.
pub(crate) async fn reference<T: Tx>(cx: &mut Context<'_, T>, message: &Message) -> Result<MessageRef> {
    let card = message::card(cx.tx, cx.actor.user_id).await?;
    Ok(MessageRef {
        conversation_id: message.conversation_id,
        message_id: message.id,
        seq: message.seq,
        by: cx.actor.user_id,
        by_name: card.map(|card| UserCard::from(card).name).unwrap_or_default(),
        at: cx.now,
    })
}

/// Takes content, files, earlier contents, reactions and pin from a message and writes it back. It is not unread for
/// anybody from now on. Quotes and favourites show the live message, so they lose the text with it.
pub(crate) async fn empty<T: Tx>(cx: &mut Context<'_, T>, message: &mut Message) -> Result<()> {
    message.content.clear();
    message.extra = None;
    message.files = None;
    message.uncounted = true;
    message::update(cx.tx, message).await?;
    file::unshare(cx.tx, message.id).await?;
    message_edit::remove_all(cx.tx, message.id).await?;
    reaction::remove_all(cx.tx, message.id).await?;
    let conversation_id = message.conversation_id;
    if conversation::unpin_message(cx.tx, conversation_id, message.id).await? {
        cx.record(Event::ConversationChanged {
            conversation_id,
            by: cx.actor.user_id,
        });
    }
    Ok(())
}

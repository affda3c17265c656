//! Opens the direct conversation with somebody: there is exactly one for two people of a tenant.

use std::sync::Arc;

use parlance_store::Tx;
use parlance_store::table::{conversation, member};

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{Conversation, ConversationId, ConversationKind, Member, Role, UserId};

/// Asks for the direct conversation with `peer_id`, making it if it does not exist. It comes back into the
/// caller's list if it was hidden.
///
/// # Errors
/// `ReceiverMissing` for nobody, somebody disabled, or somebody of another tenant; `Invalid` for oneself.
#[derive(Clone, Copy, Debug)]
pub struct OpenDirect {
    /// The other person.
    pub peer_id: UserId,
}

/// The conversation asked for.
#[derive(Clone, Copy, Debug)]
pub struct OpenedDirect {
    /// Its id.
    pub conversation_id: ConversationId,
    /// Whether it was made just now.
    pub created: bool,
}

impl Command for OpenDirect {
    type Reply = OpenedDirect;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<OpenedDirect> {
        let opened = open(cx, self.peer_id).await?;
        let me = cx.actor.user_id;
        if !opened.created
            && let Some(mut mine) = member::get(cx.tx, opened.conversation_id, me).await?
            && mine.hidden_seq >= 0
        {
            mine.hidden_seq = -1;
            member::update(cx.tx, &mine).await?;
            cx.record(Event::ConversationViewChanged {
                conversation_id: opened.conversation_id,
                user_id: me,
                token_id: Arc::clone(&cx.actor.token_id),
            });
        }
        Ok(opened)
    }
}

/// Finds or makes the direct conversation of the caller with `peer_id`, inside another command.
pub(crate) async fn open<T: Tx>(cx: &mut Context<'_, T>, peer_id: UserId) -> Result<OpenedDirect> {
    open_for(cx, peer_id, Seen::ByBoth).await
}

/// The same, but a conversation that is made is not in the other one's list before something is said.
pub(crate) async fn open_quietly<T: Tx>(cx: &mut Context<'_, T>, peer_id: UserId) -> Result<OpenedDirect> {
    open_for(cx, peer_id, Seen::ByCaller).await
}

/// In whose list a new conversation shows before anything is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    ByBoth,
    ByCaller,
}

async fn open_for<T: Tx>(cx: &mut Context<'_, T>, peer_id: UserId, seen: Seen) -> Result<OpenedDirect> {
    let me = cx.actor.user_id;
    if peer_id == me {
        return Err(Error::invalid("a conversation with oneself cannot be opened"));
    }
    let peer = policy::peer(cx.tx, cx.actor, peer_id, ErrorKind::ReceiverMissing).await?;
    let (low, high) = (me.min(peer_id), me.max(peer_id));
    if let Some(found) = conversation::direct(cx.tx, low, high).await? {
        return Ok(OpenedDirect {
            conversation_id: found.id,
            created: false,
        });
    }
    let conversation_id = conversation::insert(cx.tx, &blank(cx, peer.tenant_id, low, high)).await?;
    let joining = member::Joining {
        conversation_id,
        role: Role::Member.number(),
        at: cx.now,
        joined_seq: 0,
        read_seq: 0,
    };
    member::join(cx.tx, &joining, &[low, high]).await?;
    if seen == Seen::ByCaller
        && let Some(theirs) = member::get(cx.tx, conversation_id, peer_id).await?
    {
        let hidden_seq = 0;
        member::update(cx.tx, &Member { hidden_seq, ..theirs }).await?;
    }
    cx.record(Event::ConversationCreated {
        conversation_id,
        kind: ConversationKind::Direct,
        by: me,
        user_ids: match seen {
            Seen::ByBoth => vec![low, high],
            Seen::ByCaller => vec![me],
        },
    });
    Ok(OpenedDirect {
        conversation_id,
        created: true,
    })
}

fn blank<T>(cx: &Context<'_, T>, tenant_id: i64, low: UserId, high: UserId) -> Conversation {
    Conversation {
        id: 0,
        tenant_id,
        kind: conversation::DIRECT,
        user_low: Some(low),
        user_high: Some(high),
        name: String::new(),
        avatar: String::new(),
        description: String::new(),
        notice: String::new(),
        group_type: String::new(),
        owner_id: None,
        members_max: 2,
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
        app_id: None,
        group_key: None,
    }
}

//! Takes people into a group that stands already, from inside another command. Whether they may come in is that
//! command's question.

use parlance_store::Tx;
use parlance_store::table::{join_request, member};

use crate::command::Context;
use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::policy;
use crate::types::{Conversation, Role, UserId};

/// Takes in these people (distinct, active and not in now) as ordinary members. What they have asked for there is
/// accepted by it.
///
/// Nothing that was sent before is unread for who comes; it can be read if the group's history is open. Who comes back
/// finds alerts, remark and silence as they were, but no role.
///
/// # Errors
/// `GroupFull`.
pub(super) async fn admit<T: Tx>(
    cx: &mut Context<'_, T>,
    group: &Conversation,
    newcomers: &[UserId],
) -> Result<()> {
    let more = i64::try_from(newcomers.len()).unwrap_or(i64::MAX);
    if group.members_count.saturating_add(more) > policy::room(group, &cx.env.limits) {
        return Err(ErrorKind::GroupFull.into());
    }
    if newcomers.is_empty() {
        return Ok(());
    }
    let (by, joining) = (
        cx.actor.user_id,
        member::Joining {
            conversation_id: group.id,
            role: Role::Member.number(),
            at: cx.now,
            joined_seq: if group.history_open { 0 } else { group.last_seq },
            read_seq: group.last_seq,
        },
    );
    member::join(cx.tx, &joining, newcomers).await?;
    join_request::accept_of(cx.tx, group.id, by, cx.now, newcomers).await?;
    cx.record(Event::MembersAdded {
        conversation_id: group.id,
        by,
        user_ids: newcomers.to_vec(),
    });
    Ok(())
}

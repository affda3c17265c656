//! What of the messages somebody may see: by membership, by rank, and by how long the tenant keeps its history.

use parlance_store::Tx;
use parlance_store::table::member;

use super::readable_message;
use super::sending::message_of_tenant;
use crate::account::Actor;
use crate::env::Env;
use crate::error::{ErrorKind, Result};
use crate::types::{Conversation, MessageId, Seq, Timestamp};

/// Microseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Whether the caller may read a message; who acts by rank may read any of the tenant's.
pub(crate) async fn shown_message<T: Tx>(tx: &mut T, actor: &Actor, id: MessageId) -> Result<()> {
    if actor.commands() {
        message_of_tenant(tx, actor, id).await?;
    } else {
        readable_message(tx, actor, id).await?;
    }
    Ok(())
}

/// The seq up to which a group's history is out of the caller's sight: none of it for who acts by rank and is not in.
pub(crate) async fn sight_of<T: Tx>(tx: &mut T, actor: &Actor, group: &Conversation) -> Result<Seq> {
    let member = member::get(tx, group.id, actor.user_id).await?;
    match member.filter(|member| member.state) {
        Some(member) => Ok(member.floor()),
        None if actor.commands() => Ok(0),
        None => Err(ErrorKind::NotMember.into()),
    }
}

/// When the oldest messages were sent that the caller's tenant still shows; 0 if it shows all.
pub(crate) fn oldest_shown(env: &Env, actor: &Actor, now: Timestamp) -> Timestamp {
    let tenant = env.tenants().by_id(actor.tenant_id);
    match tenant.map_or(0, |tenant| tenant.settings.history_days) {
        days if days > 0 => (now - days.saturating_mul(DAY)).max(0),
        _ => 0,
    }
}

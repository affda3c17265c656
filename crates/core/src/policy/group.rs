//! Who may see a group without being in it.

use parlance_store::Tx;
use parlance_store::table::member;

use super::live_group;
use crate::account::Actor;
use crate::error::{ErrorKind, Result};
use crate::types::{Conversation, ConversationId, Role};

/// The types of group that everybody of the tenant may find, and read who manages them. All others show themselves to
/// their members.
pub(crate) const OPEN_TYPES: [&str; 2] = ["PUBLIC", "MEETING"];

/// A group that the caller may know of, and the caller's role if it is in: as a member, by rank, or because everybody
/// may find it.
pub(crate) async fn visible_group<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    id: ConversationId,
) -> Result<(Conversation, Option<Role>)> {
    let group = live_group(tx, actor, id).await?;
    let member = member::get(tx, id, actor.user_id).await?;
    let role = member
        .filter(|member| member.state)
        .map(|member| Role::of(member.role));
    let open = OPEN_TYPES.contains(&group.group_type.as_str());
    if role.is_some() || open || actor.commands() {
        Ok((group, role))
    } else {
        Err(ErrorKind::NotMember.into())
    }
}

/// Only who acts by rank.
pub(crate) fn acts_by_rank(actor: &Actor) -> Result<()> {
    if actor.commands() {
        Ok(())
    } else {
        Err(ErrorKind::Forbidden.into())
    }
}

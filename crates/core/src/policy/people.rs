//! Who may reach whom: people by their text ids, blocks, and tenants in which only contacts write to each other.

use parlance_store::Tx;
use parlance_store::table::message::SendScope;
use parlance_store::table::{block, contact, conversation, member, user};

use crate::account::{Actor, BlockRule};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{self, Membership, may_write};
use crate::query::Counterpart;
use crate::types::{ConversationId, DELETED, Role, Timestamp, User, UserId};

/// An account of the caller's tenant by its text id, active or not, unless it was deleted. The detail names it.
pub(crate) async fn person<T: Tx>(tx: &mut T, actor: &Actor, uid: &str) -> Result<User> {
    let found = user::by_uid(tx, actor.tenant_id, uid).await?;
    found
        .filter(|user| user.status != DELETED)
        .ok_or_else(|| Error::new(ErrorKind::UserMissing, uid))
}

/// A conversation that the caller names, with the caller's place in it; none with somebody known to whom nothing was
/// ever said. What was said to somebody who was deleted since is still a conversation.
///
/// # Errors
/// `UserMissing`, `GroupMissing`, `ConversationMissing`, `NotMember`.
pub(crate) async fn place<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    with: &Counterpart,
) -> Result<Option<Membership>> {
    let id = match with {
        Counterpart::Group(key) => policy::group_by_key(tx, actor, key).await?.id,
        Counterpart::Person(uid) => match direct_with(tx, actor, uid).await? {
            Some(id) => id,
            None => return Ok(None),
        },
    };
    policy::membership(tx, actor, id).await.map(Some)
}

async fn direct_with<T: Tx>(tx: &mut T, actor: &Actor, uid: &str) -> Result<Option<ConversationId>> {
    let missing = || Error::new(ErrorKind::UserMissing, uid);
    let found = user::by_uid(tx, actor.tenant_id, uid).await?;
    let other = found.ok_or_else(missing)?;
    let (low, high) = (other.id.min(actor.user_id), other.id.max(actor.user_id));
    match conversation::direct(tx, low, high).await? {
        Some(direct) => Ok(Some(direct.id)),
        None if other.status == DELETED => Err(missing()),
        None => Ok(None),
    }
}

/// Which of two people has blocked the other.
#[derive(Clone, Copy, Debug)]
struct Blocking {
    by_caller: bool,
    by_other: bool,
}

/// Whether the caller may say something new where this scope holds: not muted there, and in a direct conversation
/// nothing stands between the two. Whoever acts by rank may.
pub(crate) async fn may_say<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    env: &Env,
    scope: &SendScope,
    now: Timestamp,
) -> Result<()> {
    if actor.commands() {
        return Ok(());
    }
    may_write(
        Role::of(scope.role),
        scope.is_muted(now),
        scope.silenced_until,
        now,
    )?;
    match scope.user_low.zip(scope.user_high) {
        Some((low, high)) if scope.kind == conversation::DIRECT => {
            let blocking = Blocking {
                by_caller: scope.blocks_peer,
                by_other: scope.blocked_by_peer,
            };
            may_reach(tx, actor, env, low + high - actor.user_id, blocking).await
        }
        _ => Ok(()),
    }
}

/// Whether the caller may signal somebody: they share a conversation, and nothing stands between the two.
pub(crate) async fn may_signal<T: Tx>(tx: &mut T, actor: &Actor, env: &Env, to: UserId) -> Result<()> {
    if !member::share_conversation(tx, actor.user_id, to).await? {
        return Err(ErrorKind::NotMember.into());
    }
    let blocking = Blocking {
        by_caller: block::exists(tx, actor.user_id, to).await?,
        by_other: block::exists(tx, to, actor.user_id).await?,
    };
    may_reach(tx, actor, env, to, blocking).await
}

/// Whether blocks and the rule of the tenant let the caller reach somebody directly. Only a tenant that has the rule
/// pays for looking into contact lists.
async fn may_reach<T: Tx>(
    tx: &mut T,
    actor: &Actor,
    env: &Env,
    other: UserId,
    blocking: Blocking,
) -> Result<()> {
    let own_counts = actor.block_rule == BlockRule::Mutual;
    if blocking.by_other || (own_counts && blocking.by_caller) {
        return Err(ErrorKind::Blocked.into());
    }
    let contacts_only = env.tenants().settings(actor.tenant_id).contacts_only;
    if contacts_only && !contact::both_ways(tx, actor.user_id, other).await? {
        return Err(ErrorKind::NotContacts.into());
    }
    Ok(())
}

/// Whether the caller may make somebody a contact without asking: neither has blocked the other.
pub(crate) async fn may_befriend<T: Tx>(tx: &mut T, actor: &Actor, other: UserId) -> Result<()> {
    if actor.commands() {
        return Ok(());
    }
    let blocked =
        block::exists(tx, actor.user_id, other).await? || block::exists(tx, other, actor.user_id).await?;
    if blocked {
        return Err(ErrorKind::Blocked.into());
    }
    Ok(())
}

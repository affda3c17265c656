//! Acting as somebody else: what an administrator's own system does in the name of its people.

use parlance_store::table::user;
use parlance_store::{Read, Tx};

use crate::account::Actor;
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::UserId;

impl Core {
    /// The caller in somebody else's name, with the caller's own authority: what it does is that person's, named by its text id, and
    /// what stops people does not stop it.
    ///
    /// # Errors
    /// `Forbidden` for who does not act by rank, `SenderMissing` for somebody who is not an active account of the
    /// tenant.
    pub async fn on_behalf(&self, actor: &Actor, uid: &str) -> Result<Actor> {
        policy::may_act_for_others(actor)?;
        let asked = ActiveAccount {
            actor: actor.clone(),
            uid: uid.to_owned(),
        };
        let user_id = self.store().read(asked).await?;
        Ok(Actor {
            user_id,
            ..actor.clone()
        })
    }
}

struct ActiveAccount {
    actor: Actor,
    uid: String,
}

impl Read for ActiveAccount {
    type Answer = UserId;
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<UserId> {
        let named = user::id_of(tx, self.actor.tenant_id, &self.uid).await?;
        let id = named.ok_or(ErrorKind::SenderMissing)?;
        policy::peer(tx, &self.actor, id, ErrorKind::SenderMissing).await?;
        Ok(id)
    }
}

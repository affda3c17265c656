//! Acting as somebody else: what an administrator's own system does in the name of its people.

use parlance_store::{Read, Tx};

use crate::account::Actor;
use crate::core::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use crate::types::UserId;

impl Core {
    /// The caller in somebody else's name, with the caller's own authority: what it does is that person's, and
    /// what stops people does not stop it.
    ///
    /// # Errors
    /// `Forbidden` for who does not act by rank, `SenderMissing` for somebody who is not an active account of the
    /// tenant.
    pub async fn on_behalf(&self, actor: &Actor, user_id: UserId) -> Result<Actor> {
        policy::may_act_for_others(actor)?;
        let asked = ActiveAccount {
            actor: actor.clone(),
            user_id,
        };
        self.store().read(asked).await?;
        Ok(Actor {
            user_id,
            ..actor.clone()
        })
    }
}

struct ActiveAccount {
    actor: Actor,
    user_id: UserId,
}

impl Read for ActiveAccount {
    type Answer = ();
    type Refusal = Error;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<()> {
        let (actor, id) = (&self.actor, self.user_id);
        policy::peer(tx, actor, id, ErrorKind::SenderMissing).await?;
        Ok(())
    }
}

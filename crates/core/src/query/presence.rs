//! Who is here, and on which kinds of devices.

use parlance_store::Tx;
use parlance_store::table::{login, user};

use crate::account::Actor;
use crate::core::{Core, Query, ReadContext};
use crate::error::{Error, Result};
use crate::policy;
use crate::types::{DELETED, Timestamp, UserId};

/// People asked about in one call at most.
const PEOPLE_MAX: usize = 500;

/// Whether somebody is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The text id.
    pub uid: String,
    /// Whether there is a live connection, in any dialect.
    pub online: bool,
    /// The platforms of the live connections, as their log-ins named them, each once.
    pub platforms: Vec<String>,
    /// Now for who is here; for others, when the last connection went. None for who never had one.
    pub last_seen_at: Option<Timestamp>,
}

/// Whether these people are here, in the order asked for; those whom nobody knows are left out. Asked through
/// [`Core::presences`].
#[derive(Clone, Debug)]
pub struct Presences {
    /// Their text ids.
    pub uids: Vec<String>,
}

impl Core {
    /// Answers [`Presences`], for administrators and the server itself.
    ///
    /// # Errors
    /// `Forbidden`, and `Invalid` for more than 500 people.
    pub async fn presences(&self, actor: &Actor, query: Presences) -> Result<Vec<Presence>> {
        let known = self.query(actor, Known(query.uids)).await?;
        let here = |person: Person| {
            let tokens = self.hub().present_tokens(person.user_id);
            let online = !tokens.is_empty();
            let mut platforms = Vec::new();
            for (token_id, platform) in person.logins {
                if !platform.is_empty() && tokens.contains(&token_id) && !platforms.contains(&platform) {
                    platforms.push(platform);
                }
            }
            Presence {
                uid: person.uid,
                online,
                platforms,
                last_seen_at: if online {
                    Some(self.now())
                } else {
                    person.last_seen_at
                },
            }
        };
        Ok(known.into_iter().map(here).collect())
    }
}

struct Known(Vec<String>);

/// What the database knows of somebody's presence.
struct Person {
    user_id: UserId,
    uid: String,
    last_seen_at: Option<Timestamp>,
    /// Tokens with the platforms that they stand for.
    logins: Vec<(String, String)>,
}

impl Query for Known {
    type Answer = Vec<Person>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<Person>> {
        policy::administrator(cx.actor)?;
        if self.0.len() > PEOPLE_MAX {
            return Err(Error::invalid(format!(
                "at most {PEOPLE_MAX} people are asked about at once"
            )));
        }
        let mut people = Vec::with_capacity(self.0.len());
        for uid in &self.0 {
            let found = user::by_uid(cx.tx, cx.actor.tenant_id, uid).await?;
            let Some(found) = found.filter(|user| user.status != DELETED) else {
                continue;
            };
            let logins = login::of_user(cx.tx, found.id).await?;
            people.push(Person {
                user_id: found.id,
                uid: found.uid,
                last_seen_at: found.last_online_at,
                logins: logins
                    .into_iter()
                    .map(|row| (row.token_id, row.platform))
                    .collect(),
            });
        }
        Ok(people)
    }
}

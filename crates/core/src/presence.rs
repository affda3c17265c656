//! Presence: who is here. A person is online from the first connection, and offline [`LINGER`] after the last one
//! closed, so that a reload of a page is not seen by anybody.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::command::NoteLastOnline;
use crate::core::Core;
use crate::event::Event;
use crate::hub::Hub;
use crate::types::UserId;

/// How long a person stays online without a connection.
const LINGER: Duration = Duration::from_secs(5);

/// A person's first connection came or the last one went.
pub(crate) enum Change {
    Came(UserId),
    Went(UserId),
}

/// Tells others of comings and goings until every hub handle is gone.
pub(crate) async fn run(core: Core, hub: Arc<Hub>, mut changes: mpsc::UnboundedReceiver<Change>) {
    // Who is shown as online, and since when without a connection.
    let mut shown: FxHashMap<UserId, Option<Instant>> = FxHashMap::default();
    // Everybody lingers equally long, so the queue is in order of time and needs one timer.
    let mut leaving: VecDeque<(Instant, UserId)> = VecDeque::new();
    loop {
        let due = leaving.front().map(|(went, _)| *went + LINGER);
        tokio::select! {
            change = changes.recv() => match change {
                Some(Change::Came(user_id)) => {
                    if shown.insert(user_id, None).is_none() {
                        hub.pass(Event::Presence { user_id, online: true, at: core.now() });
                    }
                }
                Some(Change::Went(user_id)) => {
                    let now = Instant::now();
                    shown.insert(user_id, Some(now));
                    leaving.push_back((now, user_id));
                }
                None => return,
            },
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                // Somebody who came back, or came back and went again, has another entry or none.
                if let Some((went, user_id)) = leaving.pop_front()
                    && shown.get(&user_id) == Some(&Some(went))
                {
                    shown.remove(&user_id);
                    hub.pass(Event::Presence { user_id, online: false, at: core.now() });
                    // Queued, not awaited: nobody waits for this, and the store bounds its own queue.
                    drop(core.execute_as_system(NoteLastOnline { user_id }));
                }
            }
        }
    }
}

//! What was sent to the caller's groups after a given message: the part of a stream that a reader has missed.

use parlance_store::Tx;
use parlance_store::table::{backlog, message};

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::event::MessageSent;
use crate::id;
use crate::place::Place;
use crate::query::view;
use crate::types::MessageId;

/// Messages of one group that a reader can make up for; who was away for longer reads the history.
const DEPTH_MAX: i64 = 1_000;
/// How far back a reader can make up for what it has missed.
const AGE_SECONDS_MAX: i64 = 24 * 60 * 60;
/// Messages in one answer at most.
const PAGE_MAX: i64 = 500;

/// The oldest messages after `after` in the caller's groups, oldest first, as they stand now: what was sent since the
/// caller came into each group, of the last 24 hours and the newest 1,000 of each group. Their ids are in the order in
/// which they were committed, so the last one given is a true position.
#[derive(Clone, Copy, Debug)]
pub struct Backlog {
    /// The position: the last message that the reader has.
    pub after: MessageId,
    /// How many at most, up to 500.
    pub limit: i64,
}

impl Query for Backlog {
    type Answer = Vec<MessageSent>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Vec<MessageSent>> {
        let oldest = id::first_at(cx.now - AGE_SECONDS_MAX * 1_000_000);
        let after = self.after.max(oldest);
        let limit = self.limit.clamp(1, PAGE_MAX);
        let rows = backlog::next(cx.tx, cx.actor.user_id, after, DEPTH_MAX, limit).await?;
        let mut missed = Vec::with_capacity(rows.len());
        for found in rows {
            missed.push(MessageSent {
                view: view(cx.tx, found.row).await?,
                place: Place::Group {
                    uuid: found.uuid,
                    key: found.key,
                    category: found.category,
                },
                mentioned: Vec::new(),
                origin: None,
            });
        }
        Ok(missed)
    }
}

/// The newest message of the server, whoever may see it: the position of a reader that begins now.
#[derive(Clone, Copy, Debug)]
pub struct Newest;

impl Query for Newest {
    type Answer = MessageId;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<MessageId> {
        Ok(message::last_id(cx.tx).await?)
    }
}

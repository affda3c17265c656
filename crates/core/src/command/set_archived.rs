//! Marks groups as put aside, or takes the mark off: the operator's own systems may. Nothing else follows from it.

use parlance_store::Tx;
use parlance_store::table::conversation;

use crate::command::{Command, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy;

/// Groups that one call marks at most.
const GROUPS_MAX: usize = 1_000;

/// Sets or clears the mark of these groups. A group keeps its place in lists.
///
/// # Errors
/// `Forbidden` for anybody but the server itself, `Invalid` for more than 1,000 groups.
#[derive(Clone, Debug)]
pub struct SetArchived {
    /// Which groups.
    pub uuids: Vec<String>,
    /// Put aside or not.
    pub archived: bool,
}

impl Command for SetArchived {
    /// Those that there are not, in the order asked for.
    type Reply = Vec<String>;

    async fn apply<T: Tx>(&self, cx: &mut Context<'_, T>) -> Result<Vec<String>> {
        policy::server(cx.actor)?;
        if self.uuids.len() > GROUPS_MAX {
            return Err(Error::invalid(format!(
                "at most {GROUPS_MAX} groups are marked at once"
            )));
        }
        let mut missing = Vec::new();
        for uuid in &self.uuids {
            match policy::group_named(cx.tx, cx.actor, uuid).await {
                Ok(mut group) if group.archived != self.archived => {
                    group.archived = self.archived;
                    conversation::update(cx.tx, &group).await?;
                    cx.record(Event::ConversationChanged {
                        conversation_id: group.id,
                        by: cx.actor.user_id,
                    });
                }
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::ConversationMissing => missing.push(uuid.clone()),
                Err(error) => return Err(error),
            }
        }
        Ok(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CreateGroup, SendMessage, Target};
    use crate::query::GroupDetails;
    use crate::testing::{TestCore, refusal};

    #[tokio::test]
    async fn the_mark_changes_nothing_else() {
        let test = TestCore::start().await;
        let ann = test.user("ann").await;
        let group = CreateGroup::named("team", Vec::new());
        let group = test.core.execute(&ann, group).await.unwrap();
        let details = GroupDetails {
            conversation_id: group.conversation_id,
        };
        let before = test.core.query(&ann, details).await.unwrap().conversation;
        test.clock.advance_seconds(1);
        let mark = |archived| SetArchived {
            uuids: vec!["nothing".into(), group.uuid.clone(), group.uuid.clone()],
            archived,
        };
        for archived in [true, true, false] {
            let missing = test.core.execute_as_system(mark(archived)).await.unwrap();
            assert_eq!(missing, ["nothing"]);
            let now = test.core.query(&ann, details).await.unwrap().conversation;
            assert_eq!((now.archived, now.updated_at), (archived, before.updated_at));
        }
        test.core.execute_as_system(mark(true)).await.unwrap();
        let send = SendMessage::text(Target::Group(group.uuid.clone()), "still alive");
        test.core.execute(&ann, send).await.unwrap();
        let refused = test.core.execute(&ann, mark(false)).await;
        assert_eq!(refusal(refused), ErrorKind::Forbidden);
        let many = SetArchived {
            uuids: vec![String::new(); 1_001],
            archived: true,
        };
        assert_eq!(
            refusal(test.core.execute_as_system(many).await),
            ErrorKind::Invalid
        );
    }
}

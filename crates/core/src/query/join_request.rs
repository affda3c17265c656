//! Requests to come into a group, as those who answer them see them.

use parlance_store::Tx;
use parlance_store::table::join_request;

use crate::core::{Query, ReadContext};
use crate::error::Result;
use crate::policy;
use crate::query::directory::Counted;
use crate::types::{ConversationId, JoinRequestView, RequestStatus, Role};

/// Requests on one page.
const PAGE_MAX: i64 = 1_000;

/// Requests to come into a group, counted, the newest first. For its owner and administrators.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `RoleTooLow`.
#[derive(Clone, Copy, Debug)]
pub struct JoinRequests {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Only those of which this became; none for all.
    pub status: Option<RequestStatus>,
    /// Requests before the page.
    pub skip: i64,
    /// Requests at most; 1,000 are the most.
    pub limit: i64,
}

impl JoinRequests {
    /// All of a group, first page.
    pub fn of(conversation_id: ConversationId) -> Self {
        Self {
            conversation_id,
            status: None,
            skip: 0,
            limit: PAGE_MAX,
        }
    }
}

impl Query for JoinRequests {
    type Answer = Counted<JoinRequestView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let (group, role) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        policy::holds(role, Role::Admin)?;
        let status = self.status.map(|status| match status {
            RequestStatus::Pending => join_request::PENDING,
            RequestStatus::Approved => join_request::ACCEPTED,
            RequestStatus::Rejected => join_request::REJECTED,
        });
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, PAGE_MAX));
        let rows = join_request::page(cx.tx, group.id, status, skip, limit).await?;
        Ok(Counted {
            total: join_request::count(cx.tx, group.id, status).await?,
            items: JoinRequestView::of(cx.tx, rows).await?,
        })
    }
}

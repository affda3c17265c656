//! Members of a group for its members and for who acts by rank: page by page, found by a word, or one.

use parlance_store::Tx;
use parlance_store::table::member;

use crate::core::{Query, ReadContext};
use crate::error::{ErrorKind, Result};
use crate::query::directory::Counted;
use crate::query::group::MemberView;
use crate::types::{ConversationId, UserId};
use crate::{field, policy};

/// Members on one page.
const PAGE_MAX: i64 = 1_000;
/// Characters of a word to search for.
const KEYWORD_CHARS_MAX: usize = 100;

/// Members of a group, counted, by number: all of them, or those with a word in text id or names.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `Invalid` for more than 100 characters.
#[derive(Clone, Debug)]
pub struct MemberPage {
    /// Which group.
    pub conversation_id: ConversationId,
    /// The word; empty for all.
    pub keyword: String,
    /// Members before the page.
    pub skip: i64,
    /// Members at most; 1,000 are the most.
    pub limit: i64,
}

impl Query for MemberPage {
    type Answer = Counted<MemberView>;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<Self::Answer> {
        let (group, _) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        field::at_most("a search", &self.keyword, KEYWORD_CHARS_MAX)?;
        let keyword = self.keyword.trim();
        let (skip, limit) = (self.skip.max(0), self.limit.clamp(1, PAGE_MAX));
        let rows = member::matching(cx.tx, group.id, keyword, skip, limit).await?;
        let now = cx.now;
        Ok(Counted {
            total: if keyword.is_empty() {
                group.members_count
            } else {
                member::count_matching(cx.tx, group.id, keyword).await?
            },
            items: rows.into_iter().map(|row| MemberView::new(row, now)).collect(),
        })
    }
}

/// One member of a group.
///
/// # Errors
/// `GroupMissing`, `NotMember`, `MemberMissing`.
#[derive(Clone, Copy, Debug)]
pub struct OneMember {
    /// Which group.
    pub conversation_id: ConversationId,
    /// Who.
    pub user_id: UserId,
}

impl Query for OneMember {
    type Answer = MemberView;

    async fn run<T: Tx>(&self, cx: &mut ReadContext<'_, T>) -> Result<MemberView> {
        let (group, _) = policy::group_and_role(cx.tx, cx.actor, self.conversation_id).await?;
        let rows = member::listed(cx.tx, group.id, self.user_id.saturating_sub(1), 1).await?;
        let row = rows.into_iter().find(|row| row.user_id == self.user_id);
        let row = row.ok_or(ErrorKind::MemberMissing)?;
        Ok(MemberView::new(row, cx.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::SilenceMember;
    use crate::testing::{TestCore, refusal};
    use crate::types::Role;
    use crate::{Actor, Mandate};

    #[tokio::test]
    async fn members_are_paged_and_found_by_a_word() {
        let test = TestCore::start().await;
        let (ann, anton, bob) = (
            test.user("ann").await,
            test.user("anton").await,
            test.user("bob").await,
        );
        let eve = test.user("eve").await;
        let conversation_id = test.group(&ann, "team", &[&anton, &bob]).await;
        let page = |keyword: &str, skip, limit| MemberPage {
            conversation_id,
            keyword: keyword.to_owned(),
            skip,
            limit,
        };
        for (asked, total, expected) in [
            (page("", 0, 1_000), 3, vec!["ann", "anton", "bob"]),
            (page("", 1, 1), 3, vec!["anton"]),
            (page("AN", 0, 10), 2, vec!["ann", "anton"]),
            (page("an", 1, 10), 2, vec!["anton"]),
            (page("%", 0, 10), 0, vec![]),
            (page("eve", 0, 10), 0, vec![]),
        ] {
            let shown = format!("{asked:?}");
            let found = test.core.query(&bob, asked).await.unwrap();
            let uids: Vec<&str> = found.items.iter().map(|one| one.user.uid.as_str()).collect();
            assert_eq!((found.total, uids), (total, expected), "{shown}");
        }
        let chief = Actor {
            mandate: Mandate::Rank,
            ..test.admin("chief").await
        };
        assert_eq!(test.core.query(&chief, page("", 0, 10)).await.unwrap().total, 3);
        for (who, asked, kind) in [
            (&eve, page("", 0, 10), ErrorKind::NotMember),
            (&bob, page(&"x".repeat(101), 0, 10), ErrorKind::Invalid),
        ] {
            assert_eq!(refusal(test.core.query(who, asked).await), kind);
        }
        let silence = SilenceMember {
            conversation_id,
            user_id: bob.user_id,
            until: Some(test.core.now() + 5_000_000),
        };
        test.core.execute(&ann, silence).await.unwrap();
        let one = |user_id| OneMember {
            conversation_id,
            user_id,
        };
        let seen = test.core.query(&bob, one(bob.user_id)).await.unwrap();
        assert_eq!(seen.silenced_until, Some(test.core.now() + 5_000_000));
        assert_eq!((seen.user.uid.as_str(), seen.role), ("bob", Role::Member));
        for nobody in [eve.user_id, 0, i64::MAX] {
            assert_eq!(
                refusal(test.core.query(&ann, one(nobody)).await),
                ErrorKind::MemberMissing
            );
        }
    }
}

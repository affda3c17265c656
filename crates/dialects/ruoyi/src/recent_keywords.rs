//! What each user has looked for lately, for that user alone: nobody learns from it what others look for. Kept in
//! memory only, so it starts empty with the server.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use parlance_core::types::UserId;

/// Keywords kept for one user.
const KEYWORDS_PER_USER_MAX: usize = 10;
/// Users whose keywords are kept; beyond it, those of the user who came first go.
const USERS_MAX: usize = 10_000;

#[derive(Default)]
struct State {
    of_user: HashMap<UserId, Vec<String>>,
    /// Users in the order of their first search since they were last dropped.
    order: VecDeque<UserId>,
}

/// Keywords of many users. One for each router.
#[derive(Default)]
pub(crate) struct RecentKeywords(Mutex<State>);

impl RecentKeywords {
    /// Notes a search.
    pub(crate) fn note(&self, user_id: UserId, keyword: &str) {
        let keyword = keyword.trim();
        if keyword.is_empty() {
            return;
        }
        let mut state = self.0.lock();
        if !state.of_user.contains_key(&user_id) {
            if state.order.len() >= USERS_MAX
                && let Some(oldest) = state.order.pop_front()
            {
                state.of_user.remove(&oldest);
            }
            state.order.push_back(user_id);
        }
        let mine = state.of_user.entry(user_id).or_default();
        mine.retain(|known| known != keyword);
        mine.insert(0, keyword.to_owned());
        mine.truncate(KEYWORDS_PER_USER_MAX);
    }

    /// What a user has looked for, the last first.
    pub(crate) fn of(&self, user_id: UserId) -> Vec<String> {
        self.0.lock().of_user.get(&user_id).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_ten_of_each_user_without_doubles() {
        let recent = RecentKeywords::default();
        for number in 0..12 {
            recent.note(1, &format!("word {number}"));
        }
        recent.note(1, " word 5 ");
        recent.note(2, "other");
        recent.note(2, " ");
        let mine = recent.of(1);
        assert_eq!(
            (mine.len(), mine[0].as_str(), mine[1].as_str()),
            (10, "word 5", "word 11")
        );
        assert_eq!(recent.of(2), ["other"]);
        assert!(recent.of(3).is_empty());
    }

    #[test]
    fn forgets_who_searched_first_when_there_are_too_many() {
        let recent = RecentKeywords::default();
        for user_id in 0..=USERS_MAX as i64 {
            recent.note(user_id, "word");
        }
        assert!(recent.of(0).is_empty());
        assert_eq!(recent.of(USERS_MAX as i64), ["word"]);
    }
}

//! Users and conversations for a run, made through the ruoyi dialect's HTTP routes (contract B3 and B4).
//! Passwords are hashed slowly by design, so users are made side by side and never inside a measured span.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::failure::{Outcome, fail};
use crate::http::{HttpClient, Request};

/// How many registrations are under way at once.
const REGISTRATIONS_AT_ONCE: usize = 8;
/// Every bench user's password; the users exist only on a loopback server.
const PASSWORD: &str = "bench-Pass-1";

/// A logged-in user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// The user's number.
    pub(crate) id: u64,
    /// A token of profile doc.
    pub(crate) token: String,
}

/// How users are named and how fast they are made.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    /// The server.
    pub(crate) address: SocketAddr,
    /// Put in front of the number of each user, at most 12 letters or digits.
    pub(crate) prefix: String,
    /// At most this many users a second, if set.
    pub(crate) users_per_second: Option<f64>,
}

/// A short text that differs from run to run, so that users and client message ids of two runs never meet.
pub(crate) fn run_name() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut rest = since_epoch.as_millis();
    let mut name = Vec::new();
    while rest > 0 {
        name.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
        rest /= 36;
    }
    name.iter().rev().collect()
}

impl Registration {
    /// Registers the users `prefix0`, `prefix1`, … (or finds them registered) and logs them in.
    ///
    /// # Errors
    /// A refused registration other than "exists already", or a refused log-in.
    pub(crate) async fn users(&self, count: usize) -> Outcome<Vec<User>> {
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..REGISTRATIONS_AT_ONCE.min(count) {
            let (registration, next) = (self.clone(), Arc::clone(&next));
            tasks.spawn(async move { registration.register_share(&next, count, begun).await });
        }
        let mut users = Vec::with_capacity(count);
        while let Some(share) = tasks.join_next().await {
            users.extend(share??);
        }
        users.sort_unstable_by_key(|(index, _)| *index);
        Ok(users.into_iter().map(|(_, user)| user).collect())
    }

    async fn register_share(
        &self,
        next: &AtomicUsize,
        count: usize,
        begun: Instant,
    ) -> Outcome<Vec<(usize, User)>> {
        let mut client = HttpClient::open(self.address).await?;
        let mut share = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(share);
            }
            if let Some(rate) = self.users_per_second {
                tokio::time::sleep_until(begun + Duration::from_secs_f64(index as f64 / rate)).await;
            }
            share.push((index, self.register(&mut client, index).await?));
        }
    }

    async fn register(&self, client: &mut HttpClient, index: usize) -> Outcome<User> {
        let name = format!("{}{index}", self.prefix);
        let body = json!({"username": name, "password": PASSWORD}).to_string();
        let post = |path| Request {
            method: "POST",
            path,
            token: None,
            body: &body,
        };
        let registered = client.request(&post("/api/auth/register")).await?;
        // A second run against a kept server finds its users; only the log-in tells whether they are ours.
        if registered.status != 200 && registered.status != 400 {
            return fail(format!("registering {name} answered {}", registered.status));
        }
        let data = client.data(&post("/api/auth/login")).await?;
        match (data["userInfo"]["id"].as_u64(), data["token"].as_str()) {
            (Some(id), Some(token)) => Ok(User {
                id,
                token: token.to_owned(),
            }),
            _ => fail(format!("the log-in answer for {name} lacks token or userInfo.id")),
        }
    }
}

/// Opens (or finds) the direct conversation of `token`'s user with `peer`.
pub(crate) async fn direct_conversation(client: &mut HttpClient, token: &str, peer: u64) -> Outcome<u64> {
    create(client, token, &json!({"type": "PRIVATE", "peerUserId": peer})).await
}

/// Creates a group of `token`'s user and `members`.
pub(crate) async fn group(client: &mut HttpClient, token: &str, members: &[u64]) -> Outcome<u64> {
    create(
        client,
        token,
        &json!({"type": "GROUP", "name": "bench", "memberIds": members}),
    )
    .await
}

async fn create(client: &mut HttpClient, token: &str, body: &Value) -> Outcome<u64> {
    let body = body.to_string();
    let path = "/api/im/conversation/create";
    let data = client
        .data(&Request {
            method: "POST",
            path,
            token: Some(token),
            body: &body,
        })
        .await?;
    match data.as_u64().or_else(|| data["id"].as_u64()) {
        Some(id) => Ok(id),
        None => fail("the answer to conversation/create has no conversation id"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_name_leaves_room_in_a_user_name() {
        let name = run_name();
        assert!(
            name.len() <= 9 && name.chars().all(|letter| letter.is_ascii_alphanumeric()),
            "{name}"
        );
    }
}

//! A request that the server may hold back for a while, on a connection of its own.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::client::{Answer, Http};

/// How long a test waits for an answer that a server may hold back for 30 seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request on its way. Dropping it lets it run; [`Poll::cut`] hangs up.
pub struct Poll {
    running: JoinHandle<Answer>,
}

impl Poll {
    /// Sends `GET path` and goes on.
    pub fn start(http: &Http, path: &str) -> Self {
        let (http, path) = (http.on_its_own(), path.to_owned());
        let running = tokio::spawn(async move {
            let request = http.request("GET", &path);
            http.fetch_within(request, PATIENCE).await
        });
        Self { running }
    }

    /// The answer.
    ///
    /// # Panics
    /// When none comes.
    #[expect(clippy::expect_used, reason = "a server that does not answer fails the test")]
    pub async fn answer(self) -> Answer {
        self.running.await.expect("an answer")
    }

    /// Whether the answer is there.
    pub fn is_answered(&self) -> bool {
        self.running.is_finished()
    }

    /// Hangs up, and waits until that is done.
    pub async fn cut(self) {
        self.running.abort();
        // Cancelled, or answered a moment before.
        let _ = self.running.await;
    }
}

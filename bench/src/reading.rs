//! `list`, `history` and `search`: HTTP keep-alive clients that read as the user whose conversations `fill` filled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::failure::{Outcome, fail};
use crate::fill::Ground;
use crate::http::{HttpClient, Request};
use crate::latency::{Latency, Percentiles};
use crate::span::Mark;
use crate::target::Target;
use crate::text::Random;

/// How long the index may be behind unless an argument says otherwise.
pub(crate) const CATCH_UP_SECONDS: u64 = 60;
/// How often it is asked.
const CATCH_UP_POLL: Duration = Duration::from_millis(200);
/// The most clients.
const CLIENTS_MAX: usize = 1_000;
/// The most requests of one run.
const REQUESTS_MAX: u64 = 10_000_000;
/// Messages on a history page and on a search page.
const PAGE: usize = 20;
/// One in so many answers is parsed and checked; the rest are checked by status only, to keep the generator cheap.
const CHECK_EVERY: u64 = 50;

/// How many requests, by how many clients.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReadLoad {
    /// Keep-alive clients, one request at a time each
    #[arg(long, default_value_t = 2)]
    pub(crate) clients: usize,
    /// Requests in all
    #[arg(long, default_value_t = 5_000)]
    pub(crate) requests: u64,
    /// Seconds that the index may be behind when a search begins
    #[arg(long, default_value_t = CATCH_UP_SECONDS)]
    pub(crate) catch_up_seconds_max: u64,
}

/// What is read.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// The reader's conversation list.
    List,
    /// A page of a random conversation before a random message; ids lie in this range.
    History {
        /// The oldest message's id.
        oldest_id: u64,
        /// The newest message's id.
        newest_id: u64,
    },
    /// The first page of a search.
    Search {
        /// What is looked for.
        word: String,
        /// How many messages the answer's `total` must state, if known.
        hits: Option<u64>,
    },
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadReport {
    /// What was read.
    pub(crate) reading: String,
    /// Clients.
    pub(crate) clients: usize,
    /// Requests answered.
    pub(crate) requests: u64,
    /// Requests a second.
    pub(crate) requests_per_second: f64,
    /// From the request to the whole answer.
    pub(crate) latency: Percentiles,
    /// Server CPU for each request, in microseconds.
    pub(crate) server_cpu_us_per_request: Option<f64>,
    /// Messages that the last checked search stated in `total`.
    pub(crate) total: Option<u64>,
    /// `search`: how long the index was behind what was stored when this began.
    pub(crate) index_behind_seconds: Option<f64>,
}

struct Work {
    reading: Reading,
    token: String,
    conversations: Vec<u64>,
    requests: u64,
    taken: AtomicU64,
    answered: AtomicU64,
    total: AtomicU64,
    latency: Latency,
}

impl Reading {
    /// A history over everything that the reader's first conversation holds.
    pub(crate) async fn history(target: &Target, ground: &Ground) -> Outcome<Reading> {
        let mut client = HttpClient::open(target.address).await?;
        let conversation = ground.reader_conversations[0];
        let token = &ground.reader.token;
        let newest_id = match newest_before(&mut client, token, conversation, None).await? {
            Some(id) => id,
            None => {
                return fail(
                    "the reader's first conversation is empty; run `fill` against this server first",
                );
            }
        };
        // The smallest bound below which there is still a message leads to the oldest one.
        let (mut low, mut high) = (0, newest_id);
        while low < high {
            let middle = low + (high - low) / 2;
            match newest_before(&mut client, token, conversation, Some(middle)).await? {
                Some(id) => high = id,
                None => low = middle + 1,
            }
        }
        Ok(Reading::History {
            oldest_id: high,
            newest_id,
        })
    }

    fn name(&self) -> String {
        match self {
            Reading::List => "list".to_owned(),
            Reading::History { .. } => "history".to_owned(),
            Reading::Search { word, .. } => format!("search {word}"),
        }
    }
}

async fn newest_before(
    client: &mut HttpClient,
    token: &str,
    conversation: u64,
    before: Option<u64>,
) -> Outcome<Option<u64>> {
    let bound = before.map_or_else(String::new, |id| format!("&lastId={id}"));
    let path = format!("/api/im/message/list/{conversation}?limit=1{bound}");
    let data = client
        .data(&Request {
            method: "GET",
            path: &path,
            token: Some(token),
            body: "",
        })
        .await?;
    Ok(data[0]["id"].as_u64())
}

/// Reads with all clients at once.
///
/// # Errors
/// An answer other than 200, or one that does not hold what it must.
pub(crate) async fn run(
    target: &Target,
    ground: &Ground,
    reading: Reading,
    load: &ReadLoad,
) -> Outcome<ReadReport> {
    if !(1..=CLIENTS_MAX).contains(&load.clients) || !(1..=REQUESTS_MAX).contains(&load.requests) {
        return fail(format!(
            "--clients must be 1 to {CLIENTS_MAX} and --requests 1 to {REQUESTS_MAX}"
        ));
    }
    let name = reading.name();
    let searched = matches!(reading, Reading::Search { .. });
    let work = Arc::new(Work {
        reading,
        token: ground.reader.token.clone(),
        conversations: ground.reader_conversations.clone(),
        requests: load.requests,
        taken: AtomicU64::new(0),
        answered: AtomicU64::new(0),
        total: AtomicU64::new(0),
        latency: Latency::new()?,
    });
    let behind_max = Duration::from_secs(load.catch_up_seconds_max);
    let caught_up = caught_up(target, &work, behind_max).await?;
    let start = Mark::now(target, 0)?;
    let mut clients = JoinSet::new();
    for index in 0..load.clients {
        clients.spawn(read(
            HttpClient::open(target.address).await?,
            Arc::clone(&work),
            index as u64,
        ));
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let span = start.until(&Mark::now(target, work.answered.load(Ordering::Relaxed))?);
    Ok(ReadReport {
        reading: name,
        clients: load.clients,
        requests: span.count,
        requests_per_second: span.per_second,
        latency: work.latency.percentiles(),
        server_cpu_us_per_request: span.cpu_us_each,
        total: searched.then(|| work.total.load(Ordering::Relaxed)),
        index_behind_seconds: searched.then_some(caught_up.as_secs_f64()),
    })
}

/// Waits until a search states all that was stored, and tells how long that took: an index is written behind the
/// messages, and a load that stores faster than anybody types leaves it behind for a while.
async fn caught_up(target: &Target, work: &Work, behind_max: Duration) -> Outcome<Duration> {
    let begun = Instant::now();
    let mut client = HttpClient::open(target.address).await?;
    loop {
        let (method, path, body) = work.request(&mut Random(0));
        let request = Request {
            method,
            path: &path,
            token: Some(&work.token),
            body: &body,
        };
        let checked = work.check(&client.request(&request).await?.json()?["data"]);
        match checked {
            Ok(()) => return Ok(begun.elapsed()),
            Err(error) if begun.elapsed() > behind_max => return Err(error),
            Err(_) => tokio::time::sleep(CATCH_UP_POLL).await,
        }
    }
}

async fn read(mut client: HttpClient, work: Arc<Work>, seed: u64) -> Outcome<()> {
    let mut random = Random(seed);
    loop {
        let number = work.taken.fetch_add(1, Ordering::Relaxed);
        if number >= work.requests {
            return Ok(());
        }
        let (method, path, body) = work.request(&mut random);
        let request = Request {
            method,
            path: &path,
            token: Some(&work.token),
            body: &body,
        };
        let begun = Instant::now();
        let answer = client.request(&request).await?;
        work.latency.record(begun.elapsed());
        work.answered.fetch_add(1, Ordering::Relaxed);
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return fail(format!("{method} {path} answered {}: {body}", answer.status));
        }
        if number.is_multiple_of(CHECK_EVERY) {
            work.check(&answer.json()?["data"])?;
        }
    }
}

impl Work {
    fn request(&self, random: &mut Random) -> (&'static str, String, String) {
        match &self.reading {
            Reading::List => ("GET", "/api/im/conversation/list".to_owned(), String::new()),
            Reading::History { oldest_id, newest_id } => {
                let conversation = self.conversations[random.below(self.conversations.len())];
                let span = usize::try_from(newest_id - oldest_id)
                    .unwrap_or(usize::MAX)
                    .max(1);
                let last_id = newest_id - random.below(span) as u64;
                let path = format!("/api/im/message/list/{conversation}?lastId={last_id}&limit={PAGE}");
                ("GET", path, String::new())
            }
            Reading::Search { word, .. } => {
                let body = json!({"keyword": word, "pageNum": 1, "pageSize": PAGE});
                ("POST", "/api/im/message/search".to_owned(), body.to_string())
            }
        }
    }

    /// Checks that an answer holds what was asked for: a fast empty answer is no result.
    fn check(&self, data: &Value) -> Outcome<()> {
        match &self.reading {
            Reading::List => {
                let found = data.as_array().map_or(0, Vec::len);
                if found < self.conversations.len() {
                    return fail(format!(
                        "the list has {found} conversations instead of {}",
                        self.conversations.len()
                    ));
                }
            }
            Reading::History { .. } => {
                let page = data.as_array().map_or(&[][..], Vec::as_slice);
                // Conversations were filled side by side, so a page near the oldest id may be short.
                if page.len() > PAGE || !falling(page) {
                    return fail("a history page is too long or not newest first");
                }
            }
            Reading::Search { word, hits } => self.check_search(data, word, *hits)?,
        }
        Ok(())
    }

    fn check_search(&self, data: &Value, word: &str, hits: Option<u64>) -> Outcome<()> {
        let total = data["total"].as_u64().unwrap_or_default();
        self.total.store(total, Ordering::Relaxed);
        if hits.is_some_and(|hits| hits != total) {
            return fail(format!(
                "search for {word} states {total} hits instead of {}",
                hits.unwrap_or_default()
            ));
        }
        let items = data["items"].as_array().map_or(&[][..], Vec::as_slice);
        let all_match = items.iter().all(|item| {
            item["content"]
                .as_str()
                .is_some_and(|content| content.contains(word))
        });
        if !all_match || items.len() as u64 != total.min(PAGE as u64) {
            return fail(format!(
                "search for {word} answered a page that does not fit its own total of {total}"
            ));
        }
        Ok(())
    }
}

fn falling(page: &[Value]) -> bool {
    page.windows(2)
        .all(|two| two[0]["id"].as_u64() > two[1]["id"].as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(reading: Reading) -> Work {
        Work {
            reading,
            token: String::new(),
            conversations: vec![1, 2],
            requests: 1,
            taken: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            total: AtomicU64::new(0),
            latency: Latency::new().unwrap(),
        }
    }

    #[test]
    fn a_short_list_is_no_list() {
        let work = work(Reading::List);
        assert!(work.check(&json!([{"id": 1}, {"id": 2}])).is_ok());
        assert!(work.check(&json!([{"id": 1}])).is_err());
        assert!(work.check(&Value::Null).is_err());
    }

    #[test]
    fn history_pages_are_newest_first() {
        let work = work(Reading::History {
            oldest_id: 1,
            newest_id: 9,
        });
        assert!(work.check(&json!([{"id": 9}, {"id": 5}])).is_ok());
        assert!(work.check(&json!([{"id": 5}, {"id": 9}])).is_err());
    }

    #[test]
    fn a_search_must_find_what_was_stored() {
        let work = work(Reading::Search {
            word: "会议".to_owned(),
            hits: Some(1),
        });
        let item = json!({"content": "下午会议"});
        assert!(work.check(&json!({"total": 1, "items": [item]})).is_ok());
        assert!(
            work.check(&json!({"total": 2, "items": [item, item]})).is_err(),
            "wrong total"
        );
        assert!(
            work.check(&json!({"total": 1, "items": []})).is_err(),
            "missing item"
        );
        assert!(
            work.check(&json!({"total": 1, "items": [{"content": "午餐"}]}))
                .is_err(),
            "wrong item"
        );
    }

    #[test]
    fn history_requests_stay_within_the_stored_ids() {
        let work = work(Reading::History {
            oldest_id: 1_000,
            newest_id: 2_000,
        });
        let mut random = Random(1);
        for _ in 0..1_000 {
            let (_, path, _) = work.request(&mut random);
            let id: u64 = path
                .split("lastId=")
                .nth(1)
                .unwrap()
                .split('&')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            assert!((1_001..=2_000).contains(&id), "{path}");
        }
    }
}

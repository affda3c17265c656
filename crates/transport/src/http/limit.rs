//! Bounds on what callers send: the size of a body, the rate of requests.
//!
//! How a refusal looks is the dialect's business; how large the bounds are, the configuration's.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{DefaultBodyLimit, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, header};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;

use super::client_addr::Caller;

/// The largest body of a route, and the answer to a larger one.
///
/// Used with [`body_limit`]: `router.layer(from_fn_with_state(BodyLimit { .. }, body_limit))`.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit {
    /// Most bytes of a body.
    pub bytes_max: u64,
    /// Makes the 413 response in the dialect's form.
    pub refuse: fn() -> Response,
}

/// Middleware: refuses a body that announces itself as too large without reading any of it, and one
/// of unknown length as soon as it has grown too large. Replaces axum's own limit.
pub async fn body_limit(State(limit): State<BodyLimit>, mut request: Request, next: Next) -> Response {
    let size = request.body().size_hint();
    if size.lower() > limit.bytes_max {
        return refuse(limit);
    }
    DefaultBodyLimit::disable().apply(&mut request);
    if size.exact().is_some() {
        // hyper ends the body at its announced length.
        return next.run(request).await;
    }
    let exceeded = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| {
        Body::new(Counted {
            body,
            bytes_left: limit.bytes_max,
            exceeded: exceeded.clone(),
        })
    });
    let response = next.run(request).await;
    if exceeded.load(Ordering::Relaxed) {
        refuse(limit)
    } else {
        response
    }
}

fn refuse(limit: BodyLimit) -> Response {
    let mut response = (limit.refuse)();
    // The rest of the body would otherwise have to be read before the next request.
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A body that fails once more than so many bytes came.
struct Counted {
    body: Body,
    bytes_left: u64,
    exceeded: Arc<AtomicBool>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            match self.bytes_left.checked_sub(data.len() as u64) {
                Some(left) => self.bytes_left = left,
                None => {
                    self.exceeded.store(true, Ordering::Relaxed);
                    let error = axum::Error::new("the body is larger than this server accepts");
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Who a rate is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// A signed-in user's id.
    User(u64),
    /// The number of an app that has proven itself.
    App(u64),
    /// A caller's address. Addresses of one IPv6 /64 count together, since one caller has them all.
    Address(IpAddr),
}

impl RateKey {
    fn canonical(self) -> Self {
        const SUBNET_MASK: u128 = !0 << 64;
        match self {
            Self::User(_) | Self::App(_) => self,
            Self::Address(address) => Self::Address(match address.to_canonical() {
                IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & SUBNET_MASK).into(),
                address => address,
            }),
        }
    }
}

/// Locks of a limiter, so that threads seldom meet at one.
const SHARDS: usize = 16;
/// Entries looked at to find one to give up when a shard is full.
const EVICTION_SAMPLES: usize = 8;
/// A full shard is swept of idle entries at most this often, in microseconds.
const SWEEP_INTERVAL_MICROS: u64 = MICROS_PER_SECOND;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// Lets each key do `burst` things at once and `per_second` a second in the long run.
///
/// A token bucket kept as one number per key: the instant at which its bucket is full again. A key
/// whose instant has passed is as good as unknown, so memory is bounded without a timer. When more
/// keys than `keys_max` are busy at once, one that is nearly idle is forgotten, in the key's favour.
#[derive(Debug)]
pub struct RateLimiter {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    started: Instant,
    token_micros: u64,
    burst_micros: u64,
    shard_keys_max: usize,
}

#[derive(Debug, Default)]
struct Shard {
    /// When each key's bucket is full again, in microseconds since `started`.
    full_at: HashMap<RateKey, u64>,
    swept_at: u64,
}

impl RateLimiter {
    /// A limiter whose clock starts at `now`. Rates above a million a second count as a million.
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32, keys_max: usize, now: Instant) -> Self {
        let token_micros = (MICROS_PER_SECOND / u64::from(per_second.get())).max(1);
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            started: now,
            token_micros,
            burst_micros: token_micros * u64::from(burst.get()),
            shard_keys_max: keys_max.div_ceil(SHARDS).max(1),
        }
    }

    /// Counts one thing done by `key` at `now`.
    ///
    /// # Errors
    /// Over the rate: the whole seconds, at least one, after which the key may try again; this is
    /// what `Retry-After` says. A refused try is not counted.
    pub fn check(&self, key: RateKey, now: Instant) -> Result<(), u64> {
        let key = key.canonical();
        let now = u64::try_from(now.saturating_duration_since(self.started).as_micros()).unwrap_or(u64::MAX);
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        let mut shard = shard.lock();
        let known = shard.full_at.get(&key).copied();
        let full_at = known.unwrap_or(0).max(now).saturating_add(self.token_micros);
        let over = full_at.saturating_sub(now).saturating_sub(self.burst_micros);
        if over > 0 {
            return Err(over.div_ceil(MICROS_PER_SECOND));
        }
        if known.is_none() && shard.full_at.len() >= self.shard_keys_max {
            shard.make_room(now, self.shard_keys_max);
        }
        shard.full_at.insert(key, full_at);
        Ok(())
    }

    /// How many keys are remembered, idle ones that were not swept yet included.
    pub fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().full_at.len()).sum()
    }
}

impl Shard {
    fn make_room(&mut self, now: u64, keys_max: usize) {
        if now >= self.swept_at.saturating_add(SWEEP_INTERVAL_MICROS) || self.swept_at == 0 {
            self.swept_at = now.max(1);
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        if self.full_at.len() < keys_max {
            return;
        }
        let sample = self.full_at.iter().take(EVICTION_SAMPLES);
        if let Some(key) = sample.min_by_key(|(_, full_at)| **full_at).map(|(key, _)| *key) {
            self.full_at.remove(&key);
        }
    }
}

/// The rate that calls are held to, and whom it spares. Without a limiter it spares everybody.
#[derive(Clone, Debug, Default)]
pub struct CallerRate {
    limiter: Option<Arc<RateLimiter>>,
    loopback_exempt: bool,
}

impl CallerRate {
    /// Holds calls to the rate of `limiter`; those from this machine itself only if they are not exempt.
    pub fn new(limiter: Arc<RateLimiter>, loopback_exempt: bool) -> Self {
        Self {
            limiter: Some(limiter),
            loopback_exempt,
        }
    }

    /// Counts one call that `from` makes now, for `key`.
    ///
    /// # Errors
    /// Over the rate: the seconds of [`RateLimiter::check`].
    pub fn check(&self, key: RateKey, from: Caller) -> Result<(), u64> {
        match &self.limiter {
            Some(limiter) if !(self.loopback_exempt && from.is_loopback()) => {
                limiter.check(key, Instant::now())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;

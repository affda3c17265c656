//! Tests of the rate limiter, with the clock as an argument. Body limits are tested through a real
//! server in `tests/http.rs`.

use std::time::Duration;

use super::*;
use crate::http::client_addr::Route;

fn number(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).unwrap()
}

#[test]
fn a_burst_passes_then_the_rate_holds() {
    let start = Instant::now();
    let limiter = RateLimiter::new(number(10), number(3), 100, start);
    let key = RateKey::User(7);
    for _ in 0..3 {
        assert_eq!(limiter.check(key, start), Ok(()));
    }
    assert_eq!(limiter.check(key, start), Err(1));
    assert_eq!(limiter.check(key, start + Duration::from_millis(99)), Err(1));
    assert_eq!(limiter.check(key, start + Duration::from_millis(100)), Ok(()));
    assert_eq!(limiter.check(key, start + Duration::from_millis(150)), Err(1));
    assert_eq!(
        limiter.check(RateKey::User(8), start),
        Ok(()),
        "another key has its own bucket"
    );
    assert_eq!(
        limiter.check(RateKey::App(7), start),
        Ok(()),
        "an app is not the user with its number"
    );
    // After a long rest the burst is back, and no more than it.
    let later = start + Duration::from_secs(3600);
    let passed = (0..10).filter(|_| limiter.check(key, later).is_ok()).count();
    assert_eq!(passed, 3);
}

#[test]
fn the_wait_named_is_enough() {
    let start = Instant::now();
    let limiter = RateLimiter::new(number(1), number(5), 100, start);
    let key = RateKey::User(1);
    while limiter.check(key, start).is_ok() {}
    assert_eq!(limiter.check(key, start), Err(1));
    assert_eq!(limiter.check(key, start + Duration::from_millis(999)), Err(1));
    assert_eq!(limiter.check(key, start + Duration::from_secs(1)), Ok(()));
}

#[test]
fn one_subnet_is_one_caller() {
    let start = Instant::now();
    let limiter = RateLimiter::new(number(1), number(1), 100, start);
    let check = |text: &str| limiter.check(RateKey::Address(text.parse().unwrap()), start);
    assert!(check("2001:db8::1").is_ok());
    assert!(check("2001:db8::ffff").is_err());
    assert!(check("2001:db8:0:1::1").is_ok());
    assert!(check("192.0.2.1").is_ok());
    assert!(check("::ffff:192.0.2.1").is_err());
    assert!(check("192.0.2.2").is_ok());
}

#[test]
fn keys_are_bounded_and_idle_ones_go_first() {
    let start = Instant::now();
    let limiter = RateLimiter::new(number(1), number(1), 160, start);
    for user in 0..10_000 {
        assert_eq!(limiter.check(RateKey::User(user), start), Ok(()));
    }
    assert!(limiter.keys() <= 160, "{}", limiter.keys());
    let later = start + Duration::from_secs(10);
    for user in 20_000..20_100 {
        assert_eq!(limiter.check(RateKey::User(user), later), Ok(()));
    }
    assert!(limiter.keys() <= 160, "{}", limiter.keys());
}

#[test]
fn only_callers_on_this_machine_are_exempt() {
    let rate = |loopback_exempt| {
        let limiter = RateLimiter::new(number(1), number(1), 100, Instant::now());
        CallerRate::new(Arc::new(limiter), loopback_exempt)
    };
    let from = |address: &str, route| Caller {
        address: address.parse().unwrap(),
        route,
    };
    let twice = |rate: &CallerRate, from| {
        let _ = rate.check(RateKey::User(1), from);
        rate.check(RateKey::User(1), from)
    };
    let here = from("127.0.0.1", Route::Direct);
    assert_eq!(twice(&rate(true), here), Ok(()));
    assert_eq!(twice(&rate(false), here), Err(1));
    assert_eq!(twice(&rate(true), from("192.0.2.1", Route::Direct)), Err(1));
    assert_eq!(twice(&rate(true), from("127.0.0.1", Route::Doubtful)), Err(1));
    assert_eq!(
        twice(&rate(true), Caller::noted_in(&http::Extensions::new())),
        Err(1)
    );
    assert_eq!(
        twice(&CallerRate::default(), from("192.0.2.1", Route::Direct)),
        Ok(())
    );
}

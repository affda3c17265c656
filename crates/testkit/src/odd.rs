//! Texts and values that no client should send, for tests that a server answers them all the same.

use serde_json::{Value, json};

/// Texts for a part of a path or of a query, escaped as far as they have to be.
const TEXTS: [&str; 29] = [
    "",
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1e400",
    "1.5",
    "NaN",
    "undefined",
    "null",
    "true",
    "%00",
    "1%00",
    "%F0%9F%98%80",
    "..",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%",
    "%zz",
    "%ff%fe",
    "%0d%0aX-Odd:%201",
    "'%20OR%201=1%20--",
    "%EF%BC%91",
    "%7B%7D",
    "1;2",
    "*",
    "+1",
    "%20",
];

/// Odd texts for a part of a path or of a query, some of them long.
pub fn odd_texts() -> Vec<String> {
    let long = ["9".repeat(10_000), "%E4%BD%A0".repeat(1_200)];
    TEXTS.into_iter().map(str::to_owned).chain(long).collect()
}

/// Values that fit no field of a body, or not every field.
pub fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("\0"),
        json!("😀\u{0}\u{202e}"),
        json!(".."),
        json!("../../etc/passwd"),
        json!("9223372036854775808"),
        json!("null"),
        json!("x".repeat(10_000)),
        json!("x".repeat(70_000)),
        json!("长".repeat(10_000)),
        json!([]),
        json!([null]),
        json!([[]]),
        json!([-1, "x", {}]),
        json!(["", "\0", "a b"]),
        json!({}),
        json!({ "a": { "b": [] } }),
        json!("2026-02-30"),
        json!("javascript:alert(1)"),
        json!("//evil"),
        json!("https://[::1"),
        json!("'; DROP TABLE messages; --"),
        json!("%_'\"\\"),
    ]
}

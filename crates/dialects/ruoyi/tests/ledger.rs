//! Keeps `docs/dialects/ruoyi.md` true: every route and frame is on it, and the test that each one names exists.

use parlance_dialect_ruoyi::ledger;
use parlance_testkit::{by_area, check_once, check_page, check_tests};
use parlance_transport::http::route_table::LedgerRow;

const HEAD: &str = include_str!("ledger/head.md");
const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// What a row is listed under: the first part of the path that says something.
fn area(row: &LedgerRow) -> String {
    if row.method == "frame" || row.path == "/ws/im" {
        return "WebSocket".into();
    }
    if row.section.contains("out of scope") {
        return "No messaging".into();
    }
    let parts: Vec<&str> = row.path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "im", area, ..] if !area.starts_with('{') => (*area).into(),
        ["api", area, _, ..] if *area != "im" => (*area).into(),
        _ => "public".into(),
    }
}

fn page() -> String {
    let areas = by_area(&ledger(), area);
    format!(
        "{HEAD}\n## Routes and frames\n\n`*` stands for every method that has no line of its own.\n{areas}"
    )
}

#[test]
fn the_page_is_up_to_date() {
    check_page(CRATE, &page());
}

#[test]
fn every_named_test_exists() {
    check_tests(CRATE, &ledger());
}

#[test]
fn every_route_stands_once() {
    check_once(&ledger());
}

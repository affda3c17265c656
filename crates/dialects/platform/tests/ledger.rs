//! Keeps `docs/dialects/platform.md` true: every route is on it, and the test that each one names exists.

use parlance_dialect_platform::{ledger, socket_ledger};
use parlance_testkit::{by_area, check_once, check_page, check_tests};
use parlance_transport::http::route_table::LedgerRow;

const HEAD: &str = include_str!("ledger/head.md");
const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// Every route, and what the socket speaks.
fn everything() -> Vec<LedgerRow> {
    [ledger(), socket_ledger()].concat()
}

/// What a row is listed under: the first part of the path after the prefix.
fn area(row: &LedgerRow) -> String {
    if row.method == "frame" {
        return "ws".into();
    }
    let rest = row.path.trim_start_matches("/api/v1/");
    rest.split('/').next().unwrap_or_default().into()
}

fn page() -> String {
    let areas = by_area(&everything(), area);
    format!("{HEAD}\n## Routes\n{areas}")
}

#[test]
fn the_page_is_up_to_date() {
    check_page(CRATE, &page());
}

#[test]
fn every_named_test_exists() {
    check_tests(CRATE, &everything());
}

#[test]
fn every_route_stands_once() {
    check_once(&everything());
}

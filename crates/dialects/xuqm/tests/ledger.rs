//! Keeps `docs/dialects/xuqm.md` true: every route is on it, and the test that each one names exists.

use std::fmt::Write as _;

use parlance_dialect_xuqm::ledger;
use parlance_testkit::{check_once, check_page, check_tests};
use parlance_transport::http::route_table::LedgerRow;

const HEAD: &str = include_str!("ledger/head.md");
const CRATE: &str = env!("CARGO_MANIFEST_DIR");

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Routes\n\n| method | path | guard | contract | test |\n|---|---|---|---|---|\n");
    for row in ledger() {
        let LedgerRow {
            method,
            path,
            guard,
            section,
            test,
        } = row;
        let _ = writeln!(page, "| {method} | `{path}` | {guard} | {section} | {test} |");
    }
    page
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

//! Keeps `docs/dialects/platform.md` true: every route is on it, and the test that each one names exists.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use parlance_dialect_platform::{LedgerRow, ledger, socket_ledger};

const HEAD: &str = include_str!("ledger/head.md");
const PAGE: &str = "../../../docs/dialects/platform.md";
const REMEDY: &str = "run: UPDATE_DOCS=1 cargo test -p parlance-dialect-platform --test ledger";

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
    let mut areas: BTreeMap<String, Vec<LedgerRow>> = BTreeMap::new();
    for row in everything() {
        areas.entry(area(&row)).or_default().push(row);
    }
    let mut page = HEAD.to_owned();
    page.push_str("\n## Routes\n");
    for (area, rows) in areas {
        let _ = writeln!(
            page,
            "\n### {area}\n\n| method | path | contract | test |\n|---|---|---|---|"
        );
        for row in rows {
            let LedgerRow {
                method,
                path,
                section,
                test,
                ..
            } = row;
            let _ = writeln!(page, "| {method} | `{path}` | {section} | {test} |");
        }
    }
    page
}

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().expect("a directory")).expect("the directory of the page");
        fs::write(&path, page()).expect("the page");
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == page(), "{REMEDY}");
}

#[test]
fn every_named_test_exists() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let exists = |name: &str| {
        let (file, function) = name.split_once("::")?;
        let text = fs::read_to_string(tests.join(file).with_extension("rs")).ok()?;
        text.contains(&format!("#[tokio::test]\nasync fn {function}()"))
            .then_some(())
    };
    let wrong: Vec<LedgerRow> = everything()
        .into_iter()
        .filter(|row| exists(row.test).is_none())
        .collect();
    assert!(wrong.is_empty(), "no such test: {wrong:?}");
}

#[test]
fn every_route_stands_once() {
    let mut seen = BTreeMap::new();
    for row in everything() {
        *seen.entry((row.method, row.path)).or_insert(0) += 1;
    }
    seen.retain(|_, times| *times > 1);
    assert!(seen.is_empty(), "{seen:?}");
}

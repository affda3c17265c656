//! Checks of a dialect's coverage ledger: its page is up to date, each line is on it once, and the test that a line
//! names exists.
//!
//! How a page is laid out is the dialect's; its tests bring the text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use parlance_transport::http::route_table::LedgerRow;

/// Compares the page of a dialect with what stands in `docs/dialects/`; writes it there first when `UPDATE_DOCS` is
/// set. `crate_dir` is the directory of the dialect's crate, whose name is the dialect's.
///
/// # Panics
/// When the two differ.
#[track_caller]
pub fn check_page(crate_dir: &str, page: &str) {
    let dialect = crate_dir.rsplit('/').next().unwrap_or_default();
    let path = Path::new(crate_dir)
        .join("../../../docs/dialects")
        .join(format!("{dialect}.md"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let written = fs::write(&path, page);
        assert!(written.is_ok(), "{}: {written:?}", path.display());
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page,
        "run: UPDATE_DOCS=1 cargo test -p parlance-dialect-{dialect} --test ledger"
    );
}

/// Checks that each line stands in the ledger once.
///
/// # Panics
/// When one stands there twice.
#[track_caller]
pub fn check_once(rows: &[LedgerRow]) {
    let mut seen = BTreeMap::new();
    for row in rows {
        *seen.entry((row.method, row.path)).or_insert(0) += 1;
    }
    seen.retain(|_, times| *times > 1);
    assert!(seen.is_empty(), "{seen:?}");
}

/// Checks that the tests which the lines name are under `tests/conformance` of the crate in `crate_dir`.
///
/// # Panics
/// When one is not.
#[track_caller]
pub fn check_tests(crate_dir: &str, rows: &[LedgerRow]) {
    let tests = Path::new(crate_dir).join("tests/conformance");
    let exists = |name: &str| {
        let (file, function) = name.split_once("::")?;
        let text = fs::read_to_string(tests.join(file).with_extension("rs")).ok()?;
        text.contains(&format!("#[tokio::test]\nasync fn {function}()"))
            .then_some(())
    };
    let wrong: Vec<&LedgerRow> = rows.iter().filter(|row| exists(row.test).is_none()).collect();
    assert!(wrong.is_empty(), "no such test: {wrong:?}");
}

/// Lines under a heading for each area, in the order of the areas' names.
pub fn by_area(rows: &[LedgerRow], area: impl Fn(&LedgerRow) -> String) -> String {
    let mut areas: BTreeMap<String, Vec<&LedgerRow>> = BTreeMap::new();
    for row in rows {
        areas.entry(area(row)).or_default().push(row);
    }
    let mut text = String::new();
    for (area, rows) in areas {
        let _ = writeln!(
            text,
            "\n### {area}\n\n| method | path | contract | test |\n|---|---|---|---|"
        );
        for row in rows {
            let LedgerRow {
                method,
                path,
                section,
                test,
                guard: _,
            } = row;
            let _ = writeln!(text, "| {method} | `{path}` | {section} | {test} |");
        }
    }
    text
}

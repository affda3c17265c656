//! Rules about Rust source as a whole: file names, module heads, unfinished code, sleeping tests, SQL text.
//!
//! Sizes are judged in `size`, comments in `comments`, dependencies in `borders`.

use std::collections::BTreeMap;

use crate::ratchet::{self, Exception, Measure};
use crate::rust_file::{Place, RustFile};
use crate::{Finding, Tree};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "shared",
    "stuff",
    "functions",
];

/// Macros that mark unfinished or left-behind code.
const UNFINISHED_MACROS: &[&str] = &["todo", "unimplemented", "dbg"];

/// Where SQL text may stand: the store, the raw limits of the benchmark, and these checks' own tests.
const SQL_PATHS: &[&str] = &["crates/store/", "bench/", "xtask/"];

/// Pieces of text that only SQL has; a literal that holds all words of one entry is SQL.
const SQL_SIGNS: &[&[&str]] = &[
    &["SELECT "],
    &["INSERT INTO "],
    &["UPDATE ", " SET "],
    &["DELETE FROM "],
    &["CREATE TABLE "],
    &["CREATE INDEX "],
    &["PRAGMA "],
];

/// Tests that sleep because nothing can be awaited there; the amount is the number of calls in that file.
const SLEEPING_TESTS: &[Exception] = &[];

/// Applies every rule of this module.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let (files, mut findings) = RustFile::read_all(tree);
    findings.extend(names_and_heads(tree));
    findings.extend(files.iter().flat_map(unfinished));
    findings.extend(files.iter().flat_map(sql));
    findings.extend(ratchet::check(
        &sleeps(&files),
        0,
        "sleeps in tests",
        SLEEPING_TESTS,
    ));
    findings
}

fn names_and_heads(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.with_extension("rs") {
        for part in file.path.split('/') {
            let stem = part.strip_suffix(".rs").unwrap_or(part);
            if EMPTY_NAMES.contains(&stem) {
                let message = format!("`{part}` says nothing: name it after what is inside");
                findings.push(Finding::new(&file.path, 0, message));
            }
        }
        if !file.text.starts_with("//!") {
            let message = "starts without `//!`: say what lives here and what must not";
            findings.push(Finding::new(&file.path, 1, message));
        }
    }
    findings
}

fn unfinished(file: &RustFile) -> Vec<Finding> {
    let at = |place: &Place, message: String| Finding::new(&file.path, place.line, message);
    let macros = file
        .macros
        .iter()
        .filter(|(name, _)| UNFINISHED_MACROS.contains(&name.as_str()))
        .map(|(name, place)| {
            at(
                place,
                format!("`{name}!` must not be committed: finish it or leave it out"),
            )
        });
    let ignores = file.ignores.iter().map(|place| {
        at(
            place,
            "an ignored test shows nothing: repair it or delete it".to_owned(),
        )
    });
    let allows = file
        .silent_allows
        .iter()
        .map(|place| at(place, "a relaxed lint needs `reason = \"…\"`".to_owned()));
    macros.chain(ignores).chain(allows).collect()
}

fn sql(file: &RustFile) -> Vec<Finding> {
    if SQL_PATHS.iter().any(|path| file.path.starts_with(path)) {
        return Vec::new();
    }
    let is_sql = |text: &str| {
        SQL_SIGNS
            .iter()
            .any(|words| words.iter().all(|word| text.contains(word)))
    };
    file.strings
        .iter()
        .filter(|(text, _)| is_sql(text))
        .map(|(_, place)| {
            let message = "SQL text outside crates/store: add a function to a table module there";
            Finding::new(&file.path, place.line, message)
        })
        .collect()
}

fn sleeps(files: &[RustFile]) -> Vec<Measure> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for file in files {
        for place in file.sleeps.iter().filter(|place| place.in_test) {
            let (_, count) = counts.entry(&file.path).or_insert((place.line, 0));
            *count += 1;
        }
    }
    counts
        .into_iter()
        .map(|(path, (line, amount))| Measure {
            path: path.to_owned(),
            item: String::new(),
            line,
            amount,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Tree::from_files(&[(path, text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn assert_one(path: &str, text: &str, expected: &str) {
        let found = findings(path, text);
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{expected}: {found:?}"
        );
    }

    #[test]
    fn a_good_file_passes() {
        assert!(findings("crates/core/src/hub.rs", "//! The hub.\n\nfn attach() {}\n").is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        assert_one("src/utils.rs", "//! A.\n", "`utils.rs` says nothing");
        assert_one("tests/common/mod.rs", "//! A.\n", "`common` says nothing");
    }

    #[test]
    fn a_missing_module_head_is_found() {
        assert_one("src/a.rs", "fn a() {}\n", "starts without `//!`");
    }

    #[test]
    fn unfinished_code_is_found() {
        assert_one("src/a.rs", "//! A.\nfn a() { todo!() }\n", "src/a.rs:2: `todo!`");
        assert_one(
            "src/a.rs",
            "//! A.\nfn a() { unimplemented!(\"b\") }\n",
            "`unimplemented!`",
        );
        assert_one(
            "src/a.rs",
            "//! A.\nfn a() { let b = vec![dbg!(c)]; }\n",
            "`dbg!`",
        );
        assert_one(
            "src/a.rs",
            "//! A.\n#[test]\n#[ignore]\nfn a() {}\n",
            "src/a.rs:3: an ignored test",
        );
        assert_one(
            "src/a.rs",
            "//! A.\n#[allow(dead_code)]\nfn a() {}\n",
            "needs `reason",
        );
        assert!(findings("src/a.rs", "//! A.\n// todo!() stays away\nfn a() { todo(); }\n").is_empty());
    }

    #[test]
    fn sql_is_found_outside_the_store() {
        let select = "//! A.\nfn a() { q(\"SELECT 1\"); }\n";
        assert_one("crates/core/src/a.rs", select, "SQL text outside crates/store");
        assert_one(
            "crates/core/src/a.rs",
            "//! A.\nfn a() { q!(\"UPDATE t SET a\"); }\n",
            "SQL text",
        );
        assert!(findings("crates/store/src/a.rs", select).is_empty());
        assert!(
            findings(
                "crates/core/src/a.rs",
                "//! A.\n/// SELECT a\nfn a() { b(\"UPDATE it\"); }\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn sleeping_tests_are_found_and_live_sleeps_are_not() {
        assert_one(
            "tests/a.rs",
            "//! A.\nfn a() { thread::sleep(d); }\n",
            "1 sleeps in tests",
        );
        let inside = "//! A.\n#[cfg(test)]\nmod t { async fn a() { tokio::time::sleep(d).await; } }\n";
        assert_one("src/a.rs", inside, "1 sleeps in tests");
        assert!(
            findings(
                "src/a.rs",
                "//! A.\nasync fn a() { tokio::time::sleep(d).await; }\n"
            )
            .is_empty()
        );
    }
}

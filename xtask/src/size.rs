//! Size ratchets: how long a file and a function may be.
//!
//! The limits go down over time, never up. Both tables of exceptions may only shrink.

use crate::ratchet::{self, Exception, Measure};
use crate::rust_file::RustFile;
use crate::{Finding, Tree};

/// Most lines a Rust file may have, tests included.
const FILE_LINES_MAX: usize = 800;

/// Most lines a function outside tests may have, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Files that are longer than the limit today.
const FILE_EXCEPTIONS: &[Exception] = &[];

/// Functions that are longer than the limit today.
const FUNCTION_EXCEPTIONS: &[Exception] = &[];

/// Finds files and functions over their limit, and exceptions that are no longer needed.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = ratchet::check(&files(tree), FILE_LINES_MAX, "lines", FILE_EXCEPTIONS);
    let (read, unreadable) = RustFile::read_all(tree);
    findings.extend(unreadable);
    findings.extend(ratchet::check(
        &functions(&read),
        FUNCTION_LINES_MAX,
        "lines",
        FUNCTION_EXCEPTIONS,
    ));
    findings
}

fn files(tree: &Tree) -> Vec<Measure> {
    tree.with_extension("rs")
        .map(|file| Measure {
            path: file.path.clone(),
            item: String::new(),
            line: 0,
            amount: file.text.lines().count(),
        })
        .collect()
}

fn functions(files: &[RustFile]) -> Vec<Measure> {
    let live = files
        .iter()
        .flat_map(|file| file.functions.iter().map(move |function| (file, function)));
    live.filter(|(_, function)| !function.place.in_test)
        .map(|(file, function)| Measure {
            path: file.path.clone(),
            item: function.name.clone(),
            line: function.place.line,
            amount: function.lines,
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

    #[test]
    fn a_long_file_is_found() {
        assert!(findings("a.rs", &"//\n".repeat(800)).is_empty());
        assert_eq!(
            findings("a.rs", &"//\n".repeat(801)),
            ["a.rs: 801 lines, at most 800"]
        );
    }

    #[test]
    fn a_long_function_is_found_outside_tests_only() {
        let long = format!("fn long() {{\n{}}}\n", "//\n".repeat(69));
        assert_eq!(findings("a.rs", &long), ["a.rs:1: `long`: 71 lines, at most 70"]);
        assert!(findings("a.rs", &format!("#[cfg(test)]\nmod t {{\n{long}}}\n")).is_empty());
        assert!(findings("tests/a.rs", &long).is_empty());
    }
}

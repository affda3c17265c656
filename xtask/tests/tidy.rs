//! The tidy test: every rule of this crate, applied to the repository itself.
//!
//! One test for each family of rules, so that the name of a failure says where to look.
#![expect(
    clippy::unwrap_used,
    reason = "a repository that cannot be read fails the test"
)]

use std::path::{Path, PathBuf};

use xtask::{Finding, Tree, borders, changelog, comments, decisions, licences, links, size, source};

/// The smallest number of Rust files that a whole tree can have; fewer means that the wrong one was read.
const RUST_FILES_MIN: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn repository() -> Tree {
    let tree = Tree::read(&root()).unwrap();
    assert!(
        tree.with_extension("rs").count() >= RUST_FILES_MIN,
        "no repository at {}",
        root().display()
    );
    tree
}

#[track_caller]
fn assert_clean(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} untidy:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn crates_keep_their_borders() {
    assert_clean(&borders::check(&repository()));
}

#[test]
fn files_and_functions_are_short() {
    assert_clean(&size::check(&repository()));
}

#[test]
fn sources_are_finished_and_in_their_place() {
    assert_clean(&source::check(&repository()));
}

#[test]
fn comments_hold_reasons_and_not_code() {
    assert_clean(&comments::check(&repository()));
}

#[test]
fn links_in_documents_lead_somewhere() {
    assert_clean(&links::check(&repository()));
}

#[test]
fn decisions_are_numbered_listed_and_true() {
    assert_clean(&decisions::check(&repository()));
}

#[test]
fn the_changelog_has_an_unreleased_section() {
    assert_clean(&changelog::check(&repository()));
}

#[test]
fn licences_are_permissive() {
    assert_clean(&licences::check(&licences::packages(&root()).unwrap()));
}

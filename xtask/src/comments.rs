//! Rules about comments: no notes to oneself, no code kept as a comment.
//!
//! Documentation comments are left alone; examples belong there.

use syn::parse::Parser;

use crate::{Finding, Tree, TreeFile};

/// Words of notes to oneself, split so that this file does not hold them.
const MARKERS: &[&str] = &[
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("TO", "DO"),
    concat!("HA", "CK"),
];

/// Signs that a text which reads as Rust is meant as Rust.
const CODE_SIGNS: &[char] = &['(', '=', ':', '!', '&'];

/// Finds notes to oneself and commented-out code in every Rust file.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.with_extension("rs")
        .flat_map(|file| [markers(file), dead_code(file)].concat())
        .collect()
}

fn markers(file: &TreeFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let Some((_, comment)) = line.split_once("//") else {
            continue;
        };
        let mut words = comment.split(|letter: char| !letter.is_alphanumeric());
        if let Some(word) = words.find(|word| MARKERS.contains(word)) {
            let message = format!("`{word}`: do it now, or open an issue and leave the code whole");
            findings.push(Finding::new(&file.path, index + 1, message));
        }
    }
    findings
}

fn dead_code(file: &TreeFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut block: Vec<&str> = Vec::new();
    for (index, line) in file.text.lines().chain([""]).enumerate() {
        if let Some(text) = plain_comment(line) {
            block.push(text);
            continue;
        }
        if is_code(&block.join("\n")) || block.iter().any(|line| is_code_line(line)) {
            let message = "commented-out code: version control keeps the old text, so delete it";
            findings.push(Finding::new(&file.path, index + 1 - block.len(), message));
        }
        block.clear();
    }
    findings
}

/// The text of a line that is a comment but not documentation.
fn plain_comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    (!text.starts_with('/') && !text.starts_with('!')).then_some(text)
}

/// Whether a line ends a statement or a block; prose that happens to end in `;` does not read as Rust.
fn is_code_line(line: &str) -> bool {
    let line = line.trim();
    matches!(line, "}" | "})" | "};" | "});") || (line.ends_with(';') && is_code(line))
}

fn is_code(text: &str) -> bool {
    text.contains([';', '{'])
        && text.contains(CODE_SIGNS)
        && syn::Block::parse_within
            .parse_str(text)
            .is_ok_and(|statements| !statements.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::from_files(&[("a.rs", text)]))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn notes_to_oneself_are_found() {
        for marker in MARKERS {
            assert_eq!(
                lines(&format!("fn a() {{}}\nfn b() {{}} // {marker}: later\n")),
                [2]
            );
            assert!(lines(&format!("// a{marker}b is a word\n")).is_empty());
        }
    }

    #[test]
    fn code_in_comments_is_found() {
        assert_eq!(lines("fn a() {\n    // let b = c();\n}\n"), [2]);
        assert_eq!(lines("// Was:\n// send(&a);\n"), [1]);
        assert_eq!(lines("// if a == b {\n//     c()\n// }\n"), [1]);
        assert_eq!(lines("// use std::fmt;\n"), [1]);
    }

    #[test]
    fn prose_is_left_alone() {
        for prose in [
            "// The hub never waits;\n// a full queue closes the socket.\n",
            "// done;\n",
            "// seq = order of commit, see `apply`.\n",
            "//! let a = b();\n",
            "/// let a = b();\n",
            "// {\"type\":\"auth\"} is the first frame\n",
        ] {
            assert!(lines(prose).is_empty(), "{prose}");
        }
    }
}

//! The change log's form: an Unreleased section at its top, one section for each version after it.

use crate::{Finding, Tree};

const PATH: &str = "CHANGELOG.md";

/// Finds a missing change log and one whose first section is not Unreleased.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(PATH) else {
        return vec![Finding::new(PATH, 0, "is missing")];
    };
    let first = file
        .text
        .lines()
        .enumerate()
        .find(|(_, line)| line.starts_with("## "));
    match first {
        Some((_, "## [Unreleased]")) => Vec::new(),
        Some((index, _)) => vec![Finding::new(
            PATH,
            index + 1,
            "the first section must be `## [Unreleased]`",
        )],
        None => vec![Finding::new(PATH, 0, "has no `## [Unreleased]` section")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        check(&Tree::from_files(&[(PATH, text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_first_section_must_be_unreleased() {
        assert!(findings("# Changes\n\n## [Unreleased]\n\n## [0.1.0]\n").is_empty());
        assert_eq!(findings("## [0.1.0]\n\n## [Unreleased]\n").len(), 1);
        assert_eq!(findings("# Changes\n").len(), 1);
        assert_eq!(check(&Tree::default()).len(), 1);
    }
}

//! Links in Markdown files lead to files that exist.
//!
//! Only links within the repository are followed: nothing here asks the network.

use crate::{Finding, Tree};

/// Finds links whose target is no file or directory of the tree.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.with_extension("md") {
        let mut in_fence = false;
        for (index, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                in_fence = !in_fence;
            } else if !in_fence {
                for target in targets(line).filter(|target| leads_nowhere(tree, file.directory(), target)) {
                    let message = format!("link leads nowhere: {target}");
                    findings.push(Finding::new(&file.path, index + 1, message));
                }
            }
        }
    }
    findings
}

/// The targets of `[text](target)` and of `[label]: target` in one line, code spans left out.
fn targets(line: &str) -> impl Iterator<Item = String> {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let mut found: Vec<String> = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .filter_map(|(target, _)| target.split_whitespace().next().map(str::to_owned))
        .collect();
    if let Some((label, target)) = prose.split_once("]: ")
        && label.starts_with('[')
    {
        found.extend(target.split_whitespace().next().map(str::to_owned));
    }
    found.into_iter()
}

fn leads_nowhere(tree: &Tree, directory: &str, target: &str) -> bool {
    let path = target.split('#').next().unwrap_or("");
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return false;
    }
    match resolve(directory, path) {
        Some(resolved) => !tree.holds(&resolved),
        None => true,
    }
}

/// The path from the root that `path` means in `directory`; nothing when it leaves the repository.
fn resolve(directory: &str, path: &str) -> Option<String> {
    let start = if path.starts_with('/') { "" } else { directory };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let files = [("docs/a.md", text), ("README.md", ""), ("docs/adr/README.md", "")];
        check(&Tree::from_files(&files))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn links_to_files_directories_and_elsewhere_pass() {
        let text = "[a](../README.md) [b](adr) [c](adr/README.md#index) [d](#here) ![e](/docs/a.md)\n\
                    [f](https://example.invalid/x) `[g](nothing.md)`\n```\n[h](nothing.md)\n```\n[i]: adr/\n";
        assert!(findings(text).is_empty(), "{:?}", findings(text));
    }

    #[test]
    fn links_to_nothing_are_found() {
        assert_eq!(
            findings("x\n[a](b.md)\n"),
            ["docs/a.md:2: link leads nowhere: b.md"]
        );
        assert_eq!(findings("[a](../../b.md)\n").len(), 1);
        assert_eq!(findings("[a]: b.md\n").len(), 1);
    }
}

//! Decision records: numbered without gaps, listed in their index, and the dependency list kept true.

use std::collections::BTreeSet;

use crate::{Finding, Tree};

const DIRECTORY: &str = "docs/adr";
const INDEX: &str = "docs/adr/README.md";
const DEPENDENCIES: &str = "docs/adr/0001-dependencies.md";
const WORKSPACE: &str = "Cargo.toml";

/// Finds gaps in the numbering, records missing from the index, and a dependency list that has drifted from
/// `[workspace.dependencies]`.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    [numbering(tree), dependency_lines(tree)].concat()
}

fn numbering(tree: &Tree) -> Vec<Finding> {
    let index = tree.file(INDEX).map_or("", |file| file.text.as_str());
    let mut findings = Vec::new();
    let mut expected = 1;
    for file in tree.in_directory(DIRECTORY).filter(|file| file.path != INDEX) {
        let name = file.name();
        let number = name.split_once('-').filter(|(digits, _)| digits.len() == 4);
        match number.and_then(|(digits, _)| digits.parse::<usize>().ok()) {
            Some(number) if number == expected => expected += 1,
            Some(number) => {
                let message = format!("number {expected:04} is expected here: leave no gap and no double");
                findings.push(Finding::new(&file.path, 0, message));
                expected = number + 1;
            }
            None => findings.push(Finding::new(&file.path, 0, "name it NNNN-title.md")),
        }
        if !index.contains(&format!("({name})")) {
            findings.push(Finding::new(&file.path, 0, format!("is not linked from {INDEX}")));
        }
    }
    findings
}

fn dependency_lines(tree: &Tree) -> Vec<Finding> {
    let declared = match declared(tree) {
        Ok(declared) => declared,
        Err(finding) => return vec![finding],
    };
    let text = tree.file(DEPENDENCIES).map_or("", |file| file.text.as_str());
    let mut explained = BTreeSet::new();
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((name, reason)) = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |")) else {
            continue;
        };
        if !declared.contains(name) {
            let message = format!("`{name}` is no workspace dependency any more: remove its line");
            findings.push(Finding::new(DEPENDENCIES, index + 1, message));
        }
        if reason.trim_matches(['|', ' ']).is_empty() {
            findings.push(Finding::new(
                DEPENDENCIES,
                index + 1,
                format!("`{name}` has no reason"),
            ));
        }
        if !explained.insert(name.to_owned()) {
            findings.push(Finding::new(
                DEPENDENCIES,
                index + 1,
                format!("`{name}` has two lines"),
            ));
        }
    }
    findings.extend(declared.difference(&explained).map(|name| {
        Finding::new(
            DEPENDENCIES,
            0,
            format!("`{name}` has no line: say why it and not its rival"),
        )
    }));
    findings
}

/// Third-party names in `[workspace.dependencies]`.
fn declared(tree: &Tree) -> Result<BTreeSet<String>, Finding> {
    let manifest = tree
        .file(WORKSPACE)
        .ok_or_else(|| Finding::new(WORKSPACE, 0, "is missing"))?;
    let table: toml::Table = manifest
        .text
        .parse()
        .map_err(|error| Finding::new(WORKSPACE, 0, format!("is not TOML: {error}")))?;
    let dependencies = table
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let entries = dependencies.and_then(toml::Value::as_table).into_iter().flatten();
    Ok(entries
        .filter(|(_, value)| value.get("path").is_none())
        .map(|(name, _)| name.clone())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace.dependencies]\nown = { path = \"own\" }\nserde = \"1\"\n";

    fn findings(index: &str, lines: &str, more: &[(&str, &str)]) -> Vec<String> {
        let mut files = vec![(WORKSPACE, MANIFEST), (INDEX, index), (DEPENDENCIES, lines)];
        files.extend_from_slice(more);
        check(&Tree::from_files(&files))
            .iter()
            .map(|finding| finding.message.clone())
            .collect()
    }

    const GOOD_INDEX: &str = "[1](0001-dependencies.md)";
    const GOOD_LINES: &str = "| `serde` | the common face of formats |\n";

    #[test]
    fn a_good_directory_passes() {
        assert!(findings(GOOD_INDEX, GOOD_LINES, &[]).is_empty());
    }

    #[test]
    fn gaps_doubles_and_odd_names_are_found() {
        let gap = findings(
            "[](0001-dependencies.md) [](0003-a.md)",
            GOOD_LINES,
            &[("docs/adr/0003-a.md", "")],
        );
        assert!(gap.len() == 1 && gap[0].contains("0002 is expected"), "{gap:?}");
        let double = findings(
            "[](0001-dependencies.md) [](0001-x.md)",
            GOOD_LINES,
            &[("docs/adr/0001-x.md", "")],
        );
        assert!(
            double.len() == 1 && double[0].contains("0002 is expected"),
            "{double:?}"
        );
        let odd = findings(
            "[](0001-dependencies.md) [](why.md)",
            GOOD_LINES,
            &[("docs/adr/why.md", "")],
        );
        assert_eq!(odd, ["name it NNNN-title.md"]);
    }

    #[test]
    fn a_record_missing_from_the_index_is_found() {
        assert_eq!(
            findings("", GOOD_LINES, &[]),
            ["is not linked from docs/adr/README.md"]
        );
    }

    #[test]
    fn the_dependency_list_must_match_the_workspace() {
        let missing = findings(GOOD_INDEX, "", &[]);
        assert!(
            missing.len() == 1 && missing[0].contains("`serde` has no line"),
            "{missing:?}"
        );
        let stale = findings(GOOD_INDEX, &format!("{GOOD_LINES}| `old` | gone |\n"), &[]);
        assert!(
            stale.len() == 1 && stale[0].contains("`old` is no workspace dependency"),
            "{stale:?}"
        );
        assert_eq!(
            findings(GOOD_INDEX, "| `serde` | |\n", &[]),
            ["`serde` has no reason"]
        );
        assert_eq!(
            findings(GOOD_INDEX, &GOOD_LINES.repeat(2), &[]),
            ["`serde` has two lines"]
        );
    }
}

//! Every dependency's licence lets anyone use, change and sell the whole.
//!
//! The list of packages comes from Cargo; this module only judges it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::Finding;

/// Licences that ask for no more than a notice.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// A package that is let in although its licence asks for more than a notice.
#[derive(Debug, Clone, Copy)]
struct Named {
    package: &'static str,
    licence: &'static str,
    reason: &'static str,
}

/// Packages under a licence that is not in the list above; each must say why it is let in.
const NAMED: &[Named] = &[];

/// One package as Cargo knows it.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name in the registry.
    pub name: String,
    /// Its licence expression; empty when the package states none.
    pub licence: String,
}

/// Asks Cargo for every package that this platform's build takes from a registry.
///
/// # Errors
/// When Cargo cannot be run, refuses, or answers something else than JSON.
pub fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let host = output(Command::new("rustc").arg("-vV"))?;
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("rustc names no host")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = [
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        host,
    ];
    let answer = output(Command::new(cargo).args(arguments).current_dir(root))?;
    let answer: Value = serde_json::from_str(&answer).map_err(|error| format!("cargo metadata: {error}"))?;
    let known = answer["packages"]
        .as_array()
        .ok_or("cargo metadata names no packages")?;
    let word = |package: &Value, key: &str| package[key].as_str().unwrap_or("").to_owned();
    let foreign = known.iter().filter(|package| !package["source"].is_null());
    Ok(foreign
        .map(|package| Package {
            name: word(package, "name"),
            licence: word(package, "license"),
        })
        .collect())
}

fn output(command: &mut Command) -> Result<String, String> {
    let answer = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !answer.status.success() {
        return Err(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&answer.stderr)
        ));
    }
    String::from_utf8(answer.stdout).map_err(|error| format!("{command:?}: {error}"))
}

/// Finds packages whose licence is neither permissive nor named, and names that excuse nothing.
#[must_use]
pub fn check(packages: &[Package]) -> Vec<Finding> {
    check_against(packages, NAMED)
}

fn check_against(packages: &[Package], named: &[Named]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| !is_permissive(&package.licence)) {
        let excused = named
            .iter()
            .any(|known| known.package == package.name && known.licence == package.licence);
        if !excused {
            let message = format!(
                "licence of `{}` is not permissive: {:?}",
                package.name, package.licence
            );
            findings.push(Finding::new("Cargo.lock", 0, message));
        }
    }
    for known in named {
        let needed = packages.iter().any(|package| package.name == known.package);
        if !needed || known.reason.is_empty() {
            let message = format!("`{}` is excused without need or reason", known.package);
            findings.push(Finding::new("xtask/src/licences.rs", 0, message));
        }
    }
    findings
}

/// Whether the expression can be met with permissive licences alone.
fn is_permissive(licence: &str) -> bool {
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|requirement| {
            requirement
                .license
                .id()
                .is_some_and(|id| PERMISSIVE.contains(&id.name))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(licence: &str, named: &[Named]) -> usize {
        check_against(
            &[Package {
                name: "a".to_owned(),
                licence: licence.to_owned(),
            }],
            named,
        )
        .len()
    }

    #[test]
    fn permissive_expressions_pass() {
        for licence in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(findings(licence, &[]), 0, "{licence}");
        }
    }

    #[test]
    fn other_expressions_are_found() {
        for licence in [
            "MPL-2.0",
            "GPL-3.0-only",
            "MIT AND LGPL-3.0-only",
            "",
            "my own licence",
        ] {
            assert_eq!(findings(licence, &[]), 1, "{licence}");
        }
    }

    #[test]
    fn a_named_package_passes_while_it_is_needed() {
        let named = [Named {
            package: "a",
            licence: "MPL-2.0",
            reason: "no rival",
        }];
        assert_eq!(findings("MPL-2.0", &named), 0);
        assert_eq!(check_against(&[], &named).len(), 1);
        assert_eq!(
            findings(
                "MPL-2.0",
                &[Named {
                    reason: "",
                    ..named[0]
                }]
            ),
            1
        );
    }
}

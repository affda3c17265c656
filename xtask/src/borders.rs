//! Which crate may depend on what, read from the manifests.
//!
//! Cargo enforces that undeclared crates cannot be used; these rules say what may be declared at all.

use toml::{Table, Value};

use crate::{Finding, Tree, TreeFile};

/// What one of our crates may depend on among our crates.
struct Border {
    /// Package name; a trailing `*` stands for any ending.
    package: &'static str,
    /// Our crates it may use.
    ours: &'static [&'static str],
    /// Our crates that its tests may use as well.
    ours_in_tests: &'static [&'static str],
}

const TESTKIT: &[&str] = &["parlance-testkit"];

/// Every crate of the workspace has a line here; a crate without one is a finding.
const BORDERS: &[Border] = &[
    Border {
        package: "parlance-store",
        ours: &[],
        ours_in_tests: &[],
    },
    Border {
        package: "parlance-core",
        ours: &["parlance-store"],
        ours_in_tests: TESTKIT,
    },
    Border {
        package: "parlance-transport",
        ours: &["parlance-core"],
        ours_in_tests: TESTKIT,
    },
    Border {
        package: "parlance-dialect-*",
        ours: &["parlance-core", "parlance-transport"],
        ours_in_tests: TESTKIT,
    },
    Border {
        package: "parlance",
        ours: &["parlance-core", "parlance-transport", "parlance-dialect-*"],
        ours_in_tests: TESTKIT,
    },
    Border {
        package: "parlance-testkit",
        ours: &["parlance-core", "parlance-transport"],
        ours_in_tests: &[],
    },
    Border {
        package: "parlance-bench",
        ours: TESTKIT,
        ours_in_tests: &[],
    },
    Border {
        package: "xtask",
        ours: &[],
        ours_in_tests: &[],
    },
];

/// Third-party crates that only some of our crates may declare.
struct Reserved {
    /// The third-party crates.
    crates: &'static [&'static str],
    /// Our crates that may declare them; a trailing `*` stands for any ending.
    allowed: &'static [&'static str],
    /// What the border protects.
    reason: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        crates: &["rusqlite", "libsqlite3-sys", "tokio-postgres", "sqlx"],
        allowed: &["parlance-store", "parlance-bench"],
        reason: "only the store speaks SQL; the benchmark measures SQLite's raw limit beside it",
    },
    Reserved {
        crates: &[
            "axum",
            "http",
            "http-body",
            "http-body-util",
            "tower",
            "tower-http",
        ],
        allowed: &[
            "parlance-transport",
            "parlance-dialect-*",
            "parlance",
            "parlance-testkit",
            "parlance-bench",
        ],
        reason: "the store and the core know no HTTP",
    },
    Reserved {
        crates: &["hyper", "hyper-util", "socket2", "rustls", "tokio-rustls"],
        allowed: &["parlance-transport", "parlance-testkit", "parlance-bench"],
        reason: "only the transport serves sockets",
    },
    Reserved {
        crates: &["tokio-tungstenite"],
        allowed: &["parlance-testkit", "parlance-bench"],
        reason: "clients are for tests and benchmarks; the server's own sockets are in the transport",
    },
    Reserved {
        crates: &["reqwest"],
        allowed: &["parlance", "parlance-testkit", "parlance-bench"],
        reason: "the server calls others where it is put together, and tests and benchmarks call the server",
    },
];

/// Finds crates that reach over a border, versions outside the workspace's table, and crates that do not
/// inherit the workspace's lints.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.named("Cargo.toml") {
        match file.text.parse::<Table>() {
            Ok(manifest) if manifest.contains_key("package") => findings.extend(check_crate(file, &manifest)),
            Ok(_) => {}
            Err(error) => findings.push(Finding::new(&file.path, 0, format!("is not TOML: {error}"))),
        }
    }
    findings
}

fn check_crate(file: &TreeFile, manifest: &Table) -> Vec<Finding> {
    let package = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str);
    let package = package.unwrap_or_default();
    let mut messages = Vec::new();
    if !inherits(manifest, "lints") {
        messages.push("must inherit the lints: `[lints]` with `workspace = true`".to_owned());
    }
    for dependency in dependencies(manifest) {
        let name = &dependency.name;
        if !dependency.inherited {
            messages.push(format!(
                "`{name}`: declare it in the root manifest and use `workspace = true`"
            ));
        }
        messages.extend(reserved(package, &dependency));
    }
    match BORDERS.iter().find(|border| matches(border.package, package)) {
        Some(border) => messages.extend(over_border(border, &dependencies(manifest))),
        None => messages.push(format!(
            "`{package}` has no border: add it to xtask/src/borders.rs"
        )),
    }
    messages
        .into_iter()
        .map(|message| Finding::new(&file.path, 0, message))
        .collect()
}

fn over_border(border: &Border, dependencies: &[Dependency]) -> Vec<String> {
    let is_ours = |name: &str| name == "parlance" || name == "xtask" || name.starts_with("parlance-");
    let lists = |list: &[&str], name: &str| list.iter().any(|pattern| matches(pattern, name));
    dependencies
        .iter()
        .filter(|dependency| is_ours(&dependency.name))
        .filter(|dependency| !lists(border.ours, &dependency.name))
        .filter(|dependency| !(dependency.for_tests && lists(border.ours_in_tests, &dependency.name)))
        .map(|dependency| format!("must not depend on `{}`", dependency.name))
        .collect()
}

fn reserved(package: &str, dependency: &Dependency) -> Option<String> {
    let rule = RESERVED
        .iter()
        .find(|rule| rule.crates.contains(&dependency.name.as_str()))?;
    // A dialect's or the server's tests may be clients; the store and the core stay free of HTTP even there.
    let test_client = dependency.for_tests && rule.allowed.contains(&"parlance-testkit");
    let may_test = test_client && !matches!(package, "parlance-store" | "parlance-core");
    let allowed = may_test || rule.allowed.iter().any(|pattern| matches(pattern, package));
    (!allowed).then(|| format!("must not depend on `{}`: {}", dependency.name, rule.reason))
}

/// One line of a manifest's dependency tables.
struct Dependency {
    name: String,
    for_tests: bool,
    inherited: bool,
}

fn dependencies(manifest: &Table) -> Vec<Dependency> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let for_targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut found = Vec::new();
    for section in std::iter::once(manifest).chain(for_targets) {
        for (key, for_tests) in [
            ("dependencies", false),
            ("build-dependencies", false),
            ("dev-dependencies", true),
        ] {
            let entries = section.get(key).and_then(Value::as_table).into_iter().flatten();
            found.extend(entries.map(|(name, value)| {
                Dependency {
                    name: value
                        .get("package")
                        .and_then(Value::as_str)
                        .unwrap_or(name)
                        .to_owned(),
                    for_tests,
                    inherited: value.get("workspace").and_then(Value::as_bool) == Some(true),
                }
            }));
        }
    }
    found
}

fn inherits(manifest: &Table, key: &str) -> bool {
    manifest
        .get(key)
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        == Some(true)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(package: &str, tables: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"{package}\"\n[lints]\nworkspace = true\n{tables}");
        messages(&manifest)
    }

    fn messages(manifest: &str) -> Vec<String> {
        let tree = Tree::from_files(&[("crates/a/Cargo.toml", manifest)]);
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    fn depends(package: &str, table: &str, name: &str) -> Vec<String> {
        findings(package, &format!("[{table}]\n{name}.workspace = true\n"))
    }

    #[track_caller]
    fn assert_refused(package: &str, table: &str, name: &str) {
        let found = depends(package, table, name);
        let expected = format!("must not depend on `{name}`");
        assert!(
            found.len() == 1 && found[0].starts_with(&expected),
            "{package} → {name}: {found:?}"
        );
    }

    #[track_caller]
    fn assert_allowed(package: &str, table: &str, name: &str) {
        let found = depends(package, table, name);
        assert!(found.is_empty(), "{package} → {name}: {found:?}");
    }

    #[test]
    fn the_store_is_at_the_bottom() {
        assert_refused("parlance-store", "dependencies", "parlance-core");
        assert_refused("parlance-store", "dev-dependencies", "parlance-testkit");
        assert_allowed("parlance-core", "dependencies", "parlance-store");
        for package in [
            "parlance-transport",
            "parlance-dialect-xuqm",
            "parlance",
            "parlance-testkit",
        ] {
            assert_refused(package, "dependencies", "parlance-store");
            assert_refused(package, "dev-dependencies", "parlance-store");
        }
    }

    #[test]
    fn dialects_see_core_and_transport_only() {
        assert_allowed("parlance-dialect-xuqm", "dependencies", "parlance-core");
        assert_allowed("parlance-dialect-xuqm", "dependencies", "parlance-transport");
        assert_refused("parlance-dialect-xuqm", "dependencies", "parlance-dialect-ruoyi");
        assert_refused(
            "parlance-dialect-xuqm",
            "dev-dependencies",
            "parlance-dialect-ruoyi",
        );
        assert_refused("parlance-dialect-xuqm", "dependencies", "parlance-testkit");
        assert_allowed("parlance-dialect-xuqm", "dev-dependencies", "parlance-testkit");
        assert_allowed("parlance", "dependencies", "parlance-dialect-xuqm");
    }

    #[test]
    fn the_transport_sees_the_core_at_most() {
        assert_allowed("parlance-transport", "dependencies", "parlance-core");
        assert_refused("parlance-transport", "dependencies", "parlance-dialect-ruoyi");
        assert_refused("parlance-core", "dependencies", "parlance-transport");
    }

    #[test]
    fn sql_engines_stay_in_the_store_and_the_benchmark() {
        assert_allowed("parlance-store", "dependencies", "rusqlite");
        assert_allowed("parlance-bench", "dependencies", "rusqlite");
        for package in [
            "parlance-core",
            "parlance-dialect-ruoyi",
            "parlance",
            "parlance-testkit",
        ] {
            assert_refused(package, "dependencies", "rusqlite");
            assert_refused(package, "dev-dependencies", "rusqlite");
        }
    }

    #[test]
    fn store_and_core_know_no_http() {
        for package in ["parlance-store", "parlance-core"] {
            for name in [
                "axum",
                "hyper",
                "http",
                "http-body",
                "tower",
                "tokio-tungstenite",
                "reqwest",
            ] {
                assert_refused(package, "dependencies", name);
                assert_refused(package, "dev-dependencies", name);
            }
        }
        assert_refused("parlance-core", "target.'cfg(unix)'.dependencies", "axum");
        assert_refused("parlance-core", "build-dependencies", "axum");
    }

    #[test]
    fn only_the_transport_serves_sockets() {
        assert_allowed("parlance-transport", "dependencies", "hyper");
        assert_allowed("parlance-dialect-ruoyi", "dependencies", "axum");
        assert_refused("parlance-dialect-ruoyi", "dependencies", "hyper");
        assert_refused("parlance-dialect-ruoyi", "dependencies", "tokio-tungstenite");
        assert_allowed("parlance-dialect-ruoyi", "dev-dependencies", "tokio-tungstenite");
    }

    #[test]
    fn a_renamed_dependency_is_still_seen() {
        let found = findings(
            "parlance-core",
            "[dependencies.web]\npackage = \"axum\"\nworkspace = true\n",
        );
        assert!(found.len() == 1 && found[0].contains("`axum`"), "{found:?}");
    }

    #[test]
    fn versions_and_lints_come_from_the_workspace() {
        let own_version = findings("parlance-store", "[dependencies]\nbytes = \"1\"\n");
        assert!(
            own_version.len() == 1 && own_version[0].contains("root manifest"),
            "{own_version:?}"
        );
        let no_lints = messages("[package]\nname = \"parlance-store\"\n");
        assert!(
            no_lints.len() == 1 && no_lints[0].contains("inherit the lints"),
            "{no_lints:?}"
        );
    }

    #[test]
    fn a_new_crate_needs_a_border() {
        let found = findings("parlance-console", "");
        assert!(
            found.len() == 1 && found[0].contains("has no border"),
            "{found:?}"
        );
        assert_eq!(messages("no toml").len(), 1);
    }
}

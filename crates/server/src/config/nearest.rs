//! Finds the name that somebody probably meant. It knows nothing of settings.

/// Below this likeness (0 to 1) a suggestion would only confuse.
const LIKENESS_MIN: f64 = 0.6;

/// The candidate most like `name`, if any is like it at all. A candidate in another table but with the same last
/// part counts as near: `ttl_seconds` finds `tokens.ttl_seconds`.
pub(super) fn to<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (likeness(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

fn likeness(name: &str, candidate: &str) -> f64 {
    let name = flattened(name);
    let whole = strsim::normalized_damerau_levenshtein(&name, &flattened(candidate));
    let last = last_part(candidate);
    // A match of the last part alone is worth a little less than one of the whole name.
    let part = 0.95 * strsim::normalized_damerau_levenshtein(&flattened(last_part(&name)), &flattened(last));
    whole.max(part)
}

/// One spelling for `a.b`, `a__b`, `a-b` and `A_B`, so that a wrong separator is only a small difference.
fn flattened(name: &str) -> String {
    name.to_ascii_lowercase().replace("__", ".").replace('-', "_")
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &[
        "listen",
        "data_dir",
        "tokens.ttl_seconds",
        "log.level",
        "log.format",
    ];

    fn near(name: &str) -> Option<&'static str> {
        to(name, NAMES.iter().copied())
    }

    #[test]
    fn finds_slips_missing_tables_and_wrong_separators() {
        assert_eq!(near("lisen"), Some("listen"));
        assert_eq!(near("data-dir"), Some("data_dir"));
        assert_eq!(near("ttl_seconds"), Some("tokens.ttl_seconds"));
        assert_eq!(near("tokens.ttl_second"), Some("tokens.ttl_seconds"));
        assert_eq!(near("tokens_ttl_seconds"), Some("tokens.ttl_seconds"));
        assert_eq!(near("token.ttl_seconds"), Some("tokens.ttl_seconds"));
        assert_eq!(near("log.lvel"), Some("log.level"));
    }

    #[test]
    fn says_nothing_when_nothing_is_near() {
        assert_eq!(near("xyzzy"), None);
        assert_eq!(near(""), None);
    }
}

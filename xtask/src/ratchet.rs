//! Named exceptions that can only shrink.
//!
//! A rule with a limit may list what exceeds it today. The list is itself checked: an exception that is
//! larger than what it excuses, or excuses nothing, is a finding, so progress is never lost.

use crate::Finding;

/// One thing that may exceed a limit, and up to which amount.
#[derive(Debug, Clone, Copy)]
pub struct Exception {
    /// The file, from the repository's root.
    pub path: &'static str,
    /// What in the file is meant, such as a function's name; empty for the file itself.
    pub item: &'static str,
    /// The amount it has today, in the rule's unit.
    pub amount: usize,
    /// Why the limit does not fit here.
    pub reason: &'static str,
}

/// One measured thing.
#[derive(Debug, Clone)]
pub struct Measure {
    /// The file, from the repository's root.
    pub path: String,
    /// What in the file was measured; empty for the file itself.
    pub item: String,
    /// The line it starts on, from 1; 0 for the file itself.
    pub line: usize,
    /// Its amount, in the rule's unit.
    pub amount: usize,
}

/// Compares measures with a limit and its exceptions; `unit` names what is counted, in the plural.
#[must_use]
pub fn check(measures: &[Measure], limit: usize, unit: &str, exceptions: &[Exception]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for measure in measures.iter().filter(|measure| measure.amount > limit) {
        let excused = exceptions
            .iter()
            .find(|exception| exception.path == measure.path && exception.item == measure.item)
            .map_or(limit, |exception| exception.amount);
        if measure.amount > excused {
            let message = format!(
                "{}{} {unit}, at most {excused}",
                named(&measure.item),
                measure.amount
            );
            findings.push(Finding::new(&measure.path, measure.line, message));
        }
    }
    findings.extend(
        exceptions
            .iter()
            .filter_map(|exception| stale(exception, measures, limit, unit)),
    );
    findings
}

fn stale(exception: &Exception, measures: &[Measure], limit: usize, unit: &str) -> Option<Finding> {
    let real = measures
        .iter()
        .filter(|measure| measure.path == exception.path && measure.item == exception.item)
        .map(|measure| measure.amount)
        .max()
        .unwrap_or(0);
    let item = named(exception.item);
    let message = if exception.reason.is_empty() {
        format!("{item}the exception gives no reason")
    } else if real <= limit {
        format!("{item}no exception is needed any more: it has {real} {unit}; remove it from the table")
    } else if real < exception.amount {
        format!(
            "{item}the exception allows {} {unit} but {real} are left: lower it",
            exception.amount
        )
    } else {
        return None;
    };
    Some(Finding::new(exception.path, 0, message))
}

fn named(item: &str) -> String {
    if item.is_empty() {
        String::new()
    } else {
        format!("`{item}`: ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(amount: usize) -> Vec<Measure> {
        vec![Measure {
            path: "a.rs".to_owned(),
            item: "long".to_owned(),
            line: 7,
            amount,
        }]
    }

    fn exception(amount: usize) -> [Exception; 1] {
        [Exception {
            path: "a.rs",
            item: "long",
            amount,
            reason: "one table",
        }]
    }

    fn messages(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.message.as_str()).collect()
    }

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        assert!(check(&measure(70), 70, "lines", &[]).is_empty());
        let over = check(&measure(71), 70, "lines", &[]);
        assert_eq!(messages(&over), ["`long`: 71 lines, at most 70"]);
        assert_eq!(over[0].line, 7);
    }

    #[test]
    fn an_exception_excuses_exactly_its_amount() {
        assert!(check(&measure(90), 70, "lines", &exception(90)).is_empty());
        assert_eq!(
            messages(&check(&measure(91), 70, "lines", &exception(90))),
            ["`long`: 91 lines, at most 90"]
        );
    }

    #[test]
    fn an_exception_must_shrink_with_what_it_excuses() {
        let shrunk = check(&measure(80), 70, "lines", &exception(90));
        assert!(shrunk[0].message.contains("80 are left: lower it"), "{shrunk:?}");
        let fixed = check(&measure(60), 70, "lines", &exception(90));
        assert!(fixed[0].message.contains("remove it"), "{fixed:?}");
        let gone = check(&[], 70, "lines", &exception(90));
        assert!(gone[0].message.contains("remove it"), "{gone:?}");
    }

    #[test]
    fn an_exception_needs_a_reason() {
        let silent = [Exception {
            reason: "",
            ..exception(90)[0]
        }];
        assert_eq!(
            messages(&check(&measure(90), 70, "lines", &silent)),
            ["`long`: the exception gives no reason"]
        );
    }
}

//! The few pieces of SQL that differ between engines. Everything else in this crate is shared text.

/// A condition that `column` is one of the numbers in a JSON array bound as `$parameter`.
pub fn in_json_list(column: &str, parameter: usize) -> String {
    format!("{column} IN (SELECT value FROM json_each(${parameter}))")
}

/// The numbers as the JSON array that [`in_json_list`] takes.
pub fn json_list(ids: impl IntoIterator<Item = i64>) -> String {
    let mut out = String::from("[");
    for (index, id) in ids.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&id.to_string());
    }
    out.push(']');
    out
}

/// A statement whose rows are the pairs of numbers in a JSON array of arrays bound as `$parameter`.
pub fn pairs_of(parameter: usize) -> String {
    format!("SELECT value ->> 0, value ->> 1 FROM json_each(${parameter})")
}

/// The pairs as the JSON array that [`pairs_of`] takes.
pub fn json_pairs(pairs: &[(i64, i64)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(a, b)| format!("[{a},{b}]")).collect();
    format!("[{}]", pairs.join(","))
}

/// A case-blind "contains" pattern for `LIKE … ESCAPE '\'`, with the wildcards of the input made literal.
pub fn contains_pattern(text: &str) -> String {
    format!("%{}", prefix_pattern(text))
}

/// The same for "begins with".
pub fn prefix_pattern(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('%');
    out
}

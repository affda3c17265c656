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

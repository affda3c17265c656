//! What is wrong with a call, field by field, as FastAPI with Pydantic 2 reports it.

use serde_json::{Map, Value};

/// Bytes of what was sent that are shown back for one wrong field; the rest is left out.
const ECHO_BYTES_MAX: usize = 1024;
/// What is shown of a secret.
const HIDDEN: &str = "**********";

/// Which part of the call a field is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Body,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

/// What was found where something else was needed.
#[derive(Clone, Debug)]
pub(super) enum Offending {
    /// This value.
    Value(Value),
    /// A value that must not be shown.
    Secret,
    /// Nothing: the field is missing in the body, which is shown instead.
    Body,
}

/// One wrong or missing field.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) kind: &'static str,
    pub(super) loc: Vec<Value>,
    pub(super) msg: String,
    pub(super) input: Offending,
    pub(super) ctx: Option<Value>,
}

impl Problem {
    /// The list form. `body` is the whole body, `secrets` are the fields of it that are not shown.
    pub(super) fn report(self, body: &Value, secrets: &[&str]) -> Value {
        let mut room = ECHO_BYTES_MAX;
        let input = match self.input {
            Offending::Value(value) => cut(&value, &[], &mut room),
            Offending::Secret => HIDDEN.into(),
            Offending::Body => cut(body, secrets, &mut room),
        };
        let mut report = Map::new();
        report.insert("type".into(), self.kind.into());
        report.insert("loc".into(), Value::Array(self.loc));
        report.insert("msg".into(), self.msg.into());
        report.insert("input".into(), input);
        if let Some(ctx) = self.ctx {
            report.insert("ctx".into(), ctx);
        }
        Value::Object(report)
    }
}

/// A value as it is shown back: without secrets, and only as much of it as there is room for.
fn cut(value: &Value, secrets: &[&str], room: &mut usize) -> Value {
    match value {
        Value::String(text) => cut_text(text, room).into(),
        Value::Array(items) => {
            let mut shown = Vec::new();
            for item in items {
                if *room == 0 {
                    break;
                }
                *room -= 1;
                shown.push(cut(item, &[], room));
            }
            Value::Array(shown)
        }
        Value::Object(fields) => {
            let mut shown = Map::new();
            for (name, value) in fields {
                if *room == 0 {
                    break;
                }
                *room -= 1;
                let value = if secrets.contains(&name.as_str()) {
                    HIDDEN.into()
                } else {
                    cut(value, &[], room)
                };
                shown.insert(cut_text(name, room), value);
            }
            Value::Object(shown)
        }
        other => other.clone(),
    }
}

fn cut_text(text: &str, room: &mut usize) -> String {
    let mut end = (*room).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    *room -= end;
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: &Value) -> Value {
        cut(value, &["password"], &mut ECHO_BYTES_MAX.clone())
    }

    #[test]
    fn secrets_are_hidden_and_the_rest_is_shown() {
        let sent =
            json!({ "name": "张三", "password": "secret1", "list": [1, null, { "password": "nested" }] });
        let expected =
            json!({ "name": "张三", "password": HIDDEN, "list": [1, null, { "password": "nested" }] });
        assert_eq!(shown(&sent), expected);
    }

    #[test]
    fn much_is_cut_to_little() {
        for sent in [
            json!("字".repeat(10_000)),
            json!(vec![0; 10_000]),
            json!({ "x".repeat(10_000): vec!["y".repeat(10_000); 100] }),
        ] {
            let bytes = shown(&sent).to_string().len();
            assert!(
                (ECHO_BYTES_MAX - 2..3 * ECHO_BYTES_MAX).contains(&bytes),
                "{bytes}"
            );
        }
    }
}

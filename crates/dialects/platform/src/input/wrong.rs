//! What is said of a value that cannot be taken: the types, texts and contexts of Pydantic 2, which clients compare.

use serde_json::{Value, json};

/// A value, or everything that is wrong with what came.
pub(super) type Parsed<T> = Result<T, Vec<Wrong>>;

/// One thing that is wrong.
pub(super) struct Wrong {
    pub(super) kind: &'static str,
    pub(super) msg: String,
    pub(super) ctx: Option<Value>,
    /// Where in the field, if not the field itself.
    pub(super) within: Option<Value>,
}

impl Wrong {
    fn new(kind: &'static str, msg: impl Into<String>) -> Self {
        Self {
            kind,
            msg: msg.into(),
            ctx: None,
            within: None,
        }
    }

    fn because(self, ctx: Value) -> Self {
        Self {
            ctx: Some(ctx),
            ..self
        }
    }

    /// The same of one entry of a list.
    pub(super) fn within(self, index: usize) -> Self {
        Self {
            within: Some(index.into()),
            ..self
        }
    }

    fn alone(self) -> Vec<Self> {
        vec![self]
    }

    pub(super) fn text() -> Vec<Self> {
        Self::new("string_type", "Input should be a valid string").alone()
    }

    pub(super) fn short(least: usize) -> Vec<Self> {
        let msg = format!("String should have at least {least} character{}", plural(least));
        Self::new("string_too_short", msg)
            .because(json!({ "min_length": least }))
            .alone()
    }

    pub(super) fn long(most: usize) -> Vec<Self> {
        let msg = format!("String should have at most {most} character{}", plural(most));
        Self::new("string_too_long", msg)
            .because(json!({ "max_length": most }))
            .alone()
    }

    pub(super) fn int() -> Vec<Self> {
        Self::new("int_type", "Input should be a valid integer").alone()
    }

    pub(super) fn no_int() -> Vec<Self> {
        let msg = "Input should be a valid integer, unable to parse string as an integer";
        Self::new("int_parsing", msg).alone()
    }

    pub(super) fn fraction() -> Vec<Self> {
        let msg = "Input should be a valid integer, got a number with a fractional part";
        Self::new("int_from_float", msg).alone()
    }

    pub(super) fn int_size() -> Vec<Self> {
        Self::new(
            "int_parsing_size",
            "Unable to parse input string as an integer, exceeded maximum size",
        )
        .alone()
    }

    pub(super) fn below(least: i64) -> Vec<Self> {
        let msg = format!("Input should be greater than or equal to {least}");
        Self::new("greater_than_equal", msg)
            .because(json!({ "ge": least }))
            .alone()
    }

    pub(super) fn above(most: i64) -> Vec<Self> {
        let msg = format!("Input should be less than or equal to {most}");
        Self::new("less_than_equal", msg)
            .because(json!({ "le": most }))
            .alone()
    }

    pub(super) fn flag() -> Vec<Self> {
        Self::new("bool_type", "Input should be a valid boolean").alone()
    }

    pub(super) fn unclear_flag() -> Vec<Self> {
        let msg = "Input should be a valid boolean, unable to interpret input";
        Self::new("bool_parsing", msg).alone()
    }

    pub(super) fn word(words: impl Iterator<Item = &'static str>) -> Vec<Self> {
        let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
        let expected = match quoted.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => quoted.concat(),
        };
        Self::new("enum", format!("Input should be {expected}"))
            .because(json!({ "expected": expected }))
            .alone()
    }

    pub(super) fn neither_text_nor_object() -> Vec<Self> {
        let as_text = Self::new("string_type", "Input should be a valid string");
        let as_object = Self::new("dict_type", "Input should be a valid dictionary");
        vec![
            Self {
                within: Some(json!("str")),
                ..as_text
            },
            Self {
                within: Some(json!("dict[any,any]")),
                ..as_object
            },
        ]
    }

    pub(super) fn list() -> Vec<Self> {
        Self::new("list_type", "Input should be a valid list").alone()
    }

    pub(super) fn long_list(most: usize, is: usize) -> Vec<Self> {
        let msg = format!(
            "List should have at most {most} item{} after validation, not {is}",
            plural(most)
        );
        Self::new("too_long", msg)
            .because(json!({ "field_type": "List", "max_length": most, "actual_length": is }))
            .alone()
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

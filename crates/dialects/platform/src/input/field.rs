//! One field of a call: what it may be, and what it becomes. What is said when it is something else is in `wrong`.

use std::ops::RangeInclusive;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

use super::Call;
use super::problem::{Offending, Place, Problem};
use super::wrong::{Parsed, Wrong};

/// A field as it came.
pub(super) enum Raw {
    Nothing,
    /// From path, query, header or form: text that may spell a number.
    Text(String),
    Json(Box<RawValue>),
}

impl Raw {
    fn json(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => json!(text),
            Self::Json(value) => serde_json::from_str(value.get()).unwrap_or_default(),
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Json(value) if value.get() == "null")
    }
}

/// A word of the contract for a thing of the core.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// Every word with its thing.
    const WORDS: &'static [(&'static str, Self)];

    /// The word for this thing.
    fn spelt(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, thing)| *thing == self);
        known.map_or("", |(word, _)| word)
    }
}

/// A text, or an object as its text: without blanks, its keys in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// It was a text.
    Text(String),
    /// It was an object; this is its JSON.
    Object(String),
}

/// A field as the API document tells of it.
pub(crate) struct Described {
    pub(crate) place: Place,
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) schema: Schema,
    pub(crate) required: bool,
    pub(crate) default: Option<Value>,
}

/// A field before it is said what it must be.
pub(crate) struct Field<'c> {
    call: &'c mut Call,
    place: Place,
    name: &'static str,
    about: &'static str,
    secret: bool,
    raw: Raw,
}

impl<'c> Field<'c> {
    pub(super) fn new(call: &'c mut Call, place: Place, name: &'static str, raw: Raw) -> Self {
        Self {
            call,
            place,
            name,
            about: "",
            secret: false,
            raw,
        }
    }

    /// What it means, for the API document.
    pub(crate) fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// Never shown back.
    pub(crate) fn secret(self) -> Self {
        if self.place == Place::Body {
            self.call.secrets.push(self.name);
        }
        Self { secret: true, ..self }
    }

    /// Any whole number; the number of a thing.
    pub(crate) fn int(self) -> Typed<'c, i64> {
        self.int_in(i64::MIN..=i64::MAX)
    }

    /// A whole number within bounds.
    pub(crate) fn int_in(self, bounds: RangeInclusive<i64>) -> Typed<'c, i64> {
        let (least, most) = bounds.into_inner();
        let schema = || {
            let schema = ObjectBuilder::new().schema_type(Type::Integer);
            let schema = schema.minimum((least != i64::MIN).then_some(least));
            schema.maximum((most != i64::MAX).then_some(most)).into()
        };
        let parse = |raw: &Raw| match raw.int()? {
            number if number < least => Err(Wrong::below(least)),
            number if number > most => Err(Wrong::above(most)),
            number => Ok(number),
        };
        self.typed(schema, 0, |number| json!(number), parse)
    }

    /// A text whose length in characters is within bounds.
    pub(crate) fn text(self, chars: RangeInclusive<usize>) -> Typed<'c, String> {
        let schema = || text_schema(&chars).into();
        self.typed(
            schema,
            String::new(),
            |text| json!(text),
            |raw| bounded(raw.text()?, &chars),
        )
    }

    /// Yes or no, also spelt as FastAPI allows.
    pub(crate) fn flag(self) -> Typed<'c, bool> {
        let schema = || ObjectBuilder::new().schema_type(Type::Boolean).into();
        self.typed(schema, false, |flag| json!(flag), Raw::flag)
    }

    /// One of the words of the contract.
    pub(crate) fn word<T: Word>(self) -> Typed<'c, T> {
        let words = || T::WORDS.iter().map(|(word, _)| *word);
        let schema = || {
            let schema = ObjectBuilder::new().schema_type(Type::String);
            schema.enum_values(Some(words())).into()
        };
        let parse = |raw: &Raw| {
            let text = raw.text().unwrap_or_default();
            let known = T::WORDS.iter().find(|(word, _)| *word == text);
            known.map(|(_, thing)| *thing).ok_or_else(|| Wrong::word(words()))
        };
        self.typed(schema, T::WORDS[0].1, |thing| json!(thing.spelt()), parse)
    }

    /// A text or an object.
    pub(crate) fn document(self) -> Typed<'c, Document> {
        let schema = || {
            let either = OneOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::String));
            either.item(ObjectBuilder::new().schema_type(Type::Object)).into()
        };
        let show = |document: &Document| match document {
            Document::Text(text) | Document::Object(text) => json!(text),
        };
        let parse = |raw: &Raw| match raw {
            Raw::Json(value) if value.get().starts_with('{') => Ok(Document::Object(compact(value.get()))),
            raw => raw
                .text()
                .map(Document::Text)
                .map_err(|_| Wrong::neither_text_nor_object()),
        };
        self.typed(schema, Document::Text(String::new()), show, parse)
    }

    /// A list of texts, each with a length in characters within bounds.
    pub(crate) fn texts(self, items_max: usize, chars: RangeInclusive<usize>) -> Typed<'c, Vec<String>> {
        let schema = || {
            let list = ArrayBuilder::new().items(text_schema(&chars));
            list.max_items(Some(items_max)).into()
        };
        let parse = |raw: &Raw| {
            let Raw::Json(value) = raw else {
                return Err(Wrong::list());
            };
            let items: Vec<Box<RawValue>> = serde_json::from_str(value.get()).map_err(|_| Wrong::list())?;
            if items.len() > items_max {
                return Err(Wrong::long_list(items_max, items.len()));
            }
            let (mut texts, mut wrongs) = (Vec::with_capacity(items.len()), Vec::new());
            for (index, item) in items.into_iter().enumerate() {
                match Raw::Json(item).text().and_then(|text| bounded(text, &chars)) {
                    Ok(text) => texts.push(text),
                    Err(wrong) => wrongs.extend(wrong.into_iter().map(|wrong| wrong.within(index))),
                }
            }
            if wrongs.is_empty() { Ok(texts) } else { Err(wrongs) }
        };
        self.typed(schema, Vec::new(), |texts| json!(texts), parse)
    }

    /// Reads the field with `parse`. `placeholder` stands in for what is wrong until the call is refused.
    fn typed<T>(
        self,
        schema: impl FnOnce() -> Schema,
        placeholder: T,
        show: fn(&T) -> Value,
        parse: impl FnOnce(&Raw) -> Parsed<T>,
    ) -> Typed<'c, T> {
        let Self {
            call,
            place,
            name,
            about,
            secret,
            raw,
        } = self;
        if let Some(description) = &mut call.description {
            description.push(Described {
                place,
                name,
                about,
                schema: schema(),
                required: false,
                default: None,
            });
        }
        let found = if matches!(raw, Raw::Nothing) {
            Found::Nothing
        } else {
            match parse(&raw) {
                Ok(value) => Found::Value(value),
                Err(wrongs) if raw.is_null() => Found::Null(wrongs),
                Err(wrongs) => Found::Wrong(wrongs),
            }
        };
        Typed {
            call,
            place,
            name,
            secret,
            raw,
            found,
            placeholder,
            show,
        }
    }
}

fn text_schema(chars: &RangeInclusive<usize>) -> ObjectBuilder {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    let schema = schema.min_length((*chars.start() > 0).then_some(*chars.start()));
    schema.max_length((*chars.end() < usize::MAX).then_some(*chars.end()))
}

/// What was found, and what must be said if it cannot be taken.
enum Found<T> {
    Nothing,
    Null(Vec<Wrong>),
    Wrong(Vec<Wrong>),
    Value(T),
}

/// A field of which is known what it must be, but not what happens without it.
pub(crate) struct Typed<'c, T> {
    call: &'c mut Call,
    place: Place,
    name: &'static str,
    secret: bool,
    raw: Raw,
    found: Found<T>,
    placeholder: T,
    show: fn(&T) -> Value,
}

impl<T> Typed<'_, T> {
    /// It must be there.
    pub(crate) fn required(mut self) -> T {
        if let Some(described) = self.described() {
            described.required = true;
        }
        match std::mem::replace(&mut self.found, Found::Nothing) {
            Found::Value(value) => return value,
            Found::Nothing => self.call.missing(self.place, self.name),
            Found::Null(wrongs) | Found::Wrong(wrongs) => self.refuse(wrongs),
        }
        self.placeholder
    }

    /// It may be missing or null.
    pub(crate) fn optional(mut self) -> Option<T> {
        match std::mem::replace(&mut self.found, Found::Nothing) {
            Found::Value(value) => Some(value),
            Found::Nothing | Found::Null(_) => None,
            Found::Wrong(wrongs) => {
                self.refuse(wrongs);
                None
            }
        }
    }

    /// A change: missing changes nothing, null takes away.
    pub(crate) fn change(mut self) -> Option<Option<T>> {
        match std::mem::replace(&mut self.found, Found::Nothing) {
            Found::Value(value) => Some(Some(value)),
            Found::Null(_) => Some(None),
            Found::Nothing => None,
            Found::Wrong(wrongs) => {
                self.refuse(wrongs);
                None
            }
        }
    }

    /// It may be missing or null, which means this.
    pub(crate) fn or(mut self, default: T) -> T {
        let shown = (self.show)(&default);
        if let Some(described) = self.described() {
            described.default = Some(shown);
        }
        self.optional().unwrap_or(default)
    }

    fn described(&mut self) -> Option<&mut Described> {
        self.call.description.as_mut()?.last_mut()
    }

    fn refuse(&mut self, wrongs: Vec<Wrong>) {
        for wrong in wrongs {
            let value = || {
                let whole = self.raw.json();
                match &wrong.within {
                    Some(Value::Number(index)) => index
                        .as_u64()
                        .and_then(|index| whole.get(usize::try_from(index).ok()?).cloned())
                        .unwrap_or_default(),
                    _ => whole,
                }
            };
            let input = if self.secret {
                Offending::Secret
            } else {
                Offending::Value(value())
            };
            let mut loc: Vec<Value> = vec![self.place.name().into(), self.name.into()];
            loc.extend(wrong.within);
            self.call.problems.push(Problem {
                kind: wrong.kind,
                loc,
                msg: wrong.msg,
                input,
                ctx: wrong.ctx,
            });
        }
    }
}

impl Raw {
    fn text(&self) -> Parsed<String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Json(value) => serde_json::from_str(value.get()).map_err(|_| Wrong::text()),
            Self::Nothing => Err(Wrong::text()),
        }
    }

    fn int(&self) -> Parsed<i64> {
        match self.json() {
            Value::String(text) => spelt_int(&text),
            Value::Bool(flag) => Ok(i64::from(flag)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Ok(number),
                (None, Some(number)) if number.fract() != 0.0 => Err(Wrong::fraction()),
                (None, Some(number)) if number.abs() < (1_i64 << 53) as f64 => Ok(number as i64),
                _ => Err(Wrong::int_size()),
            },
            _ => Err(Wrong::int()),
        }
    }

    fn flag(&self) -> Parsed<bool> {
        match self.json() {
            Value::Bool(flag) => Ok(flag),
            Value::Number(number) => match number.as_f64() {
                Some(0.0) => Ok(false),
                Some(1.0) => Ok(true),
                _ => Err(Wrong::unclear_flag()),
            },
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
                _ => Err(Wrong::unclear_flag()),
            },
            _ => Err(Wrong::flag()),
        }
    }
}

/// A whole number as text, with or without `.0`.
fn spelt_int(text: &str) -> Parsed<i64> {
    let text = text.trim();
    let whole = text
        .split_once('.')
        .filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0'));
    let digits = whole.map_or(text, |(whole, _)| whole);
    let bare = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Wrong::no_int());
    }
    digits.parse().map_err(|_| Wrong::int_size())
}

fn bounded(text: String, chars: &RangeInclusive<usize>) -> Parsed<String> {
    let count = text.chars().count();
    if count < *chars.start() {
        return Err(Wrong::short(*chars.start()));
    }
    if count > *chars.end() {
        return Err(Wrong::long(*chars.end()));
    }
    Ok(text)
}

/// JSON without the blanks between its parts.
pub(super) fn compact(json: &str) -> String {
    let (mut text, mut quoted, mut escaped) = (String::with_capacity(json.len()), false, false);
    for c in json.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            quoted = c == '"';
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lose_their_blanks_and_nothing_else() {
        let sent = "{ \"b\" : [ 1,\n2 ], \"a \\\" {\": \"x \\\\\" , \"c\":{ } }";
        assert_eq!(compact(sent), "{\"b\":[1,2],\"a \\\" {\":\"x \\\\\",\"c\":{}}");
    }

    #[test]
    fn whole_numbers_are_read_however_they_are_spelt() {
        for (text, number) in [
            ("5", 5),
            (" -5 ", -5),
            ("+7", 7),
            ("5.00", 5),
            ("9007199254740993", 9_007_199_254_740_993),
        ] {
            assert_eq!(spelt_int(text).ok(), Some(number), "{text}");
        }
        for text in ["", "-", "5.5", "0x10", "１２", "5 5", "99999999999999999999"] {
            assert!(spelt_int(text).is_err(), "{text}");
        }
    }
}

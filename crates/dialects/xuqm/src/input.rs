//! What a call brings: fields from the query and from a body of JSON or of a form, read as one (decision 1). A field
//! of the body goes before one of the query. Nothing in here fails with anything but 400, or 413 for a body that is too
//! large.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Uri, header};
use parlance_core::tenant::Tenant;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::app::App;
use crate::caller::Caller;
use crate::refusal::Refusal;

/// Rows of a list that no page was asked of, and the largest page.
pub(crate) const LIST_MAX: i64 = 1_000;
/// Rows of a page when only its number was given.
const PAGE_SIZE: i64 = 20;

/// The fields of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    query: Map<String, Value>,
    body: Map<String, Value>,
}

/// Which part of a list was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// All of it, up to [`LIST_MAX`].
    Plain,
    /// One page; the first is 0.
    Page { page: i64, size: i64 },
}

impl Paging {
    /// How many rows to pass over.
    pub(crate) fn offset(self) -> i64 {
        match self {
            Self::Plain => 0,
            Self::Page { page, size } => page.saturating_mul(size),
        }
    }

    /// How many rows to give at most.
    pub(crate) fn limit(self) -> i64 {
        match self {
            Self::Plain => LIST_MAX,
            Self::Page { size, .. } => size,
        }
    }
}

impl FromRequest<App> for Input {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let tenant = request
            .extensions()
            .get::<Caller>()
            .map(|caller| Arc::clone(&caller.tenant));
        let input = read(request, app).await?;
        if let Some(tenant) = tenant {
            input.check_app(&tenant)?;
        }
        Ok(input)
    }
}

/// The fields of a call that may name another app than the caller's: those that manage tenants.
pub(crate) struct AnyApp(pub(crate) Input);

impl FromRequest<App> for AnyApp {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        read(request, app).await.map(Self)
    }
}

async fn read(request: Request, app: &App) -> Result<Input, Refusal> {
    let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
    let form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let bytes_max = usize::try_from(app.options.body_bytes_max).unwrap_or(usize::MAX);
    let bytes = to_bytes(request.into_body(), bytes_max).await;
    let bytes = bytes.map_err(|_| Refusal::too_large())?;
    let body = if form { pairs(&bytes) } else { object(&bytes)? };
    Ok(Input { query, body })
}

/// The pairs of a query; what is named several times is a list.
fn pairs(text: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        let value = Value::String(value.into_owned());
        match fields.get_mut(name.as_ref()) {
            None => {
                fields.insert(name.into_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    fields
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::invalid("the body is a JSON object")),
        Err(error) => Err(Refusal::invalid(format!("the body is no JSON: {error}"))),
    }
}

fn wrong(name: &str, what: &str) -> Refusal {
    Refusal::invalid(format!("{name} is {what}"))
}

impl Input {
    /// What stands in a body of JSON only.
    pub(crate) fn of_body(bytes: &[u8]) -> Result<Self, Refusal> {
        Ok(Self {
            query: Map::new(),
            body: object(bytes)?,
        })
    }

    /// What stands in the query only.
    pub(crate) fn of_query(uri: &Uri) -> Self {
        Self {
            query: pairs(uri.query().unwrap_or_default().as_bytes()),
            body: Map::new(),
        }
    }

    /// The fields of an object that is a field itself; none of them when it is missing.
    pub(crate) fn object(&self, name: &str) -> Result<Self, Refusal> {
        let fields = match self.get(name) {
            None => Map::new(),
            Some(Value::Object(fields)) => fields.clone(),
            Some(_) => return Err(wrong(name, "an object")),
        };
        Ok(Self {
            query: Map::new(),
            body: fields,
        })
    }

    /// A field as it came; none when missing or null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.written(name).filter(|value| !value.is_null())
    }

    /// A field as it came, null too.
    pub(crate) fn written(&self, name: &str) -> Option<&Value> {
        self.body.get(name).or_else(|| self.query.get(name))
    }

    /// All fields of the body.
    pub(crate) fn body(&self) -> &Map<String, Value> {
        &self.body
    }

    /// A text; a number stands for its digits.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    /// A text that must be there and not be empty.
    pub(crate) fn required(&self, name: &str) -> Result<String, Refusal> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
    }

    /// A whole number, written as a number or as its digits.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let value = match self.get(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        value.map(Some).ok_or_else(|| wrong(name, "a whole number"))
    }

    /// Yes or no, written as a word, as 0 or 1, or as JSON has it.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::Number(number)) if number.as_i64() == Some(0) => Ok(Some(false)),
            Some(Value::Number(number)) if number.as_i64() == Some(1) => Ok(Some(true)),
            Some(Value::String(text)) => match text.as_str() {
                "" => Ok(None),
                "true" | "1" => Ok(Some(true)),
                "false" | "0" => Ok(Some(false)),
                _ => Err(wrong(name, "true or false")),
            },
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// Several texts: a list, or one text with commas between; none when missing. Empty ones are passed over.
    pub(crate) fn texts(&self, name: &str, most: usize) -> Result<Option<Vec<String>>, Refusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let one = std::slice::from_ref(value);
        let (list, split) = match value {
            Value::Array(list) => (list.as_slice(), false),
            Value::String(_) | Value::Number(_) => (one, true),
            _ => return Err(wrong(name, "a list of texts")),
        };
        let mut texts = Vec::with_capacity(list.len().min(most));
        for value in list {
            match value {
                Value::String(text) if split => {
                    texts.extend(text.split(',').map(|part| part.trim().to_owned()))
                }
                Value::String(text) => texts.push(text.clone()),
                Value::Number(number) => texts.push(number.to_string()),
                _ => return Err(wrong(name, "a list of texts")),
            }
        }
        texts.retain(|text| !text.is_empty());
        if texts.len() > most {
            return Err(Refusal::invalid(format!("{name} has at most {most} entries")));
        }
        Ok(Some(texts))
    }

    /// Several texts of which there must be one at least, under the first of these names that is there.
    pub(crate) fn required_texts(&self, names: &[&str], most: usize) -> Result<Vec<String>, Refusal> {
        for name in names {
            if let Some(texts) = self.texts(name, most)?
                && !texts.is_empty()
            {
                return Ok(texts);
            }
        }
        let name = names.first().copied().unwrap_or_default();
        Err(Refusal::invalid(format!("{name} is missing")))
    }

    /// A text that must be there, though it may be null: then it is empty, and clears what it is about.
    pub(crate) fn nullable(&self, name: &str) -> Result<String, Refusal> {
        match self.written(name) {
            None => Err(Refusal::invalid(format!("{name} is missing"))),
            Some(_) => Ok(self.text(name)?.unwrap_or_default()),
        }
    }

    /// Several objects, 1 at least; none when the field is missing or is a list of something else.
    pub(crate) fn objects(&self, name: &str, most: usize) -> Result<Option<Vec<Self>>, Refusal> {
        let list = match self.get(name) {
            Some(Value::Array(list)) if list.first().is_some_and(Value::is_object) => list,
            _ => return Ok(None),
        };
        if list.len() > most {
            return Err(Refusal::invalid(format!("{name} has at most {most} entries")));
        }
        let mut objects = Vec::with_capacity(list.len());
        for value in list {
            match value {
                Value::Object(fields) => objects.push(Self {
                    query: Map::new(),
                    body: fields.clone(),
                }),
                _ => return Err(wrong(name, "a list of objects")),
            }
        }
        Ok(Some(objects))
    }

    /// The app that the call names, under either of its names; the two may not differ.
    pub(crate) fn app_key(&self) -> Result<Option<String>, Refusal> {
        let (key, id) = (self.text("appKey")?, self.text("appId")?);
        match (key.filter(|key| !key.is_empty()), id.filter(|id| !id.is_empty())) {
            (Some(key), Some(id)) if key != id => Err(Refusal::invalid("appKey and appId differ")),
            (key, id) => Ok(key.or(id)),
        }
    }

    /// Whether the app that the call names, if it does, is this one. A token is good for its own app only.
    pub(crate) fn check_app(&self, tenant: &Tenant) -> Result<(), Refusal> {
        match self.app_key()? {
            Some(key) if key != tenant.app_key => {
                Err(Refusal::unauthenticated("the token is not for this appKey"))
            }
            _ => Ok(()),
        }
    }

    /// Which part of a list is asked for: `page` from 0 and `size`, `pageNum` from 1 and `pageSize`, or `offset` and
    /// `limit`. A size over the bound is the bound.
    pub(crate) fn paging(&self) -> Result<Paging, Refusal> {
        let size = match self.number("size")? {
            Some(size) => Some(size),
            None => match self.number("pageSize")? {
                Some(size) => Some(size),
                None => self.number("limit")?,
            },
        };
        let page = match (self.number("page")?, self.number("pageNum")?) {
            (Some(page), _) => Some(page),
            (None, Some(number)) => Some(number.saturating_sub(1)),
            (None, None) => None,
        };
        let offset = self.number("offset")?;
        if size.is_none() && page.is_none() && offset.is_none() {
            return Ok(Paging::Plain);
        }
        let size = size.unwrap_or(PAGE_SIZE);
        if size < 1 || page.is_some_and(|page| page < 0) || offset.is_some_and(|offset| offset < 0) {
            return Err(Refusal::invalid("page counts from 0 and size from 1"));
        }
        let size = size.min(LIST_MAX);
        let page = page.or_else(|| offset.map(|offset| offset / size)).unwrap_or(0);
        Ok(Paging::Page { page, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(query: &str, body: &str) -> Input {
        Input {
            query: pairs(query.as_bytes()),
            body: object(body.as_bytes()).expect("an object"),
        }
    }

    #[test]
    fn a_field_comes_from_the_body_or_the_query() {
        let input = input(
            "a=1&b=x&c=&list=x&list=y&csv=a,+b,,c",
            r#"{"b":"y","d":null,"n":12,"t":true}"#,
        );
        assert_eq!(input.number("a").expect("a number"), Some(1));
        assert_eq!(input.text("b").expect("a text").as_deref(), Some("y"));
        assert_eq!(input.text("n").expect("a text").as_deref(), Some("12"));
        assert_eq!(input.text("d").expect("nothing"), None);
        assert!(
            input.required("c").is_err() && input.required("d").is_err() && input.required("none").is_err()
        );
        assert_eq!(input.flag("t").expect("a flag"), Some(true));
        assert!(input.flag("b").is_err() && input.number("b").is_err() && input.text("t").is_err());
        assert_eq!(
            input.texts("list", 9).expect("texts"),
            Some(vec!["x".to_owned(), "y".to_owned()])
        );
        assert_eq!(
            input.texts("csv", 9).expect("texts"),
            Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()])
        );
        assert!(input.texts("csv", 2).is_err());
    }

    #[test]
    fn a_list_is_paged_when_a_page_or_a_size_is_asked_for() {
        let paging = |query: &str| input(query, "").paging();
        let page = |page, size| Paging::Page { page, size };
        assert_eq!(paging("").expect("a list"), Paging::Plain);
        assert_eq!(paging("page=0").expect("a page"), page(0, 20));
        assert_eq!(paging("size=5").expect("a page"), page(0, 5));
        assert_eq!(paging("pageNum=3&pageSize=7").expect("a page"), page(2, 7));
        assert_eq!(paging("offset=14&limit=7").expect("a page"), page(2, 7));
        assert_eq!(paging("page=1&size=100000").expect("a page"), page(1, LIST_MAX));
        for bad in ["page=-1", "size=0", "page=x", "offset=-2&limit=3"] {
            assert!(paging(bad).is_err(), "{bad}");
        }
        let far = paging("page=9223372036854775807&size=1000").expect("a page");
        assert_eq!(far.offset(), i64::MAX);
    }

    #[test]
    fn an_app_has_two_names_for_its_key() {
        for query in ["appKey=k", "appId=k", "appKey=k&appId=k", "appKey=&appId=k"] {
            assert_eq!(
                input(query, "").app_key().expect("a key").as_deref(),
                Some("k"),
                "{query}"
            );
        }
        assert!(input("appKey=a&appId=b", "").app_key().is_err());
        assert_eq!(input("", "{}").app_key().expect("none"), None);
    }
}

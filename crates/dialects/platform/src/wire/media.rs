//! Files in messages (decision 9): what the content of a media message names, and the links that leave in its place.
//!
//! A content is a file's key, a JSON object with `key` or `url`, or an address. What comes in is kept as it came. What
//! goes out has a fresh link wherever a file is named that the message really carries, and in no other place: anybody
//! may write any key into a content.

use std::borrow::Cow;
use std::fmt;

use parlance_core::command::NamedFiles;
use parlance_core::files::{FileLink, carried_keys, file_key, storage_key};
use parlance_core::types::{FileRef, FileView, Message};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::App;

/// Where a file is fetched by a link of ours; its key follows.
pub(crate) const MEDIA: &str = "/api/v1/messages/media/";
/// Texts in a JSON content that are looked at for files.
const TEXTS_MAX: usize = 20;
/// The field of a JSON content that holds a key, and stays as it is.
const KEY: &str = "key";
/// The field of a JSON content that holds an address, and is the place for a link.
const URL: &str = "url";

/// An uploaded file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UploadedFile)]
pub(crate) struct WireUpload {
    /// What names the file in the content of a message.
    key: String,
    /// A link that is good for an hour.
    url: String,
    /// Its name.
    filename: String,
    /// What was found in its bytes.
    content_type: String,
    /// Bytes.
    size: i64,
}

impl WireUpload {
    pub(crate) fn new(app: &App, view: FileView) -> Self {
        let key = file_key(&view.file);
        Self {
            url: link(app, &key).unwrap_or_default(),
            key,
            filename: view.file.name,
            content_type: view.file.content_type,
            size: view.file.size,
        }
    }
}

/// The files that the content of a message names. A key means its file; an address may mean anything, and so may the
/// other texts of a JSON object.
pub(crate) fn named_in(content_type: &str, content: &str) -> NamedFiles {
    let mut named = NamedFiles::default();
    if !is_media(content_type) {
        return named;
    }
    let Some(Fields(fields)) = object(content) else {
        note(&mut named, content, true);
        return named;
    };
    let texts = fields
        .iter()
        .filter_map(|(name, value)| Some((name, text(value)?)));
    for (name, text) in texts.take(TEXTS_MAX) {
        note(&mut named, &text, name == KEY || name == URL);
    }
    named
}

fn note(named: &mut NamedFiles, text: &str, is_meant: bool) {
    if let Some(key) = storage_key(text).filter(|_| is_meant) {
        named.surely.push(FileRef::Key(key.to_owned()));
    } else if let Some(key) = key_in(text) {
        named.perhaps.push(FileRef::Key(key.to_owned()));
    }
}

/// The content of a message as it leaves: with links to the files that the message carries. It does not wait for
/// anything, so that pushes can use it too.
pub(crate) fn with_links<'a>(app: &App, message: &'a Message) -> Cow<'a, str> {
    let content = message.content.as_str();
    if message.files.is_none() || !is_media(&message.content_type) {
        return content.into();
    }
    let link_of = |text: &str| {
        let named = key_in(text)?;
        let mut carried = carried_keys(message);
        let key = carried.find(|key| storage_key(key) == Some(named))?;
        link(app, key)
    };
    match object(content) {
        Some(fields) => linked_object(fields, link_of).map_or(content.into(), Cow::Owned),
        None => link_of(content).map_or(content.into(), Cow::Owned),
    }
}

/// The object with links in it, everything else as it was; none when there was nothing to link.
fn linked_object(Fields(mut fields): Fields, link_of: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut changed = false;
    let mut of_key = None;
    for (name, value) in fields.iter_mut().take(TEXTS_MAX) {
        let Some(link) = text(value).and_then(|text| link_of(&text)) else {
            continue;
        };
        if name == KEY {
            of_key = Some(link);
        } else {
            *value = quoted(&link)?;
            changed = true;
        }
    }
    if let Some(link) = of_key {
        let link = quoted(&link)?;
        match fields.iter_mut().find(|(name, _)| name == URL) {
            Some((_, url)) => *url = link,
            None => fields.push((URL.to_owned(), link)),
        }
        changed = true;
    }
    changed.then(|| Fields(fields).write()).flatten()
}

/// A link to the file under this key.
fn link(app: &App, key: &str) -> Option<String> {
    let base = &app.options.public_url;
    Some(match app.core.file_link(key)? {
        FileLink::Own {
            expires_at,
            signature,
        } => {
            format!("{base}{MEDIA}{key}?expires={expires_at}&signature={signature}")
        }
        FileLink::Elsewhere(link) => link,
    })
}

fn is_media(content_type: &str) -> bool {
    matches!(content_type, "IMAGE" | "VIDEO" | "FILE" | "VOICE" | "AUDIO")
}

/// The storage key that a key, or an address with one at the end of its path, names.
fn key_in(text: &str) -> Option<&str> {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    storage_key(path.rsplit('/').next().unwrap_or_default())
}

/// The fields of a JSON object in their order.
struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    fn write(&self) -> Option<String> {
        let mut written = String::from("{");
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index > 0 {
                written.push(',');
            }
            written.push_str(&serde_json::to_string(name).ok()?);
            written.push(':');
            written.push_str(value.get());
        }
        written.push('}');
        Some(written)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

fn object(content: &str) -> Option<Fields> {
    let begins = content.trim_start().starts_with('{');
    begins.then(|| serde_json::from_str(content).ok()).flatten()
}

/// The text that a value is, if it is one.
fn text(value: &RawValue) -> Option<String> {
    let is_text = value.get().starts_with('"');
    is_text.then(|| serde_json::from_str(value.get()).ok()).flatten()
}

fn quoted(text: &str) -> Option<Box<RawValue>> {
    let json = serde_json::to_string(text).ok()?;
    RawValue::from_string(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "0123456789abcdef0123456789abcdef";

    fn keys(named: &[FileRef]) -> usize {
        assert!(named.iter().all(|file| *file == FileRef::Key(DIGITS.to_owned())));
        named.len()
    }

    #[test]
    fn a_key_is_meant_and_an_address_may_be() {
        let key = format!("{DIGITS}.png");
        for (content, surely, perhaps) in [
            (key.clone(), 1, 0),
            (DIGITS.to_owned(), 1, 0),
            (format!("{{\"key\":\"{key}\"}}"), 1, 0),
            (format!(" {{\"url\":\"{key}\",\"size\":3}}"), 1, 0),
            (format!("{{\"key\":\"{key}\",\"url\":\"/x/{key}?a=b\"}}"), 1, 1),
            (format!("{{\"md5\":\"{DIGITS}\"}}"), 0, 1),
            (format!("https://cdn.example.com/a/{key}"), 0, 1),
            (format!("{MEDIA}{key}?expires=1&signature=x"), 0, 1),
            ("https://example.com/a.png".to_owned(), 0, 0),
            ("images/a.png".to_owned(), 0, 0),
            (format!("{{\"key\":{{\"key\":\"{key}\"}}}}"), 0, 0),
            (format!("{{\"key\":\"{key}\""), 0, 0),
            ("[]".to_owned(), 0, 0),
        ] {
            let named = named_in("IMAGE", &content);
            assert_eq!(
                (keys(&named.surely), keys(&named.perhaps)),
                (surely, perhaps),
                "{content}"
            );
        }
        assert_eq!(named_in("TEXT", &key), NamedFiles::default());
    }

    #[test]
    fn an_object_keeps_the_order_of_its_fields_and_everything_else() {
        let linked = |content: &str| {
            let link_of = |text: &str| key_in(text).map(|key| format!("L/{}", &key[..2]));
            linked_object(object(content).expect("an object"), link_of)
        };
        let content = format!("{{ \"z\" : 1.50, \"url\":\"old\", \"key\":\"{DIGITS}.png\",\"a\":[ 1 ] }}");
        let expected = format!("{{\"z\":1.50,\"url\":\"L/01\",\"key\":\"{DIGITS}.png\",\"a\":[ 1 ]}}");
        assert_eq!(linked(&content), Some(expected));
        let content = format!("{{\"key\":\"{DIGITS}\"}}");
        assert_eq!(
            linked(&content),
            Some(format!("{{\"key\":\"{DIGITS}\",\"url\":\"L/01\"}}"))
        );
        let content = format!("{{\"thumb\":\"/x/{DIGITS}.jpg?token=1\",\"size\":1}}");
        assert_eq!(
            linked(&content),
            Some("{\"thumb\":\"L/01\",\"size\":1}".to_owned())
        );
        assert_eq!(linked("{\"url\":\"https://example.com/a.png\"}"), None);
    }
}

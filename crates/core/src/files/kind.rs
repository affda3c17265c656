//! What a file is, judged by its first bytes. The name only tells documents apart, and what a client claims counts
//! for nothing: a media type that a browser shows in place is given to bytes that really begin like that.

/// Bytes of the beginning that are looked at.
pub(crate) const HEAD_BYTES: usize = 64;
/// Characters of an extension; a longer one is none.
const EXTENSION_CHARS_MAX: usize = 10;

/// What everything is that is not known better. Browsers save it and do not run it.
const BYTES: &str = "application/octet-stream";

/// What a file is for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Something to read.
    Document,
    /// Anything else.
    Other,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 5] = [Self::Image, Self::Video, Self::Audio, Self::Document, Self::Other];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Other => "other",
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The media type to serve it as.
    pub media_type: &'static str,
    /// What it is for a person.
    pub category: Category,
}

impl Kind {
    /// What a file is that begins with `head` and is called `name`.
    pub fn of(head: &[u8], name: &str) -> Self {
        if let Some((media_type, category)) = by_signature(head).or_else(|| by_brand(head)) {
            return Self { media_type, category };
        }
        let readable = extension(name).is_some_and(|ending| DOCUMENTS.contains(&ending.as_str()));
        Self {
            media_type: BYTES,
            category: if readable {
                Category::Document
            } else {
                Category::Other
            },
        }
    }
}

/// The extension of a name, lower-case: 1 to 10 letters and digits after the last dot.
pub fn extension(name: &str) -> Option<String> {
    let (_, ending) = name.rsplit_once('.')?;
    let fits = (1..=EXTENSION_CHARS_MAX).contains(&ending.len());
    (fits && ending.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| ending.to_ascii_lowercase())
}

/// Extensions of what is read rather than run.
const DOCUMENTS: &[&str] = &[
    "csv", "doc", "docx", "htm", "html", "json", "log", "md", "odp", "ods", "odt", "pages", "pdf", "ppt",
    "pptx", "rtf", "tex", "txt", "wps", "xls", "xlsx", "xml", "yaml", "yml",
];

/// The ending that goes with each media type that is found in bytes.
const ENDINGS: &[(&str, &str)] = &[
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/bmp", "bmp"),
    ("image/avif", "avif"),
    ("image/heic", "heic"),
    ("application/pdf", "pdf"),
    ("audio/mpeg", "mp3"),
    ("audio/aac", "aac"),
    ("audio/ogg", "ogg"),
    ("audio/flac", "flac"),
    ("audio/amr", "amr"),
    ("audio/wav", "wav"),
    ("audio/mp4", "m4a"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/webm", "webm"),
    ("video/x-flv", "flv"),
    ("video/x-msvideo", "avi"),
];

/// The ending for bytes that were found to be of this media type.
pub(crate) fn ending_of(media_type: &str) -> Option<&'static str> {
    let found = ENDINGS.iter().find(|(known, _)| *known == media_type);
    found.map(|(_, ending)| *ending)
}

/// The media type that goes with an ending. Everything that a browser could run is bytes here.
pub(crate) fn media_type_of(ending: &str) -> &'static str {
    let found = ENDINGS.iter().find(|(_, known)| *known == ending);
    found.map_or(BYTES, |(media_type, _)| media_type)
}

type Found = (&'static str, Category);

/// Formats that begin with fixed bytes: where, which, what.
const SIGNATURES: &[(usize, &[u8], Found)] = &[
    (0, b"\x89PNG\r\n\x1a\n", ("image/png", Category::Image)),
    (0, b"\xff\xd8\xff", ("image/jpeg", Category::Image)),
    (0, b"GIF87a", ("image/gif", Category::Image)),
    (0, b"GIF89a", ("image/gif", Category::Image)),
    (0, b"%PDF-", ("application/pdf", Category::Document)),
    (0, b"ID3", ("audio/mpeg", Category::Audio)),
    (0, b"\xff\xfb", ("audio/mpeg", Category::Audio)),
    (0, b"\xff\xf3", ("audio/mpeg", Category::Audio)),
    (0, b"\xff\xf2", ("audio/mpeg", Category::Audio)),
    (0, b"\xff\xf1", ("audio/aac", Category::Audio)),
    (0, b"\xff\xf9", ("audio/aac", Category::Audio)),
    (0, b"OggS", ("audio/ogg", Category::Audio)),
    (0, b"fLaC", ("audio/flac", Category::Audio)),
    (0, b"#!AMR", ("audio/amr", Category::Audio)),
    (0, b"\x1a\x45\xdf\xa3", ("video/webm", Category::Video)),
    (0, b"FLV\x01", ("video/x-flv", Category::Video)),
];

fn by_signature(head: &[u8]) -> Option<Found> {
    let begins =
        |(at, bytes, _): &&(usize, &[u8], Found)| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
    if let Some((_, _, found)) = SIGNATURES.iter().find(begins) {
        return Some(*found);
    }
    if !head.starts_with(b"RIFF") {
        // "BM" alone begins many a text: the size field's reserved words behind it are zero in a real bitmap.
        let bitmap = head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]);
        return bitmap.then_some(("image/bmp", Category::Image));
    }
    match head.get(8..12)? {
        b"WEBP" => Some(("image/webp", Category::Image)),
        b"WAVE" => Some(("audio/wav", Category::Audio)),
        b"AVI " => Some(("video/x-msvideo", Category::Video)),
        _ => None,
    }
}

/// The MP4 family names its member in the `ftyp` box.
fn by_brand(head: &[u8]) -> Option<Found> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    match head.get(8..12)? {
        b"M4A " | b"M4B " => Some(("audio/mp4", Category::Audio)),
        b"qt  " => Some(("video/quicktime", Category::Video)),
        b"avif" => Some(("image/avif", Category::Image)),
        b"heic" | b"heix" | b"mif1" => Some(("image/heic", Category::Image)),
        _ => Some(("video/mp4", Category::Video)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_over_the_name() {
        for (head, name, media_type, category) in [
            (&b"\x89PNG\r\n\x1a\nxx"[..], "a.exe", "image/png", Category::Image),
            (b"<html><script>", "a.png", BYTES, Category::Other),
            (b"<html><script>", "a.html", BYTES, Category::Document),
            (b"<svg onload=", "a.svg", BYTES, Category::Other),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "a", "image/webp", Category::Image),
            (b"RIFF\x10\0\0\0WAVEfmt ", "a", "audio/wav", Category::Audio),
            (b"\0\0\0\x18ftypmp42", "clip", "video/mp4", Category::Video),
            (b"\0\0\0\x18ftypM4A ", "song", "audio/mp4", Category::Audio),
            (b"%PDF-1.7", "a.pdf", "application/pdf", Category::Document),
            (b"PK\x03\x04", "a.docx", BYTES, Category::Document),
            (b"PK\x03\x04", "a.zip", BYTES, Category::Other),
            (b"BMW is a car", "a.txt", BYTES, Category::Document),
            (b"", "", BYTES, Category::Other),
        ] {
            let kind = Kind::of(head, name);
            assert_eq!((kind.media_type, kind.category), (media_type, category), "{name}");
        }
    }

    #[test]
    fn every_media_type_that_is_found_has_an_ending_of_its_own() {
        for (_, head, (media_type, _)) in SIGNATURES {
            assert_eq!(Kind::of(head, "").media_type, *media_type);
            let ending = ending_of(media_type).expect(media_type);
            assert_eq!(media_type_of(ending), *media_type);
        }
        for (_, ending) in ENDINGS {
            assert_eq!(ENDINGS.iter().filter(|(_, other)| other == ending).count(), 1);
        }
        for active in ["html", "svg", "xml", "js", ""] {
            assert_eq!(media_type_of(active), BYTES);
        }
    }

    #[test]
    fn an_extension_is_short_and_plain() {
        assert_eq!(extension("a.tar.GZ").as_deref(), Some("gz"));
        for none in ["", "a", "a.", "a.b c", "a.照片", "a.abcdefghijk"] {
            assert_eq!(extension(none), None, "{none}");
        }
    }
}

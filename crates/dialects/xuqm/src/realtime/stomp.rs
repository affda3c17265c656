//! STOMP frames (1.0, 1.1 and 1.2): bytes to frames, and frames to text. What a frame means is not known here.
//!
//! A client may put several frames into one WebSocket message, and may spread one frame over several: whole frames
//! are read where they lie, and only what is incomplete is kept, within a bound.

use std::borrow::Cow;
use std::fmt;

/// Command and headers of one frame at most, in bytes. Tokens travel in them.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Headers of one frame at most.
const HEADERS_MAX: usize = 64;
/// The body of one frame at most, in bytes: what a whole WebSocket message may hold.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// What is kept of a frame that is not complete. Beyond it the frame is refused.
const KEPT_BYTES_MAX: usize = HEAD_BYTES_MAX + BODY_BYTES_MAX;

/// A version of the protocol, the newest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V1_0,
    V1_1,
    V1_2,
}

impl Version {
    /// As frames name it.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// As WebSocket sub-protocols name it.
    pub(crate) fn of_protocol(name: &str) -> Option<Self> {
        match name {
            "v12.stomp" => Some(Self::V1_2),
            "v11.stomp" => Some(Self::V1_1),
            "v10.stomp" => Some(Self::V1_0),
            _ => None,
        }
    }

    /// The newest of those that a client accepts. One that names none speaks 1.0.
    pub(crate) fn newest_of(accepted: Option<&str>) -> Option<Self> {
        let Some(accepted) = accepted else {
            return Some(Self::V1_0);
        };
        let known = |number: &str| match number.trim() {
            "1.0" => Some(Self::V1_0),
            "1.1" => Some(Self::V1_1),
            "1.2" => Some(Self::V1_2),
            _ => None,
        };
        accepted.split(',').filter_map(known).max()
    }
}

/// What a client's frame asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `CONNECT`, or `STOMP` as it is called since 1.1.
    Connect,
    Send,
    Subscribe,
    Unsubscribe,
    Ack,
    Nack,
    Begin,
    Commit,
    Abort,
    Disconnect,
}

impl Command {
    fn of(line: &[u8]) -> Option<Self> {
        Some(match line {
            b"CONNECT" | b"STOMP" => Self::Connect,
            b"SEND" => Self::Send,
            b"SUBSCRIBE" => Self::Subscribe,
            b"UNSUBSCRIBE" => Self::Unsubscribe,
            b"ACK" => Self::Ack,
            b"NACK" => Self::Nack,
            b"BEGIN" => Self::Begin,
            b"COMMIT" => Self::Commit,
            b"ABORT" => Self::Abort,
            b"DISCONNECT" => Self::Disconnect,
            _ => return None,
        })
    }
}

/// One frame of a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) command: Command,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(crate) body: &'a [u8],
}

impl Frame<'_> {
    /// The value of a header. Of several with one name the first counts.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.named(|given| given == name)
    }

    /// The same, for headers that clients write in either case.
    pub(crate) fn header_in_any_case(&self, name: &str) -> Option<&str> {
        self.named(|given| given.eq_ignore_ascii_case(name))
    }

    fn named(&self, is: impl Fn(&str) -> bool) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(given, _)| is(given))
            .map(|(_, value)| value.as_ref())
    }
}

/// Why bytes are no frame. None of this can be mended: the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadFrame {
    UnknownCommand,
    HeadTooLong,
    TooManyHeaders,
    BadHeader,
    BadEscape,
    BadLength,
    BodyTooLong,
    NotTerminated,
    NotText,
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownCommand => "Unknown command",
            Self::HeadTooLong => "Headers too long",
            Self::TooManyHeaders => "Too many headers",
            Self::BadHeader => "Malformed header",
            Self::BadEscape => "Undefined escape sequence in a header",
            Self::BadLength => "Malformed content-length",
            Self::BodyTooLong => "Body too long",
            Self::NotTerminated => "No NUL after the body",
            Self::NotText => "Headers are not UTF-8",
        })
    }
}

/// What stands at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    /// A frame, and how many bytes it took together with line ends before it.
    Frame(Frame<'a>, usize),
    /// Nothing, or the beginning of a frame, which may be whole once there are this many bytes.
    Incomplete(usize),
}

/// Reads the frame at the start of `bytes`. Line ends before it, which also serve as heart-beats, are passed over.
///
/// Lines may end in CR LF in every version: 1.0 and 1.1 do not say so, but no client means the CR.
pub(crate) fn parse(bytes: &[u8], version: Version) -> Result<Parsed<'_>, BadFrame> {
    let start = bytes.len() - without_line_ends(bytes).len();
    let mut lines = Lines { bytes, at: start };
    let Some(command) = lines.next()? else {
        return Ok(Parsed::Incomplete(0));
    };
    let command = Command::of(command).ok_or(BadFrame::UnknownCommand)?;
    // Neither CONNECT nor anything of 1.0 is escaped.
    let escaped = version > Version::V1_0 && command != Command::Connect;
    let mut headers = Vec::new();
    loop {
        let Some(line) = lines.next()? else {
            return Ok(Parsed::Incomplete(0));
        };
        if line.is_empty() {
            break;
        }
        if headers.len() == HEADERS_MAX {
            return Err(BadFrame::TooManyHeaders);
        }
        headers.push(header(line, escaped)?);
    }
    let mut frame = Frame {
        command,
        headers,
        body: &[],
    };
    let rest = &bytes[lines.at..];
    let length = match content_length(&frame)? {
        Some(length) if rest.len() <= length => return Ok(Parsed::Incomplete(lines.at + length + 1)),
        Some(length) if rest[length] != 0 => return Err(BadFrame::NotTerminated),
        Some(length) => length,
        None => match rest.iter().position(|byte| *byte == 0) {
            None if rest.len() > BODY_BYTES_MAX => return Err(BadFrame::BodyTooLong),
            None => return Ok(Parsed::Incomplete(0)),
            Some(length) => length,
        },
    };
    if length > BODY_BYTES_MAX {
        return Err(BadFrame::BodyTooLong);
    }
    frame.body = &rest[..length];
    Ok(Parsed::Frame(frame, lines.at + length + 1))
}

fn without_line_ends(mut bytes: &[u8]) -> &[u8] {
    while let [b'\r' | b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// The lines of a frame's head.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end; none if its end is not there yet.
    fn next(&mut self) -> Result<Option<&'a [u8]>, BadFrame> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | 0));
        if self.at + end.unwrap_or(rest.len()) > HEAD_BYTES_MAX {
            return Err(BadFrame::HeadTooLong);
        }
        let Some(end) = end else { return Ok(None) };
        if rest[end] == 0 {
            return Err(BadFrame::BadHeader);
        }
        self.at += end + 1;
        let line = &rest[..end];
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

fn header(line: &[u8], escaped: bool) -> Result<(Cow<'_, str>, Cow<'_, str>), BadFrame> {
    let line = str::from_utf8(line).map_err(|_| BadFrame::NotText)?;
    let (name, value) = line.split_once(':').ok_or(BadFrame::BadHeader)?;
    if name.is_empty() {
        return Err(BadFrame::BadHeader);
    }
    if !escaped {
        return Ok((name.into(), value.into()));
    }
    Ok((unescape(name)?, unescape(value)?))
}

/// `\r` is known since 1.2 only, but clients write it in 1.1 as well.
fn unescape(text: &str) -> Result<Cow<'_, str>, BadFrame> {
    if !text.contains('\\') {
        return Ok(text.into());
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '\\' => match chars.next() {
                Some('r') => '\r',
                Some('n') => '\n',
                Some('c') => ':',
                Some('\\') => '\\',
                _ => return Err(BadFrame::BadEscape),
            },
            other => other,
        });
    }
    Ok(plain.into())
}

fn content_length(frame: &Frame<'_>) -> Result<Option<usize>, BadFrame> {
    let Some(length) = frame.header("content-length") else {
        return Ok(None);
    };
    let length = length.trim();
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadFrame::BadLength);
    }
    // Digits only: what does not fit is too much.
    let length = length.parse().unwrap_or(usize::MAX);
    if length > BODY_BYTES_MAX {
        return Err(BadFrame::BodyTooLong);
    }
    Ok(Some(length))
}

/// The beginning of a frame whose end has not come.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    kept: Vec<u8>,
    needed: usize,
}

impl Partial {
    /// What is there together with a new message, if a frame in it can be whole.
    pub(crate) fn join<'a>(&mut self, message: &'a [u8]) -> Result<Option<Cow<'a, [u8]>>, BadFrame> {
        if self.kept.is_empty() {
            return Ok(Some(message.into()));
        }
        if self.kept.len() + message.len() > KEPT_BYTES_MAX {
            return Err(BadFrame::BodyTooLong);
        }
        self.kept.extend_from_slice(message);
        // A frame ends with a NUL, so without one nothing has ended.
        if !message.contains(&0) || self.kept.len() < self.needed {
            return Ok(None);
        }
        Ok(Some(std::mem::take(&mut self.kept).into()))
    }

    /// Keeps what [`parse`] has found incomplete, and may find whole with this many bytes.
    pub(crate) fn keep(&mut self, rest: &[u8], needed: usize) {
        let beginning = without_line_ends(rest);
        self.kept = beginning.to_vec();
        self.needed = needed.saturating_sub(rest.len() - beginning.len());
    }
}

/// A frame for a client, headers first.
pub(crate) struct Writer {
    text: String,
    escaped: bool,
}

impl Writer {
    /// `CONNECTED`, whose headers no version escapes.
    pub(crate) fn connected(version: Version) -> Self {
        Self::new("CONNECTED", false, 0).header("version", version.number())
    }

    /// `MESSAGE` with room for a body of this many bytes.
    pub(crate) fn message(version: Version, body_bytes: usize) -> Self {
        Self::new("MESSAGE", version > Version::V1_0, body_bytes)
    }

    /// `RECEIPT`.
    pub(crate) fn receipt(version: Version, id: &str) -> Self {
        Self::new("RECEIPT", version > Version::V1_0, 0).header("receipt-id", id)
    }

    /// `ERROR`.
    pub(crate) fn error(version: Version, message: &str) -> Self {
        Self::new("ERROR", version > Version::V1_0, message.len()).header("message", message)
    }

    fn new(command: &str, escaped: bool, body_bytes: usize) -> Self {
        const HEAD_BYTES: usize = 224;
        let mut text = String::with_capacity(HEAD_BYTES + body_bytes);
        text.push_str(command);
        text.push('\n');
        Self { text, escaped }
    }

    /// Adds a header. What would break the line is escaped, or left out where the version has no escapes.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.text.push_str(name);
        self.text.push(':');
        if !value.contains(['\\', ':', '\r', '\n', '\0']) {
            self.text.push_str(value);
        } else if self.escaped {
            value.chars().for_each(|char| self.escape(char));
        } else {
            self.text
                .extend(value.chars().filter(|char| !matches!(char, '\r' | '\n' | '\0')));
        }
        self.text.push('\n');
        self
    }

    fn escape(&mut self, char: char) {
        match char {
            '\\' => self.text.push_str("\\\\"),
            ':' => self.text.push_str("\\c"),
            '\r' => self.text.push_str("\\r"),
            '\n' => self.text.push_str("\\n"),
            '\0' => {}
            other => self.text.push(other),
        }
    }

    /// Ends the frame with a body and its length.
    pub(crate) fn body(self, content_type: &str, body: &str) -> String {
        let length = body.len().to_string();
        let mut text = self
            .header("content-type", content_type)
            .header("content-length", &length)
            .text;
        text.push('\n');
        text.push_str(body);
        text.push('\0');
        text
    }

    /// Ends the frame without a body.
    pub(crate) fn end(mut self) -> String {
        self.text.push_str("\n\0");
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as the tests compare it: command, headers and body.
    type Plain = (Command, Vec<(String, String)>, Vec<u8>);

    fn plain(frame: &Frame<'_>) -> Plain {
        let headers = frame
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        (frame.command, headers.collect(), frame.body.to_vec())
    }

    /// Reads messages the way a socket does.
    fn read(messages: &[&[u8]], version: Version) -> Result<Vec<Plain>, BadFrame> {
        let mut frames = Vec::new();
        read_into(&mut frames, messages, version).map(|()| frames)
    }

    fn read_into(frames: &mut Vec<Plain>, messages: &[&[u8]], version: Version) -> Result<(), BadFrame> {
        let mut partial = Partial::default();
        for message in messages {
            let Some(bytes) = partial.join(message)? else {
                continue;
            };
            let mut at = 0;
            loop {
                match parse(&bytes[at..], version)? {
                    Parsed::Frame(frame, taken) => {
                        frames.push(plain(&frame));
                        at += taken;
                    }
                    Parsed::Incomplete(needed) => break partial.keep(&bytes[at..], needed),
                }
            }
        }
        Ok(())
    }

    fn one(text: &str, version: Version) -> Result<Plain, BadFrame> {
        let mut frames = read(&[text.as_bytes()], version)?;
        assert_eq!(frames.len(), 1, "{text:?}");
        Ok(frames.remove(0))
    }

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn a_frame_has_a_command_headers_and_a_body() {
        let text = "SEND\ndestination:/app/chat.send\ncontent-type:application/json\n\n{\"a\":1}\0";
        let expected = headers(&[
            ("destination", "/app/chat.send"),
            ("content-type", "application/json"),
        ]);
        for text in [
            text.to_owned(),
            text.replace('\n', "\r\n"),
            format!("\n\r\n\n{text}\n\r\n"),
        ] {
            let frame = one(&text, Version::V1_2).unwrap();
            assert_eq!(frame, (Command::Send, expected.clone(), b"{\"a\":1}".to_vec()));
        }
        assert_eq!(one("STOMP\n\n\0", Version::V1_2).unwrap().0, Command::Connect);
    }

    #[test]
    fn line_ends_alone_are_no_frame() {
        for text in ["", "\n", "\r\n", "\n\n\r\n"] {
            assert_eq!(read(&[text.as_bytes()], Version::V1_2), Ok(vec![]), "{text:?}");
        }
        let mut partial = Partial::default();
        partial.keep(b"\n\r\n", 0);
        assert!(partial.kept.is_empty());
    }

    #[test]
    fn headers_are_escaped_as_the_version_has_it() {
        let text = "SEND\na\\cb:x\\n\\r\\\\y:z\n\n\0";
        let unescaped = headers(&[("a:b", "x\n\r\\y:z")]);
        assert_eq!(one(text, Version::V1_2).unwrap().1, unescaped);
        assert_eq!(one(text, Version::V1_1).unwrap().1, unescaped);
        assert_eq!(
            one(text, Version::V1_0).unwrap().1,
            headers(&[("a\\cb", "x\\n\\r\\\\y:z")])
        );
        let connect = one("CONNECT\nAuthorization:Bearer a\\cb\n\n\0", Version::V1_2).unwrap();
        assert_eq!(connect.1, headers(&[("Authorization", "Bearer a\\cb")]));
        for text in ["SEND\na:\\t\n\n\0", "SEND\na:b\\\n\n\0", "SEND\n\\x:b\n\n\0"] {
            assert_eq!(one(text, Version::V1_2), Err(BadFrame::BadEscape), "{text:?}");
        }
    }

    #[test]
    fn the_first_of_repeated_headers_counts() {
        let Ok(Parsed::Frame(frame, _)) = parse(b"SEND\nfoo:World\nFoo:x\nfoo:Hello\n\n\0", Version::V1_2)
        else {
            panic!("no frame");
        };
        assert_eq!(frame.header("foo"), Some("World"));
        assert_eq!(frame.header("Foo"), Some("x"));
        assert_eq!(frame.header_in_any_case("FOO"), Some("World"));
        assert_eq!(frame.header("bar"), None);
    }

    #[test]
    fn a_stated_length_lets_the_body_hold_nul() {
        let frame = one("SEND\ncontent-length:3\n\na\0b\0", Version::V1_2).unwrap();
        assert_eq!(frame.2, b"a\0b");
        for (text, error) in [
            ("SEND\ncontent-length:2\n\na\0b\0", BadFrame::NotTerminated),
            ("SEND\ncontent-length:-1\n\n\0", BadFrame::BadLength),
            ("SEND\ncontent-length:\n\n\0", BadFrame::BadLength),
            ("SEND\ncontent-length:1x\n\na\0", BadFrame::BadLength),
            ("SEND\ncontent-length:262145\n\n\0", BadFrame::BodyTooLong),
            (
                "SEND\ncontent-length:99999999999999999999999\n\n\0",
                BadFrame::BodyTooLong,
            ),
        ] {
            assert_eq!(one(text, Version::V1_2), Err(error), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_frame_is_named() {
        for (text, error) in [
            ("GET / HTTP/1.1\n\n\0", BadFrame::UnknownCommand),
            ("send\n\n\0", BadFrame::UnknownCommand),
            ("{\"type\":\"ping\"}\0", BadFrame::BadHeader),
            ("SEND\nno colon\n\n\0", BadFrame::BadHeader),
            ("SEND\n:no name\n\n\0", BadFrame::BadHeader),
            ("SEND\na:b\0", BadFrame::BadHeader),
        ] {
            assert_eq!(one(text, Version::V1_2), Err(error), "{text:?}");
        }
        assert_eq!(
            read(&[b"SEND\na:\xff\n\n\0"], Version::V1_2),
            Err(BadFrame::NotText)
        );
    }

    #[test]
    fn everything_has_a_bound() {
        let many = |count: usize| format!("SEND\n{}\n\0", "a:b\n".repeat(count));
        assert_eq!(
            one(&many(HEADERS_MAX), Version::V1_2).unwrap().1.len(),
            HEADERS_MAX
        );
        assert_eq!(
            one(&many(HEADERS_MAX + 1), Version::V1_2),
            Err(BadFrame::TooManyHeaders)
        );
        let long = |bytes: usize| format!("SEND\na:{}\n\n\0", "x".repeat(bytes));
        assert!(one(&long(HEAD_BYTES_MAX - 20), Version::V1_2).is_ok());
        assert_eq!(
            one(&long(HEAD_BYTES_MAX), Version::V1_2),
            Err(BadFrame::HeadTooLong)
        );
        let endless = vec![b'x'; HEAD_BYTES_MAX + 1];
        assert_eq!(read(&[&endless], Version::V1_2), Err(BadFrame::HeadTooLong));
        let body = |bytes: usize| format!("SEND\n\n{}\0", "x".repeat(bytes));
        assert_eq!(
            one(&body(BODY_BYTES_MAX), Version::V1_2).unwrap().2.len(),
            BODY_BYTES_MAX
        );
        assert_eq!(
            one(&body(BODY_BYTES_MAX + 1), Version::V1_2),
            Err(BadFrame::BodyTooLong)
        );
        let chunk = vec![b'x'; 16 * 1024];
        let mut messages = vec![b"SEND\n\n".as_slice()];
        messages.resize(32, &chunk);
        assert_eq!(read(&messages, Version::V1_2), Err(BadFrame::BodyTooLong));
    }

    #[test]
    fn a_client_gets_the_newest_version_that_both_know() {
        assert_eq!(Version::newest_of(Some("1.0,1.1,1.2")), Some(Version::V1_2));
        assert_eq!(Version::newest_of(Some("1.1, 1.0, 2.0")), Some(Version::V1_1));
        assert_eq!(Version::newest_of(Some("2.0")), None);
        assert_eq!(Version::newest_of(None), Some(Version::V1_0));
        let known = [Version::V1_0, Version::V1_1, Version::V1_2];
        for version in known {
            let protocol = format!("v{}.stomp", version.number().replace('.', ""));
            assert_eq!(Version::of_protocol(&protocol), Some(version));
            assert_eq!(Version::newest_of(Some(version.number())), Some(version));
        }
        assert_eq!(Version::of_protocol("mqtt"), None);
    }

    #[test]
    fn written_frames_say_what_they_are_given() {
        let connected = Writer::connected(Version::V1_2)
            .header("user-name", "a:b\nc")
            .end();
        assert_eq!(connected, "CONNECTED\nversion:1.2\nuser-name:a:bc\n\n\0");
        let receipt = Writer::receipt(Version::V1_1, "r:1").end();
        assert_eq!(receipt, "RECEIPT\nreceipt-id:r\\c1\n\n\0");
        let error = Writer::error(Version::V1_0, "no\0:\\").body("text/plain", "no");
        assert_eq!(
            error,
            "ERROR\nmessage:no:\\\ncontent-type:text/plain\ncontent-length:2\n\nno\0"
        );
        let message = Writer::message(Version::V1_2, 8)
            .header("subscription", "s\r\n\\")
            .body("application/json", "{\"a\":\"é\"}");
        let expected = "MESSAGE\nsubscription:s\\r\\n\\\\\ncontent-type:application/json\ncontent-length:10\n\n{\"a\":\"é\"}\0";
        assert_eq!(message, expected);
    }

    /// Numbers that look random and are the same in every run with the same seed.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % sides as u64) as usize
        }

        fn text(&mut self, alphabet: &str) -> String {
            let alphabet: Vec<char> = alphabet.chars().collect();
            (0..self.below(12))
                .map(|_| alphabet[self.below(alphabet.len())])
                .collect()
        }

        /// Cuts bytes into messages at any place.
        fn cut<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
            let mut messages = Vec::new();
            while !bytes.is_empty() {
                let (message, rest) = bytes.split_at((1 + self.below(40)).min(bytes.len()));
                messages.push(message);
                bytes = rest;
            }
            messages
        }

        fn version(&mut self) -> Version {
            [Version::V1_0, Version::V1_1, Version::V1_2][self.below(3)]
        }
    }

    const SEEDS: [u64; 3] = [1, 20_261_122, 0xdead_beef];

    #[test]
    fn frames_are_the_same_however_they_are_cut() {
        for seed in SEEDS {
            println!("seed {seed}");
            let mut dice = Dice(seed);
            for _ in 0..500 {
                let version = dice.version();
                let (mut bytes, mut expected) = (String::new(), Vec::new());
                for _ in 0..1 + dice.below(5) {
                    let alphabet = if version == Version::V1_0 {
                        "ab:é"
                    } else {
                        "ab:\r\n\\é😀"
                    };
                    let (value, body) = (dice.text(alphabet), dice.text("ab\n\0é😀:"));
                    let writer = Writer::new("SEND", version > Version::V1_0, 0).header("a", &value);
                    bytes += &writer.body("text/plain", &body);
                    bytes += &"\n".repeat(dice.below(3));
                    let length = body.len().to_string();
                    let named = [
                        ("a", value.as_str()),
                        ("content-type", "text/plain"),
                        ("content-length", &length),
                    ];
                    expected.push((Command::Send, headers(&named), body.into_bytes()));
                }
                let messages = dice.cut(bytes.as_bytes());
                assert_eq!(read(&messages, version), Ok(expected), "{bytes:?}");
            }
        }
    }

    #[test]
    fn garbage_never_panics_and_reads_the_same_however_it_is_cut() {
        let alphabet = "SEND\n\n\n::\0\0\\ncr\r 0129é\u{feff}";
        for seed in SEEDS {
            println!("seed {seed}");
            let mut dice = Dice(seed);
            for _ in 0..3_000 {
                let mut text =
                    ["SEND\n", "CONNECT\n", "SEND\ncontent-length:5\n", ""][dice.below(4)].to_owned();
                for _ in 0..dice.below(6) {
                    text += &dice.text(alphabet);
                }
                // Enough of them to end whatever was begun: a frame without its end is not judged.
                text += &"\0".repeat(7);
                let version = dice.version();
                let (mut whole, mut cut) = (Vec::new(), Vec::new());
                let end = read_into(&mut whole, &[text.as_bytes()], version);
                let messages = dice.cut(text.as_bytes());
                assert_eq!(read_into(&mut cut, &messages, version), end, "{text:?}");
                assert_eq!(cut, whole, "{text:?}");
            }
        }
    }
}

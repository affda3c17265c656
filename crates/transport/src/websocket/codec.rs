//! The WebSocket wire format, server side (RFC 6455): bytes to messages, and messages to frames.
//!
//! Nothing here touches a socket, a timer or a dialect. [`Decoder`] owns no read buffer: the caller
//! hands it whatever bytes it has and keeps what was not used, so an idle connection holds nothing.

use std::borrow::Cow;

use bytes::{Buf, Bytes};

/// Longest payload of a ping, pong or close frame, in bytes (RFC 6455 section 5.5).
pub const CONTROL_BYTES_MAX: usize = 125;
/// Longest reason that fits a close frame beside its two-byte code.
pub const CLOSE_REASON_BYTES_MAX: usize = CONTROL_BYTES_MAX - 2;

/// Close codes this server sends on its own behalf (RFC 6455 section 7.4.1).
pub mod close_code {
    /// The conversation is over and nothing went wrong.
    pub const NORMAL: u16 = 1000;
    /// The server is going away; connect again, perhaps to another node.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer broke the framing rules.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// A text message or close reason was not UTF-8.
    pub const INVALID_TEXT: u16 = 1007;
    /// The peer did something the dialect forbids.
    pub const POLICY: u16 = 1008;
    /// A message was longer than the server accepts.
    pub const TOO_BIG: u16 = 1009;
    /// The server met a condition it could not handle.
    pub const INTERNAL: u16 = 1011;
    /// The server is busy or the peer too slow; connect again later.
    pub const TRY_AGAIN: u16 = 1013;
}

const OP_CONTINUATION: u8 = 0x0;
const OP_TEXT: u8 = 0x1;
const OP_BINARY: u8 = 0x2;
const OP_CLOSE: u8 = 0x8;
const OP_PING: u8 = 0x9;
const OP_PONG: u8 = 0xA;
const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const MASK_BYTES: usize = 4;

/// One complete encoded frame, header and payload. Cloning shares the bytes, so a broadcast is
/// encoded once whatever the number of sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// A frame that was encoded before, see [`Frame::into_bytes`].
    pub fn from_bytes(encoded: Bytes) -> Self {
        Self(encoded)
    }

    /// The encoded frame, to be kept and shared.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// A whole text message.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::encode(OP_TEXT, text.as_ref().as_bytes())
    }

    /// A whole binary message.
    pub fn binary(payload: impl AsRef<[u8]>) -> Self {
        Self::encode(OP_BINARY, payload.as_ref())
    }

    /// A ping; only the first [`CONTROL_BYTES_MAX`] bytes of `payload` are sent.
    pub fn ping(payload: impl AsRef<[u8]>) -> Self {
        Self::control(OP_PING, payload.as_ref())
    }

    /// The answer to a ping; only the first [`CONTROL_BYTES_MAX`] bytes of `payload` are sent.
    pub fn pong(payload: impl AsRef<[u8]>) -> Self {
        Self::control(OP_PONG, payload.as_ref())
    }

    /// A close frame. `reason` is cut at a character border to fit [`CLOSE_REASON_BYTES_MAX`].
    pub fn close(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(CLOSE_REASON_BYTES_MAX);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let mut payload = Vec::with_capacity(2 + end);
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(&reason.as_bytes()[..end]);
        Self::encode(OP_CLOSE, &payload)
    }

    /// A close frame without a code, which answers a close frame without a code.
    pub fn close_without_code() -> Self {
        Self::encode(OP_CLOSE, &[])
    }

    fn control(opcode: u8, payload: &[u8]) -> Self {
        Self::encode(opcode, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
    }

    fn encode(opcode: u8, payload: &[u8]) -> Self {
        const HEADER_BYTES_MAX: usize = 10;
        let mut header = [0_u8; HEADER_BYTES_MAX];
        header[0] = FINAL | opcode;
        let header_len = match payload.len() {
            len @ 0..=125 => {
                header[1] = len as u8;
                2
            }
            len @ 126..=0xFFFF => {
                header[1] = 126;
                header[2..4].copy_from_slice(&(len as u16).to_be_bytes());
                4
            }
            len => {
                header[1] = 127;
                header[2..10].copy_from_slice(&(len as u64).to_be_bytes());
                10
            }
        };
        // Exact capacity: `Bytes` then takes the allocation as it is.
        let mut encoded = Vec::with_capacity(header_len + payload.len());
        encoded.extend_from_slice(&header[..header_len]);
        encoded.extend_from_slice(payload);
        Self(Bytes::from(encoded))
    }

    /// The bytes still to be written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes are still to be written, header included.
    pub fn wire_len(&self) -> usize {
        self.0.len()
    }

    /// Forgets the first `count` bytes, which were written. `count` is at most [`Frame::wire_len`].
    pub(crate) fn advance(&mut self, count: usize) {
        self.0.advance(count);
    }
}

/// Why a peer's bytes were refused. Each maps to the close code that tells the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A reserved bit was set although no extension was agreed.
    ReservedBits,
    /// A frame from a client came without a mask.
    Unmasked,
    /// The opcode is not one RFC 6455 defines.
    UnknownOpcode,
    /// A control frame was fragmented or longer than [`CONTROL_BYTES_MAX`].
    BadControlFrame,
    /// A continuation came with nothing to continue, or a new message inside a fragmented one.
    BadFragment,
    /// A close frame held one byte, or a code that may not travel.
    BadCloseCode,
    /// A text message or a close reason is not UTF-8.
    NotUtf8,
    /// A message is longer than the limit.
    TooBig,
}

impl ProtocolError {
    /// The close code and reason to send before hanging up.
    pub fn close(self) -> (u16, &'static str) {
        use close_code::{INVALID_TEXT, PROTOCOL_ERROR, TOO_BIG};
        match self {
            Self::ReservedBits => (PROTOCOL_ERROR, "reserved bits set without an extension"),
            Self::Unmasked => (PROTOCOL_ERROR, "client frames must be masked"),
            Self::UnknownOpcode => (PROTOCOL_ERROR, "unknown opcode"),
            Self::BadControlFrame => (PROTOCOL_ERROR, "control frame fragmented or too long"),
            Self::BadFragment => (PROTOCOL_ERROR, "fragments out of order"),
            Self::BadCloseCode => (PROTOCOL_ERROR, "invalid close code"),
            Self::NotUtf8 => (INVALID_TEXT, "text is not valid UTF-8"),
            Self::TooBig => (TOO_BIG, "message too big"),
        }
    }
}

impl std::fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.close().1)
    }
}

impl std::error::Error for ProtocolError {}

/// What one decoded frame means.
#[derive(Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A whole text message.
    Text(Cow<'a, str>),
    /// A whole binary message.
    Binary(Cow<'a, [u8]>),
    /// A part of a message that goes on; nothing to do.
    Fragment,
    /// A ping to be answered with the same payload.
    Ping(&'a [u8]),
    /// A pong; nothing to do.
    Pong,
    /// The peer closes, with its code if it gave one.
    Close(Option<u16>),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Binary,
}

/// Turns a client's bytes into messages. Between messages it owns no memory; inside a fragmented
/// message it owns the payload so far, which never exceeds the limit.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Unmasked payload of a fragmented message, while there is one.
    message: Vec<u8>,
    /// What the fragmented message is; `None` outside one.
    kind: Option<Kind>,
}

struct Header {
    opcode: u8,
    is_final: bool,
    mask: [u8; MASK_BYTES],
    header_len: usize,
    payload_len: usize,
}

impl Decoder {
    /// Decodes the first frame of `bytes`, unmasking it in place.
    ///
    /// Returns how many bytes it took and what it meant, or `None` when the frame is not complete:
    /// then nothing was changed, and the call is repeated with the same bytes and more behind them.
    /// A message longer than `message_bytes_max` is refused as soon as its header shows it.
    ///
    /// # Errors
    /// [`ProtocolError`]; the connection cannot go on after one.
    pub fn decode<'a>(
        &mut self,
        bytes: &'a mut [u8],
        message_bytes_max: usize,
    ) -> Result<Option<(usize, Input<'a>)>, ProtocolError> {
        let Some(header) = self.header(bytes, message_bytes_max)? else {
            return Ok(None);
        };
        let used = header.header_len + header.payload_len;
        let Some(payload) = bytes.get_mut(header.header_len..used) else {
            return Ok(None);
        };
        unmask(payload, header.mask);
        let input = match header.opcode {
            OP_PING => Input::Ping(payload),
            OP_PONG => Input::Pong,
            OP_CLOSE => Input::Close(close_code_of(payload)?),
            opcode => self.data(opcode, header.is_final, payload)?,
        };
        Ok(Some((used, input)))
    }

    /// Reads the frame's header and checks everything the header alone can show.
    fn header(&self, bytes: &[u8], message_bytes_max: usize) -> Result<Option<Header>, ProtocolError> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        let (opcode, is_final) = (first & 0x0F, first & FINAL != 0);
        if first & RESERVED != 0 {
            return Err(ProtocolError::ReservedBits);
        }
        match (opcode, self.kind) {
            (OP_CONTINUATION, Some(_)) | (OP_TEXT | OP_BINARY, None) => {}
            (OP_CONTINUATION | OP_TEXT | OP_BINARY, _) => return Err(ProtocolError::BadFragment),
            (OP_CLOSE | OP_PING | OP_PONG, _) => {
                // A length of 126 or 127 announces more length bytes, so it is too long as well.
                if !is_final || usize::from(second & !MASKED) > CONTROL_BYTES_MAX {
                    return Err(ProtocolError::BadControlFrame);
                }
            }
            _ => return Err(ProtocolError::UnknownOpcode),
        }
        if second & MASKED == 0 {
            return Err(ProtocolError::Unmasked);
        }
        let (payload_len, length_bytes) = match (second & !MASKED, rest) {
            (126, &[a, b, ..]) => (u64::from(u16::from_be_bytes([a, b])), 2),
            (127, &[a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 8),
            (126 | 127, _) => return Ok(None),
            (short, _) => (u64::from(short), 0),
        };
        // Control frames between fragments do not count towards the message.
        let before = if opcode >= OP_CLOSE { 0 } else { self.message.len() };
        let payload_len = match usize::try_from(payload_len) {
            Ok(len) if len <= message_bytes_max.saturating_sub(before) || opcode >= OP_CLOSE => len,
            _ => return Err(ProtocolError::TooBig),
        };
        let Some(&[a, b, c, d]) = rest.get(length_bytes..length_bytes + MASK_BYTES) else {
            return Ok(None);
        };
        let header_len = 2 + length_bytes + MASK_BYTES;
        Ok(Some(Header {
            opcode,
            is_final,
            mask: [a, b, c, d],
            header_len,
            payload_len,
        }))
    }

    /// Takes the payload of a data frame whose place in the message `header` has checked.
    fn data<'a>(
        &mut self,
        opcode: u8,
        is_final: bool,
        payload: &'a [u8],
    ) -> Result<Input<'a>, ProtocolError> {
        let kind = match self.kind {
            Some(kind) => kind,
            None if opcode == OP_TEXT => Kind::Text,
            None => Kind::Binary,
        };
        if !is_final {
            self.kind = Some(kind);
            self.message.extend_from_slice(payload);
            return Ok(Input::Fragment);
        }
        if self.kind.take().is_none() {
            return Ok(match kind {
                Kind::Text => Input::Text(
                    str::from_utf8(payload)
                        .map_err(|_| ProtocolError::NotUtf8)?
                        .into(),
                ),
                Kind::Binary => Input::Binary(payload.into()),
            });
        }
        let mut message = std::mem::take(&mut self.message);
        message.extend_from_slice(payload);
        Ok(match kind {
            Kind::Text => Input::Text(
                String::from_utf8(message)
                    .map_err(|_| ProtocolError::NotUtf8)?
                    .into(),
            ),
            Kind::Binary => Input::Binary(message.into()),
        })
    }
}

/// Removes the mask eight bytes at a time, which the compiler turns into vector instructions.
fn unmask(payload: &mut [u8], mask: [u8; MASK_BYTES]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// The code of a close frame's payload, if it has one. The reason must be text but is not needed.
fn close_code_of(payload: &[u8]) -> Result<Option<u16>, ProtocolError> {
    match *payload {
        [] => Ok(None),
        [high, low, ref reason @ ..] => {
            let code = u16::from_be_bytes([high, low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(ProtocolError::BadCloseCode);
            }
            str::from_utf8(reason).map_err(|_| ProtocolError::NotUtf8)?;
            Ok(Some(code))
        }
        [_] => Err(ProtocolError::BadCloseCode),
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;

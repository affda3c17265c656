//! WebSocket frames as bytes: encoding for both sides and decoding in place.
//! No sockets and no JSON here.
//!
//! The generator masks with a key of zero: valid by RFC 6455 §5.3, and it saves a pass over every byte.
//! Fragmented messages and extensions are refused, because nothing here asks for them.

use std::ops::Range;

use crate::failure::{Outcome, fail};

/// A text frame, RFC 6455 §5.6.
pub(crate) const TEXT: u8 = 0x1;
/// A close frame, RFC 6455 §5.5.1.
pub(crate) const CLOSE: u8 = 0x8;
/// A ping frame, RFC 6455 §5.5.2.
pub(crate) const PING: u8 = 0x9;
/// A pong frame, RFC 6455 §5.5.3.
pub(crate) const PONG: u8 = 0xA;

/// The largest payload accepted from a peer, in bytes.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1 << 20;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const LENGTH_IN_16_BITS: u8 = 126;
const LENGTH_IN_64_BITS: u8 = 127;

/// One frame found at the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The opcode, one of the constants of this module or another of RFC 6455.
    pub(crate) opcode: u8,
    /// Where the unmasked payload lies in the buffer.
    pub(crate) payload: Range<usize>,
}

/// Appends a client's frame, masked with a key of zero.
pub(crate) fn encode_client(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    encode_header(out, opcode, payload.len(), MASKED);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// Appends a server's frame, unmasked.
pub(crate) fn encode_server(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    encode_header(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn encode_header(out: &mut Vec<u8>, opcode: u8, payload_bytes: usize, mask_bit: u8) {
    out.push(FIN | opcode);
    if let Ok(short) = u8::try_from(payload_bytes)
        && short < LENGTH_IN_16_BITS
    {
        out.push(mask_bit | short);
    } else if let Ok(medium) = u16::try_from(payload_bytes) {
        out.push(mask_bit | LENGTH_IN_16_BITS);
        out.extend_from_slice(&medium.to_be_bytes());
    } else {
        out.push(mask_bit | LENGTH_IN_64_BITS);
        out.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
    }
}

/// Finds the frame at the start of `buffer` and unmasks it in place; `None` when more bytes are needed.
///
/// # Errors
/// A fragmented message, reserved bits, or a payload over [`PAYLOAD_BYTES_MAX`].
pub(crate) fn decode(buffer: &mut [u8]) -> Outcome<Option<Frame>> {
    let [first, second, ..] = *buffer else {
        return Ok(None);
    };
    if first & 0x70 != 0 {
        return fail("the peer set reserved WebSocket bits although no extension was agreed");
    }
    if first & FIN == 0 || first & 0x0F == 0 {
        return fail("the peer sent a fragmented WebSocket message, which this generator does not read");
    }
    let Some((payload_bytes, length_end)) = decode_length(buffer, second & 0x7F)? else {
        return Ok(None);
    };
    let masked = second & MASKED != 0;
    let start = length_end + if masked { 4 } else { 0 };
    let end = start + payload_bytes;
    if buffer.len() < end {
        return Ok(None);
    }
    if masked {
        let (head, rest) = buffer.split_at_mut(start);
        unmask(&head[length_end..], &mut rest[..payload_bytes]);
    }
    Ok(Some(Frame {
        opcode: first & 0x0F,
        payload: start..end,
    }))
}

/// The payload length and the offset where the length field ends; `None` when more bytes are needed.
fn decode_length(buffer: &[u8], length7: u8) -> Outcome<Option<(usize, usize)>> {
    let width = match length7 {
        LENGTH_IN_16_BITS => 2,
        LENGTH_IN_64_BITS => 8,
        short => return Ok(Some((usize::from(short), 2))),
    };
    let Some(digits) = buffer.get(2..2 + width) else {
        return Ok(None);
    };
    let length = digits
        .iter()
        .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    match usize::try_from(length) {
        Ok(length) if length <= PAYLOAD_BYTES_MAX => Ok(Some((length, 2 + width))),
        _ => fail(format!(
            "the peer sent a frame of {length} bytes; at most {PAYLOAD_BYTES_MAX} are read"
        )),
    }
}

fn unmask(key: &[u8], payload: &mut [u8]) {
    if key != [0; 4] {
        for (byte, mask) in payload.iter_mut().zip(key.iter().cycle()) {
            *byte ^= mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (u8, Vec<u8>) {
        let mut buffer = bytes.to_vec();
        let frame = decode(&mut buffer).unwrap().unwrap();
        (frame.opcode, buffer[frame.payload].to_vec())
    }

    #[test]
    fn every_length_form_survives_both_directions() {
        for length in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let mut client = Vec::new();
            encode_client(&mut client, TEXT, &payload);
            assert_eq!(
                decoded(&client),
                (TEXT, payload.clone()),
                "client frame of {length} bytes"
            );
            let mut server = Vec::new();
            encode_server(&mut server, PING, &payload);
            assert_eq!(
                decoded(&server),
                (PING, payload),
                "server frame of {length} bytes"
            );
        }
    }

    #[test]
    fn an_unfinished_frame_asks_for_more_bytes() {
        let mut whole = Vec::new();
        encode_client(&mut whole, TEXT, &[7; 300]);
        for cut in 0..whole.len() {
            assert_eq!(
                decode(&mut whole[..cut].to_vec()).unwrap(),
                None,
                "after {cut} bytes"
            );
        }
    }

    #[test]
    fn the_example_of_rfc_6455_is_unmasked() {
        let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(decoded(&masked), (TEXT, b"Hello".to_vec()));
    }

    #[test]
    fn fragments_reserved_bits_and_giant_frames_are_refused() {
        assert!(decode(&mut [0x01, 0x01, b'a']).is_err(), "first fragment");
        assert!(decode(&mut [0x80, 0x01, b'a']).is_err(), "continuation");
        assert!(decode(&mut [0xC1, 0x01, b'a']).is_err(), "compressed");
        assert!(decode(&mut [0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]).is_err(), "4 GiB");
    }
}

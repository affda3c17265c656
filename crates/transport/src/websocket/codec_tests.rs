//! Tests of the wire format: the examples of RFC 6455, every malformed form, arbitrary chunking.
//! No socket is opened here.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;

const LIMIT: usize = 1 << 20;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame: masked, with whatever first byte is asked for.
fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(MASKED | len as u8),
        len @ 126..=0xFFFF => {
            frame.push(MASKED | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(MASKED | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

/// Decodes `chunks` as a socket would deliver them, keeping what is incomplete.
fn decode_all<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    limit: usize,
) -> Result<Vec<Seen>, ProtocolError> {
    let (mut decoder, mut kept, mut seen) = (Decoder::default(), Vec::new(), Vec::new());
    for chunk in chunks {
        kept.extend_from_slice(chunk);
        while let Some((used, input)) = decoder.decode(&mut kept, limit)? {
            match input {
                Input::Text(text) => seen.push(Seen::Text(text.into_owned())),
                Input::Binary(payload) => seen.push(Seen::Binary(payload.into_owned())),
                Input::Fragment => {}
                Input::Ping(payload) => seen.push(Seen::Ping(payload.to_vec())),
                Input::Pong => seen.push(Seen::Pong),
                Input::Close(code) => seen.push(Seen::Close(code)),
            }
            kept.drain(..used);
        }
    }
    Ok(seen)
}

fn decode(bytes: &[u8]) -> Result<Vec<Seen>, ProtocolError> {
    decode_all([bytes], LIMIT)
}

#[test]
fn encodes_the_examples_of_the_rfc() {
    assert_eq!(
        Frame::text("Hello").as_bytes(),
        [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]
    );
    assert_eq!(
        Frame::ping("Hello").as_bytes(),
        [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]
    );
    assert_eq!(
        Frame::pong("Hello").as_bytes(),
        [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]
    );
    assert_eq!(
        Frame::binary(vec![7; 256]).as_bytes()[..5],
        [0x82, 0x7E, 0x01, 0x00, 7]
    );
    assert_eq!(
        Frame::binary(vec![7; 65536]).as_bytes()[..10],
        [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]
    );
    assert_eq!(Frame::text(["x"; 125].concat()).wire_len(), 127);
    assert_eq!(Frame::text(["x"; 126].concat()).wire_len(), 130);
    assert_eq!(Frame::text(["x"; 65535].concat()).wire_len(), 65539);
}

#[test]
fn encodes_close_frames() {
    assert_eq!(
        Frame::close(1000, "bye").as_bytes(),
        [0x88, 5, 0x03, 0xE8, b'b', b'y', b'e']
    );
    assert_eq!(Frame::close_without_code().as_bytes(), [0x88, 0]);
    // 41 characters of three bytes fill the 123 bytes; the 42nd must go as a whole.
    let long = Frame::close(4000, &"语".repeat(50));
    assert_eq!(long.wire_len(), 2 + 2 + 123);
    assert!(str::from_utf8(&long.as_bytes()[4..]).is_ok());
    let cut = Frame::close(4000, &format!("ab{}", "语".repeat(50)));
    assert_eq!(cut.wire_len(), 2 + 2 + 122);
}

#[test]
fn decodes_the_examples_of_the_rfc() {
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode(&hello), Ok(vec![Seen::Text("Hello".into())]));
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode(&pong), Ok(vec![Seen::Pong]));
    let mut parts = client_frame(OP_TEXT, b"Hel");
    parts.extend(client_frame(FINAL | OP_CONTINUATION, b"lo"));
    assert_eq!(decode(&parts), Ok(vec![Seen::Text("Hello".into())]));
}

#[test]
fn decodes_every_length_form() {
    for len in [0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 65537] {
        let payload: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let frame = client_frame(FINAL | OP_BINARY, &payload);
        assert_eq!(decode(&frame), Ok(vec![Seen::Binary(payload)]), "{len}");
    }
}

/// A conversation with everything in it: fragments with control frames between, a character split
/// over two fragments, empty fragments, and a close.
fn conversation() -> (Vec<u8>, Vec<Seen>) {
    let word = "你好".as_bytes();
    let frames = [
        client_frame(FINAL | OP_TEXT, "héllo".as_bytes()),
        client_frame(OP_TEXT, &word[..2]),
        client_frame(FINAL | OP_PING, b"between"),
        client_frame(OP_CONTINUATION, b""),
        client_frame(OP_CONTINUATION, &word[2..4]),
        client_frame(FINAL | OP_PONG, b""),
        client_frame(FINAL | OP_CONTINUATION, &word[4..]),
        client_frame(FINAL | OP_BINARY, &[9; 300]),
        client_frame(OP_BINARY, &[1, 2]),
        client_frame(FINAL | OP_CONTINUATION, b""),
        client_frame(FINAL | OP_TEXT, b""),
        client_frame(FINAL | OP_CLOSE, b"\x03\xE8done"),
    ];
    let seen = vec![
        Seen::Text("héllo".into()),
        Seen::Ping(b"between".to_vec()),
        Seen::Pong,
        Seen::Text("你好".into()),
        Seen::Binary(vec![9; 300]),
        Seen::Binary(vec![1, 2]),
        Seen::Text(String::new()),
        Seen::Close(Some(1000)),
    ];
    (frames.concat(), seen)
}

#[test]
fn splits_at_every_byte_change_nothing() {
    let (bytes, seen) = conversation();
    assert_eq!(decode(&bytes).as_ref(), Ok(&seen));
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(
            decode_all([head, tail], LIMIT).as_ref(),
            Ok(&seen),
            "split at {at}"
        );
    }
    assert_eq!(decode_all(bytes.chunks(1), LIMIT).as_ref(), Ok(&seen));
}

#[test]
fn random_messages_in_random_chunks_arrive_whole() {
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..random.random_range(1..20) {
            let len = [0, 5, 125, 126, 1000, 70_000][random.random_range(0..6)];
            let payload: Vec<u8> = (0..len).map(|_| random.random_range(b' '..b'~')).collect();
            let mut parts = payload
                .chunks(payload.len() / random.random_range(1..4) + 1)
                .peekable();
            let mut opcode = OP_TEXT;
            loop {
                let part = parts.next().unwrap_or_default();
                let last = if parts.peek().is_none() { FINAL } else { 0 };
                bytes.extend(client_frame(last | opcode, part));
                if last != 0 {
                    break;
                }
                if random.random_bool(0.3) {
                    bytes.extend(client_frame(FINAL | OP_PING, b"p"));
                    expected.push(Seen::Ping(b"p".to_vec()));
                }
                opcode = OP_CONTINUATION;
            }
            expected.push(Seen::Text(String::from_utf8(payload).unwrap()));
        }
        let mut chunks = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(random.random_range(1..=rest.len().min(5000)));
            chunks.push(head);
            rest = tail;
        }
        assert!(decode_all(chunks, LIMIT) == Ok(expected), "seed {seed}");
    }
}

#[test]
fn random_bytes_never_panic() {
    for seed in 0..20_000 {
        let mut random = StdRng::seed_from_u64(seed);
        let bytes: Vec<u8> = (0..random.random_range(0..40)).map(|_| random.random()).collect();
        if let Ok(seen) = decode_all(bytes.chunks(random.random_range(1..9)), 64) {
            assert!(
                seen.len() <= bytes.len() / 6,
                "a frame takes six bytes at least; seed {seed}"
            );
        }
    }
}

#[test]
fn malformed_frames_are_refused() {
    use ProtocolError::*;
    let cases: &[(ProtocolError, Vec<u8>)] = &[
        (ReservedBits, client_frame(0xC1, b"x")),
        (ReservedBits, client_frame(0xA1, b"x")),
        (ReservedBits, client_frame(0x91, b"x")),
        (Unmasked, Frame::text("x").as_bytes().to_vec()),
        (UnknownOpcode, client_frame(FINAL | 0x3, b"")),
        (UnknownOpcode, client_frame(FINAL | 0x7, b"")),
        (UnknownOpcode, client_frame(FINAL | 0xB, b"")),
        (UnknownOpcode, client_frame(FINAL | 0xF, b"")),
        (BadControlFrame, client_frame(OP_PING, b"")),
        (BadControlFrame, client_frame(OP_CLOSE, b"")),
        (BadControlFrame, client_frame(FINAL | OP_PING, &[0; 126])),
        (BadControlFrame, client_frame(FINAL | OP_PONG, &[0; 70_000])),
        (BadFragment, client_frame(FINAL | OP_CONTINUATION, b"x")),
        (
            BadFragment,
            [client_frame(OP_TEXT, b"x"), client_frame(FINAL | OP_TEXT, b"y")].concat(),
        ),
        (
            BadFragment,
            [client_frame(OP_TEXT, b"x"), client_frame(OP_BINARY, b"y")].concat(),
        ),
        (NotUtf8, client_frame(FINAL | OP_TEXT, b"\xff")),
        (NotUtf8, client_frame(FINAL | OP_TEXT, b"\xed\xa0\x80")),
        (
            NotUtf8,
            [client_frame(OP_TEXT, b"\xe4\xbd"), client_frame(FINAL, b"x")].concat(),
        ),
        (BadCloseCode, client_frame(FINAL | OP_CLOSE, b"\x03")),
        (NotUtf8, client_frame(FINAL | OP_CLOSE, b"\x03\xe8\xff")),
    ];
    for (error, bytes) in cases {
        assert_eq!(decode(bytes), Err(*error), "{bytes:?}");
        assert_eq!(
            decode_all(bytes.chunks(1), LIMIT),
            Err(*error),
            "byte by byte: {bytes:?}"
        );
    }
}

#[test]
fn only_codes_that_may_travel_are_taken() {
    for code in 0..=u16::MAX {
        let sent = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let seen = decode(&client_frame(FINAL | OP_CLOSE, &code.to_be_bytes()));
        let expected = if sent {
            Ok(vec![Seen::Close(Some(code))])
        } else {
            Err(ProtocolError::BadCloseCode)
        };
        assert_eq!(seen, expected, "{code}");
    }
    assert_eq!(
        decode(&client_frame(FINAL | OP_CLOSE, b"")),
        Ok(vec![Seen::Close(None)])
    );
}

#[test]
fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
    let limit = |bytes: &[u8]| decode_all([bytes], 10);
    assert_eq!(
        limit(&client_frame(FINAL | OP_TEXT, b"0123456789")),
        Ok(vec![Seen::Text("0123456789".into())])
    );
    assert_eq!(
        limit(&client_frame(FINAL | OP_TEXT, b"0123456789a")),
        Err(ProtocolError::TooBig)
    );
    let parts = [
        client_frame(OP_TEXT, b"01234"),
        client_frame(FINAL | OP_PING, &[0; 100]),
    ]
    .concat();
    assert!(limit(&[parts.clone(), client_frame(FINAL, b"56789")].concat()).is_ok());
    assert_eq!(
        limit(&[parts, client_frame(FINAL, b"56789a")].concat()),
        Err(ProtocolError::TooBig)
    );
    // The header alone is enough to refuse, also with lengths no machine can hold.
    assert_eq!(limit(&[0x81, 0xFE, 0x00, 0x0B]), Err(ProtocolError::TooBig));
    let mut huge = vec![0x82, 0xFF];
    huge.extend(u64::MAX.to_be_bytes());
    assert_eq!(limit(&huge), Err(ProtocolError::TooBig));
}

#[test]
fn errors_have_the_codes_of_the_rfc() {
    assert_eq!(ProtocolError::Unmasked.close().0, 1002);
    assert_eq!(ProtocolError::NotUtf8.close().0, 1007);
    assert_eq!(ProtocolError::TooBig.close().0, 1009);
}

#[test]
fn a_decoder_between_messages_owns_no_memory() {
    let (mut decoder, (mut bytes, _)) = (Decoder::default(), conversation());
    let mut at = 0;
    while let Some((used, _)) = decoder.decode(&mut bytes[at..], LIMIT).unwrap() {
        at += used;
    }
    assert_eq!((at, decoder.message.capacity()), (bytes.len(), 0));
}

use proptest::prelude::*;

use super::{BadChunk, Chunked, Piece};

/// Reads `bytes`, cut into pieces after each of `cuts`. Returns how many bytes belong to the body and its content.
fn read(bytes: &[u8], cuts: &[usize]) -> Result<(usize, Vec<u8>, bool), BadChunk> {
    let mut chunked = Chunked::new();
    let mut content = Vec::new();
    let mut start = 0;
    let mut used = 0;
    let ends = cuts.iter().copied().chain([bytes.len()]);
    for end in ends {
        let mut rest = &bytes[start..end];
        while !rest.is_empty() && !chunked.is_done() {
            let count = match chunked.next(rest)? {
                Piece::Framing(count) => count,
                Piece::Data(count) => {
                    content.extend_from_slice(&rest[..count]);
                    count
                }
            };
            assert!(count > 0, "it makes progress");
            used += count;
            rest = &rest[count..];
        }
        start = end;
    }
    Ok((used, content, chunked.is_done()))
}

fn accepts(body: &str) -> bool {
    matches!(read(body.as_bytes(), &[]), Ok((used, _, true)) if used == body.len())
}

#[test]
fn content_is_told_from_framing() {
    let body = b"5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\nSum: 1\r\n\r\nGET /next";
    let (used, content, done) = read(body, &[]).unwrap();
    assert_eq!(&body[used..], b"GET /next");
    assert_eq!(content, b"hello world");
    assert!(done);
}

#[test]
fn sizes_are_plain_hexadecimal() {
    assert!(accepts("a\r\n0123456789\r\n0\r\n\r\n"));
    assert!(accepts("A\r\n0123456789\r\n00\r\n\r\n"));
    for body in [
        "\r\n", " 1\r\n", "1 \r\n", "+1\r\n", "-1\r\n", "0x1\r\n", "g\r\n", ";a\r\n", "1\n",
    ] {
        assert!(read(body.as_bytes(), &[]).is_err(), "{body:?}");
    }
}

#[test]
fn a_size_beyond_all_measure_is_refused() {
    assert!(read(b"fffffffffffffff\r\n", &[]).is_ok());
    assert!(read(b"1fffffffffffffff\r\n", &[]).is_err());
    assert!(read(b"0000000000000001\r\n", &[]).is_err());
}

#[test]
fn chunks_end_where_they_say() {
    for body in [
        "3\r\nabcd\r\n",
        "3\r\nab\r\n\r\n",
        "3\r\nabc\n",
        "3\r\nabc\r\r\n",
        "3\r\nabc0\r\n",
    ] {
        assert!(!accepts(&format!("{body}0\r\n\r\n")), "{body:?}");
    }
}

#[test]
fn extensions_have_no_line_ends_and_an_end() {
    assert!(accepts(
        "1;name=value;other=\"quoted; text\"\r\na\r\n0;x\r\n\r\n"
    ));
    assert!(!accepts("1;a\nb\r\na\r\n0\r\n\r\n"));
    assert!(!accepts("1;a\rb\r\na\r\n0\r\n\r\n"));
    assert!(!accepts("1;a\0b\r\na\r\n0\r\n\r\n"));
    assert!(!accepts(&format!(
        "1;{}\r\na\r\n0\r\n\r\n",
        "x".repeat(5000)
    )));
}

#[test]
fn trailers_are_fields_that_change_nothing() {
    assert!(accepts(
        "0\r\nChecksum: abc\r\nX-Request-Id: 1\r\nGrpc-Status:0\r\n\r\n"
    ));
    for trailer in [
        "Content-Length: 5",
        "transfer-encoding: chunked",
        "Host: h",
        "Connection: close",
        "X-Forwarded-For: 1.2.3.4",
        "no colon",
        ": b",
        " folded: b",
        "a : b",
        "a: b\0",
    ] {
        assert!(!accepts(&format!("0\r\n{trailer}\r\n\r\n")), "{trailer:?}");
    }
    let endless = format!("0\r\n{}\r\n", "A: b\r\n".repeat(2000));
    assert!(!accepts(&endless));
}

/// Bytes of which a chunked body is made, so that random ones come close to being one.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[
        b"\r\n",
        b"0\r\n",
        b"1\r\na\r\n",
        b"3;x=y\r\nabc\r\n",
        b"0\r\n\r\n",
        b"A: b\r\n",
        b"\n",
        b"\r",
        b"a",
        b";",
        b" ",
        b"\0",
        b"\xff",
    ];
    let piece = prop::sample::select(PIECES);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_was_put_into_chunks_comes_out(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..5),
        rest in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut body = Vec::new();
        for chunk in &chunks {
            body.extend(format!("{:x}\r\n", chunk.len()).bytes());
            body.extend(chunk);
            body.extend(b"\r\n");
        }
        body.extend(b"0\r\n\r\n");
        let length = body.len();
        body.extend(rest);
        prop_assert_eq!(read(&body, &[]), Ok((length, chunks.concat(), true)));
    }

    #[test]
    fn how_a_body_is_cut_into_reads_makes_no_difference(
        body in noise(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(read(&body, &cuts), read(&body, &[]));
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&body, &[]);
    }

    /// What is accepted here is read the same way by an independent parser of chunk lines.
    #[test]
    fn sizes_mean_the_same_to_another_parser(body in noise()) {
        if let Ok((used, content, true)) = read(&body, &[]) {
            let mut at = 0;
            let mut expected = Vec::new();
            loop {
                let Ok(httparse::Status::Complete((length, size))) = httparse::parse_chunk_size(&body[at..]) else {
                    return Err(TestCaseError::fail("the other parser refuses it"));
                };
                at += length;
                if size == 0 {
                    break;
                }
                let size = usize::try_from(size).unwrap();
                expected.extend_from_slice(&body[at..at + size]);
                at += size + 2;
            }
            prop_assert!(at <= used);
            prop_assert_eq!(content, expected);
        }
    }
}

use std::net::SocketAddr;

use proptest::prelude::*;

use super::{HeadFault, HeadLimits, HeadScan};
use crate::request::{Edge, Request, RequestBody, RequestHead};
use crate::response::{Persistence, ResponseHead};
use crate::settings::Forwarded;

const LIMITS: HeadLimits = HeadLimits {
    first_line: 64,
    head: 256,
};

fn edge() -> Edge {
    let addr: SocketAddr = "10.0.0.1:80".parse().unwrap();
    Edge::new(addr, addr, Forwarded::Keep)
}

/// The length of the head and what it says, given in pieces that end at `cuts`. `None`: it has no end yet.
fn read(bytes: &[u8], cuts: &[usize]) -> Result<Option<(usize, Request, Vec<u8>)>, HeadFault> {
    let mut scan = HeadScan::default();
    for end in cuts.iter().copied().chain([bytes.len()]) {
        if let Some(length) = scan.advance(&bytes[..end], LIMITS)? {
            let head = &bytes[..length];
            let mut fields = Vec::new();
            let parsed = RequestHead::parse(head, &mut fields)?;
            let mut out = Vec::new();
            parsed.rewrite(head, &fields, &edge(), || None, &mut out);
            return Ok(Some((length, parsed.request, out)));
        }
    }
    Ok(None)
}

/// Pieces of which heads are made, so that random ones come close to being one.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    const LINES: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n",
        b"POST /a?b HTTP/1.0\r\n",
        b"GET http://h/x HTTP/1.1\r\n",
        b"G",
        b"",
    ];
    let line = prop::sample::select(LINES);
    const PIECES: &[&[u8]] = &[
        b"Host: h\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 6\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\tchunked \r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Connection: close, x-a\r\n",
        b"Connection: content-length\r\n",
        b"Upgrade: websocket\r\n",
        b"X-Forwarded-For: 1.2.3.4\r\n",
        b"X-A:  b c \r\n",
        b"A",
        b": ",
        b" ",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xc3\xa4",
    ];
    let piece = prop::sample::select(PIECES);
    (line, prop::collection::vec(piece, 0..10), any::<bool>()).prop_map(|(line, pieces, ended)| {
        let mut head = [line, &pieces.concat()].concat();
        if ended {
            head.extend(b"\r\n");
        }
        head
    })
}

fn fields_of<'a>(parsed: &'a httparse::Request<'_, '_>, name: &str) -> Vec<&'a [u8]> {
    parsed
        .headers
        .iter()
        .filter(|field| field.name.eq_ignore_ascii_case(name))
        .map(|field| field.value)
        .collect()
}

proptest! {
    #[test]
    fn how_a_head_is_cut_into_reads_makes_no_difference(
        head in noise(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(head.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(read(&head, &cuts), read(&head, &[]));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(head in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&head, &[]);
        let mut ended = head;
        ended.extend(b"\r\n\r\n");
        let _ = read(&ended, &[]);
        let request = read(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", &[]).unwrap().unwrap().1;
        let mut fields = Vec::new();
        let _ = ResponseHead::parse(&ended, &request, &mut fields);
        ended.splice(0..0, *b"HTTP/1.1 200 OK\r\n");
        if let Ok(response) = ResponseHead::parse(&ended, &request, &mut fields) {
            response.rewrite(&ended, &fields, &request, Persistence::Close, &mut Vec::new());
        }
    }

    /// Whatever is passed on, an independent parser reads it, and finds one host and one length at most: the one that
    /// the front door itself goes by.
    #[test]
    fn what_is_passed_on_is_unambiguous(head in noise()) {
        let Ok(Some((length, request, out))) = read(&head, &[]) else {
            return Ok(());
        };
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Request::new(&mut fields);
        let status = parsed.parse(&out);
        prop_assert_eq!(status, Ok(httparse::Status::Complete(out.len())), "{:?}", out);
        prop_assert_eq!(parsed.version, Some(1));
        prop_assert_eq!(fields_of(&parsed, "host").len(), 1);
        let lengths = fields_of(&parsed, "content-length");
        let codings = fields_of(&parsed, "transfer-encoding");
        match request.body {
            RequestBody::Chunked => {
                prop_assert_eq!((lengths.len(), codings.len()), (0, 1));
                prop_assert!(codings[0].trim_ascii().eq_ignore_ascii_case(b"chunked"));
            }
            RequestBody::Length(length) => {
                let length = length.to_string();
                prop_assert_eq!(lengths, vec![length.as_bytes()]);
                prop_assert!(codings.is_empty());
            }
            RequestBody::None => prop_assert!(lengths.is_empty() && codings.is_empty()),
        }
        prop_assert_eq!(fields_of(&parsed, "connection").len(), usize::from(request.upgrade));
        prop_assert_eq!(fields_of(&parsed, "x-a").is_empty(), !keeps_x_a(&head[..length]));
        // It is its own fixed point: a second front door would read the same.
        let again = read(&out, &[]);
        if let Ok(Some((length, same, _))) = again {
            prop_assert_eq!(length, out.len());
            prop_assert_eq!(same.body, request.body);
        } else {
            prop_assert!(matches!(again, Err(HeadFault::TooLarge)), "{:?}", again);
        }
    }

    /// What another parser finds in a head that is accepted here is what is found here.
    #[test]
    fn another_parser_agrees_about_what_is_accepted(head in noise()) {
        if let Ok(Some((length, request, _))) = read(&head, &[]) {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut parsed = httparse::Request::new(&mut fields);
            prop_assert_eq!(parsed.parse(&head), Ok(httparse::Status::Complete(length)));
            let chunked = !fields_of(&parsed, "transfer-encoding").is_empty();
            prop_assert_eq!(chunked, request.body == RequestBody::Chunked);
        }
    }
}

/// The noise has an `X-A` field that no `Connection` field lists.
fn keeps_x_a(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).into_owned();
    text.contains("\nX-A:") && !text.contains("\nConnection: close, x-a\r\n")
}

#[test]
fn a_head_ends_with_its_first_empty_line() {
    let (length, request, _) = read(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next", &[])
        .unwrap()
        .unwrap();
    assert_eq!(length, 27);
    assert!(request.keep_alive);
}

#[test]
fn limits_hold_to_the_byte() {
    let line = |length: usize| {
        let path = "x".repeat(length - "GET / HTTP/1.1\r\n".len());
        format!("GET /{path} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes()
    };
    assert!(read(&line(64), &[]).is_ok());
    assert_eq!(read(&line(65), &[]), Err(HeadFault::FirstLineTooLong));
    assert_eq!(read(&line(65), &[30, 60]), Err(HeadFault::FirstLineTooLong));

    let head = |length: usize| {
        let filler = "x".repeat(length - "GET / HTTP/1.1\r\nHost: h\r\nA: \r\n\r\n".len());
        format!("GET / HTTP/1.1\r\nHost: h\r\nA: {filler}\r\n\r\n").into_bytes()
    };
    assert!(read(&head(256), &[]).unwrap().is_some());
    assert_eq!(read(&head(257), &[]), Err(HeadFault::TooLarge));
    assert_eq!(read(&head(257), &[100, 256]), Err(HeadFault::TooLarge));
}

//! As much of an HTTP/1.1 client as a health check needs (RFC 9112): one
//! request, the status of its answer, and, to explain a failure, the first
//! line of the body.

use std::fmt::Write as _;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much of an answer is read at most.
const LIMIT: usize = 16 * 1024;

/// How much of a strange answer, or of a body's first line, is shown.
const SHOWN: usize = 200;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An HTTP answer.
    Status {
        code: u16,
        reason: String,
        location: Option<String>,
        first_line: Option<String>,
    },
    /// The connection was closed without a byte.
    Nothing,
    /// Something else.
    NotHttp { beginning: String },
}

/// The request as bytes.
///
/// # Errors
/// What of it is not allowed in HTTP.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(String, String)],
    port: u16,
) -> Result<String, String> {
    let token = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    if !token(method) {
        return Err("the method".to_owned());
    }
    if !path.starts_with('/') || path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err("the path".to_owned());
    }
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    let given = |wanted: &str| {
        headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{name}: {value}\r\n");
    };
    for (name, value) in [
        ("Host", format!("127.0.0.1:{port}")),
        ("User-Agent", "shipgate-health".to_owned()),
        ("Accept", "*/*".to_owned()),
    ] {
        if !given(name) {
            line(name, &value);
        }
    }
    if !given("Content-Length") && !["GET", "HEAD", "OPTIONS"].contains(&method) {
        line("Content-Length", "0");
    }
    for (name, value) in headers {
        if !token(name) || value.bytes().any(|byte| b"\r\n\0".contains(&byte)) {
            return Err(format!("the header `{}`", name.escape_debug()));
        }
        line(name, value);
    }
    text.push_str("Connection: close\r\n\r\n");
    Ok(text)
}

/// Sends the request and reads as much of the answer as is needed.
pub(crate) async fn exchange(mut stream: TcpStream, request: &str) -> io::Result<Answer> {
    stream.write_all(request.as_bytes()).await?;
    let mut received = Vec::new();
    loop {
        let more = stream.read_buf(&mut received).await;
        let ended = match more {
            Ok(0) => true,
            Ok(_) => received.len() >= LIMIT,
            // A server that closes without reading all of the request resets
            // the connection; what it said before counts.
            Err(_) if !received.is_empty() => true,
            Err(error) => return Err(error),
        };
        if let Some(answer) = read_answer(&received, ended) {
            return Ok(answer);
        }
    }
}

/// The answer in what was received so far; `None` while more is needed.
fn read_answer(received: &[u8], ended: bool) -> Option<Answer> {
    if received.is_empty() {
        return ended.then_some(Answer::Nothing);
    }
    let strange = || {
        Some(Answer::NotHttp {
            beginning: shown(received),
        })
    };
    let start = received.get(..5).unwrap_or(received);
    if !b"HTTP/".starts_with(start) {
        return strange();
    }
    let Some((status_line, rest)) = split_line(received) else {
        return if ended { strange() } else { None };
    };
    let Some((code, reason)) = status(status_line) else {
        return strange();
    };
    if (200..300).contains(&code) {
        // What follows does not matter.
        return Some(Answer::Status {
            code,
            reason,
            location: None,
            first_line: None,
        });
    }
    let head = Head::read(rest);
    if !head.complete && !ended {
        return None;
    }
    if code < 200 && code != 101 {
        // An interim answer; the real one follows.
        return read_answer(head.body, ended);
    }
    if code == 101 || head.location.is_some() {
        return Some(Answer::Status {
            code,
            reason,
            location: head.location,
            first_line: None,
        });
    }
    let expected = head.length.unwrap_or(usize::MAX);
    let first_line = head.first_line();
    if first_line.is_none() && !ended && head.body.len() < expected && !head.last_chunk() {
        return None;
    }
    let whole = first_line.or_else(|| {
        let text = shown(head.payload());
        (!text.is_empty()).then_some(text)
    });
    Some(Answer::Status {
        code,
        reason,
        location: None,
        first_line: whole,
    })
}

/// Code and reason of a status line.
fn status(line: &[u8]) -> Option<(u16, String)> {
    let line = String::from_utf8_lossy(line);
    let mut parts = line.splitn(3, ' ');
    let version = parts.next()?.strip_prefix("HTTP/")?;
    let digits = parts.next().filter(|digits| digits.len() == 3)?;
    let reason = shown(parts.next().unwrap_or_default().as_bytes());
    let code = digits.parse().ok().filter(|code| *code >= 100)?;
    version.starts_with("1.").then_some((code, reason))
}

/// The headers that matter, and what follows them.
struct Head<'a> {
    complete: bool,
    chunked: bool,
    length: Option<usize>,
    location: Option<String>,
    body: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(mut rest: &'a [u8]) -> Self {
        let mut head = Self {
            complete: false,
            chunked: false,
            length: None,
            location: None,
            body: &[],
        };
        while let Some((line, after)) = split_line(rest) {
            rest = after;
            if line.is_empty() {
                head.complete = true;
                head.body = rest;
                break;
            }
            let line = String::from_utf8_lossy(line);
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok(),
                "transfer-encoding" => {
                    head.chunked = value.to_ascii_lowercase().contains("chunked");
                }
                "location" => head.location = Some(shown(value.as_bytes())),
                _ => {}
            }
        }
        head
    }

    /// The body, without the first chunk's size.
    fn payload(&self) -> &'a [u8] {
        if self.chunked {
            split_line(self.body).map_or(&[], |(_, payload)| payload)
        } else {
            self.body
        }
    }

    /// The first line of the body, once it is there.
    fn first_line(&self) -> Option<String> {
        let text = shown(split_line(self.payload())?.0);
        (!text.is_empty()).then_some(text)
    }

    fn last_chunk(&self) -> bool {
        self.chunked && self.body.windows(5).any(|end| end == b"0\r\n\r\n")
    }
}

/// The first line and what follows it, if its end has come.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(at);
    Some((
        line.strip_suffix(b"\r").unwrap_or(line),
        rest.get(1..).unwrap_or_default(),
    ))
}

/// Bytes of a stranger, fit to be shown: one line, printable, not long.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text
        .trim()
        .chars()
        .take(SHOWN)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.trim().chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::{prop_assert, proptest};

    use super::*;

    fn answer(text: &str) -> Answer {
        read_answer(text.as_bytes(), true).expect("it has ended")
    }

    fn failure(code: u16, reason: &str, first_line: Option<&str>) -> Answer {
        Answer::Status {
            code,
            reason: reason.to_owned(),
            location: None,
            first_line: first_line.map(str::to_owned),
        }
    }

    #[test]
    fn the_status_line_of_a_success_is_enough() {
        let received = b"HTTP/1.1 204 No Content\r\n";
        assert_eq!(
            read_answer(received, false),
            Some(failure(204, "No Content", None))
        );
        assert_eq!(read_answer(b"HTTP/1.1 20", false), None);
    }

    #[test]
    fn a_failure_tells_the_first_line_of_its_body() {
        let text = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 12\r\n\r\ncold\ncache\n!";
        assert_eq!(
            answer(text),
            failure(503, "Service Unavailable", Some("cold"))
        );
    }

    #[test]
    fn a_chunked_body_is_read_without_its_sizes() {
        let text = "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworse\r\n0\r\n\r\n";
        assert_eq!(answer(text), failure(500, "Oops", Some("worse")));
    }

    #[test]
    fn a_body_without_an_end_of_line_is_awaited_up_to_its_length() {
        let head = "HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\n";
        assert_eq!(read_answer(head.as_bytes(), false), None);
        let whole = format!("{head}cold");
        let expected = failure(500, "Oops", Some("cold"));
        assert_eq!(read_answer(whole.as_bytes(), false), Some(expected));
    }

    #[test]
    fn an_interim_answer_is_passed_over() {
        let text = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(answer(text), failure(200, "OK", None));
    }

    #[test]
    fn a_redirect_tells_where_it_leads() {
        let text = "HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n";
        let Answer::Status { location, .. } = answer(text) else {
            panic!("it is HTTP");
        };
        assert_eq!(location.as_deref(), Some("/login"));
    }

    #[test]
    fn what_is_not_http_is_shown() {
        let beginning = "SSH-2.0-OpenSSH_9.2".to_owned();
        assert_eq!(
            answer("SSH-2.0-OpenSSH_9.2\r\n"),
            Answer::NotHttp { beginning }
        );
        assert_eq!(read_answer(b"", true), Some(Answer::Nothing));
    }

    #[test]
    fn given_headers_replace_the_usual_ones() {
        let headers = [("host".to_owned(), "notes.example".to_owned())];
        let text = request("GET", "/up?x=1", &headers, 8080).expect("allowed");
        assert!(text.starts_with("GET /up?x=1 HTTP/1.1\r\n"));
        assert!(text.contains("host: notes.example\r\n") && !text.contains("127.0.0.1"));
        assert!(text.ends_with("Connection: close\r\n\r\n"));
    }

    #[test]
    fn nothing_can_be_smuggled_into_a_request() {
        let header = [("X".to_owned(), "1\r\nY: 2".to_owned())];
        assert_eq!(
            request("GET", "/", &header, 1),
            Err("the header `X`".to_owned())
        );
        assert_eq!(
            request("GET", "/ HTTP/1.0\r\n", &[], 1),
            Err("the path".to_owned())
        );
        assert_eq!(request("GET /", "/", &[], 1), Err("the method".to_owned()));
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_fall(bytes in any::<Vec<u8>>(), ended in any::<bool>()) {
            let mut received = b"HTTP/1.1 500 x\r\n".to_vec();
            received.extend_from_slice(&bytes);
            let _ = read_answer(&bytes, ended);
            let answer = read_answer(&received, true);
            prop_assert!(answer.is_some());
        }
    }
}

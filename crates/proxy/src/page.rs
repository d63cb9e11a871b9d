//! Answers the front door gives itself: short plain text, in place of a machine's response.

use std::io::Write;
use std::time::Duration;

use crate::head::HeadFault;
use crate::request::Method;
use crate::response::Persistence;

/// An answer of the front door's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) retry_after: Option<Duration>,
}

impl Page {
    pub(crate) const HEAD_TIMEOUT: Self = Self::new(408, "the request head did not arrive in time");
    pub(crate) const BODY_TIMEOUT: Self = Self::new(408, "the request body did not arrive in time");
    pub(crate) const BAD_BODY: Self = Self::new(400, "the chunked request body is malformed");
    pub(crate) const UNREACHABLE: Self = Self::new(502, "no machine accepted a connection");
    pub(crate) const BROKEN_OFF: Self =
        Self::new(502, "the machine closed the connection without a response");
    pub(crate) const BAD_RESPONSE: Self =
        Self::new(502, "the machine's response is not valid HTTP/1.1");
    pub(crate) const NO_RESPONSE: Self = Self::new(504, "the machine did not respond in time");
    pub(crate) const CUT: Self = Self::new(504, "the machine was retired before it had responded");

    const fn new(status: u16, reason: &'static str) -> Self {
        Self {
            status,
            reason,
            retry_after: None,
        }
    }

    /// 503 with `Retry-After`.
    pub(crate) fn unavailable(reason: &'static str, retry_after: Duration) -> Self {
        Self {
            status: 503,
            reason,
            retry_after: Some(retry_after),
        }
    }

    /// The answer to a request whose head is refused.
    pub(crate) fn refusing(fault: HeadFault) -> Self {
        let (status, reason) = match fault {
            HeadFault::FirstLineTooLong => (414, "the request target is too long"),
            HeadFault::TooLarge => (431, "the request head is too large"),
            HeadFault::TooManyFields => (431, "the request head has too many fields"),
            HeadFault::BadVersion => (505, "the HTTP version is not supported"),
            HeadFault::BadMethod => (501, "the method is not supported"),
            HeadFault::UnknownTransferCoding => (501, "the transfer coding is not supported"),
            HeadFault::BareLineFeed => (400, "a line of the head does not end with CR LF"),
            HeadFault::BadFirstLine => (400, "the request line is malformed"),
            HeadFault::BadTarget => (400, "the request target is malformed"),
            HeadFault::Folded => (400, "a field is folded over two lines"),
            HeadFault::NoColon => (400, "a field has no colon"),
            HeadFault::SpaceBeforeColon => (400, "there is white space before a field's colon"),
            HeadFault::BadName => (400, "a field name has a character that is not allowed"),
            HeadFault::BadValue => (400, "a field value has a control character"),
            HeadFault::BadHost => (400, "the Host field is missing, malformed or there twice"),
            HeadFault::BadContentLength => {
                (400, "Content-Length is malformed or contradicts itself")
            }
            HeadFault::BadTransferEncoding => (400, "Transfer-Encoding is malformed"),
            HeadFault::TwoLengths => (400, "both Content-Length and Transfer-Encoding are there"),
        };
        Self::new(status, reason)
    }

    /// Appends the whole response to `out`.
    pub(crate) fn write(&self, method: Method, persistence: Persistence, out: &mut Vec<u8>) {
        let phrase = phrase(self.status);
        let length = "000 : \n".len() + phrase.len() + self.reason.len();
        let retry_after = self.retry_after.map(|wait| wait.as_secs().max(1));
        let mut write = || -> std::io::Result<()> {
            write!(
                out,
                "HTTP/1.1 {} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n",
                self.status
            )?;
            if let Some(seconds) = retry_after {
                write!(out, "Retry-After: {seconds}\r\n")?;
            }
            if persistence == Persistence::Close {
                out.write_all(b"Connection: close\r\n")?;
            }
            out.write_all(b"\r\n")?;
            if method != Method::Head {
                writeln!(out, "{} {phrase}: {}", self.status, self.reason)?;
            }
            Ok(())
        };
        write().expect("writing to a vector does not fail");
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        408 => "Request Timeout",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_length_it_claims() {
        let mut out = Vec::new();
        Page::UNREACHABLE.write(Method::Other, Persistence::KeepAlive, &mut out);
        let text = String::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "502 Bad Gateway: no machine accepted a connection\n");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    }

    #[test]
    fn the_answer_to_head_has_no_body_and_says_when_to_come_back() {
        let mut out = Vec::new();
        Page::unavailable("later", Duration::from_millis(10)).write(
            Method::Head,
            Persistence::Close,
            &mut out,
        );
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\r\nRetry-After: 1\r\n"), "{text}");
        assert!(text.ends_with("Connection: close\r\n\r\n"), "{text}");
    }
}

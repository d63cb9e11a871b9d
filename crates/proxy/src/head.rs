//! What request and response heads have in common: where a head ends, and what its fields say about the message.
//!
//! Strict where leniency lets two programs read one message differently (RFC 9112 section 2.2, 5 and 11.2): every line
//! ends with CR LF, no line is folded, a name is a token directly followed by its colon, a value has no control
//! characters but the tab.

use memchr::memchr;

use crate::field::{is_token, list};

/// Why a head is refused; [`crate::page::Page::refusing`] has the words for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadFault {
    BareLineFeed,
    FirstLineTooLong,
    TooLarge,
    TooManyFields,
    BadFirstLine,
    BadVersion,
    BadMethod,
    BadTarget,
    Folded,
    NoColon,
    SpaceBeforeColon,
    BadName,
    BadValue,
    BadHost,
    BadContentLength,
    BadTransferEncoding,
    UnknownTransferCoding,
    TwoLengths,
}

/// Protocol version of a message; others are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

impl Version {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes {
            b"HTTP/1.1" => Some(Self::Http11),
            b"HTTP/1.0" => Some(Self::Http10),
            _ => None,
        }
    }
}

/// Finds the end of a head that may arrive in any number of pieces.
#[derive(Debug, Default)]
pub(crate) struct HeadScan {
    line: usize,
    at: usize,
}

/// Sizes at which a head is refused, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLimits {
    pub(crate) first_line: usize,
    pub(crate) head: usize,
}

impl HeadScan {
    /// Looks at `bytes`, which start with the head and with all that was given before; `Some` is the head's length,
    /// its empty line included. The answer depends on the bytes alone, never on how they were cut into reads.
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        limits: HeadLimits,
    ) -> Result<Option<usize>, HeadFault> {
        let window = &bytes[..bytes.len().min(limits.head)];
        while let Some(offset) = memchr(b'\n', &window[self.at..]) {
            let newline = self.at + offset;
            if self.line == 0 && newline >= limits.first_line {
                return Err(HeadFault::FirstLineTooLong);
            }
            if newline == 0 || window[newline - 1] != b'\r' {
                return Err(HeadFault::BareLineFeed);
            }
            let blank = newline == self.line + 1;
            self.line = newline + 1;
            self.at = self.line;
            if blank {
                return Ok(Some(self.at));
            }
        }
        self.at = window.len();
        if self.line == 0 && window.len() >= limits.first_line {
            return Err(HeadFault::FirstLineTooLong);
        }
        if window.len() >= limits.head {
            return Err(HeadFault::TooLarge);
        }
        Ok(None)
    }
}

/// What the `Connection` fields of a message say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ConnectionOptions {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
    /// Fields are named that the proxy would otherwise pass on.
    pub(crate) names_fields: bool,
}

impl ConnectionOptions {
    pub(crate) fn read(&mut self, value: &[u8]) {
        for option in list(value) {
            if option.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            } else if option.eq_ignore_ascii_case(b"upgrade") {
                self.upgrade = true;
            } else if !option.eq_ignore_ascii_case(b"te") {
                self.names_fields = true;
            }
        }
    }
}

/// How long a body is, as a head's `Content-Length` and `Transfer-Encoding` fields say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LengthFields {
    pub(crate) length: Option<u64>,
    pub(crate) chunked: bool,
}

impl LengthFields {
    /// Takes a `Content-Length` value; a repeated equal one is let pass, it is ambiguous to nobody.
    pub(crate) fn read_length(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
        if !digits {
            return Err(HeadFault::BadContentLength);
        }
        let length = value
            .iter()
            .fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        if self.length.replace(length).is_some_and(|l| l != length) {
            return Err(HeadFault::BadContentLength);
        }
        Ok(())
    }

    /// Takes a `Transfer-Encoding` value; only `chunked`, alone and once, is passed on.
    pub(crate) fn read_coding(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        if self.chunked {
            return Err(HeadFault::BadTransferEncoding);
        }
        if value.eq_ignore_ascii_case(b"chunked") {
            self.chunked = true;
            return Ok(());
        }
        let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
        let well_formed = list(value).all(is_token)
            && list(value).last().as_ref().is_some_and(is_chunked)
            && list(value).filter(is_chunked).count() == 1
            && list(value).count() > 1;
        Err(if well_formed {
            HeadFault::UnknownTransferCoding
        } else {
            HeadFault::BadTransferEncoding
        })
    }

    pub(crate) fn check(self, version: Version) -> Result<Self, HeadFault> {
        if self.chunked && self.length.is_some() {
            return Err(HeadFault::TwoLengths);
        }
        if self.chunked && version == Version::Http10 {
            return Err(HeadFault::BadTransferEncoding);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;

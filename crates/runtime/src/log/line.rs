//! One line of a log, and its form on disk.
//!
//! ```text
//! 2026-11-20T12:34:56.789012Z out| listening on port 8080
//! 2026-11-20T12:34:57.001201Z err+ a line without its end, the rest follo
//! 2026-11-20T12:34:57.001201Z err| ws here
//! 2026-11-20T12:34:58.120010Z note| exit code 1; started again in 100 ms
//! ```
//!
//! Time in UTC with microseconds; the stream; `|` when the machine ended the
//! line, `+` when it did not (yet); one blank; the bytes. A backslash is
//! written `\\`; control characters but the tab, and bytes that are not UTF-8,
//! are written `\xNN`. So any bytes come back as they were, and `less` shows
//! the file as it is.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// Not the machine: its keeper says what it did.
    Note,
}

impl Stream {
    /// `out`, `err` or `note`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Note => "note",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Out, Self::Err, Self::Note]
            .into_iter()
            .find(|stream| stream.name() == name)
    }
}

/// A line, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was read from the machine; never earlier than the line before.
    pub at: Timestamp,
    /// Where it came from.
    pub stream: Stream,
    /// What was written, to the byte, without the line's end.
    pub bytes: Vec<u8>,
    /// Whether the line's end was still to come: the piece of a very long
    /// line, a prompt, or a last line that was never ended.
    pub partial: bool,
}

impl LogLine {
    /// The line for a reader: bytes that are not UTF-8 and control characters
    /// as `\xNN`, but tabs and the escape character of colours as they are.
    /// A carriage return before the line's end is left out.
    pub fn text(&self) -> Cow<'_, str> {
        let bytes = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(hidden) => Cow::Borrowed(text),
            _ => {
                let mut text = String::with_capacity(bytes.len());
                escape(bytes, hidden, &mut text);
                Cow::Owned(text)
            }
        }
    }

    /// Reads the form on disk, without its end of line; `None` if it is not
    /// such a line.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (at, rest) = line.split_once(' ')?;
        let (head, text) = rest.split_once(' ')?;
        let (stream, partial) = match (head.strip_suffix('|'), head.strip_suffix('+')) {
            (Some(stream), _) => (stream, false),
            (None, Some(stream)) => (stream, true),
            (None, None) => return None,
        };
        Some(Self {
            at: at.parse().ok()?,
            stream: Stream::of(stream)?,
            bytes: unescape(text)?,
            partial,
        })
    }
}

/// Appends a line's form on disk to `out`.
pub(crate) fn format(at: Timestamp, stream: Stream, bytes: &[u8], partial: bool, out: &mut String) {
    let end = if partial { '+' } else { '|' };
    // Writing to a String cannot fail.
    let _ = write!(out, "{at:.6} {}{end} ", stream.name());
    escape(bytes, |letter| letter == '\\' || control(letter), out);
    out.push('\n');
}

fn control(letter: char) -> bool {
    letter.is_ascii_control() && letter != '\t'
}

fn hidden(letter: char) -> bool {
    control(letter) && letter != '\x1b'
}

fn escape(bytes: &[u8], special: impl Fn(char) -> bool, out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(&special) {
            let (plain, tail) = rest.split_at(at);
            out.push_str(plain);
            let mut letters = tail.chars();
            match letters.next() {
                Some('\\') => out.push_str("\\\\"),
                Some(letter) => push_hex(letter as u8, out),
                None => {}
            }
            rest = letters.as_str();
        }
        out.push_str(rest);
        for byte in chunk.invalid() {
            push_hex(*byte, out);
        }
    }
}

fn push_hex(byte: u8, out: &mut String) {
    let _ = write!(out, "\\x{byte:02x}");
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, tail)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        if let Some(after) = tail.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = after;
        } else {
            let digits = tail.strip_prefix('x')?.get(..2)?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(3..)?;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_oneof};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn line(bytes: &[u8]) -> LogLine {
        LogLine {
            at: "2026-11-20T12:34:56.789012Z".parse().expect("a time"),
            stream: Stream::Out,
            bytes: bytes.to_vec(),
            partial: false,
        }
    }

    fn formatted(line: &LogLine) -> String {
        let mut text = String::new();
        format(line.at, line.stream, &line.bytes, line.partial, &mut text);
        text
    }

    #[test]
    fn a_line_is_readable_on_disk() {
        assert_eq!(
            formatted(&line(b"listening on 8080")),
            "2026-11-20T12:34:56.789012Z out| listening on 8080\n"
        );
    }

    #[test]
    fn control_characters_and_broken_utf8_cannot_forge_a_line() {
        let text = formatted(&line(b"a\nb\xff\x1b[31m\\\t\xc3\xa9"));
        assert_eq!(
            text,
            "2026-11-20T12:34:56.789012Z out| a\\x0ab\\xff\\x1b[31m\\\\\t\u{e9}\n"
        );
    }

    #[test]
    fn text_for_readers_keeps_colours_and_backslashes() {
        assert_eq!(line(b"\x1b[1mC:\\x\x1b[0m\r").text(), "\x1b[1mC:\\x\x1b[0m");
        assert_eq!(line(b"a\x00\xfe").text(), "a\\x00\\xfe");
    }

    fn any_stream() -> impl Strategy<Value = Stream> {
        prop_oneof![Just(Stream::Out), Just(Stream::Err), Just(Stream::Note)]
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_as_they_were(
            bytes in any::<Vec<u8>>(),
            stream in any_stream(),
            partial in any::<bool>(),
            micros in 0_i64..4_000_000_000_000_000,
        ) {
            let at = Timestamp::from_microsecond(micros).expect("in range");
            let line = LogLine { at, stream, bytes, partial };
            let text = formatted(&line);
            let body = text.strip_suffix('\n').expect("ended");
            prop_assert!(!body.contains('\n'));
            prop_assert_eq!(LogLine::parse(body.as_bytes()), Some(line));
        }

        #[test]
        fn no_garbage_makes_the_parser_fall(bytes in any::<Vec<u8>>()) {
            let _ = LogLine::parse(&bytes);
        }

        #[test]
        fn no_damaged_line_makes_the_parser_fall(text in "2026-11-20T12:34:56Z (out|err)[|+ ]\\PC*") {
            let _ = LogLine::parse(text.as_bytes());
        }
    }
}

//! The `-- atlas:delimiter X` line that may open a script.

use crate::SplitErrorKind;
use crate::token::LexError;

/// Longest delimiter, in bytes; keeps looking for it linear.
const LONGEST: usize = 255;

/// A delimiter other than `;`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delimiter(String);

impl Delimiter {
    /// The delimiter as a user writes it, with `\n`, `\r` and `\t` spelled out.
    pub(crate) fn new(written: &str) -> Result<Self, SplitErrorKind> {
        if written.is_empty() {
            return Err(SplitErrorKind::EmptyDelimiter);
        }
        if written.len() > LONGEST {
            return Err(SplitErrorKind::DelimiterTooLong);
        }
        Ok(Self(
            written
                .replace("\\n", "\n")
                .replace("\\r", "\r")
                .replace("\\t", "\t"),
        ))
    }

    /// What ends statements unless a script says otherwise.
    pub(crate) fn semicolon() -> Self {
        Self(";".to_owned())
    }

    /// The delimiter with a carriage return after it.
    pub(crate) fn with_carriage_return(self) -> Self {
        Self(self.0 + "\r")
    }

    pub(crate) fn is_semicolon(&self) -> bool {
        self.0 == ";"
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn starts_like_a_word(&self) -> bool {
        self.0.bytes().next().is_some_and(is_letter)
    }

    pub(crate) fn ends_like_a_word(&self) -> bool {
        self.0.bytes().next_back().is_some_and(is_letter)
    }
}

/// `$` is left out: as a delimiter it is no part of a word.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

const DIRECTIVE: &str = "-- atlas:delimiter";

/// Whether a script that begins so may begin with the directive.
pub(crate) fn may_be_directive(text: &str) -> bool {
    let length = text.len().min(DIRECTIVE.len());
    text.as_bytes()[..length] == DIRECTIVE.as_bytes()[..length]
}

/// The delimiter a script's first line sets and the byte where its statements
/// begin. `None`: the line is no such directive.
///
/// The line is `-- atlas:delimiter`, blanks, and the delimiter up to the
/// line's end.
pub(crate) fn directive(text: &str) -> Result<Option<(Delimiter, usize)>, LexError> {
    let (line, next) = match text.find('\n') {
        Some(at) => (&text[..at], Some(at + 1)),
        None => (text, None),
    };
    let line = line.strip_suffix('\r').unwrap_or(line);
    let Some(argument) = line.strip_prefix(DIRECTIVE) else {
        return Ok(None);
    };
    if argument.bytes().next().is_some_and(is_letter) {
        return Ok(None);
    }
    let fault = |kind| LexError {
        kind,
        span: 0..line.len(),
    };
    let delimiter = Delimiter::new(argument.trim_start_matches([' ', '\t'])).map_err(fault)?;
    match next {
        Some(next) => Ok(Some((delimiter, next))),
        None => Err(fault(SplitErrorKind::NothingAfterDelimiter(delimiter.0))),
    }
}

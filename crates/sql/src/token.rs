//! Tokens in the coarse kinds that splitting needs, the same for all dialects.

use std::ops::Range;

use crate::{Construct, SplitErrorKind};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Space,
    LineComment,
    BlockComment,
    Semicolon,
    /// `(`
    Open,
    /// `)`
    Close,
    /// A keyword, a bare name or a number.
    Word,
    /// A string, or a name in quotes or brackets.
    Quoted,
    /// A parameter: `$1`, `?1`, `:name`, `@name`.
    Variable,
    /// The start of a comment whose text is code: `/*!50003`.
    CodeOpen,
    /// Its end.
    CodeClose,
    /// A command of the database's own client, to the end of its line.
    ClientCommand,
    /// Anything else.
    Symbol,
}

impl TokenKind {
    /// Whether it is blank or comment.
    pub(crate) fn is_gap(self) -> bool {
        matches!(self, Self::Space | Self::LineComment | Self::BlockComment)
    }
}

/// A token and the bytes it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A place where the text stops being SQL.
#[derive(Clone, Debug)]
pub(crate) struct LexError {
    pub(crate) kind: SplitErrorKind,
    pub(crate) span: Range<usize>,
}

/// A token's kind and length, or what is wrong with which of its bytes.
pub(crate) type Lexed = Result<(TokenKind, usize), (SplitErrorKind, Range<usize>)>;

/// What `lexed` is at `start`.
pub(crate) fn placed(lexed: Lexed, start: usize) -> Result<Token, LexError> {
    match lexed {
        Ok((kind, length)) => {
            crate::effort::spend(length);
            Ok(Token {
                kind,
                start,
                end: start + length,
            })
        }
        Err((kind, span)) => Err(LexError {
            kind,
            span: start + span.start..start + span.end,
        }),
    }
}

/// Nothing closes what begins with the first of `bytes`.
pub(crate) fn unterminated(construct: Construct, bytes: &[u8]) -> Lexed {
    Err((SplitErrorKind::Unterminated(construct), 0..bytes.len()))
}

/// How many of the first bytes belong.
pub(crate) fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|byte| !belongs(*byte))
        .unwrap_or(bytes.len())
}

/// A quoted text that holds its quote only doubled and knows no other escape.
pub(crate) fn doubled_quotes(bytes: &[u8], quote: u8) -> Lexed {
    let mut at = 1;
    while let Some(found) = crate::seek::byte(&bytes[at..], quote) {
        at += found + 1;
        if bytes.get(at) != Some(&quote) {
            return Ok((TokenKind::Quoted, at));
        }
        at += 1;
    }
    unterminated(Construct::Quote(char::from(quote)), bytes)
}

/// A quoted text in which a backslash takes the next character with it.
pub(crate) fn backslash_quotes(bytes: &[u8], quote: u8) -> Lexed {
    let mut at = 1;
    while let Some(found) = crate::seek::either(&bytes[at..], quote, b'\\') {
        at += found + 1;
        if bytes[at - 1] == quote && bytes.get(at) != Some(&quote) {
            return Ok((TokenKind::Quoted, at));
        }
        at += 1;
        if at > bytes.len() {
            break;
        }
    }
    unterminated(Construct::Quote(char::from(quote)), bytes)
}

/// `/* */` that holds no other.
pub(crate) fn flat_comment(bytes: &[u8]) -> Lexed {
    let mut at = 2;
    while let Some(found) = crate::seek::byte(&bytes[at..], b'*') {
        at += found + 1;
        if bytes.get(at) == Some(&b'/') {
            return Ok((TokenKind::BlockComment, at + 1));
        }
    }
    unterminated(Construct::BlockComment, bytes)
}

/// A comment to the line feed where a lone carriage return ends no comment:
/// text behind one looks like code and is none, which is refused.
pub(crate) fn line_comment(bytes: &[u8]) -> Lexed {
    let feed = crate::seek::byte(bytes, b'\n');
    let line = &bytes[..feed.unwrap_or(bytes.len())];
    let returns = line.iter().rev().take_while(|byte| **byte == b'\r').count();
    let text = &line[..line.len() - returns];
    // Carriage returns belong to a line feed only where there is one.
    let length = if feed.is_some() {
        text.len()
    } else {
        line.len()
    };
    if let Some(at) = crate::seek::byte(text, b'\r')
        && let Some(hidden) = text[at..]
            .iter()
            .position(|byte| !byte.is_ascii_whitespace())
    {
        return Err((SplitErrorKind::CommentHidesText, at + hidden..length));
    }
    Ok((TokenKind::LineComment, length))
}

//! The tokens of SQLite, in the coarse kinds that splitting needs.

use std::ops::Range;

use crate::{Construct, SplitErrorKind, effort};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Space,
    LineComment,
    BlockComment,
    Semicolon,
    /// A keyword, a bare name or a number.
    Word,
    /// A string, or a name in quotes or brackets.
    Quoted,
    /// `?1`, `:name`, `@name`, `$name(suffix)`.
    Variable,
    /// Any other single character.
    Symbol,
}

/// A token and the bytes it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A place where the text stops being SQL.
#[derive(Debug)]
pub(crate) struct LexError {
    pub(crate) kind: SplitErrorKind,
    pub(crate) span: Range<usize>,
}

/// Letters, digits, `_`, `$` and everything beyond ASCII.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C)
}

/// The token that starts at `start`; `None` at the end of the text.
pub(crate) fn token_at(text: &str, start: usize) -> Option<Result<Token, LexError>> {
    let bytes = text.as_bytes();
    let first = *bytes.get(start)?;
    let rest = &bytes[start..];
    let kind_and_length = match first {
        0 => return Some(Err(fault(SplitErrorKind::NulByte, start..start + 1))),
        b';' => Ok((TokenKind::Semicolon, 1)),
        b'\'' | b'"' | b'`' => quoted(rest, first),
        b'[' => bracketed(rest),
        b'-' if rest.get(1) == Some(&b'-') => line_comment(rest),
        b'/' if rest.get(1) == Some(&b'*') => block_comment(rest),
        b'$' | b'@' | b':' | b'#' => Ok(variable(rest)),
        byte if is_space(byte) => Ok((TokenKind::Space, run(rest, is_space))),
        // SQLite skips a byte order mark wherever a token may begin.
        0xEF if rest.starts_with("\u{feff}".as_bytes()) => Ok((TokenKind::Space, 3)),
        byte if is_word_byte(byte) => Ok((TokenKind::Word, run(rest, is_word_byte))),
        _ => Ok((TokenKind::Symbol, 1)),
    };
    Some(match kind_and_length {
        Ok((kind, length)) => {
            effort::spend(length);
            Ok(Token {
                kind,
                start,
                end: start + length,
            })
        }
        Err((kind, span)) => Err(fault(kind, start + span.start..start + span.end)),
    })
}

fn fault(kind: SplitErrorKind, span: Range<usize>) -> LexError {
    LexError { kind, span }
}

type Lexed = Result<(TokenKind, usize), (SplitErrorKind, Range<usize>)>;

fn run(bytes: &[u8], belongs: fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|byte| !belongs(*byte))
        .unwrap_or(bytes.len())
}

fn nul(at: usize) -> (SplitErrorKind, Range<usize>) {
    (SplitErrorKind::NulByte, at..at + 1)
}

fn quoted(bytes: &[u8], quote: u8) -> Lexed {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        if *byte == 0 {
            return Err(nul(at));
        }
        if *byte == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return Ok((TokenKind::Quoted, at + 1));
            }
            at += 1;
        }
        at += 1;
    }
    Err((
        SplitErrorKind::Unterminated(Construct::Quote(char::from(quote))),
        0..bytes.len(),
    ))
}

fn bracketed(bytes: &[u8]) -> Lexed {
    match bytes.iter().position(|byte| matches!(byte, b']' | 0)) {
        Some(at) if bytes[at] == 0 => Err(nul(at)),
        Some(at) => Ok((TokenKind::Quoted, at + 1)),
        None => Err((
            SplitErrorKind::Unterminated(Construct::Quote('[')),
            0..bytes.len(),
        )),
    }
}

fn line_comment(bytes: &[u8]) -> Lexed {
    let stop = bytes.iter().position(|byte| matches!(byte, b'\n' | 0));
    if let Some(at) = stop
        && bytes[at] == 0
    {
        return Err(nul(at));
    }
    let line = &bytes[..stop.unwrap_or(bytes.len())];
    let length = line.len() - line.iter().rev().take_while(|byte| **byte == b'\r').count();
    if let Some(at) = line[..length].iter().position(|byte| *byte == b'\r')
        && let Some(hidden) = line[at..length].iter().position(|byte| !is_space(*byte))
    {
        return Err((SplitErrorKind::CommentHidesText, at + hidden..length));
    }
    Ok((TokenKind::LineComment, length))
}

fn block_comment(bytes: &[u8]) -> Lexed {
    let mut at = 2;
    while let Some(byte) = bytes.get(at) {
        match byte {
            0 => return Err(nul(at)),
            b'*' if bytes.get(at + 1) == Some(&b'/') => {
                return Ok((TokenKind::BlockComment, at + 2));
            }
            _ => at += 1,
        }
    }
    Err((
        SplitErrorKind::Unterminated(Construct::BlockComment),
        0..bytes.len(),
    ))
}

/// `$name::part(suffix)`: a suffix in parentheses, which may hold a
/// semicolon but no blank, is part of the name.
fn variable(bytes: &[u8]) -> (TokenKind, usize) {
    let mut at = 1;
    loop {
        match bytes.get(at) {
            Some(byte) if is_word_byte(*byte) => at += 1,
            Some(b':') if at > 1 && bytes.get(at + 1) == Some(&b':') => at += 2,
            Some(b'(') if at > 1 => {
                let inside = &bytes[at..];
                let stop = inside
                    .iter()
                    .position(|byte| *byte == b')' || *byte == 0 || is_space(*byte))
                    .unwrap_or(inside.len());
                // Without its `)` it is no SQL; it is one token all the same.
                let closed = usize::from(inside.get(stop) == Some(&b')'));
                return (TokenKind::Variable, at + stop + closed);
            }
            _ => break,
        }
    }
    (TokenKind::Variable, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(token) = token_at(text, at) {
            let token = token.expect("the text is complete");
            found.push((token.kind, &text[token.start..token.end]));
            at = token.end;
        }
        found
    }

    #[test]
    fn doubled_quotes_stay_inside() {
        assert_eq!(kinds("'a''b;'"), [(TokenKind::Quoted, "'a''b;'")]);
        assert_eq!(kinds("[a[b]"), [(TokenKind::Quoted, "[a[b]")]);
    }

    #[test]
    fn block_comments_do_not_nest() {
        assert_eq!(
            kinds("/*/* */*/"),
            [
                (TokenKind::BlockComment, "/*/* */"),
                (TokenKind::Symbol, "*"),
                (TokenKind::Symbol, "/"),
            ]
        );
        assert_eq!(kinds("/**/"), [(TokenKind::BlockComment, "/**/")]);
        assert!(token_at("/*/", 0).expect("a token").is_err());
    }

    #[test]
    fn a_variable_may_carry_a_suffix_with_a_semicolon() {
        assert_eq!(kinds("$a::b(;)"), [(TokenKind::Variable, "$a::b(;)")]);
    }

    #[test]
    fn a_line_comment_leaves_its_line_end_outside() {
        assert_eq!(
            kinds("-- a\r\n"),
            [(TokenKind::LineComment, "-- a"), (TokenKind::Space, "\r\n")]
        );
    }
}

//! The tokens of SQLite, in the coarse kinds that splitting needs.

use crate::token::{
    LexError, Lexed, Token, TokenKind, doubled_quotes, flat_comment, line_comment, placed, run,
    unterminated,
};
use crate::{Construct, effort, seek};

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
    let lexed = match first {
        b';' => Ok((TokenKind::Semicolon, 1)),
        b'\'' | b'"' | b'`' => doubled_quotes(rest, first),
        b'[' => bracketed(rest),
        b'-' if rest.get(1) == Some(&b'-') => line_comment(rest),
        b'/' if rest.get(1) == Some(&b'*') => flat_comment(rest),
        b'$' | b'@' | b':' | b'#' => Ok(variable(rest)),
        byte if is_space(byte) => Ok((TokenKind::Space, run(rest, is_space))),
        // SQLite skips a byte order mark wherever a token may begin.
        0xEF if rest.starts_with("\u{feff}".as_bytes()) => Ok((TokenKind::Space, 3)),
        byte if is_word_byte(byte) => Ok((TokenKind::Word, run(rest, is_word_byte))),
        _ => Ok((TokenKind::Symbol, 1)),
    };
    Some(placed(lexed, start))
}

fn bracketed(bytes: &[u8]) -> Lexed {
    match seek::byte(bytes, b']') {
        Some(at) => Ok((TokenKind::Quoted, at + 1)),
        None => unterminated(Construct::Quote('['), bytes),
    }
}

/// What begins a token that matters to a statement without a body. A byte
/// order mark begins with 0xEF.
const MATTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    let bytes = b"'\"`[;-/$@:#\xEF";
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// The first token from `at` on that matters to a statement without a body,
/// or `limit`. `floor` is where a token began, at or before `at`.
pub(crate) fn skip(bytes: &[u8], floor: usize, at: usize, limit: usize) -> usize {
    let start = at;
    let mut at = at;
    while at < limit {
        match bytes[at] {
            byte if !MATTERS[usize::from(byte)] => at += 1,
            b'-' if bytes.get(at + 1) != Some(&b'-') => at += 1,
            b'/' if bytes.get(at + 1) != Some(&b'*') => at += 1,
            b'$' | 0xEF if at > floor && is_word_byte(bytes[at - 1]) => {
                at += run(&bytes[at..limit], is_word_byte);
            }
            _ => break,
        }
    }
    effort::spend(at.saturating_sub(start));
    at
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
                    .position(|byte| *byte == b')' || is_space(*byte))
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

//! The tokens of PostgreSQL.

use crate::token::{
    LexError, Lexed, Token, TokenKind, backslash_quotes, doubled_quotes, placed, run, unterminated,
};
use crate::window::Window;
use crate::{Construct, effort, seek};

/// Letters, digits, `_`, `$` and everything beyond ASCII: what a name goes on with.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    is_plain_word_byte(byte) || byte == b'$'
}

fn is_plain_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

/// The token that starts at `start`; `None` at the end of the window.
/// `standard` is `standard_conforming_strings`.
pub(crate) fn token_at(
    window: Window<'_>,
    start: usize,
    standard: bool,
) -> Option<Result<Token, LexError>> {
    let bytes = window.bytes();
    let first = *bytes.get(start)?;
    let rest = &bytes[start..];
    let lexed = match first {
        b';' => Ok((TokenKind::Semicolon, 1)),
        b'(' => Ok((TokenKind::Open, 1)),
        b')' => Ok((TokenKind::Close, 1)),
        b'\'' if standard => doubled_quotes(rest, b'\''),
        b'\'' => escape_string(rest, 0, window.complete),
        b'"' => doubled_quotes(rest, b'"'),
        b'-' if rest.get(1) == Some(&b'-') => Ok((
            TokenKind::LineComment,
            seek::either(rest, b'\n', b'\r').unwrap_or(rest.len()),
        )),
        b'/' if rest.get(1) == Some(&b'*') => nested_comment(rest),
        b'$' => dollar(rest),
        b'\\' => Ok((
            TokenKind::ClientCommand,
            seek::either(rest, b'\n', b'\r').unwrap_or(rest.len()),
        )),
        byte if is_space(byte) => Ok((TokenKind::Space, run(rest, is_space))),
        byte if byte.is_ascii_digit() => Ok((TokenKind::Word, run(rest, is_plain_word_byte))),
        byte if is_plain_word_byte(byte) => match string_prefix(rest, standard) {
            Some((0, length)) => prefixed(doubled_quotes(&rest[length..], rest[length]), length),
            Some((_, length)) => escape_string(rest, length, window.complete),
            None => Ok((TokenKind::Word, run(rest, is_word_byte))),
        },
        _ => Ok((TokenKind::Symbol, 1)),
    };
    Some(placed(lexed, start))
}

/// If a prefix and a quote begin here: whether backslashes escape (1) or not
/// (0), and the prefix's length.
fn string_prefix(bytes: &[u8], standard: bool) -> Option<(u8, usize)> {
    match (bytes[0], bytes.get(1), bytes.get(2)) {
        (b'e' | b'E', Some(b'\''), _) => Some((1, 1)),
        (b'n' | b'N', Some(b'\''), _) => Some((u8::from(!standard), 1)),
        (b'b' | b'B' | b'x' | b'X', Some(b'\''), _) => Some((0, 1)),
        (b'u' | b'U', Some(b'&'), Some(b'\'' | b'"')) => Some((0, 2)),
        _ => None,
    }
}

/// Whether a prefix and its quote stand here, which are one token.
pub(crate) fn is_prefixed_quote(bytes: &[u8]) -> bool {
    string_prefix(bytes, true).is_some()
}

fn prefixed(lexed: Lexed, length: usize) -> Lexed {
    match lexed {
        Ok((kind, rest)) => Ok((kind, length + rest)),
        Err((kind, span)) => Err((kind, 0..length + span.end)),
    }
}

/// A string with backslash escapes whose quote is at `quote`, and what
/// continues it: strings after blanks with a line end follow the same rule.
fn escape_string(bytes: &[u8], quote: usize, complete: bool) -> Lexed {
    let (mut kind, mut end) = prefixed(backslash_quotes(&bytes[quote..], b'\''), quote)?;
    loop {
        let (next, continues) = after_gap(bytes, end);
        if continues {
            (kind, end) = prefixed(backslash_quotes(&bytes[next..], b'\''), next)?;
        } else if next == bytes.len() && !complete {
            return unterminated(Construct::Quote('\''), bytes);
        } else {
            return Ok((kind, end));
        }
    }
}

/// Behind the blanks and line comments at `at`, and whether a quote there
/// continues the string before them.
fn after_gap(bytes: &[u8], mut at: usize) -> (usize, bool) {
    let start = at;
    let mut new_line = false;
    loop {
        match bytes.get(at) {
            Some(b'\n' | b'\r') => {
                new_line = true;
                at += 1;
            }
            Some(byte) if is_space(*byte) => at += 1,
            Some(b'-') if bytes.get(at + 1).is_none_or(|byte| *byte == b'-') => {
                at += seek::either(&bytes[at..], b'\n', b'\r').unwrap_or(bytes.len() - at);
            }
            other => {
                effort::spend(at - start);
                return (at, new_line && other == Some(&b'\''));
            }
        }
    }
}

fn nested_comment(bytes: &[u8]) -> Lexed {
    let mut depth = 1_usize;
    let mut at = 2;
    while let Some(found) = seek::either(&bytes[at..], b'*', b'/') {
        at += found;
        match &bytes[at..bytes.len().min(at + 2)] {
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok((TokenKind::BlockComment, at));
                }
            }
            b"/*" => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    unterminated(Construct::BlockComment, bytes)
}

/// `$tag$...$tag$`, `$1`, or a lone `$`.
fn dollar(bytes: &[u8]) -> Lexed {
    let digits = run(&bytes[1..], |byte| byte.is_ascii_digit());
    if digits > 0 {
        return Ok((TokenKind::Variable, 1 + digits));
    }
    let tag = 1 + run(&bytes[1..], is_plain_word_byte);
    if bytes.get(tag) != Some(&b'$') {
        return if tag == bytes.len() {
            // The tag may go on where the text does.
            Ok((TokenKind::Symbol, tag))
        } else {
            Ok((TokenKind::Symbol, 1))
        };
    }
    let tag = &bytes[..=tag];
    let mut at = tag.len();
    while let Some(found) = seek::byte(&bytes[at..], b'$') {
        at += found;
        if bytes[at..].starts_with(tag) {
            return Ok((TokenKind::Quoted, at + tag.len()));
        }
        at += 1;
    }
    unterminated(Construct::DollarQuote, bytes)
}

/// What begins a token that matters to a statement without blocks.
const MATTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    let bytes = b"'\"$;-/\\()";
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// The first token from `at` on that matters to a statement without blocks,
/// or `limit`. `floor` is where a token began, at or before `at`; `in_name`
/// whether a name with a `$` in it reaches up to `at`.
pub(crate) fn skip(
    bytes: &[u8],
    floor: usize,
    at: usize,
    limit: usize,
    in_name: &mut bool,
) -> usize {
    let start = at;
    let mut at = at;
    while at < limit {
        match bytes[at] {
            _ if *in_name => {
                at += run(&bytes[at..limit], is_word_byte);
                *in_name = at == limit;
            }
            byte if !MATTERS[usize::from(byte)] => at += 1,
            b'-' if bytes.get(at + 1) != Some(&b'-') => at += 1,
            b'/' if bytes.get(at + 1) != Some(&b'*') => at += 1,
            b'$' if follows_name(&bytes[floor..at]) => *in_name = true,
            b'\'' | b'"' => {
                at = prefix_start(bytes, floor, at);
                break;
            }
            _ => break,
        }
    }
    effort::spend(at.saturating_sub(start));
    at
}

/// Whether what comes next continues a name (a number is none).
fn follows_name(before: &[u8]) -> bool {
    let length = before
        .iter()
        .rev()
        .take_while(|byte| is_word_byte(**byte))
        .count();
    effort::spend(length);
    before[before.len() - length..]
        .first()
        .is_some_and(|first| !first.is_ascii_digit())
}

/// Where the token of the quote at `at` begins.
fn prefix_start(bytes: &[u8], floor: usize, at: usize) -> usize {
    for length in 1..=2 {
        let Some(start) = at.checked_sub(length).filter(|start| *start >= floor) else {
            break;
        };
        let stands_alone = start == floor || !is_word_byte(bytes[start - 1]);
        if stands_alone
            && is_plain_word_byte(bytes[start])
            && string_prefix(&bytes[start..], true).is_some_and(|(_, found)| found == length)
        {
            return start;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(token) = token_at(Window::whole(text), at, true) {
            let token = token.expect("the text is complete");
            if token.kind != TokenKind::Space {
                found.push(&text[token.start..token.end]);
            }
            at = token.end;
        }
        found
    }

    #[test]
    fn strings_take_their_prefix_with_them() {
        for string in [
            r"E'a\'b'",
            r"e'\\'",
            "N'a'",
            "b'01'",
            "X'0F'",
            "U&'d\\0061'",
            "U&\"d\"",
            "'a''b'",
            "E'a' -- c\n  'b\\'c'",
        ] {
            assert_eq!(tokens(&format!("{string};")), [string, ";"]);
        }
        assert_eq!(tokens(r"nameE'\'"), ["nameE", r"'\'"]);
    }

    #[test]
    fn dollars_quote_only_where_a_tag_is() {
        assert_eq!(tokens("$$a$b$$"), ["$$a$b$$"]);
        assert_eq!(tokens("$é_1$ ; $$ $é_1$"), ["$é_1$ ; $$ $é_1$"]);
        assert_eq!(tokens("a$b$c"), ["a$b$c"]);
        assert_eq!(tokens("$1+$2"), ["$1", "+", "$2"]);
    }

    #[test]
    fn comments_nest() {
        assert_eq!(tokens("/* a /* b */ c */x"), ["/* a /* b */ c */", "x"]);
        assert!(
            token_at(Window::whole("/* /* */"), 0, true)
                .unwrap()
                .is_err()
        );
    }
}

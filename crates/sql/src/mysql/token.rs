//! The tokens of MySQL and MariaDB.

use crate::token::{
    LexError, Lexed, Token, TokenKind, backslash_quotes, doubled_quotes, flat_comment,
    line_comment, placed, run,
};
use crate::{SplitOptions, effort, seek};

/// How tokens are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexer {
    pub(crate) maria: bool,
    pub(crate) options: SplitOptions,
    /// How many comments are open whose text is code.
    pub(crate) code_comments: u32,
}

pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

/// `--` is a comment only before a blank, a control character or the end.
fn is_dash_comment(bytes: &[u8]) -> bool {
    bytes.starts_with(b"--")
        && bytes
            .get(2)
            .is_none_or(|byte| is_space(*byte) || byte.is_ascii_control())
}

impl Lexer {
    /// The token that starts at `start`; `None` at the end of the text.
    pub(crate) fn token_at(&self, text: &str, start: usize) -> Option<Result<Token, LexError>> {
        let bytes = text.as_bytes();
        let first = *bytes.get(start)?;
        let rest = &bytes[start..];
        let lexed = match first {
            b';' => Ok((TokenKind::Semicolon, 1)),
            b'(' => Ok((TokenKind::Open, 1)),
            b')' => Ok((TokenKind::Close, 1)),
            b'"' if self.options.ansi_quotes => doubled_quotes(rest, first),
            b'\'' | b'"' if self.options.no_backslash_escapes => doubled_quotes(rest, first),
            b'\'' | b'"' => backslash_quotes(rest, first),
            b'`' => doubled_quotes(rest, b'`'),
            b'#' => line_comment(rest),
            b'-' if is_dash_comment(rest) => line_comment(rest),
            b'/' if rest.get(1) == Some(&b'*') => self.comment(rest),
            b'*' if self.code_comments > 0 && rest.get(1) == Some(&b'/') => {
                Ok((TokenKind::CodeClose, 2))
            }
            b'\\' if rest.get(1) == Some(&b'N') => Ok((TokenKind::Symbol, 2)),
            b'\\' => Ok((
                TokenKind::ClientCommand,
                seek::byte(rest, b'\n').unwrap_or(rest.len()),
            )),
            b':' if rest.get(1) == Some(&b'=') => Ok((TokenKind::Symbol, 2)),
            byte if is_space(byte) => Ok((TokenKind::Space, run(rest, is_space))),
            byte if is_word_byte(byte) => Ok((TokenKind::Word, run(rest, is_word_byte))),
            _ => Ok((TokenKind::Symbol, 1)),
        };
        Some(placed(lexed, start))
    }

    /// A comment, a hint, or the start of one whose text is code for this
    /// database.
    fn comment(&self, bytes: &[u8]) -> Lexed {
        let mark = match bytes.get(2..4) {
            Some([b'!', _]) => 3,
            Some(b"M!") if self.maria => 4,
            _ if bytes.get(2) == Some(&b'+') => {
                return flat_comment(bytes).map(|(_, length)| (TokenKind::Symbol, length));
            }
            _ => return flat_comment(bytes),
        };
        let digits = run(&bytes[mark..bytes.len().min(mark + 6)], |byte| {
            byte.is_ascii_digit()
        });
        let length = mark + if digits >= 5 { digits } else { 0 };
        let version = bytes[mark..length].iter().fold(0_u32, |version, digit| {
            version * 10 + u32::from(digit - b'0')
        });
        if self.never_runs(version, mark) {
            flat_comment(bytes)
        } else {
            Ok((TokenKind::CodeOpen, length))
        }
    }

    /// MariaDB leaves out what is meant for MySQL 5.7 and later; 9.99.99 is
    /// the version scripts give to what no server shall run.
    fn never_runs(&self, version: u32, mark: usize) -> bool {
        let for_mysql_alone = self.maria && mark == 3 && (50_700..=99_999).contains(&version);
        for_mysql_alone || version == 99_999 || version == 999_999
    }
}

/// What begins a token that matters to a statement without blocks.
const MATTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    let bytes = b"'\"`;-/#\\";
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// The first token from `at` on that matters to a statement without blocks,
/// or `limit`.
pub(crate) fn skip(bytes: &[u8], at: usize, limit: usize) -> usize {
    let start = at;
    let mut at = at;
    while at < limit {
        match bytes[at] {
            byte if !MATTERS[usize::from(byte)] => at += 1,
            b'-' if !is_dash_comment(&bytes[at..]) => at += 1,
            b'/' if bytes.get(at + 1) != Some(&b'*') => at += 1,
            _ => break,
        }
    }
    effort::spend(at.saturating_sub(start));
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(maria: bool, text: &str) -> Vec<(TokenKind, &str)> {
        let mut lexer = Lexer {
            maria,
            options: SplitOptions::default(),
            code_comments: 0,
        };
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(token) = lexer.token_at(text, at) {
            let token = token.expect("the text is complete");
            match token.kind {
                TokenKind::CodeOpen => lexer.code_comments += 1,
                TokenKind::CodeClose => lexer.code_comments -= 1,
                _ => {}
            }
            if token.kind != TokenKind::Space {
                found.push((token.kind, &text[token.start..token.end]));
            }
            at = token.end;
        }
        found
    }

    #[test]
    fn two_dashes_need_a_blank() {
        assert_eq!(tokens(false, "1--2").len(), 4);
        assert_eq!(tokens(false, "-- 2"), [(TokenKind::LineComment, "-- 2")]);
        assert_eq!(tokens(false, "--"), [(TokenKind::LineComment, "--")]);
        assert_eq!(tokens(false, "#2"), [(TokenKind::LineComment, "#2")]);
    }

    #[test]
    fn each_database_has_comments_that_are_code() {
        let open = |text| tokens(true, text)[0].0 == TokenKind::CodeOpen;
        assert!(open("/*! a */") && open("/*!50003 a */") && open("/*M! a */"));
        assert!(open("/*M!100100 a */") && open("/*!100100 a */"));
        assert!(!open("/*!50701 a */") && !open("/*!80000 a */"));
        assert!(!open("/*!999999\\- a */") && !open("/*M!999999\\- a */"));
        let open = |text| tokens(false, text)[0].0 == TokenKind::CodeOpen;
        assert!(open("/*!50701 a */") && open("/*!80000 a */") && !open("/*M! a */"));
        assert_eq!(tokens(false, "/*+ a */"), [(TokenKind::Symbol, "/*+ a */")]);
    }

    #[test]
    fn a_backslash_takes_the_next_character_with_it() {
        assert_eq!(
            tokens(false, r#"'a\'b''\\'"\"`"`\`"#),
            [
                (TokenKind::Quoted, r"'a\'b''\\'"),
                (TokenKind::Quoted, "\"\\\"`\""),
                (TokenKind::Quoted, r"`\`"),
            ]
        );
        assert_eq!(tokens(false, r"\N")[0].0, TokenKind::Symbol);
        assert_eq!(
            tokens(false, "\\G x\n")[0],
            (TokenKind::ClientCommand, "\\G x")
        );
    }
}

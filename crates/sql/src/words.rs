//! The tokens of a statement that say what it does.

use crate::lexer::Lexer;
use crate::token::TokenKind;
use crate::window::Window;
use crate::{Dialect, SplitOptions};

/// The tokens of a statement without blanks, comments and semicolons.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    text: &'a str,
    lexer: Lexer,
    at: usize,
}

impl<'a> Words<'a> {
    pub(crate) fn of(dialect: Dialect, text: &'a str) -> Self {
        Self {
            text,
            lexer: Lexer::new(dialect, SplitOptions::default()),
            at: 0,
        }
    }

    /// The next word in upper case, as far as keywords go.
    pub(crate) fn keyword(&mut self) -> Option<String> {
        self.next().map(keyword)
    }

    /// Whether the next word is this one; if so, it is passed.
    pub(crate) fn take_word(&mut self, keyword: &str) -> bool {
        let mut ahead = self.clone();
        let is = ahead
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword));
        if is {
            *self = ahead;
        }
        is
    }

    /// Whether this word comes outside parentheses; it and all before it are
    /// passed.
    pub(crate) fn seek(&mut self, keyword: &str) -> bool {
        let mut depth = 0_usize;
        for word in self {
            match word {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && word.eq_ignore_ascii_case(keyword) => return true,
                _ => {}
            }
        }
        false
    }
}

/// No keyword looked for is longer than thirty-two letters.
pub(crate) fn keyword(word: &str) -> String {
    word.get(..word.len().min(32))
        .unwrap_or_default()
        .to_ascii_uppercase()
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let Ok(token) = self.lexer.token_at(Window::whole(self.text), self.at)? else {
                self.at = self.text.len();
                return Some("");
            };
            self.at = token.end;
            self.lexer.pass(token.kind);
            match token.kind {
                TokenKind::Semicolon | TokenKind::CodeOpen | TokenKind::CodeClose => {}
                kind if kind.is_gap() => {}
                _ => return Some(&self.text[token.start..token.end]),
            }
        }
    }
}

/// The words, quoted names, literals and marks of `statement`, as written and
/// in order; without blanks, comments and semicolons. It need not be valid.
pub fn words(dialect: Dialect, statement: &str) -> impl Iterator<Item = &str> {
    Words::of(dialect, statement)
}

#[cfg(test)]
mod tests {
    use super::words;
    use crate::Dialect;

    #[test]
    fn words_are_told_as_written() {
        let of = |dialect, text| words(dialect, text).collect::<Vec<_>>();
        assert_eq!(
            of(
                Dialect::Postgres,
                "ALTER TABLE \"a.b\".c /* x */ ADD d int; -- y\n"
            ),
            ["ALTER", "TABLE", "\"a.b\"", ".", "c", "ADD", "d", "int"]
        );
        assert_eq!(
            of(Dialect::MariaDb, "DROP TABLE `a`.`b`,c"),
            ["DROP", "TABLE", "`a`", ".", "`b`", ",", "c"]
        );
    }
}

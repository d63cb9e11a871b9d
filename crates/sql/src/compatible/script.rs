//! What Atlas takes for quotes, comments and words of blocks in a script.

use super::blocks::{Body, Rule, starts_with_word};
use super::cut::is_blank;
use crate::{Dialect, seek};

/// A script and where the last ends of comments in it are: behind them nothing
/// is a comment, which saves looking for an end that is not there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script<'a> {
    pub(super) text: &'a str,
    dialect: Dialect,
    last_line_end: Option<usize>,
    last_block_end: Option<usize>,
}

impl<'a> Script<'a> {
    pub(super) fn new(dialect: Dialect, text: &'a str) -> Self {
        Self {
            text,
            dialect,
            last_line_end: text.rfind('\n'),
            last_block_end: text.rfind("*/"),
        }
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }

    /// Where the quote that opens at `at` is closed. In MySQL a backslash
    /// escapes in quotes of every kind; elsewhere it never does, not even in
    /// `E'...'`.
    pub(super) fn quote_end(&self, at: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let quote = bytes[at];
        let mut next = at + 1;
        if !self.is_mysql() {
            return Some(next + seek::byte(&bytes[next..], quote)? + 1);
        }
        loop {
            next += seek::either(bytes.get(next..)?, quote, b'\\')?;
            if bytes[next] == quote {
                return Some(next + 1);
            }
            next += 1 + self.text[next + 1..].chars().next()?.len_utf8();
        }
    }

    /// Where the dollar quote that opens at `at` is closed; one that is not
    /// goes on to the script's end. `None`: none opens here.
    pub(super) fn dollar_end(&self, at: usize) -> Option<usize> {
        if self.dialect != Dialect::Postgres {
            return None;
        }
        let rest = &self.text[at + 1..];
        let is_letter =
            |letter: char| letter.is_ascii_alphabetic() || matches!(letter, '_' | 'È'..='ÿ');
        let length = rest
            .find(|letter: char| !is_letter(letter) && !letter.is_ascii_digit())
            .unwrap_or(rest.len());
        if !rest[length..].starts_with('$')
            || rest.starts_with(|first: char| first.is_ascii_digit())
        {
            return None;
        }
        let body = at + length + 2;
        let tag = &self.text[at..body];
        let found = self.text[body..].find(tag);
        Some(found.map_or(self.text.len(), |found| body + found + tag.len()))
    }

    /// Where the comment at `at` ends; `None` if none is there or it has no end.
    pub(super) fn comment_end(&self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        let (length, mark, last) = if rest.starts_with("--") {
            (2, "\n", self.last_line_end)
        } else if rest.starts_with('#') && self.is_mysql() {
            (1, "\n", self.last_line_end)
        } else if rest.starts_with("/*") {
            (2, "*/", self.last_block_end)
        } else {
            return None;
        };
        if last? < at + length {
            return None;
        }
        let found = rest[length..].find(mark)?;
        Some(at + length + found + mark.len())
    }

    /// The body of a block, if `BEGIN` and a blank stand at `at`.
    pub(super) fn body(&self, at: usize) -> Option<Body> {
        let bytes = self.text.as_bytes();
        let start = after_word(bytes, at, b"BEGIN")?;
        let atomic = match self.dialect {
            Dialect::Postgres => after_word(bytes, start, b"ATOMIC"),
            _ => None,
        };
        Some(match atomic {
            Some(start) => Body {
                start,
                rule: Rule::StartsWithEnd,
            },
            None => Body {
                start,
                rule: Rule::IsEnd,
            },
        })
    }
}

/// Behind the blanks that have to follow a word.
fn after_word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let rest = &bytes[at..];
    if !starts_with_word(rest, word) {
        return None;
    }
    let after = &rest[word.len()..];
    let blanks = after.iter().take_while(|byte| is_blank(**byte)).count();
    (blanks > 0).then_some(at + word.len() + blanks)
}

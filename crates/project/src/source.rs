//! The text of a project file, by line and column.

use std::path::{Path, PathBuf};

use crate::mask;
use crate::origin::Origin;

/// Longest part of a line shown in a snippet, in characters.
const SHOWN: usize = 120;

/// A project file's path and text.
#[derive(Clone)]
pub struct Source {
    path: PathBuf,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// A file's text; `path` is what messages call it.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            path: path.into(),
            text,
            line_starts,
        }
    }

    /// What messages call the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text. It may hold secrets.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of the byte at `offset`.
    pub(crate) fn origin(&self, offset: usize) -> Origin {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let before = &self.text[self.line_starts[line - 1]..];
        let column = before
            .char_indices()
            .take_while(|(at, _)| self.line_starts[line - 1] + at < offset)
            .count();
        Origin::File {
            line,
            column: column + 1,
        }
    }

    /// Line `number` (from 1) without its end; empty behind the last.
    fn line(&self, number: usize) -> &str {
        let start = self.line_starts.get(number - 1).copied();
        let text = start.map_or("", |start| &self.text[start..]);
        let line = text.split('\n').next().unwrap_or("");
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The line with a caret under the token at `column`, secrets masked.
    pub(crate) fn snippet(&self, line: usize, column: usize) -> Snippet {
        let width = token_width(self.line(line), column);
        let masked = mask::line(self.lines_to(line));
        let clean: Vec<char> = masked
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        let skipped = if column > SHOWN - 20 { column - 20 } else { 0 };
        let shown: String = clean.iter().skip(skipped).take(SHOWN).collect();
        let room = shown.chars().count().saturating_sub(column - 1 - skipped);
        Snippet {
            line,
            text: shown.trim_end().to_owned(),
            indent: column - 1 - skipped,
            width: width.min(room).max(1),
        }
    }

    /// The text up to and with line `number`, without that line's end.
    fn lines_to(&self, number: usize) -> &str {
        let start = self.line_starts.get(number - 1).copied();
        let end = start.map_or(self.text.len(), |start| start + self.line(number).len());
        &self.text[..end]
    }
}

/// One line of the file and what in it is meant.
pub(crate) struct Snippet {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) indent: usize,
    pub(crate) width: usize,
}

/// Characters of the TOML token that starts at `column`.
fn token_width(line: &str, column: usize) -> usize {
    let token: Vec<char> = line.chars().skip(column - 1).collect();
    let Some(first) = token.first() else { return 1 };
    match first {
        '"' | '\'' => closing(&token, *first),
        '[' | '{' => bracketed(&token),
        _ => token
            .iter()
            .take_while(|letter| !letter.is_whitespace() && !",]}=#".contains(**letter))
            .count()
            .max(1),
    }
}

fn closing(token: &[char], quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in token.iter().enumerate().skip(1) {
        if escaped {
            escaped = false;
        } else if *letter == '\\' && quote == '"' {
            escaped = true;
        } else if *letter == quote {
            return at + 1;
        }
    }
    token.len()
}

/// Characters up to the bracket that closes the first one; one, if it is
/// closed in a later line.
fn bracketed(token: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(letter) = token.get(at) {
        match letter {
            '"' | '\'' => {
                at += closing(&token[at..], *letter);
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    1
}

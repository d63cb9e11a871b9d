//! Splits a SQLite script.

use std::ops::Range;

use super::boundary::Boundary;
use super::token::{Token, TokenKind, is_space, is_word_byte, token_at};
use crate::delimiter::Delimiter;
use crate::place::Cursor;
use crate::{Comment, Construct, Dialect, SplitError, SplitErrorKind, Statement, classify, effort};

/// Goes through a script from statement to statement.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    cursor: Cursor<'a>,
    delimiter: Option<Delimiter>,
}

/// What was found before a statement.
struct Lead<'a> {
    comments: Vec<Comment<'a>>,
    first: Token,
}

impl<'a> Scanner<'a> {
    /// A scanner that begins at byte `at` of `text`.
    pub(crate) fn new(text: &'a str, at: usize, delimiter: Option<Delimiter>) -> Self {
        Self {
            text,
            at,
            cursor: Cursor::new(text),
            delimiter,
        }
    }

    /// The next statement; `None` at the end of the script.
    pub(crate) fn next_statement(&mut self) -> Result<Option<Statement<'a>>, SplitError> {
        let Some(lead) = self.lead()? else {
            return Ok(None);
        };
        self.refuse_dot_command(lead.first)?;
        let span = if self.delimiter.is_none() {
            self.body(lead.first)?
        } else {
            self.delimited_body(lead.first)?
        };
        let place = self.cursor.advance(span.start);
        let text = &self.text[span.clone()];
        Ok(Some(Statement {
            text,
            span,
            line: place.line,
            column: place.column,
            kind: classify(Dialect::Sqlite, text),
            comments: lead.comments,
        }))
    }

    /// Skips to the first token of the next statement and collects the
    /// comments that belong to it.
    fn lead(&mut self) -> Result<Option<Lead<'a>>, SplitError> {
        let mut comments = Vec::new();
        // A comment on the line where the statement before ended is that one's.
        let mut on_new_line = self.at == 0 || self.text[..self.at].ends_with('\n');
        let mut line_ends = 0;
        loop {
            if let Some(length) = self.delimiter_at(self.at) {
                self.at += length;
                comments.clear();
                continue;
            }
            let Some(token) = self.token()? else {
                return Ok(None);
            };
            let span = token.start..token.end;
            match token.kind {
                TokenKind::Space => {
                    line_ends += self.line_ends_in(span);
                    on_new_line |= line_ends > 0;
                    if line_ends > 1 {
                        comments.clear();
                    }
                }
                TokenKind::LineComment | TokenKind::BlockComment => {
                    line_ends = 0;
                    if on_new_line {
                        let line = self.cursor.advance(token.start).line;
                        let text = &self.text[span.clone()];
                        comments.push(Comment { text, span, line });
                    } else {
                        on_new_line = self.line_ends_in(span) > 0;
                    }
                }
                TokenKind::Semicolon if self.delimiter.is_none() => {
                    comments.clear();
                    on_new_line = false;
                }
                _ => {
                    return Ok(Some(Lead {
                        comments,
                        first: token,
                    }));
                }
            }
            self.at = token.end;
        }
    }

    /// The span of a statement that ends by SQLite's own rule.
    fn body(&mut self, first: Token) -> Result<Range<usize>, SplitError> {
        let mut boundary = Boundary::Start;
        let mut end = first.start;
        while let Some(token) = self.token()? {
            self.at = token.end;
            match token.kind {
                TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment => continue,
                TokenKind::Semicolon => {
                    boundary = boundary.after_semicolon();
                    if boundary == Boundary::Start {
                        return Ok(first.start..token.end);
                    }
                }
                TokenKind::Word => {
                    boundary = boundary.after_word(&self.text[token.start..token.end]);
                }
                _ => boundary = boundary.after_other(),
            }
            end = token.end;
        }
        if boundary.may_end() {
            Ok(first.start..end)
        } else {
            Err(self.error(
                SplitErrorKind::Unterminated(Construct::Trigger),
                first.start..end,
            ))
        }
    }

    /// The span of everything up to the delimiter, which is skipped.
    fn delimited_body(&mut self, first: Token) -> Result<Range<usize>, SplitError> {
        let mut end = first.start;
        loop {
            if let Some(length) = self.delimiter_at(self.at) {
                self.at += length;
                return Ok(first.start..end);
            }
            let Some(token) = self.token()? else {
                return Ok(first.start..end);
            };
            self.at = token.end;
            if !matches!(
                token.kind,
                TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment
            ) {
                end = token.end;
            }
        }
    }

    fn token(&self) -> Result<Option<Token>, SplitError> {
        if let Some(token) = self.part_before_delimiter() {
            return Ok(Some(token));
        }
        match token_at(self.text, self.at) {
            None => Ok(None),
            Some(Ok(token)) => Ok(Some(token)),
            Some(Err(fault)) => Err(self.error(fault.kind, fault.span)),
        }
    }

    /// Where a delimiter is set, the tokens it may cut in two come in parts:
    /// blanks and the marks of variables one by one, words up to the delimiter.
    fn part_before_delimiter(&self) -> Option<Token> {
        let delimiter = self.delimiter.as_ref()?;
        let bytes = self.text.as_bytes();
        let first = *bytes.get(self.at)?;
        let mut end = self.at + 1;
        let kind = if is_space(first) {
            TokenKind::Space
        } else if matches!(first, b'$' | b'@' | b':' | b'#') {
            TokenKind::Symbol
        } else if first < 0x80 && is_word_byte(first) && !delimiter.starts_like_a_word() {
            while bytes.get(end).is_some_and(|byte| is_word_byte(*byte))
                && self.delimiter_at(end).is_none()
            {
                end += 1;
            }
            TokenKind::Word
        } else {
            return None;
        };
        effort::spend(end - self.at);
        Some(Token {
            kind,
            start: self.at,
            end,
        })
    }

    /// Length of the delimiter if it stands at `at`.
    fn delimiter_at(&self, at: usize) -> Option<usize> {
        let delimiter = self.delimiter.as_ref()?;
        let bytes = self.text.as_bytes();
        let after = bytes[at..].strip_prefix(delimiter.as_bytes())?;
        let cuts_a_word =
            delimiter.ends_like_a_word() && after.first().is_some_and(|byte| is_word_byte(*byte));
        (!cuts_a_word).then_some(delimiter.as_bytes().len())
    }

    /// `\n`, `\r\n` and a lone `\r` each count as one.
    fn line_ends_in(&self, span: Range<usize>) -> usize {
        let bytes = self.text.as_bytes();
        span.filter(|at| {
            bytes[*at] == b'\n' || (bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
        })
        .count()
    }

    fn refuse_dot_command(&self, first: Token) -> Result<(), SplitError> {
        let rest = &self.text[first.start..];
        let Some(name) = rest.strip_prefix('.') else {
            return Ok(());
        };
        if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            return Ok(());
        }
        let length = rest
            .find(|letter: char| letter.is_whitespace())
            .unwrap_or(rest.len());
        Err(self.error(
            SplitErrorKind::DotCommand(rest[..length].to_owned()),
            first.start..first.start + length,
        ))
    }

    fn error(&self, kind: SplitErrorKind, span: Range<usize>) -> SplitError {
        SplitError::new(kind, span, self.text)
    }
}

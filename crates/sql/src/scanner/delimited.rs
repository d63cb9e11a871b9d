//! Statements that a delimiter other than `;` ends.

use super::client::client_command;
use super::{Scanner, Stage, Step, Stop, unterminated};
use crate::token::{Token, TokenKind};
use crate::window::Window;
use crate::{Construct, effort};

impl Scanner {
    /// Everything up to the delimiter, which is skipped.
    pub(super) fn delimited_body(&mut self, window: Window<'_>) -> Result<Option<Step>, Stop> {
        loop {
            if let Some(length) = self.delimiter_at(window, self.at)? {
                self.at += length;
                return Ok(Some(self.found(window, true)));
            }
            let token = self.token(window)?;
            let Stage::Body(body) = &mut self.stage else {
                return Ok(None);
            };
            let Some(token) = token else {
                if self.lexer.in_code_comment() {
                    return Err(unterminated(Construct::BlockComment, body.start..body.end));
                }
                return Ok(Some(self.found(window, false)));
            };
            if token.kind == TokenKind::ClientCommand {
                let text = &window.text[token.start..token.end];
                return Err(Stop::Fault(client_command(text, token)));
            }
            self.at = token.end;
            if !token.kind.is_gap() {
                body.end = token.end;
                self.lexer.pass(token.kind);
            }
        }
    }

    /// Where a delimiter is set, the tokens it may cut in two come in parts:
    /// blanks and the marks of variables one by one, words up to the delimiter.
    pub(super) fn part_before_delimiter(&self, window: Window<'_>) -> Result<Option<Token>, Stop> {
        let Some(delimiter) = &self.delimiter else {
            return Ok(None);
        };
        let bytes = window.bytes();
        let Some(first) = bytes.get(self.at) else {
            return Ok(None);
        };
        let mut end = self.at + 1;
        let kind = if self.lexer.is_single(&bytes[self.at..]) {
            if self.lexer.is_space(*first) {
                TokenKind::Space
            } else {
                TokenKind::Symbol
            }
        } else if self.lexer.is_bare_word(&bytes[self.at..]) && !delimiter.starts_like_a_word() {
            while bytes
                .get(end)
                .is_some_and(|byte| self.lexer.is_word_byte(*byte))
                && self.delimiter_at(window, end)?.is_none()
            {
                end += 1;
            }
            TokenKind::Word
        } else {
            return Ok(None);
        };
        effort::spend(end - self.at);
        if !window.complete && end > window.sure() {
            return Err(Stop::More);
        }
        Ok(Some(Token {
            kind,
            start: self.at,
            end,
        }))
    }

    /// Length of the delimiter if it stands at `at`.
    pub(super) fn delimiter_at(
        &self,
        window: Window<'_>,
        at: usize,
    ) -> Result<Option<usize>, Stop> {
        let Some(delimiter) = &self.delimiter else {
            return Ok(None);
        };
        let length = delimiter.as_bytes().len();
        let rest = &window.bytes()[at..];
        if !window.complete && rest.len() <= length {
            return Err(Stop::More);
        }
        let Some(after) = rest.strip_prefix(delimiter.as_bytes()) else {
            return Ok(None);
        };
        let cuts_a_word = delimiter.ends_like_a_word()
            && after
                .first()
                .is_some_and(|byte| self.lexer.is_word_byte(*byte));
        Ok((!cuts_a_word).then_some(length))
    }
}

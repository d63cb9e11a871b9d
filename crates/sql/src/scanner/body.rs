//! A statement that ends by the database's own rule.

use std::ops::Range;

use super::client::client_command;
use super::{Scanner, Stage, Step, Stop, unterminated};
use crate::Construct;
use crate::boundary::Boundary;
use crate::token::TokenKind;
use crate::window::Window;

#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) comments: Vec<Range<usize>>,
    pub(super) start: usize,
    /// Behind the last token that is neither blank nor comment.
    pub(super) end: usize,
    /// Where a token began, at or before the scanner's place.
    pub(super) floor: usize,
    /// Whether a name reaches up to the scanner's place.
    pub(super) in_name: bool,
    pub(super) boundary: Boundary,
}

impl Scanner {
    /// Reads it up to its end.
    pub(super) fn body(&mut self, window: Window<'_>) -> Result<Option<Step>, Stop> {
        loop {
            self.skip_plain(window);
            let token = self.token(window)?;
            let Stage::Body(body) = &mut self.stage else {
                return Ok(None);
            };
            let Some(token) = token else {
                if let Some((construct, offset)) = body.boundary.open() {
                    return Err(unterminated(construct, body.start + offset..body.end));
                }
                if self.lexer.in_code_comment() {
                    return Err(unterminated(Construct::BlockComment, body.start..body.end));
                }
                return Ok(Some(self.found(window, false)));
            };
            let text = &window.text[token.start..token.end];
            if token.kind == TokenKind::ClientCommand {
                return Err(Stop::Fault(client_command(text, token)));
            }
            self.at = token.end;
            body.floor = token.end;
            body.in_name = false;
            if token.kind.is_gap() {
                continue;
            }
            body.end = token.end;
            self.lexer.pass(token.kind);
            if token.kind == TokenKind::Semicolon && self.lexer.in_code_comment() {
                continue;
            }
            let offset = token.start - body.start;
            if body.boundary.after(token.kind, text, offset) {
                return Ok(Some(self.found(window, true)));
            }
        }
    }

    /// Skips what cannot end the statement.
    fn skip_plain(&mut self, window: Window<'_>) {
        let Stage::Body(body) = &mut self.stage else {
            return;
        };
        if !body.boundary.is_plain() || self.lexer.in_code_comment() {
            return;
        }
        let bytes = window.bytes();
        let limit = window.sure();
        loop {
            let to = self
                .lexer
                .skip(bytes, body.floor, self.at, limit, &mut body.in_name);
            // A string's prefix may lie before the place reached so far.
            if to > self.at {
                let blanks = bytes[self.at..to]
                    .iter()
                    .rev()
                    .take_while(|byte| self.lexer.is_space(**byte))
                    .count();
                if self.at + blanks < to {
                    body.end = to - blanks;
                }
            }
            self.at = to;
            let is_passed = to < limit
                && bytes
                    .get(to)
                    .is_some_and(|byte| body.boundary.pass_parenthesis(*byte, to - body.start));
            if !is_passed {
                return;
            }
            self.at = to + 1;
            body.end = self.at;
            body.floor = self.at;
        }
    }
}

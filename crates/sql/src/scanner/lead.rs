//! Before a statement: blanks, comments, what is for the client alone.

use std::ops::Range;

use super::body::Body;
use super::{Scanner, Stage, Step, Stop};
use crate::boundary::Boundary;
use crate::token::TokenKind;
use crate::window::Window;

#[derive(Clone, Debug, Default)]
pub(super) struct Lead {
    pub(super) comments: Vec<Range<usize>>,
    /// A comment on the line where the statement before ended is that one's.
    pub(super) on_new_line: bool,
    pub(super) line_ends: usize,
}

impl Scanner {
    pub(super) fn begin_lead(&mut self, on_new_line: bool) {
        self.stage = Stage::Lead(Lead {
            on_new_line,
            ..Lead::default()
        });
    }

    /// Skips to the first token of the next statement and collects the
    /// comments that belong to it.
    pub(super) fn lead(&mut self, window: Window<'_>) -> Result<Option<Step>, Stop> {
        loop {
            if let Some(length) = self.delimiter_at(window, self.at)? {
                self.at += length;
                self.lead_mut().comments.clear();
                continue;
            }
            let Some(token) = self.token(window)? else {
                return Ok(Some(Step::End));
            };
            let text = &window.text[token.start..token.end];
            match token.kind {
                TokenKind::Space => {
                    let ends = line_ends(window.bytes(), token.start..token.end);
                    let lead = self.lead_mut();
                    lead.line_ends += ends;
                    lead.on_new_line |= lead.line_ends > 0;
                    if lead.line_ends > 1 {
                        lead.comments.clear();
                    }
                }
                TokenKind::LineComment | TokenKind::BlockComment => {
                    let ends = line_ends(window.bytes(), token.start..token.end);
                    let lead = self.lead_mut();
                    lead.line_ends = 0;
                    if lead.on_new_line {
                        lead.comments.push(token.start..token.end);
                    } else {
                        lead.on_new_line = ends > 0;
                    }
                }
                TokenKind::Semicolon if self.delimiter.is_none() => {
                    let lead = self.lead_mut();
                    lead.comments.clear();
                    lead.on_new_line = false;
                }
                TokenKind::ClientCommand if self.is_harmless(text) => {
                    let lead = self.lead_mut();
                    lead.comments.clear();
                    lead.on_new_line = false;
                }
                TokenKind::Word if self.is_delimiter_command(text, window, token.end) => {
                    self.obey_delimiter_command(window, token)?;
                    continue;
                }
                _ => {
                    self.refuse_client_command(window, token)?;
                    let comments = std::mem::take(&mut self.lead_mut().comments);
                    self.stage = Stage::Body(Body {
                        comments,
                        start: token.start,
                        end: token.start,
                        floor: token.start,
                        in_name: false,
                        boundary: Boundary::start(self.dialect),
                    });
                    return Ok(None);
                }
            }
            self.at = token.end;
        }
    }

    fn lead_mut(&mut self) -> &mut Lead {
        if !matches!(self.stage, Stage::Lead(_)) {
            self.begin_lead(false);
        }
        match &mut self.stage {
            Stage::Lead(lead) => lead,
            _ => unreachable!("the stage was just set"),
        }
    }
}

/// `\n`, `\r\n` and a lone `\r` each count as one.
fn line_ends(bytes: &[u8], span: Range<usize>) -> usize {
    span.filter(|at| {
        bytes[*at] == b'\n' || (bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
    })
    .count()
}

//! `COPY ... FROM STDIN`: the rest of its line, and its rows.

use super::{Scanner, Stage, Step, Stop, unterminated};
use crate::token::LexError;
use crate::window::Window;
use crate::{Construct, SplitErrorKind, effort, seek};

impl Scanner {
    /// Nothing but blanks and a comment may stand behind `COPY ... FROM STDIN;`.
    pub(super) fn copy_line(&mut self, window: Window<'_>) -> Result<(), Stop> {
        let rest = &window.bytes()[self.at..];
        let Some(length) = seek::byte(rest, b'\n') else {
            return Err(if window.complete {
                unterminated(Construct::CopyData, self.at..window.text.len())
            } else {
                Stop::More
            });
        };
        let line = rest[..length].trim_ascii();
        if !line.is_empty() && !line.starts_with(b"--") {
            return Err(Stop::Fault(LexError {
                kind: SplitErrorKind::TextAfterCopy,
                span: self.at..self.at + length,
            }));
        }
        self.at += length + 1;
        self.stage = Stage::CopyData;
        Ok(())
    }

    pub(super) fn copy_data(&mut self, window: Window<'_>) -> Result<Step, Stop> {
        let bytes = window.bytes();
        let start = self.at;
        let mut line = start;
        loop {
            let length = seek::byte(&bytes[line..], b'\n');
            let end = match length {
                Some(length) => line + length + 1,
                None if window.complete => bytes.len(),
                None if line > start => break,
                None => return Err(Stop::More),
            };
            effort::spend(end - line);
            if matches!(&bytes[line..end], b"\\." | b"\\.\n" | b"\\.\r\n" | b"\\.\r") {
                if line > start {
                    break;
                }
                self.at = end;
                self.begin_lead(true);
                return Ok(Step::DataEnd);
            }
            if length.is_none() && line > start {
                break;
            }
            if length.is_none() {
                return Err(unterminated(Construct::CopyData, line..bytes.len()));
            }
            line = end;
        }
        self.at = line;
        Ok(Step::Data(start..line))
    }
}

//! Atlas's way to split a script.
//!
//! Atlas records how many statements of a file it ran and a running hash over
//! their texts. To go on where it stopped, the texts have to be cut as it cuts
//! them, also where that is not how SQLite reads the script: `;` in
//! parentheses does not end a statement, `;;` holds an empty one, a last
//! comment without line end is one, and a `BEGIN` that any later `END;`
//! answers makes one statement of all in between.
//!
//! One difference is kept: a `DELIMITER` command inside of such a block is not
//! obeyed.

mod blocks;
mod cut;
mod script;

use blocks::Blocks;
use cut::{Cut, Fault};
use script::Script;

use crate::delimiter::{self, Delimiter};
use crate::place::Cursor;
use crate::token::LexError;
use crate::{Comment, Dialect, SplitError, SplitErrorKind, Statement, classify, effort};

/// Goes through a script as Atlas does.
#[derive(Clone, Debug)]
pub(crate) struct CompatibleScanner<'a> {
    dialect: Dialect,
    script: Script<'a>,
    at: usize,
    delimiter: Delimiter,
    blocks: Option<Blocks>,
    cursor: Cursor,
}

impl<'a> CompatibleScanner<'a> {
    pub(crate) fn new(dialect: Dialect, text: &'a str) -> Result<Self, SplitError> {
        if let Some(at) = text.find('\0') {
            return Err(SplitError::new(SplitErrorKind::NulByte, at..at + 1, text));
        }
        let (delimiter, at) =
            match delimiter::directive(text).map_err(|fault| place(fault, text))? {
                Some((delimiter, at)) if text[..at].ends_with("\r\n") => {
                    (delimiter.with_carriage_return(), at)
                }
                Some(found) => found,
                None => (Delimiter::semicolon(), 0),
            };
        Ok(Self {
            dialect,
            script: Script::new(dialect, text),
            at,
            delimiter,
            blocks: None,
            cursor: Cursor::new(),
        })
    }

    pub(crate) fn next_statement(&mut self) -> Result<Option<Statement<'a>>, SplitError> {
        if self.delimiter.is_semicolon() && self.blocks.is_none() {
            let blocks = Blocks::find(self.script, self.at)
                .map_err(|fault| error(fault, self.script.text))?;
            self.blocks = Some(blocks);
        }
        self.obey_delimiter_command()?;
        let outcome = cut::next(self.script, self.at, &self.delimiter, self.blocks.as_ref());
        effort::spend(outcome.read_to.saturating_sub(self.at));
        let Some(cut) = outcome
            .result
            .map_err(|fault| error(fault, self.script.text))?
        else {
            return Ok(None);
        };
        self.at = cut.end;
        Ok(Some(self.statement(&cut)))
    }

    fn statement(&mut self, cut: &Cut) -> Statement<'a> {
        let comments = cut
            .comments
            .iter()
            .map(|span| {
                let text = self.script.text[span.clone()].trim_end_matches(['\n', '\r']);
                Comment {
                    text,
                    span: span.start..span.start + text.len(),
                    line: self.cursor.advance(self.script.text, span.start).line,
                }
            })
            .collect();
        let span = cut.text.clone();
        let place = self.cursor.advance(self.script.text, span.start);
        let text = &self.script.text[span.clone()];
        Statement {
            text,
            span,
            line: place.line,
            column: place.column,
            kind: classify(self.dialect, text),
            data: None,
            comments,
        }
    }

    /// `DELIMITER x` at the start of a statement sets the delimiter and is no
    /// statement itself.
    fn obey_delimiter_command(&mut self) -> Result<(), SplitError> {
        const COMMAND: &str = "delimiter ";
        loop {
            let start = cut::statement_start(self.script, self.at);
            let rest = &self.script.text[start..];
            let is_command = rest
                .get(..COMMAND.len())
                .is_some_and(|word| word.eq_ignore_ascii_case(COMMAND));
            if !is_command {
                return Ok(());
            }
            let (line, length) = match rest.find('\n') {
                Some(at) => (&rest[..at], at + 1),
                None => (rest, rest.len()),
            };
            let mut written = line[COMMAND.len()..].trim().to_owned();
            if written.len() > 1 && written.starts_with('\'') && written.ends_with('\'') {
                written = written[1..written.len() - 1].replace("''", "'");
            }
            self.delimiter = Delimiter::new(&written).map_err(|kind| {
                SplitError::new(kind, start..start + line.len(), self.script.text)
            })?;
            self.at = start + length;
            // Blocks are looked for only while the delimiter is the semicolon.
            self.blocks = if self.delimiter.is_semicolon() {
                Some(
                    Blocks::find(self.script, self.at)
                        .map_err(|fault| error(fault, self.script.text))?,
                )
            } else {
                None
            };
        }
    }
}

fn place(fault: LexError, text: &str) -> SplitError {
    SplitError::new(fault.kind, fault.span, text)
}

/// The error as Atlas places it: columns in bytes, `\n` alone ends a line.
fn error(fault: Fault, text: &str) -> SplitError {
    let before = &text.as_bytes()[..fault.span.start];
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    SplitError {
        kind: fault.kind,
        line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
        column: fault.span.start - line_start + 1,
        span: fault.span,
    }
}

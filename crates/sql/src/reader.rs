//! What the scanner finds, with places, kinds and settings.

use std::ops::Range;

use crate::place::Cursor;
use crate::scanner::{Found, Scanner, Step};
use crate::token::LexError;
use crate::window::Window;
use crate::{
    Comment, Dialect, SplitError, SplitErrorKind, SplitOptions, Statement, StatementKind, classify,
};

/// A byte at which a text ends before its time.
#[derive(Clone, Debug)]
pub(crate) struct Hurdle {
    pub(crate) kind: SplitErrorKind,
    pub(crate) length: usize,
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Read<'t> {
    Statement(Statement<'t>),
    /// Bytes of the window that are rows of `COPY`.
    Data(Range<usize>),
    DataEnd,
    More,
    End,
}

/// Reads a script through a window that may move on.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    dialect: Dialect,
    initial: SplitOptions,
    options: SplitOptions,
    scanner: Scanner,
    cursor: Cursor,
    /// Bytes of the script before the window.
    base: usize,
}

impl Reader {
    /// For a script that goes on with `options` in a session that began with
    /// `initial`.
    pub(crate) fn new(dialect: Dialect, initial: SplitOptions, options: SplitOptions) -> Self {
        Self {
            dialect,
            initial,
            options,
            scanner: Scanner::new(dialect, options),
            cursor: Cursor::new(),
            base: 0,
        }
    }

    /// The settings after the statement that was read last.
    pub(crate) fn options(&self) -> SplitOptions {
        self.options
    }

    /// Bytes of the script before the window.
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    /// How far the window has been read.
    pub(crate) fn at(&self) -> usize {
        self.scanner.at()
    }

    /// Bytes at the window's start that are not needed any more.
    pub(crate) fn done(&self) -> usize {
        self.scanner.needed_from()
    }

    /// Lets go of the window's first bytes.
    pub(crate) fn shift(&mut self, text: &str, bytes: usize) {
        self.cursor.advance(text, bytes);
        self.cursor.shift(bytes);
        self.scanner.shift(bytes);
        self.base += bytes;
    }

    /// Line of the byte at `offset` of the window, which no later look precedes.
    pub(crate) fn line(&mut self, text: &str, offset: usize) -> usize {
        self.cursor.advance(text, offset).line
    }

    /// Reads on; `hurdle` is what stands right behind a complete window.
    pub(crate) fn read<'t>(
        &mut self,
        window: Window<'t>,
        hurdle: Option<&Hurdle>,
    ) -> Result<Read<'t>, SplitError> {
        let step = self.scanner.step(window);
        let stops_early = match &step {
            Ok(Step::End) => true,
            Ok(Step::Statement(found)) => !found.ended,
            Ok(_) => false,
            Err(fault) => matches!(fault.kind, SplitErrorKind::Unterminated(_)),
        };
        if let Some(hurdle) = hurdle
            && stops_early
        {
            let end = window.text.len();
            return Err(self.error(
                window,
                LexError {
                    kind: hurdle.kind.clone(),
                    span: end..end + hurdle.length,
                },
            ));
        }
        match step {
            Ok(Step::Statement(found)) => Ok(Read::Statement(self.statement(window.text, &found))),
            Ok(Step::Data(span)) => Ok(Read::Data(span)),
            Ok(Step::DataEnd) => Ok(Read::DataEnd),
            Ok(Step::More) => Ok(Read::More),
            Ok(Step::End) => Ok(Read::End),
            Err(fault) => Err(self.error(window, fault)),
        }
    }

    fn statement<'t>(&mut self, text: &'t str, found: &Found) -> Statement<'t> {
        let comments = found
            .comments
            .iter()
            .map(|span| Comment {
                text: &text[span.clone()],
                span: self.absolute(span),
                line: self.cursor.advance(text, span.start).line,
            })
            .collect();
        let place = self.cursor.advance(text, found.span.start);
        let span = self.absolute(&found.span);
        let text = &text[found.span.clone()];
        let kind = classify(self.dialect, text);
        if kind == StatementKind::CopyFromStdin {
            self.scanner.expect_data();
        }
        let statement = Statement {
            text,
            span,
            line: place.line,
            column: place.column,
            kind,
            data: None,
            comments,
        };
        let options = self.options.after(self.initial, self.dialect, &statement);
        if options != self.options {
            self.options = options;
            self.scanner.set(options);
        }
        statement
    }

    fn absolute(&self, span: &Range<usize>) -> Range<usize> {
        self.base + span.start..self.base + span.end
    }

    /// The error with its place.
    pub(crate) fn error(&self, window: Window<'_>, fault: LexError) -> SplitError {
        let place = self.cursor.clone().advance(window.text, fault.span.start);
        SplitError {
            kind: fault.kind,
            span: self.absolute(&fault.span),
            line: place.line,
            column: place.column,
        }
    }
}

impl Hurdle {
    pub(crate) fn nul() -> Self {
        Self {
            kind: SplitErrorKind::NulByte,
            length: 1,
        }
    }
}

//! Goes through a script from statement to statement by the database's own
//! rules. It reads a window on the script and remembers where it stopped, so
//! that it goes on when the window has grown.

mod body;
mod client;
mod copy;
mod delimited;
mod lead;

use std::ops::Range;

use body::Body;
use lead::Lead;

use crate::delimiter::{self, Delimiter};
use crate::lexer::Lexer;
use crate::token::{LexError, Token, TokenKind};
use crate::window::Window;
use crate::{Construct, Dialect, SplitErrorKind, SplitOptions, seek};

/// What was found.
#[derive(Debug)]
pub(crate) enum Step {
    Statement(Found),
    /// Rows of `COPY ... FROM STDIN`, whole lines.
    Data(Range<usize>),
    /// The line `\.` after them.
    DataEnd,
    /// The window has to grow first.
    More,
    End,
}

/// A statement; spans are bytes of the window.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) span: Range<usize>,
    pub(crate) comments: Vec<Range<usize>>,
    /// Whether it was ended by what ends statements, not by the end of the text.
    pub(crate) ended: bool,
}

/// Why reading stops.
enum Stop {
    More,
    Fault(LexError),
}

impl From<LexError> for Stop {
    fn from(error: LexError) -> Self {
        Self::Fault(error)
    }
}

#[derive(Clone, Debug)]
enum Stage {
    /// Nothing read yet: the first line may set a delimiter.
    FirstLine,
    /// Before a statement.
    Lead(Lead),
    /// In a statement.
    Body(Body),
    /// Behind `COPY ... FROM STDIN;`, on its line.
    CopyLine,
    /// At the start of a line of its data.
    CopyData,
}

/// Goes through a script.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    dialect: Dialect,
    lexer: Lexer,
    delimiter: Option<Delimiter>,
    stage: Stage,
    at: usize,
}

impl Scanner {
    pub(crate) fn new(dialect: Dialect, options: SplitOptions) -> Self {
        Self {
            dialect,
            lexer: Lexer::new(dialect, options),
            delimiter: None,
            stage: Stage::FirstLine,
            at: 0,
        }
    }

    /// Bytes of the window before this one are not needed any more.
    pub(crate) fn needed_from(&self) -> usize {
        match &self.stage {
            Stage::Lead(Lead { comments, .. }) => {
                comments.first().map_or(self.at, |comment| comment.start)
            }
            Stage::Body(body) => body
                .comments
                .first()
                .map_or(body.start, |first| first.start),
            _ => self.at,
        }
    }

    /// How far the window has been read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The window's first `bytes` bytes, which are not needed, are gone.
    pub(crate) fn shift(&mut self, bytes: usize) {
        let move_all = |comments: &mut Vec<Range<usize>>| {
            for comment in comments {
                *comment = comment.start - bytes..comment.end - bytes;
            }
        };
        self.at -= bytes;
        match &mut self.stage {
            Stage::Lead(lead) => move_all(&mut lead.comments),
            Stage::Body(body) => {
                move_all(&mut body.comments);
                body.start -= bytes;
                body.end -= bytes;
                body.floor -= bytes;
            }
            _ => {}
        }
    }

    /// The statement just found is `COPY ... FROM STDIN`.
    pub(crate) fn expect_data(&mut self) {
        self.stage = Stage::CopyLine;
    }

    /// The statement just found changed the session's settings.
    pub(crate) fn set(&mut self, options: SplitOptions) {
        self.lexer.set(options);
    }

    /// Reads on. After an error there is nothing more to read.
    pub(crate) fn step(&mut self, window: Window<'_>) -> Result<Step, LexError> {
        loop {
            let step = match self.stage {
                Stage::FirstLine => self.first_line(window).map(|()| None),
                Stage::Lead(_) => self.lead(window),
                Stage::Body(_) if self.delimiter.is_some() => self.delimited_body(window),
                Stage::Body(_) => self.body(window),
                Stage::CopyLine => self.copy_line(window).map(|()| None),
                Stage::CopyData => self.copy_data(window).map(Some),
            };
            match step {
                Ok(None) => {}
                Ok(Some(step)) => return Ok(step),
                Err(Stop::More) => return Ok(Step::More),
                Err(Stop::Fault(fault)) => return Err(fault),
            }
        }
    }

    fn first_line(&mut self, window: Window<'_>) -> Result<(), Stop> {
        if delimiter::may_be_directive(window.text) {
            if !window.complete && seek::byte(window.bytes(), b'\n').is_none() {
                return Err(Stop::More);
            }
            if let Some((delimiter, next)) = delimiter::directive(window.text)? {
                self.delimiter = Some(delimiter);
                self.at = next;
            }
        }
        if window.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        self.begin_lead(true);
        Ok(())
    }

    /// Ends the statement that is being read.
    fn found(&mut self, window: Window<'_>, ended: bool) -> Step {
        let on_new_line = window.text[..self.at].ends_with('\n');
        let before = std::mem::replace(
            &mut self.stage,
            Stage::Lead(Lead {
                on_new_line,
                ..Lead::default()
            }),
        );
        match before {
            Stage::Body(body) => Step::Statement(Found {
                span: body.start..body.end,
                comments: body.comments,
                ended,
            }),
            _ => Step::More,
        }
    }

    /// The token at the scanner's place; `None` at the end of the script.
    fn token(&self, window: Window<'_>) -> Result<Option<Token>, Stop> {
        let bytes = window.bytes();
        let rest = &bytes[self.at..];
        let sure = window.sure();
        let short = !window.complete && self.at >= sure;
        if short && (self.delimiter.is_some() || rest.first() != Some(&b';')) {
            return Err(Stop::More);
        }
        if let Some(token) = self.part_before_delimiter(window)? {
            return Ok(Some(token));
        }
        match self.lexer.token_at(window, self.at) {
            None => Ok(None),
            Some(Ok(token)) if token.kind == TokenKind::Semicolon => Ok(Some(token)),
            Some(Ok(token)) if window.complete || token.end <= sure => Ok(Some(token)),
            Some(Ok(token)) if token.kind == TokenKind::Space && rest[0].is_ascii() => {
                Ok(Some(Token { end: sure, ..token }))
            }
            Some(Err(fault)) if window.complete || fault.span.end <= sure => {
                Err(Stop::Fault(fault))
            }
            Some(_) => Err(Stop::More),
        }
    }
}

fn unterminated(construct: Construct, span: Range<usize>) -> Stop {
    Stop::Fault(LexError {
        kind: SplitErrorKind::Unterminated(construct),
        span,
    })
}

//! The way in: a text, a dialect and a mode to statements.

use crate::compatible::CompatibleScanner;
use crate::reader::{Hurdle, Read, Reader};
use crate::window::Window;
use crate::{CopyData, Dialect, SplitError, SplitErrorKind, SplitOptions, Statement, seek};

/// Whose rules say where a statement begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SplitMode {
    /// The database's: the statements it would see if it read the script.
    #[default]
    Own,
    /// Atlas's, with its oddities, so that texts and counts equal those in a
    /// history that Atlas wrote. The places of its errors count columns in
    /// bytes and only `\n` as a line end, as Atlas does. It knows no
    /// [`SplitOptions`].
    AtlasCompatible,
}

/// Splits a script by the database's own rules.
///
/// # Errors
/// See [`SplitErrorKind`].
pub fn split(dialect: Dialect, text: &str) -> Result<Vec<Statement<'_>>, SplitError> {
    statements(dialect, SplitMode::Own, text).collect()
}

/// The statements of a script, one after the other.
pub fn statements(dialect: Dialect, mode: SplitMode, text: &str) -> Statements<'_> {
    let state = match mode {
        SplitMode::Own => return statements_with(dialect, SplitOptions::default(), text),
        SplitMode::AtlasCompatible => match CompatibleScanner::new(dialect, text) {
            Ok(scanner) => State::Compatible(Box::new(scanner)),
            Err(error) => State::Failed(error),
        },
    };
    Statements { state }
}

/// The statements of a script by the database's own rules, in a session that
/// has these settings.
pub fn statements_with(dialect: Dialect, options: SplitOptions, text: &str) -> Statements<'_> {
    statements_within(dialect, options, options, text)
}

/// The statements of a part of a script, in a session that began it with
/// `initial` and has the settings `options` now.
pub fn statements_within(
    dialect: Dialect,
    initial: SplitOptions,
    options: SplitOptions,
    text: &str,
) -> Statements<'_> {
    let (text, hurdle) = match seek::byte(text.as_bytes(), 0) {
        Some(nul) => (&text[..nul], Some(Hurdle::nul())),
        None => (text, None),
    };
    Statements {
        state: State::Own(Box::new(Own {
            reader: Reader::new(dialect, initial, options),
            text,
            hurdle,
        })),
    }
}

/// Bytes as text.
///
/// # Errors
/// [`SplitErrorKind::InvalidUtf8`] with the place of the first byte that is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, SplitError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - at);
        let before = String::from_utf8_lossy(&bytes[..at]);
        let mut error = SplitError::new(SplitErrorKind::InvalidUtf8(bytes[at]), at..at, &before);
        error.span = at..at + length;
        error
    })
}

/// Iterator over the statements of a script. After an error it ends.
#[derive(Clone, Debug)]
pub struct Statements<'a> {
    state: State<'a>,
}

#[derive(Clone, Debug)]
enum State<'a> {
    Own(Box<Own<'a>>),
    Compatible(Box<CompatibleScanner<'a>>),
    Failed(SplitError),
    Done,
}

#[derive(Clone, Debug)]
struct Own<'a> {
    reader: Reader,
    text: &'a str,
    hurdle: Option<Hurdle>,
}

impl<'a> Own<'a> {
    fn next_statement(&mut self) -> Result<Option<Statement<'a>>, SplitError> {
        let window = Window::whole(self.text);
        let mut copy: Option<Statement<'a>> = None;
        let mut data = None;
        loop {
            match self.reader.read(window, self.hurdle.as_ref())? {
                Read::Statement(statement) if statement.kind.copies_from_stdin() => {
                    copy = Some(statement);
                }
                Read::Statement(statement) => return Ok(Some(statement)),
                Read::Data(span) => data = Some(span),
                Read::DataEnd => {
                    if let Some(mut statement) = copy {
                        statement.data = Some(self.copy_data(statement.span.end, data));
                        return Ok(Some(statement));
                    }
                }
                Read::More | Read::End => return Ok(None),
            }
        }
    }

    /// The rows at `span`, or none in the line after `end`.
    fn copy_data(&mut self, end: usize, span: Option<std::ops::Range<usize>>) -> CopyData<'a> {
        let span = span.unwrap_or_else(|| {
            let line = seek::byte(&self.text.as_bytes()[end..], b'\n');
            let start = line.map_or(self.text.len(), |length| end + length + 1);
            start..start
        });
        CopyData {
            text: &self.text[span.clone()],
            line: self.reader.line(self.text, span.start),
            span,
        }
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = Result<Statement<'a>, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match &mut self.state {
            State::Own(own) => own.next_statement(),
            State::Compatible(scanner) => scanner.next_statement(),
            State::Failed(_) | State::Done => Ok(None),
        };
        let next = match std::mem::replace(&mut self.state, State::Done) {
            State::Failed(error) => return Some(Err(error)),
            state => {
                if matches!(next, Ok(Some(_))) {
                    self.state = state;
                }
                next
            }
        };
        next.transpose()
    }
}

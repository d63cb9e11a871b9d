//! The way in: a text, a dialect and a mode to statements.

use crate::compatible::CompatibleScanner;
use crate::delimiter;
use crate::sqlite::scanner::Scanner;
use crate::{Dialect, SplitError, SplitErrorKind, Statement};

/// Whose rules say where a statement begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SplitMode {
    /// The database's: the statements it would see if it read the script.
    #[default]
    Own,
    /// Atlas's, with its oddities, so that texts and counts equal those in a
    /// history that Atlas wrote. The places of its errors count columns in
    /// bytes and only `\n` as a line end, as Atlas does.
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
    let state = match Source::new(dialect, mode, text) {
        Ok(source) => State::Reading(source),
        Err(error) => State::Failed(error),
    };
    Statements { state }
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
    Reading(Source<'a>),
    Failed(SplitError),
    Done,
}

#[derive(Clone, Debug)]
enum Source<'a> {
    Sqlite(Scanner<'a>),
    Compatible(CompatibleScanner<'a>),
}

impl<'a> Source<'a> {
    fn new(dialect: Dialect, mode: SplitMode, text: &'a str) -> Result<Self, SplitError> {
        if dialect != Dialect::Sqlite {
            return Err(SplitError::new(
                SplitErrorKind::DialectNotSupported(dialect),
                0..0,
                text,
            ));
        }
        match mode {
            SplitMode::Own => {
                let (delimiter, start) = match delimiter::directive(text)? {
                    Some((delimiter, start)) => (Some(delimiter), start),
                    None => (None, 0),
                };
                Ok(Self::Sqlite(Scanner::new(text, start, delimiter)))
            }
            SplitMode::AtlasCompatible => Ok(Self::Compatible(CompatibleScanner::new(text)?)),
        }
    }

    fn next_statement(&mut self) -> Result<Option<Statement<'a>>, SplitError> {
        match self {
            Self::Sqlite(scanner) => scanner.next_statement(),
            Self::Compatible(scanner) => scanner.next_statement(),
        }
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = Result<Statement<'a>, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Reading(mut source) => match source.next_statement() {
                Ok(Some(statement)) => {
                    self.state = State::Reading(source);
                    Some(Ok(statement))
                }
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            },
            State::Failed(error) => Some(Err(error)),
            State::Done => None,
        }
    }
}

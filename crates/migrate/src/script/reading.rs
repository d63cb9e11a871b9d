//! Reading a file that stayed on disk, statement by statement.

use std::ops::ControlFlow;

use shipgate_sql::{Event, SplitError, SplitErrorKind, SplitOptions, Splitter};

use super::error::ScriptError;
use super::syntax::Syntax;
use crate::directive::{FoundLine, LineSearch};
use crate::directory::{DirectoryError, File, Pieces};
use crate::sum::Proof;

/// A file under way.
pub(super) struct Reading<'s> {
    file: &'s File,
    pieces: Pieces<'s>,
    splitter: Splitter,
    is_at_end: bool,
    proof: Option<Proof>,
}

/// Looks at the file's lines while they go by.
pub(super) struct LineWatch<'w> {
    pub(super) search: LineSearch,
    pub(super) see: &'w mut dyn FnMut(&FoundLine<'_>),
}

impl<'s> Reading<'s> {
    pub(super) fn new(
        file: &'s File,
        syntax: Syntax,
        proof: Option<Proof>,
    ) -> Result<Self, ScriptError> {
        Ok(Self {
            file,
            pieces: file.pieces()?,
            splitter: syntax.splitter(),
            is_at_end: false,
            proof,
        })
    }

    /// What the session has set behind the statement that was read last.
    pub(super) fn options(&self) -> SplitOptions {
        self.splitter.options()
    }

    /// Reads on until `see` breaks off; whether it did, rather than the file end.
    pub(super) fn read(
        &mut self,
        mut lines: Option<&mut LineWatch<'_>>,
        see: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ScriptError> {
        loop {
            loop {
                match self.splitter.next_event() {
                    Ok(None) => break,
                    Ok(Some(event)) => {
                        if see(event).is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    Err(error) => return Err(self.split_error(error)),
                }
            }
            if self.is_at_end {
                return Ok(ControlFlow::Continue(()));
            }
            let piece = self.pieces.next()?;
            if let Some(watch) = &mut lines {
                match piece {
                    Some(piece) => watch.search.feed(piece, watch.see),
                    None => watch.search.finish(watch.see),
                }
            }
            match piece {
                Some(piece) => {
                    if let Some(proof) = &mut self.proof {
                        proof.feed(piece);
                    }
                    self.splitter.feed(piece);
                }
                None => {
                    self.is_at_end = true;
                    self.splitter.finish();
                    if self.proof.as_ref().is_some_and(|proof| !proof.holds()) {
                        let name = self.file.name().to_owned();
                        return Err(DirectoryError::Changed(name).into());
                    }
                }
            }
        }
    }

    fn split_error(&self, error: SplitError) -> ScriptError {
        if matches!(error.kind, SplitErrorKind::InvalidUtf8(_)) {
            return self.file.not_utf8(&error).into();
        }
        ScriptError::Scan {
            file: self.file.name().to_owned(),
            byte_column: error.column,
            error,
        }
    }
}

//! A script that comes in chunks.

use std::ops::Range;

use crate::reader::{Hurdle, Read, Reader};
use crate::token::LexError;
use crate::window::Window;
use crate::{Dialect, SplitError, SplitErrorKind, SplitOptions, Statement, seek};

/// What a [`Splitter`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A statement. Its spans are bytes of the whole script, its `data` is
    /// `None`: the rows of a [`StatementKind::CopyFromStdin`](crate::StatementKind::CopyFromStdin)
    /// come as events of their own.
    Statement(Statement<'a>),
    /// Rows of the `COPY ... FROM STDIN` before: whole lines.
    CopyData {
        /// The lines with their line ends.
        text: &'a str,
        /// Bytes of the script that `text` is.
        span: Range<usize>,
    },
    /// The end of the rows.
    CopyEnd,
}

/// Splits a script by the database's own rules while it is read.
///
/// It holds no more than the longest statement with its comments, or the
/// longest row of `COPY` data, and about as much again for what was fed and
/// not yet read. No database takes a statement in parts, so none is yielded
/// so; [`with_limit`](Self::with_limit) bounds what one may take.
///
/// Where the script is cut into chunks changes nothing but how the rows of
/// `COPY` are grouped. There is no streaming in
/// [`SplitMode::AtlasCompatible`](crate::SplitMode::AtlasCompatible), where the end of a script may
/// decide about its first statement.
///
/// ```
/// use shipgate_sql::{Dialect, Event, SplitOptions, Splitter};
///
/// let mut splitter = Splitter::new(Dialect::Postgres, SplitOptions::default());
/// let mut texts = Vec::new();
/// for chunk in [&b"SELECT '\xC3"[..], b"\xA9;'; SEL", b"ECT 2"] {
///     splitter.feed(chunk);
///     while let Some(event) = splitter.next_event()? {
///         if let Event::Statement(statement) = event {
///             texts.push(statement.text.to_owned());
///         }
///     }
/// }
/// splitter.finish();
/// while let Some(Event::Statement(statement)) = splitter.next_event()? {
///     texts.push(statement.text.to_owned());
/// }
/// assert_eq!(texts, ["SELECT 'é;';", "SELECT 2"]);
/// # Ok::<(), shipgate_sql::SplitError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Splitter {
    reader: Reader,
    text: String,
    /// The first bytes of a character whose last ones are still to come.
    partial: Vec<u8>,
    hurdle: Option<Hurdle>,
    finished: bool,
    /// Length of the text from which reading on may find something new.
    wanted: usize,
    limit: usize,
    failed: bool,
}

impl Splitter {
    /// A splitter for a script in a session that has these settings.
    pub fn new(dialect: Dialect, options: SplitOptions) -> Self {
        Self {
            reader: Reader::new(dialect, options, options),
            text: String::new(),
            partial: Vec::new(),
            hurdle: None,
            finished: false,
            wanted: 0,
            limit: usize::MAX,
            failed: false,
        }
    }

    /// The splitter with a bound, in bytes, for a statement with its comments
    /// or a row of `COPY` data, that is not complete yet. More is
    /// [`SplitErrorKind::StatementTooLong`].
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The session's settings after the statement that was yielded last, as
    /// far as the script tells them.
    pub fn options(&self) -> SplitOptions {
        self.reader.options()
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.text.len() + self.partial.len()
    }

    /// Takes the next bytes of the script. What follows a byte that is not
    /// UTF-8 or NUL is left out: reading ends there with an error.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.hurdle.is_some() || self.finished {
            return;
        }
        self.let_go();
        let mut bytes = bytes;
        if !self.partial.is_empty() {
            bytes = self.complete_character(bytes);
        }
        if self.partial.is_empty() && self.hurdle.is_none() {
            self.append(bytes);
        }
    }

    /// The script has no more bytes.
    pub fn finish(&mut self) {
        if let Some(first) = self.partial.first() {
            self.hurdle.get_or_insert(Hurdle {
                kind: SplitErrorKind::InvalidUtf8(*first),
                length: self.partial.len(),
            });
        }
        self.finished = true;
    }

    /// What comes next in what was fed; `None` if more has to be fed first (a
    /// few bytes beyond a statement's end are needed to be sure of it), or after [`finish`](Self::finish) at the script's end.
    ///
    /// # Errors
    /// See [`SplitErrorKind`]. After an error there is nothing more.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, SplitError> {
        let complete = self.finished || self.hurdle.is_some();
        if self.failed || (!complete && self.text.len() < self.wanted) {
            return Ok(None);
        }
        let window = Window {
            text: &self.text,
            complete,
        };
        match self.reader.read(window, self.hurdle.as_ref()) {
            Ok(Read::Statement(statement)) => Ok(Some(Event::Statement(statement))),
            Ok(Read::Data(span)) => Ok(Some(Event::CopyData {
                text: &self.text[span.clone()],
                span: self.reader.base() + span.start..self.reader.base() + span.end,
            })),
            Ok(Read::DataEnd) => Ok(Some(Event::CopyEnd)),
            Ok(Read::End) => Ok(None),
            Ok(Read::More) => {
                let held = self.text.len() - self.reader.done();
                if held > self.limit {
                    self.failed = true;
                    let start = self.reader.done();
                    let fault = LexError {
                        kind: SplitErrorKind::StatementTooLong { limit: self.limit },
                        span: start..self.text.len(),
                    };
                    return Err(self.reader.error(window, fault));
                }
                // A token that is not complete is looked at again when there
                // is twice as much of it, so that all looks together cost
                // little more than one.
                let pending = self.text.len() - self.reader.at();
                let doubled = self.text.len() + pending.saturating_sub(2 * Window::AHEAD).max(1);
                let most = self.reader.done().saturating_add(self.limit);
                self.wanted = doubled.min(most.saturating_add(1));
                Ok(None)
            }
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    /// Forgets what was read, when that is at least half of what is held.
    fn let_go(&mut self) {
        let done = self.reader.done();
        if done > 0 && done >= self.text.len() / 2 {
            self.reader.shift(&self.text, done);
            self.text.drain(..done);
            self.wanted = self.wanted.saturating_sub(done);
        }
    }

    /// Adds bytes to the character that is begun, and returns the others.
    fn complete_character<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let mut rest = bytes;
        while let Some((first, others)) = rest.split_first() {
            self.partial.push(*first);
            rest = others;
            match std::str::from_utf8(&self.partial) {
                Ok(character) => {
                    self.text.push_str(character);
                    self.partial.clear();
                    break;
                }
                Err(error) => {
                    if let Some(length) = error.error_len() {
                        self.hurdle = Some(Hurdle {
                            kind: SplitErrorKind::InvalidUtf8(self.partial[0]),
                            length,
                        });
                        self.partial.clear();
                        break;
                    }
                }
            }
        }
        rest
    }

    fn append(&mut self, bytes: &[u8]) {
        let bytes = match seek::byte(bytes, 0) {
            Some(nul) => {
                self.hurdle = Some(Hurdle::nul());
                &bytes[..nul]
            }
            None => bytes,
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text.push_str(text),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                self.text
                    .push_str(std::str::from_utf8(valid).unwrap_or_default());
                match (error.error_len(), self.hurdle.is_some()) {
                    (None, false) => self.partial.extend_from_slice(rest),
                    (length, _) => {
                        self.hurdle = Some(Hurdle {
                            kind: SplitErrorKind::InvalidUtf8(rest[0]),
                            length: length.unwrap_or(rest.len()),
                        });
                    }
                }
            }
        }
    }
}

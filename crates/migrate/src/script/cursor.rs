//! Reading a script's statements, a bounded number at a time.

use std::ops::{ControlFlow, Range};

use shipgate_sql::{Dialect, Event, SplitOptions};

use super::error::ScriptError;
use super::held::Held;
use super::of_file::{Script, Source};
use super::reading::Reading;
use super::unit::Unit;
use crate::sum::Proof;

/// Bytes of statements from which on a window is full.
const WINDOW_BYTES: usize = 128 << 10;

/// A place in a script.
pub(crate) struct Cursor<'s> {
    dialect: Dialect,
    /// Statements that were passed.
    passed: usize,
    at: At<'s>,
}

enum At<'s> {
    Held { held: &'s Held<'s>, rows_read: bool },
    Stored(Box<Reading<'s>>),
}

/// Some statements of a script, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Window {
    dialect: Option<Dialect>,
    text: String,
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    number: usize,
    range: Range<usize>,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(script: &'s Script<'s>, proof: Option<Proof>) -> Result<Self, ScriptError> {
        let at = match &script.source {
            Source::Held(held) => At::Held {
                held,
                rows_read: false,
            },
            Source::Stored => {
                At::Stored(Box::new(Reading::new(script.file, script.syntax, proof)?))
            }
        };
        Ok(Self {
            dialect: script.syntax.dialect(),
            passed: 0,
            at,
        })
    }

    /// Passes statements.
    pub(crate) fn skip(&mut self, statements: usize) -> Result<(), ScriptError> {
        let mut left = statements;
        if left > 0 {
            self.each(&mut |_| {
                left -= 1;
                if left == 0 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
        }
        Ok(())
    }

    /// What the session has set behind the statement that was passed last, as
    /// far as the file tells; nothing before the first.
    pub(crate) fn options(&self) -> Option<SplitOptions> {
        let last = self.passed.checked_sub(1)?;
        match &self.at {
            At::Held { held, .. } => held.options(last),
            At::Stored(reading) => Some(reading.options()),
        }
    }

    /// Makes the window the next statement; empty at the end.
    pub(crate) fn fill_one(&mut self, window: &mut Window) -> Result<(), ScriptError> {
        self.fill(window, 1, &|_| false)
    }

    /// Makes the window the next statements, up to the first that may not run
    /// together with others, and no more than `most`; empty at the end.
    pub(crate) fn fill(
        &mut self,
        window: &mut Window,
        most: usize,
        may_run_together: &dyn Fn(&Unit<'_>) -> bool,
    ) -> Result<(), ScriptError> {
        window.clear(self.dialect);
        self.each(&mut |unit| {
            window.push(&unit);
            let is_full = window.places.len() >= most || window.text.len() >= WINDOW_BYTES;
            if is_full || !may_run_together(&unit) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// The next rows that follow the statement that was passed last; none
    /// after the last of them.
    pub(crate) fn next_rows(&mut self) -> Result<Option<Vec<u8>>, ScriptError> {
        match &mut self.at {
            At::Held { held, rows_read } => {
                if std::mem::replace(rows_read, true) {
                    return Ok(None);
                }
                let rows = held.rows(self.passed.saturating_sub(1));
                Ok(rows.map(|rows| rows.as_bytes().to_vec()))
            }
            At::Stored(reading) => {
                let mut rows = None;
                // The end of the file is an end of the rows, too.
                let _ = reading.read(None, &mut |event| {
                    if let Event::CopyData { text, .. } = event {
                        rows = Some(text.as_bytes().to_vec());
                    }
                    ControlFlow::Break(())
                })?;
                Ok(rows)
            }
        }
    }

    fn each(
        &mut self,
        see: &mut dyn FnMut(Unit<'_>) -> ControlFlow<()>,
    ) -> Result<(), ScriptError> {
        match &mut self.at {
            At::Held { held, rows_read } => {
                while let Some(unit) = held.unit(self.passed) {
                    self.passed += 1;
                    *rows_read = false;
                    if see(unit).is_break() {
                        break;
                    }
                }
            }
            At::Stored(reading) => {
                let passed = &mut self.passed;
                // What it broke off at is what `see` wanted.
                let _ = reading.read(None, &mut |event| match event {
                    Event::Statement(statement) => {
                        *passed += 1;
                        see(Unit::of(*passed, &statement))
                    }
                    Event::CopyData { .. } | Event::CopyEnd => ControlFlow::Continue(()),
                })?;
            }
        }
        Ok(())
    }
}

impl Window {
    /// How many statements are in it.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The statement at `index`, from 0.
    pub(crate) fn unit(&self, index: usize) -> Option<Unit<'_>> {
        let place = self.places.get(index)?;
        Some(Unit::new(
            self.dialect?,
            place.number,
            &self.text[place.range.clone()],
            place.offset,
            (place.line, place.column),
        ))
    }

    /// The first statement.
    pub(crate) fn first(&self) -> Option<Unit<'_>> {
        self.unit(0)
    }

    /// The statements in order.
    pub(crate) fn units(&self) -> impl Iterator<Item = Unit<'_>> {
        (0..self.len()).filter_map(|index| self.unit(index))
    }

    fn clear(&mut self, dialect: Dialect) {
        self.dialect = Some(dialect);
        self.places.clear();
        self.text.clear();
        // The room of one very long statement is not kept for the others.
        self.text.shrink_to(2 * WINDOW_BYTES);
    }

    fn push(&mut self, unit: &Unit<'_>) {
        let start = self.text.len();
        self.text.push_str(unit.text);
        self.places.push(Place {
            number: unit.number,
            range: start..self.text.len(),
            offset: unit.offset,
            line: unit.line,
            column: unit.column,
        });
    }
}

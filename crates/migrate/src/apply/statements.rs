//! Executing a file's statements: those that may run together in batches, the
//! others one by one, and `COPY … FROM STDIN` with its rows.
//!
//! What is told of them is the same either way, and in the same order. A batch
//! is kept so short that what is told lags behind by moments.

use async_trait::async_trait;
use jiff::SignedDuration;
use shipgate_database::{CopyRows, ErrorKind, Executed, Session, StatementError};
use shipgate_sql::Position;

use crate::apply::file_run::Run;
use crate::apply::prepare::Prepared;
use crate::apply::{ApplyError, ApplyEvent, FailedStatement};
use crate::directory::File;
use crate::golang::GoDuration;
use crate::script::{Cursor, ScriptError, Unit, Window};

/// How many statements are sent together.
struct Pace {
    statements: usize,
}

impl Pace {
    const MOST: usize = 1024;
    const SHORT: SignedDuration = SignedDuration::from_millis(25);
    const LONG: SignedDuration = SignedDuration::from_millis(100);

    fn new() -> Self {
        Self { statements: 8 }
    }

    /// A batch of as many as were allowed took so long.
    fn took(&mut self, elapsed: SignedDuration) {
        if elapsed < Self::SHORT {
            self.statements = (self.statements * 2).min(Self::MOST);
        } else if elapsed > Self::LONG {
            self.statements = (self.statements / 2).max(1);
        }
    }
}

impl Run<'_, '_> {
    /// Executes the statements of a file that are still to be executed. A
    /// transaction is open.
    pub(super) async fn statements(&mut self, file: &Prepared<'_>) -> Result<(), ApplyError> {
        let dialect = self.conductor.session.dialect();
        let mut cursor = file.cursor()?;
        self.read_as_taken_apart(file, &cursor).await?;
        let mut window = Window::default();
        let mut pace = Pace::new();
        loop {
            cursor.fill(&mut window, pace.statements, &|unit| {
                unit.may_run_together(dialect)
            })?;
            let units: Vec<Unit<'_>> = window.units().collect();
            let (together, alone) = match units.split_last() {
                None => return Ok(()),
                Some((last, before)) if !last.may_run_together(dialect) => (before, Some(last)),
                Some(_) => (units.as_slice(), None),
            };
            if together.len() > 1 {
                let started = self.conductor.now();
                self.batch(file, together).await?;
                pace.took(self.conductor.now().duration_since(started));
            } else if let Some(unit) = together.first() {
                self.statement(file, &mut cursor, unit).await?;
            }
            if let Some(unit) = alone {
                self.statement(file, &mut cursor, unit).await?;
            }
        }
    }

    /// Executes one statement and tells of it. The cursor stands behind it,
    /// where its rows are if it reads any.
    pub(super) async fn statement(
        &mut self,
        file: &Prepared<'_>,
        cursor: &mut Cursor<'_>,
        unit: &Unit<'_>,
    ) -> Result<(), ApplyError> {
        if self.conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        self.statement_started(unit);
        let started = self.conductor.now();
        let executed = if unit.kind.copies_from_stdin() {
            self.copy(cursor, unit).await?
        } else {
            self.conductor.execute(unit.text).await
        };
        match executed {
            Ok(executed) => {
                let elapsed = GoDuration::between(started, self.conductor.now());
                self.statement_done(unit, Some(elapsed), &executed);
                self.refuse_to_misread(file, cursor, unit)
            }
            Err(error) => Err(self.statement_failed(file, unit, error)),
        }
    }

    async fn copy(
        &mut self,
        cursor: &mut Cursor<'_>,
        unit: &Unit<'_>,
    ) -> Result<Result<Executed, StatementError>, ApplyError> {
        let mut rows = FileRows::new(cursor);
        let done = self.conductor.copy_in(unit.text, &mut rows).await;
        rows.outcome(done)
    }

    async fn batch(&mut self, file: &Prepared<'_>, units: &[Unit<'_>]) -> Result<(), ApplyError> {
        if self.conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        let texts: Vec<&str> = units.iter().map(|unit| unit.text).collect();
        let batch = self.conductor.execute_all(&texts).await;
        for (unit, executed) in units.iter().zip(&batch.done) {
            self.statement_started(unit);
            self.statement_done(unit, None, executed);
        }
        match (batch.failed, units.get(batch.done.len())) {
            (Some(error), Some(unit)) => {
                self.statement_started(unit);
                Err(self.statement_failed(file, unit, error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn statement_started(&mut self, unit: &Unit<'_>) {
        if !self.conductor.told.is_new() {
            return;
        }
        self.report.statement(unit.text);
        self.conductor.emit(&ApplyEvent::StatementStarted {
            number: unit.number,
            text: unit.text,
            line: unit.line,
        });
    }

    fn statement_done(
        &mut self,
        unit: &Unit<'_>,
        elapsed: Option<GoDuration>,
        executed: &Executed,
    ) {
        if !self.conductor.told.is_new() {
            return;
        }
        self.conductor.emit(&ApplyEvent::StatementDone {
            number: unit.number,
            elapsed,
            rows: executed.rows,
            notices: &executed.notices,
        });
    }

    fn statement_failed(
        &self,
        file: &Prepared<'_>,
        unit: &Unit<'_>,
        error: StatementError,
    ) -> ApplyError {
        let kind = error.kind;
        let failed = Box::new(failed_statement(file.file, unit, error));
        if kind == ErrorKind::Cancelled && self.conductor.cancel.is_cancelled() {
            ApplyError::Cancelled(Some(failed))
        } else {
            ApplyError::Statement(failed)
        }
    }
}

/// The rows that follow a `COPY … FROM STDIN` in its file.
struct FileRows<'c, 's> {
    cursor: &'c mut Cursor<'s>,
    unreadable: Option<ScriptError>,
}

impl<'c, 's> FileRows<'c, 's> {
    fn new(cursor: &'c mut Cursor<'s>) -> Self {
        Self {
            cursor,
            unreadable: None,
        }
    }

    fn outcome<T>(self, done: T) -> Result<T, ApplyError> {
        match self.unreadable {
            // That is why it failed, whatever the database says to it.
            Some(error) => Err(error.into()),
            None => Ok(done),
        }
    }
}

/// Executes `COPY … FROM STDIN` with the rows that follow it in its file.
pub(crate) async fn copy(
    session: &mut dyn Session,
    cursor: &mut Cursor<'_>,
    unit: &Unit<'_>,
) -> Result<Result<Executed, StatementError>, ApplyError> {
    let mut rows = FileRows::new(cursor);
    let done = session.copy_in(unit.text, &mut rows).await;
    rows.outcome(done)
}

#[async_trait]
impl CopyRows for FileRows<'_, '_> {
    async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        self.cursor.next_rows().map_err(|error| {
            let told = std::io::Error::other(error.to_string());
            self.unreadable = Some(error);
            told
        })
    }
}

pub(crate) fn failed_statement(
    file: &File,
    unit: &Unit<'_>,
    error: StatementError,
) -> FailedStatement {
    let start = Position {
        line: unit.line,
        column: unit.column,
    };
    let row = copied_row(unit, error.detail.as_deref());
    let in_text = error.offset.map(|offset| unit.position(offset));
    FailedStatement {
        file: file.name().to_owned(),
        path: file.path().to_owned(),
        version: file.version().to_owned(),
        offset: unit.offset,
        position: row.or(in_text).unwrap_or(start),
        statement: unit.text.to_owned(),
        error,
        notes: Vec::new(),
    }
}

/// The place in the file of the row that a `COPY … FROM STDIN` refused: of
/// `COPY notes, line 3, column id` the third line after the statement's.
fn copied_row(unit: &Unit<'_>, detail: Option<&str>) -> Option<Position> {
    if !unit.kind.copies_from_stdin() {
        return None;
    }
    let (_, context) = detail?.split_once("COPY ")?;
    let (_, rest) = context.split_once(", line ")?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let number: usize = rest[..digits].parse().ok()?;
    Some(Position {
        line: unit.position(unit.text.len()).line + number,
        column: 1,
    })
}

#[cfg(test)]
mod tests {
    use shipgate_sql::{Dialect, Position};

    use super::copied_row;
    use crate::script::Unit;

    #[test]
    fn a_row_of_a_copy_has_its_line_in_the_file() {
        let copy = |text| Unit::new(Dialect::Postgres, 1, text, 0, (4, 1));
        let unit = copy("COPY notes\n (id, text) FROM stdin;");
        let at = |line| Some(Position { line, column: 1 });
        for (detail, row) in [
            ("in COPY notes, line 3, column id: \"x\"", at(8)),
            ("in COPY notes, line 12: \"x\"", at(17)),
            ("Key (id)=(1) already exists.\nin COPY notes, line 1", at(6)),
            ("Key (id)=(1) already exists.", None),
        ] {
            assert_eq!(copied_row(&unit, Some(detail)), row, "{detail}");
        }
        let other = copy("INSERT INTO notes VALUES (1)");
        assert_eq!(copied_row(&other, Some("in COPY notes, line 3")), None);
    }
}

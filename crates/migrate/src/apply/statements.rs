//! Executing a file's statements: those that may run together in batches, the
//! others one by one, and `COPY … FROM STDIN` with its rows.
//!
//! What is told of them is the same either way, and in the same order. A batch
//! is kept so short that what is told, a batch later, lags behind by moments.

use async_trait::async_trait;
use jiff::SignedDuration;
use shipgate_database::{CopyRows, ErrorKind, Executed, Session, StatementError};
use shipgate_sql::{Dialect, Position};

use crate::apply::file_run::Run;
use crate::apply::prepare::Prepared;
use crate::apply::teller::Teller;
use crate::apply::told::Told;
use crate::apply::{ApplyError, ApplySink, FailedStatement};
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

/// Statements that were done together and are not told of yet.
#[derive(Default)]
struct Untold {
    window: Window,
    done: Vec<Executed>,
}

impl Untold {
    fn tell(&mut self, teller: &mut Teller<'_, '_>) {
        teller.done_together(self.window.units().zip(&self.done));
        self.done.clear();
    }
}

/// Those of a window's statements that run together, and the one behind them
/// that does not.
fn parts<'u, 't>(
    units: &'u [Unit<'t>],
    dialect: Dialect,
) -> (&'u [Unit<'t>], Option<&'u Unit<'t>>) {
    match units.split_last() {
        Some((last, before)) if !last.may_run_together(dialect) => (before, Some(last)),
        _ => (units, None),
    }
}

impl Run<'_, '_> {
    /// Executes the statements of a file that are still to be executed. A
    /// transaction is open.
    ///
    /// While the database is at a batch, the one before it is told of and the
    /// one after it read.
    pub(super) async fn statements(&mut self, file: &Prepared<'_>) -> Result<(), ApplyError> {
        let dialect = self.conductor.session.dialect();
        let may_run_together = |unit: &Unit<'_>| unit.may_run_together(dialect);
        let mut cursor = file.cursor()?;
        self.read_as_taken_apart(file, &cursor).await?;
        let mut pace = Pace::new();
        let mut untold = Untold::default();
        let mut window = Window::default();
        cursor.fill(&mut window, pace.statements, &may_run_together)?;
        loop {
            let units: Vec<Unit<'_>> = window.units().collect();
            let (together, alone) = parts(&units, dialect);
            let mut following = None;
            if together.len() > 1 {
                let started = self.conductor.now();
                let meanwhile = |teller: &mut Teller<'_, '_>| {
                    untold.tell(teller);
                    // What stands behind one that runs alone may be its rows.
                    if alone.is_none() {
                        let mut window = Window::default();
                        let filled = cursor.fill(&mut window, pace.statements, &may_run_together);
                        following = Some(filled.map(|()| window));
                    }
                };
                let done = self.batch(file, together, meanwhile).await?;
                pace.took(self.conductor.now().duration_since(started));
                match alone {
                    None => {
                        untold.done = done;
                        untold.window = window;
                    }
                    Some(unit) => {
                        self.teller()
                            .done_together(together.iter().copied().zip(&done));
                        self.statement(file, &mut cursor, unit).await?;
                    }
                }
            } else {
                untold.tell(&mut self.teller());
                if units.is_empty() {
                    return Ok(());
                }
                for unit in &units {
                    self.statement(file, &mut cursor, unit).await?;
                }
            }
            window = match following {
                Some(Ok(following)) => following,
                Some(Err(error)) => {
                    untold.tell(&mut self.teller());
                    return Err(error.into());
                }
                None => {
                    let mut window = Window::default();
                    cursor.fill(&mut window, pace.statements, &may_run_together)?;
                    window
                }
            };
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
        self.teller().started(unit);
        let started = self.conductor.now();
        let executed = if unit.kind.copies_from_stdin() {
            self.copy(cursor, unit).await?
        } else {
            self.conductor.execute(unit.text).await
        };
        match executed {
            Ok(executed) => {
                let elapsed = GoDuration::between(started, self.conductor.now());
                self.teller().done(unit, Some(elapsed), &executed);
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

    /// Executes statements together, which are not told of yet if all are done;
    /// `meanwhile` is called while the database is at them.
    async fn batch(
        &mut self,
        file: &Prepared<'_>,
        units: &[Unit<'_>],
        meanwhile: impl FnOnce(&mut Teller<'_, '_>) + Send,
    ) -> Result<Vec<Executed>, ApplyError> {
        let report = &mut self.report;
        let meanwhile = |sink: &mut dyn ApplySink, told: &mut Told| {
            meanwhile(&mut Teller { report, sink, told });
        };
        if self.conductor.cancel.is_cancelled() {
            self.conductor.call_now(meanwhile);
            return Err(ApplyError::Cancelled(None));
        }
        let texts: Vec<&str> = units.iter().map(|unit| unit.text).collect();
        let batch = self.conductor.execute_all(&texts, meanwhile).await;
        match (batch.failed, units.get(batch.done.len())) {
            (Some(error), Some(unit)) => {
                let mut teller = self.teller();
                teller.done_together(units.iter().copied().zip(&batch.done));
                teller.started(unit);
                Err(self.statement_failed(file, unit, error))
            }
            _ => Ok(batch.done),
        }
    }

    pub(super) fn statement_failed(
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
        notes: way_out_of_transaction(file, &error).into_iter().collect(),
        error,
        may_be_done: false,
    }
}

/// How the file is executed without a transaction, if the statement refuses
/// to be in one.
fn way_out_of_transaction(file: &File, error: &StatementError) -> Option<String> {
    const REFUSALS: [&str; 2] = [
        // PostgreSQL's, and SQLite's.
        "inside a transaction block",
        "from within a transaction",
    ];
    let refuses = REFUSALS.iter().any(|words| error.message.contains(words));
    let mark = file.format().known_directives().without_transaction;
    refuses.then(|| match mark {
        Some(mark) => format!("`{mark}` executes the file without a transaction"),
        None => "`--tx-mode none` executes files without a transaction".to_owned(),
    })
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

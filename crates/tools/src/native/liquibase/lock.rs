//! The lock: a flag in the one row of `DATABASECHANGELOGLOCK`.
//!
//! It outlives its session. One that Shipgate set is therefore a dead run's: a
//! living one has Shipgate's own lock, which is ours when this one is asked for.

use shipgate_database::{ErrorKind, Session, StatementError, Value};
use shipgate_migrate::history::Entrance;
use shipgate_sql::Dialect;

use super::super::ledger::{run, text};
use super::tables::{moment, now, spelt, truth};
use crate::history::{HistoryError, TableName, read};
use crate::tools::liquibase::{TITLE, wanted_lock};

/// Who has it, as the row says, when we do.
const HOLDER: &str = "Shipgate";

/// The lock of a history.
#[derive(Debug)]
pub(super) struct Lock {
    table: TableName,
}

/// What the row says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    NoTable,
    Missing,
    Free,
    Held { by: String, since: String },
}

impl Lock {
    pub(super) const fn new(table: TableName) -> Self {
        Self { table }
    }

    /// Takes it, if it is to be had.
    pub(super) async fn enter(
        &self,
        session: &mut dyn Session,
    ) -> Result<Entrance, StatementError> {
        if self.look(session).await? == Row::NoTable
            && let Err(error) = self.create(session).await
            && self.look(session).await? == Row::NoTable
        {
            return Err(error);
        }
        if self.look(session).await? == Row::Missing
            && let Err(error) = self.begin(session).await
            && self.look(session).await? == Row::Missing
        {
            return Err(error);
        }
        let dialect = session.dialect();
        let statement = format!(
            "UPDATE {} SET LOCKED = {}, LOCKGRANTED = {}, LOCKEDBY = ? \
             WHERE ID = 1 AND (LOCKED = {} OR LOCKEDBY = ?)",
            spelt(&self.table, dialect),
            truth(dialect, true),
            now(dialect),
            truth(dialect, false),
        );
        run(session, &statement, &[text(HOLDER), text(HOLDER)]).await?;
        Ok(match self.look(session).await? {
            Row::Held { by, .. } if by == HOLDER => Entrance::Open,
            Row::Held { by, since } => Entrance::Held {
                by: format!(
                    "{by} holds the migration lock of {TITLE} since {since}; if nothing runs there: `liquibase release-locks`"
                ),
            },
            Row::NoTable | Row::Missing | Row::Free => Entrance::Held {
                by: format!("another session changes {}", self.table),
            },
        })
    }

    /// Gives it back, if it is ours.
    pub(super) async fn leave(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let dialect = session.dialect();
        let statement = format!(
            "UPDATE {} SET LOCKED = {}, LOCKGRANTED = NULL, LOCKEDBY = NULL \
             WHERE ID = 1 AND LOCKEDBY = ?",
            spelt(&self.table, dialect),
            truth(dialect, false),
        );
        run(session, &statement, &[text(HOLDER)]).await
    }

    async fn look(&self, session: &mut dyn Session) -> Result<Row, StatementError> {
        let wanted = [wanted_lock(self.table.clone())];
        let tables = match read(session, TITLE, &wanted).await {
            Ok(tables) => tables,
            Err(HistoryError::Refused { error, .. }) => return Err(*error),
            Err(other) => {
                let kind = ErrorKind::Refused;
                return Err(StatementError::new(kind, other.to_string()));
            }
        };
        let Some(table) = tables.get(0) else {
            return Ok(Row::NoTable);
        };
        let Some(row) = table.rows().next() else {
            return Ok(Row::Missing);
        };
        if row.truth("locked") != Some(true) {
            return Ok(Row::Free);
        }
        let since = row.time("lockgranted");
        Ok(Row::Held {
            by: row
                .text("lockedby")
                .unwrap_or_else(|| "somebody".to_owned()),
            since: since.map_or_else(|| "an unknown time".to_owned(), |at| format!("{at:.0}")),
        })
    }

    async fn create(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let dialect = session.dialect();
        let table = spelt(&self.table, dialect);
        let (integer, truth, key) = match dialect {
            Dialect::Sqlite => (
                "INTEGER",
                "BOOLEAN",
                "CONSTRAINT PK_DATABASECHANGELOGLOCK PRIMARY KEY (ID)",
            ),
            Dialect::Postgres => ("INTEGER", "BOOLEAN", "PRIMARY KEY (ID)"),
            Dialect::MySql | Dialect::MariaDb => ("INT", "TINYINT(1)", "PRIMARY KEY (ID)"),
        };
        let moment = moment(dialect);
        let statement = format!(
            "CREATE TABLE {table} (ID {integer} NOT NULL, LOCKED {truth} NOT NULL, \
             LOCKGRANTED {moment}, LOCKEDBY VARCHAR(255), {key})"
        );
        session.execute(&statement).await.map(|_| ())
    }

    /// Writes the row.
    async fn begin(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let dialect = session.dialect();
        let statement = format!(
            "INSERT INTO {} (ID, LOCKED) VALUES (?, {})",
            spelt(&self.table, dialect),
            truth(dialect, false)
        );
        run(session, &statement, &[Value::Integer(1)]).await
    }
}

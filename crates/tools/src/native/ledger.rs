//! What a tool's own history table is made of, and how it is written.

use std::fmt;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use shipgate_database::{Session, StatementError, Value};
use shipgate_migrate::directory::File;
use shipgate_migrate::history::{Entrance, RowStatement, Timing};
use shipgate_sql::Dialect;

use crate::checksum::Checksum;
use crate::compare::Record;
use crate::history::{HistoryError, TableName, Tables, Wanted};

/// What a tool's tables hold.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// What its rows say; the id is the version as the tool's layout has it.
    pub records: Vec<Record>,
    /// What a row declares applied up to its version, whether or not a file
    /// of that version is there.
    pub baseline: Option<Record>,
    /// What is strange about them, one sentence each.
    pub warnings: Vec<String>,
    /// Columns that an older version of the tool did not make.
    pub missing_columns: Vec<&'static str>,
}

/// A row to be written.
#[derive(Clone, Debug)]
pub struct Line<'l> {
    /// The version, as the tool's layout has it.
    pub version: &'l str,
    /// The description.
    pub description: &'l str,
    /// The file's name in its directory; empty if the file is gone.
    pub file: &'l str,
    /// The checksum that the tool would write; nothing if it keeps none.
    pub checksum: Option<&'l str>,
    /// All checksums that the tool may have written, that one first.
    pub checksums: &'l [String],
    /// When the file began.
    pub started: Timestamp,
    /// How long it took until now.
    pub elapsed: SignedDuration,
    /// Statements done.
    pub done: i64,
    /// The database's message, if the file failed.
    pub error: &'l str,
}

impl Line<'_> {
    /// When it ended.
    pub(crate) fn ended(&self) -> Timestamp {
        self.started
            .checked_add(self.elapsed)
            .unwrap_or(self.started)
    }
}

/// A tool's own history table, as the tool itself writes it.
///
/// A tool whose rows are written at once has a [`Ledger::row`], or it
/// [records](Ledger::record) them.
///
/// A file that one transaction spans is [recorded](Ledger::record) before its
/// first statement and [finished](Ledger::finish) after its last, in that
/// transaction. One that is executed step by step is [begun](Ledger::begin)
/// and [completed](Ledger::complete), or [failed](Ledger::fail).
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync {
    /// The tool, in sentences.
    fn title(&self) -> &'static str;

    /// The tables to be read: first the history's own.
    fn wanted(&self, dialect: Dialect) -> Vec<Wanted>;

    /// Why these migrations are not for databases of this kind; nothing if they are.
    fn refusal(&self, _dialect: Dialect) -> Option<String> {
        None
    }

    /// What the tables of [`Ledger::wanted`] say.
    ///
    /// # Errors
    /// A row holds what the tool does not write.
    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError>;

    /// What the tool's checksum of a file may be; the first is the one it writes.
    fn checksum(&self, _file: &File, _content: &[u8]) -> Checksum {
        Checksum::None
    }

    /// The statements that make the table, as the tool makes it.
    fn create(&self, dialect: Dialect) -> Vec<String>;

    /// Adds the [`Lines::missing_columns`], as the tool itself does.
    async fn add_columns(&self, _session: &mut dyn Session) -> Result<(), StatementError> {
        Ok(())
    }

    /// The ways out of a failed row that the tool itself left.
    fn ways_out(&self, _version: &str) -> Vec<String> {
        Vec::new()
    }

    /// Why a database without history must not be touched; nothing if the
    /// tool does not mind what is in it.
    async fn not_clean(
        &self,
        _session: &mut dyn Session,
    ) -> Result<Option<String>, StatementError> {
        Ok(None)
    }

    /// The statements that write the row of a file that is done, all of it at
    /// once; nothing if that takes more than statements.
    fn row(
        &self,
        _dialect: Dialect,
        _line: &Line<'_>,
        _timing: Timing,
    ) -> Option<Vec<RowStatement>> {
        None
    }

    /// Writes the row of a file whose transaction is open.
    async fn record(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        let row = self.row(session.dialect(), line, Timing::Revision);
        for RowStatement { text, values } in row.unwrap_or_default() {
            session.query(&text, &values).await?;
        }
        Ok(())
    }

    /// Writes into that row what is known at the end only.
    async fn finish(
        &self,
        _session: &mut dyn Session,
        _line: &Line<'_>,
    ) -> Result<(), StatementError> {
        Ok(())
    }

    /// Writes what the tool writes before a file that no transaction spans.
    /// Called again when the file is taken up again.
    async fn begin(
        &self,
        _session: &mut dyn Session,
        _line: &Line<'_>,
    ) -> Result<(), StatementError> {
        Ok(())
    }

    /// Writes what the tool writes when such a file fails.
    async fn fail(
        &self,
        _session: &mut dyn Session,
        _line: &Line<'_>,
    ) -> Result<(), StatementError> {
        Ok(())
    }

    /// Writes that such a file is done.
    async fn complete(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.record(session, line).await?;
        self.finish(session, line).await
    }

    /// Writes that a person says that a version is applied, whatever its rows said.
    async fn resolve(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.forget(session, line.version).await?;
        self.record(session, line).await?;
        self.finish(session, line).await
    }

    /// Deletes the rows of a version.
    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError>;

    /// Takes the tool's own lock, without waiting for it.
    async fn enter(&self, _session: &mut dyn Session) -> Result<Entrance, StatementError> {
        Ok(Entrance::Open)
    }

    /// Gives it back.
    async fn leave(&self, _session: &mut dyn Session) -> Result<(), StatementError> {
        Ok(())
    }
}

/// A statement with the names of its values in order: `?` becomes `$1`, `$2`
/// and so on where the database counts them.
pub(crate) fn numbered(dialect: Dialect, statement: &str) -> String {
    if dialect != Dialect::Postgres {
        return statement.to_owned();
    }
    let mut parts = statement.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (number, part) in (1..).zip(parts) {
        text.push_str(&format!("${number}{part}"));
    }
    text
}

/// The one statement of a row, in which `?` stands for each value.
pub(crate) fn one<const N: usize>(
    dialect: Dialect,
    statement: &str,
    values: [Value; N],
) -> Option<Vec<RowStatement>> {
    Some(vec![RowStatement {
        text: numbered(dialect, statement),
        values: values.into(),
    }])
}

/// How long the transaction has lasted, as PostgreSQL counts it, in parts of a
/// second of which there are so many in one.
pub(crate) fn elapsed_sql(parts: u64) -> String {
    format!(
        "(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) \
         * {parts})::bigint"
    )
}

/// Whether a database tells the times of its rows itself, where it is asked to.
pub(crate) fn tells_time(dialect: Dialect) -> bool {
    dialect == Dialect::Postgres
}

/// Runs a statement in which `?` stands for each value.
pub(crate) async fn run(
    session: &mut dyn Session,
    statement: &str,
    values: &[Value],
) -> Result<(), StatementError> {
    let statement = numbered(session.dialect(), statement);
    session.query(&statement, values).await.map(|_| ())
}

/// Deletes the rows of a table in which a column has a value.
pub(crate) async fn delete(
    session: &mut dyn Session,
    table: &TableName,
    column: &str,
    value: Value,
) -> Result<(), StatementError> {
    let table = table.quoted(session.dialect());
    let statement = format!("DELETE FROM {table} WHERE {column} = ?");
    run(session, &statement, &[value]).await
}

/// A version that begins with a number, as that number.
pub(crate) fn number(version: &str) -> Value {
    if let Ok(number) = version.parse() {
        return Value::Integer(number);
    }
    let is_digit = |letter: &char| letter.is_ascii_digit();
    let digits: String = version.chars().take_while(is_digit).collect();
    digits
        .parse()
        .map_or_else(|_| text(version), Value::Integer)
}

/// A text as a value.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::numbered;

    #[test]
    fn values_are_numbered_where_the_database_counts_them() {
        let statement = "UPDATE t SET a = ? WHERE b = ?";
        assert_eq!(
            numbered(Dialect::Postgres, statement),
            "UPDATE t SET a = $1 WHERE b = $2"
        );
        assert_eq!(numbered(Dialect::MySql, statement), statement);
    }
}

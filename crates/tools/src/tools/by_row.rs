//! Tools whose history has a row for each migration: what they share.

use shipgate_sql::Dialect;

use crate::compare::{Comparison, Record, Rules, by_id};
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, Row, Table, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::native::Lines;
use crate::tool::{Migrations, Place};

/// What a row is.
pub(crate) enum Parsed {
    /// It is about a migration.
    Record(Record),
    /// Another program wrote it.
    Foreign(String),
}

/// What a tool of this kind has to say about its history.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// The tool, in sentences.
    pub(crate) title: &'static str,
    /// Columns the table has.
    pub(crate) required: &'static [&'static str],
    /// Columns it may have.
    pub(crate) optional: &'static [&'static str],
    /// Columns it never has.
    pub(crate) foreign: &'static [&'static str],
    /// The table beside it that says who runs.
    pub(crate) lock: Option<fn(&TableName) -> Wanted>,
    /// What a row says; Err: what the tool does not write.
    pub(crate) record: fn(&Table, &Row<'_>) -> Result<Parsed, String>,
    /// What is not in line.
    pub(crate) rules: Rules,
    /// Warnings and ways out, when all is compared.
    pub(crate) finish: fn(&mut Comparison, &Tables),
}

/// Migrations of such a tool.
pub(crate) struct ByRow {
    pub(crate) place: Place,
    pub(crate) table: TableName,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) layout: &'static Layout,
}

impl std::fmt::Debug for ByRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByRow")
            .field("tool", &self.layout.title)
            .field("place", &self.place)
            .field("migrations", &self.migrations)
            .finish_non_exhaustive()
    }
}

impl ByRow {
    /// Migrations without their files.
    pub(super) fn expecting(
        expected: &Expected,
        layout: &'static Layout,
    ) -> Result<Box<dyn Migrations>, BadExpectation> {
        Ok(Box::new(Self {
            place: expected.place(),
            table: expected.table()?,
            migrations: expected.read(),
            layout,
        }))
    }
}

impl Layout {
    /// The rows of a table.
    pub(crate) fn records(
        &self,
        table: &Table,
        foreign: &mut Vec<String>,
    ) -> Result<Vec<Record>, HistoryError> {
        let mut records = Vec::with_capacity(table.rows.len());
        for row in table.rows() {
            match (self.record)(table, &row) {
                Ok(Parsed::Record(record)) => records.push(record),
                Ok(Parsed::Foreign(row)) => foreign.push(row),
                Err(why) => {
                    return Err(HistoryError::Row {
                        table: table.name.clone(),
                        tool: self.title,
                        why,
                    });
                }
            }
        }
        Ok(records)
    }

    /// What the tables say, of which the first is the history's.
    pub(crate) fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        let mut lines = Lines::default();
        if let Some(table) = tables.get(0) {
            lines.records = self.records(table, &mut lines.warnings)?;
        }
        Ok(lines)
    }

    pub(crate) fn wanted(&self, table: &TableName) -> Vec<Wanted> {
        let main = Wanted::new(table.clone(), self.required)
            .optional(self.optional)
            .foreign(self.foreign);
        let lock = self.lock.map(|lock| lock(table));
        std::iter::once(main).chain(lock).collect()
    }
}

impl Migrations for ByRow {
    fn place(&self) -> &Place {
        &self.place
    }

    fn listed(&self) -> Vec<Migration> {
        self.migrations.clone()
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        self.layout.wanted(&self.table)
    }

    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError> {
        let mut foreign = Vec::new();
        let records = match tables.get(0) {
            Some(table) => self.layout.records(table, &mut foreign)?,
            None => Vec::new(),
        };
        let mut comparison = by_id(self.migrations.clone(), records, &self.layout.rules);
        comparison.foreign = foreign;
        (self.layout.finish)(&mut comparison, tables);
        Ok(comparison)
    }
}

/// The text of a column that must not be empty.
pub(crate) fn needed(row: &Row<'_>, column: &str) -> Result<String, String> {
    row.text(column)
        .ok_or_else(|| format!("{column} is NULL in a row"))
}

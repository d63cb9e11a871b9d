//! `atlas_schema_revisions` on SQLite, column for column as Atlas creates and fills it.

use async_trait::async_trait;
use shipgate_database::{Session, StatementError, Value};
use shipgate_sql::Dialect;

use super::columns::{read_older, revisions_of};
use super::revision::Revision;
use super::rows::{COLUMNS, Spelling, values_of};
use super::store::{History, HistoryError, RowStatement, Snapshot, Started, Timing};
use super::updates::{Updates, define, write};

/// The history of a SQLite database.
pub(super) struct SqliteHistory {
    name: &'static str,
    updates: Updates,
}

impl SqliteHistory {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            updates: Updates::of(Dialect::Sqlite, &format!("`{name}`")),
        }
    }

    fn select(&self, is_there: impl Fn(&str) -> bool) -> String {
        let columns = COLUMNS.map(|column| {
            if is_there(column) {
                // A name in backticks that is no column is an error, one in double quotes a text.
                format!("`{column}`")
            } else {
                format!("NULL AS `{column}`")
            }
        });
        format!("SELECT {} FROM `{}`", columns.join(", "), self.name)
    }

    fn insert(&self) -> String {
        let columns = COLUMNS.map(|column| format!("`{column}`"));
        let values = COLUMNS.map(|_| "?");
        format!(
            "INSERT INTO `{}` ({}) VALUES ({})",
            self.name,
            columns.join(", "),
            values.join(", ")
        )
    }

    fn is_missing(&self, error: &StatementError) -> bool {
        let missing = error.message.strip_prefix("no such table: ");
        missing.is_some_and(|table| table.rsplit('.').next() == Some(self.name))
    }
}

const DEFINITIONS: &str = "(`version` text NOT NULL, `description` text NOT NULL, \
    `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), \
    `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, \
    `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, \
    `hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, \
    PRIMARY KEY (`version`))";

/// All but the key, the description and the time of the first write.
const ON_CONFLICT: &str = " ON CONFLICT (`version`) DO UPDATE SET `type` = excluded.`type`, \
    `applied` = excluded.`applied`, `total` = excluded.`total`, \
    `execution_time` = excluded.`execution_time`, `error` = excluded.`error`, \
    `error_stmt` = excluded.`error_stmt`, `hash` = excluded.`hash`, \
    `partial_hashes` = excluded.`partial_hashes`, `operator_version` = excluded.`operator_version`";

const TABLES: &str = "SELECT `name` FROM `sqlite_master` WHERE `type` = 'table' \
    AND `name` NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND `name` NOT IN ('atlas_schema_revisions', 'shipgate_lease') ORDER BY `name`";

/// A column's type as Atlas declares it, for a table with rows.
fn added_definition(column: &str) -> &'static str {
    match column {
        "type" => "integer NOT NULL DEFAULT (2)",
        "applied" | "total" | "execution_time" => "integer NOT NULL DEFAULT 0",
        "executed_at" => "datetime NOT NULL DEFAULT '1970-01-01 00:00:00+00:00'",
        "error" | "error_stmt" => "text NULL",
        "partial_hashes" => "json NULL",
        _ => "text NOT NULL DEFAULT ''",
    }
}

#[async_trait]
impl History for SqliteHistory {
    fn schema(&self) -> Option<&str> {
        None
    }

    async fn read(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError> {
        match session.query(&self.select(|_| true), &[]).await {
            Ok(rows) => Ok(Snapshot {
                table_exists: true,
                revisions: revisions_of(rows)?,
                ..Snapshot::default()
            }),
            Err(error) if self.is_missing(&error) => Ok(Snapshot::default()),
            Err(error) if error.message.starts_with("no such column: ") => {
                let names = format!("SELECT name FROM pragma_table_info('{}')", self.name);
                read_older(session, &names, |there| {
                    self.select(|column| there.contains(column))
                })
                .await
            }
            Err(error) => Err(HistoryError::Read(error)),
        }
    }

    async fn create(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        let statement = format!("CREATE TABLE `{}` {DEFINITIONS}", self.name);
        define(session, &statement).await
    }

    async fn add_columns(
        &self,
        session: &mut dyn Session,
        columns: &[&'static str],
    ) -> Result<(), HistoryError> {
        for column in columns {
            let statement = format!(
                "ALTER TABLE `{}` ADD COLUMN `{column}` {}",
                self.name,
                added_definition(column)
            );
            define(session, &statement).await?;
        }
        Ok(())
    }

    async fn start(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
        started: Started,
    ) -> Result<(), HistoryError> {
        let (guard, seen) = match started {
            Started::New => ("", None),
            Started::Resumed { applied } => (" WHERE `applied` = ?", Some(Value::Integer(applied))),
        };
        let conflict = match started {
            Started::New => " ON CONFLICT (`version`) DO NOTHING",
            Started::Resumed { .. } => ON_CONFLICT,
        };
        let statement = format!("{}{conflict}{guard} RETURNING `version`", self.insert());
        let mut values = values_of(revision, Spelling::Sqlite);
        values.extend(seen);
        let written = session
            .query(&statement, &values)
            .await
            .map_err(HistoryError::Write)?;
        if written.is_empty() {
            return Err(HistoryError::Changed(revision.version.clone()));
        }
        Ok(())
    }

    async fn progress(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
    ) -> Result<(), HistoryError> {
        self.updates.progress(session, version, applied).await
    }

    async fn intend(
        &self,
        session: &mut dyn Session,
        version: &str,
        applied: i64,
        statement: &str,
        intent: &str,
    ) -> Result<(), HistoryError> {
        let updates = &self.updates;
        updates
            .intend(session, version, applied, statement, intent)
            .await
    }

    async fn write(
        &self,
        session: &mut dyn Session,
        revision: &Revision,
    ) -> Result<(), HistoryError> {
        let statement = format!("{}{ON_CONFLICT}", self.insert());
        write(session, &statement, &values_of(revision, Spelling::Sqlite)).await
    }

    fn insertion(&self, revision: &Revision, timing: Timing) -> Option<Vec<RowStatement>> {
        (timing == Timing::Revision).then(|| {
            let text = self.insert();
            let values = values_of(revision, Spelling::Sqlite);
            vec![RowStatement { text, values }]
        })
    }

    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError> {
        self.updates.delete(session, version).await
    }

    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError> {
        let tables = session
            .query(TABLES, &[])
            .await
            .map_err(HistoryError::Read)?;
        Ok(match tables.len() {
            0 => None,
            // The count has always included the history's own table.
            others => Some(format!("found multiple tables: {}", others + 1)),
        })
    }
}

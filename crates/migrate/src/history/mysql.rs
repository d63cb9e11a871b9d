//! `atlas_schema_revisions` on MySQL and MariaDB, column for column as Atlas creates and fills it.

use async_trait::async_trait;
use shipgate_database::{DatabaseUrl, LEASE_TABLE, Session, Value};
use shipgate_sql::{Dialect, quoted_name};

use super::TABLE;
use super::clean;
use super::columns::{has_code, read_older, revisions_of};
use super::placement::Placement;
use super::revision::Revision;
use super::rows::{COLUMNS, Spelling, values_of, written_over};
use super::store::{History, HistoryError, RowStatement, Snapshot, Started, Timing};
use super::updates::{Updates, define, write};

/// `ER_NO_SUCH_TABLE` and `ER_BAD_DB_ERROR`, by number and by SQLSTATE.
const NO_TABLE: &[&str] = &["1146", "42S02", "1049"];

/// `ER_BAD_FIELD_ERROR`.
const NO_COLUMN: &[&str] = &["1054", "42S22"];

/// `ER_DUP_ENTRY`.
const DUPLICATE: &[&str] = &["1062"];

/// The history of a MySQL or MariaDB server.
pub(super) struct MySqlHistory {
    placement: Placement,
    connected: Option<String>,
    name: &'static str,
    table: String,
    updates: Updates,
}

impl MySqlHistory {
    pub(super) fn new(url: &DatabaseUrl, asked: Option<&str>, name: &'static str) -> Self {
        let placement = Placement::of(url, asked);
        let table = placement.table(Dialect::MySql, name);
        Self {
            connected: Placement::connected_schema(url),
            updates: Updates::of(Dialect::MySql, &table),
            name,
            table,
            placement,
        }
    }

    fn select(&self, is_there: impl Fn(&str) -> bool) -> String {
        let columns = COLUMNS.map(|column| match column {
            column if !is_there(column) => format!("NULL AS `{column}`"),
            "executed_at" => "CAST(`executed_at` AS CHAR)".to_owned(),
            "type" => "CAST(`type` AS SIGNED)".to_owned(),
            column => format!("`{column}`"),
        });
        format!(
            "SELECT {} FROM {} ORDER BY `version`",
            columns.join(", "),
            self.table
        )
    }

    fn insert(&self) -> String {
        let columns = COLUMNS.map(|column| format!("`{column}`"));
        let values = COLUMNS.map(|_| "?");
        format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.table,
            columns.join(", "),
            values.join(", ")
        )
    }

    async fn older(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError> {
        let names = format!(
            "SELECT column_name FROM information_schema.columns \
             WHERE table_schema = {} AND table_name = '{}'",
            hexadecimal(&self.placement.schema),
            self.name
        );
        read_older(session, &names, |there| {
            self.select(|column| there.contains(column))
        })
        .await
    }

    async fn refuse_ambiguous(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        if !self.placement.may_be_ambiguous() {
            return Ok(());
        }
        let other = format!(
            "SELECT 1 FROM information_schema.tables \
             WHERE table_schema = '{TABLE}' AND table_name = '{TABLE}'"
        );
        let rows = session
            .query(&other, &[])
            .await
            .map_err(HistoryError::Read)?;
        if rows.is_empty() {
            Ok(())
        } else {
            Err(HistoryError::Ambiguous)
        }
    }
}

/// A text as a literal that no mode of the server reads differently.
fn hexadecimal(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    if digits.is_empty() {
        "''".to_owned()
    } else {
        format!("CONVERT(0x{digits} USING utf8mb4)")
    }
}

/// A column's type as Atlas declares it.
fn definition(column: &str) -> &'static str {
    match column {
        "type" => "bigint unsigned NOT NULL DEFAULT 2",
        "applied" | "total" => "bigint NOT NULL DEFAULT 0",
        "executed_at" => "timestamp NULL",
        "execution_time" => "bigint NOT NULL",
        "error" | "error_stmt" => "longtext NULL",
        "partial_hashes" => "json NULL",
        _ => "varchar(255) NOT NULL",
    }
}

#[async_trait]
impl History for MySqlHistory {
    fn schema(&self) -> Option<&str> {
        Some(&self.placement.schema)
    }

    async fn read(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError> {
        match session.query(&self.select(|_| true), &[]).await {
            Ok(rows) => Ok(Snapshot {
                table_exists: true,
                revisions: revisions_of(rows)?,
                ..Snapshot::default()
            }),
            Err(error) if has_code(&error, NO_TABLE) => {
                self.refuse_ambiguous(session).await?;
                Ok(Snapshot::default())
            }
            Err(error) if has_code(&error, NO_COLUMN) => self.older(session).await,
            Err(error) => Err(HistoryError::Read(error)),
        }
    }

    async fn create(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        let schema = &self.placement.schema;
        let known = session
            .query(
                "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?",
                &[Value::Text(schema.clone())],
            )
            .await
            .map_err(HistoryError::Create)?;
        if known.is_empty() {
            let statement = format!(
                "CREATE DATABASE IF NOT EXISTS {}",
                quoted_name(Dialect::MySql, schema)
            );
            define(session, &statement).await?;
        }
        let columns = COLUMNS.map(|column| format!("`{column}` {}", definition(column)));
        let statement = format!(
            "CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY (`version`)) \
             ENGINE InnoDB CHARSET utf8mb4 COLLATE utf8mb4_bin",
            self.table,
            columns.join(", ")
        );
        define(session, &statement).await
    }

    async fn add_columns(
        &self,
        session: &mut dyn Session,
        columns: &[&'static str],
    ) -> Result<(), HistoryError> {
        for column in columns {
            let statement = format!(
                "ALTER TABLE {} ADD COLUMN `{column}` {}",
                self.table,
                definition(column)
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
        let changed = || HistoryError::Changed(revision.version.clone());
        let Started::Resumed { applied } = started else {
            let values = values_of(revision, Spelling::MySql);
            return match session.query(&self.insert(), &values).await {
                Ok(_) => Ok(()),
                Err(error) if is_duplicate(&error) => Err(changed()),
                Err(error) => Err(HistoryError::Write(error)),
            };
        };
        let seen = format!(
            "SELECT `applied` FROM {} WHERE `version` = ? FOR UPDATE",
            self.table
        );
        let rows = session
            .query(&seen, &[Value::Text(revision.version.clone())])
            .await
            .map_err(HistoryError::Write)?;
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Integer(found)) if *found == applied => self.write(session, revision).await,
            Some(Value::Text(found)) if *found == applied.to_string() => {
                self.write(session, revision).await
            }
            _ => Err(changed()),
        }
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
        let columns: Vec<_> = written_over()
            .map(|column| format!("`{column}` = VALUES(`{column}`)"))
            .collect();
        let statement = format!(
            "{} ON DUPLICATE KEY UPDATE {}",
            self.insert(),
            columns.join(", ")
        );
        write(session, &statement, &values_of(revision, Spelling::MySql)).await
    }

    fn insertion(&self, revision: &Revision, timing: Timing) -> Option<Vec<RowStatement>> {
        (timing == Timing::Revision).then(|| {
            let text = self.insert();
            let values = values_of(revision, Spelling::MySql);
            vec![RowStatement { text, values }]
        })
    }

    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError> {
        self.updates.delete(session, version).await
    }

    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError> {
        let only = match &self.connected {
            Some(schema) => format!("s.schema_name = {}", hexadecimal(schema)),
            None => "s.schema_name NOT IN \
                     ('mysql', 'information_schema', 'performance_schema', 'sys')"
                .to_owned(),
        };
        let statement = format!(
            "SELECT s.schema_name, t.table_name FROM information_schema.schemata s \
             LEFT JOIN information_schema.tables t ON t.table_schema = s.schema_name \
             AND t.table_type = 'BASE TABLE' AND t.table_name <> '{LEASE_TABLE}' \
             WHERE {only} ORDER BY s.schema_name, t.table_name"
        );
        let rows = session
            .query(&statement, &[])
            .await
            .map_err(HistoryError::Read)?;
        let schemas = clean::schemas_of(rows);
        Ok(match &self.connected {
            Some(schema) => clean::connected(&schemas, schema, &self.placement.schema),
            None => clean::mysql(&schemas, &self.placement.schema),
        })
    }
}

fn is_duplicate(error: &shipgate_database::StatementError) -> bool {
    has_code(error, DUPLICATE) || error.message.starts_with("Duplicate entry")
}

//! `atlas_schema_revisions` on PostgreSQL, column for column as Atlas creates and fills it.

use async_trait::async_trait;
use shipgate_database::{DatabaseUrl, LEASE_TABLE, Session, Value};
use shipgate_sql::{Dialect, quoted_name};

use super::TABLE;
use super::clean;
use super::columns::{has_code, read_older, revisions_of};
use super::placement::{Placement, quoted_text};
use super::revision::Revision;
use super::rows::{COLUMNS, Spelling, values_of, written_over};
use super::store::{History, HistoryError, RowStatement, Snapshot, Started, Timing};
use super::updates::{Updates, define, write};

/// `undefined_table`; `invalid_schema_name`.
const NO_TABLE: &[&str] = &["42P01", "3F000"];

/// `undefined_column`.
const NO_COLUMN: &[&str] = &["42703"];

/// The history of a PostgreSQL database.
pub(super) struct PostgresHistory {
    placement: Placement,
    connected: Option<String>,
    table: String,
    updates: Updates,
}

impl PostgresHistory {
    pub(super) fn new(url: &DatabaseUrl, asked: Option<&str>, name: &'static str) -> Self {
        let placement = Placement::of(url, asked);
        let table = placement.table(Dialect::Postgres, name);
        Self {
            connected: Placement::connected_schema(url),
            updates: Updates::of(Dialect::Postgres, &table),
            table,
            placement,
        }
    }

    fn select(&self, is_there: impl Fn(&str) -> bool) -> String {
        let columns = COLUMNS.map(|column| match column {
            column if !is_there(column) => format!("NULL AS \"{column}\""),
            // A number is read and written faster than a text, and in every time zone the same.
            "executed_at" => "date_part('epoch', \"executed_at\")".to_owned(),
            column => format!("\"{column}\""),
        });
        format!("SELECT {} FROM {}", columns.join(", "), self.table)
    }

    fn insert(&self) -> String {
        self.insert_with(|_| None)
    }

    /// A row of which some values are expressions, and the others bound.
    fn insert_with(&self, expression: impl Fn(&str) -> Option<&'static str>) -> String {
        let columns = COLUMNS.map(|column| format!("\"{column}\""));
        let mut bound = 0;
        let values = COLUMNS.map(|column| match expression(column) {
            Some(expression) => expression.to_owned(),
            None => {
                bound += 1;
                format!("${bound}")
            }
        });
        format!(
            "INSERT INTO {} AS \"row\" ({}) VALUES ({})",
            self.table,
            columns.join(", "),
            values.join(", ")
        )
    }

    async fn column_names(&self, session: &mut dyn Session) -> Result<Snapshot, HistoryError> {
        let names = format!(
            "SELECT attname::text FROM pg_catalog.pg_attribute \
             WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped",
            quoted_text(&self.table)
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
        let other = format!("SELECT to_regclass('\"{TABLE}\".\"{TABLE}\"') IS NOT NULL");
        let rows = session
            .query(&other, &[])
            .await
            .map_err(HistoryError::Read)?;
        if rows.first().and_then(|row| row.first()) == Some(&Value::Integer(1)) {
            return Err(HistoryError::Ambiguous);
        }
        Ok(())
    }
}

fn on_conflict() -> String {
    let columns: Vec<_> = written_over()
        .map(|column| format!("\"{column}\" = excluded.\"{column}\""))
        .collect();
    format!(
        " ON CONFLICT (\"version\") DO UPDATE SET {}",
        columns.join(", ")
    )
}

/// What the database writes itself into a column of a file's row.
fn database_time(column: &str) -> Option<&'static str> {
    match column {
        "executed_at" => Some("pg_catalog.transaction_timestamp()"),
        "execution_time" => Some(
            "(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) \
             * 1000000000)::bigint",
        ),
        _ => None,
    }
}

/// A column's type as Atlas declares it.
fn definition(column: &str) -> &'static str {
    match column {
        "type" => "bigint NOT NULL DEFAULT 2",
        "applied" | "total" => "bigint NOT NULL DEFAULT 0",
        "executed_at" => "timestamptz NOT NULL",
        "execution_time" => "bigint NOT NULL",
        "error" | "error_stmt" => "text NULL",
        "partial_hashes" => "jsonb NULL",
        _ => "character varying NOT NULL",
    }
}

/// What rows that are there already get in a new column without a default of its own.
fn filling(column: &str) -> Option<&'static str> {
    match column {
        "executed_at" => Some("now()"),
        "execution_time" => Some("0"),
        "type" | "applied" | "total" | "error" | "error_stmt" | "partial_hashes" => None,
        _ => Some("''"),
    }
}

#[async_trait]
impl History for PostgresHistory {
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
            Err(error) if has_code(&error, NO_COLUMN) => self.column_names(session).await,
            Err(error) => Err(HistoryError::Read(error)),
        }
    }

    async fn create(&self, session: &mut dyn Session) -> Result<(), HistoryError> {
        let schema = &self.placement.schema;
        let known = format!(
            "SELECT to_regnamespace({}) IS NOT NULL",
            quoted_text(&quoted_name(Dialect::Postgres, schema))
        );
        let rows = session
            .query(&known, &[])
            .await
            .map_err(HistoryError::Create)?;
        if rows.first().and_then(|row| row.first()) != Some(&Value::Integer(1)) {
            let statement = format!(
                "CREATE SCHEMA IF NOT EXISTS {}",
                quoted_name(Dialect::Postgres, schema)
            );
            define(session, &statement).await?;
        }
        let columns = COLUMNS.map(|column| format!("\"{column}\" {}", definition(column)));
        let statement = format!(
            "CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY (\"version\"))",
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
            let filling = filling(column);
            let default = filling.map_or(String::new(), |value| format!(" DEFAULT {value}"));
            let mut statement = format!(
                "ALTER TABLE {} ADD COLUMN IF NOT EXISTS \"{column}\" {}{default}",
                self.table,
                definition(column)
            );
            if filling.is_some() {
                statement.push_str(&format!(
                    "; ALTER TABLE {} ALTER COLUMN \"{column}\" DROP DEFAULT",
                    self.table
                ));
            }
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
        let mut values = values_of(revision, Spelling::Postgres);
        let conflict = match started {
            Started::New => " ON CONFLICT (\"version\") DO NOTHING".to_owned(),
            Started::Resumed { applied } => {
                values.push(Value::Integer(applied));
                let seen = values.len();
                format!("{} WHERE \"row\".\"applied\" = ${seen}", on_conflict())
            }
        };
        let statement = format!("{}{conflict} RETURNING \"version\"", self.insert());
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
        let statement = format!("{}{}", self.insert(), on_conflict());
        write(
            session,
            &statement,
            &values_of(revision, Spelling::Postgres),
        )
        .await
    }

    fn insertion(&self, revision: &Revision, timing: Timing) -> Option<Vec<RowStatement>> {
        let values = values_of(revision, Spelling::Postgres);
        Some(vec![match timing {
            Timing::Revision => RowStatement {
                text: self.insert(),
                values,
            },
            Timing::Database => {
                let is_bound = |column: &&str| database_time(column).is_none();
                let bound = COLUMNS.iter().zip(values);
                let bound = bound.filter(|(column, _)| is_bound(column));
                RowStatement {
                    text: self.insert_with(database_time),
                    values: bound.map(|(_, value)| value).collect(),
                }
            }
        }])
    }

    async fn delete(&self, session: &mut dyn Session, version: &str) -> Result<(), HistoryError> {
        self.updates.delete(session, version).await
    }

    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, HistoryError> {
        let schemas = format!(
            "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_namespace n \
             LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid \
             AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> '{LEASE_TABLE}' \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
             WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e') \
             ORDER BY n.nspname, c.relname"
        );
        let rows = session
            .query(&schemas, &[])
            .await
            .map_err(HistoryError::Read)?;
        let schemas = clean::schemas_of(rows);
        Ok(match &self.connected {
            Some(schema) => clean::connected(&schemas, schema, &self.placement.schema),
            None => clean::postgres(&schemas, &self.placement.schema),
        })
    }
}

//! Drizzle, applied without it.
//!
//! Before 1.0 the journal has the order and the times by which rows are known;
//! from 1.0 on it is folders, known by their names, and the table of an older
//! version is given the columns for that. Drizzle takes no lock, never compares
//! hashes, and before 1.0 passes an entry over whose time is not the latest:
//! here edits are refused, and such an entry is told and applied.
//!
//! Source: <https://orm.drizzle.team/docs/migrations>.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{Session, StatementError, Value};
use shipgate_migrate::TxMode;
use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::directory::{Directory, File, Location};
use shipgate_migrate::formats::{Format, NewFile, Part, PartError};
use shipgate_migrate::history::{RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::{Dialect, quoted_name};

use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, numbered, run, tells_time, text};
use crate::checksum::{self, Checksum};
use crate::history::{HistoryError, Table, TableName, Tables, Wanted, read};
use crate::project::Project;
use crate::tool::{Migrations, Settings};
use crate::tools::drizzle::{DrizzleMigrations, Noted, Owners, TITLE, Tie, Timed};

const BREAKPOINT: &str = "--> statement-breakpoint";
const IN_FOLDER: &str = "/migration.sql";
const SUFFIX: &str = ".sql";

/// `<tag>.sql` or `<folder>/migration.sql`. The version is the whole tag or
/// folder: two branches may have used one number.
#[derive(Debug)]
pub(crate) struct DrizzleFormat;

impl Format for DrizzleFormat {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn is_migration(&self, name: &str) -> bool {
        match name.strip_suffix(IN_FOLDER) {
            Some(folder) => !folder.contains('/'),
            None => name.ends_with(SUFFIX) && !name.contains('/'),
        }
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        let tag = name
            .strip_suffix(IN_FOLDER)
            .or_else(|| name.strip_suffix(SUFFIX))
            .unwrap_or(name);
        (tag.to_owned(), String::new())
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        let folder = match name {
            Some(name) => format!("{version}_{name}"),
            None => version.to_owned(),
        };
        vec![NewFile {
            name: format!("{folder}{IN_FOLDER}"),
            content: String::new(),
        }]
    }

    fn is_recursive(&self) -> bool {
        true
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &[],
            without_transaction: None,
        }
    }

    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        FileDirectives::of_any_format(content)
    }

    fn parts(&self, text: &str, _dialect: Dialect) -> Result<Vec<Part>, PartError> {
        let mut parts = Vec::new();
        let mut start = 0;
        for (end, _) in text.match_indices(BREAKPOINT) {
            parts.push(Part::Script(start..end));
            start = end + BREAKPOINT.len();
        }
        parts.push(Part::Script(start..text.len()));
        Ok(parts)
    }
}

/// Drizzle without Drizzle.
#[derive(Debug)]
pub(crate) struct NativeDrizzle;

impl Native for NativeDrizzle {
    fn format(&self) -> &'static dyn Format {
        &DrizzleFormat
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::NonLinear
    }

    /// All that is pending is in one transaction.
    fn tx_mode(&self, _project: &Project) -> TxMode {
        TxMode::All
    }

    fn directory(
        &self,
        project: &Project,
        path: PathBuf,
        _settings: &Settings,
    ) -> Result<Directory, NativeError> {
        let settings = Settings {
            directory: Some(path.display().to_string()),
            ..Settings::default()
        };
        let migrations = DrizzleMigrations::read(project, &settings)?;
        let suffix = match migrations.in_journal {
            true => SUFFIX,
            false => IN_FOLDER,
        };
        if let Some(gone) = migrations.entries.iter().find(|entry| entry.is_gone) {
            return Err(NativeError::Setting(format!(
                "{}: the journal lists it, and it is gone; bring it back, or drop the entry with `drizzle-kit drop`",
                gone.migration.file
            )));
        }
        let files = migrations.entries.iter().map(|entry| {
            let content = project.read(&entry.migration.file)?;
            let name = format!("{}{suffix}", entry.migration.id);
            let path = path.join(&name);
            Ok(File::new(&DrizzleFormat, &name, path, content, None))
        });
        let files = files.collect::<Result<Vec<File>, NativeError>>()?;
        let location = Location::with_format(&path, &DrizzleFormat);
        Ok(Directory::of_files(location, files, None)?)
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        Ok(Arc::new(DrizzleLedger {
            migrations: DrizzleMigrations::read(project, settings)?,
        }))
    }
}

/// `__drizzle_migrations`.
#[derive(Debug)]
struct DrizzleLedger {
    migrations: DrizzleMigrations,
}

impl DrizzleLedger {
    /// The table: in a schema of its own where there are schemas.
    fn table(&self, dialect: Dialect) -> String {
        let table = &self.migrations.table;
        match dialect {
            Dialect::Postgres => table.quoted(dialect),
            _ => TableName::new(&table.name).quoted(dialect),
        }
    }

    fn in_journal(&self) -> bool {
        self.migrations.in_journal
    }

    fn entry(&self, version: &str) -> Option<&Timed> {
        let mut entries = self.migrations.entries.iter();
        entries.find(|entry| entry.migration.id == version)
    }

    /// The time in the row of a version; one without file is known by that alone.
    fn when(&self, version: &str) -> Value {
        let when = self.entry(version).map(|entry| entry.when);
        when.or_else(|| version.parse().ok())
            .map_or(Value::Null, Value::Integer)
    }
}

#[async_trait]
impl Ledger for DrizzleLedger {
    fn title(&self) -> &'static str {
        TITLE
    }

    fn wanted(&self, dialect: Dialect) -> Vec<Wanted> {
        self.migrations.wanted(dialect)
    }

    fn refusal(&self, dialect: Dialect) -> Option<String> {
        let named = self.migrations.dialect.as_deref()?;
        let fits = match named {
            "postgresql" => dialect == Dialect::Postgres,
            "mysql" => matches!(dialect, Dialect::MySql | Dialect::MariaDb),
            "sqlite" | "turso" => dialect == Dialect::Sqlite,
            _ => true,
        };
        (!fits).then(|| {
            format!(
                "drizzle's configuration has the dialect \"{named}\"; the database is another one"
            )
        })
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        let rows = Noted::all(tables);
        let latest = rows.iter().filter_map(|row| row.when).max();
        let owners = Owners::new(&self.migrations, &rows);
        let mut lines = Lines::default();
        for (entry, row) in self.migrations.entries.iter().zip(&owners.rows) {
            let is_passed_over =
                self.in_journal() && latest.is_some_and(|latest| entry.when <= latest);
            match row {
                // Its time is another one now, and later than all: it runs again.
                Some((_, Tie::Text)) if !is_passed_over => {}
                Some((row, _)) => lines.records.push(rows[*row].record(Some(entry))),
                None if is_passed_over => lines.warnings.push(format!(
                    "{} is not applied, and its time is not after that of the last applied one: \
                     drizzle-kit would pass it over without a word",
                    entry.migration.id
                )),
                None => {}
            }
        }
        let left = owners.left.into_iter();
        lines.records.extend(left.map(|row| rows[row].record(None)));
        let is_old = |table: &Table| !self.in_journal() && !table.has("name");
        if tables.get(0).is_some_and(is_old) {
            lines.missing_columns = vec!["name", "applied_at"];
        }
        Ok(lines)
    }

    fn checksum(&self, _file: &File, content: &[u8]) -> Checksum {
        Checksum::Any(vec![checksum::sha256(content)])
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let (id, moment, clock) = match dialect {
            Dialect::Postgres => (
                "SERIAL PRIMARY KEY",
                "bigint",
                "timestamp with time zone DEFAULT now()",
            ),
            Dialect::MySql | Dialect::MariaDb => (
                "SERIAL PRIMARY KEY",
                "bigint",
                "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
            ),
            Dialect::Sqlite if self.in_journal() => ("SERIAL PRIMARY KEY", "numeric", "TEXT"),
            Dialect::Sqlite => ("INTEGER PRIMARY KEY", "numeric", "TEXT"),
        };
        let names = match self.in_journal() {
            true => String::new(),
            false => format!(", name text, applied_at {clock}"),
        };
        let schema = self.migrations.table.schema.as_deref();
        let schema = schema
            .filter(|_| dialect == Dialect::Postgres)
            .map(|schema| {
                let schema = quoted_name(dialect, schema);
                format!("CREATE SCHEMA IF NOT EXISTS {schema}")
            });
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {} (id {id}, hash text NOT NULL, created_at {moment}{names})",
            self.table(dialect)
        );
        schema.into_iter().chain([table]).collect()
    }

    /// From 1.0 on every row has a name, and no time if it is older than that.
    async fn add_columns(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let dialect = session.dialect();
        let tables = match read(session, TITLE, &self.wanted(dialect)).await {
            Ok(tables) => tables,
            Err(HistoryError::Refused { error, .. }) => return Err(*error),
            // It was read before: another session dropped it since.
            Err(HistoryError::Foreign { .. } | HistoryError::Row { .. }) => return Ok(()),
        };
        let rows = Noted::all(&tables);
        let table = self.table(dialect);
        let moment = match dialect {
            Dialect::Postgres => "timestamp with time zone DEFAULT now()",
            Dialect::MySql | Dialect::MariaDb => "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
            Dialect::Sqlite => "TEXT",
        };
        for column in ["name text".to_owned(), format!("applied_at {moment}")] {
            let statement = format!("ALTER TABLE {table} ADD COLUMN {column}");
            session.execute(&statement).await?;
        }
        let named = format!(
            "UPDATE {table} SET name = ?, applied_at = NULL WHERE created_at = ? AND hash = ?"
        );
        let owners = Owners::new(&self.migrations, &rows);
        for (entry, row) in self.migrations.entries.iter().zip(owners.rows) {
            let Some((row, _)) = row else {
                continue;
            };
            let values = [
                text(&entry.migration.id),
                rows[row].when.map_or(Value::Null, Value::Integer),
                text(&rows[row].hash),
            ];
            run(session, &named, &values).await?;
        }
        Ok(())
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, timing: Timing) -> Option<Vec<RowStatement>> {
        if timing == Timing::Database && !tells_time(dialect) {
            return None;
        }
        let mut columns = vec!["hash", "created_at"];
        let mut values = vec![
            text(line.checksum.unwrap_or_default()),
            self.when(line.version),
        ];
        if !self.in_journal() {
            columns.push("name");
            values.push(text(line.version));
            if dialect == Dialect::Sqlite {
                let at = line.ended().strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
                columns.push("applied_at");
                values.push(text(&at.to_string()));
            }
        }
        let statement = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.table(dialect),
            columns.join(", "),
            vec!["?"; values.len()].join(", ")
        );
        let text = numbered(dialect, &statement);
        Some(vec![RowStatement { text, values }])
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        let table = self.table(session.dialect());
        if self.in_journal() {
            let statement = format!("DELETE FROM {table} WHERE created_at = ?");
            return run(session, &statement, &[self.when(version)]).await;
        }
        let statement = format!("DELETE FROM {table} WHERE name = ?");
        run(session, &statement, &[text(version)]).await
    }
}

#[cfg(test)]
mod tests {
    use shipgate_sql::Dialect;

    use super::{DrizzleFormat, Format};

    #[test]
    fn a_breakpoint_ends_a_part_wherever_it_stands() {
        let text = "CREATE TABLE a (x);--> statement-breakpoint\nSELECT 1\n--> statement-breakpoint\nSELECT 2";
        let parts = DrizzleFormat.parts(text, Dialect::Sqlite).unwrap();
        let pieces: Vec<&str> = parts
            .iter()
            .map(|part| &text[part.range().clone()])
            .collect();
        assert_eq!(
            pieces,
            ["CREATE TABLE a (x);", "\nSELECT 1\n", "\nSELECT 2"]
        );
    }

    #[test]
    fn the_tag_or_the_folder_is_the_version() {
        for name in ["0001_add_users.sql", "0001_add_users/migration.sql"] {
            assert!(DrizzleFormat.is_migration(name));
            let (version, _) = DrizzleFormat.version_and_description(name);
            assert_eq!(version, "0001_add_users");
        }
        assert!(!DrizzleFormat.is_migration("0001_add_users/snapshot.json"));
        assert!(!DrizzleFormat.is_migration("deeper/0001_a/migration.sql"));
    }
}

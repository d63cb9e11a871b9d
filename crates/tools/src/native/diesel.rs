//! Diesel, applied without it.
//!
//! Source: <https://docs.rs/diesel_migrations>.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use shipgate_database::{Session, StatementError};
use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::directory::{Directory, File};
use shipgate_migrate::formats::{Format, NewFile, Part, PartError};
use shipgate_migrate::history::{RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::Dialect;

use super::beginning::free_moment;
use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, one, run, text};
use crate::checksum::Checksum;
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::Project;
use crate::tool::Settings;
use crate::tools::diesel::{LAYOUT, table, version_and_name};

/// `<version>_<name>/up.sql`; versions are texts.
#[derive(Debug)]
pub(crate) struct DieselFormat;

/// The folder of a migration, from the name of its file.
fn folder(name: &str) -> &str {
    name.strip_suffix("/up.sql").unwrap_or(name)
}

impl Format for DieselFormat {
    fn name(&self) -> &'static str {
        "diesel"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.split_once('/')
            .is_some_and(|(folder, file)| file == "up.sql" && !folder.starts_with('.'))
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        let (version, name) = version_and_name(folder(name));
        (version, name.to_owned())
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        let folder = format!("{version}_{}", name.unwrap_or("migration"));
        let file = |way: &str, content: &str| NewFile {
            name: format!("{folder}/{way}.sql"),
            content: content.to_owned(),
        };
        vec![
            file("up", "-- Your SQL goes here\n"),
            file("down", "-- This file should undo anything in `up.sql`\n"),
        ]
    }

    fn is_recursive(&self) -> bool {
        true
    }

    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        names.sort_by_cached_key(|name| version_and_name(folder(name)).0);
        names
    }

    fn forgives_missing(&self) -> bool {
        true
    }

    fn settings_name(&self, name: &str) -> Option<String> {
        Some(format!("{}/metadata.toml", folder(name)))
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &[],
            without_transaction: Some("run_in_transaction = false in metadata.toml"),
        }
    }

    /// A `metadata.toml` without the key means no transaction, one that cannot
    /// be read means one, as Diesel has it.
    fn directives(&self, _name: &str, content: &[u8], settings: Option<&str>) -> FileDirectives {
        let mut directives = FileDirectives::of_any_format(content);
        let settings = settings.and_then(|text| text.parse::<toml::Table>().ok());
        let in_transaction = settings.is_none_or(|settings| {
            let value = settings.get("run_in_transaction");
            value.and_then(toml::Value::as_bool).unwrap_or(false)
        });
        if !in_transaction {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn parts(&self, text: &str, _dialect: Dialect) -> Result<Vec<Part>, PartError> {
        if text.trim().is_empty() {
            return Err(PartError {
                line: 1,
                message: "the file is empty, which diesel refuses; `SELECT 1;` does nothing"
                    .to_owned(),
            });
        }
        Ok(Part::whole(text))
    }
}

/// Diesel without Diesel.
#[derive(Debug)]
pub(crate) struct NativeDiesel;

impl Native for NativeDiesel {
    fn format(&self) -> &'static dyn Format {
        &DieselFormat
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::NonLinear
    }

    fn beginning(&self, directory: &Directory, name: &str, now: Timestamp) -> Option<Vec<NewFile>> {
        let version = free_moment(directory, now, "%Y-%m-%d-%H%M%S");
        Some(self.format().new_files(&version, Some(name)))
    }

    fn ledger(
        &self,
        _project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let table = table(settings);
        Ok(Arc::new(DieselLedger { table }))
    }
}

/// `__diesel_schema_migrations`.
#[derive(Debug)]
struct DieselLedger {
    table: TableName,
}

#[async_trait]
impl Ledger for DieselLedger {
    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        LAYOUT.wanted(&self.table)
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        LAYOUT.lines(tables)
    }

    fn checksum(&self, _file: &File, _content: &[u8]) -> Checksum {
        Checksum::None
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        vec![format!(
            "CREATE TABLE IF NOT EXISTS {} (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
            self.table.quoted(dialect)
        )]
    }

    fn ways_out(&self, _version: &str) -> Vec<String> {
        Vec::new()
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, _timing: Timing) -> Option<Vec<RowStatement>> {
        let table = self.table.quoted(dialect);
        let statement = format!("INSERT INTO {table} (version) VALUES (?)");
        one(dialect, &statement, [text(line.version)])
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        let table = self.table.quoted(session.dialect());
        let statement = format!("DELETE FROM {table} WHERE version = ?");
        run(session, &statement, &[text(version)]).await
    }
}

#[cfg(test)]
mod tests {
    use super::{DieselFormat, Format};

    #[test]
    fn versions_lose_their_dashes() {
        let name = "2026-11-20-104411-0000_create_users/up.sql";
        assert_eq!(
            DieselFormat.version_and_description(name),
            ("202611201044110000".to_owned(), "create_users".to_owned())
        );
        assert!(!DieselFormat.is_migration("2026_x/down.sql"));
    }

    #[test]
    fn a_transaction_is_left_out_as_metadata_say() {
        let modes = |settings| DieselFormat.directives("1_a/up.sql", b"SELECT 1;", settings);
        assert!(modes(None).tx_modes.is_empty());
        assert!(modes(Some("run_in_transaction = true")).tx_modes.is_empty());
        assert!(modes(Some("this is no TOML")).tx_modes.is_empty());
        assert_eq!(modes(Some("run_in_transaction = false")).tx_modes, ["none"]);
        assert_eq!(modes(Some("")).tx_modes, ["none"]);
    }
}

//! Refinery, applied without it, where all its migrations are SQL.
//!
//! The width of the table's versions goes into the checksums: 32 bits, or 64
//! where the program was built so.
//!
//! Source: <https://docs.rs/refinery>.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Atomic};

use async_trait::async_trait;
use jiff::Timestamp;
use shipgate_database::{Session, StatementError};
use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::directory::{Directory, File};
use shipgate_migrate::formats::{Format, NewFile, Part, PartError};
use shipgate_migrate::history::{RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::Dialect;

use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, number, one, run, tells_time, text};
use crate::checksum::{self, Checksum, Width};
use crate::compare::by_number;
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::{Project, base_name};
use crate::tool::{Settings, Tool};
use crate::tools::refinery::{Ending, LAYOUT, Refinery, TABLE, parsed};

/// `V<number>__<name>.sql`, and `U` for those that may come late; in any sub-directory.
#[derive(Debug)]
pub(crate) struct RefineryFormat;

impl Format for RefineryFormat {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn is_migration(&self, name: &str) -> bool {
        match parsed(base_name(name)) {
            Some(Ok(stem)) => stem.ending == Ending::Sql,
            // What Refinery refuses counts: it is refused here too.
            Some(Err(_)) => true,
            None => false,
        }
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        match parsed(base_name(name)) {
            Some(Ok(stem)) => (stem.version.to_string(), stem.name),
            _ => (name.to_owned(), String::new()),
        }
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        vec![NewFile {
            name: format!("V{version}__{}.sql", name.unwrap_or("migration")),
            content: String::new(),
        }]
    }

    fn is_recursive(&self) -> bool {
        true
    }

    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        names.sort_by_cached_key(|name| match parsed(base_name(name)) {
            Some(Ok(stem)) => (stem.version, name.clone()),
            _ => (i64::MAX, name.clone()),
        });
        names
    }

    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        by_number(a, b)
    }

    fn may_be_late(&self, name: &str) -> bool {
        matches!(parsed(base_name(name)), Some(Ok(stem)) if stem.may_be_late)
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        parsed(base_name(name))?.err()
    }

    fn foreign_fault(&self, name: &str) -> Option<String> {
        match parsed(base_name(name)) {
            Some(Ok(stem)) if stem.ending == Ending::Rust => Some(
                "its SQL is built by Rust code, so that only the program itself can apply this directory"
                    .to_owned(),
            ),
            _ => None,
        }
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
        Ok(Part::whole(text))
    }
}

/// Refinery without Refinery.
#[derive(Debug)]
pub(crate) struct NativeRefinery;

impl Native for NativeRefinery {
    fn format(&self) -> &'static dyn Format {
        &RefineryFormat
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::Linear
    }

    fn beginning(
        &self,
        directory: &Directory,
        name: &str,
        _now: Timestamp,
    ) -> Option<Vec<NewFile>> {
        let latest = directory
            .files()
            .iter()
            .filter_map(|file| file.version().parse().ok());
        let next: i64 = latest.max().unwrap_or(0) + 1;
        let name = name.replace([' ', '-'], "_");
        Some(self.format().new_files(&next.to_string(), Some(&name)))
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let migrations = Refinery.read(project, settings)?.listed();
        let is_wide = migrations
            .iter()
            .any(|migration| migration.id.parse::<i32>().is_err());
        Ok(Arc::new(RefineryLedger {
            table: settings.table_or(|| TableName::new(TABLE)),
            is_wide: AtomicBool::new(is_wide),
        }))
    }
}

/// `refinery_schema_history`.
#[derive(Debug)]
struct RefineryLedger {
    table: TableName,
    /// Whether versions have 64 bits, in the table or because one needs them.
    is_wide: AtomicBool,
}

/// Whether a column's type has 64 bits.
fn is_wide(kind: &str) -> bool {
    matches!(kind, "bigint" | "int8")
}

#[async_trait]
impl Ledger for RefineryLedger {
    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        LAYOUT.wanted(&self.table)
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        if let Some(table) = tables.get(0) {
            let found = is_wide(table.type_of("version"));
            self.is_wide.store(found, Atomic::Relaxed);
        }
        LAYOUT.lines(tables)
    }

    /// With versions of 32 bits and of 64, where the first are possible.
    fn checksum(&self, file: &File, content: &[u8]) -> Checksum {
        let text = String::from_utf8_lossy(content);
        let Ok(version) = file.version().parse() else {
            return Checksum::None;
        };
        let of = |width| checksum::refinery(file.description(), version, &text, width);
        let sums = [of(Width::Four), of(Width::Eight)];
        Checksum::Any(sums.into_iter().flatten().collect())
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let version = match (self.is_wide.load(Atomic::Relaxed), dialect) {
            (false, _) => "int4",
            (true, Dialect::MySql | Dialect::MariaDb) => "bigint",
            (true, _) => "int8",
        };
        vec![format!(
            "CREATE TABLE IF NOT EXISTS {} (version {version} PRIMARY KEY, name VARCHAR(255), \
             applied_on VARCHAR(255), checksum VARCHAR(255))",
            self.table.quoted(dialect)
        )]
    }

    fn ways_out(&self, _version: &str) -> Vec<String> {
        Vec::new()
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, timing: Timing) -> Option<Vec<RowStatement>> {
        let sum = match self.is_wide.load(Atomic::Relaxed) {
            true => line.checksums.last(),
            false => line.checksums.first(),
        };
        let table = self.table.quoted(dialect);
        let [version, name] = [number(line.version), text(line.description)];
        let sum = text(sum.map_or("", String::as_str));
        if timing == Timing::Revision {
            let statement = format!(
                "INSERT INTO {table} (version, name, applied_on, checksum) VALUES (?, ?, ?, ?)"
            );
            let started = text(&line.started.to_string());
            return one(dialect, &statement, [version, name, started, sum]);
        }
        if !tells_time(dialect) {
            return None;
        }
        let statement = format!(
            "INSERT INTO {table} (version, name, applied_on, checksum) VALUES (?, ?, to_char(\
             pg_catalog.transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), ?)"
        );
        one(dialect, &statement, [version, name, sum])
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        let table = self.table.quoted(session.dialect());
        let statement = format!("DELETE FROM {table} WHERE version = ?");
        run(session, &statement, &[number(version)]).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, RefineryFormat};

    #[test]
    fn files_in_sub_directories_are_in_the_order_of_their_numbers() {
        let names = ["later/V2__b.sql", "V10__c.sql", "U1__a.sql", "mod.rs"];
        let migrations = names
            .iter()
            .filter(|name| RefineryFormat.is_migration(name));
        let names = migrations.map(|name| (*name).to_owned()).collect();
        assert_eq!(
            RefineryFormat.arrange(names),
            ["U1__a.sql", "later/V2__b.sql", "V10__c.sql"]
        );
        assert!(RefineryFormat.may_be_late("U1__a.sql"));
        assert!(!RefineryFormat.may_be_late("later/V2__b.sql"));
        assert!(RefineryFormat.foreign_fault("V3__d.rs").is_some());
        assert!(RefineryFormat.foreign_fault("mod.rs").is_none());
    }
}

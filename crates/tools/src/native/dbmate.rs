//! dbmate, applied without it.
//!
//! A version is the digits a file's name begins with. dbmate keeps neither
//! times nor checksums, and takes no lock.
//!
//! Source: <https://github.com/amacneil/dbmate>.

use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{Session, StatementError};
use shipgate_migrate::formats::{self, Format};
use shipgate_migrate::history::{RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::Dialect;

use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, delete, one, text};
use super::versions::Versions;
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::Project;
use crate::tool::Settings;
use crate::tools::dbmate::{LAYOUT, TABLE, directory};

/// dbmate without dbmate.
#[derive(Debug)]
pub(crate) struct NativeDbmate;

impl Native for NativeDbmate {
    fn format(&self) -> &'static dyn Format {
        formats::DBMATE
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::NonLinear
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let directory = settings.directory_or(|| directory(project));
        Ok(Arc::new(DbmateLedger {
            table: settings.table_or(|| TableName::new(TABLE)),
            versions: Versions::of(project, &directory, self.format(), id_of),
        }))
    }

    fn is_read_by_atlas(&self) -> bool {
        true
    }
}

/// dbmate's `schema_migrations`.
#[derive(Debug)]
struct DbmateLedger {
    table: TableName,
    versions: Versions,
}

#[async_trait]
impl Ledger for DbmateLedger {
    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        LAYOUT.wanted(&self.table)
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        let mut lines = LAYOUT.lines(tables)?;
        self.versions.spell(&mut lines);
        Ok(lines)
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let kind = match dialect {
            Dialect::Postgres => "varchar",
            _ => "varchar(128)",
        };
        vec![format!(
            "create table if not exists {} (version {kind} primary key)",
            self.table.quoted(dialect)
        )]
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, _timing: Timing) -> Option<Vec<RowStatement>> {
        let table = self.table.quoted(dialect);
        let statement = format!("INSERT INTO {table} (version) VALUES (?)");
        one(dialect, &statement, [text(&id_of(line.version))])
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        delete(session, &self.table, "version", text(&id_of(version))).await
    }
}

/// The digits.
fn id_of(version: &str) -> String {
    let is_digit = |letter: &char| letter.is_ascii_digit();
    let digits: String = version.chars().take_while(is_digit).collect();
    match digits.is_empty() {
        true => version.to_owned(),
        false => digits,
    }
}

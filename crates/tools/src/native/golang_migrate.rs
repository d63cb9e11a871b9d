//! golang-migrate, applied without it.
//!
//! The history is one row: the current version, and whether it is dirty. A
//! file in one transaction never makes it dirty here, because the row is
//! written in it; where no transaction spans a file, the mark is set as
//! golang-migrate sets it. The lock's number on PostgreSQL depends on how
//! golang-migrate was told of the database: by a URL, whose path begins with a
//! slash, or as a library. Both are taken.
//!
//! Source: <https://github.com/golang-migrate/migrate>.

use std::cmp::Ordering;
use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{Session, StatementError};
use shipgate_migrate::formats::{self, Format};
use shipgate_migrate::history::{Entrance, RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::Dialect;

use super::advisory::{MysqlLock, PostgresLock, asked};
use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, number, numbered};
use super::versions::Versions;
use crate::compare::{Outcome, Record, by_number};
use crate::history::{HistoryError, Row, Table, TableName, Tables, Wanted};
use crate::project::Project;
use crate::tool::Settings;
use crate::tools::golang_migrate::{TABLE, TITLE, directory, wanted};
use crate::tools::numbered::bare;

/// golang-migrate without golang-migrate.
#[derive(Debug)]
pub(crate) struct NativeGolangMigrate;

impl Native for NativeGolangMigrate {
    fn format(&self) -> &'static dyn Format {
        formats::GOLANG_MIGRATE
    }

    /// It could not know of a file that is added late: the row is past it.
    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::Linear
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let directory = settings.directory_or(|| directory(project));
        Ok(Arc::new(GolangMigrateLedger {
            table: settings.table_or(|| TableName::new(TABLE)),
            versions: Versions::of(project, &directory, self.format(), bare),
        }))
    }

    fn is_read_by_atlas(&self) -> bool {
        true
    }
}

/// golang-migrate's `schema_migrations`.
#[derive(Debug)]
struct GolangMigrateLedger {
    table: TableName,
    versions: Versions,
}

/// Whether a version is applied whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Clean,
    Dirty,
}

impl GolangMigrateLedger {
    /// The greatest version before one.
    fn before(&self, id: &str) -> Option<&str> {
        let smaller = self
            .versions
            .ids()
            .filter(|known| by_number(known, id).is_lt());
        smaller.max_by(|a, b| by_number(a, b))
    }

    /// Makes a version the current one; the row is replaced.
    async fn stand_at(
        &self,
        session: &mut dyn Session,
        version: Option<(&str, Mark)>,
    ) -> Result<(), StatementError> {
        for RowStatement { text, values } in self.standing_at(session.dialect(), version) {
            session.query(&text, &values).await?;
        }
        Ok(())
    }

    /// The statements that say where the database stands.
    fn standing_at(&self, dialect: Dialect, version: Option<(&str, Mark)>) -> Vec<RowStatement> {
        let table = self.table.quoted(dialect);
        let mut statements = vec![RowStatement {
            text: format!("DELETE FROM {table}"),
            values: Vec::new(),
        }];
        if let Some((version, mark)) = version {
            let dirty = match mark {
                Mark::Clean => "FALSE",
                Mark::Dirty => "TRUE",
            };
            let statement = format!("INSERT INTO {table} (version, dirty) VALUES (?, {dirty})");
            statements.push(RowStatement {
                text: numbered(dialect, &statement),
                values: vec![number(version)],
            });
        }
        statements
    }

    /// The current version.
    async fn current(&self, session: &mut dyn Session) -> Result<String, StatementError> {
        let table = self.table.quoted(session.dialect());
        asked(session, &format!("SELECT version FROM {table} LIMIT 1")).await
    }

    /// The numbers of its lock on PostgreSQL.
    async fn keys(&self, session: &mut dyn Session) -> Result<[PostgresLock; 2], StatementError> {
        let schema = match &self.table.schema {
            Some(schema) => schema.clone(),
            None => asked(session, "SELECT current_schema()::text").await?,
        };
        let database = asked(session, "SELECT current_database()::text").await?;
        let table = &self.table.name;
        Ok(["/", ""].map(|slash| PostgresLock {
            tool: TITLE,
            key: i64::from(lock_of(&format!("{schema}\0{table}\0{slash}{database}"))),
        }))
    }

    /// The name of its lock on MySQL.
    async fn name(&self, session: &mut dyn Session) -> Result<String, StatementError> {
        let database = asked(session, "SELECT DATABASE()").await?;
        Ok(lock_of(&format!("{database}:{}", self.table.name)).to_string())
    }
}

#[async_trait]
impl Ledger for GolangMigrateLedger {
    fn title(&self) -> &'static str {
        TITLE
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![wanted(&self.table)]
    }

    /// A row for every file that the one row counts as applied.
    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        let mut lines = Lines::default();
        let rows: Vec<Row<'_>> = tables.get(0).into_iter().flat_map(Table::rows).collect();
        let Some((current, row)) = rows
            .first()
            .and_then(|row| Some((row.text("version")?, row)))
        else {
            return Ok(lines);
        };
        if rows.len() > 1 {
            lines.warnings.push(format!(
                "{} has {} rows; golang-migrate keeps one",
                self.table,
                rows.len()
            ));
        }
        let is_dirty = row.truth("dirty") == Some(true);
        let before = self
            .versions
            .ids()
            .filter(|id| by_number(id, &current) == Ordering::Less);
        lines.records = before.map(|id| Record::applied(id, id, "")).collect();
        let mut at_it = Record::applied(&current, &current, "");
        if is_dirty {
            at_it.outcome = Outcome::Failed("it is dirty".to_owned());
        }
        lines.records.push(at_it);
        self.versions.spell(&mut lines);
        Ok(lines)
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let table = self.table.quoted(dialect);
        match dialect {
            Dialect::Sqlite => vec![
                format!("CREATE TABLE IF NOT EXISTS {table} (version uint64,dirty bool)"),
                format!("CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON {table} (version)"),
            ],
            _ => vec![format!(
                "CREATE TABLE IF NOT EXISTS {table} \
                 (version bigint not null primary key, dirty boolean not null)"
            )],
        }
    }

    fn ways_out(&self, version: &str) -> Vec<String> {
        let version = bare(version);
        let before = self.before(&version).unwrap_or("-1");
        vec![
            format!("when its changes are undone: `migrate ... force {before}`"),
            format!("when they are completed by hand: `migrate ... force {version}`"),
        ]
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, _timing: Timing) -> Option<Vec<RowStatement>> {
        Some(self.standing_at(dialect, Some((line.version, Mark::Clean))))
    }

    async fn begin(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.stand_at(session, Some((line.version, Mark::Dirty)))
            .await
    }

    async fn resolve(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        let current = self.current(session).await?;
        if !current.is_empty() && by_number(&current, &bare(line.version)).is_gt() {
            // It counts as applied as it is.
            return Ok(());
        }
        self.record(session, line).await
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        let id = bare(version);
        let current = self.current(session).await?;
        if current.is_empty() || by_number(&current, &id).is_lt() {
            return Ok(());
        }
        let before = self.before(&id).map(|before| (before, Mark::Clean));
        self.stand_at(session, before).await
    }

    async fn enter(&self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        match session.dialect() {
            Dialect::Sqlite => Ok(Entrance::Open),
            Dialect::Postgres => {
                let [of_url, of_library] = self.keys(session).await?;
                let entrance = of_url.enter(session).await?;
                if entrance != Entrance::Open {
                    return Ok(entrance);
                }
                let entrance = of_library.enter(session).await?;
                if entrance != Entrance::Open {
                    of_url.leave(session).await?;
                }
                Ok(entrance)
            }
            Dialect::MySql | Dialect::MariaDb => {
                let name = self.name(session).await?;
                mysql_lock(&name).enter(session).await
            }
        }
    }

    async fn leave(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        match session.dialect() {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => {
                for lock in self.keys(session).await? {
                    lock.leave(session).await?;
                }
                Ok(())
            }
            Dialect::MySql | Dialect::MariaDb => {
                let name = self.name(session).await?;
                mysql_lock(&name).leave(session).await
            }
        }
    }
}

fn mysql_lock(name: &str) -> MysqlLock<'_> {
    MysqlLock { tool: TITLE, name }
}

/// The number of the lock that names make.
fn lock_of(names: &str) -> u32 {
    crc32fast::hash(names.as_bytes()).wrapping_mul(1_486_364_155)
}

#[cfg(test)]
mod tests {
    use super::lock_of;

    #[test]
    fn the_lock_s_number_comes_from_schema_table_and_the_url_s_path() {
        assert_eq!(lock_of("public\0schema_migrations\0/lkg"), 3_159_111_401);
    }
}

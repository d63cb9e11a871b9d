//! SQLx, applied without it.
//!
//! A version is the number before the first `_`; a file that begins with
//! `-- no-transaction` runs outside of one. The lock is that of SQLx's library:
//! its command line takes none.
//!
//! Source: <https://docs.rs/sqlx/latest/sqlx/migrate/struct.Migrator.html>.

use std::cmp::Ordering;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use shipgate_database::{Session, StatementError, Value};
use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::directory::{Directory, File};
use shipgate_migrate::formats::{Format, NewFile, Part, PartError};
use shipgate_migrate::history::{Entrance, RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::{Dialect, quoted_name};

use super::advisory::{MysqlLock, PostgresLock, asked};
use super::beginning::free_moment;
use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, elapsed_sql, number, one, run, tells_time, text};
use crate::checksum::{self, Checksum};
use crate::compare::by_number;
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::Project;
use crate::tool::Settings;
use crate::tools::sqlx::{LAYOUT, ignored, parsed, schemas, table};

/// `<number>_<description>.sql`, or `.up.sql` with `.down.sql`.
#[derive(Debug)]
pub(crate) struct SqlxFormat;

impl Format for SqlxFormat {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn is_migration(&self, name: &str) -> bool {
        // A name that SQLx refuses counts: it is refused here too.
        !matches!(parsed(name), Ok(None))
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        match parsed(name) {
            Ok(Some((version, description))) => (version.to_string(), description),
            _ => (name.to_owned(), String::new()),
        }
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        let name = name.unwrap_or("migration");
        vec![NewFile {
            name: format!("{version}_{name}.sql"),
            content: "-- Add migration script here\n".to_owned(),
        }]
    }

    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        names.sort_by(|a, b| by_number(a, b));
        names
    }

    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        by_number(a, b)
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        parsed(name).err()
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &[],
            without_transaction: Some("-- no-transaction at the very start of the file"),
        }
    }

    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        let mut directives = FileDirectives::of_any_format(content);
        if content.starts_with(b"-- no-transaction") {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn parts(&self, text: &str, _dialect: Dialect) -> Result<Vec<Part>, PartError> {
        Ok(Part::whole(text))
    }
}

/// SQLx without SQLx.
#[derive(Debug)]
pub(crate) struct NativeSqlx;

impl Native for NativeSqlx {
    fn format(&self) -> &'static dyn Format {
        &SqlxFormat
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::NonLinear
    }

    fn beginning(&self, directory: &Directory, name: &str, now: Timestamp) -> Option<Vec<NewFile>> {
        let versions: Vec<i64> = directory
            .files()
            .iter()
            .filter_map(|file| file.version().parse().ok())
            .collect();
        let next = match versions.as_slice() {
            [.., previous, latest] if latest - previous == 1 => Some(latest + 1),
            [latest @ (0 | 1)] => Some(latest + 1),
            _ => None,
        };
        let version = match next {
            Some(next) => format!("{next:04}"),
            None => free_moment(directory, now, "%Y%m%d%H%M%S"),
        };
        let stem = format!("{version}_{}", name.replace(' ', "_"));
        let last = directory.files().last();
        if last.is_some_and(|file| file.name().ends_with(".up.sql")) {
            return Some(
                ["up", "down"]
                    .map(|way| NewFile {
                        name: format!("{stem}.{way}.sql"),
                        content: format!("-- Add {way} migration script here\n"),
                    })
                    .into(),
            );
        }
        Some(
            self.format()
                .new_files(&version, Some(&name.replace(' ', "_"))),
        )
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        Ok(Arc::new(SqlxLedger {
            table: table(project, settings),
            schemas: schemas(project),
            ignored: ignored(project),
        }))
    }
}

/// `_sqlx_migrations`.
#[derive(Debug)]
struct SqlxLedger {
    table: TableName,
    schemas: Vec<String>,
    ignored: Vec<char>,
}

impl SqlxLedger {
    async fn insert(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
        success: &str,
        otherwise: &str,
    ) -> Result<(), StatementError> {
        let statement = self.insertion(session.dialect(), success, "-1");
        run(session, &(statement + otherwise), &line_values(line)).await
    }

    fn insertion(&self, dialect: Dialect, success: &str, elapsed: &str) -> String {
        format!(
            "INSERT INTO {} (version, description, success, checksum, execution_time) \
             VALUES (?, ?, {success}, ?, {elapsed})",
            self.table.quoted(dialect)
        )
    }

    async fn update(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
        success: &str,
    ) -> Result<(), StatementError> {
        let statement = format!(
            "UPDATE {} SET {success}execution_time = ? WHERE version = ?",
            self.table.quoted(session.dialect())
        );
        let values = [Value::Integer(nanoseconds(line)), number(line.version)];
        run(session, &statement, &values).await
    }
}

#[async_trait]
impl Ledger for SqlxLedger {
    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        LAYOUT.wanted(&self.table)
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        LAYOUT.lines(tables)
    }

    fn checksum(&self, _file: &File, content: &[u8]) -> Checksum {
        if self.ignored.is_empty() {
            return Checksum::Any(vec![checksum::sha384(content)]);
        }
        let text = String::from_utf8_lossy(content);
        let kept: String = text
            .chars()
            .filter(|letter| !self.ignored.contains(letter))
            .collect();
        Checksum::Any(vec![checksum::sha384(kept.as_bytes())])
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let (moment, now, bytes) = match dialect {
            Dialect::Postgres => ("TIMESTAMPTZ", "now()", "BYTEA"),
            _ => ("TIMESTAMP", "CURRENT_TIMESTAMP", "BLOB"),
        };
        let schemas = self
            .schemas
            .iter()
            .filter(|_| dialect == Dialect::Postgres)
            .map(|schema| {
                format!(
                    "CREATE SCHEMA IF NOT EXISTS {}",
                    quoted_name(dialect, schema)
                )
            });
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {} (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
             installed_on {moment} NOT NULL DEFAULT {now}, success BOOLEAN NOT NULL, \
             checksum {bytes} NOT NULL, execution_time BIGINT NOT NULL)",
            self.table.quoted(dialect)
        );
        schemas.chain([table]).collect()
    }

    fn ways_out(&self, version: &str) -> Vec<String> {
        vec![format!(
            "when its changes are undone: DELETE FROM {} WHERE version = {version}",
            self.table
        )]
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, timing: Timing) -> Option<Vec<RowStatement>> {
        let elapsed = match timing {
            Timing::Revision => nanoseconds(line).to_string(),
            Timing::Database if tells_time(dialect) => elapsed_sql(1_000_000_000),
            Timing::Database => return None,
        };
        let statement = self.insertion(dialect, "TRUE", &elapsed);
        one(dialect, &statement, line_values(line))
    }

    async fn record(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.insert(session, line, "TRUE", "").await
    }

    async fn finish(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.update(session, line, "").await
    }

    /// Where definitions end a transaction, the row says first that the file
    /// may be half applied.
    async fn begin(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        match session.dialect() {
            Dialect::MySql | Dialect::MariaDb => {
                let otherwise = " ON DUPLICATE KEY UPDATE success = FALSE";
                self.insert(session, line, "FALSE", otherwise).await
            }
            Dialect::Postgres | Dialect::Sqlite => Ok(()),
        }
    }

    async fn complete(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        match session.dialect() {
            Dialect::MySql | Dialect::MariaDb => {
                self.update(session, line, "success = TRUE, ").await
            }
            Dialect::Postgres | Dialect::Sqlite => {
                self.record(session, line).await?;
                self.finish(session, line).await
            }
        }
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        let table = self.table.quoted(session.dialect());
        let statement = format!("DELETE FROM {table} WHERE version = ?");
        run(session, &statement, &[number(version)]).await
    }

    async fn enter(&self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        match Lock::of(session).await? {
            Lock::None => Ok(Entrance::Open),
            Lock::Postgres(lock) => lock.enter(session).await,
            Lock::Mysql(name) => mysql_lock(&name).enter(session).await,
        }
    }

    async fn leave(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        match Lock::of(session).await? {
            Lock::None => Ok(()),
            Lock::Postgres(lock) => lock.leave(session).await,
            Lock::Mysql(name) => mysql_lock(&name).leave(session).await,
        }
    }
}

/// The values of a row that are bound.
fn line_values(line: &Line<'_>) -> [Value; 3] {
    [
        number(line.version),
        text(line.description),
        Value::Blob(checksum::unhex(line.checksum.unwrap_or_default())),
    ]
}

fn nanoseconds(line: &Line<'_>) -> i64 {
    i64::try_from(line.elapsed.as_nanos()).unwrap_or(i64::MAX)
}

/// The lock of SQLx's library.
enum Lock {
    None,
    Postgres(PostgresLock),
    Mysql(String),
}

impl Lock {
    async fn of(session: &mut dyn Session) -> Result<Self, StatementError> {
        Ok(match session.dialect() {
            Dialect::Sqlite => Self::None,
            Dialect::Postgres => Self::Postgres(PostgresLock {
                tool: LAYOUT.title,
                key: lock_of(&asked(session, "SELECT current_database()::text").await?),
            }),
            Dialect::MySql | Dialect::MariaDb => {
                let database = asked(session, "SELECT DATABASE()").await?;
                Self::Mysql(format!("{:x}", lock_of(&database)))
            }
        })
    }
}

fn mysql_lock(name: &str) -> MysqlLock<'_> {
    MysqlLock {
        tool: LAYOUT.title,
        name,
    }
}

/// The number of a database's lock.
fn lock_of(database: &str) -> i64 {
    0x3d32_ad9e * i64::from(crc32fast::hash(database.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Format, SqlxFormat, lock_of};

    #[test]
    fn the_lock_s_number_comes_from_the_database_s_name() {
        assert_eq!(lock_of("app"), 3_469_795_979_745_788_610);
    }

    #[test]
    fn files_are_in_the_order_of_their_numbers() {
        let names = ["10_b.sql", "9_a.up.sql", "9_a.down.sql", "notes.md"];
        let migrations = names.iter().filter(|name| SqlxFormat.is_migration(name));
        let names = migrations.map(|name| (*name).to_owned()).collect();
        assert_eq!(SqlxFormat.arrange(names), ["9_a.up.sql", "10_b.sql"]);
        assert_eq!(
            SqlxFormat.version_and_description("0009_add_users.up.sql"),
            ("9".to_owned(), "add users".to_owned())
        );
    }

    #[test]
    fn a_mark_in_the_first_byte_means_no_transaction() {
        let modes = |text: &str| {
            SqlxFormat
                .directives("1_a.sql", text.as_bytes(), None)
                .tx_modes
        };
        assert_eq!(modes("-- no-transaction\nVACUUM;"), ["none"]);
        assert!(modes("\n-- no-transaction\nVACUUM;").is_empty());
    }
}

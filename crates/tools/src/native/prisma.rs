//! Prisma Migrate, applied without it.
//!
//! Its own deploy compares no checksums and leaves a failed row that stops
//! everything; here an edited file is refused, and a file that one transaction
//! spans leaves no row when it fails.
//!
//! Source: <https://www.prisma.io/docs/orm/prisma-migrate>.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use shipgate_database::{Session, StatementError, Value};
use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::directory::{Directory, File, Location};
use shipgate_migrate::formats::{Format, NewFile, Part, PartError};
use shipgate_migrate::history::{Entrance, RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::{Dialect, SplitMode, statements};

use super::advisory::{MysqlLock, PostgresLock};
use super::beginning::{free_moment, words};
use super::directory::{Native, NativeError};
use super::emptiness::not_empty;
use super::ledger::{Ledger, Line, Lines, one, run, tells_time, text};
use crate::checksum::{self, Checksum};
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::Project;
use crate::text::toml::text_at;
use crate::tool::{Settings, Tool};
use crate::tools::prisma::{Prisma, TITLE, recorded, table, wanted};

const SCRIPT: &str = "migration.sql";

/// `<time>_<name>/migration.sql`; a migration's version is its folder's name.
#[derive(Debug)]
pub(crate) struct PrismaFormat;

/// The folder of a migration, from the name of its file.
fn folder(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

impl Format for PrismaFormat {
    fn name(&self) -> &'static str {
        "prisma"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(_, file)| file == SCRIPT)
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        (folder(name).to_owned(), String::new())
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        vec![NewFile {
            name: format!("{version}_{}/{SCRIPT}", name.unwrap_or("migration")),
            content: "-- This is an empty migration.".to_owned(),
        }]
    }

    fn is_recursive(&self) -> bool {
        true
    }

    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        names.sort_by(|a, b| folder(a).cmp(folder(b)));
        names
    }

    /// Migrations that were squashed into one leave their rows.
    fn forgives_missing(&self) -> bool {
        true
    }

    fn known_directives(&self) -> Known {
        Known {
            format: self.name(),
            atlas: &[],
            without_transaction: None,
        }
    }

    /// Prisma opens no transaction: a script that has one of its own, or holds
    /// what no transaction takes, is executed without one around it.
    fn directives(&self, _name: &str, content: &[u8], _settings: Option<&str>) -> FileDirectives {
        let mut directives = FileDirectives::of_any_format(content);
        if let Ok(text) = shipgate_sql::decode(content)
            && refuses_transaction(text)
        {
            directives.tx_modes.push("none".to_owned());
        }
        directives
    }

    fn parts(&self, text: &str, _dialect: Dialect) -> Result<Vec<Part>, PartError> {
        Ok(Part::whole(text))
    }
}

/// Whether a script controls transactions, or holds a statement that PostgreSQL
/// executes outside of one alone.
fn refuses_transaction(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let may = [
        "begin",
        "start transaction",
        "commit",
        "concurrently",
        "vacuum",
    ];
    if !may.iter().any(|word| lower.contains(word)) {
        return false;
    }
    let of_script = statements(Dialect::Postgres, SplitMode::Own, text);
    of_script.filter_map(Result::ok).any(|statement| {
        let words: Vec<String> = statement
            .text
            .split_whitespace()
            .take(5)
            .map(str::to_ascii_lowercase)
            .collect();
        statement.kind.controls_transaction()
            || words.first().is_some_and(|word| word == "vacuum")
            || words.iter().any(|word| word == "concurrently")
    })
}

/// Prisma Migrate without Prisma.
#[derive(Debug)]
pub(crate) struct NativePrisma;

impl Native for NativePrisma {
    fn format(&self) -> &'static dyn Format {
        &PrismaFormat
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::NonLinear
    }

    fn directory(
        &self,
        project: &Project,
        path: PathBuf,
        _settings: &Settings,
    ) -> Result<Directory, NativeError> {
        let inside = path.strip_prefix(project.root()).unwrap_or(&path);
        let inside = inside.display().to_string();
        let without = project
            .directories(&inside)
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .find(|name| !path.join(name).join(SCRIPT).is_file());
        if let Some(name) = without {
            return Err(NativeError::Setting(format!(
                "{inside}/{name} has no {SCRIPT}: put it back, or delete the folder"
            )));
        }
        let location = Location::with_format(&path, self.format());
        Ok(Directory::open(location)?)
    }

    fn beginning(&self, directory: &Directory, name: &str, now: Timestamp) -> Option<Vec<NewFile>> {
        let version = free_moment(directory, now, "%Y%m%d%H%M%S");
        Some(self.format().new_files(&version, Some(&words(name))))
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let migrations = Prisma.read(project, settings)?;
        let directories = &migrations.place().directories;
        let directory = directories.first().map_or("", String::as_str);
        let lock = crate::project::join(directory, "migration_lock.toml");
        Ok(Arc::new(PrismaLedger {
            table: table(settings),
            provider: text_at(project, &lock, &["provider"]),
            lock,
        }))
    }
}

/// `_prisma_migrations`.
#[derive(Debug)]
struct PrismaLedger {
    table: TableName,
    /// The kind of database that the migrations were written for.
    provider: Option<String>,
    /// The file that says so.
    lock: String,
}

/// Rows of a migration that neither ended nor were rolled back.
const UNFINISHED: &str = "migration_name = ? AND finished_at IS NULL AND rolled_back_at IS NULL";

impl PrismaLedger {
    fn table(&self, session: &dyn Session) -> String {
        self.table.quoted(session.dialect())
    }

    async fn is_there(
        &self,
        session: &mut dyn Session,
        version: &str,
        which: &str,
    ) -> Result<bool, StatementError> {
        let question = format!("SELECT 1 FROM {} WHERE {which}", self.table(session));
        let question = super::ledger::numbered(session.dialect(), &question);
        let rows = session.query(&question, &[text(version)]).await?;
        Ok(!rows.is_empty())
    }

    /// Inserts a row that began and has not ended.
    async fn insert(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        let dialect = session.dialect();
        let statement = format!(
            "INSERT INTO {} (id, checksum, migration_name, started_at) VALUES (?, ?, ?, {})",
            self.table(session),
            moment_sql(dialect)
        );
        let values = [
            Value::Text(id()),
            text(line.checksum.unwrap_or_default()),
            text(line.version),
            moment(dialect, line.started),
        ];
        run(session, &statement, &values).await
    }

    async fn end(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
        also: &str,
    ) -> Result<(), StatementError> {
        let dialect = session.dialect();
        let statement = format!(
            "UPDATE {} SET {also}finished_at = {} WHERE {UNFINISHED}",
            self.table(session),
            moment_sql(dialect)
        );
        let ended = line.started.checked_add(line.elapsed);
        let values = [
            moment(dialect, ended.unwrap_or(line.started)),
            text(line.version),
        ];
        run(session, &statement, &values).await
    }

    /// Marks what failed as rolled back.
    async fn roll_back(
        &self,
        session: &mut dyn Session,
        version: &str,
    ) -> Result<(), StatementError> {
        let now = match session.dialect() {
            Dialect::Postgres => "now()",
            Dialect::MySql | Dialect::MariaDb => "UTC_TIMESTAMP(3)",
            Dialect::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        };
        let statement = format!(
            "UPDATE {} SET rolled_back_at = {now} WHERE {UNFINISHED}",
            self.table(session)
        );
        run(session, &statement, &[text(version)]).await
    }
}

#[async_trait]
impl Ledger for PrismaLedger {
    fn title(&self) -> &'static str {
        TITLE
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![wanted(&self.table)]
    }

    fn refusal(&self, dialect: Dialect) -> Option<String> {
        let provider = self.provider.as_deref()?;
        let fits = match provider {
            "postgresql" | "postgres" | "cockroachdb" => dialect == Dialect::Postgres,
            "mysql" => matches!(dialect, Dialect::MySql | Dialect::MariaDb),
            "sqlite" => dialect == Dialect::Sqlite,
            _ => false,
        };
        (!fits).then(|| {
            format!(
                "{}: the migrations were written for {provider}, and the database is {dialect}: \
                 prisma begins a new directory for another provider",
                self.lock
            )
        })
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        Ok(Lines {
            records: recorded(tables).records,
            ..Lines::default()
        })
    }

    fn checksum(&self, _file: &File, content: &[u8]) -> Checksum {
        Checksum::Any(checksum::prisma(content))
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let table = self.table.quoted(dialect);
        vec![match dialect {
            Dialect::Postgres => format!(
                "CREATE TABLE {table} (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, \
                 finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT, \
                 rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), \
                 applied_steps_count INTEGER NOT NULL DEFAULT 0)"
            ),
            Dialect::MySql | Dialect::MariaDb => format!(
                "CREATE TABLE {table} (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, \
                 finished_at DATETIME(3), migration_name VARCHAR(255) NOT NULL, logs TEXT, \
                 rolled_back_at DATETIME(3), started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
                 applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0) \
                 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
            ),
            Dialect::Sqlite => format!(
                "CREATE TABLE {table} (\"id\" TEXT PRIMARY KEY NOT NULL, \"checksum\" TEXT NOT NULL, \
                 \"finished_at\" DATETIME, \"migration_name\" TEXT NOT NULL, \"logs\" TEXT, \
                 \"rolled_back_at\" DATETIME, \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp, \
                 \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0)"
            ),
        }]
    }

    fn ways_out(&self, version: &str) -> Vec<String> {
        vec![
            format!(
                "when its changes are undone: npx prisma migrate resolve --rolled-back {version}"
            ),
            format!(
                "when they are completed by hand: npx prisma migrate resolve --applied {version}"
            ),
        ]
    }

    /// Prisma does not begin a history in a schema that holds tables (P3005).
    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, StatementError> {
        not_empty(session, &self.table).await
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, timing: Timing) -> Option<Vec<RowStatement>> {
        let table = self.table.quoted(dialect);
        let head = "id, checksum, migration_name, applied_steps_count, started_at, finished_at";
        let [id, checksum, name] = [
            Value::Text(id()),
            text(line.checksum.unwrap_or_default()),
            text(line.version),
        ];
        if timing == Timing::Database {
            let statement = format!(
                "INSERT INTO {table} ({head}) VALUES (?, ?, ?, 1, \
                 pg_catalog.transaction_timestamp(), pg_catalog.clock_timestamp())"
            );
            return tells_time(dialect)
                .then(|| one(dialect, &statement, [id, checksum, name]))
                .flatten();
        }
        let at = moment_sql(dialect);
        let statement = format!("INSERT INTO {table} ({head}) VALUES (?, ?, ?, 1, {at}, {at})");
        let [started, ended] = [line.started, line.ended()].map(|at| moment(dialect, at));
        one(dialect, &statement, [id, checksum, name, started, ended])
    }

    async fn record(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.insert(session, line).await
    }

    async fn finish(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.end(
            session,
            line,
            "applied_steps_count = applied_steps_count + 1, ",
        )
        .await
    }

    async fn begin(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        if self.is_there(session, line.version, UNFINISHED).await? {
            let table = self.table(session);
            let statement = format!("UPDATE {table} SET logs = NULL WHERE {UNFINISHED}");
            return run(session, &statement, &[text(line.version)]).await;
        }
        self.insert(session, line).await
    }

    async fn fail(&self, session: &mut dyn Session, line: &Line<'_>) -> Result<(), StatementError> {
        self.begin(session, line).await?;
        let table = self.table(session);
        let statement = format!("UPDATE {table} SET logs = ? WHERE {UNFINISHED}");
        run(session, &statement, &[text(line.error), text(line.version)]).await
    }

    async fn complete(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.begin(session, line).await?;
        self.finish(session, line).await
    }

    /// As `prisma migrate resolve --applied` does.
    async fn resolve(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.roll_back(session, line.version).await?;
        let applied = "migration_name = ? AND finished_at IS NOT NULL AND rolled_back_at IS NULL";
        if self.is_there(session, line.version, applied).await? {
            return Ok(());
        }
        self.insert(session, line).await?;
        self.end(session, line, "logs = '', ").await
    }

    /// What failed is marked rolled back, as `prisma migrate resolve
    /// --rolled-back` does; what was applied is deleted.
    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        self.roll_back(session, version).await?;
        let statement = format!(
            "DELETE FROM {} WHERE migration_name = ? AND rolled_back_at IS NULL",
            self.table(session)
        );
        run(session, &statement, &[text(version)]).await
    }

    async fn enter(&self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        match session.dialect() {
            Dialect::Postgres => POSTGRES_LOCK.enter(session).await,
            Dialect::MySql | Dialect::MariaDb => MYSQL_LOCK.enter(session).await,
            Dialect::Sqlite => Ok(Entrance::Open),
        }
    }

    async fn leave(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        match session.dialect() {
            Dialect::Postgres => POSTGRES_LOCK.leave(session).await,
            Dialect::MySql | Dialect::MariaDb => MYSQL_LOCK.leave(session).await,
            Dialect::Sqlite => Ok(()),
        }
    }
}

const POSTGRES_LOCK: PostgresLock = PostgresLock {
    tool: TITLE,
    key: 72_707_369,
};

const MYSQL_LOCK: MysqlLock<'static> = MysqlLock {
    tool: TITLE,
    name: "prisma_migrate",
};

/// A moment as a value of the table.
fn moment(dialect: Dialect, at: Timestamp) -> Value {
    match dialect {
        Dialect::Sqlite => Value::Integer(at.as_millisecond()),
        Dialect::Postgres => Value::Text(at.to_string()),
        Dialect::MySql | Dialect::MariaDb => {
            let utc = at.to_zoned(TimeZone::UTC);
            Value::Text(utc.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())
        }
    }
}

/// Such a value in a statement.
fn moment_sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "CAST(CAST(? AS text) AS timestamptz)",
        Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => "?",
    }
}

/// A random identifier, as RFC 9562 has its version 4.
fn id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    let (high, low) = (random(), random());
    let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::{Format, PrismaFormat, id, refuses_transaction};

    #[test]
    fn identifiers_are_of_version_four_and_never_the_same() {
        let (one, other) = (id(), id());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn folders_are_in_the_order_of_their_names() {
        let names = ["1_a/migration.sql", "1/migration.sql", "1-b/migration.sql"];
        let names = names.map(str::to_owned).to_vec();
        assert_eq!(
            PrismaFormat.arrange(names),
            ["1/migration.sql", "1-b/migration.sql", "1_a/migration.sql"]
        );
    }

    #[test]
    fn scripts_with_transactions_of_their_own_get_none() {
        assert!(refuses_transaction("BEGIN;\nSELECT 1;\nCOMMIT;"));
        assert!(refuses_transaction(
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);"
        ));
        assert!(!refuses_transaction(
            "-- BEGIN; CONCURRENTLY\nCREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END $$ LANGUAGE plpgsql;"
        ));
    }
}

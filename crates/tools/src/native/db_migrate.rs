//! db-migrate, applied without it: the SQL files behind wrappers that nobody changed.
//!
//! `db-migrate create --sql-file` makes a program that does no more than run
//! the file `sqls/<name>-up.sql`. Whether a program is that one is told by its
//! digest, with its own name left out. All others are db-migrate's to run.
//!
//! Source: <https://db-migrate.readthedocs.io/en/latest/Getting%20Started/usage/>.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{Session, StatementError, Value};
use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::directory::{Directory, File, Location};
use shipgate_migrate::formats::{Format, NewFile, Part, PartError};
use shipgate_migrate::history::{RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::Dialect;

use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, delete, one, tells_time, text};
use crate::checksum;
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::{Project, ReadError};
use crate::tool::Settings;
use crate::tools::db_migrate::{LAYOUT, is_migration, table};

const WRAPPER: &str = ".js";
const FOLDER: &str = "sqls/";
const SUFFIX: &str = "-up.sql";

/// SHA-256 of the wrappers that db-migrate 0.11 makes, with `*` for the name.
const WRAPPERS: [&str; 2] = [
    // `--sql-file`
    "640bd61aed4208f7d7e38e5b48ac56f19718a78b2b2986a1f8e19f3d8d35005c",
    // `--sql-file --ignore-on-init`
    "2521a7fbfc77babe285100cc4e201babb9979881e0379bde11c08169647f6ee0",
];

/// `sqls/<name>-up.sql`; the version is the name.
#[derive(Debug)]
pub(crate) struct DbMigrateFormat;

impl Format for DbMigrateFormat {
    fn name(&self) -> &'static str {
        "db-migrate"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.starts_with(FOLDER) && name.ends_with(SUFFIX)
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        let name = name.strip_prefix(FOLDER).unwrap_or(name);
        let name = name.strip_suffix(SUFFIX).unwrap_or(name);
        (name.to_owned(), String::new())
    }

    /// The wrapper is db-migrate's to make.
    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        let name = name.unwrap_or("migration");
        vec![NewFile {
            name: format!("{FOLDER}{version}-{name}{SUFFIX}"),
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
        Ok(Part::whole(text))
    }
}

/// Whether a program only runs the SQL file of its name.
fn is_wrapper(program: &str, name: &str) -> bool {
    let plain = program.replace("\r\n", "\n").replace(name, "*");
    WRAPPERS.contains(&checksum::sha256(plain.as_bytes()).as_str())
}

/// db-migrate without db-migrate.
#[derive(Debug)]
pub(crate) struct NativeDbMigrate;

impl Native for NativeDbMigrate {
    fn format(&self) -> &'static dyn Format {
        &DbMigrateFormat
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
        let shown = path.strip_prefix(project.root()).unwrap_or(&path);
        let shown = shown.display().to_string();
        let mut files = Vec::new();
        for program in project.files(&shown) {
            if !is_migration(&program) {
                continue;
            }
            let place = format!("{shown}/{program}");
            let name = program.strip_suffix(WRAPPER);
            let Some(name) = name.filter(|name| {
                let text = project.text(&place);
                text.is_some_and(|text| is_wrapper(&text, name))
            }) else {
                return Err(NativeError::Setting(format!(
                    "{place} does more than run its SQL file, as `db-migrate create --sql-file` made it: \
                     only db-migrate can run it; `shipgate gate` does so behind the migration lock"
                )));
            };
            let sql = format!("{FOLDER}{name}{SUFFIX}");
            let content = project.read(&format!("{shown}/{sql}"))?;
            files.push(File::new(
                &DbMigrateFormat,
                &sql,
                path.join(&sql),
                content,
                None,
            ));
        }
        if files.is_empty() {
            return Err(NativeError::Read(ReadError::Contradiction(format!(
                "{shown} holds no migration of db-migrate"
            ))));
        }
        let location = Location::with_format(&path, &DbMigrateFormat);
        Ok(Directory::of_files(location, files, None)?)
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let table = table(project, settings);
        Ok(Arc::new(DbMigrateLedger { table }))
    }
}

/// db-migrate's `migrations`.
#[derive(Debug)]
struct DbMigrateLedger {
    table: TableName,
}

#[async_trait]
impl Ledger for DbMigrateLedger {
    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        LAYOUT.wanted(&self.table)
    }

    /// Rows of a scope belong to another directory.
    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        let mut lines = LAYOUT.lines(tables)?;
        let records = std::mem::take(&mut lines.records).into_iter();
        lines.records = records
            .filter_map(|mut record| {
                record.id = record.id.strip_prefix('/')?.to_owned();
                Some(record)
            })
            .collect();
        Ok(lines)
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let columns = match dialect {
            Dialect::Postgres => {
                r#""id" SERIAL PRIMARY KEY NOT NULL, "name" VARCHAR (255) NOT NULL, "run_on" TIMESTAMP NOT NULL"#
            }
            Dialect::MySql | Dialect::MariaDb => {
                "`id` INTEGER PRIMARY KEY AUTO_INCREMENT NOT NULL, `name` VARCHAR (255) NOT NULL, `run_on` DATETIME NOT NULL"
            }
            Dialect::Sqlite => {
                r#""id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "name" VARCHAR (255) NOT NULL, "run_on" datetime NOT NULL"#
            }
        };
        vec![format!(
            "CREATE TABLE IF NOT EXISTS {} ({columns})",
            self.table.quoted(dialect)
        )]
    }

    /// The moment is that of Node's clock, in a zone that nobody knows: in UTC here.
    fn row(&self, dialect: Dialect, line: &Line<'_>, timing: Timing) -> Option<Vec<RowStatement>> {
        let table = self.table.quoted(dialect);
        let name = text(&format!("/{}", line.version));
        if timing == Timing::Database {
            let statement = format!(
                "INSERT INTO {table} (name, run_on) VALUES (?, date_trunc('milliseconds', \
                 pg_catalog.clock_timestamp() AT TIME ZONE 'UTC'))"
            );
            return tells_time(dialect)
                .then(|| one(dialect, &statement, [name]))
                .flatten();
        }
        let at = line.ended();
        let (parameter, moment) = match dialect {
            Dialect::Sqlite => ("?", Value::Integer(at.as_millisecond())),
            Dialect::Postgres => (
                "CAST(CAST(? AS text) AS timestamp)",
                text(&at.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()),
            ),
            Dialect::MySql | Dialect::MariaDb => {
                ("?", text(&at.strftime("%Y-%m-%d %H:%M:%S").to_string()))
            }
        };
        let statement = format!("INSERT INTO {table} (name, run_on) VALUES (?, {parameter})");
        one(dialect, &statement, [name, moment])
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        delete(session, &self.table, "name", text(&format!("/{version}"))).await
    }
}

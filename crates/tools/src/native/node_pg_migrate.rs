//! node-pg-migrate, applied without it: migrations in SQL.
//!
//! A file's up part goes from `-- Up Migration` to `-- Down Migration`; without
//! either mark it is all of the file. The history holds names without ending,
//! and the files must be applied in their order. All that is pending is in one
//! transaction.
//!
//! Source: <https://salsita.github.io/node-pg-migrate/>.

use std::cmp::Ordering;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::DateTime};
use shipgate_database::{Session, StatementError};
use shipgate_migrate::TxMode;
use shipgate_migrate::directive::{FileDirectives, Known};
use shipgate_migrate::directory::Directory;
use shipgate_migrate::formats::{Format, NewFile, Part, PartError};
use shipgate_migrate::history::{Entrance, RowStatement, Timing};
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::{Dialect, quoted_name};

use super::advisory::PostgresLock;
use super::directory::{Native, NativeError};
use super::ledger::{Ledger, Line, Lines, delete, one, text};
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::Project;
use crate::tool::Settings;
use crate::tools::javascript_form::is_script;
use crate::tools::node_pg_migrate::{LAYOUT, table};

const SUFFIX: &str = ".sql";

/// Its lock, unless it is told another one on its command line.
const LOCK: PostgresLock = PostgresLock {
    tool: LAYOUT.title,
    key: 7_241_865_325_823_964,
};

/// `<number>_<name>.sql`; the version is all before the ending.
#[derive(Debug)]
pub(crate) struct NodePgMigrateFormat;

/// What a line opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Up,
    Down,
}

impl Format for NodePgMigrateFormat {
    fn name(&self) -> &'static str {
        "node-pg-migrate"
    }

    fn is_migration(&self, name: &str) -> bool {
        name.ends_with(SUFFIX) && !name.starts_with('.')
    }

    fn version_and_description(&self, name: &str) -> (String, String) {
        let stem = name.strip_suffix(SUFFIX).unwrap_or(name);
        (stem.to_owned(), String::new())
    }

    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile> {
        let name = name.unwrap_or("migration");
        vec![NewFile {
            name: format!("{version}_{name}{SUFFIX}"),
            content: "-- Up Migration\n\n-- Down Migration".to_owned(),
        }]
    }

    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        names.sort_by(|a, b| compare(a, b));
        names
    }

    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        compare(a, b)
    }

    fn name_fault(&self, name: &str) -> Option<String> {
        if prefix(name).is_none() {
            return Some(
                "node-pg-migrate takes no file whose name does not begin with a number".to_owned(),
            );
        }
        [".up.sql", ".down.sql"]
            .iter()
            .any(|half| name.ends_with(half))
            .then(|| {
                "whether it is a migration or half of one depends on node-pg-migrate's loaders; \
                 one file with `-- Up Migration` and `-- Down Migration` is read alike by all"
                    .to_owned()
            })
    }

    fn foreign_fault(&self, name: &str) -> Option<String> {
        (is_script(name) && !name.starts_with('.')).then(|| {
            "it is a program, which only node-pg-migrate itself can run; \
             `shipgate gate` runs it behind the migration lock"
                .to_owned()
        })
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
        let (mut up, mut down) = (None, None);
        let mut at = 0;
        for (line, content) in (1..).zip(text.split_inclusive('\n')) {
            match mark(content) {
                Some(Mark::Up) if up.is_none() => up = Some(at),
                Some(Mark::Down) if down.is_none() => down = Some((at, line)),
                _ => {}
            }
            at += content.len();
        }
        let range = match (up, down) {
            (None, None) => 0..text.len(),
            (None, Some((_, line))) => {
                return Err(PartError {
                    line,
                    message:
                        "'-- Down Migration' without '-- Up Migration': node-pg-migrate would \
                        execute all of the file on its way up"
                            .to_owned(),
                });
            }
            (Some(up), Some((down, _))) if down > up => up..down,
            (Some(up), _) => up..text.len(),
        };
        Ok(vec![Part::Script(range)])
    }
}

/// A line as a mark: a comment that begins with `up migration` or `down migration`.
fn mark(line: &str) -> Option<Mark> {
    let comment = line.trim_start().strip_prefix("--")?;
    let comment =
        comment.trim_start_matches(|letter: char| letter == '-' || letter.is_whitespace());
    let mut words = comment.split_whitespace();
    let direction = words.next()?;
    let is_migration = words
        .next()?
        .get(.."migration".len())
        .is_some_and(|word| word.eq_ignore_ascii_case("migration"));
    match direction.to_ascii_lowercase().as_str() {
        "up" if is_migration => Some(Mark::Up),
        "down" if is_migration => Some(Mark::Down),
        _ => None,
    }
}

/// By the number at the beginning, then by the rest.
fn compare(a: &str, b: &str) -> Ordering {
    prefix(a).cmp(&prefix(b)).then_with(|| a.cmp(b))
}

/// The number at the beginning; 17 digits are a time and count as its milliseconds.
fn prefix(name: &str) -> Option<i128> {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let digits = &name[..digits];
    if digits.len() == 17
        && let Ok(seconds) = DateTime::strptime("%Y%m%d%H%M%S", &digits[..14])
        && let Ok(at) = seconds.to_zoned(TimeZone::UTC)
        && let Ok(milliseconds) = digits[14..].parse::<i64>()
    {
        return Some(i128::from(at.timestamp().as_millisecond() + milliseconds));
    }
    digits.parse().ok()
}

/// node-pg-migrate without node-pg-migrate.
#[derive(Debug)]
pub(crate) struct NativeNodePgMigrate;

impl Native for NativeNodePgMigrate {
    fn format(&self) -> &'static dyn Format {
        &NodePgMigrateFormat
    }

    fn exec_order(&self, _project: &Project) -> ExecOrder {
        ExecOrder::Linear
    }

    fn tx_mode(&self, _project: &Project) -> TxMode {
        TxMode::All
    }

    fn beginning(&self, directory: &Directory, name: &str, now: Timestamp) -> Option<Vec<NewFile>> {
        let mut version = now.as_millisecond();
        while directory.file(&version.to_string()).is_some() {
            version += 1;
        }
        let dashed: Vec<&str> = name
            .split([' ', '_'])
            .filter(|word| !word.is_empty())
            .collect();
        Some(
            self.format()
                .new_files(&version.to_string(), Some(&dashed.join("-"))),
        )
    }

    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError> {
        let table = table(project, settings);
        Ok(Arc::new(NodePgMigrateLedger { table }))
    }
}

/// `pgmigrations`.
#[derive(Debug)]
struct NodePgMigrateLedger {
    table: TableName,
}

#[async_trait]
impl Ledger for NodePgMigrateLedger {
    fn title(&self) -> &'static str {
        LAYOUT.title
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        LAYOUT.wanted(&self.table)
    }

    fn refusal(&self, dialect: Dialect) -> Option<String> {
        (dialect != Dialect::Postgres)
            .then(|| "node-pg-migrate's migrations are for PostgreSQL".to_owned())
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        LAYOUT.lines(tables)
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let schema = self.table.schema.as_deref();
        let schema = schema.filter(|schema| *schema != "public").map(|schema| {
            let schema = quoted_name(dialect, schema);
            format!("CREATE SCHEMA IF NOT EXISTS {schema}")
        });
        let table = format!(
            "CREATE TABLE {} (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)",
            self.table.quoted(dialect)
        );
        schema.into_iter().chain([table]).collect()
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, _timing: Timing) -> Option<Vec<RowStatement>> {
        let table = self.table.quoted(dialect);
        let statement = format!("INSERT INTO {table} (name, run_on) VALUES (?, NOW())");
        one(dialect, &statement, [text(line.version)])
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        delete(session, &self.table, "name", text(version)).await
    }

    async fn enter(&self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        LOCK.enter(session).await
    }

    async fn leave(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        LOCK.leave(session).await
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use shipgate_sql::Dialect;

    use super::{Format, NodePgMigrateFormat};

    fn up(text: &str) -> Result<&str, String> {
        let parts = NodePgMigrateFormat
            .parts(text, Dialect::Postgres)
            .map_err(|error| format!("{}: {error}", error.line))?;
        Ok(&text[parts[0].range().clone()])
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(-- (Up|Down) Migration\n|\\PC{0,9};?\r?\n?){0,9}") {
            let _ = NodePgMigrateFormat.parts(&text, Dialect::Postgres);
            let _ = NodePgMigrateFormat.version_and_description(&text);
            let _ = NodePgMigrateFormat.name_fault(&text);
        }
    }

    #[test]
    fn the_up_part_ends_where_the_down_part_begins() {
        let text = "-- Up Migration\nA;\n-- Down Migration\nB;\n";
        assert_eq!(up(text), Ok("-- Up Migration\nA;\n"));
        let turned = "--- down migration\nB;\n  -- UP  migration of it\nA;\n";
        assert_eq!(up(turned), Ok("  -- UP  migration of it\nA;\n"));
        assert_eq!(up("A;\n"), Ok("A;\n"));
        assert_eq!(up("A; -- Up Migration\n"), Ok("A; -- Up Migration\n"));
    }

    #[test]
    fn a_down_part_alone_is_an_error() {
        let error = up("A;\n-- Down Migration\nB;\n").unwrap_err();
        assert!(
            error.starts_with("2: '-- Down Migration' without"),
            "{error}"
        );
    }

    #[test]
    fn files_are_in_the_order_of_their_numbers_and_times() {
        let names = [
            "10_b.sql",
            "9_a.sql",
            "20261120103427123_d.sql",
            "1795170867122_c.sql",
        ];
        let names = names.map(str::to_owned).to_vec();
        assert_eq!(
            NodePgMigrateFormat.arrange(names),
            [
                "9_a.sql",
                "10_b.sql",
                "1795170867122_c.sql",
                "20261120103427123_d.sql"
            ]
        );
    }

    #[test]
    fn programs_and_halves_are_not_passed_over() {
        assert!(NodePgMigrateFormat.foreign_fault("1_a.js").is_some());
        assert!(NodePgMigrateFormat.foreign_fault("notes.md").is_none());
        assert!(NodePgMigrateFormat.name_fault("1_a.up.sql").is_some());
        assert!(NodePgMigrateFormat.name_fault("a.sql").is_some());
        assert_eq!(NodePgMigrateFormat.name_fault("1_a.sql"), None);
    }
}

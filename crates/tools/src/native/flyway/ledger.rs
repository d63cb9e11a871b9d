//! `flyway_schema_history`.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use shipgate_database::{ErrorKind, Session, StatementError, Value};
use shipgate_migrate::directory::File;
use shipgate_migrate::formats::Format;
use shipgate_migrate::history::{Entrance, RowStatement, Timing};
use shipgate_sql::{Dialect, quoted_name};

use super::super::advisory::{MysqlLock, PostgresLock, asked};
use super::super::emptiness::not_empty;
use super::super::ledger::{Ledger, Line, Lines, elapsed_sql, numbered, run, tells_time, text};
use super::format::{BASELINE, FlywayFormat};
use crate::checksum::{self, Checksum};
use crate::compare::Record;
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::project::{Project, ReadError};
use crate::tools::flyway::{
    Kind, Ran, TITLE, compare_versions, default_schema, id, option, sources, wanted,
};

/// The first number of its locks on PostgreSQL.
const LOCK: i64 = 77_431_708_279_161;

/// A migration that is there as a file.
#[derive(Debug)]
struct Known {
    /// The version as the layout has it.
    version: String,
    kind: Kind,
    /// What the history calls it.
    id: String,
    /// Of the file as it is on disk.
    checksum: String,
}

/// `flyway_schema_history`.
#[derive(Debug)]
pub(super) struct FlywayLedger {
    table: TableName,
    installed_by: Option<String>,
    /// The schema that the configuration says migrations mean.
    default_schema: Option<String>,
    /// By the file's name in the directory.
    files: BTreeMap<String, Known>,
}

/// What a row is about.
#[derive(Debug, PartialEq, Eq)]
enum Subject<'v> {
    Versioned(&'v str),
    Baseline(&'v str),
    Repeatable(String),
}

impl<'v> Subject<'v> {
    fn of(version: &'v str) -> Self {
        match (version.strip_prefix("R__"), version.strip_prefix(BASELINE)) {
            (Some(description), _) => Self::Repeatable(description.replace('_', " ")),
            (None, Some(number)) => Self::Baseline(number),
            (None, None) => Self::Versioned(version),
        }
    }

    /// The column `version`.
    fn version(&self) -> Value {
        match self {
            Self::Versioned(version) | Self::Baseline(version) => {
                Value::Text(version.replace('_', "."))
            }
            Self::Repeatable(_) => Value::Null,
        }
    }

    /// The column `type`.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Baseline(_) => "SQL_BASELINE",
            Self::Versioned(_) | Self::Repeatable(_) => "SQL",
        }
    }
}

/// Which rows of a version are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    All,
    Failed,
}

/// How a migration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Success,
    Failure,
}

impl FlywayLedger {
    /// The ledger of a directory's files.
    pub(super) fn new(
        project: &Project,
        directory: &str,
        table: TableName,
    ) -> Result<Self, ReadError> {
        let mut files = BTreeMap::new();
        for source in sources(project, directory) {
            let name = source.file.strip_prefix(directory).unwrap_or(&source.file);
            let name = name.trim_start_matches('/').to_owned();
            let known = Known {
                version: FlywayFormat.version_and_description(&name).0,
                kind: source.kind,
                id: id(&source.version, &source.description),
                checksum: checksum::flyway(&project.read_text(&source.file)?),
            };
            files.insert(name, known);
        }
        Ok(Self {
            table,
            installed_by: option(project, "installedBy"),
            default_schema: default_schema(project),
            files,
        })
    }

    /// The version of the file that a row is about.
    fn spelt(&self, kind: Kind, id: &str) -> Option<&str> {
        let mut files = self.files.values();
        let known = files.find(|known| known.kind == kind && known.id == id)?;
        Some(&known.version)
    }

    /// Rows for the files up to a version that have none.
    fn stand_for(&self, version: &str, records: &mut Vec<Record>) {
        let with_row: HashSet<String> = records.iter().map(|row| row.id.clone()).collect();
        let up_to = |known: &&Known| {
            known.kind != Kind::Repeatable && compare_versions(&known.id, version).is_le()
        };
        let without = self.files.values().filter(up_to);
        let without = without.filter(|known| !with_row.contains(&known.version));
        records.extend(without.map(|known| Record::applied(&known.version, &known.id, "")));
    }

    /// Flyway makes its default schema the session's; here the URL says it.
    async fn refuse_other_schema(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let question = match session.dialect() {
            Dialect::Sqlite => return Ok(()),
            Dialect::Postgres => "SELECT current_schema()::text",
            Dialect::MySql | Dialect::MariaDb => "SELECT DATABASE()",
        };
        let Some(wanted) = &self.default_schema else {
            return Ok(());
        };
        let found = asked(session, question).await?;
        if found == *wanted {
            return Ok(());
        }
        let found = match found.as_str() {
            "" => "none that is there".to_owned(),
            found => found.to_owned(),
        };
        Err(StatementError::new(
            ErrorKind::Refused,
            format!(
                "flyway's default schema is {wanted}, and the session's is {found}: \
                 create {wanted}, and name it in the URL (`search_path={wanted}`, or as the database)"
            ),
        ))
    }

    async fn greatest_rank(&self, session: &mut dyn Session) -> Result<i64, StatementError> {
        let table = self.table.quoted(session.dialect());
        let question = format!("SELECT coalesce(max(installed_rank), 0) FROM {table}");
        Ok(asked(session, &question).await?.parse().unwrap_or(0))
    }

    async fn insert(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
        end: End,
    ) -> Result<(), StatementError> {
        let rank = self.greatest_rank(session).await? + 1;
        let took = milliseconds(line).to_string();
        let row = self.insertion(session.dialect(), line, end, &rank.to_string(), &took);
        session.query(&row.text, &row.values).await.map(drop)
    }

    /// The statement that writes a row, whose rank and time are expressions.
    fn insertion(
        &self,
        dialect: Dialect,
        line: &Line<'_>,
        end: End,
        rank: &str,
        took: &str,
    ) -> RowStatement {
        let user = match (&self.installed_by, dialect) {
            (Some(_), _) => "?",
            (None, Dialect::Postgres) => "current_user",
            (None, Dialect::MySql | Dialect::MariaDb) => "SUBSTRING_INDEX(USER(), '@', 1)",
            (None, Dialect::Sqlite) => "''",
        };
        let success = match end {
            End::Success => "TRUE",
            End::Failure => "FALSE",
        };
        let statement = format!(
            "INSERT INTO {} (installed_rank, version, description, type, script, checksum, \
             execution_time, success, installed_by) \
             VALUES ({rank}, ?, ?, ?, ?, ?, {took}, {success}, {user})",
            self.table.quoted(dialect)
        );
        let subject = Subject::of(line.version);
        let checksum = line.checksum.and_then(|sum| sum.parse().ok());
        let mut values = vec![
            subject.version(),
            Value::Text(abbreviated_end(&line.description.replace('_', " "), 200)),
            text(subject.kind()),
            Value::Text(abbreviated_start(line.file, 1000)),
            checksum.map_or(Value::Null, Value::Integer),
        ];
        values.extend(self.installed_by.as_deref().map(text));
        RowStatement {
            text: numbered(dialect, &statement),
            values,
        }
    }

    /// Deletes the rows about a version, however that is written in them.
    async fn delete(
        &self,
        session: &mut dyn Session,
        version: &str,
        which: Rows,
    ) -> Result<(), StatementError> {
        let table = self.table.quoted(session.dialect());
        let failed = match which {
            Rows::All => "",
            Rows::Failed => " AND NOT success",
        };
        let (kinds, number) = match Subject::of(version) {
            Subject::Repeatable(description) => {
                let statement = format!(
                    "DELETE FROM {table} WHERE version IS NULL AND description = ? \
                     AND type <> 'SCHEMA'{failed}"
                );
                let description = abbreviated_end(&description, 200);
                return run(session, &statement, &[Value::Text(description)]).await;
            }
            Subject::Baseline(number) => ("type = 'SQL_BASELINE'", number),
            Subject::Versioned(number) => {
                ("type NOT IN ('SCHEMA', 'BASELINE', 'SQL_BASELINE')", number)
            }
        };
        let question = format!(
            "SELECT installed_rank, version FROM {table} \
             WHERE version IS NOT NULL AND {kinds}{failed}"
        );
        let rows = session.query(&question, &[]).await?;
        let statement = format!("DELETE FROM {table} WHERE installed_rank = ?");
        for row in rows {
            if let [Value::Integer(rank), Value::Text(found)] = row.as_slice()
                && id(found, "") == id(number, "")
            {
                run(session, &statement, &[Value::Integer(*rank)]).await?;
            }
        }
        Ok(())
    }

    /// The table's name as the locks' numbers are made of it.
    async fn locked_name(&self, session: &mut dyn Session) -> Result<String, StatementError> {
        let dialect = session.dialect();
        let question = match dialect {
            Dialect::Postgres => "SELECT current_schema()::text",
            _ => "SELECT DATABASE()",
        };
        let schema = match &self.table.schema {
            Some(schema) => schema.clone(),
            None => asked(session, question).await?,
        };
        Ok(TableName::within(Some(schema), &self.table.name).quoted(dialect))
    }

    async fn postgres_lock(
        &self,
        session: &mut dyn Session,
    ) -> Result<PostgresLock, StatementError> {
        let name = self.locked_name(session).await?;
        Ok(PostgresLock {
            tool: TITLE,
            key: LOCK + i64::from(java_hash(&name)),
        })
    }

    async fn mysql_lock(&self, session: &mut dyn Session) -> Result<String, StatementError> {
        let name = self.locked_name(session).await?;
        Ok(format!("Flyway-{}", java_hash(&name)))
    }
}

#[async_trait]
impl Ledger for FlywayLedger {
    fn title(&self) -> &'static str {
        TITLE
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        vec![wanted(&self.table)]
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        let ran = Ran::of(tables);
        let baseline = ran.baseline.as_ref().map(|version| {
            let spelt = self.spelt(Kind::Versioned, &id(version, ""));
            Record::applied(spelt.unwrap_or(version), version, "")
        });
        let mut records = Vec::new();
        let mut stands = ran.baseline;
        for mut record in ran.versioned {
            let is_baseline = ran.from_files.contains(&record.id);
            let kind = match is_baseline {
                true => Kind::Baseline,
                false => Kind::Versioned,
            };
            if is_baseline {
                stands = Some(record.id.clone());
            }
            record.id = match (self.spelt(kind, &record.id), kind) {
                (Some(version), _) => version.to_owned(),
                (None, Kind::Baseline) => format!("{BASELINE}{}", record.version),
                (None, _) => record.version.clone(),
            };
            records.push(record);
        }
        for mut record in ran.repeatable.into_values() {
            record.id = match self.spelt(Kind::Repeatable, &record.id) {
                Some(version) => version.to_owned(),
                None => format!("R__{}", record.name.replace(' ', "_")),
            };
            records.push(record);
        }
        if let Some(version) = stands {
            self.stand_for(&version, &mut records);
        }
        records.sort_by(|a, b| FlywayFormat.compare_versions(&a.id, &b.id));
        Ok(Lines {
            records,
            baseline,
            ..Lines::default()
        })
    }

    /// Of a repeatable one with the values of its placeholders, of any other without.
    fn checksum(&self, file: &File, content: &[u8]) -> Checksum {
        let sum = match self.files.get(file.name()) {
            Some(known) if known.kind != Kind::Repeatable => known.checksum.clone(),
            _ => checksum::flyway(&String::from_utf8_lossy(content)),
        };
        Checksum::Any(vec![sum])
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let table = self.table.quoted(dialect);
        let named = |ending: &str| quoted_name(dialect, &format!("{}{ending}", self.table.name));
        let key = named("_pk");
        let (rank, integer, moment, truth, last) = match dialect {
            Dialect::Postgres => (
                "INT NOT NULL",
                "INTEGER",
                "TIMESTAMP NOT NULL DEFAULT now()",
                "BOOLEAN",
                format!(", CONSTRAINT {key} PRIMARY KEY (installed_rank))"),
            ),
            Dialect::MySql | Dialect::MariaDb => (
                "INT NOT NULL",
                "INT",
                "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
                "BOOL",
                format!(", CONSTRAINT {key} PRIMARY KEY (installed_rank))"),
            ),
            Dialect::Sqlite => (
                "INT NOT NULL PRIMARY KEY",
                "INT",
                "TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now'))",
                "BOOLEAN",
                ")".to_owned(),
            ),
        };
        vec![
            format!(
                "CREATE TABLE {table} (installed_rank {rank}, version VARCHAR(50), \
                 description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, \
                 script VARCHAR(1000) NOT NULL, checksum {integer}, \
                 installed_by VARCHAR(100) NOT NULL, installed_on {moment}, \
                 execution_time {integer} NOT NULL, success {truth} NOT NULL{last}"
            ),
            format!("CREATE INDEX {} ON {table} (success)", named("_s_idx")),
        ]
    }

    fn ways_out(&self, _version: &str) -> Vec<String> {
        vec!["when its changes are undone: `flyway repair`".to_owned()]
    }

    /// Flyway begins no history in a schema that is not empty.
    async fn not_clean(&self, session: &mut dyn Session) -> Result<Option<String>, StatementError> {
        not_empty(session, &self.table).await
    }

    fn row(&self, dialect: Dialect, line: &Line<'_>, timing: Timing) -> Option<Vec<RowStatement>> {
        let took = match (timing, dialect) {
            (_, Dialect::MySql | Dialect::MariaDb) => return None,
            (Timing::Revision, _) => milliseconds(line).to_string(),
            (Timing::Database, _) if tells_time(dialect) => elapsed_sql(1_000),
            (Timing::Database, _) => return None,
        };
        let table = self.table.quoted(dialect);
        let rank = format!("(SELECT coalesce(max(installed_rank), 0) + 1 FROM {table})");
        Some(vec![self.insertion(
            dialect,
            line,
            End::Success,
            &rank,
            &took,
        )])
    }

    async fn record(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.insert(session, line, End::Success).await
    }

    async fn finish(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        let rank = self.greatest_rank(session).await?;
        let table = self.table.quoted(session.dialect());
        let statement = format!("UPDATE {table} SET execution_time = ? WHERE installed_rank = ?");
        run(
            session,
            &statement,
            &[Value::Integer(milliseconds(line)), Value::Integer(rank)],
        )
        .await
    }

    /// Only a baseline's: without its row, what it stands for would be taken
    /// as left out should the run be killed.
    async fn begin(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        match Subject::of(line.version) {
            Subject::Baseline(_) => self.fail(session, line).await,
            Subject::Versioned(_) | Subject::Repeatable(_) => Ok(()),
        }
    }

    async fn fail(&self, session: &mut dyn Session, line: &Line<'_>) -> Result<(), StatementError> {
        self.delete(session, line.version, Rows::Failed).await?;
        self.insert(session, line, End::Failure).await
    }

    async fn complete(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        self.delete(session, line.version, Rows::Failed).await?;
        self.insert(session, line, End::Success).await
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        self.delete(session, version, Rows::All).await
    }

    async fn enter(&self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        self.refuse_other_schema(session).await?;
        match session.dialect() {
            Dialect::Sqlite => Ok(Entrance::Open),
            Dialect::Postgres => self.postgres_lock(session).await?.enter(session).await,
            Dialect::MySql | Dialect::MariaDb => {
                let name = self.mysql_lock(session).await?;
                mysql(&name).enter(session).await
            }
        }
    }

    async fn leave(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        match session.dialect() {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => self.postgres_lock(session).await?.leave(session).await,
            Dialect::MySql | Dialect::MariaDb => {
                let name = self.mysql_lock(session).await?;
                mysql(&name).leave(session).await
            }
        }
    }
}

fn mysql(name: &str) -> MysqlLock<'_> {
    MysqlLock { tool: TITLE, name }
}

fn milliseconds(line: &Line<'_>) -> i64 {
    let most = i64::from(i32::MAX);
    i64::try_from(line.elapsed.as_millis())
        .unwrap_or(most)
        .min(most)
}

/// A text of at most so many characters, without its end.
fn abbreviated_end(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 3).collect();
    format!("{kept}...")
}

/// A text of at most so many characters, without its beginning.
fn abbreviated_start(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().skip(length - (most - 3)).collect();
    format!("...{kept}")
}

/// What Java's `String.hashCode` gives.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

#[cfg(test)]
mod tests {
    use super::{LOCK, abbreviated_end, abbreviated_start, java_hash};

    #[test]
    fn the_lock_s_number_comes_from_the_table_s_quoted_name() {
        let hash = java_hash("\"public\".\"flyway_schema_history\"");
        assert_eq!(LOCK + i64::from(hash), 77_433_833_903_597);
    }

    #[test]
    fn long_texts_are_cut_to_the_width_of_their_columns() {
        assert_eq!(abbreviated_end("abcdefgh", 6), "abc...");
        assert_eq!(abbreviated_start("abcdefgh", 6), "...fgh");
        assert_eq!(abbreviated_end("abcdef", 6), "abcdef");
    }
}

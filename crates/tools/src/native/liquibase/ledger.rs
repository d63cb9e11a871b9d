//! `DATABASECHANGELOG`.

use std::collections::HashMap;
use std::sync::OnceLock;

use async_trait::async_trait;
use jiff::Timestamp;
use shipgate_database::{ErrorKind, Session, StatementError, Value};
use shipgate_migrate::directory::File;
use shipgate_migrate::history::Entrance;
use shipgate_sql::Dialect;

use super::super::advisory::asked;
use super::super::ledger::{Ledger, Line, Lines, numbered, run, text};
use super::lock::Lock;
use super::tables::{moment, now, spelt};
use crate::checksum::Checksum;
use crate::compare::Record;
use crate::history::{HistoryError, TableName, Tables, Wanted, read};
use crate::project::Project;
use crate::tool::Settings;
use crate::tools::liquibase::{Changelog, Held, TITLE, comparable, lock_table, record, table};

/// What the column `LIQUIBASE` says of rows that are written here.
const BY: &str = concat!("Shipgate ", env!("CARGO_PKG_VERSION"));

/// What a row may say of how its changeset went: it is applied in each case.
const ENDS: [&str; 5] = ["EXECUTED", "RERAN", "MARK_RAN", "SKIPPED", "FAILED"];

/// Columns that old versions did not make, with their types.
const LATER: [(&str, &str); 7] = [
    ("description", "VARCHAR(255)"),
    ("comments", "VARCHAR(255)"),
    ("tag", "VARCHAR(255)"),
    ("liquibase", "VARCHAR(20)"),
    ("contexts", "VARCHAR(255)"),
    ("labels", "VARCHAR(255)"),
    ("deployment_id", "VARCHAR(10)"),
];

/// The changeset of a row, as its identity says it.
const IDENTITY: &str = "CONCAT(FILENAME, '::', ID, '::', AUTHOR)";

/// `DATABASECHANGELOG`.
#[derive(Debug)]
pub(super) struct LiquibaseLedger {
    table: TableName,
    lock: Lock,
    /// By identity.
    sets: HashMap<String, Held>,
    /// What all rows of a run have in common.
    deployment: OnceLock<String>,
}

impl LiquibaseLedger {
    /// The ledger of a project's changesets.
    pub(super) fn new(project: &Project, settings: &Settings, changelog: Changelog) -> Self {
        let table = table(project, settings);
        let sets = changelog.sets.into_iter();
        Self {
            lock: Lock::new(lock_table(Some(project), &table)),
            table,
            sets: sets.map(|held| (held.identity(), held)).collect(),
            deployment: OnceLock::new(),
        }
    }

    fn held(&self, version: &str) -> Result<&Held, StatementError> {
        self.sets.get(version).ok_or_else(|| {
            let why = format!("no changeset {version} is in the changelog");
            StatementError::new(ErrorKind::Refused, why)
        })
    }

    /// The last ten digits of the moment at which the run's first changeset began.
    fn deployment(&self, began: Timestamp) -> &str {
        self.deployment.get_or_init(|| {
            let digits = format!("{:010}", began.as_millisecond());
            digits[digits.len() - 10..].to_owned()
        })
    }

    /// Whether a changeset has a row.
    async fn has_row(
        &self,
        session: &mut dyn Session,
        version: &str,
    ) -> Result<bool, StatementError> {
        let dialect = session.dialect();
        let table = spelt(&self.table, dialect);
        let question = format!("SELECT 1 FROM {table} WHERE {IDENTITY} IN (?, ?)");
        let question = numbered(dialect, &question);
        let rows = session.query(&question, &named(version)).await?;
        Ok(!rows.is_empty())
    }
}

/// The identity as rows have it: older versions of Liquibase wrote where the file was looked for.
fn named(version: &str) -> [Value; 2] {
    [text(version), Value::Text(format!("classpath:{version}"))]
}

/// An expression in brackets, unless it is one word.
fn bracketed(context: &str) -> String {
    match context.contains([',', ' ']) {
        true => format!("({context})"),
        false => context.to_owned(),
    }
}

/// Labels as Liquibase lists them: in lower case, each once.
fn listed(labels: &str) -> String {
    let mut found: Vec<String> = Vec::new();
    for label in labels.split(',').map(|label| label.trim().to_lowercase()) {
        if !label.is_empty() && !found.contains(&label) {
            found.push(label);
        }
    }
    found.join(",")
}

/// A comment that fits its column.
fn shortened(comment: &str) -> String {
    let comment = comment.trim();
    if comment.chars().count() <= 250 {
        return comment.to_owned();
    }
    let kept: String = comment.chars().take(247).collect();
    format!("{kept}...")
}

#[async_trait]
impl Ledger for LiquibaseLedger {
    fn title(&self) -> &'static str {
        TITLE
    }

    fn wanted(&self, _dialect: Dialect) -> Vec<Wanted> {
        let required = &["id", "author", "filename", "md5sum", "exectype"];
        let optional = &[
            "dateexecuted",
            "orderexecuted",
            "description",
            "comments",
            "tag",
            "liquibase",
            "contexts",
            "labels",
            "deployment_id",
        ];
        vec![Wanted::new(self.table.clone(), required).optional(optional)]
    }

    fn lines(&self, tables: &Tables) -> Result<Lines, HistoryError> {
        let mut lines = Lines::default();
        let Some(table) = tables.get(0) else {
            return Ok(lines);
        };
        let mut latest: HashMap<String, (Option<Timestamp>, Option<i64>, Record)> = HashMap::new();
        for row in table.rows() {
            let end = row.text("exectype").unwrap_or_default();
            if !ENDS.contains(&end.as_str()) {
                return Err(HistoryError::Row {
                    table: table.name.clone(),
                    tool: TITLE,
                    why: format!(
                        "exectype of changeset {} is {end:?}, and not one of {}",
                        row.text("id").unwrap_or_default(),
                        ENDS.join(", ")
                    ),
                });
            }
            let mut record = record(&row);
            record.checksum = match self.sets.get(&record.id) {
                Some(held) if held.set.run_always => Some("it runs every time".to_owned()),
                _ => comparable(record.checksum),
            };
            let at = (record.at, row.integer("orderexecuted"));
            match latest.get(&record.id) {
                Some((time, order, _)) if (*time, *order) > at => {}
                _ => {
                    latest.insert(record.id.clone(), (at.0, at.1, record));
                }
            }
        }
        lines.records = latest.into_values().map(|(_, _, record)| record).collect();
        let missing = LATER.iter().filter(|(column, _)| !table.has(column));
        lines.missing_columns = missing.map(|(column, _)| *column).collect();
        Ok(lines)
    }

    fn checksum(&self, file: &File, _content: &[u8]) -> Checksum {
        match self.sets.get(file.version()) {
            // Whatever the history has, it is none of these.
            Some(held) if held.set.run_always => {
                Checksum::Any(held.set.sums.own.clone().into_iter().collect())
            }
            Some(held) => held.set.sums.checksum(),
            None => Checksum::None,
        }
    }

    fn create(&self, dialect: Dialect) -> Vec<String> {
        let table = spelt(&self.table, dialect);
        let integer = match dialect {
            Dialect::Sqlite | Dialect::Postgres => "INTEGER",
            Dialect::MySql | Dialect::MariaDb => "INT",
        };
        let moment = moment(dialect);
        vec![format!(
            "CREATE TABLE {table} (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, \
             FILENAME VARCHAR(255) NOT NULL, DATEEXECUTED {moment} NOT NULL, \
             ORDEREXECUTED {integer} NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35), \
             DESCRIPTION VARCHAR(255), COMMENTS VARCHAR(255), TAG VARCHAR(255), LIQUIBASE VARCHAR(20), \
             CONTEXTS VARCHAR(255), LABELS VARCHAR(255), DEPLOYMENT_ID VARCHAR(10))"
        )]
    }

    async fn add_columns(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let wanted = self.wanted(session.dialect());
        let tables = read(session, TITLE, &wanted).await;
        let Some(table) = tables.ok().and_then(|tables| tables.get(0).cloned()) else {
            return Ok(());
        };
        let name = spelt(&self.table, session.dialect());
        for (column, kind) in LATER.iter().filter(|(column, _)| !table.has(column)) {
            let column = column.to_uppercase();
            let statement = format!("ALTER TABLE {name} ADD {column} {kind}");
            session.execute(&statement).await?;
        }
        Ok(())
    }

    async fn record(
        &self,
        session: &mut dyn Session,
        line: &Line<'_>,
    ) -> Result<(), StatementError> {
        let held = self.held(line.version)?;
        let set = &held.set;
        let (context, labels, comment) = match &set.sql {
            Some(sql) => (
                sql.header.context.as_deref().map(bracketed),
                sql.header.labels.as_deref().map(listed),
                shortened(&sql.comment),
            ),
            None => (None, None, String::new()),
        };
        let optional = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        let dialect = session.dialect();
        let table = spelt(&self.table, dialect);
        let question = format!("SELECT coalesce(max(ORDEREXECUTED), 0) FROM {table}");
        let order = asked(session, &question).await?.parse().unwrap_or(0) + 1;
        let now = now(dialect);
        let mut values = vec![
            Value::Integer(order),
            optional(set.sums.own.clone()),
            Value::Text(comment),
            optional(context),
            optional(labels),
            text(BY),
            text(self.deployment(line.started)),
        ];
        if set.runs_again() && self.has_row(session, line.version).await? {
            let statement = format!(
                "UPDATE {table} SET DATEEXECUTED = {now}, ORDEREXECUTED = ?, MD5SUM = ?, EXECTYPE = 'RERAN', \
                 DESCRIPTION = 'sql', COMMENTS = ?, CONTEXTS = ?, LABELS = ?, LIQUIBASE = ?, DEPLOYMENT_ID = ? \
                 WHERE {IDENTITY} IN (?, ?)"
            );
            values.extend(named(line.version));
            return run(session, &statement, &values).await;
        }
        let statement = format!(
            "INSERT INTO {table} (DATEEXECUTED, ORDEREXECUTED, MD5SUM, EXECTYPE, DESCRIPTION, COMMENTS, CONTEXTS, \
             LABELS, LIQUIBASE, DEPLOYMENT_ID, ID, AUTHOR, FILENAME) \
             VALUES ({now}, ?, ?, 'EXECUTED', 'sql', ?, ?, ?, ?, ?, ?, ?, ?)"
        );
        values.extend([text(&set.id), text(&set.author), text(&held.path)]);
        run(session, &statement, &values).await
    }

    async fn forget(&self, session: &mut dyn Session, version: &str) -> Result<(), StatementError> {
        let table = spelt(&self.table, session.dialect());
        let statement = format!("DELETE FROM {table} WHERE {IDENTITY} IN (?, ?)");
        run(session, &statement, &named(version)).await
    }

    async fn enter(&self, session: &mut dyn Session) -> Result<Entrance, StatementError> {
        self.lock.enter(session).await
    }

    async fn leave(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        self.lock.leave(session).await
    }
}

#[cfg(test)]
mod tests {
    use super::{bracketed, listed, shortened};

    #[test]
    fn contexts_and_labels_are_as_liquibase_writes_them() {
        assert_eq!(bracketed("a or b"), "(a or b)");
        assert_eq!(bracketed("test"), "test");
        assert_eq!(listed("X, y,x"), "x,y");
        assert_eq!(shortened(&"é".repeat(251)).chars().count(), 250);
        assert_eq!(shortened(" why "), "why");
    }
}

//! Emptying a MySQL or MariaDB dev database.

use shipgate_database::{Session, StatementError, Value};
use shipgate_sql::{SplitMode, quoted_name};

use super::ReplayError;
use crate::apply::created_database;
use crate::plan::Pending;
use crate::script::{Script, Syntax};

/// The databases that the migrations will create: others are somebody else's.
/// The connected one was empty.
pub(super) struct Before {
    to_come: Vec<String>,
}

const DATABASES: &str = "SELECT schema_name FROM information_schema.schemata";

/// What the connected database holds, as kind and name.
const OBJECTS: &str = "\
    SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END, \
        table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
    UNION ALL \
    SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() \
    UNION ALL \
    SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = DATABASE()";

impl Before {
    pub(super) async fn look(
        session: &mut dyn Session,
        files: &[Pending<'_>],
    ) -> Result<Self, ReplayError> {
        let dialect = session.dialect();
        let syntax = Syntax::of(session);
        let there = databases(session).await.map_err(ReplayError::Look)?;
        let mut to_come = Vec::new();
        for pending in files {
            // A file that cannot be taken apart creates nothing, and its error is told.
            let _ = Script::seen(pending.file, syntax, SplitMode::Own, &mut |unit| {
                to_come.extend(created_database(dialect, unit.text));
            });
        }
        to_come.retain(|name| !there.contains(name));
        Ok(Self { to_come })
    }

    /// Drops what was not there.
    pub(super) async fn restore(&self, session: &mut dyn Session) -> Result<(), ReplayError> {
        self.drop_new(session)
            .await
            .map_err(ReplayError::NotEmptied)
    }

    async fn drop_new(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let dialect = session.dialect();
        for database in &self.to_come {
            let name = quoted_name(dialect, database);
            let statement = format!("DROP DATABASE IF EXISTS {name}");
            session.execute(&statement).await?;
        }
        session
            .execute("SET SESSION foreign_key_checks = 0")
            .await?;
        for row in session.query(OBJECTS, &[]).await? {
            let mut fields = row.into_iter().filter_map(text);
            if let (Some(kind), Some(name)) = (fields.next(), fields.next()) {
                let statement = format!("DROP {kind} IF EXISTS {}", quoted_name(dialect, &name));
                session.execute(&statement).await?;
            }
        }
        Ok(())
    }
}

async fn databases(session: &mut dyn Session) -> Result<Vec<String>, StatementError> {
    let rows = session.query(DATABASES, &[]).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| text(row.into_iter().next()?))
        .collect())
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        Value::Blob(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

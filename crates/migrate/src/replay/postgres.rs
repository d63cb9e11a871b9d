//! Emptying a PostgreSQL dev database.

use shipgate_database::{Session, StatementError, Value};
use shipgate_sql::quoted_name;

use super::ReplayError;
use crate::history::quoted_text;

/// What was there before the migrations: schemas and extensions without tables.
pub(super) struct Before {
    schemas: Vec<String>,
    extensions: Vec<String>,
}

const SCHEMAS: &str = "SELECT nspname::text FROM pg_catalog.pg_namespace \
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'";

const EXTENSIONS: &str = "SELECT extname::text FROM pg_catalog.pg_extension";

/// What a schema holds, each with what drops it, in an order that works with
/// `CASCADE`. What belongs to an extension goes with it.
const OBJECTS: &str = "\
    SELECT format('DROP %s IF EXISTS %I.%I CASCADE', \
        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' \
        WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, \
        n.nspname, c.relname) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = ANY(SCHEMAS) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
    UNION ALL \
    SELECT format('DROP %s IF EXISTS %s CASCADE', \
        CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, \
        p.oid::regprocedure) \
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
    WHERE n.nspname = ANY(SCHEMAS) \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') \
    UNION ALL \
    SELECT format('DROP %s IF EXISTS %I.%I CASCADE', \
        CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.nspname, t.typname) \
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
    WHERE n.nspname = ANY(SCHEMAS) AND t.typtype IN ('d', 'e', 'r') \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')";

impl Before {
    pub(super) async fn look(session: &mut dyn Session) -> Result<Self, ReplayError> {
        Ok(Self {
            schemas: texts(session, SCHEMAS).await.map_err(ReplayError::Look)?,
            extensions: texts(session, EXTENSIONS)
                .await
                .map_err(ReplayError::Look)?,
        })
    }

    /// Drops what was not there.
    pub(super) async fn restore(&self, session: &mut dyn Session) -> Result<(), ReplayError> {
        self.drop_new(session)
            .await
            .map_err(ReplayError::NotEmptied)
    }

    async fn drop_new(&self, session: &mut dyn Session) -> Result<(), StatementError> {
        let dialect = session.dialect();
        session.begin().await?;
        for extension in texts(session, EXTENSIONS).await? {
            if !self.extensions.contains(&extension) {
                let name = quoted_name(dialect, &extension);
                drop_it(session, &format!("DROP EXTENSION IF EXISTS {name} CASCADE")).await?;
            }
        }
        for schema in texts(session, SCHEMAS).await? {
            if !self.schemas.contains(&schema) {
                let name = quoted_name(dialect, &schema);
                drop_it(session, &format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await?;
            }
        }
        let schemas: Vec<_> = self.schemas.iter().map(|name| quoted_text(name)).collect();
        let old = format!("ARRAY[{}]::name[]", schemas.join(", "));
        for statement in texts(session, &OBJECTS.replace("SCHEMAS", &old)).await? {
            drop_it(session, &statement).await?;
        }
        session.commit().await
    }
}

async fn drop_it(session: &mut dyn Session, statement: &str) -> Result<(), StatementError> {
    session.execute(statement).await.map(|_| ())
}

async fn texts(session: &mut dyn Session, question: &str) -> Result<Vec<String>, StatementError> {
    let rows = session.query(question, &[]).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| match row.into_iter().next() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        })
        .collect())
}

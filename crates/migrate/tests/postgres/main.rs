//! The engine on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where the world is not as it should be"
)]

mod ahead;
mod copy;
mod durability;
mod history;
mod placement;
mod pooler;
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod session_state;
mod strings;
mod together;

use scenarios::place::{Place, Server};
use shipgate_testkit::{PostgresDatabase, postgres};

/// The user's tables, by name.
pub(crate) const TABLES: &str = "SELECT schemaname, tablename FROM pg_tables \
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2";

struct Postgres(PostgresDatabase);

impl Server for Postgres {
    fn url(&self) -> String {
        format!("{}&search_path=public", self.0.url())
    }

    fn sql(&self, statements: &str) -> String {
        self.0.psql(statements)
    }
}

/// A new database that connects to the schema `public`, with these migrations.
pub(crate) fn fresh(files: &[(&str, &str)]) -> Place {
    Place::new(Box::new(Postgres(postgres().database())), files)
}

/// The history's table.
pub(crate) fn history_table() -> &'static str {
    "public.atlas_schema_revisions"
}

/// The user's indexes, by name, and whether they are valid.
pub(crate) const INDEXES: &str = "SELECT c.relname, i.indisvalid FROM pg_index i \
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = 'public' AND c.relname NOT LIKE '%lease%' ORDER BY 1";

/// Most statements leave one row, so that doing it twice shows.
pub(crate) const FILES: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "CREATE TABLE log (step int);\nINSERT INTO log VALUES (1);\nINSERT INTO log VALUES (2);\n",
    ),
    (
        "2_b.sql",
        "INSERT INTO log VALUES (3);\nCREATE TABLE b (x int);\nINSERT INTO log VALUES (4);\n",
    ),
];

/// With a transaction of the file's own, and what no transaction takes.
pub(crate) const FILES_WITHOUT_TRANSACTION: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "CREATE TABLE log (step int);\nINSERT INTO log VALUES (1);\n\
         CREATE INDEX CONCURRENTLY log_step ON log (step);\nBEGIN;\nINSERT INTO log VALUES (2);\n\
         COMMIT;\nVACUUM log;\nCREATE INDEX CONCURRENTLY gone ON log (step);\n",
    ),
    (
        "2_b.sql",
        "DROP INDEX CONCURRENTLY gone;\nINSERT INTO log VALUES (3);\n",
    ),
];

/// Everything a migration may leave behind.
pub(crate) const OBJECTS: &str = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1; \
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1; \
    SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1; \
    SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace ORDER BY 1";

/// What no transaction takes, and what else a schema may hold.
pub(crate) const OUTSIDE: &str = "-- atlas:txmode none\nCREATE INDEX CONCURRENTLY i ON a (id);\n\
    CREATE TYPE mood AS ENUM ('well');\nCREATE SCHEMA other;\nCREATE TABLE other.t (m mood);\n\
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';\nCREATE DOMAIN d AS int;\n\
    CREATE SEQUENCE s;\nCREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;\n";

/// The function that sleeps for seconds.
pub(crate) const SLEEP: &str = "pg_sleep";

/// Its second statement commits by itself and leaves no trace.
pub(crate) const UNTELLABLE: &[(&str, &str)] = &[(
    "1_a.sql",
    "CREATE TABLE log (step int);\n\
     DO $$ BEGIN INSERT INTO log VALUES (2); COMMIT; END $$;\n\
     INSERT INTO log VALUES (3);\n",
)];

//! The engine on PostgreSQL.

mod history;
#[path = "../scenarios/mod.rs"]
mod scenarios;

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

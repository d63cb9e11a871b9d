//! The engine on MariaDB.

mod history;
#[path = "../scenarios/mod.rs"]
mod scenarios;

use scenarios::place::{Place, Server};
use shipgate_testkit::{MariadbDatabase, mariadb};

/// The user's tables, by name.
pub(crate) const TABLES: &str = "SELECT table_name FROM information_schema.tables \
    WHERE table_schema = DATABASE() ORDER BY 1";

struct Mariadb(MariadbDatabase);

impl Server for Mariadb {
    fn url(&self) -> String {
        self.0.url()
    }

    fn sql(&self, statements: &str) -> String {
        self.0.mariadb(statements).replace('\t', "|")
    }
}

/// A new database with these migrations.
pub(crate) fn fresh(files: &[(&str, &str)]) -> Place {
    Place::new(Box::new(Mariadb(mariadb().database())), files)
}

/// The history's table.
pub(crate) fn history_table() -> &'static str {
    "atlas_schema_revisions"
}

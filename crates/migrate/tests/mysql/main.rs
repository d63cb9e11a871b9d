//! The engine on MariaDB.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where the world is not as it should be"
)]

mod durability;
mod history;
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod session_state;
mod strings;

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

/// The user's indexes, by table and name.
pub(crate) const INDEXES: &str = "SELECT table_name, index_name FROM information_schema.statistics \
    WHERE table_schema = DATABASE() AND table_name <> 'shipgate_lease' ORDER BY 1, 2";

/// Most statements leave one row, so that doing it twice shows.
pub(crate) const FILES: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "CREATE TABLE log (step int);\nINSERT INTO log VALUES (1);\nINSERT INTO log VALUES (2);\n\
         ALTER TABLE log ADD COLUMN x int;\nINSERT INTO log (step) VALUES (3);\n",
    ),
    (
        "2_b.sql",
        "INSERT INTO log (step) VALUES (4);\nCREATE TABLE b (x int);\nCREATE INDEX i ON log (step);\n\
         RENAME TABLE b TO c;\n",
    ),
    ("3_c.sql", "INSERT INTO log (step) VALUES (5);\n"),
];

/// With a transaction of the file's own that a definition ends.
pub(crate) const FILES_WITHOUT_TRANSACTION: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "CREATE TABLE log (step int);\nINSERT INTO log VALUES (1);\nBEGIN;\n\
         INSERT INTO log VALUES (2);\nCOMMIT;\nBEGIN;\nINSERT INTO log (step) VALUES (4);\n\
         CREATE VIEW v AS SELECT step FROM log;\nINSERT INTO log (step) VALUES (5);\n",
    ),
    (
        "2_b.sql",
        "INSERT INTO log (step) VALUES (6);\nDROP VIEW v;\nSET @a = 1;\n",
    ),
];

/// Everything a migration may leave behind.
pub(crate) const OBJECTS: &str = "SELECT table_name FROM information_schema.tables \
    WHERE table_schema = DATABASE() ORDER BY 1; \
    SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()";

/// What commits by itself.
pub(crate) const OUTSIDE: &str = "-- atlas:txmode none\nCREATE INDEX i ON a (id);\n\
    CREATE FUNCTION one() RETURNS int RETURN 1;\nCREATE PROCEDURE p() SELECT 1;\n\
    CREATE SEQUENCE s;\nCREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.id = 2;\n";

/// The function that sleeps for seconds.
pub(crate) const SLEEP: &str = "SLEEP";

/// Its second statement commits by itself and leaves no trace.
pub(crate) const UNTELLABLE: &[(&str, &str)] = &[(
    "1_a.sql",
    "CREATE TABLE log (step int) ENGINE=MyISAM;\n\
     INSERT INTO log VALUES (2);\nINSERT INTO log VALUES (3);\n",
)];

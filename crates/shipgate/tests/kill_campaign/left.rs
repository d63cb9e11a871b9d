//! Statements that a killed run left on its server.

use std::thread::sleep;
use std::time::Duration;

use crate::server::{MariaDb, Postgres, Server};
use crate::site::Site;

const FIRST: (&str, &str) = (
    "1_first.sql",
    "CREATE TABLE go (id int);\nINSERT INTO go VALUES (1), (2), (3);\n",
);

/// Kills a run in the middle of a statement.
fn killed_in(server: &dyn Server, second: &str, tx_mode: &str, running: &str) -> Site {
    let site = Site::new(server, &[FIRST, ("2_second.sql", second)], tx_mode);
    let mut child = site.begin();
    while site.sql(running) == "0" {
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    site
}

#[test]
fn postgresql_stops_a_statement_whose_run_is_gone() {
    let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND query LIKE 'SELECT pg_sleep%' AND state = 'active'";
    for tx_mode in ["file", "none"] {
        let second = "CREATE TABLE b (id int);\nSELECT pg_sleep(600) FROM go;\n";
        let site = killed_in(&Postgres::shared(), second, tx_mode, running);
        site.sql("DELETE FROM go");
        assert_eq!(site.finishes(), 1);
        assert_eq!(site.sql(running), "0");
        assert_eq!(site.sql("SELECT count(*) FROM b"), "0");
    }
}

#[test]
fn mariadb_s_definition_is_waited_for_and_not_made_twice() {
    let running = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() \
                   AND INFO LIKE 'CREATE TABLE b AS%'";
    let second = "CREATE TABLE b AS SELECT id, SLEEP(1) AS s FROM go;\nINSERT INTO b SELECT id + 10, 0 FROM b;\n";
    let site = killed_in(&MariaDb::shared(), second, "file", running);
    assert_ne!(site.sql(running), "0", "the server goes on with it");
    assert_eq!(site.finishes(), 1);
    assert_eq!(
        site.sql("SELECT GROUP_CONCAT(id ORDER BY id) FROM b"),
        "1,2,3,11,12,13"
    );
}

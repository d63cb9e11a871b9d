//! Many processes that apply the same migrations at once.

use std::process::Child;

use crate::server::{MariaDb, Postgres, Server, Sqlite};
use crate::site::Site;

fn at_once(server: &dyn Server) {
    let processes = match std::env::var("SHIPGATE_PROCESSES") {
        Ok(count) => count.parse().unwrap(),
        Err(_) => 8,
    };
    let files: Vec<(String, String)> = (10..30)
        .map(|number| {
            let create = if number == 10 {
                "CREATE TABLE log (step int);\n"
            } else {
                ""
            };
            (
                format!("{number}_step.sql"),
                format!(
                    "{create}INSERT INTO log VALUES ({number});\nCREATE TABLE t{number} (id int);\n"
                ),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_str()))
        .collect();
    let site = Site::new(server, &files, "file");
    let children: Vec<Child> = (0..processes).map(|_| site.begin()).collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{told}");
    }
    assert_eq!(site.sql("SELECT count(*) FROM log"), "20");
    assert_eq!(site.sql("SELECT count(DISTINCT step) FROM log"), "20");
}

#[test]
fn on_postgresql_every_statement_runs_once_and_every_process_ends_well() {
    at_once(&Postgres::shared());
}

#[test]
fn on_mariadb_every_statement_runs_once_and_every_process_ends_well() {
    at_once(&MariaDb::shared());
}

#[test]
fn on_sqlite_every_statement_runs_once_and_every_process_ends_well() {
    at_once(&Sqlite);
}

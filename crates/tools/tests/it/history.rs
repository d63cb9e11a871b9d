//! Histories as they are found, whatever the tool.

use shipgate_tools::{State, StatusError};

use crate::support::{Fixture, lines, table};

const UP: &str = "exports.up = function (knex) {};";
const TABLE: &str = "CREATE TABLE knex_migrations (id integer primary key, name varchar(255), batch integer, migration_time datetime);";

fn project() -> Fixture {
    Fixture::new(&[("knexfile.js", ""), ("migrations/1_a.js", UP)])
}

#[test]
fn without_a_database_the_files_are_listed_and_not_checkable() {
    let status = project().files_alone();
    assert_eq!(lines(&status), ["1 a: not checkable"]);
    assert_eq!(status.migrations[0].why.as_deref(), Some("no database"));
    assert_eq!(status.history_exists, None);
}

#[test]
fn columns_of_newer_versions_are_tolerated() {
    let project = project();
    project.sql(TABLE).sql(
        "ALTER TABLE knex_migrations ADD COLUMN mood text; INSERT INTO knex_migrations (name, batch, mood) VALUES ('1_a.js', 1, 'x')",
    );
    assert_eq!(project.states(), ["1 a: applied"]);
}

#[test]
fn another_tool_s_table_is_refused_by_its_columns() {
    let project = project().with(table("migrations"));
    project
        .sql("CREATE TABLE migrations (id integer primary key, migration varchar, batch integer)");
    let Err(StatusError::History(error)) = project.status_of("knex") else {
        panic!("it was taken");
    };
    assert_eq!(
        error.to_string(),
        "table migrations is not Knex's: it has no column name, as tables of Laravel do"
    );
}

#[test]
fn a_row_that_names_nothing_is_an_error() {
    let project = project();
    project
        .sql(TABLE)
        .sql("INSERT INTO knex_migrations (batch) VALUES (1)");
    let Err(StatusError::History(error)) = project.status_of("knex") else {
        panic!("it was taken");
    };
    assert_eq!(
        error.to_string(),
        "table knex_migrations holds what Knex does not write: name is NULL in a row"
    );
}

#[test]
fn a_table_s_name_is_found_in_any_case_and_never_run() {
    let project = project().with(table("KNEX_migrations"));
    project
        .sql(TABLE)
        .sql("INSERT INTO knex_migrations (name, batch) VALUES ('1_a.js', 1)");
    assert_eq!(project.states(), ["1 a: applied"]);
    let odd = self::project().with(table("x'); DROP TABLE users; --"));
    odd.sql("CREATE TABLE users (id)");
    assert_eq!(odd.states(), ["1 a: pending"]);
    odd.sql("SELECT * FROM users");
}

#[test]
fn a_hundred_thousand_rows_have_their_state() {
    let project = project();
    project.sql(TABLE).sql(
        "WITH RECURSIVE n(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM n WHERE x < 100000)
         INSERT INTO knex_migrations (name, batch) SELECT x || '_m.js', 1 FROM n",
    );
    let status = project.status();
    assert_eq!(status.migrations.len(), 100_000);
    assert_eq!(status.summary.count(State::MissingFile), 99_999);
    assert_eq!(status.summary.count(State::OutOfOrder), 1);
}

#[test]
fn a_status_is_one_json_object() {
    let project = project();
    project.sql(TABLE);
    let json = serde_json::to_value(project.status()).unwrap();
    assert_eq!(json["tool"], "knex");
    assert_eq!(json["summary"]["pending"], 1);
    assert_eq!(json["migrations"][0]["state"], "pending");
    assert_eq!(json["migrations"][0]["file"], "migrations/1_a.js");
}

//! Releases whose database is a server's.

use shipgate_testkit::{Manifest, PostgresDatabase, mariadb, postgres};

use crate::support::{project_with, state_of};

/// The steps that need no backup.
const STEPS: &str = "[\"check\", \"build\", \"migrate\", \"verify\", \"promote\"]";

fn at(url: &str) -> Manifest {
    Manifest::default().set("database", "url", url)
}

fn tables(database: &PostgresDatabase) -> String {
    database.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
}

#[test]
fn without_a_way_to_back_it_up_a_release_is_refused_before_anything() {
    let database = postgres().database();
    let project = project_with(&at(&database.url()));
    project
        .run(&["deploy"])
        .exits(2)
        .says("the step `backup` is not possible: PostgreSQL databases are not backed up by this version")
        .says("`[release] steps = [\"check\", \"build\", \"migrate\", \"verify\", \"promote\"]`");
    assert_eq!(tables(&database).trim(), "0");
}

#[test]
fn a_restore_on_failure_is_refused_too() {
    let manifest = at("postgres://nobody@127.0.0.1:1/app")
        .set_raw("release", "steps", STEPS)
        .set("release", "on_failure", "restore");
    project_with(&manifest)
        .run(&["deploy"])
        .exits(2)
        .says("`on_failure = \"restore\"` is not possible");
}

#[test]
fn a_release_migrates_a_postgresql_database_and_serves() {
    let database = postgres().database();
    let project = project_with(&at(&database.url()).set_raw("release", "steps", STEPS));
    project.run(&["deploy"]).exits(0);
    assert_eq!(state_of(&project, 1), "released");
    assert_eq!(project.serves().as_deref(), Some("1"));
    assert_eq!(database.psql("SELECT count(*) FROM notes").trim(), "0");
}

#[test]
fn doctor_warns_of_a_server_that_may_forget() {
    let database = postgres().database();
    let project = project_with(&at(&database.url()).set_raw("release", "steps", STEPS));
    project.run(&["doctor"]).prints(
        " warning  database: a crash of the server's machine may lose or damage what is committed",
    );
}

#[test]
fn a_release_migrates_a_mariadb_database_and_serves() {
    let database = mariadb().database();
    let project = project_with(&at(&database.url()).set_raw("release", "steps", STEPS));
    project.migration("1_notes.sql", "CREATE TABLE notes (id int PRIMARY KEY);\n");
    project.run(&["deploy"]).exits(0);
    assert_eq!(state_of(&project, 1), "released");
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn a_statement_that_the_server_refuses_stops_the_release_with_nothing_changed() {
    let database = postgres().database();
    let project = project_with(&at(&database.url()).set_raw("release", "steps", STEPS));
    project.run(&["deploy"]).exits(0);
    project.migration(
        "2_bad.sql",
        "ALTER TABLE notes ADD COLUMN pinned boolean;\nALTER TABLE nots ADD COLUMN x int;\n",
    );
    project
        .run(&["deploy"])
        .exits(1)
        .says("migrations/2_bad.sql:2:1")
        .says("relation \"nots\" does not exist");
    assert_eq!(state_of(&project, 2), "aborted, nothing changed");
    let columns = database.psql(
        "SELECT string_agg(column_name, ',' ORDER BY column_name) FROM information_schema.columns WHERE table_name = 'notes'",
    );
    assert_eq!(columns.trim(), "body,id");
}

//! node-pg-migrate's migrations.

use crate::support::{Kind, Place};

const USERS: (&str, &str) = (
    "migrations/1795170867122_users.sql",
    "-- Up Migration\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n-- Down Migration\nDROP TABLE users;\n",
);

const POSTS: (&str, &str) = (
    "migrations/1795170867123_posts.sql",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY);\nINSERT INTO posts VALUES (1);\n",
);

const ROWS: &str = "SELECT id, name FROM pgmigrations ORDER BY run_on, id";

fn place(files: &[(&str, &str)]) -> Place {
    Place::new(Kind::Postgres, "node-pg-migrate", files)
}

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_node_pg_migrate_does() {
    let place = place(&[USERS, POSTS]);
    assert_eq!(
        place.apply().await.applied(),
        ["1795170867122_users", "1795170867123_posts"]
    );
    assert_eq!(
        place.sql(ROWS),
        "1|1795170867122_users\n2|1795170867123_posts"
    );
    assert_eq!(
        place.columns("pgmigrations"),
        "id integer not null, name character varying(255) not null, \
         run_on timestamp without time zone not null"
    );
    assert_eq!(place.tables(), "pgmigrations posts users");
    assert!(place.apply().await.applied().is_empty());
    assert_eq!(place.verify().await, Ok(2));
}

#[tokio::test]
async fn what_is_pending_is_applied_as_a_whole_or_not_at_all() {
    let broken = (
        "migrations/1795170867124_broken.sql",
        "INSERT INTO nowhere VALUES (1);",
    );
    let place = place(&[USERS, POSTS, broken]);
    place.apply().await.failed();
    assert_eq!(place.tables(), "pgmigrations");
    assert_eq!(place.sql(ROWS), "");
    place.remove(broken.0);
    assert_eq!(place.apply().await.applied().len(), 2);
}

#[tokio::test]
async fn files_must_be_applied_in_their_order() {
    let place = place(&[POSTS]);
    place.apply().await.applied();
    place.write(&[USERS]);
    let late = place.apply().await.failed();
    assert!(late.error.contains("1795170867122_users.sql"), "{late:?}");
    assert_eq!(place.tables(), "pgmigrations posts");
}

#[tokio::test]
async fn a_missing_file_is_refused() {
    let place = place(&[USERS, POSTS]);
    place.apply().await.applied();
    place
        .remove(USERS.0)
        .write(&[("migrations/1795170867125_c.sql", "SELECT 1;")]);
    let missing = place.apply().await.failed();
    assert!(
        missing
            .error
            .contains("was applied but is not in the directory"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn rows_of_node_pg_migrate_s_own_are_taken_as_they_are() {
    let place = place(&[USERS, POSTS]);
    place.sql(
        "CREATE TABLE \"public\".\"pgmigrations\" (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL); \
         INSERT INTO pgmigrations (name, run_on) VALUES ('1795170867122_users', NOW())",
    );
    assert_eq!(place.apply().await.applied(), ["1795170867123_posts"]);
}

#[tokio::test]
async fn a_migration_that_is_a_program_is_named() {
    let place = place(&[
        USERS,
        (
            "migrations/1795170867126_more.js",
            "exports.up = (pgm) => {};",
        ),
    ]);
    let error = place.try_native().unwrap_err();
    assert!(error.contains("1795170867126_more.js"), "{error}");
    assert!(error.contains("shipgate gate"), "{error}");
}

#[tokio::test]
async fn the_table_is_where_the_configuration_says() {
    let configured = (
        "config/default.json",
        r#"{"db":{"migrations-schema":"tools","migrations-table":"applied"}}"#,
    );
    let place = place(&[USERS, configured]);
    place.apply().await.applied();
    assert_eq!(
        place.sql("SELECT name FROM tools.applied"),
        "1795170867122_users"
    );
    assert_eq!(place.tables(), "users");
}

#[tokio::test]
async fn another_kind_of_database_is_refused() {
    let place = Place::new(Kind::Sqlite, "node-pg-migrate", &[USERS]);
    let refused = place.native().history(&place.url()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "node-pg-migrate's migrations are for PostgreSQL"
    );
}

#[tokio::test]
async fn its_lock_is_respected() {
    let place = place(&[USERS]);
    let lock = "SELECT pg_advisory_lock(7241865325823964)";
    let waited = place.wait_for(lock, "node-pg-migrate").await;
    assert_eq!(waited.applied(), ["1795170867122_users"]);
}

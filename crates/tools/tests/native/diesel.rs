//! Diesel's migrations.

use crate::support::{Kind, Place};

const SETUP: (&str, &str) = (
    "migrations/00000000000000_diesel_initial_setup/up.sql",
    "SELECT 1;\n",
);

const USERS: (&str, &str) = (
    "migrations/2026-11-01-100000_create_users/up.sql",
    "CREATE TABLE users (id INTEGER PRIMARY KEY);\n",
);

const POSTS: (&str, &str) = (
    "migrations/2026-11-20-104411-0000_create_posts/up.sql",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY);\n",
);

const ROWS: &str = "SELECT version FROM __diesel_schema_migrations ORDER BY version";

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_diesel_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "diesel", &[SETUP, USERS, POSTS]);
        let versions = ["00000000000000", "20261101100000", "202611201044110000"];
        assert_eq!(place.apply().await.applied(), versions, "{kind:?}");
        assert_eq!(place.sql(ROWS), versions.join("\n"), "{kind:?}");
        let recent = "SELECT count(*) FROM __diesel_schema_migrations WHERE run_on > '2026-01-01'";
        assert_eq!(place.sql(recent), "3", "{kind:?}");
        let tables = "__diesel_schema_migrations posts users";
        assert_eq!(place.tables(), tables, "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(3), "{kind:?}");
    }
}

#[tokio::test]
async fn a_late_migration_is_applied_and_one_without_folder_told() {
    let place = Place::new(Kind::Postgres, "diesel", &[POSTS]);
    place.apply().await.applied();
    place.write(&[USERS]);
    place.remove("migrations/2026-11-20-104411-0000_create_posts");
    let outcome = place.apply().await;
    assert_eq!(outcome.said.len(), 1, "{outcome:?}");
    assert_eq!(outcome.applied(), ["20261101100000"]);
}

#[tokio::test]
async fn a_migration_that_asks_for_no_transaction_gets_none() {
    let place = Place::new(
        Kind::Postgres,
        "diesel",
        &[
            (
                "migrations/1_indexes/up.sql",
                "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY one ON t (a);\n\
                 CREATE INDEX CONCURRENTLY two ON t (a);\n",
            ),
            (
                "migrations/1_indexes/metadata.toml",
                "run_in_transaction = false\n",
            ),
        ],
    );
    assert_eq!(place.apply().await.applied(), ["1"]);
    assert_eq!(place.tables(), "__diesel_schema_migrations t");
}

#[tokio::test]
async fn a_half_applied_migration_is_gone_on_with_where_diesel_has_no_mark_for_it() {
    let broken = "CREATE TABLE a (id int);\nINSERT INTO b VALUES (2);\n";
    let place = Place::new(
        Kind::Mariadb,
        "diesel",
        &[("migrations/1_half/up.sql", broken)],
    );
    place.apply().await.failed();
    assert_eq!(place.sql(ROWS), "");
    place.sql("CREATE TABLE b (id int)");
    assert_eq!(place.apply().await.applied(), ["1"]);
    assert_eq!(place.sql(ROWS), "1");
    assert_eq!(place.tables(), "__diesel_schema_migrations a b");
}

#[tokio::test]
async fn an_empty_migration_is_refused_as_diesel_does() {
    let place = Place::new(
        Kind::Sqlite,
        "diesel",
        &[("migrations/1_empty/up.sql", "\n")],
    );
    let refused = place.apply().await.failed();
    assert!(
        refused
            .error
            .contains("the file is empty, which diesel refuses"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn two_folders_of_one_version_are_refused() {
    let place = Place::new(
        Kind::Sqlite,
        "diesel",
        &[
            ("migrations/2026-01-01_a/up.sql", "SELECT 1;"),
            ("migrations/20260101_b/up.sql", "SELECT 1;"),
        ],
    );
    let refused = place.apply().await.failed();
    assert!(
        refused.error.contains("duplicate migration version"),
        "{refused:?}"
    );
}

//! Refinery's migrations.

use crate::support::{Kind, Place};

const USERS: (&str, &str) = (
    "migrations/V1__create_users.sql",
    "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    email TEXT NOT NULL\n);\n",
);

const POSTS: (&str, &str) = (
    "migrations/later/V10__create_posts.sql",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY);\n",
);

const ROWS: &str = "SELECT version, name, checksum FROM refinery_schema_history ORDER BY version";

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_refinery_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "refinery", &[USERS, POSTS]);
        assert_eq!(place.apply().await.applied(), ["1", "10"], "{kind:?}");
        let found = place.sql(ROWS);
        let (first, second) = found.split_once('\n').unwrap();
        assert_eq!(first, "1|create_users|11865155202535856665", "{kind:?}");
        assert!(second.starts_with("10|create_posts|"), "{kind:?}");
        let at = place.sql("SELECT applied_on FROM refinery_schema_history WHERE version = 1");
        assert!(
            at.parse::<jiff::Timestamp>().is_ok() && at.ends_with('Z'),
            "{at}"
        );
        assert_eq!(
            place.tables(),
            "posts refinery_schema_history users",
            "{kind:?}"
        );
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn a_table_with_wide_versions_has_wide_checksums() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "refinery", &[USERS]);
        place.sql(
            "CREATE TABLE refinery_schema_history (version BIGINT PRIMARY KEY, name VARCHAR(255), \
             applied_on VARCHAR(255), checksum VARCHAR(255))",
        );
        place.apply().await.applied();
        assert_eq!(
            place.sql(ROWS),
            "1|create_users|15564219680442925246",
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn versions_that_need_it_make_a_wide_table() {
    let file = ("migrations/V20261101100000__create_users.sql", USERS.1);
    let place = Place::new(Kind::Postgres, "refinery", &[file]);
    place.apply().await.applied();
    let kind = "SELECT data_type FROM information_schema.columns \
        WHERE table_name = 'refinery_schema_history' AND column_name = 'version'";
    assert_eq!(place.sql(kind), "bigint");
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn a_late_file_is_refused_unless_its_name_allows_it() {
    let place = Place::new(Kind::Sqlite, "refinery", &[POSTS]);
    place.apply().await.applied();
    place.write(&[("migrations/U2__late.sql", "SELECT 2;")]);
    assert_eq!(place.apply().await.applied(), ["2"]);
    place.write(&[USERS]);
    let refused = place.apply().await.failed();
    assert!(refused.error.contains("added out of order"), "{refused:?}");
}

#[tokio::test]
async fn an_edited_file_and_a_missing_one_are_refused() {
    let place = Place::new(Kind::Sqlite, "refinery", &[USERS, POSTS]);
    place.apply().await.applied();
    let later = ("migrations/V11__more.sql", "SELECT 1;");
    place.write(&[(USERS.0, "SELECT 1;"), later]);
    let edited = place.apply().await.failed();
    assert!(
        edited.error.contains("V1__create_users.sql was edited"),
        "{edited:?}"
    );
    place.write(&[USERS]).remove(POSTS.0);
    let missing = place.apply().await.failed();
    assert!(
        missing.error.contains("is not in the directory"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_migration_written_in_rust_is_refused() {
    let place = Place::new(
        Kind::Sqlite,
        "refinery",
        &[USERS, ("migrations/V2__b.rs", "")],
    );
    let refused = place.try_native().unwrap_err();
    assert!(
        refused.contains("V2__b.rs: its SQL is built by Rust code"),
        "{refused}"
    );
}

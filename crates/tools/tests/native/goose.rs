//! goose's migrations.

use crate::support::{Kind, Place};

const USERS: (&str, &str) = (
    "migrations/00001_users.sql",
    "-- +goose Up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n-- +goose Down\nDROP TABLE users;\n",
);

const POSTS: (&str, &str) = (
    "migrations/00002_posts.sql",
    "-- +goose Up\nCREATE TABLE posts (id INTEGER PRIMARY KEY);\nINSERT INTO posts VALUES (1);\n",
);

const ROWS: &str = "SELECT id, version_id, is_applied FROM goose_db_version ORDER BY id";

fn rows(place: &Place) -> String {
    // PostgreSQL's client writes truth as a letter.
    place.sql(ROWS).replace("|t", "|1")
}

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_goose_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "goose", &[USERS, POSTS]);
        assert_eq!(
            place.apply().await.applied(),
            ["00001", "00002"],
            "{kind:?}"
        );
        assert_eq!(rows(&place), "1|0|1\n2|1|1\n3|2|1", "{kind:?}");
        assert_eq!(
            place.sql("SELECT count(*) FROM goose_db_version WHERE tstamp IS NULL"),
            "0",
            "{kind:?}"
        );
        assert_eq!(
            place.columns("goose_db_version"),
            match kind {
                Kind::Sqlite =>
                    "id INTEGER, version_id INTEGER not null, is_applied INTEGER not null, tstamp TIMESTAMP",
                Kind::Postgres =>
                    "id integer not null, version_id bigint not null, is_applied boolean not null, \
                     tstamp timestamp without time zone not null",
                Kind::Mariadb =>
                    "id bigint(20) unsigned not null, version_id bigint(20) not null, \
                     is_applied tinyint(1) not null, tstamp datetime",
            }
        );
        assert_eq!(place.tables(), "goose_db_version posts users", "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn the_newest_row_of_a_version_counts() {
    let place = Place::new(Kind::Postgres, "goose", &[USERS, POSTS]);
    place.apply().await.applied();
    // As very old versions of goose wrote a rollback.
    place.sql(
        "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, false); DROP TABLE posts",
    );
    assert_eq!(place.apply().await.applied(), ["00002"]);
}

#[tokio::test]
async fn a_file_that_comes_late_is_refused_as_goose_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "goose", &[POSTS]);
        place.apply().await.applied();
        place.write(&[USERS]);
        let late = place.apply().await.failed();
        assert!(late.error.contains("00001_users.sql"), "{late:?}");
        assert_eq!(place.tables(), "goose_db_version posts", "{kind:?}");
    }
}

#[tokio::test]
async fn numbers_need_not_have_the_same_length() {
    for tool in ["goose", "golang-migrate"] {
        let up = if tool == "goose" {
            "-- +goose Up\n"
        } else {
            ""
        };
        let suffix = if tool == "goose" { "sql" } else { "up.sql" };
        let file = |number: u8| format!("migrations/{number}_x.{suffix}");
        let text = |number: u8| format!("{up}CREATE TABLE t{number} (x int);\n");
        let place = Place::new(Kind::Sqlite, tool, &[(&file(9), &text(9))]);
        assert_eq!(place.apply().await.applied(), ["9"], "{tool}");
        place.write(&[(&file(10), &text(10))]);
        assert_eq!(place.apply().await.applied(), ["10"], "{tool}");
        assert_eq!(place.verify().await, Ok(2), "{tool}");
    }
}

#[tokio::test]
async fn a_missing_file_is_refused() {
    let place = Place::new(Kind::Sqlite, "goose", &[USERS, POSTS]);
    place.apply().await.applied();
    place
        .remove(USERS.0)
        .write(&[("migrations/00003_c.sql", "-- +goose Up\nSELECT 1;\n")]);
    let missing = place.apply().await.failed();
    assert!(
        missing
            .error
            .contains("was applied but is not in the directory"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_statement_block_is_one_statement() {
    let function = (
        "migrations/00001_function.sql",
        "-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$\n\
         BEGIN\n  RETURN 1;\nEND;\n$$;\n-- +goose StatementEnd\nCREATE TABLE t AS SELECT one() AS x;\n",
    );
    let place = Place::new(Kind::Postgres, "goose", &[function]);
    assert_eq!(place.apply().await.applied(), ["00001"]);
    assert_eq!(place.sql("SELECT x FROM t"), "1");
}

#[tokio::test]
async fn a_half_applied_file_is_gone_on_with() {
    for (kind, mark) in [
        (Kind::Mariadb, ""),
        (Kind::Postgres, "-- +goose NO TRANSACTION\n"),
    ] {
        let half = format!(
            "{mark}-- +goose Up\nCREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (2);\n"
        );
        let place = Place::new(kind, "goose", &[("migrations/00001_half.sql", &half)]);
        place.apply().await.failed();
        assert_eq!(rows(&place), "1|0|1", "{kind:?}");
        place.sql("CREATE TABLE b (id int)");
        assert_eq!(place.apply().await.applied(), ["00001"], "{kind:?}");
        assert_eq!(place.sql("SELECT count(*) FROM a"), "1", "{kind:?}");
        assert_eq!(rows(&place), "1|0|1\n2|1|1", "{kind:?}");
        assert_eq!(place.tables(), "a b goose_db_version", "{kind:?}");
    }
}

#[tokio::test]
async fn a_migration_in_go_is_named() {
    let place = Place::new(
        Kind::Sqlite,
        "goose",
        &[USERS, ("migrations/00002_more.go", "package x")],
    );
    let error = place.try_native().unwrap_err();
    assert!(error.contains("00002_more.go"), "{error}");
    assert!(error.contains("only goose itself can run"), "{error}");
}

#[tokio::test]
async fn the_lock_of_goose_s_library_is_respected() {
    let place = Place::new(Kind::Postgres, "goose", &[USERS]);
    let waited = place
        .wait_for("SELECT pg_advisory_lock(4097083626)", "goose")
        .await;
    assert_eq!(waited.applied(), ["00001"]);
}

//! dbmate's migrations.

use crate::support::{Kind, Place};

const USERS: (&str, &str) = (
    "db/migrations/20261101100000_users.sql",
    "-- migrate:up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n-- migrate:down\nDROP TABLE users;\n",
);

const POSTS: (&str, &str) = (
    "db/migrations/20261101110000_posts.sql",
    "-- migrate:up\nCREATE TABLE posts (id INTEGER PRIMARY KEY);\nINSERT INTO posts VALUES (1);\n-- migrate:down\n",
);

const ROWS: &str = "SELECT version FROM schema_migrations ORDER BY version";

fn broken(mark: &str) -> String {
    format!(
        "{mark}\nCREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (2);\n-- migrate:down\n"
    )
}

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_dbmate_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "dbmate", &[USERS, POSTS]);
        assert_eq!(
            place.apply().await.applied(),
            ["20261101100000", "20261101110000"],
            "{kind:?}"
        );
        assert_eq!(
            place.sql(ROWS),
            "20261101100000\n20261101110000",
            "{kind:?}"
        );
        assert_eq!(
            place.columns("schema_migrations"),
            match kind {
                Kind::Sqlite => "version varchar(128)",
                Kind::Postgres => "version character varying not null",
                Kind::Mariadb => "version varchar(128) not null",
            }
        );
        assert_eq!(place.tables(), "posts schema_migrations users", "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn rows_of_dbmate_s_own_are_taken_as_they_are() {
    let place = Place::new(Kind::Sqlite, "dbmate", &[USERS, POSTS]);
    place.sql(
        "create table schema_migrations (version varchar(128) primary key);\
         insert into schema_migrations (version) values ('20261101100000');",
    );
    assert_eq!(place.apply().await.applied(), ["20261101110000"]);
}

#[tokio::test]
async fn a_version_is_the_digits_a_name_begins_with() {
    let file = (
        "db/migrations/20261101100000users.sql",
        "-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\n",
    );
    let place = Place::new(Kind::Sqlite, "dbmate", &[file]);
    assert_eq!(place.apply().await.applied(), ["20261101100000users"]);
    assert_eq!(place.sql(ROWS), "20261101100000");
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn a_file_that_comes_late_is_applied_and_a_missing_one_refused() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "dbmate", &[POSTS]);
        place.apply().await.applied();
        place.write(&[USERS]);
        assert_eq!(
            place.apply().await.applied(),
            ["20261101100000"],
            "{kind:?}"
        );
        place
            .remove(POSTS.0)
            .write(&[("db/migrations/3_c.sql", USERS.1)]);
        let missing = place.apply().await.failed();
        assert!(
            missing
                .error
                .contains("was applied but is not in the directory"),
            "{missing:?}"
        );
    }
}

#[tokio::test]
async fn a_failed_file_leaves_nothing_where_definitions_are_in_transactions() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let half = broken("-- migrate:up");
        let place = Place::new(
            kind,
            "dbmate",
            &[USERS, ("db/migrations/20261102_half.sql", &half)],
        );
        // The digits are fewer, but dbmate goes by the text.
        let failed = place.apply().await.failed();
        assert_eq!(failed.applied, ["20261101100000"], "{kind:?}");
        assert_eq!(place.tables(), "schema_migrations users", "{kind:?}");
        assert_eq!(place.sql(ROWS), "20261101100000", "{kind:?}");
    }
}

#[tokio::test]
async fn a_half_applied_file_is_gone_on_with() {
    for (kind, mark) in [
        (Kind::Mariadb, "-- migrate:up"),
        (Kind::Postgres, "-- migrate:up transaction:false"),
    ] {
        let half = broken(mark);
        let place = Place::new(kind, "dbmate", &[("db/migrations/1_half.sql", &half)]);
        place.apply().await.failed();
        assert_eq!(place.sql(ROWS), "", "{kind:?}");
        assert_eq!(
            place.tables(),
            "a schema_migrations shipgate_progress",
            "{kind:?}"
        );
        place.sql("CREATE TABLE b (id int)");
        assert_eq!(place.apply().await.applied(), ["1"], "{kind:?}");
        assert_eq!(place.sql("SELECT count(*) FROM a"), "1", "{kind:?}");
        assert_eq!(place.sql(ROWS), "1", "{kind:?}");
        assert_eq!(place.tables(), "a b schema_migrations", "{kind:?}");
    }
}

#[tokio::test]
async fn the_history_can_be_told_where_the_database_stands() {
    let place = Place::new(Kind::Postgres, "dbmate", &[USERS, POSTS]);
    assert_eq!(place.set("20261101110000").await, Ok(()));
    assert_eq!(place.sql(ROWS), "20261101100000\n20261101110000");
    assert_eq!(place.set("20261101100000").await, Ok(()));
    assert_eq!(place.sql(ROWS), "20261101100000");
}

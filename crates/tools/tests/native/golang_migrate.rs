//! golang-migrate's migrations.

use shipgate_migrate::Effect;

use crate::support::{Kind, Place};

const USERS: (&str, &str) = (
    "migrations/000001_users.up.sql",
    "CREATE TABLE users (id INTEGER PRIMARY KEY);\n",
);

const POSTS: (&str, &str) = (
    "migrations/000002_posts.up.sql",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY);\nINSERT INTO posts VALUES (1);\n",
);

fn row(place: &Place) -> String {
    // PostgreSQL's client writes truth as a letter.
    let row = place.sql("SELECT version, dirty FROM schema_migrations");
    row.replace("|t", "|1").replace("|f", "|0")
}

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_golang_migrate_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "golang-migrate", &[USERS, POSTS]);
        assert_eq!(
            place.apply().await.applied(),
            ["000001", "000002"],
            "{kind:?}"
        );
        assert_eq!(row(&place), "2|0", "{kind:?}");
        assert_eq!(
            place.columns("schema_migrations"),
            match kind {
                Kind::Sqlite => "version uint64, dirty bool",
                Kind::Postgres => "version bigint not null, dirty boolean not null",
                Kind::Mariadb => "version bigint(20) not null, dirty tinyint(1) not null",
            }
        );
        assert_eq!(place.tables(), "posts schema_migrations users", "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn everything_up_to_the_row_counts_as_applied() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "golang-migrate", &[POSTS]);
        place.apply().await.applied();
        place.write(&[USERS]);
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_failed_file_leaves_nothing_where_definitions_are_in_transactions() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let broken = (
            "migrations/000002_half.up.sql",
            "CREATE TABLE a (id int);\nINSERT INTO b VALUES (2);\n",
        );
        let place = Place::new(kind, "golang-migrate", &[USERS, broken]);
        let failed = place.apply().await.failed();
        assert_eq!(failed.applied, ["000001"], "{kind:?}");
        assert_eq!(row(&place), "1|0", "{kind:?}");
        assert_eq!(place.tables(), "schema_migrations users", "{kind:?}");
    }
}

#[tokio::test]
async fn a_half_applied_file_is_dirty_and_gone_on_with() {
    let half = (
        "migrations/000001_half.up.sql",
        "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (2);\n",
    );
    let place = Place::new(Kind::Mariadb, "golang-migrate", &[half]);
    place.apply().await.failed();
    assert_eq!(row(&place), "1|1");
    place.sql("CREATE TABLE b (id int)");
    assert_eq!(place.apply().await.applied(), ["000001"]);
    assert_eq!(place.sql("SELECT count(*) FROM a"), "1");
    assert_eq!(row(&place), "1|0");
    assert_eq!(place.tables(), "a b schema_migrations");
}

#[tokio::test]
async fn a_file_may_open_transactions_or_hold_what_can_be_in_none() {
    let place = Place::new(
        Kind::Postgres,
        "golang-migrate",
        &[
            (
                "migrations/1_begin.up.sql",
                "BEGIN;\nCREATE TABLE a (x int);\nCOMMIT;\n",
            ),
            (
                "migrations/2_index.up.sql",
                "CREATE INDEX CONCURRENTLY i ON a (x);\n",
            ),
            ("migrations/3_plain.up.sql", "CREATE TABLE b (x int);\n"),
        ],
    );
    assert_eq!(place.apply().await.applied(), ["1", "2", "3"]);
    assert_eq!(row(&place), "3|0");
    assert_eq!(place.tables(), "a b schema_migrations");
}

#[tokio::test]
async fn a_dirty_version_of_golang_migrate_s_own_is_named_with_the_way_out() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "golang-migrate", &[USERS]);
        place.apply().await.applied();
        place.write(&[POSTS]);
        place.sql("DELETE FROM schema_migrations");
        place.sql("INSERT INTO schema_migrations VALUES (2, TRUE)");
        let failed = place.apply().await.failed();
        assert!(
            failed.error.contains(
                "golang-migrate began version \"000002\" and did not end it well: it is dirty"
            ),
            "{failed:?}"
        );
        assert!(
            failed.hints[0].contains("`migrate ... force 1`"),
            "{failed:?}"
        );
        assert!(
            failed.hints[1].contains("`migrate ... force 2`"),
            "{failed:?}"
        );
        assert_eq!(place.tables(), "schema_migrations users", "{kind:?}");
    }
}

#[tokio::test]
async fn a_person_may_say_what_became_of_a_dirty_version() {
    for (effect, settled) in [(Effect::Applied, "2|0"), (Effect::NotApplied, "1|0")] {
        let place = Place::new(Kind::Sqlite, "golang-migrate", &[USERS, POSTS]);
        place.apply().await.applied();
        place.sql("UPDATE schema_migrations SET dirty = TRUE");
        place.settle("000002", effect).await.unwrap();
        assert_eq!(row(&place), settled, "{effect:?}");
    }
}

#[tokio::test]
async fn a_row_whose_file_is_gone_is_refused() {
    let place = Place::new(Kind::Sqlite, "golang-migrate", &[USERS, POSTS]);
    place.apply().await.applied();
    place
        .remove(POSTS.0)
        .write(&[("migrations/000003_c.up.sql", "SELECT 1;")]);
    let missing = place.apply().await.failed();
    assert!(
        missing
            .error
            .contains("was applied but is not in the directory"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn the_history_can_be_told_where_the_database_stands() {
    let place = Place::new(Kind::Postgres, "golang-migrate", &[USERS, POSTS]);
    assert_eq!(place.set("000002").await, Ok(()));
    assert_eq!(row(&place), "2|0");
    assert_eq!(place.set("000001").await, Ok(()));
    assert_eq!(row(&place), "1|0");
}

#[tokio::test]
async fn the_lock_is_respected_however_golang_migrate_was_opened() {
    for slash in ["/", ""] {
        let place = Place::new(Kind::Postgres, "golang-migrate", &[USERS]);
        let database = place.sql("SELECT current_database()");
        let names = format!("public\0schema_migrations\0{slash}{database}");
        let key = crc32fast::hash(names.as_bytes()).wrapping_mul(1_486_364_155);
        let lock = format!("SELECT pg_advisory_lock({key})");
        let waited = place.wait_for(&lock, "golang-migrate").await;
        assert_eq!(waited.applied(), ["000001"]);
    }
    let place = Place::new(Kind::Mariadb, "golang-migrate", &[USERS]);
    let database = place.sql("SELECT DATABASE()");
    let name = crc32fast::hash(format!("{database}:schema_migrations").as_bytes());
    let lock = format!(
        "SELECT GET_LOCK('{}', 10)",
        name.wrapping_mul(1_486_364_155)
    );
    let waited = place.wait_for(&lock, "golang-migrate").await;
    assert_eq!(waited.applied(), ["000001"]);
}

//! SQLx's migrations.

use std::time::Duration;

use shipgate_database::Value;
use shipgate_migrate::Effect;

use crate::support::{Kind, Place};

const USERS: (&str, &str) = (
    "migrations/20261101100000_create_users.sql",
    "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    email TEXT NOT NULL\n);\n",
);

/// SHA-384 of the file, as `sha384sum` has it.
const USERS_SUM: &str = "7aaa41b97525e90b";

const POSTS: (&str, &str) = (
    "migrations/20261101110000_create_posts.up.sql",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY);\nINSERT INTO posts VALUES (1);\n",
);

fn rows(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => {
            "SELECT version, description, success, lower(substr(hex(checksum), 1, 16)), execution_time > 0 \
             FROM _sqlx_migrations ORDER BY version"
        }
        Kind::Postgres => {
            "SELECT version, description, success::int, substr(encode(checksum, 'hex'), 1, 16), (execution_time > 0)::int \
             FROM _sqlx_migrations ORDER BY version"
        }
        Kind::Mariadb => {
            "SELECT version, description, success, lower(substr(hex(checksum), 1, 16)), execution_time > 0 \
             FROM _sqlx_migrations ORDER BY version"
        }
    }
}

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_sqlx_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "sqlx", &[USERS, POSTS]);
        assert_eq!(
            place.apply().await.applied(),
            ["20261101100000", "20261101110000"],
            "{kind:?}"
        );
        let found = place.sql(rows(kind));
        let (first, second) = found.split_once('\n').unwrap();
        assert_eq!(
            first,
            format!("20261101100000|create users|1|{USERS_SUM}|1"),
            "{kind:?}"
        );
        assert!(
            second.starts_with("20261101110000|create posts|1|"),
            "{kind:?}"
        );
        assert_eq!(place.tables(), "_sqlx_migrations posts users", "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
        assert!(
            place.status().await.contains("Already at latest version"),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_file_behind_the_last_applied_one_is_applied_as_sqlx_does() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "sqlx", &[POSTS]);
        place.apply().await.applied();
        place.write(&[USERS]);
        let status = place.status().await;
        assert!(status.contains("Pending Files:   1"), "{kind:?}: {status}");
        assert_eq!(
            place.apply().await.applied(),
            ["20261101100000"],
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn an_edited_file_and_a_missing_one_are_refused() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "sqlx", &[USERS, POSTS]);
        place.apply().await.applied();
        place.write(&[
            (USERS.0, "SELECT 1;"),
            ("migrations/20261101120000_more.sql", "SELECT 1;"),
        ]);
        let edited = place.apply().await.failed();
        assert!(
            edited
                .error
                .contains("20261101100000_create_users.sql was edited after it was applied"),
            "{edited:?}"
        );
        place.write(&[USERS]).remove(POSTS.0);
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
        let broken = (
            "migrations/2_broken.sql",
            "CREATE TABLE a (id int);\nSELECT * FROM nowhere;\n",
        );
        let place = Place::new(
            kind,
            "sqlx",
            &[("migrations/1_first.sql", "SELECT 1;"), broken],
        );
        let failed = place.apply().await.failed();
        assert_eq!(failed.applied, ["1"], "{kind:?}");
        assert_eq!(place.tables(), "_sqlx_migrations", "{kind:?}");
        assert_eq!(
            place.sql("SELECT version FROM _sqlx_migrations"),
            "1",
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_half_applied_file_is_gone_on_with_and_its_progress_removed() {
    let broken = "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (2);\n";
    let place = Place::new(Kind::Mariadb, "sqlx", &[("migrations/1_half.sql", broken)]);
    place.apply().await.failed();
    assert_eq!(
        place.sql("SELECT version, success FROM _sqlx_migrations"),
        "1|0"
    );
    assert_eq!(place.tables(), "_sqlx_migrations a shipgate_progress");
    assert!(place.status().await.contains("PENDING"));
    place.sql("CREATE TABLE b (id int)");
    assert_eq!(place.apply().await.applied(), ["1"]);
    assert_eq!(place.sql("SELECT count(*) FROM a"), "1");
    assert_eq!(
        place.sql("SELECT version, success FROM _sqlx_migrations"),
        "1|1"
    );
    assert_eq!(place.tables(), "_sqlx_migrations a b");
}

#[tokio::test]
async fn a_file_without_transaction_is_executed_statement_by_statement() {
    let concurrently = "-- no-transaction\nCREATE TABLE t (a int, b int);\n\
        CREATE INDEX CONCURRENTLY one ON t (a);\nCREATE INDEX CONCURRENTLY two ON t (b);\n";
    let place = Place::new(
        Kind::Postgres,
        "sqlx",
        &[("migrations/1_indexes.sql", concurrently)],
    );
    assert_eq!(place.apply().await.applied(), ["1"]);
    assert_eq!(place.tables(), "_sqlx_migrations t");
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 't'";
    assert_eq!(place.sql(indexes), "2");
}

#[tokio::test]
async fn a_failed_row_of_sqlx_s_own_is_named_with_the_way_out() {
    let place = Place::new(
        Kind::Mariadb,
        "sqlx",
        &[("migrations/1_a.sql", "CREATE TABLE a (id int);")],
    );
    place.apply().await.applied();
    place.write(&[("migrations/2_b.sql", "CREATE TABLE b (id int);")]);
    place.sql("INSERT INTO _sqlx_migrations VALUES (2, 'b', now(), FALSE, x'00', -1)");
    let failed = place.apply().await.failed();
    assert!(
        failed
            .error
            .contains("SQLx began version \"2\" and did not end it well"),
        "{failed:?}"
    );
    assert!(
        failed.hints[0].contains("DELETE FROM _sqlx_migrations WHERE version = 2"),
        "{failed:?}"
    );
    assert_eq!(place.tables(), "_sqlx_migrations a");
}

#[tokio::test]
async fn the_lock_of_sqlx_s_library_is_respected() {
    let place = Place::new(Kind::Postgres, "sqlx", &[USERS]);
    let database = place.database();
    let mut other = database.connect(&Default::default()).await.unwrap();
    let name = place.sql("SELECT current_database()");
    let key = 0x3d32_ad9e * i64::from(crc32fast::hash(name.as_bytes()));
    let key = [Value::Integer(key)];
    other
        .query("SELECT pg_advisory_lock($1)", &key)
        .await
        .unwrap();
    let short = place
        .apply_with(|options| options.lock.timeout = Duration::from_millis(300))
        .await
        .failed();
    assert!(
        short.error.contains("holds the migration lock of SQLx"),
        "{short:?}"
    );
    assert_eq!(short.said.len(), 1, "{short:?}");
    let (waited, ()) = tokio::join!(place.apply(), async {
        // Given back while the run waits or before it asks: either way it goes on.
        other.close().await;
    });
    assert_eq!(waited.applied(), ["20261101100000"]);
}

#[tokio::test]
async fn ignored_characters_do_not_count() {
    let place = Place::new(
        Kind::Sqlite,
        "sqlx",
        &[
            USERS,
            (
                "sqlx.toml",
                "[migrate]\nignored-chars = [\"\\r\"]\ntable-name = \"applied\"\n",
            ),
        ],
    );
    place.apply().await.applied();
    place.write(&[(USERS.0, &USERS.1.replace('\n', "\r\n"))]);
    assert!(place.apply().await.applied().is_empty());
    assert_eq!(place.tables(), "applied users");
}

#[tokio::test]
async fn a_version_can_be_set_as_the_one_the_database_stands_at() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "sqlx", &[USERS, POSTS]);
        place.sql("CREATE TABLE users (id int)");
        place.set("20261101100000").await.unwrap();
        assert_eq!(
            place.apply().await.applied(),
            ["20261101110000"],
            "{kind:?}"
        );
        let rows = "SELECT count(*) FROM _sqlx_migrations WHERE success";
        assert_eq!(place.sql(rows), "2", "{kind:?}");
    }
}

#[tokio::test]
async fn a_person_may_say_that_the_failed_statement_took_effect() {
    let broken = "CREATE TABLE a (id int);\nINSERT INTO b VALUES (2);\n";
    let place = Place::new(Kind::Mariadb, "sqlx", &[("migrations/1_half.sql", broken)]);
    place.apply().await.failed();
    let settled = place.settle("1", Effect::Applied).await.unwrap();
    assert_eq!(settled, "Version 1 has 2 of 2 statements now\n");
    assert_eq!(place.sql("SELECT success FROM _sqlx_migrations"), "1");
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn of_two_runs_at_once_one_applies_and_the_other_has_nothing_to_do() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "sqlx", &[USERS, POSTS]);
        let (one, other) = tokio::join!(place.apply(), place.apply());
        let mut applied = [one.applied().len(), other.applied().len()];
        applied.sort_unstable();
        assert_eq!(applied, [0, 2], "{kind:?}");
    }
}

/// Runs until the server executes a statement with this in it, and is then gone.
async fn killed_at(place: &Place, sleep: &str, running: &str) {
    let begun = async {
        while place.sql(running) == "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        outcome = place.apply() => panic!("{sleep} ended: {outcome:?}"),
        () = begun => {}
    }
}

#[tokio::test]
async fn a_killed_run_is_gone_on_with_at_its_statement() {
    for (kind, mark, sleep, running) in [
        (
            Kind::Mariadb,
            "",
            "SELECT SLEEP(3) + 2",
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'INSERT INTO log SELECT SLEEP%'",
        ),
        (
            Kind::Postgres,
            "-- no-transaction\n",
            "SELECT 2 FROM pg_sleep(3)",
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO log SELECT 2%' AND state = 'active' \
             AND datname = current_database()",
        ),
    ] {
        let text = format!(
            "{mark}CREATE TABLE log (step int);\nINSERT INTO log VALUES (1);\n\
             INSERT INTO log {sleep};\nINSERT INTO log VALUES (3);\n"
        );
        let place = Place::new(kind, "sqlx", &[("migrations/1_slow.sql", &text)]);
        killed_at(&place, sleep, running).await;
        assert_eq!(place.apply().await.applied(), ["1"], "{kind:?}");
        let steps = place.sql("SELECT step FROM log ORDER BY step");
        assert_eq!(steps, "1\n2\n3", "{kind:?}");
        assert_eq!(place.tables(), "_sqlx_migrations log", "{kind:?}");
    }
}

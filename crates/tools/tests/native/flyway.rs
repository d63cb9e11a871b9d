//! Flyway's migrations.

use shipgate_migrate::Effect;

use crate::support::{Kind, Place};

const USERS: (&str, &str) = (
    "sql/V1__create_users.sql",
    "CREATE TABLE users (id INTEGER PRIMARY KEY);\n",
);

const POSTS: (&str, &str) = (
    "sql/more/V1_1__add_posts.sql",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY);\r\nINSERT INTO posts VALUES (1);\r\n",
);

const TAGS: (&str, &str) = (
    "sql/V2__tags.sql",
    "CREATE TABLE tags (id INTEGER PRIMARY KEY);\n",
);

const VIEW: (&str, &str) = (
    "sql/R__user_ids.sql",
    "DROP VIEW IF EXISTS user_ids;\nCREATE VIEW user_ids AS SELECT id FROM users;\n",
);

/// A baseline for `USERS` and `POSTS`.
const BASELINE: (&str, &str) = (
    "sql/B1_1__all.sql",
    "CREATE TABLE users (id INTEGER PRIMARY KEY);\nCREATE TABLE posts (id INTEGER PRIMARY KEY);\n",
);

fn place(kind: Kind, files: &[(&str, &str)]) -> Place {
    let place = Place::new(kind, "flyway", files);
    place.write(&[("flyway.conf", "flyway.locations=filesystem:sql\n")]);
    place
}

/// Everything that every database writes alike.
fn rows(place: &Place) -> String {
    let rows = place.sql(
        "SELECT installed_rank, coalesce(version, '-'), description, type, script, \
         coalesce(checksum, 0), success FROM flyway_schema_history ORDER BY installed_rank",
    );
    // PostgreSQL's client writes truth as a letter.
    rows.lines()
        .map(|row| match row.strip_suffix("|t") {
            Some(row) => format!("{row}|1"),
            None => row.replace("|f", "|0"),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A row that Flyway itself wrote.
fn insert(place: &Place, rank: u8, version: &str, kind: &str, checksum: &str, success: &str) {
    place.sql(&format!(
        "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, \
         installed_by, execution_time, success) \
         VALUES ({rank}, '{version}', 'x', '{kind}', 'x', {checksum}, 'me', 3, {success})"
    ));
}

/// A database in which nothing but Flyway's table is.
async fn empty_history(place: &Place) {
    place.write(&[("sql/V0__nothing.sql", "SELECT 1;\n")]);
    place.apply().await.applied();
    place.remove("sql/V0__nothing.sql");
    place.sql("DELETE FROM flyway_schema_history");
}

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_flyway_does() {
    for kind in Kind::ALL {
        let place = place(kind, &[VIEW, TAGS, POSTS, USERS]);
        let applied = place.apply().await.applied();
        assert_eq!(applied, ["1", "1_1", "2", "R__user_ids"], "{kind:?}");
        assert_eq!(
            rows(&place),
            "1|1|create users|SQL|V1__create_users.sql|-7233374|1\n\
             2|1.1|add posts|SQL|more/V1_1__add_posts.sql|1792685865|1\n\
             3|2|tags|SQL|V2__tags.sql|-1510504174|1\n\
             4|-|user ids|SQL|R__user_ids.sql|-317374835|1",
            "{kind:?}"
        );
        assert_eq!(
            place.columns("flyway_schema_history"),
            match kind {
                Kind::Sqlite =>
                    "installed_rank INT not null, version VARCHAR(50), description VARCHAR(200) not null, \
                     type VARCHAR(20) not null, script VARCHAR(1000) not null, checksum INT, \
                     installed_by VARCHAR(100) not null, installed_on TEXT not null, \
                     execution_time INT not null, success BOOLEAN not null",
                Kind::Postgres =>
                    "installed_rank integer not null, version character varying(50), \
                     description character varying(200) not null, type character varying(20) not null, \
                     script character varying(1000) not null, checksum integer, \
                     installed_by character varying(100) not null, \
                     installed_on timestamp without time zone not null, \
                     execution_time integer not null, success boolean not null",
                Kind::Mariadb =>
                    "installed_rank int(11) not null, version varchar(50), description varchar(200) not null, \
                     type varchar(20) not null, script varchar(1000) not null, checksum int(11), \
                     installed_by varchar(100) not null, installed_on timestamp not null, \
                     execution_time int(11) not null, success tinyint(1) not null",
            }
        );
        let user = match kind {
            Kind::Sqlite => "''",
            Kind::Postgres => "current_user",
            Kind::Mariadb => "substring_index(user(), '@', 1)",
        };
        assert_eq!(
            place.sql(&format!(
                "SELECT count(*) FROM flyway_schema_history WHERE installed_by = {user} AND execution_time >= 0"
            )),
            "4",
            "{kind:?}"
        );
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(4), "{kind:?}");
    }
}

#[tokio::test]
async fn a_repeatable_migration_that_changed_runs_again_and_has_another_row() {
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, VIEW]);
        place.apply().await.applied();
        place.write(&[(VIEW.0, &VIEW.1.replace("SELECT id", "SELECT id + 1 AS id"))]);
        assert_eq!(place.apply().await.applied(), ["R__user_ids"], "{kind:?}");
        assert_eq!(
            place.sql(
                "SELECT count(*), count(DISTINCT checksum) FROM flyway_schema_history WHERE version IS NULL"
            ),
            "2|2",
            "{kind:?}"
        );
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn placeholders_have_the_configuration_s_values() {
    let place = place(
        Kind::Sqlite,
        &[
            ("sql/V1__a.sql", "CREATE TABLE ${prefix}a (b TEXT);\n"),
            (
                "sql/R__b.sql",
                "INSERT INTO ${Prefix}a VALUES ('${flyway:filename}');\n",
            ),
        ],
    );
    let error = place.try_native().unwrap_err();
    assert!(
        error.starts_with("V1__a.sql:1: placeholder ${prefix} has no value"),
        "{error}"
    );
    place.write(&[(
        "flyway.conf",
        "flyway.locations=sql\nflyway.placeholders.prefix=my_\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["1", "R__b"]);
    assert_eq!(place.sql("SELECT b FROM my_a"), "R__b.sql");
    // Another value changes a repeatable migration, and no other.
    place.sql("CREATE TABLE your_a (b TEXT)");
    place.write(&[(
        "flyway.conf",
        "flyway.locations=sql\nflyway.placeholders.prefix=your_\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["R__b"]);
    place.write(&[(
        "flyway.conf",
        "flyway.locations=sql\nflyway.placeholderReplacement=false\n",
    )]);
    assert!(place.try_native().is_ok());
}

#[tokio::test]
async fn an_edited_a_missing_and_a_late_file_are_refused() {
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, TAGS]);
        place.apply().await.applied();
        place.write(&[POSTS]);
        let late = place.apply().await.failed();
        assert!(late.error.contains("more/V1_1__add_posts.sql"), "{late:?}");
        place.remove(POSTS.0);
        place.write(&[(USERS.0, "CREATE TABLE users (id BIGINT);\n")]);
        let edited = place.apply().await.failed();
        assert!(edited.error.contains("V1__create_users.sql"), "{edited:?}");
        place.remove(USERS.0);
        place.apply().await.failed();
        // Line ends make no other text.
        place.write(&[(USERS.0, &USERS.1.replace('\n', "\r\n"))]);
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_half_failed_file_leaves_what_flyway_leaves_and_is_gone_on_with() {
    let broken = "CREATE TABLE a (id INTEGER);\nINSERT INTO nowhere VALUES (1);\nCREATE TABLE b (id INTEGER);\n";
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, ("sql/V2__broken.sql", broken)]);
        let outcome = place.apply().await.failed();
        assert_eq!(outcome.applied, ["1"], "{kind:?}");
        let left = match kind {
            Kind::Mariadb => "2|2|broken|SQL|V2__broken.sql",
            Kind::Sqlite | Kind::Postgres => "1|1|create users|SQL|V1__create_users.sql",
        };
        let found = rows(&place);
        let last = found.lines().last().unwrap_or_default();
        assert!(last.starts_with(left), "{kind:?}: {found}");
        assert_eq!(last.ends_with("|0"), kind == Kind::Mariadb, "{found}");
        place.write(&[("sql/V2__broken.sql", &broken.replace("nowhere", "users"))]);
        assert_eq!(place.apply().await.applied(), ["2"], "{kind:?}");
        assert!(rows(&place).ends_with("|1"), "{}", rows(&place));
        assert_eq!(place.sql("SELECT count(*) FROM flyway_schema_history"), "2");
        assert_eq!(
            place.tables(),
            "a b flyway_schema_history users",
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_failed_row_of_flyway_s_stops_everything() {
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, TAGS]);
        place.apply().await.applied();
        place.sql("UPDATE flyway_schema_history SET success = false WHERE version = '2'");
        let refused = place.apply().await.failed();
        assert!(
            refused
                .hints
                .iter()
                .any(|hint| hint.contains("flyway repair")),
            "{refused:?}"
        );
        place.settle("2", Effect::Applied).await.unwrap();
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert!(rows(&place).ends_with("|1"), "{}", rows(&place));
        assert_eq!(place.sql("SELECT count(*) FROM flyway_schema_history"), "2");
        place.sql("UPDATE flyway_schema_history SET success = false WHERE version = '2'");
        place.settle("2", Effect::NotApplied).await.unwrap();
        assert_eq!(place.sql("SELECT count(*) FROM flyway_schema_history"), "1");
    }
}

#[tokio::test]
async fn rows_that_flyway_wrote_are_understood() {
    for kind in Kind::ALL {
        let place = place(kind, &[]);
        empty_history(&place).await;
        place.write(&[USERS, POSTS, TAGS]);
        place.sql(
            "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, \
             installed_by, execution_time, success) \
             VALUES (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '\"app\"', NULL, 'me', 0, true)",
        );
        // What `flyway baseline` writes, in another spelling of the version.
        insert(&place, 1, "1.1.0", "BASELINE", "NULL", "true");
        assert_eq!(place.apply().await.applied(), ["2"], "{kind:?}");
        // An undone migration is pending again.
        insert(&place, 3, "2", "UNDO_SQL", "NULL", "true");
        place.sql("DROP TABLE tags");
        assert_eq!(place.apply().await.applied(), ["2"], "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.tables(), "flyway_schema_history tags", "{kind:?}");
    }
}

#[tokio::test]
async fn a_baseline_s_file_stands_for_its_versions_on_a_new_database_only() {
    for kind in Kind::ALL {
        let fresh = place(kind, &[USERS, POSTS, BASELINE, TAGS]);
        assert_eq!(fresh.apply().await.applied(), ["B1_1", "2"], "{kind:?}");
        assert!(
            rows(&fresh).starts_with("1|1.1|all|SQL_BASELINE|B1_1__all.sql|"),
            "{}",
            rows(&fresh)
        );
        assert!(fresh.apply().await.applied().is_empty(), "{kind:?}");
        let older = place(kind, &[USERS]);
        older.apply().await.applied();
        older.write(&[POSTS, BASELINE, TAGS]);
        assert_eq!(older.apply().await.applied(), ["1_1", "2"], "{kind:?}");
        assert!(older.apply().await.applied().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_baseline_s_file_is_passed_over_where_a_row_says_where_the_database_stands() {
    for kind in Kind::ALL {
        let place = place(kind, &[]);
        empty_history(&place).await;
        insert(&place, 1, "1", "BASELINE", "NULL", "true");
        place.write(&[BASELINE, TAGS]);
        assert_eq!(place.apply().await.applied(), ["2"], "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_baseline_s_file_that_failed_halfway_is_gone_on_with() {
    let broken = BASELINE.1.replace("posts (", "posts (,");
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, POSTS, (BASELINE.0, &broken), TAGS]);
        place.apply().await.failed();
        place.write(&[BASELINE]);
        assert_eq!(place.apply().await.applied(), ["B1_1", "2"], "{kind:?}");
        assert_eq!(place.sql("SELECT count(*) FROM flyway_schema_history"), "2");
    }
}

#[tokio::test]
async fn the_settings_file_beside_a_migration_turns_its_transaction_off() {
    let place = place(
        Kind::Postgres,
        &[
            USERS,
            (
                "sql/V2__index.sql",
                "CREATE INDEX CONCURRENTLY i ON users (id);\n",
            ),
            ("sql/V2__index.sql.conf", "executeInTransaction=false\n"),
        ],
    );
    assert_eq!(place.apply().await.applied(), ["1", "2"]);
    assert!(rows(&place).ends_with("|1"));
    place.write(&[("sql/V2__index.sql.conf", "shouldExecute=${flag}\n")]);
    assert!(place.try_native().unwrap_err().contains("shouldExecute"));
}

#[tokio::test]
async fn a_database_that_is_not_empty_is_not_begun_with() {
    for kind in Kind::ALL {
        let place = place(kind, &[USERS, TAGS]);
        place.sql("CREATE TABLE users (id INTEGER)");
        let refused = place.apply().await.failed();
        assert!(refused.error.contains("users"), "{refused:?}");
        let baseline = place
            .apply_with(|options| options.plan.baseline = Some("1".to_owned()))
            .await;
        assert_eq!(baseline.applied(), ["2"], "{kind:?}");
    }
}

#[tokio::test]
async fn flyway_s_lock_is_respected() {
    let place_of = |kind| place(kind, &[USERS]);
    let postgres = place_of(Kind::Postgres);
    let waited = postgres
        .wait_for("SELECT pg_advisory_lock(77433833903597)", "Flyway")
        .await;
    assert_eq!(waited.applied(), ["1"]);
    let mariadb = place_of(Kind::Mariadb);
    let database = mariadb.sql("SELECT DATABASE()");
    let name = format!("`{database}`.`flyway_schema_history`");
    let hash = name.bytes().fold(0_i32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(i32::from(byte))
    });
    let waited = mariadb
        .wait_for(&format!("SELECT GET_LOCK('Flyway-{hash}', 0)"), "Flyway")
        .await;
    assert_eq!(waited.applied(), ["1"]);
}

#[tokio::test]
async fn what_only_flyway_itself_does_is_named() {
    for (file, content, expected) in [
        ("sql/V2__b.sh", "true", "V2__b.sh"),
        ("sql/afterMigrate.sql", "SELECT 1", "callback"),
        (
            "flyway.conf",
            "flyway.locations=sql,other",
            "several locations",
        ),
        ("flyway.toml", "[flyway]\ninitSql = 'SELECT 1'", "initSql"),
    ] {
        let place = place(Kind::Sqlite, &[USERS]);
        place.write(&[(file, content)]);
        let error = place.try_native().unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("shipgate gate"), "{error}");
    }
}

#[tokio::test]
async fn a_late_file_is_applied_where_the_configuration_says_out_of_order() {
    let place = place(Kind::Sqlite, &[USERS, TAGS]);
    place.apply().await.applied();
    place.write(&[POSTS]);
    place.apply().await.failed();
    place.write(&[(
        "flyway.conf",
        "flyway.locations=filesystem:sql\nflyway.outOfOrder=true\n",
    )]);
    assert_eq!(place.apply().await.applied(), ["1_1"]);
}

#[tokio::test]
async fn a_group_is_one_transaction() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = place(
            kind,
            &[
                USERS,
                ("sql/V2__b.sql", "INSERT INTO nowhere VALUES (1);\n"),
            ],
        );
        place.write(&[(
            "flyway.toml",
            "[flyway]\nlocations = [\"filesystem:sql\"]\ngroup = true\n",
        )]);
        place.apply().await.failed();
        assert!(!place.tables().contains("users"), "{kind:?}");
        place.write(&[("sql/V2__b.sql", "INSERT INTO users VALUES (1);\n")]);
        assert_eq!(place.apply().await.applied(), ["1", "2"], "{kind:?}");
    }
}

#[test]
fn what_the_configuration_says_is_done_or_refused_by_name() {
    for (line, word) in [
        ("target=2", "target to 2"),
        ("baselineOnMigrate=true", "baselineOnMigrate to true"),
        ("validateOnMigrate=false", "validateOnMigrate to false"),
        (
            "ignoreMigrationPatterns=*:missing",
            "ignoreMigrationPatterns to *:missing",
        ),
        (
            "skipExecutingMigrations=true",
            "skipExecutingMigrations to true",
        ),
    ] {
        let place = place(Kind::Sqlite, &[USERS]);
        place.write(&[(
            "flyway.conf",
            &format!("flyway.locations=filesystem:sql\nflyway.{line}\n"),
        )]);
        let error = place.try_native().unwrap_err();
        let expected = format!("the configuration sets {word}: that is not done without flyway");
        assert!(error.starts_with(&expected), "{error}");
    }
    let place = place(Kind::Sqlite, &[USERS]);
    place.write(&[(
        "flyway.toml",
        "[flyway]\nlocations = [\"filesystem:sql\", \"filesystem:more\"]\n",
    )]);
    let error = place.try_native().unwrap_err();
    assert!(error.contains("several locations"), "{error}");
    place.write(&[(
        "flyway.toml",
        "[flyway]\nlocations = [\"filesystem:sql\"]\ntarget = \"latest\"\nvalidateOnMigrate = true\n",
    )]);
    assert!(place.try_native().is_ok());
}

#[tokio::test]
async fn a_row_that_is_not_older_than_any_file_is_a_newer_release_s() {
    let place = place(Kind::Sqlite, &[USERS, POSTS, TAGS]);
    place.apply().await.applied();
    place.remove(TAGS.0);
    assert!(place.apply().await.applied().is_empty());
    place.remove(USERS.0);
    let missing = place.apply().await.failed();
    assert!(
        missing.error.contains("1_create users.sql was applied"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn rows_up_to_a_baseline_s_file_are_missing_but_for_its_own_version() {
    let place = place(Kind::Sqlite, &[USERS, POSTS]);
    place.apply().await.applied();
    place.remove(POSTS.0).write(&[BASELINE]);
    assert!(place.apply().await.applied().is_empty());
    place.remove(USERS.0);
    place.apply().await.failed();
}

#[tokio::test]
async fn the_default_schema_must_be_the_session_s() {
    let mut place = place(Kind::Postgres, &[USERS]);
    place.write(&[(
        "flyway.conf",
        "flyway.locations=filesystem:sql\nflyway.schemas=app,other\n",
    )]);
    let refused = place.apply().await.failed();
    assert!(
        refused
            .error
            .contains("flyway's default schema is app, and the session's is public"),
        "{refused:?}"
    );
    place.parameters = "&search_path=app";
    assert_eq!(place.apply().await.applied(), ["1"]);
    assert_eq!(
        place.sql("SELECT count(*) FROM app.flyway_schema_history"),
        "1"
    );
    assert_eq!(place.sql("SELECT count(*) FROM app.users"), "0");
}

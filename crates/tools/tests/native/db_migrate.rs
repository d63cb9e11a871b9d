//! db-migrate's migrations in SQL.

use crate::support::{Kind, Place};

/// What `db-migrate create --sql-file` makes.
const WRAPPER: &str = include_str!("db_migrate_wrapper.js");

const USERS: &str = "20261120103427-create-users";
const POSTS: &str = "20261120103428-create-posts";

fn add(place: &Place, name: &str, sql: &str) {
    let wrapper = WRAPPER.replace("20261120191010-create-users", name);
    place.write(&[
        (&format!("migrations/{name}.js"), &wrapper),
        (&format!("migrations/sqls/{name}-up.sql"), sql),
        (&format!("migrations/sqls/{name}-down.sql"), ""),
    ]);
}

fn place(kind: Kind) -> Place {
    let place = Place::new(
        kind,
        "db-migrate",
        &[("database.json", r#"{"sql-file":true}"#)],
    );
    add(
        &place,
        USERS,
        "CREATE TABLE users (id INTEGER PRIMARY KEY);",
    );
    add(
        &place,
        POSTS,
        "CREATE TABLE posts (id INTEGER PRIMARY KEY);\nINSERT INTO posts VALUES (1);",
    );
    place
}

const ROWS: &str = "SELECT id, name FROM migrations ORDER BY id";

#[tokio::test]
async fn migrations_are_applied_and_recorded_as_db_migrate_does() {
    for kind in Kind::ALL {
        let place = place(kind);
        assert_eq!(place.apply().await.applied(), [USERS, POSTS], "{kind:?}");
        assert_eq!(
            place.sql(ROWS),
            format!("1|/{USERS}\n2|/{POSTS}"),
            "{kind:?}"
        );
        let recent = match kind {
            Kind::Sqlite => "SELECT min(run_on) > 1000000000000 FROM migrations",
            Kind::Postgres => {
                "SELECT (min(run_on) > now() at time zone 'UTC' - interval '1 hour')::int FROM migrations"
            }
            Kind::Mariadb => "SELECT min(run_on) > UTC_TIMESTAMP - interval 1 hour FROM migrations",
        };
        assert_eq!(place.sql(recent), "1", "{kind:?}");
        assert_eq!(
            place.columns("migrations"),
            match kind {
                Kind::Sqlite =>
                    "id INTEGER not null, name VARCHAR (255) not null, run_on datetime not null",
                Kind::Postgres =>
                    "id integer not null, name character varying(255) not null, \
                     run_on timestamp without time zone not null",
                Kind::Mariadb =>
                    "id int(11) not null, name varchar(255) not null, run_on datetime not null",
            }
        );
        assert_eq!(place.tables(), "migrations posts users", "{kind:?}");
        assert!(place.apply().await.applied().is_empty(), "{kind:?}");
        assert_eq!(place.verify().await, Ok(2), "{kind:?}");
    }
}

#[tokio::test]
async fn a_program_that_was_changed_is_left_to_db_migrate() {
    let place = place(Kind::Sqlite);
    let wrapper = WRAPPER.replace("20261120191010-create-users", USERS);
    let changed = wrapper.replace("db.runSql(data)", "db.runSql(data.trim())");
    let path = format!("migrations/{USERS}.js");
    place.write(&[(&path, &changed)]);
    let error = place.try_native().unwrap_err();
    assert!(error.contains(&path), "{error}");
    assert!(error.contains("shipgate gate"), "{error}");
    place.write(&[(&path, &wrapper.replace('\n', "\r\n"))]);
    assert!(place.try_native().is_ok());
}

#[tokio::test]
async fn a_wrapper_of_another_name_is_left_to_db_migrate() {
    let place = place(Kind::Sqlite);
    place.write(&[(
        &format!("migrations/{USERS}.js"),
        &WRAPPER.replace("20261120191010-create-users", POSTS),
    )]);
    assert!(place.try_native().is_err());
}

#[tokio::test]
async fn a_file_that_comes_late_is_applied_and_a_missing_one_refused() {
    for kind in Kind::ALL {
        let place = place(kind);
        place.apply().await.applied();
        add(
            &place,
            "20261119000000-early",
            "CREATE TABLE early (x int);",
        );
        assert_eq!(
            place.apply().await.applied(),
            ["20261119000000-early"],
            "{kind:?}"
        );
        place.remove(&format!("migrations/{USERS}.js"));
        add(&place, "20261122000000-more", "CREATE TABLE more (x int);");
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
async fn rows_of_a_scope_are_another_directory_s() {
    let place = place(Kind::Sqlite);
    place.apply().await.applied();
    place.sql(
        "INSERT INTO migrations (name, run_on) VALUES ('scope/20261120000000-x', 1795170867000)",
    );
    assert!(place.apply().await.applied().is_empty());
}

#[tokio::test]
async fn a_half_applied_file_is_gone_on_with() {
    let place = Place::new(Kind::Mariadb, "db-migrate", &[]);
    add(
        &place,
        USERS,
        "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (2);\n",
    );
    place.apply().await.failed();
    assert_eq!(place.sql(ROWS), "");
    place.sql("CREATE TABLE b (id int)");
    assert_eq!(place.apply().await.applied(), [USERS]);
    assert_eq!(place.sql("SELECT count(*) FROM a"), "1");
    assert_eq!(place.sql(ROWS), format!("1|/{USERS}"));
    assert_eq!(place.tables(), "a b migrations");
}

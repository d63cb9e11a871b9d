//! SQLx, Refinery and Diesel.

use crate::support::{Fixture, lines};

/// The text whose checksums the tools themselves have computed.
const USERS: &str =
    "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    email TEXT NOT NULL\n);\n";

const SQLX: &str = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);";
/// SHA-384 of [`USERS`].
const USERS_SHA384: &str = "7aaa41b97525e90b3b94df60ebb0b3cfc5d85269b4e408229a46c5c477e56eb027197e61f64a9acc50377cff5cdadc9f";

fn sqlx() -> Fixture {
    Fixture::new(&[
        ("Cargo.toml", "[dependencies]\nsqlx = \"0.9\"\n"),
        ("migrations/20261101100000_create_users.up.sql", USERS),
        (
            "migrations/20261101100000_create_users.down.sql",
            "DROP TABLE users;",
        ),
        ("migrations/20261101100100_create_posts.sql", "SELECT 1;"),
        ("migrations/notes.txt", ""),
    ])
}

fn sqlx_row(version: &str, success: bool, checksum: &str) -> String {
    format!(
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
         VALUES ({version}, 'create users', '2026-11-20 10:00:00', {success}, x'{checksum}', 1);"
    )
}

#[test]
fn sqlx_s_checksum_is_compared() {
    let project = sqlx();
    project
        .sql(SQLX)
        .sql(&sqlx_row("20261101100000", true, USERS_SHA384));
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "20261101100000 create users: applied",
            "20261101100100 create posts: pending"
        ]
    );
    assert_eq!(
        status.migrations[0].at.unwrap().to_string(),
        "2026-11-20T10:00:00Z"
    );
    project.file("migrations/20261101100000_create_users.up.sql", "SELECT 2;");
    assert_eq!(project.states()[0], "20261101100000 create users: edited");
}

#[test]
fn sqlx_s_failed_row_is_told_with_the_way_out() {
    let project = sqlx();
    project
        .sql(SQLX)
        .sql(&sqlx_row("20261101100000", false, USERS_SHA384));
    let status = project.status();
    assert_eq!(lines(&status)[0], "20261101100000 create users: failed");
    assert!(
        status.hints[0].ends_with("`DELETE FROM _sqlx_migrations WHERE version = 20261101100000`")
    );
}

#[test]
fn sqlx_s_late_and_missing_files_are_seen() {
    let project = sqlx();
    project
        .sql(SQLX)
        .sql(&sqlx_row("20261101100200", true, "00"));
    assert_eq!(
        project.states(),
        [
            "20261101100000 create users: out of order",
            "20261101100100 create posts: out of order",
            "20261101100200 create users: missing file"
        ]
    );
}

#[test]
fn sqlx_s_configuration_is_read() {
    let project = Fixture::new(&[
        (
            "sqlx.toml",
            "[migrate]\nmigrations-dir = \"db/steps\"\ntable-name = \"history\"\nignored-chars = [\"\\r\"]\n",
        ),
        ("db/steps/1_create_users.sql", &USERS.replace('\n', "\r\n")),
    ]);
    project
        .sql(&SQLX.replace("_sqlx_migrations", "history"))
        .sql(&sqlx_row("1", true, USERS_SHA384).replace("_sqlx_migrations", "history"));
    let status = project.status();
    assert_eq!(lines(&status), ["1 create users: applied"]);
    assert_eq!(
        status.command,
        ["sqlx", "migrate", "run", "--source", "db/steps"]
    );
}

#[test]
fn sqlx_s_file_with_a_wrong_name_is_an_error() {
    let project = sqlx();
    project.file("migrations/v3_x.sql", "SELECT 1;");
    let tool = project.detected().unwrap().tool;
    let error = project.read(tool).unwrap_err().to_string();
    assert!(error.contains("`v3` is no number"), "{error}");
}

const REFINERY: &str = "CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255));";

fn refinery() -> Fixture {
    Fixture::new(&[
        (
            "Cargo.toml",
            "[dependencies]\nrefinery = { version = \"0.8\", features = [\"rusqlite\"] }\n",
        ),
        ("migrations/V1__create_users.sql", USERS),
        ("migrations/nested/V2__create_posts.sql", "SELECT 1;"),
        (
            "migrations/V3__in_code.rs",
            "pub fn migration() -> String { String::new() }",
        ),
    ])
}

#[test]
fn refinery_s_checksum_is_compared_in_the_width_of_its_column() {
    let project = refinery();
    let row = "INSERT INTO refinery_schema_history VALUES (1, 'create_users', '2026-11-20T10:00:00.123456789Z', '11865155202535856665'), (3, 'in_code', '2026-11-20T10:00:00Z', '1');";
    project.sql(REFINERY).sql(row);
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "1 create_users: applied",
            "2 create_posts: out of order",
            "3 in_code: applied"
        ]
    );
    assert!(
        status.migrations[2]
            .why
            .as_deref()
            .unwrap()
            .contains("Rust code")
    );
    let wide = refinery();
    wide.sql(&REFINERY.replace("int4", "int8")).sql(row);
    assert_eq!(wide.states()[0], "1 create_users: edited");
    wide.sql(
        "UPDATE refinery_schema_history SET checksum = '15564219680442925246' WHERE version = 1",
    );
    assert_eq!(wide.states()[0], "1 create_users: applied");
}

const DIESEL: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);";

#[test]
fn diesel_s_versions_have_no_dashes() {
    let project = Fixture::new(&[
        ("diesel.toml", "[migrations_directory]\ndir = \"db\"\n"),
        ("db/00000000000000_diesel_initial_setup/up.sql", ""),
        ("db/2026-11-01-100000_create_users/up.sql", USERS),
        ("db/2026-11-20-104411-0000_create_posts/up.sql", USERS),
        ("db/.keep/x", ""),
    ]);
    project.sql(DIESEL).sql(
        "INSERT INTO __diesel_schema_migrations VALUES ('00000000000000', '2026-11-20 10:00:00'), ('20261101100000', '2026-11-20 10:00:01')",
    );
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "00000000000000 diesel_initial_setup: applied",
            "20261101100000 create_users: applied",
            "202611201044110000 create_posts: pending"
        ]
    );
    assert_eq!(status.directories, ["db"]);
}

#[test]
fn diesel_refuses_a_folder_without_up_sql() {
    let project = Fixture::new(&[
        ("Cargo.toml", "[dependencies]\ndiesel = \"2\"\n"),
        ("migrations/1_a/up.sql", USERS),
        ("migrations/2_b/down.sql", USERS),
    ]);
    let tool = project.detected().unwrap().tool;
    let error = project.read(tool).unwrap_err().to_string();
    assert!(error.starts_with("migrations/2_b has no up.sql"), "{error}");
}

//! Flyway and Liquibase.

use crate::support::{Fixture, lines};

/// The text whose checksum Flyway itself has computed.
const USERS: &str =
    "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    email TEXT NOT NULL\n);\n";

const FLYWAY: &str = "CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50), description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT, installed_by VARCHAR(100) NOT NULL, installed_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')), execution_time INT NOT NULL, success BOOLEAN NOT NULL);";

fn flyway() -> Fixture {
    Fixture::new(&[
        ("pom.xml", "<artifactId>flyway-core</artifactId>"),
        (
            "src/main/resources/db/migration/V1__create_users.sql",
            USERS,
        ),
        (
            "src/main/resources/db/migration/V1_1__posts.sql",
            "SELECT 1;",
        ),
        ("src/main/resources/db/migration/V10__tags.sql", "SELECT 1;"),
        ("src/main/resources/db/migration/R__views.sql", "SELECT 2;"),
        (
            "src/main/resources/db/migration/U1__create_users.sql",
            "SELECT 1;",
        ),
    ])
}

fn ran(
    rank: u32,
    version: &str,
    description: &str,
    kind: &str,
    checksum: &str,
    success: bool,
) -> String {
    format!(
        "INSERT INTO flyway_schema_history VALUES ({rank}, {version}, '{description}', '{kind}', '', {checksum}, 'ann', '2026-11-20 10:00:00.000', 1, {success});"
    )
}

#[test]
fn flyway_s_versions_repeatables_and_checksums_are_compared() {
    let project = flyway();
    project
        .sql(FLYWAY)
        .sql(&ran(1, "'1'", "create users", "SQL", "-2138653653", true))
        .sql(&ran(2, "'1.1'", "posts", "SQL", "7", true))
        .sql(&ran(3, "NULL", "views", "SQL", "7", true));
    let status = project.status();
    assert_eq!(status.tool, "flyway");
    assert_eq!(
        lines(&status),
        [
            "1 create users: applied",
            "1.1 posts: edited",
            "10 tags: pending",
            "R views: pending"
        ]
    );
    assert_eq!(status.migrations[0].by.as_deref(), Some("ann"));
    assert_eq!(
        status.migrations[3].why.as_deref(),
        Some("it changed and runs again")
    );
    assert!(status.hints[0].contains("flyway repair"));
}

#[test]
fn flyway_s_failed_row_and_late_files_are_told() {
    let project = flyway();
    project
        .sql(FLYWAY)
        .sql(&ran(1, "'1'", "create users", "SQL", "-2138653653", true))
        .sql(&ran(2, "'10.0'", "tags", "SQL", "NULL", false));
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "1 create users: applied",
            "1.1 posts: out of order",
            "10 tags: failed",
            "R views: pending"
        ]
    );
    assert!(status.warnings[0].contains("applies nothing"));
}

#[test]
fn flyway_s_baseline_stands_for_what_is_below() {
    let project = flyway();
    project.sql(FLYWAY).sql(&ran(
        1,
        "'1.1'",
        "<< Flyway Baseline >>",
        "BASELINE",
        "NULL",
        true,
    ));
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "1 create users: applied",
            "1.1 posts: applied",
            "10 tags: pending",
            "R views: pending"
        ]
    );
    assert_eq!(
        status.migrations[0].why.as_deref(),
        Some("baseline 1.1 stands for it")
    );
}

#[test]
fn a_baseline_file_runs_in_place_of_what_is_below() {
    let project = flyway();
    project.file("src/main/resources/db/migration/B2__all.sql", "SELECT 1;");
    assert_eq!(
        project.states(),
        [
            "1 create users: superseded",
            "1.1 posts: superseded",
            "2 all: pending",
            "10 tags: pending",
            "R views: pending"
        ]
    );
}

const LIQUIBASE: &str = "CREATE TABLE DATABASECHANGELOG (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, FILENAME VARCHAR(255) NOT NULL, DATEEXECUTED TEXT NOT NULL, ORDEREXECUTED INT NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35), DESCRIPTION VARCHAR(255), COMMENTS VARCHAR(255), TAG VARCHAR(255), LIQUIBASE VARCHAR(20), CONTEXTS VARCHAR(255), LABELS VARCHAR(255), DEPLOYMENT_ID VARCHAR(10));
CREATE TABLE DATABASECHANGELOGLOCK (ID INT NOT NULL, LOCKED BOOLEAN NOT NULL, LOCKGRANTED datetime, LOCKEDBY VARCHAR(255), CONSTRAINT PK_DATABASECHANGELOGLOCK PRIMARY KEY (ID));
INSERT INTO DATABASECHANGELOGLOCK VALUES (1, 0, NULL, NULL);";

fn liquibase() -> Fixture {
    Fixture::new(&[
        ("liquibase.properties", "changelogFile=db/root.xml\n"),
        (
            "db/root.xml",
            "<databaseChangeLog><include file=\"steps.sql\" relativeToChangelogFile=\"true\"/><changeSet id=\"x\" author=\"bob\"><sql>SELECT 1</sql></changeSet></databaseChangeLog>",
        ),
        (
            "db/steps.sql",
            "--liquibase formatted sql\n\n--changeset ann:users\nSELECT 1;\n--rollback SELECT 2;\n\n--changeset ann:posts\nSELECT 3;\n",
        ),
    ])
}

fn changed(id: &str, author: &str, path: &str, sum: &str) -> String {
    format!(
        "INSERT INTO DATABASECHANGELOG (ID, AUTHOR, FILENAME, DATEEXECUTED, ORDEREXECUTED, EXECTYPE, MD5SUM, LIQUIBASE) VALUES ('{id}', '{author}', '{path}', '2026-11-20T10:00:00.5', 1, 'EXECUTED', {sum}, '4.28.0');"
    )
}

#[test]
fn liquibase_s_changesets_are_followed_through_includes() {
    let project = liquibase();
    project
        .sql(LIQUIBASE)
        .sql(&changed("posts", "ann", "db/steps.sql", "NULL"))
        .sql(&changed("x", "bob", "db/root.xml", "'9:0123'"))
        .sql(&changed("gone", "ann", "db/steps.sql", "'9:0123'"));
    let status = project.status();
    assert_eq!(status.tool, "liquibase");
    assert_eq!(
        lines(&status),
        [
            "users ann: out of order",
            "posts ann: applied",
            "x bob: applied",
            "gone ann: missing file"
        ]
    );
    assert_eq!(status.migrations[1].by.as_deref(), Some("Liquibase 4.28.0"));
    assert!(
        status.migrations[2]
            .why
            .as_deref()
            .unwrap()
            .starts_with("not checked for edits")
    );
}

#[test]
fn liquibase_s_edits_and_older_checksums_are_told_apart() {
    let project = liquibase();
    project
        .sql(LIQUIBASE)
        .sql(&changed(
            "users",
            "ann",
            "db/steps.sql",
            "'9:00000000000000000000000000000000'",
        ))
        .sql(&changed(
            "posts",
            "ann",
            "db/steps.sql",
            "'8:00000000000000000000000000000000'",
        ));
    let status = project.status();
    assert_eq!(
        lines(&status)[..2],
        ["users ann: edited", "posts ann: applied"]
    );
    assert!(status.hints[0].contains("clear-checksums"));
}

#[test]
fn liquibase_s_lock_is_told_with_the_way_out() {
    let project = liquibase();
    project.sql(LIQUIBASE).sql(
        "UPDATE DATABASECHANGELOGLOCK SET LOCKED = 1, LOCKEDBY = 'host (10.0.0.1)', LOCKGRANTED = '2026-11-20 10:00:00'",
    );
    let status = project.status();
    assert_eq!(
        status.warnings[0],
        "the change log is locked by host (10.0.0.1) since 2026-11-20T10:00:00Z: another run is under way, or one was killed"
    );
    assert!(status.hints[0].contains("release-locks"));
}

#[test]
fn what_is_not_for_this_kind_of_database_need_not_be_applied() {
    let project = liquibase();
    project.sql(LIQUIBASE).file(
        "db/steps.sql",
        "--liquibase formatted sql\n--changeset ann:users dbms:postgresql\nSELECT 1;\n\
         --changeset ann:posts dbms:sqlite\nSELECT 3;\n--changeset ann:never ignore:true\nSELECT 4;\n",
    );
    assert_eq!(
        project.states(),
        [
            "users ann: superseded",
            "posts ann: pending",
            "x bob: pending"
        ]
    );
}

#[test]
fn a_changelog_that_includes_itself_is_an_error() {
    let project = liquibase();
    project.file("db/steps.sql", "x").file(
        "db/root.xml",
        "<databaseChangeLog><include file=\"db/root.xml\"/></databaseChangeLog>",
    );
    let tool = project.detected().unwrap().tool;
    let error = project.read(tool).unwrap_err().to_string();
    assert!(error.starts_with("db/root.xml includes itself"), "{error}");
}

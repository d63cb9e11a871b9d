//! Prisma Migrate.

use crate::support::{Fixture, lines};

const TABLE: &str = "CREATE TABLE \"_prisma_migrations\" (
    \"id\" TEXT PRIMARY KEY NOT NULL, \"checksum\" TEXT NOT NULL, \"finished_at\" DATETIME, \"migration_name\" TEXT NOT NULL,
    \"logs\" TEXT, \"rolled_back_at\" DATETIME, \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp,
    \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0);";

const SQL: &str = "SELECT 1;\n";
/// SHA-256 of `SELECT 1;` with a line end of Unix.
const SUM: &str = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd";

fn project() -> Fixture {
    Fixture::new(&[
        (
            "package.json",
            "{\"devDependencies\": {\"prisma\": \"6.19.0\"}}",
        ),
        ("yarn.lock", ""),
        (
            "prisma/schema.prisma",
            "datasource db { provider = \"sqlite\" }",
        ),
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"sqlite\"\n",
        ),
        (
            "prisma/migrations/20261101100000_create_users/migration.sql",
            SQL,
        ),
        (
            "prisma/migrations/20261101100100_create_posts/migration.sql",
            SQL,
        ),
    ])
}

fn row(name: &str, finished: &str, rolled_back: &str, logs: &str) -> String {
    format!(
        "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at)
         VALUES (lower(hex(randomblob(16))), '{SUM}', {finished}, '{name}', {logs}, {rolled_back}, '2026-11-20T10:00:00.000+00:00');"
    )
}

#[test]
fn applied_and_pending_folders_are_told_apart() {
    let project = project();
    project.sql(TABLE).sql(&row(
        "20261101100000_create_users",
        "1795168800000",
        "NULL",
        "NULL",
    ));
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "20261101100000 create_users: applied",
            "20261101100100 create_posts: pending"
        ]
    );
    assert_eq!(
        status.migrations[0].at.unwrap().to_string(),
        "2026-11-20T10:00:00Z"
    );
    assert_eq!(
        status.command,
        ["yarn", "run", "prisma", "migrate", "deploy"]
    );
}

#[test]
fn an_edit_that_prisma_does_not_notice_is_noticed() {
    let project = project();
    project
        .sql(TABLE)
        .sql(&row(
            "20261101100000_create_users",
            "'2026-11-20T10:00:00Z'",
            "NULL",
            "NULL",
        ))
        .file(
            "prisma/migrations/20261101100000_create_users/migration.sql",
            "SELECT 2;\n",
        );
    assert_eq!(project.states()[0], "20261101100000 create_users: edited");
}

#[test]
fn other_line_ends_are_no_edit() {
    let project = project();
    project
        .sql(TABLE)
        .sql(&row("20261101100000_create_users", "1", "NULL", "NULL"))
        .file(
            "prisma/migrations/20261101100000_create_users/migration.sql",
            "SELECT 1;\r\n",
        );
    assert_eq!(project.states()[0], "20261101100000 create_users: applied");
}

#[test]
fn a_failed_migration_is_told_with_its_log_and_the_way_out() {
    let project = project();
    project.sql(TABLE).sql(&row(
        "20261101100000_create_users",
        "NULL",
        "NULL",
        "'\nno such table: x\nmore'",
    ));
    let status = project.status();
    let failed = &status.migrations[0];
    assert_eq!(lines(&status)[0], "20261101100000 create_users: failed");
    assert_eq!(failed.why.as_deref(), Some("no such table: x"));
    assert!(status.warnings[0].contains("P3009"));
    assert_eq!(
        status.hints[0],
        "when its changes are undone: `prisma migrate resolve --rolled-back 20261101100000_create_users`"
    );
}

#[test]
fn a_rolled_back_row_leaves_its_migration_pending() {
    let project = project();
    let name = "20261101100000_create_users";
    project
        .sql(TABLE)
        .sql(&row(name, "NULL", "'2026-11-20 10:00:00'", "'x'"));
    let status = project.status();
    assert_eq!(lines(&status)[0], "20261101100000 create_users: pending");
    assert!(
        status.migrations[0]
            .why
            .as_deref()
            .unwrap()
            .contains("marked rolled back at 2026-11-20T10:00:00Z")
    );
    project.sql(&row(name, "1", "NULL", "NULL"));
    assert_eq!(project.states()[0], "20261101100000 create_users: applied");
}

#[test]
fn late_and_missing_folders_are_seen() {
    let project = project();
    project
        .sql(TABLE)
        .sql(&row("20261101100100_create_posts", "1", "NULL", "NULL"))
        .sql(&row("20261101100200_gone", "1", "NULL", "NULL"));
    assert_eq!(
        project.states(),
        [
            "20261101100000 create_users: out of order",
            "20261101100100 create_posts: applied",
            "20261101100200 gone: missing file"
        ]
    );
}

#[test]
fn the_schema_s_place_is_read_from_package_json_and_the_configuration() {
    let project = Fixture::new(&[
        (
            "package.json",
            "{\"prisma\": {\"schema\": \"db/schema.prisma\"}}",
        ),
        ("db/schema.prisma", ""),
        ("db/migrations/1_a/migration.sql", SQL),
    ]);
    assert_eq!(project.status().directories, ["db/migrations"]);
    project
        .file(
            "prisma.config.ts",
            "export default defineConfig({ migrations: { path: './sql/steps' } });",
        )
        .file("sql/steps/1_a/migration.sql", SQL);
    assert_eq!(project.status().directories, ["sql/steps"]);
}

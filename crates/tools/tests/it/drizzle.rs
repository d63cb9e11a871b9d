//! Drizzle before and after 1.0.

use shipgate_tools::State;

use crate::support::{Fixture, lines};

const OLD: &str = "CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);";
const NEW: &str = "CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric, name text, applied_at TEXT);";
/// SHA-256 of `SELECT 1;` with a line end.
const SUM: &str = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd";

fn journal(entries: &[(&str, i64)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .enumerate()
        .map(|(at, (tag, when))| {
            format!("{{\"idx\":{at},\"version\":\"6\",\"when\":{when},\"tag\":\"{tag}\",\"breakpoints\":true}}")
        })
        .collect();
    format!(
        "{{\"version\":\"7\",\"dialect\":\"sqlite\",\"entries\":[{}]}}",
        entries.join(",")
    )
}

fn old(entries: &[(&str, i64)]) -> Fixture {
    let project = Fixture::new(&[
        (
            "drizzle.config.ts",
            "export default defineConfig({ out: './drizzle', dialect: 'sqlite' });",
        ),
        ("drizzle/meta/_journal.json", &journal(entries)),
    ]);
    for (tag, _) in entries {
        project.file(&format!("drizzle/{tag}.sql"), "SELECT 1;\n");
    }
    project.file("drizzle/9999_unlisted.sql", "SELECT 9;\n");
    project
}

fn row(hash: &str, when: i64) -> String {
    format!("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('{hash}', {when});")
}

#[test]
fn only_what_the_journal_lists_is_a_migration() {
    let project = old(&[("0000_users", 1000), ("0001_posts", 2000)]);
    project.sql(OLD).sql(&row(SUM, 1000));
    let status = project.status();
    assert_eq!(
        lines(&status),
        ["0000 users: applied", "0001 posts: pending"]
    );
    assert_eq!(status.history, "drizzle.__drizzle_migrations");
    assert_eq!(status.command, ["npx", "drizzle-kit", "migrate"]);
}

#[test]
fn an_entry_older_than_the_last_applied_is_unreachable() {
    let project = old(&[
        ("0000_users", 1000),
        ("0001_merged", 1500),
        ("0002_posts", 2000),
    ]);
    project.sql(OLD).sql(&row(SUM, 1000)).sql(&row(SUM, 2000));
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "0000 users: applied",
            "0001 merged: unreachable",
            "0002 posts: applied"
        ]
    );
    assert!(status.hints[0].contains("drizzle-kit drop"));
}

#[test]
fn edited_and_missing_files_are_seen() {
    let project = old(&[("0000_users", 1000)]);
    project
        .sql(OLD)
        .sql(&row(&"0".repeat(64), 1000))
        .sql(&row(&"1".repeat(64), 1500));
    assert_eq!(
        project.states(),
        ["0000 users: edited", "1500: missing file"]
    );
}

#[test]
fn a_journal_that_was_made_anew_is_matched_by_its_texts() {
    let project = old(&[("0000_users", 5000)]);
    project.sql(OLD).sql(&row(SUM, 1000));
    let status = project.status();
    assert_eq!(lines(&status), ["0000 users: pending"]);
    assert!(
        status.migrations[0]
            .why
            .as_deref()
            .unwrap()
            .contains("drizzle runs it again")
    );
    project.sql(&row("0", 9000));
    assert_eq!(
        project.states(),
        ["0000 users: applied", "9000: missing file"]
    );
}

#[test]
fn a_listed_file_that_is_gone_is_told_whether_or_not_it_is_applied() {
    let project = old(&[
        ("0000_users", 1000),
        ("0001_posts", 2000),
        ("0002_tags", 3000),
    ]);
    project.sql(OLD).sql(&format!(
        "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('{SUM}', 1000);"
    ));
    project.remove("drizzle/0000_users.sql");
    project.remove("drizzle/0002_tags.sql");
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "0000 users: missing file",
            "0001 posts: pending",
            "0002 tags: missing file"
        ]
    );
    assert_eq!(
        status.migrations[2].why.as_deref(),
        Some("it is not applied, and its file is gone")
    );
    assert_eq!(
        status.warnings,
        ["users", "tags"].map(|name| {
            let number = if name == "users" { 0 } else { 2 };
            format!(
                "meta/_journal.json lists drizzle/000{number}_{name}.sql, which is gone: \
                 drizzle applies nothing until it is back"
            )
        })
    );
}

fn new() -> Fixture {
    Fixture::new(&[
        (
            "package.json",
            "{\"dependencies\": {\"drizzle-orm\": \"1.0.0-rc.5\"}}",
        ),
        ("drizzle/20261120100000_users/migration.sql", "SELECT 1;\n"),
        ("drizzle/20261120100000_users/snapshot.json", "{}"),
        ("drizzle/20261120110000_posts/migration.sql", "SELECT 1;\n"),
        ("drizzle/20261120110000_posts/snapshot.json", "{}"),
    ])
}

#[test]
fn from_1_0_rows_are_matched_by_name() {
    let project = new();
    project.sql(NEW).sql(&format!(
        "INSERT INTO __drizzle_migrations (hash, created_at, name, applied_at) VALUES ('{SUM}', 1795168800000, '20261120110000_posts', '2026-11-20T11:00:00Z')"
    ));
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "20261120100000 users: out of order",
            "20261120110000 posts: applied"
        ]
    );
    assert_eq!(
        status.migrations[1].at.unwrap().to_string(),
        "2026-11-20T11:00:00Z"
    );
}

#[test]
fn converted_folders_are_matched_to_an_old_table_by_time_and_text() {
    let project = new();
    // 2026-11-20 10:00:00.789
    project.sql(OLD).sql(&row(SUM, 1_795_168_800_789));
    let status = project.status();
    assert_eq!(status.migrations[0].state, State::Applied);
    assert_eq!(status.migrations[1].state, State::Pending);
}

#[test]
fn the_table_s_name_is_read_from_the_configuration() {
    let project = old(&[("0000_users", 1000)]);
    project
        .file(
            "drizzle.config.ts",
            "export default { out: 'drizzle', migrations: { table: 'history', schema: 'app' } } satisfies Config;",
        )
        .sql("CREATE TABLE history (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)")
        .sql(&format!("INSERT INTO history (hash, created_at) VALUES ('{SUM}', 1000)"));
    let status = project.status();
    assert_eq!(status.history, "app.history");
    assert_eq!(lines(&status), ["0000 users: applied"]);
}

//! golang-migrate, goose and dbmate.

use crate::support::{Fixture, lines};

fn golang() -> Fixture {
    let project = Fixture::new(&[(
        "go.mod",
        "module x\nrequire github.com/golang-migrate/migrate/v4 v4.18.0\n",
    )]);
    for name in ["1_users", "2_posts", "10_tags"] {
        project.file(&format!("migrations/{name}.up.sql"), "SELECT 1;");
        project.file(&format!("migrations/{name}.down.sql"), "SELECT 1;");
    }
    project
}

const GOLANG: &str = "CREATE TABLE schema_migrations (version uint64,dirty bool);
CREATE UNIQUE INDEX version_unique ON schema_migrations (version);";

#[test]
fn golang_migrate_s_one_row_stands_for_everything_up_to_it() {
    let project = golang();
    assert_eq!(project.status().summary.pending, 3);
    project
        .sql(GOLANG)
        .sql("INSERT INTO schema_migrations VALUES (2, false)");
    let status = project.status();
    assert_eq!(status.tool, "golang-migrate");
    assert_eq!(
        lines(&status),
        ["1 users: applied", "2 posts: applied", "10 tags: pending"]
    );
    assert!(status.notes[0].contains("only the current version"));
    assert_eq!(
        status.command,
        [
            "migrate",
            "-path",
            "migrations",
            "-database",
            "$DATABASE_URL",
            "up"
        ]
    );
}

#[test]
fn golang_migrate_s_dirty_version_is_told_with_both_ways_out() {
    let project = golang();
    project
        .sql(GOLANG)
        .sql("INSERT INTO schema_migrations VALUES (2, true)");
    let status = project.status();
    assert_eq!(lines(&status)[1], "2 posts: failed");
    assert!(
        status.hints[0].ends_with("`migrate -path migrations -database \"$DATABASE_URL\" force 1`")
    );
    assert!(
        status.hints[1].ends_with("`migrate -path migrations -database \"$DATABASE_URL\" force 2`")
    );
}

#[test]
fn a_current_version_without_file_is_missing() {
    let project = golang();
    project
        .sql(GOLANG)
        .sql("INSERT INTO schema_migrations VALUES (5, false)");
    assert_eq!(
        project.states(),
        [
            "1 users: applied",
            "2 posts: applied",
            "5: missing file",
            "10 tags: pending"
        ]
    );
}

#[test]
fn rails_s_table_is_not_taken_for_golang_migrate_s() {
    let project = golang();
    project.sql("CREATE TABLE schema_migrations (version varchar primary key)");
    let error = project.status_of("golang-migrate").unwrap_err().to_string();
    assert!(
        error.ends_with("it has no column dirty, as tables of Rails or dbmate do"),
        "{error}"
    );
}

const GOOSE: &str = "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')));
INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1);";

#[test]
fn goose_s_newest_row_of_a_version_counts() {
    let up = "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 1;\n";
    let project = Fixture::new(&[
        ("db/migrations/00001_users.sql", up),
        ("db/migrations/00002_posts.sql", up),
        ("db/migrations/00003_tags.go", "package migrations"),
        ("db/migrations/00003_tags_test.go", "package migrations"),
    ]);
    project.sql(GOOSE).sql(
        "INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (1, 1, '2026-11-20 10:00:00'), (2, 1, NULL), (2, 0, NULL), (3, 1, NULL)",
    );
    let status = project.status();
    assert_eq!(status.tool, "goose");
    assert_eq!(
        lines(&status),
        [
            "00001 users: applied",
            "00002 posts: out of order",
            "00003 tags: applied"
        ]
    );
    assert!(status.hints[0].contains("-allow-missing"));
    assert_eq!(
        status.migrations[0].at.unwrap().to_string(),
        "2026-11-20T10:00:00Z"
    );
    assert_eq!(status.command, ["goose", "-dir", "db/migrations", "up"]);
}

#[test]
fn dbmate_s_versions_are_text() {
    let up = "-- migrate:up\nSELECT 1;\n\n-- migrate:down\n";
    let project = Fixture::new(&[
        ("package.json", "{\"devDependencies\": {\"dbmate\": \"2\"}}"),
        ("db/migrations/20261101100000_users.sql", up),
        ("db/migrations/20261101100100_posts.sql", up),
    ]);
    project
        .sql("CREATE TABLE schema_migrations (version varchar(128) primary key)")
        .sql("INSERT INTO schema_migrations VALUES ('20261101100000'), ('20261101100050')");
    let status = project.status();
    assert_eq!(status.tool, "dbmate");
    assert_eq!(
        lines(&status),
        [
            "20261101100000 users: applied",
            "20261101100050: missing file",
            "20261101100100 posts: pending"
        ]
    );
    assert_eq!(status.command, ["npx", "dbmate", "--no-dump-schema", "up"]);
}

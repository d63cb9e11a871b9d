//! The history table: what is written, what is read, and when it may begin.

use shipgate_migrate::TxMode;

use crate::support::{Project, ticking_clock};

const TWO: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
    (
        "2_b.sql",
        "CREATE TABLE t2 (id int);\nINSERT INTO t2 VALUES (1);\n",
    ),
];

#[tokio::test]
async fn the_table_is_as_atlas_creates_it() {
    let project = Project::new(TWO);
    project.apply().await.succeeded();
    assert_eq!(
        project
            .query("SELECT sql FROM sqlite_master WHERE name = 'atlas_schema_revisions'")
            .await,
        [
            "CREATE TABLE `atlas_schema_revisions` (`version` text NOT NULL, `description` text NOT NULL, \
          `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), \
          `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, \
          `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, \
          `hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, \
          PRIMARY KEY (`version`))"
        ]
    );
}

#[tokio::test]
async fn rows_are_as_atlas_writes_them() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
        (
            "2_b.sql",
            "CREATE TABLE t2 (\n  id int\n);\nINSERT INTO t2 VALUES (1);\n",
        ),
    ]);
    project
        .apply_with(|options| options.lock.clock = ticking_clock())
        .await
        .succeeded();
    let rows = project
        .query(
            "SELECT version, description, type, applied, total, error, error_stmt, hash, \
             typeof(partial_hashes), CAST(partial_hashes AS TEXT), operator_version, typeof(executed_at) \
             FROM atlas_schema_revisions ORDER BY version",
        )
        .await;
    // Both hashes were written by Atlas for these files.
    assert_eq!(
        rows,
        [
            "1|a|2|1|1|||GipPw4GoFhXFp1uUnPkQvxroUWHuyig7/Do2cBCcZD4=|blob|null|Shipgate test|text",
            "2|b|2|2|2|||+KFLs8AP6tKvP5HQl5YJsiBD/FFhD94e16H7yfx6pbE=|blob|null|Shipgate test|text",
        ]
    );
    let times = project
        .query(
            "SELECT executed_at, execution_time > 0 FROM atlas_schema_revisions ORDER BY version",
        )
        .await;
    assert!(
        times
            .iter()
            .all(|row| row.starts_with("2026-11-20 12:34:05.5") && row.ends_with("+00:00|1")),
        "{times:?}"
    );
}

#[tokio::test]
async fn a_half_applied_row_keeps_its_hashes() {
    let project = Project::new(&[("3_c.sql", "CREATE TABLE t3 (id int);\nBAD;\nSELECT 1;\n")]);
    project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    assert_eq!(
        project.history().await,
        [
            "3|2|1|3|near \"BAD\": syntax error|[\"h1:Q0h7RlFy6/8fD+EqJFFeyDYyQcEfnCe8+Agm0EEVanE=\"]"
        ]
    );
    assert_eq!(
        project
            .query("SELECT error_stmt, typeof(partial_hashes) FROM atlas_schema_revisions")
            .await,
        ["BAD;|blob"]
    );
}

#[tokio::test]
async fn a_failed_file_in_a_transaction_leaves_no_row() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE t (a);\nBAD;")]);
    assert!(project.apply().await.error.is_some());
    assert!(project.history().await.is_empty());
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn unknown_columns_and_the_cloud_row_are_let_be() {
    let project = Project::new(TWO);
    project.apply().await.succeeded();
    project
        .execute(
            "ALTER TABLE atlas_schema_revisions ADD COLUMN note text;\
             INSERT INTO atlas_schema_revisions (version, description, executed_at, execution_time, hash, operator_version) \
             VALUES ('.atlas_cloud_identifier', '8e3c', '2026-01-01', 0, '', '')",
        )
        .await;
    project.write(&[("3_c.sql", "CREATE TABLE t3 (id int);\n")]);
    let outcome = project.apply().await.succeeded();
    assert!(
        outcome.text.starts_with("Migrating to version 3 from 2 "),
        "{}",
        outcome.text
    );
    assert_eq!(
        project
            .query("SELECT count(note), count(*) FROM atlas_schema_revisions")
            .await,
        ["0|4"]
    );
}

#[tokio::test]
async fn a_used_database_without_history_is_refused() {
    let project = Project::new(TWO);
    project.execute("CREATE TABLE users (a)").await;
    let outcome = project.apply().await;
    let error = "sql/migrate: connected database is not clean: found multiple tables: 2. \
                 baseline version or allow-dirty is required";
    assert_eq!(outcome.error_text(), error);
    assert_eq!(outcome.text, "");
    project
        .execute("CREATE VIRTUAL TABLE notes USING fts5(body)")
        .await;
    let outcome = project.apply().await;
    assert!(
        outcome.error_text().contains("found multiple tables: 8."),
        "{}",
        outcome.error_text()
    );
    assert_eq!(project.tables().await.len(), 7, "nothing was created");
}

#[tokio::test]
async fn a_view_alone_does_not_make_a_database_used() {
    let project = Project::new(TWO);
    project.execute("CREATE VIEW one AS SELECT 1").await;
    project.apply().await.succeeded();
}

#[tokio::test]
async fn allow_dirty_goes_on_in_a_used_database() {
    let project = Project::new(TWO);
    project.execute("CREATE TABLE users (a)").await;
    let outcome = project
        .apply_with(|options| options.plan.allow_dirty = true)
        .await;
    outcome.succeeded();
    assert_eq!(project.tables().await, ["t1", "t2", "users"]);
}

#[tokio::test]
async fn a_baseline_is_recorded_and_skipped() {
    let project = Project::new(TWO);
    project.execute("CREATE TABLE t1 (id int)").await;
    let outcome = project
        .apply_with(|options| options.plan.baseline = Some("1".to_owned()))
        .await
        .succeeded();
    assert!(
        outcome
            .text
            .starts_with("Migrating to version 2 from 1 (1 migrations in total):")
    );
    assert_eq!(project.history().await, ["1|1|0|0||null", "2|2|2|2||null"]);
    assert_eq!(
        project
            .query("SELECT hash, execution_time FROM atlas_schema_revisions WHERE version = '1'")
            .await,
        ["|0"]
    );
}

#[tokio::test]
async fn a_baseline_with_nothing_after_it_is_recorded_all_the_same() {
    let project = Project::new(TWO);
    let outcome = project
        .apply_with(|options| options.plan.baseline = Some("2".to_owned()))
        .await
        .succeeded();
    assert_eq!(outcome.text, "No migration files to execute\n");
    assert_eq!(project.history().await, ["2|1|0|0||null"]);
}

#[tokio::test]
async fn wrong_baselines_are_refused() {
    let project = Project::new(TWO);
    let outcome = project
        .apply_with(|options| options.plan.baseline = Some("9".to_owned()))
        .await;
    assert_eq!(outcome.error_text(), "baseline version \"9\" not found");
    let outcome = project
        .apply_with(|options| {
            options.plan.baseline = Some("1".to_owned());
            options.plan.allow_dirty = true;
        })
        .await;
    assert_eq!(
        outcome.error_text(),
        "sql/migrate: baseline and allow-dirty are mutually exclusive"
    );
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn a_value_that_is_none_is_named() {
    let project = Project::new(TWO);
    project.apply().await.succeeded();
    project
        .execute("UPDATE atlas_schema_revisions SET applied = 'many' WHERE version = '2'")
        .await;
    assert_eq!(
        project.apply().await.error_text(),
        "sql/migrate: read revisions: column applied of revision \"2\" is Text(\"many\"), expected an integer"
    );
}

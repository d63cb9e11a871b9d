//! The history table: where it is, what is written and what is read.

use shipgate_migrate::TxMode;

use crate::{fresh, history_table};

const TWO: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
    (
        "2_b.sql",
        "CREATE TABLE t2 (id int);\nINSERT INTO t2 VALUES (1);\n",
    ),
];

#[tokio::test]
async fn what_is_pending_is_applied_once() {
    let place = fresh(TWO);
    let outcome = place.apply().await.succeeded();
    assert!(
        outcome
            .text
            .starts_with("Migrating to version 2 (2 migrations in total):\n"),
        "{}",
        outcome.text
    );
    assert_eq!(place.sql("SELECT id FROM t2"), "1");
    let again = place.apply().await.succeeded();
    assert_eq!(again.text, "No migration files to execute\n");
    assert_eq!(again.statements, Vec::<String>::new());
}

#[tokio::test]
async fn rows_are_as_atlas_writes_them() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
        (
            "2_b.sql",
            "CREATE TABLE t2 (\n  id int\n);\nINSERT INTO t2 VALUES (1);\n",
        ),
    ]);
    place.apply().await.succeeded();
    let rows = place.sql(&format!(
        "SELECT version, description, type, applied, total, error, error_stmt, hash, \
         partial_hashes, operator_version FROM {} ORDER BY version",
        history_table()
    ));
    // Both hashes were written by Atlas for these files.
    assert_eq!(
        rows,
        "1|a|2|1|1|||GipPw4GoFhXFp1uUnPkQvxroUWHuyig7/Do2cBCcZD4=|null|Shipgate test\n\
         2|b|2|2|2|||+KFLs8AP6tKvP5HQl5YJsiBD/FFhD94e16H7yfx6pbE=|null|Shipgate test"
    );
}

#[tokio::test]
async fn the_row_that_names_the_database_to_a_cloud_is_no_revision() {
    let place = fresh(TWO);
    place.apply().await.succeeded();
    place.sql(&format!(
        "INSERT INTO {} (version, description, execution_time, hash, operator_version, executed_at) \
         VALUES ('.atlas_cloud_identifier', 'f0', 0, '', '', CURRENT_TIMESTAMP)",
        history_table()
    ));
    place.apply().await.succeeded();
    assert!(place.status().await.contains("Executed Files:  2"));
}

#[tokio::test]
async fn a_table_of_an_older_program_is_read_and_completed() {
    let place = fresh(TWO);
    place
        .apply_with(|options| {
            options.plan.limit = shipgate_migrate::plan::Limit::Version("1".to_owned());
        })
        .await
        .succeeded();
    for column in ["partial_hashes", "operator_version"] {
        place.sql(&format!(
            "ALTER TABLE {} DROP COLUMN {column}",
            history_table()
        ));
    }
    assert!(place.status().await.contains("Current Version: 1"));
    place.apply().await.succeeded();
    let rows = place.sql(&format!(
        "SELECT version, operator_version FROM {} ORDER BY version",
        history_table()
    ));
    assert_eq!(rows, "1|\n2|Shipgate test");
}

#[tokio::test]
async fn a_database_with_tables_and_no_history_is_not_clean() {
    let place = fresh(TWO);
    place.sql("CREATE TABLE zoo (id int)");
    let error = place.apply().await.failed().error_text();
    let reason = "sql/migrate: connected database is not clean: found table \"zoo\" in schema ";
    assert!(error.starts_with(reason), "{error}");
    assert!(
        error.ends_with(". baseline version or allow-dirty is required"),
        "{error}"
    );
    place
        .apply_with(|options| options.plan.allow_dirty = true)
        .await
        .succeeded();
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let place = fresh(TWO);
    let before = place.sql(crate::TABLES);
    let outcome = place
        .apply_with(|options| options.dry_run = true)
        .await
        .succeeded();
    assert_eq!(outcome.statements.len(), 3);
    assert_eq!(place.sql(crate::TABLES), before);
}

#[tokio::test]
async fn set_tells_the_history_where_the_database_stands() {
    let place = fresh(TWO);
    let report = place.set(Some("2")).await.unwrap();
    assert_eq!(
        report.to_string(),
        "Current version is 2 (2 set):\n\n  + 1 (a)\n  + 2 (b)\n\n"
    );
    let report = place.set(Some("1")).await.unwrap();
    assert_eq!(
        report.to_string(),
        "Current version is 1 (1 removed):\n\n  - 2 (b)\n\n"
    );
}

#[tokio::test]
async fn a_failed_file_in_a_transaction_leaves_no_data() {
    let place = fresh(&[(
        "1_a.sql",
        "INSERT INTO seen VALUES (1);\nINSERT INTO nowhere VALUES (1);\n",
    )]);
    place.sql("CREATE TABLE seen (id int)");
    for tx_mode in [TxMode::File, TxMode::All] {
        let outcome = place
            .apply_with(|options| {
                options.tx_mode = tx_mode;
                options.plan.allow_dirty = true;
            })
            .await
            .failed();
        assert!(
            !outcome
                .error_text()
                .contains("current transaction is aborted"),
            "{}",
            outcome.error_text()
        );
        assert_eq!(place.sql("SELECT count(*) FROM seen"), "0");
    }
}

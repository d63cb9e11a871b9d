//! Transactions: one per file, one for all, none.

use shipgate_migrate::TxMode;

use crate::support::Project;

#[tokio::test]
async fn a_file_that_fails_is_undone_and_those_before_stay() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE a (x);"),
        (
            "2_b.sql",
            "CREATE TABLE b (x);\nINSERT INTO b VALUES (1);\nBAD;",
        ),
        ("3_c.sql", "CREATE TABLE c (x);"),
    ]);
    assert!(project.apply().await.error.is_some());
    assert_eq!(project.tables().await, ["a"]);
    assert_eq!(project.history().await, ["1|2|1|1||null"]);
}

#[tokio::test]
async fn with_one_transaction_for_all_everything_is_undone() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE a (x);"),
        ("2_b.sql", "CREATE TABLE b (x);\nBAD;"),
    ]);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::All)
        .await;
    assert!(outcome.error.is_some());
    assert!(project.tables().await.is_empty());
    assert!(project.history().await.is_empty());

    project.write(&[("2_b.sql", "CREATE TABLE b (x);")]);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::All)
        .await;
    outcome.succeeded();
    assert_eq!(project.tables().await, ["a", "b"]);
}

#[tokio::test]
async fn without_a_transaction_what_is_done_stays() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);\nBAD;")]);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    assert!(outcome.error.is_some());
    assert_eq!(project.tables().await, ["a"]);
}

#[tokio::test]
async fn files_with_their_own_transaction_work_beside_those_without() {
    let project = Project::new(&[
        ("1_a.sql", "-- atlas:txmode file\n\nCREATE TABLE a (x);"),
        ("2_b.sql", "-- atlas:txmode file\n\nCREATE TABLE b (x);"),
        ("3_c.sql", "CREATE TABLE c (x);"),
    ]);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    outcome.succeeded();
    assert_eq!(project.tables().await, ["a", "b", "c"]);
    assert_eq!(project.history().await.len(), 3);
}

#[tokio::test]
async fn vacuum_needs_a_file_without_a_transaction() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);\nVACUUM;")]);
    let outcome = project.apply().await;
    assert_eq!(
        outcome.error_text(),
        "sql/migrate: executing statement \"VACUUM;\" from version \"1\": cannot VACUUM from within a transaction"
    );
    let hints = outcome.error.unwrap().hints();
    assert!(hints[0].ends_with("migrations/1_a.sql:2:1"), "{hints:?}");
    assert!(hints[1].contains("-- atlas:txmode none"), "{hints:?}");
    project.write(&[(
        "1_a.sql",
        "-- atlas:txmode none\r\nCREATE TABLE a (x);\r\nVACUUM;\r\n",
    )]);
    project.apply().await.succeeded();
}

#[tokio::test]
async fn a_file_may_have_transactions_of_its_own() {
    let content = "-- atlas:txmode none\nCREATE TABLE a (x);\nBEGIN;\nINSERT INTO a VALUES (1);\n\
                   SAVEPOINT s;\nINSERT INTO a VALUES (2);\nROLLBACK TO s;\nRELEASE s;\nCOMMIT;\n\
                   BEGIN;\nINSERT INTO a VALUES (3);\nROLLBACK;\nINSERT INTO a VALUES (4);\n";
    let project = Project::new(&[("1_a.sql", content)]);
    project.apply().await.succeeded();
    assert_eq!(project.query("SELECT x FROM a").await, ["1", "4"]);
    assert_eq!(project.history().await, ["1|2|12|12||null"]);
}

#[tokio::test]
async fn a_failure_in_a_files_own_transaction_goes_back_to_its_begin() {
    let begin = "-- atlas:txmode none\nCREATE TABLE a (x);\nBEGIN;\nINSERT INTO a VALUES (1);\n";
    let project = Project::new(&[("1_a.sql", &format!("{begin}BAD;\nCOMMIT;\n"))]);
    assert!(project.apply().await.error.is_some());
    assert!(project.history().await[0].starts_with("1|2|1|5|near \"BAD\""));
    assert!(project.query("SELECT x FROM a").await.is_empty());
    project.write(&[(
        "1_a.sql",
        &format!("{begin}INSERT INTO a VALUES (2);\nCOMMIT;\n"),
    )]);
    let outcome = project.apply().await.succeeded();
    assert_eq!(outcome.statements[0], "BEGIN;");
    assert_eq!(project.query("SELECT x FROM a").await, ["1", "2"]);
}

#[tokio::test]
async fn a_transaction_left_open_is_undone_and_an_error() {
    let project = Project::new(&[(
        "1_a.sql",
        "-- atlas:txmode none\nCREATE TABLE a (x);\nBEGIN;\nINSERT INTO a VALUES (1);\n",
    )]);
    let outcome = project.apply().await;
    assert_eq!(
        outcome.error_text(),
        "sql/migrate: file \"1_a.sql\" begins a transaction and does not end it; it was rolled back"
    );
    assert!(project.query("SELECT x FROM a").await.is_empty());
    assert!(project.history().await[0].starts_with("1|2|1|3|"));
}

#[tokio::test]
async fn a_transaction_inside_a_transaction_is_refused_before_anything_is_done() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE a (x);"),
        (
            "2_b.sql",
            "CREATE TABLE b (x);\n  COMMIT;\nCREATE TABLE c (x);",
        ),
    ]);
    let outcome = project.apply().await;
    let error = outcome.error_text();
    assert!(
        error.starts_with("sql/migrate: statement \"COMMIT;\" at "),
        "{error}"
    );
    assert!(
        error.contains("migrations/2_b.sql:2:3 opens or ends a transaction"),
        "{error}"
    );
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn a_wrong_file_stops_the_run_before_the_first_one() {
    for wrong in [
        "-- atlas:txmode foo\nSELECT 1;",
        "SELECT 'open;",
        "-- atlas:txtar\n\n-- checks.sql --\nSELECT 1;\n-- down.sql --\nDROP TABLE a;\n",
    ] {
        let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);"), ("2_b.sql", wrong)]);
        assert!(project.apply().await.error.is_some(), "{wrong}");
        assert!(project.tables().await.is_empty(), "{wrong}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_text_is_named_with_the_place() {
    let project = Project::new(&[("1_a.sql", "SELECT 1;")]);
    std::fs::write(
        project.migrations().join("1_a.sql"),
        b"SELECT 1;\nSELECT '\xff';",
    )
    .unwrap();
    project.hash();
    assert_eq!(
        project.apply().await.error_text(),
        "migration file 1_a.sql is not valid UTF-8 at 2:9 (byte offset 18); save it as UTF-8"
    );
}

#[tokio::test]
async fn ignored_directives_are_warned_of() {
    let project = Project::new(&[(
        "1_a.sql",
        "CREATE TABLE a (x);\n-- atlas:txmode none\nCREATE TABLE b (x);\n",
    )]);
    let outcome = project.apply().await.succeeded();
    assert_eq!(
        outcome.warnings,
        ["1_a.sql: line 2: \"-- atlas:txmode none\" is ignored: \
          it must stand in the comment lines at the very start of the file"]
    );
}

#[tokio::test]
async fn the_place_of_an_error_is_the_place_in_the_file() {
    let project = Project::new(&[(
        "1_a.sql",
        "CREATE TABLE a (x);\n\nINSERT INTO a\n  VALUES (1, nonsense);\n",
    )]);
    let error = project.apply().await.error.unwrap();
    let failed = error.failed_statement().unwrap();
    assert_eq!(failed.file, "1_a.sql");
    assert_eq!(failed.offset, 21);
    assert_eq!(failed.error.message, "no such column: nonsense");
    assert_eq!((failed.position.line, failed.position.column), (4, 14));
}

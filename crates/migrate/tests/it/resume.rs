//! Going on with half-applied files, also edited ones and those left behind by others.

use shipgate_migrate::TxMode;
use shipgate_migrate::plan::ExecOrder;

use crate::support::{Outcome, Project, ticking_clock};

async fn apply(project: &Project) -> Outcome {
    project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await
}

/// A project whose only file stopped at its third statement.
async fn stopped() -> Project {
    let project = Project::new(&[(
        "1_a.sql",
        "CREATE TABLE t (a);\nINSERT INTO t VALUES (1);\nBAD;\nINSERT INTO t VALUES (3);\n",
    )]);
    assert!(apply(&project).await.error.is_some());
    let history = project.history().await;
    assert!(
        history[0].starts_with("1|2|2|4|near \"BAD\": syntax error|[\"h1:"),
        "{history:?}"
    );
    project
}

const BEGINNING: &str = "CREATE TABLE t (a);\nINSERT INTO t VALUES (1);\n";

fn rest(statements: &str) -> String {
    format!("{BEGINNING}{statements}")
}

#[tokio::test]
async fn the_rest_is_executed_once_it_is_mended() {
    let project = stopped().await;
    project.write(&[(
        "1_a.sql",
        &rest("INSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\n"),
    )]);
    let outcome = apply(&project).await.succeeded();
    assert_eq!(
        outcome.statements,
        ["INSERT INTO t VALUES (2);", "INSERT INTO t VALUES (3);"]
    );
    assert_eq!(project.query("SELECT a FROM t").await, ["1", "2", "3"]);
    assert_eq!(project.history().await, ["1|2|4|4||null"]);
    let hash = project
        .directory()
        .sum()
        .hash_of("1_a.sql")
        .unwrap()
        .to_owned();
    assert_eq!(
        project
            .query("SELECT hash FROM atlas_schema_revisions")
            .await,
        [hash]
    );
}

#[tokio::test]
async fn statements_may_be_added() {
    let project = stopped().await;
    let more = "INSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\nINSERT INTO t VALUES (4);\n";
    project.write(&[("1_a.sql", &rest(more))]);
    apply(&project).await.succeeded();
    assert_eq!(project.history().await, ["1|2|5|5||null"]);
    assert_eq!(
        apply(&project).await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn statements_may_be_removed() {
    let project = stopped().await;
    project.write(&[("1_a.sql", BEGINNING)]);
    let outcome = apply(&project).await.succeeded();
    assert!(outcome.statements.is_empty());
    assert_eq!(project.history().await, ["1|2|2|2||null"]);
    assert_eq!(
        apply(&project).await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn a_failure_at_the_old_total_is_not_taken_for_success() {
    let project = stopped().await;
    let more = "INSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\nWORSE;\n";
    project.write(&[("1_a.sql", &rest(more))]);
    assert!(apply(&project).await.error.is_some());
    assert!(project.history().await[0].starts_with("1|2|4|5|near \"WORSE\""));
    let outcome = apply(&project).await;
    assert_eq!(outcome.statements, ["WORSE;"]);
    assert!(outcome.error.is_some());
}

#[tokio::test]
async fn a_row_that_atlas_left_at_the_old_total_is_gone_on_with() {
    let project = stopped().await;
    let more = "INSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\nWORSE;\n";
    project.write(&[("1_a.sql", &rest(more))]);
    apply(&project).await;
    project
        .execute("UPDATE atlas_schema_revisions SET total = 4")
        .await;
    project.write(&[(
        "1_a.sql",
        &rest(&more.replace("WORSE;", "INSERT INTO t VALUES (4);")),
    )]);
    let outcome = apply(&project).await.succeeded();
    assert_eq!(outcome.statements, ["INSERT INTO t VALUES (4);"]);
    assert_eq!(project.history().await, ["1|2|5|5||null"]);
}

#[tokio::test]
async fn a_finished_row_that_atlas_left_with_other_counts_is_not_touched() {
    for (applied, total) in [(5, 4), (2, 4)] {
        let project = Project::new(&[("1_a.sql", "CREATE TABLE t (a);")]);
        apply(&project).await.succeeded();
        project
            .execute(&format!(
                "UPDATE atlas_schema_revisions SET applied = {applied}, total = {total}"
            ))
            .await;
        let outcome = apply(&project).await.succeeded();
        assert_eq!(outcome.text, "No migration files to execute\n");
    }
}

#[tokio::test]
async fn the_executed_part_must_be_what_it_was() {
    let project = stopped().await;
    project.write(&[(
        "1_a.sql",
        "CREATE TABLE t (a);\nINSERT INTO t VALUES (7);\nSELECT 1;\n",
    )]);
    let outcome = apply(&project).await;
    let error = "sql/migrate: history changed: statement 2 from file \"1_a.sql\" changed";
    assert_eq!(outcome.error_text(), error);
    assert_eq!(
        outcome.text,
        format!(
            "\
Migrating to version 1 from 1 (1 migrations in total):

    {error}

  -------------------------
  -- 0s
"
        )
    );
    project.write(&[("1_a.sql", "CREATE TABLE t (a);\n")]);
    assert_eq!(
        apply(&project).await.error_text(),
        error,
        "a shortened part is a changed part"
    );
    assert_eq!(project.query("SELECT a FROM t").await, ["1"]);
}

#[tokio::test]
async fn a_file_that_is_gone_is_an_error() {
    let project = stopped().await;
    project.remove("1_a.sql");
    assert_eq!(
        apply(&project).await.error_text(),
        "sql/migrate: missing migration: revision \"1_a.sql\" is partially applied but migration file was not found"
    );
}

#[tokio::test]
async fn a_file_that_atlas_began_is_split_as_atlas_does() {
    // Atlas takes the lone `;` for a statement, SQLite's own rules do not.
    let project = Project::new(&[(
        "1_a.sql",
        "CREATE TABLE t (a);;\nINSERT INTO t VALUES (1);\n",
    )]);
    project
        .execute(
            "CREATE TABLE t (a);\
             CREATE TABLE `atlas_schema_revisions` (`version` text NOT NULL, `description` text NOT NULL, \
             `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), \
             `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, \
             `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, \
             `hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, \
             PRIMARY KEY (`version`));\
             INSERT INTO atlas_schema_revisions VALUES ('1', 'a', 2, 2, 3, '2026-11-20 10:18:05.1+00:00', 5, \
             'disk I/O error', '', 'x', CAST('[\"h1:WAJcAKuL/Eqf4vS5F19OAfOfIWvrhMGsOrxMvK9cHOM=\", \
             \"h1:+RD/BqytF/EOQVrEx+AYBXsrIWcsFyCVEtuo2Ys8eD4=\"]' AS BLOB), 'Atlas CLI v1.2.3')",
        )
        .await;
    let outcome = apply(&project).await.succeeded();
    assert_eq!(outcome.statements, ["INSERT INTO t VALUES (1);"]);
    assert_eq!(project.history().await, ["1|2|3|3||null"]);
}

#[tokio::test]
async fn in_a_transaction_a_resumed_file_goes_on_or_stays_where_it_was() {
    let project = stopped().await;
    project.write(&[("1_a.sql", &rest("INSERT INTO t VALUES (2);\nBAD;\n"))]);
    let before = project.history().await;
    assert!(project.apply().await.error.is_some());
    assert_eq!(project.history().await, before);
    assert_eq!(project.query("SELECT a FROM t").await, ["1"]);
    project.write(&[("1_a.sql", &rest("INSERT INTO t VALUES (2);\n"))]);
    project.apply().await.succeeded();
    assert_eq!(project.history().await, ["1|2|3|3||null"]);
}

#[tokio::test]
async fn a_half_applied_file_is_finished_before_newer_ones() {
    let project = stopped().await;
    project.write(&[
        ("1_a.sql", &rest("INSERT INTO t VALUES (2);\n")),
        ("2_b.sql", "INSERT INTO t VALUES (9);"),
    ]);
    apply(&project).await.succeeded();
    assert_eq!(project.query("SELECT a FROM t").await, ["1", "2", "9"]);
}

#[tokio::test]
async fn a_half_applied_file_out_of_order_is_finished_too() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE t (a);"),
        ("3_c.sql", "INSERT INTO t VALUES (3);"),
    ]);
    project.apply().await.succeeded();
    project.write(&[(
        "2_b.sql",
        "-- atlas:txmode none\nINSERT INTO t VALUES (2);\nBAD;\n",
    )]);
    let outcome = project
        .apply_with(|options| {
            options.plan.exec_order = ExecOrder::NonLinear;
            options.lock.clock = ticking_clock();
        })
        .await;
    assert!(outcome.error.is_some());
    project.write(&[(
        "2_b.sql",
        "-- atlas:txmode none\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (4);\n",
    )]);
    let outcome = project.apply().await.succeeded();
    assert_eq!(outcome.statements, ["INSERT INTO t VALUES (4);"]);
}

#[tokio::test]
async fn settings_of_the_lost_session_are_made_again() {
    let project = Project::new(&[(
        "1_a.sql",
        "-- atlas:txmode none\nPRAGMA foreign_keys = OFF;\n\
         CREATE TABLE p (id integer primary key);\nCREATE TABLE c (p references p(id) on delete cascade);\n\
         INSERT INTO p VALUES (1);\nINSERT INTO c VALUES (1);\nBAD;\n",
    )]);
    let database = project.database_with("?_fk=1");
    assert!(
        project
            .run(&*database, &project.options())
            .await
            .error
            .is_some()
    );
    let content = std::fs::read_to_string(project.migrations().join("1_a.sql")).unwrap();
    project.write(&[("1_a.sql", &content.replace("BAD;", "DELETE FROM p;"))]);
    let outcome = project
        .run(&*database, &project.options())
        .await
        .succeeded();
    assert_eq!(outcome.warnings, ["restored PRAGMA foreign_keys = OFF;"]);
    assert_eq!(
        project.query("SELECT count(*) FROM c").await,
        ["1"],
        "nothing cascaded"
    );
}

#[tokio::test]
async fn whichever_statement_fails_the_mended_run_ends_the_same() {
    let statements: Vec<String> = std::iter::once("CREATE TABLE t (a);".to_owned())
        .chain((1..5).map(|number| format!("INSERT INTO t VALUES ({number});")))
        .collect();
    let whole = statements.join("\n");
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        for failing in 0..statements.len() {
            let mut broken = statements.clone();
            broken.insert(failing, "BAD;".to_owned());
            let project = Project::new(&[("1_a.sql", &broken.join("\n"))]);
            let outcome = project
                .apply_with(|options| options.tx_mode = tx_mode)
                .await;
            assert_eq!(outcome.statements.len(), failing + 1);
            let kept = if tx_mode == TxMode::None { failing } else { 0 };
            project.write(&[("1_a.sql", &whole)]);
            let outcome = project
                .apply_with(|options| options.tx_mode = tx_mode)
                .await
                .succeeded();
            assert_eq!(outcome.statements, statements[kept..]);
            assert_eq!(project.query("SELECT a FROM t").await, ["1", "2", "3", "4"]);
            assert_eq!(project.history().await, ["1|2|5|5||null"]);
        }
    }
}

#[tokio::test]
async fn the_last_row_of_another_session_is_not_the_last_row() {
    let file = |second: &str| {
        format!(
            "-- atlas:txmode none\nCREATE TABLE a (id INTEGER PRIMARY KEY, of);\nINSERT INTO a VALUES (7, 0);\n\
             {second}\nUPDATE a SET of = last_insert_rowid();\n"
        )
    };
    let project = Project::new(&[("1_a.sql", &file("INSERT INTO missing VALUES (1);"))]);
    assert!(project.apply().await.error.is_some());
    project.write(&[("1_a.sql", &file("SELECT 1;"))]);
    let refused = project.apply().await;
    assert!(
        refused
            .error_text()
            .contains("needs what LAST_INSERT_ROWID() tells of the statement before"),
        "{}",
        refused.error_text()
    );
    project.write(&[("1_a.sql", &file("INSERT INTO a VALUES (8, 0);"))]);
    project.apply().await.succeeded();
    assert_eq!(project.query("SELECT of FROM a").await, ["8", "8"]);
}

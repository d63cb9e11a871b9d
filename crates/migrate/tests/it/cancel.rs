//! Stopping a run from outside.

use shipgate_migrate::TxMode;
use shipgate_migrate::apply::{ApplyError, ApplyEvent, CancelToken, apply};

use crate::support::Project;

/// Counts for minutes if nobody stops it.
const ENDLESS: &str = "INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000000000) \
                       SELECT count(*) FROM n;";

/// Applies and cancels when the statement of this number starts.
async fn cancel_at(project: &Project, statement: usize, tx_mode: TxMode) -> ApplyError {
    let (handle, token) = CancelToken::new();
    let mut options = project.options();
    options.cancel = token;
    options.tx_mode = tx_mode;
    let directory = project.directory();
    let mut sink = |event: &ApplyEvent<'_>| {
        if matches!(event, ApplyEvent::StatementStarted { number, .. } if *number == statement) {
            handle.cancel();
        }
    };
    let failure = apply(&*project.database(), &directory, &options, &mut sink)
        .await
        .unwrap_err();
    assert!(failure.report.is_some());
    failure.error
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_statement_is_interrupted_and_the_file_undone() {
    let project = Project::new(&[("1_a.sql", &format!("CREATE TABLE a (x);\n{ENDLESS}\n"))]);
    let error = cancel_at(&project, 2, TxMode::File).await;
    assert!(
        error
            .to_string()
            .starts_with("interrupted during statement \"INSERT INTO a "),
        "{error}"
    );
    assert!(project.tables().await.is_empty());
    assert!(project.history().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_transaction_a_later_run_goes_on_at_the_interrupted_statement() {
    let project = Project::new(&[("1_a.sql", &format!("CREATE TABLE a (x);\n{ENDLESS}\n"))]);
    cancel_at(&project, 2, TxMode::None).await;
    assert!(
        project.history().await[0].starts_with("1|2|1|2|"),
        "{:?}",
        project.history().await
    );
    project.write(&[(
        "1_a.sql",
        "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);\n",
    )]);
    project.apply().await.succeeded();
    assert_eq!(project.query("SELECT x FROM a").await, ["1"]);
}

#[tokio::test]
async fn a_run_that_is_stopped_before_it_begins_does_nothing() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);")]);
    let (handle, token) = CancelToken::new();
    handle.cancel();
    let outcome = project.apply_with(|options| options.cancel = token).await;
    assert_eq!(outcome.error_text(), "interrupted");
    assert!(project.tables().await.is_empty());
}

//! How long statements wait and run on SQLite.

use std::time::Duration;

use shipgate_database::ErrorKind;
use shipgate_migrate::TxMode;
use shipgate_migrate::apply::{ApplyError, Patience};

use crate::support::Project;

/// A query that never ends.
const ENDLESS: &str = "INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
     SELECT max(i) FROM n;\n";

#[tokio::test]
async fn a_statement_that_runs_too_long_is_stopped_and_undone() {
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        let content = format!(
            "-- shipgate:statement_timeout 50ms\nCREATE TABLE a (x);\nINSERT INTO a VALUES (1);\n{ENDLESS}"
        );
        let project = Project::new(&[("1_a.sql", &content)]);
        let outcome = project
            .apply_with(|options| options.tx_mode = tx_mode)
            .await;
        let Some(ApplyError::Statement(failed)) = &outcome.error else {
            panic!("{:?}", outcome.error);
        };
        assert_eq!(failed.error.kind, ErrorKind::TimedOut);
        assert!(
            failed.error.message.contains("longer than 50ms"),
            "{}",
            failed.error
        );
        assert_eq!((failed.position.line, failed.position.column), (4, 1));
        let left = match tx_mode {
            TxMode::None => vec!["a".to_owned()],
            _ => Vec::new(),
        };
        assert_eq!(project.tables().await, left);
    }
}

#[tokio::test]
async fn a_held_database_is_waited_for_and_asked_again_as_often_as_was_said() {
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);")]);
        project.apply().await.succeeded();
        project.write(&[(
            "2_b.sql",
            "-- shipgate:lock_timeout 10ms\nCREATE TABLE b (x);\n",
        )]);
        let mut holder = project.session().await;
        holder.begin().await.unwrap();
        let outcome = project
            .apply_with(|options| {
                options.tx_mode = tx_mode;
                options.busy_timeout = Duration::from_secs(600);
                options.patience = Patience {
                    lock_retries: Some(1),
                    ..Patience::default()
                };
            })
            .await;
        assert!(
            outcome.error_text().contains("database is locked"),
            "{}",
            outcome.error_text()
        );
        assert_eq!(
            outcome.warnings,
            ["again: database is locked"],
            "{tx_mode:?}"
        );
        holder.rollback().await.unwrap();
        project
            .apply_with(|options| options.tx_mode = tx_mode)
            .await
            .succeeded();
        assert_eq!(project.tables().await, ["a", "b"]);
    }
}

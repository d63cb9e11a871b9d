//! The process dies at every point of a run, and a later run makes it whole.
//!
//! The points are not listed anywhere: a session that counts its calls dies
//! before or after the n-th one, for every n up to the end of the run.

use shipgate_migrate::TxMode;

use crate::mortal::{Death, Mortal};
use crate::support::Project;

/// Every statement leaves one row, so that doing it twice shows.
const FILES: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "CREATE TABLE log (step);\nINSERT INTO log VALUES (1);\nINSERT INTO log VALUES (2);\n",
    ),
    (
        "2_b.sql",
        "INSERT INTO log VALUES (3);\nCREATE TABLE b (x);\nINSERT INTO log VALUES (4);\n",
    ),
];

/// As above, with a transaction of its own and what no transaction takes.
const FILES_WITHOUT_TRANSACTION: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "-- atlas:txmode none\nCREATE TABLE log (step);\nINSERT INTO log VALUES (1);\nBEGIN;\n\
         INSERT INTO log VALUES (2);\nSAVEPOINT s;\nINSERT INTO log VALUES (3);\nRELEASE s;\nCOMMIT;\nVACUUM;\n\
         INSERT INTO log VALUES (4);\nSAVEPOINT outer;\nINSERT INTO log VALUES (5);\nRELEASE outer;\n\
         PRAGMA user_version = 7;\nBEGIN;\nINSERT INTO log VALUES (99);\nROLLBACK;\n",
    ),
    (
        "2_b.sql",
        "-- atlas:txmode none\nINSERT INTO log VALUES (6);\nCREATE TABLE b (x);\n",
    ),
];

async fn state(project: &Project) -> Vec<String> {
    let mut state = project.query("SELECT step FROM log ORDER BY rowid").await;
    state.extend(project.tables().await);
    state.extend(project.history().await);
    state
}

/// Runs to every point of death and then again; returns the number of points.
async fn die_everywhere(files: &[(&str, &str)], query: &str, tx_mode: TxMode) -> usize {
    let undisturbed = Project::new(files);
    undisturbed
        .apply_with(|options| options.tx_mode = tx_mode)
        .await
        .succeeded();
    let expected = state(&undisturbed).await;
    let mut points = 0;
    for after in [false, true] {
        for at in 0.. {
            let project = Project::new(files);
            let death = Death { at, after };
            let mortal = Mortal::new(project.database_with(query), death);
            let mut options = project.options();
            options.tx_mode = tx_mode;
            let outcome = project.run(&mortal, &options).await;
            if !mortal.died() {
                outcome.succeeded();
                break;
            }
            points += 1;
            let again = project.run(&*project.database_with(query), &options).await;
            assert_eq!(again.error_text(), "", "{death:?}");
            assert_eq!(state(&project).await, expected, "{death:?}");
        }
    }
    points
}

#[tokio::test]
async fn with_a_transaction_per_file() {
    assert!(die_everywhere(FILES, "", TxMode::File).await > 20);
}

#[tokio::test]
async fn with_a_transaction_per_file_and_foreign_keys() {
    assert!(die_everywhere(FILES, "?_fk=1", TxMode::File).await > 30);
}

#[tokio::test]
async fn with_one_transaction_for_all() {
    assert!(die_everywhere(FILES, "", TxMode::All).await > 15);
}

#[tokio::test]
async fn without_a_transaction() {
    assert!(die_everywhere(FILES, "", TxMode::None).await > 40);
}

#[tokio::test]
async fn with_transactions_of_the_files_own() {
    assert!(die_everywhere(FILES_WITHOUT_TRANSACTION, "", TxMode::File).await > 80);
}

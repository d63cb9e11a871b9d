//! Locks of other sessions: waited for a moment, then tried again.

use std::time::Duration;

use shipgate_database::{ConnectOptions, Session};
use shipgate_migrate::TxMode;
use shipgate_migrate::apply::{ApplyError, ApplyEvent};

use super::place::Place;
use crate::fresh;

const ALTER: &[(&str, &str)] = &[(
    "1_a.sql",
    "CREATE TABLE other (id int);\nALTER TABLE busy ADD COLUMN x int;\n",
)];

/// A session with an open transaction that has read the table.
async fn reader(place: &Place) -> Box<dyn Session> {
    let database = place.database();
    let mut session = database.connect(&ConnectOptions::default()).await.unwrap();
    session.begin().await.unwrap();
    session
        .query("SELECT count(*) FROM busy", &[])
        .await
        .unwrap();
    session
}

#[tokio::test]
async fn a_definition_that_waits_too_long_is_tried_again() {
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        let place = fresh(ALTER);
        place.sql("CREATE TABLE busy (id int)");
        let mut holder = Some(reader(&place).await);
        let (sender, mut failures) = tokio::sync::mpsc::unbounded_channel();
        let mut options = place.options();
        options.tx_mode = tx_mode;
        options.plan.allow_dirty = true;
        let database = place.database();
        let running = place.run(&*database, &options, move |event| {
            if let ApplyEvent::Retrying { .. } = event {
                let _ = sender.send(());
            }
        });
        tokio::pin!(running);
        let outcome = loop {
            tokio::select! {
                outcome = &mut running => break outcome,
                Some(()) = failures.recv() => {
                    if let Some(holder) = holder.take() {
                        holder.close().await;
                    }
                }
            }
        }
        .succeeded();
        assert!(
            outcome.said.iter().any(|line| line.starts_with("again: ")),
            "{tx_mode}"
        );
        assert_eq!(
            outcome.statements.len(),
            2,
            "{tx_mode}: {:?}",
            outcome.statements
        );
        assert_eq!(
            outcome.json.matches("ALTER TABLE busy").count(),
            1,
            "{}",
            outcome.json
        );
        assert_eq!(
            outcome.text.matches("-> ALTER TABLE busy").count(),
            1,
            "{}",
            outcome.text
        );
        assert_eq!(place.sql("SELECT count(x) FROM busy"), "0");
    }
}

#[tokio::test]
async fn who_is_in_the_way_is_told_in_the_end() {
    let place = fresh(ALTER);
    place.sql("CREATE TABLE busy (id int)");
    let holder = reader(&place).await;
    let outcome = place
        .apply_with(|options| {
            options.plan.allow_dirty = true;
            options.patience.lock_retries = Some(1);
            options.patience.lock_timeout = Some(Duration::from_secs(1));
        })
        .await
        .failed();
    let hints = outcome
        .error
        .as_ref()
        .map(ApplyError::hints)
        .unwrap_or_default();
    assert!(
        hints
            .iter()
            .any(|hint| hint.starts_with("tried 2 times in ")),
        "{hints:?}"
    );
    assert!(
        hints
            .iter()
            .any(|hint| hint.starts_with("in the way: session ")),
        "{hints:?}"
    );
    holder.close().await;
}

#[tokio::test]
async fn a_file_says_how_long_it_waits_and_runs() {
    let place = fresh(&[(
        "1_a.sql",
        "-- shipgate:lock_timeout 1s\n-- shipgate:lock_retries 0\nALTER TABLE busy ADD COLUMN x int;\n",
    )]);
    place.sql("CREATE TABLE busy (id int)");
    let holder = reader(&place).await;
    let outcome = place
        .apply_with(|options| options.plan.allow_dirty = true)
        .await
        .failed();
    assert_eq!(outcome.said, Vec::<String>::new());
    holder.close().await;

    let place = fresh(&[(
        "1_a.sql",
        &format!(
            "-- shipgate:statement_timeout 1s\nSELECT {}(20);\n",
            crate::SLEEP
        ),
    )]);
    place.apply().await.failed();

    let place = fresh(&[("1_a.sql", "-- shipgate:lock_timeout soon\nSELECT 1;\n")]);
    let error = place.apply().await.failed().error_text();
    assert!(
        error.ends_with(
            "1_a.sql:1: `shipgate:lock_timeout soon`: the value must be a duration such as \
             `500ms`, `2s` or `1m30s`; `0s` is without end"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_held_migration_lock_is_told_in_the_words_of_atlas() {
    let place = fresh(ALTER);
    place.sql("CREATE TABLE busy (id int)");
    let mut request = place.lock();
    request.purpose = "release 12".to_owned();
    let held = place.database().lock(request).await.unwrap();
    let mut options = place.options();
    options.plan.allow_dirty = true;
    options.lock.timeout = Duration::ZERO;
    let outcome = place.run(&*place.database(), &options, |_| {}).await;
    assert_eq!(
        outcome.error_text(),
        "acquiring database lock: sql/schema: lock is held by other session"
    );
    let hints = outcome.error.unwrap().hints();
    assert!(hints[0].contains("release 12"), "{hints:?}");
    held.release().await.unwrap();
}

//! Files that are sent one behind the other, without waiting.

use std::sync::{Arc, Mutex};

use shipgate_migrate::apply::{ApplyError, ApplyEvent, CancelToken};

use crate::fresh;

const VERSIONS: &str = "SELECT version FROM public.atlas_schema_revisions ORDER BY 1";

#[tokio::test]
async fn behind_a_file_that_fails_none_is_begun() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
        (
            "2_b.sql",
            "INSERT INTO a VALUES (1);\n\nINSERT INTO a\nVALUES (x);",
        ),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ]);
    let outcome = place.apply().await.failed();
    let Some(ApplyError::Statement(failed)) = &outcome.error else {
        panic!("{}", outcome.error_text());
    };
    assert_eq!((failed.file.as_str(), failed.position.line), ("2_b.sql", 4));
    assert_eq!(failed.position.column, 9);
    assert_eq!(place.sql(VERSIONS), "1");
    assert_eq!(place.sql("SELECT count(*) FROM a"), "0");
    assert_eq!(place.sql("SELECT to_regclass('c') IS NULL"), "t");
    assert_eq!(
        outcome.statements,
        [
            "CREATE TABLE a (id int PRIMARY KEY);",
            "INSERT INTO a VALUES (1);",
            "INSERT INTO a\nVALUES (x);"
        ]
    );
}

#[tokio::test]
async fn a_commit_that_fails_fails_its_own_file() {
    let place = fresh(&[
        (
            "1_a.sql",
            "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a DEFERRABLE INITIALLY DEFERRED);",
        ),
        ("2_b.sql", "INSERT INTO a VALUES (1, 2);"),
        ("3_c.sql", "INSERT INTO a VALUES (2, NULL);"),
    ]);
    let outcome = place.apply().await.failed();
    let text = outcome.error_text();
    assert!(text.contains("commit"), "{text}");
    assert_eq!(place.sql(VERSIONS), "1");
    assert_eq!(place.sql("SELECT count(*) FROM a"), "0");
}

#[tokio::test]
async fn a_row_tells_when_its_file_ran_and_for_how_long() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        (
            "2_b.sql",
            "INSERT INTO a SELECT 1 FROM pg_sleep(0.05) AS slept;",
        ),
        ("3_c.sql", "INSERT INTO a VALUES (2);"),
    ]);
    place.apply().await.succeeded();
    let rows = place.sql(
        "SELECT b.execution_time >= 50000000, c.executed_at >= b.executed_at + interval '50 ms' \
         FROM public.atlas_schema_revisions b, public.atlas_schema_revisions c \
         WHERE (b.version, c.version) = ('2', '3')",
    );
    assert_eq!(rows, "t|t");
}

#[tokio::test]
async fn a_lock_that_is_lost_is_noticed_by_the_next_file() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "UPDATE public.shipgate_lease SET holder = 'me';"),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ]);
    let outcome = place.apply().await.failed();
    assert!(
        matches!(outcome.error, Some(ApplyError::Lock(_))),
        "{}",
        outcome.error_text()
    );
    assert_eq!(place.sql(VERSIONS), "1\n2");
    assert_eq!(place.sql("SELECT to_regclass('c') IS NULL"), "t");
}

#[tokio::test]
async fn a_stop_hits_the_file_that_runs_and_spares_those_behind_it() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        (
            "2_b.sql",
            "INSERT INTO a SELECT 1 FROM pg_sleep(600) AS slept;",
        ),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ]);
    let (handle, token) = CancelToken::new();
    let mut options = place.options();
    options.cancel = token;
    let watch = move |event: &ApplyEvent<'_>| {
        if matches!(event, ApplyEvent::StatementStarted { text, .. } if text.contains("pg_sleep")) {
            handle.cancel();
        }
    };
    let outcome = place.run(&*place.database(), &options, watch).await;
    assert!(
        matches!(outcome.error, Some(ApplyError::Cancelled(Some(_)))),
        "{}",
        outcome.error_text()
    );
    assert_eq!(place.sql(VERSIONS), "1");
    assert_eq!(place.sql("SELECT to_regclass('c') IS NULL"), "t");
}

#[tokio::test]
async fn a_file_has_begun_when_the_one_before_it_is_done() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "INSERT INTO a VALUES (1);"),
        ("3_c.sql", "INSERT INTO a VALUES (2);\nDELETE FROM a;"),
    ]);
    let heard = Arc::new(Mutex::new(String::new()));
    let told = heard.clone();
    let watch = move |event: &ApplyEvent<'_>| {
        let letter = match event {
            ApplyEvent::FileStarted { .. } => '(',
            ApplyEvent::StatementStarted { .. } => 's',
            ApplyEvent::StatementDone { .. } => 'd',
            ApplyEvent::FileDone { .. } => ')',
            _ => return,
        };
        told.lock().unwrap().push(letter);
    };
    let outcome = place.run(&*place.database(), &place.options(), watch).await;
    outcome.succeeded();
    assert_eq!(*heard.lock().unwrap(), "(sd)(sd)(sdsd)");
}

#[tokio::test]
async fn the_limits_of_a_file_end_with_it() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE a (setting text);"),
        (
            "2_b.sql",
            "INSERT INTO a SELECT current_setting('lock_timeout');",
        ),
        (
            "3_c.sql",
            "-- shipgate:lock_timeout 7s\nINSERT INTO a SELECT current_setting('lock_timeout');",
        ),
        (
            "4_d.sql",
            "INSERT INTO a SELECT current_setting('lock_timeout');",
        ),
    ]);
    place.apply().await.succeeded();
    assert_eq!(place.sql("SELECT setting FROM a"), "0\n7s\n0");
}

#[tokio::test]
async fn a_file_that_waits_too_long_behind_another_is_tried_again_alone() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE other (id int);"),
        (
            "2_b.sql",
            "-- shipgate:lock_timeout 1s\n-- shipgate:lock_retries 1\n\
             ALTER TABLE busy ADD COLUMN x int;",
        ),
        ("3_c.sql", "CREATE TABLE third (id int);"),
    ]);
    place.sql("CREATE TABLE busy (id int)");
    let database = place.database();
    let mut holder = database.connect(&Default::default()).await.unwrap();
    holder.begin().await.unwrap();
    holder.query("SELECT * FROM busy", &[]).await.unwrap();
    let mut options = place.options();
    options.plan.allow_dirty = true;
    let outcome = place.run(&*database, &options, |_| {}).await.failed();
    assert_eq!(outcome.said.len(), 1, "{:?}", outcome.said);
    assert_eq!(outcome.statements.len(), 2, "{:?}", outcome.statements);
    let hints = outcome.error.as_ref().map(ApplyError::hints);
    assert!(
        hints
            .iter()
            .flatten()
            .any(|hint| hint.starts_with("tried 2 times in ")),
        "{hints:?}"
    );
    assert_eq!(place.sql(VERSIONS), "1");
    holder.close().await;
    let outcome = place.run(&*database, &options, |_| {}).await;
    outcome.succeeded();
    assert_eq!(place.sql(VERSIONS), "1\n2\n3");
}

#[tokio::test]
async fn what_a_file_sets_is_known_before_the_next_is_sent() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE a (text text);"),
        ("2_b.sql", "SET standard_conforming_strings = off;"),
        ("3_c.sql", "INSERT INTO a VALUES ('\\\\');"),
    ]);
    place.apply().await.succeeded();
    assert_eq!(place.sql("SELECT text FROM a"), "\\\\");
}

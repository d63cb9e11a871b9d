//! Several appliers at once.

use std::sync::Arc;
use std::time::Duration;

use shipgate_migrate::apply::{ApplyEvent, apply};
use shipgate_migrate::directory::Directory;

use crate::support::Project;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_at_once_execute_every_statement_once() {
    let files: Vec<(String, String)> = (1..=20)
        .map(|number| {
            let content = if number == 1 {
                "CREATE TABLE log (step);\nINSERT INTO log VALUES (1);\n".to_owned()
            } else {
                format!("INSERT INTO log VALUES ({number});\n")
            };
            (format!("{number:02}_a.sql"), content)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_str()))
        .collect();
    let project = Arc::new(Project::new(&files));
    let appliers: Vec<_> = (0..8)
        .map(|_| {
            let project = Arc::clone(&project);
            tokio::spawn(async move {
                let outcome = project
                    .apply_with(|options| options.lock.timeout = Duration::from_secs(60))
                    .await;
                assert_eq!(outcome.error_text(), "");
                outcome.statements.len()
            })
        })
        .collect();
    let mut executed = 0;
    for applier in appliers {
        executed += applier.await.unwrap();
    }
    assert_eq!(executed, 21);
    let steps: Vec<String> = (1..=20).map(|number: i32| number.to_string()).collect();
    assert_eq!(
        project.query("SELECT step FROM log ORDER BY rowid").await,
        steps
    );
}

#[tokio::test]
async fn a_held_lock_is_an_error_that_names_the_holder() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);")]);
    project.execute("PRAGMA user_version = 1").await;
    let mut request = project.lock();
    request.purpose = "release 12".to_owned();
    let held = project.database().lock(request).await.unwrap();
    let outcome = project.apply().await;
    assert_eq!(
        outcome.error_text(),
        "acquiring database lock: sql/sqlite: lock on \"atlas_migrate_execute\" already taken"
    );
    let hints = outcome.error.unwrap().hints();
    assert!(hints[0].contains("release 12"), "{hints:?}");
    held.release().await.unwrap();
    project.apply().await.succeeded();
}

#[tokio::test]
async fn waiting_for_a_lock_names_the_holder_and_ends_with_its_release() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);")]);
    let mut request = project.lock();
    request.purpose = "release 12".to_owned();
    let held = project.database().lock(request).await.unwrap();
    let (told, heard) = tokio::sync::oneshot::channel();
    let release = tokio::spawn(async move {
        heard.await.unwrap();
        held.release().await.unwrap();
    });
    let directory = project.directory();
    let mut options = project.options();
    options.lock.timeout = Duration::from_secs(60);
    let mut told = Some(told);
    let mut holders = Vec::new();
    let mut sink = |event: &ApplyEvent<'_>| {
        if let ApplyEvent::WaitingForLock { holder, .. } = event {
            holders.push(holder.purpose.clone());
            if let Some(told) = told.take() {
                told.send(()).unwrap();
            }
        }
    };
    let report = apply(&*project.database(), &directory, &options, &mut sink).await;
    assert_eq!(report.unwrap().applied.len(), 1);
    assert_eq!(holders[0], "release 12");
    release.await.unwrap();
}

#[tokio::test]
async fn a_held_lock_does_not_matter_with_nothing_pending() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);")]);
    project.apply().await.succeeded();
    let held = project.database().lock(project.lock()).await.unwrap();
    project.apply().await.succeeded();
    held.release().await.unwrap();
}

#[tokio::test]
async fn a_file_that_another_program_applied_meanwhile_is_not_executed_again() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE a (x);"),
        ("2_b.sql", "CREATE TABLE b (x);"),
    ]);
    project.apply().await.succeeded();
    // A program that knows nothing of our lock writes the next row while we run.
    project
        .execute(
            "CREATE TRIGGER meanwhile AFTER INSERT ON atlas_schema_revisions \
             WHEN new.version = '3' BEGIN \
             INSERT INTO atlas_schema_revisions SELECT '4', 'd', 2, 1, 1, executed_at, 0, '', '', '', 'null', 'other' \
             FROM atlas_schema_revisions WHERE version = '3'; END",
        )
        .await;
    project.write(&[
        ("3_c.sql", "CREATE TABLE c (x);"),
        ("4_d.sql", "CREATE TABLE d (x);"),
    ]);
    let outcome = project.apply().await;
    assert_eq!(
        outcome.error_text(),
        "sql/migrate: revision \"4\" was written by another process meanwhile; nothing of it was applied twice, run again"
    );
    assert_eq!(project.tables().await, ["a", "b", "c"]);
}

#[test]
fn a_directory_can_be_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Directory>();
}

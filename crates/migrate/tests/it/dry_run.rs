//! A dry run shows everything and writes nothing.

use shipgate_migrate::TxMode;

use crate::support::Project;

const TWO: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
    ("2_b.sql", "CREATE TABLE t2 (\n  id int\n);\nBAD;\n"),
];

#[tokio::test]
async fn it_does_not_even_create_the_database() {
    let project = Project::new(TWO);
    let outcome = project
        .apply_with(|options| options.dry_run = true)
        .await
        .succeeded();
    assert_eq!(
        outcome.text,
        "\
Migrating to version 2 (2 migrations in total):

  -- migrating version 1
    -> CREATE TABLE t1 (id int);
  -- ok (0s)

  -- migrating version 2
    -> CREATE TABLE t2 (
         id int
       );
    -> BAD;
  -- ok (0s)

  -------------------------
  -- 0s
  -- 2 migrations
  -- 3 sql statements
"
    );
    assert!(!project.database_file().exists());
}

#[tokio::test]
async fn it_writes_no_baseline_and_no_table() {
    let project = Project::new(TWO);
    project.execute("CREATE TABLE t1 (id int)").await;
    let bytes = std::fs::read(project.database_file()).unwrap();
    let outcome = project
        .apply_with(|options| {
            options.dry_run = true;
            options.plan.baseline = Some("1".to_owned());
        })
        .await
        .succeeded();
    assert!(
        outcome
            .text
            .starts_with("Migrating to version 2 from 1 (1 migrations in total):")
    );
    assert_eq!(std::fs::read(project.database_file()).unwrap(), bytes);
}

#[tokio::test]
async fn it_needs_no_lock() {
    let project = Project::new(TWO);
    project
        .execute("CREATE TABLE IF NOT EXISTS x (a); DROP TABLE x")
        .await;
    let held = project.database().lock(project.lock()).await.unwrap();
    project
        .apply_with(|options| options.dry_run = true)
        .await
        .succeeded();
    held.release().await.unwrap();
}

#[tokio::test]
async fn it_goes_on_from_a_half_applied_file() {
    let project = Project::new(TWO);
    project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    let before = project.history().await;
    let outcome = project
        .apply_with(|options| options.dry_run = true)
        .await
        .succeeded();
    assert!(
        outcome
            .text
            .contains("Migrating to version 2 from 2 (1 migrations in total):")
    );
    assert_eq!(outcome.statements, ["BAD;"]);
    assert_eq!(project.history().await, before);
}

#[tokio::test]
async fn it_finds_what_would_be_refused() {
    let project = Project::new(TWO);
    project.execute("CREATE TABLE used (a)").await;
    let outcome = project.apply_with(|options| options.dry_run = true).await;
    assert!(
        outcome
            .error_text()
            .contains("connected database is not clean")
    );
    project.write(&[("3_c.sql", "SELECT 'open;")]);
    let outcome = project
        .apply_with(|options| {
            options.dry_run = true;
            options.plan.allow_dirty = true;
        })
        .await;
    assert!(outcome.error_text().contains("unclosed quote"));
}

//! `validate` with a dev database.

use shipgate_database::ConnectOptions;
use std::path::Path;
use std::sync::Arc;

use shipgate_database::{Database, DatabaseUrl, open};
use shipgate_migrate::replay;

use crate::support::Project;

fn dev() -> Arc<dyn Database> {
    open(
        &DatabaseUrl::parse("sqlite://dev?mode=memory", Path::new("/")).unwrap(),
        &shipgate_database::ClientSettings::default(),
    )
    .unwrap()
}

async fn error(project: &Project, dev: &dyn Database) -> String {
    replay(&project.directory(), dev, &ConnectOptions::default())
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn migrations_that_run_are_fine_and_leave_nothing_behind() {
    let project = Project::new(&[
        ("1_a.sql", "CREATE TABLE a (x);\n"),
        (
            "2_b.sql",
            "-- atlas:txmode none\n\nVACUUM;\nINSERT INTO a VALUES (1);\n",
        ),
        (
            "3_c.sql",
            "-- atlas:txtar\n\n-- checks.sql --\nSELECT 0;\n-- migration.sql --\nDROP TABLE a;\n",
        ),
    ]);
    replay(&project.directory(), &*dev(), &ConnectOptions::default())
        .await
        .unwrap();
    replay(
        &project.directory(),
        &*project.database(),
        &ConnectOptions::default(),
    )
    .await
    .unwrap();
    assert!(!project.database_file().exists());
}

#[tokio::test]
async fn the_statement_that_does_not_run_is_told_with_its_place() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);\nDROP TABLE b;\n")]);
    let failed = replay(&project.directory(), &*dev(), &ConnectOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        failed.to_string(),
        "replaying the migration directory: sql/migrate: read migration directory state: sql/migrate: \
         executing statement \"DROP TABLE b;\" from version \"1\": no such table: b"
    );
    assert!(
        failed.hints()[0].ends_with("migrations/1_a.sql:2:1"),
        "{:?}",
        failed.hints()
    );
}

#[tokio::test]
async fn a_dev_database_that_is_not_empty_is_refused() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);\n")]);
    project.execute("CREATE TABLE f (x)").await;
    assert_eq!(
        error(&project, &*project.database()).await,
        "replaying the migration directory: sql/migrate: taking database snapshot: \
         sql/migrate: connected database is not clean: found table \"f\""
    );
}

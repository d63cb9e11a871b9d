//! `verify`: the history stands where it should, or says how it does not.

use shipgate_migrate::plan::{ExecOrder, Limit};
use shipgate_migrate::{Expected, Reading, Verified, verify};

use crate::support::Project;

const TWO: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE a (x);"),
    ("2_b.sql", "CREATE TABLE b (x);"),
];

async fn run(project: &Project, expected: &Expected) -> Result<Verified, String> {
    let directory = project.directory();
    verify(
        &*project.database(),
        &directory,
        expected,
        &Reading::default(),
    )
    .await
    .map_err(|error| error.to_string())
}

fn version(version: &str) -> Expected {
    Expected {
        version: Some(version.to_owned()),
        ..Expected::default()
    }
}

#[tokio::test]
async fn a_finished_history_is_verified() {
    let project = Project::new(TWO);
    project.apply().await.succeeded();
    let verified = Verified {
        version: Some("2".to_owned()),
        revisions: 2,
    };
    assert_eq!(
        run(&project, &Expected::default()).await,
        Ok(verified.clone())
    );
    assert_eq!(run(&project, &version("2")).await, Ok(verified));
}

#[tokio::test]
async fn what_is_not_applied_is_named() {
    let project = Project::new(TWO);
    assert_eq!(
        run(&project, &Expected::default()).await.unwrap_err(),
        "not applied: 1_a.sql, 2_b.sql"
    );
    project
        .apply_with(|options| options.plan.limit = Limit::Version("1".to_owned()))
        .await
        .succeeded();
    assert_eq!(
        run(&project, &version("2")).await.unwrap_err(),
        "not applied: 2_b.sql"
    );
    assert!(run(&project, &version("1")).await.is_ok());
}

#[tokio::test]
async fn another_version_is_told() {
    let project = Project::new(TWO);
    project.apply().await.succeeded();
    assert_eq!(
        run(&project, &version("1")).await.unwrap_err(),
        "the history stands at version \"2\", expected version \"1\""
    );
}

#[tokio::test]
async fn half_applied_is_not_applied() {
    let project = Project::new(&[("1_a.sql", "-- atlas:txmode none\nCREATE TABLE a (x);\nBAD;")]);
    project.apply().await;
    assert_eq!(
        run(&project, &Expected::default()).await.unwrap_err(),
        "version \"1\" is half applied: 1 of 2 statements, then: near \"BAD\": syntax error"
    );
}

#[tokio::test]
async fn skipped_files_count_unless_they_may_be_skipped() {
    let project = Project::new(&[("1_a.sql", "SELECT 1;"), ("3_c.sql", "SELECT 1;")]);
    project.apply().await.succeeded();
    project.write(&[("2_b.sql", "SELECT 1;")]);
    assert_eq!(
        run(&project, &Expected::default()).await.unwrap_err(),
        "not applied: 2_b.sql"
    );
    let skipping = Expected {
        exec_order: ExecOrder::LinearSkip,
        ..Expected::default()
    };
    assert!(run(&project, &skipping).await.is_ok());
}

#[tokio::test]
async fn an_edited_file_is_told() {
    let project = Project::new(TWO);
    project.apply().await.succeeded();
    project.write(&[("2_b.sql", "CREATE TABLE b (y);")]);
    assert_eq!(
        run(&project, &Expected::default()).await.unwrap_err(),
        "2_b.sql was edited after it was applied"
    );
}

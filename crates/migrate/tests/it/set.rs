//! `set`: what it writes and what it says.

use shipgate_migrate::{TxMode, set};

use crate::support::Project;

const THREE: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
    ("2_b.sql", "CREATE TABLE t2 (id int);\n"),
    ("3.sql", "CREATE TABLE t3 (id int);\nBAD;\nSELECT 1;\n"),
];

async fn run(project: &Project, version: Option<&str>) -> Result<String, String> {
    let directory = project.directory();
    match set(
        &*project.database(),
        &directory,
        version,
        &project.set_options(),
    )
    .await
    {
        Ok(report) => Ok(report.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn missing_rows_are_added_up_to_the_version() {
    let project = Project::new(THREE);
    assert_eq!(
        run(&project, Some("2")).await.unwrap(),
        "Current version is 2 (2 set):\n\n  + 1 (a)\n  + 2 (b)\n\n"
    );
    assert_eq!(project.history().await, ["1|4|0|0||null", "2|4|0|0||null"]);
    assert_eq!(run(&project, Some("2")).await.unwrap(), "");
    assert_eq!(
        run(&project, Some("3")).await.unwrap(),
        "Current version is 3 (1 set):\n\n  + 3\n\n"
    );
}

#[tokio::test]
async fn rows_above_the_version_are_deleted() {
    let project = Project::new(THREE);
    run(&project, Some("3")).await.unwrap();
    assert_eq!(
        run(&project, Some("1")).await.unwrap(),
        "Current version is 1 (2 removed):\n\n  - 2 (b)\n  - 3\n\n"
    );
    assert_eq!(project.history().await.len(), 1);
}

#[tokio::test]
async fn without_a_version_it_goes_to_the_last_file() {
    let project = Project::new(THREE);
    assert_eq!(
        run(&project, None).await.unwrap_err(),
        "accepts 1 arg(s), received 0"
    );
    run(&project, Some("1")).await.unwrap();
    assert_eq!(
        run(&project, None).await.unwrap(),
        "Current version is 3 (2 set):\n\n  + 2 (b)\n  + 3\n\n"
    );
}

#[tokio::test]
async fn with_an_empty_directory_every_row_is_deleted() {
    let project = Project::new(THREE);
    run(&project, Some("3")).await.unwrap();
    for (name, _) in THREE {
        project.remove(name);
    }
    assert_eq!(
        run(&project, None).await.unwrap(),
        "All revisions deleted (3 in total):\n\n  - 1 (a)\n  - 2 (b)\n  - 3\n\n"
    );
    assert!(project.history().await.is_empty());
}

#[tokio::test]
async fn a_version_without_a_file_is_refused() {
    let project = Project::new(THREE);
    assert_eq!(
        run(&project, Some("4")).await.unwrap_err(),
        "migration with version \"4\" not found"
    );
}

#[tokio::test]
async fn a_half_applied_version_is_resolved_for_good() {
    let project = Project::new(THREE);
    project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    assert_eq!(
        run(&project, Some("3")).await.unwrap(),
        "Current version is 3 (1 set):\n\n  + 3\n\n"
    );
    assert_eq!(project.history().await[2], "3|6|3|3||null");
    assert_eq!(
        run(&project, Some("3")).await.unwrap(),
        "",
        "nothing is left to resolve"
    );
    let outcome = project.apply().await.succeeded();
    assert_eq!(outcome.text, "No migration files to execute\n");
}

#[tokio::test]
async fn a_half_applied_version_below_is_resolved_too() {
    let project = Project::new(&[
        ("1_a.sql", "-- atlas:txmode none\nCREATE TABLE t (a);\nBAD;"),
        ("2_b.sql", "SELECT 1;"),
    ]);
    project.apply().await;
    assert_eq!(
        run(&project, Some("2")).await.unwrap(),
        "Current version is 2 (2 set):\n\n  + 1 (a)\n  + 2 (b)\n\n"
    );
    assert_eq!(
        project.apply().await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn a_row_that_atlas_resolved_only_in_name_is_not_executed_again() {
    let project = Project::new(&[("1_a.sql", "-- atlas:txmode none\nCREATE TABLE t (a);\nBAD;")]);
    project.apply().await;
    project
        .execute("UPDATE atlas_schema_revisions SET type = 6")
        .await;
    let outcome = project.apply().await.succeeded();
    assert_eq!(outcome.text, "No migration files to execute\n");
}

#[tokio::test]
async fn a_file_left_out_of_the_checksums_can_be_set() {
    let project = Project::new(&[
        ("1_a.sql", "-- atlas:sum ignore\nSELECT 1;"),
        ("2_b.sql", "SELECT 1;"),
    ]);
    assert_eq!(
        run(&project, Some("2")).await.unwrap(),
        "Current version is 2 (2 set):\n\n  + 1 (a)\n  + 2 (b)\n\n"
    );
}

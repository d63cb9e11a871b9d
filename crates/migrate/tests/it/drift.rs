//! Applied files that are no longer what was applied.

use shipgate_migrate::Reading;
use shipgate_migrate::plan::ExecOrder;
use shipgate_migrate::status;

use crate::support::{Project, ticking_clock};

async fn applied(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files);
    apply(&project, ExecOrder::Linear).await.succeeded();
    project
}

async fn apply(project: &Project, exec_order: ExecOrder) -> crate::support::Outcome {
    // The moments at which rows are written decide what a row's hash covered.
    let later = project.history_len().await;
    project
        .apply_with(|options| {
            let clock = ticking_clock();
            options.lock.clock = std::sync::Arc::new(move || {
                clock() + jiff::SignedDuration::from_secs(i64::try_from(later).unwrap())
            });
            options.plan.exec_order = exec_order;
        })
        .await
}

impl Project {
    async fn history_len(&self) -> usize {
        match self.tables_with_history().await {
            true => self.history().await.len(),
            false => 0,
        }
    }

    async fn tables_with_history(&self) -> bool {
        !self
            .query("SELECT 1 FROM sqlite_master WHERE name = 'atlas_schema_revisions'")
            .await
            .is_empty()
    }
}

const THREE: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE a (x);\n"),
    ("2_b.sql", "CREATE TABLE b (x);\n"),
    ("3_c.sql", "CREATE TABLE c (x);\n"),
];

#[tokio::test]
async fn an_edited_applied_file_stops_the_run() {
    let project = applied(THREE).await;
    project.write(&[
        ("2_b.sql", "CREATE TABLE b (x, y);\n"),
        ("4_d.sql", "CREATE TABLE d (x);\n"),
    ]);
    let outcome = apply(&project, ExecOrder::Linear).await;
    assert_eq!(
        outcome.error_text(),
        "the history does not match the migration directory: 2_b.sql was edited after it was applied. \
         Put the files back as they were, or allow changed files"
    );
    assert_eq!(project.tables().await, ["a", "b", "c"]);
    let outcome = project
        .apply_with(|options| options.plan.allow_changed = true)
        .await
        .succeeded();
    assert_eq!(
        outcome.warnings,
        ["2_b.sql was edited after it was applied"]
    );
    assert_eq!(project.tables().await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_missing_applied_file_stops_the_run() {
    let project = applied(THREE).await;
    project.remove("2_b.sql");
    assert_eq!(
        apply(&project, ExecOrder::Linear).await.error_text(),
        "the history does not match the migration directory: 2_b.sql was applied but is not in the directory. \
         Put the files back as they were, or allow changed files"
    );
}

#[tokio::test]
async fn status_tells_of_it() {
    let project = applied(THREE).await;
    project.write(&[("3_c.sql", "CREATE TABLE c (x, y);\n")]);
    let directory = project.directory();
    let report = status(&*project.database(), &directory, &Reading::default())
        .await
        .unwrap();
    let changes: Vec<_> = report
        .drift
        .changes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(changes, ["3_c.sql was edited after it was applied"]);
}

#[tokio::test]
async fn a_pending_file_may_be_edited_at_will() {
    let project = applied(THREE).await;
    project.write(&[("4_d.sql", "CREATE TABLE d (x);\n")]);
    project.write(&[("4_d.sql", "CREATE TABLE d (x, y);\n")]);
    apply(&project, ExecOrder::Linear).await.succeeded();
}

#[tokio::test]
async fn files_executed_out_of_order_are_no_edit() {
    let project = applied(THREE).await;
    project.write(&[("2.1_x.sql", "CREATE TABLE x (x);\n")]);
    apply(&project, ExecOrder::NonLinear).await.succeeded();
    project.write(&[("4_d.sql", "CREATE TABLE d (x);\n")]);
    apply(&project, ExecOrder::Linear).await.succeeded();
    project.write(&[("2.2_y.sql", "CREATE TABLE y (x);\n")]);
    apply(&project, ExecOrder::NonLinear).await.succeeded();
    let outcome = apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(outcome.text, "No migration files to execute\n");
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);

    project.write(&[("2.1_x.sql", "CREATE TABLE x (x, y);\n")]);
    let error = apply(&project, ExecOrder::Linear).await.error_text();
    assert!(
        error.contains("2.1_x.sql was edited after it was applied"),
        "{error}"
    );
}

#[tokio::test]
async fn skipped_files_are_no_edit() {
    let project = applied(THREE).await;
    project.write(&[
        ("2.1_x.sql", "CREATE TABLE x (x);\n"),
        ("4_d.sql", "CREATE TABLE d (x);\n"),
    ]);
    apply(&project, ExecOrder::LinearSkip).await.succeeded();
    let outcome = apply(&project, ExecOrder::LinearSkip).await.succeeded();
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
}

#[tokio::test]
async fn an_added_checkpoint_is_no_edit() {
    let project = applied(THREE).await;
    project.write(&[
        ("2.1_x.sql", "-- atlas:checkpoint\n\nCREATE TABLE a (x);\n"),
        ("4_d.sql", "CREATE TABLE d (x);\n"),
    ]);
    let outcome = apply(&project, ExecOrder::Linear).await.succeeded();
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
}

#[tokio::test]
async fn files_squashed_into_a_checkpoint_may_go() {
    let project = applied(THREE).await;
    project.write(&[("3.1_x.sql", "-- atlas:checkpoint\n\nCREATE TABLE a (x);\n")]);
    project.remove("1_a.sql");
    project.remove("2_b.sql");
    project.remove("3_c.sql");
    project.write(&[("4_d.sql", "CREATE TABLE d (x);\n")]);
    apply(&project, ExecOrder::Linear).await.succeeded();
}

#[tokio::test]
async fn behind_a_baseline_nothing_is_claimed_without_proof() {
    let project = Project::new(THREE);
    let outcome = project
        .apply_with(|options| options.plan.baseline = Some("1".to_owned()))
        .await;
    outcome.succeeded();
    project.remove("1_a.sql");
    let outcome = apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(
        outcome.warnings,
        ["whether the files of these versions are still what was applied cannot be told: 2, 3"]
    );
}

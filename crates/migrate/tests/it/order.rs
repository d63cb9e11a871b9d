//! Which files are executed, and in which order.

use std::num::NonZeroUsize;

use shipgate_migrate::plan::{ExecOrder, Limit};

use crate::support::{Outcome, Project};

/// A file that notes its own name.
fn noting(name: &str) -> (String, String) {
    (
        name.to_owned(),
        format!("INSERT INTO log VALUES ('{name}');\n"),
    )
}

async fn project(names: &[&str]) -> Project {
    let project = Project::new(&[]);
    project.execute("CREATE TABLE log (name)").await;
    add(&project, names);
    project
}

fn add(project: &Project, names: &[&str]) {
    for name in names {
        let (name, content) = noting(name);
        project.write(&[(&name, &content)]);
    }
}

async fn apply(project: &Project, exec_order: ExecOrder) -> Outcome {
    project
        .apply_with(|options| {
            options.plan.exec_order = exec_order;
            options.plan.allow_dirty = true;
        })
        .await
}

async fn log(project: &Project) -> Vec<String> {
    project.query("SELECT name FROM log ORDER BY rowid").await
}

#[tokio::test]
async fn names_are_ordered_byte_by_byte() {
    let project = project(&["2_x.sql", "10_x.sql", "2.5.sql", "A.sql", ".hidden.sql"]).await;
    apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(
        log(&project).await,
        [".hidden.sql", "10_x.sql", "2.5.sql", "2_x.sql", "A.sql"]
    );
}

#[tokio::test]
async fn what_is_no_migration_is_left_alone() {
    let project = project(&["1_a.sql"]).await;
    std::fs::write(project.migrations().join("2_b.SQL"), "BAD").unwrap();
    std::fs::create_dir(project.migrations().join("sub")).unwrap();
    std::fs::write(project.migrations().join("sub/3_c.sql"), "BAD").unwrap();
    apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(log(&project).await, ["1_a.sql"]);
}

#[tokio::test]
async fn files_added_behind_the_last_one_are_an_error() {
    let project = project(&["1_a.sql", "3_c.sql"]).await;
    apply(&project, ExecOrder::Linear).await.succeeded();
    add(&project, &["2_b.sql", "4_d.sql"]);
    let outcome = apply(&project, ExecOrder::Linear).await;
    assert_eq!(
        outcome.error_text(),
        "migration file 2_b.sql was added out of order. See: https://atlasgo.io/versioned/apply#non-linear-error"
    );
    assert_eq!(outcome.text, "");
    add(&project, &["2_c.sql"]);
    std::fs::remove_file(project.migrations().join("2_b.sql")).unwrap();
    add(&project, &["2.1_b.sql"]);
    assert_eq!(
        apply(&project, ExecOrder::Linear).await.error_text(),
        "migration files 2.1_b.sql, 2_c.sql were added out of order. \
         See: https://atlasgo.io/versioned/apply#non-linear-error"
    );
    assert_eq!(log(&project).await, ["1_a.sql", "3_c.sql"]);
}

#[tokio::test]
async fn they_can_be_skipped() {
    let project = project(&["1_a.sql", "3_c.sql"]).await;
    apply(&project, ExecOrder::Linear).await.succeeded();
    add(&project, &["2_b.sql", "4_d.sql"]);
    apply(&project, ExecOrder::LinearSkip).await.succeeded();
    assert_eq!(log(&project).await, ["1_a.sql", "3_c.sql", "4_d.sql"]);
}

#[tokio::test]
async fn they_can_be_executed_before_newer_ones() {
    let project = project(&["1_a.sql", "3_c.sql"]).await;
    apply(&project, ExecOrder::Linear).await.succeeded();
    add(&project, &["2_b.sql", "4_d.sql"]);
    let outcome = apply(&project, ExecOrder::NonLinear).await.succeeded();
    assert!(
        outcome
            .text
            .starts_with("Migrating to version 4 from 3 (2 migrations in total):")
    );
    assert_eq!(
        log(&project).await,
        ["1_a.sql", "3_c.sql", "2_b.sql", "4_d.sql"]
    );
}

#[tokio::test]
async fn files_before_the_first_row_are_history_before_history() {
    let project = project(&["2_b.sql"]).await;
    apply(&project, ExecOrder::Linear).await.succeeded();
    add(&project, &["1_a.sql"]);
    assert_eq!(
        apply(&project, ExecOrder::Linear).await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn a_last_row_without_a_file_counts_by_its_version() {
    let project = project(&["1_a.sql", "5_e.sql"]).await;
    apply(&project, ExecOrder::Linear).await.succeeded();
    project.remove("5_e.sql");
    add(&project, &["6_f.sql"]);
    let outcome = project
        .apply_with(|options| options.plan.allow_changed = true)
        .await
        .succeeded();
    assert!(
        outcome.text.starts_with("Migrating to version 6 from 5 "),
        "{}",
        outcome.text
    );
}

#[tokio::test]
async fn an_amount_takes_the_first_ones() {
    let project = project(&["1_a.sql", "2_b.sql", "3_c.sql"]).await;
    let outcome = project
        .apply_with(|options| {
            options.plan.allow_dirty = true;
            options.plan.limit = Limit::Amount(NonZeroUsize::new(2).unwrap());
        })
        .await
        .succeeded();
    assert!(
        outcome
            .text
            .starts_with("Migrating to version 2 (2 migrations in total):")
    );
    assert_eq!(log(&project).await, ["1_a.sql", "2_b.sql"]);
}

#[tokio::test]
async fn a_version_to_stop_at_must_exist() {
    let project = project(&["1_a.sql", "2_b.sql", "3_c.sql"]).await;
    let to = |version: &str| {
        let limit = Limit::Version(version.to_owned());
        project.apply_with(|options| {
            options.plan.allow_dirty = true;
            options.plan.limit = limit;
        })
    };
    assert_eq!(
        to("9").await.error_text(),
        "migration with version \"9\" not found"
    );
    to("2").await.succeeded();
    assert_eq!(log(&project).await, ["1_a.sql", "2_b.sql"]);
    assert_eq!(
        to("1").await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn a_new_database_begins_at_the_last_checkpoint() {
    let project = project(&["1_a.sql", "2_b.sql", "5_e.sql"]).await;
    project.write(&[
        (
            "3_c.sql",
            "-- atlas:checkpoint\n\nINSERT INTO log VALUES ('checkpoint 3');",
        ),
        (
            "4_d.sql",
            "-- atlas:checkpoint v4\r\nINSERT INTO log VALUES ('checkpoint 4');",
        ),
    ]);
    let early = project.apply_with(|options| {
        options.plan.allow_dirty = true;
        options.plan.limit = Limit::Version("2".to_owned());
    });
    assert_eq!(
        early.await.error_text(),
        "version \"2\" is part of checkpoint 4_d.sql, with which a database without history begins; \
         stop there or later"
    );
    apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(log(&project).await, ["checkpoint 4", "5_e.sql"]);
    assert_eq!(project.history().await.len(), 2);
}

#[tokio::test]
async fn a_used_database_passes_over_checkpoints() {
    let project = project(&["1_a.sql", "2_b.sql"]).await;
    apply(&project, ExecOrder::Linear).await.succeeded();
    project.write(&[
        (
            "1.5_x.sql",
            "-- atlas:checkpoint\n\nINSERT INTO log VALUES ('checkpoint');",
        ),
        (
            "3_c.sql",
            "-- atlas:checkpoint\n\nINSERT INTO log VALUES ('checkpoint');",
        ),
    ]);
    add(&project, &["4_d.sql"]);
    apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(log(&project).await, ["1_a.sql", "2_b.sql", "4_d.sql"]);
}

#[tokio::test]
async fn a_half_applied_checkpoint_is_gone_on_with() {
    let project = project(&["1_a.sql", "3_c.sql"]).await;
    project.write(&[(
        "2_b.sql",
        "-- atlas:checkpoint\n-- atlas:txmode none\n\nINSERT INTO log VALUES ('first half');\nBAD;\n",
    )]);
    assert!(apply(&project, ExecOrder::Linear).await.error.is_some());
    project.write(&[(
        "2_b.sql",
        "-- atlas:checkpoint\n-- atlas:txmode none\n\nINSERT INTO log VALUES ('first half');\n\
         INSERT INTO log VALUES ('second half');\n",
    )]);
    apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(
        log(&project).await,
        ["first half", "second half", "3_c.sql"]
    );
}

#[tokio::test]
async fn a_baseline_must_not_be_a_checkpoint() {
    let project = project(&["1_a.sql"]).await;
    project.write(&[("2_b.sql", "-- atlas:checkpoint\n\nSELECT 1;")]);
    let outcome = project
        .apply_with(|options| options.plan.baseline = Some("2".to_owned()))
        .await;
    assert_eq!(outcome.error_text(), "baseline version \"2\" not found");
}

#[tokio::test]
async fn a_file_left_out_of_the_checksums_is_executed() {
    let project = project(&["1_a.sql", "3_c.sql"]).await;
    project.write(&[(
        "2_b.sql",
        "-- atlas:sum ignore\n\nINSERT INTO log VALUES ('2_b.sql');",
    )]);
    apply(&project, ExecOrder::Linear).await.succeeded();
    assert_eq!(log(&project).await, ["1_a.sql", "2_b.sql", "3_c.sql"]);
    assert_eq!(
        project
            .query("SELECT hash FROM atlas_schema_revisions WHERE version = '2'")
            .await,
        [""]
    );
    assert_eq!(
        apply(&project, ExecOrder::Linear).await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn two_files_of_one_version_are_refused_by_name() {
    let project = project(&["1_a.sql", "1_b.sql"]).await;
    let outcome = apply(&project, ExecOrder::Linear).await;
    assert_eq!(
        outcome.error_text(),
        "duplicate migration version \"1\": files 1_a.sql and 1_b.sql; \
         give one of them another version and re-hash the directory"
    );
    assert!(log(&project).await.is_empty());
}

//! `status`, as text and as JSON, to the byte.

use shipgate_migrate::plan::Limit;
use shipgate_migrate::{Reading, TxMode, status, to_json};

use crate::support::Project;

const THREE: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
    (
        "2_b.sql",
        "CREATE TABLE t2 (\n  id int\n);\nINSERT INTO t2 VALUES (1);\n",
    ),
    ("3_c.sql", "CREATE TABLE t3 (id int);\nBAD\n;\nSELECT 1;\n"),
];

async fn text(project: &Project) -> String {
    let directory = project.directory();
    let report = status(&*project.database(), &directory, &Reading::default()).await;
    report.unwrap().to_string()
}

async fn json(project: &Project) -> String {
    let directory = project.directory();
    let report = status(&*project.database(), &directory, &Reading::default()).await;
    let json = to_json(&report.unwrap()).unwrap();
    let json = json.replace(&project.root().display().to_string(), "/project");
    let (_, after_env) = json.split_once("format=atlas\"},").unwrap();
    after_env.to_owned()
}

async fn up_to(project: &Project, version: &str) {
    project
        .apply_with(|options| options.plan.limit = Limit::Version(version.to_owned()))
        .await
        .succeeded();
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_pending_and_stays_away() {
    let project = Project::new(THREE);
    assert_eq!(
        text(&project).await,
        "\
Migration Status: PENDING
  -- Current Version: No migration applied yet
  -- Next Version:    1
  -- Executed Files:  0
  -- Pending Files:   3
"
    );
    assert!(!project.database_file().exists());
}

#[tokio::test]
async fn an_empty_history_in_a_used_database_is_no_error() {
    let project = Project::new(THREE);
    project.execute("CREATE TABLE vendor (a)").await;
    assert!(
        text(&project)
            .await
            .starts_with("Migration Status: PENDING\n")
    );
}

#[tokio::test]
async fn some_files_pending() {
    let project = Project::new(THREE);
    up_to(&project, "2").await;
    assert_eq!(
        text(&project).await,
        "\
Migration Status: PENDING
  -- Current Version: 2
  -- Next Version:    3
  -- Executed Files:  2
  -- Pending Files:   1
"
    );
    assert_eq!(
        json(&project).await,
        concat!(
            r#""Available":[{"Name":"1_a.sql","Version":"1","Description":"a"},{"Name":"2_b.sql","Version":"2","#,
            r#""Description":"b"},{"Name":"3_c.sql","Version":"3","Description":"c"}],"#,
            r#""Pending":[{"Name":"3_c.sql","Version":"3","Description":"c"}],"#,
            r#""Applied":[{"Version":"1","Description":"a","Type":"applied","Applied":1,"Total":1,"#,
            r#""ExecutedAt":"2026-11-20T12:34:05.5Z","ExecutionTime":0,"OperatorVersion":"Shipgate test"},"#,
            r#"{"Version":"2","Description":"b","Type":"applied","Applied":2,"Total":2,"#,
            r#""ExecutedAt":"2026-11-20T12:34:05.5Z","ExecutionTime":0,"OperatorVersion":"Shipgate test"}],"#,
            r#""Current":"2","Next":"3","Status":"PENDING"}"#
        )
    );
}

#[tokio::test]
async fn a_file_that_is_half_applied_without_an_error_has_none() {
    let project = Project::new(THREE);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    assert!(outcome.error.is_some());
    assert!(
        text(&project)
            .await
            .contains("\nLast migration attempt had errors:\n")
    );
    project
        .execute(
            "UPDATE atlas_schema_revisions SET error = '', error_stmt = '' WHERE version = '3'",
        )
        .await;
    assert_eq!(
        text(&project).await,
        "\
Migration Status: PENDING
  -- Current Version: 3 (1 statements applied)
  -- Next Version:    3 (2 statements left)
  -- Executed Files:  3 (last one partially)
  -- Pending Files:   1
"
    );
}

#[tokio::test]
async fn everything_applied() {
    let project = Project::new(&THREE[..2]);
    project.apply().await.succeeded();
    assert_eq!(
        text(&project).await,
        "\
Migration Status: OK
  -- Current Version: 2
  -- Next Version:    Already at latest version
  -- Executed Files:  2
  -- Pending Files:   0
"
    );
}

#[tokio::test]
async fn no_migrations_at_all() {
    let project = Project::new(&[]);
    assert_eq!(
        text(&project).await,
        "\
Migration Status: OK
  -- Current Version: No migration applied yet
  -- Next Version:    Already at latest version
  -- Executed Files:  0
  -- Pending Files:   0
"
    );
    assert_eq!(
        json(&project).await,
        r#""Current":"No migration applied yet","Next":"Already at latest version","Status":"OK"}"#
    );
}

#[tokio::test]
async fn a_file_half_applied() {
    let project = Project::new(THREE);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::None)
        .await;
    assert!(outcome.error.is_some());
    assert_eq!(
        text(&project).await,
        "\
Migration Status: PENDING
  -- Current Version: 3 (1 statements applied)
  -- Next Version:    3 (2 statements left)
  -- Executed Files:  3 (last one partially)
  -- Pending Files:   1

Last migration attempt had errors:
  -- SQL:   BAD ;
  -- ERROR: near \"BAD\": syntax error
"
    );
    let json = json(&project).await;
    assert!(
        json.contains(concat!(
            r#"{"Version":"3","Description":"c","Type":"applied","Applied":1,"Total":3,"#,
            r#""ExecutedAt":"2026-11-20T12:34:05.5Z","ExecutionTime":0,"Error":"near \"BAD\": syntax error","#,
            r#""ErrorStmt":"BAD\n;","OperatorVersion":"Shipgate test"}],"#,
            r#""Current":"3","Next":"3","Count":1,"Total":3,"Status":"PENDING","#,
            r#""Error":"near \"BAD\": syntax error","SQL":"BAD ;"}"#
        )),
        "{json}"
    );
}

#[tokio::test]
async fn the_very_first_file_half_applied() {
    let project = Project::new(&[("1_a.sql", "-- atlas:txmode none\nCREATE TABLE t (a);\nBAD;")]);
    project.apply().await;
    assert!(
        text(&project).await.starts_with(
            "\
Migration Status: PENDING
  -- Current Version: No migration applied yet (1 statements applied)
  -- Next Version:    1 (1 statements left)
  -- Executed Files:  1 (last one partially)
  -- Pending Files:   1
"
        ),
        "{}",
        text(&project).await
    );
}

#[tokio::test]
async fn files_out_of_order() {
    let project = Project::new(&[("1_a.sql", "SELECT 1;"), ("3_b.sql", "SELECT 1;")]);
    project.apply().await.succeeded();
    project.write(&[("2_c.sql", "SELECT 1;"), ("4_d.sql", "SELECT 1;")]);
    assert_eq!(
        text(&project).await,
        "\
Migration Status: PENDING
  -- Current Version: 3
  -- Next Version:    UNKNOWN
  -- Executed Files:  2
  -- Pending Files:   2 (1 out of order)

  ERROR: migration file 2_c.sql was added out of order. See: https://atlasgo.io/versioned/apply#non-linear-error
"
    );
    project.write(&[("2.5_c.sql", "SELECT 1;")]);
    project.remove("4_d.sql");
    assert_eq!(
        text(&project).await,
        "\
Migration Status: PENDING
  -- Current Version: 3
  -- Next Version:    UNKNOWN
  -- Executed Files:  2
  -- Pending Files:   2 (out of order)

  ERROR: migration files 2.5_c.sql, 2_c.sql were added out of order. See: https://atlasgo.io/versioned/apply#non-linear-error
"
    );
    let json = json(&project).await;
    assert!(
        json.starts_with(concat!(
            r#""OutOfOrder":[{"Name":"2.5_c.sql","Version":"2.5","Description":"c"},"#,
            r#"{"Name":"2_c.sql","Version":"2","Description":"c"}],"Applied":["#
        )),
        "{json}"
    );
    assert!(
        json.ends_with(concat!(
            r#""Current":"3","Status":"PENDING","Error":"migration files 2.5_c.sql, 2_c.sql were added out of order. "#,
            r#"See: https://atlasgo.io/versioned/apply#non-linear-error"}"#
        )),
        "{json}"
    );
}

#[tokio::test]
async fn a_checkpoint_comes_next() {
    let project = Project::new(&[
        ("1_a.sql", "SELECT 1;"),
        ("5_e.sql", "-- atlas:checkpoint tag\n\nSELECT 1;"),
    ]);
    assert_eq!(
        text(&project).await,
        "\
Migration Status: PENDING
  -- Current Version: No migration applied yet
  -- Next Version:    5 (checkpoint)
  -- Executed Files:  0
  -- Pending Files:   1
"
    );
    assert_eq!(
        json(&project).await,
        concat!(
            r#""Available":[{"Name":"5_e.sql","Version":"5","Description":"e"}],"#,
            r#""Pending":[{"Name":"5_e.sql","Version":"5","Description":"e"}],"#,
            r#""Current":"No migration applied yet","Next":"5","Status":"PENDING"}"#
        )
    );
}

#[tokio::test]
async fn a_half_applied_file_that_is_gone() {
    let project = Project::new(&[
        ("1_a.sql", "-- atlas:txmode none\nCREATE TABLE t (a);\nBAD;"),
        ("2_b.sql", "SELECT 1;"),
    ]);
    project.apply().await;
    project.remove("1_a.sql");
    let directory = project.directory();
    let error = status(&*project.database(), &directory, &Reading::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "sql/migrate: missing migration: revision \"1_a.sql\" is partially applied but migration file was not found"
    );
}

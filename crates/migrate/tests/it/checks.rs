//! Archives: what must hold before a migration, the migration, and its way back.

use crate::support::Project;

const CREATE: (&str, &str) = ("1_a.sql", "CREATE TABLE users (x);\n");

fn archive(checks: &str) -> String {
    format!(
        "-- atlas:txtar\n\n{checks}-- migration.sql --\nDROP TABLE users;\n\n-- down.sql --\nCREATE TABLE nope (x);\n"
    )
}

#[tokio::test]
async fn checks_that_hold_are_told_before_the_file() {
    let check = "-- checks.sql --\nSELECT NOT EXISTS(SELECT * FROM users);\n\n";
    let project = Project::new(&[CREATE, ("2_b.sql", &archive(check))]);
    let outcome = project.apply().await.succeeded();
    assert_eq!(
        outcome.text,
        "Migrating to version 2 (2 migrations in total):\n\
         \n  -- migrating version 1\n    -> CREATE TABLE users (x);\n  -- ok (0s)\n\
         \n  -- checks before migrating version 2\n    -> SELECT NOT EXISTS(SELECT * FROM users);\n  -- ok (0s)\n\
         \n  -- migrating version 2\n    -> DROP TABLE users;\n  -- ok (0s)\n\
         \n  -------------------------\n  -- 0s\n  -- 2 migrations\n  -- 1 check\n  -- 2 sql statements\n"
    );
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn a_check_that_fails_stops_before_the_first_statement() {
    let check = "-- checks.sql --\nSELECT 1;\nSELECT NOT EXISTS(SELECT * FROM users);\nSELECT count(*) = 2 FROM users;\n";
    let project = Project::new(&[CREATE]);
    project.apply().await.succeeded();
    project.execute("INSERT INTO users VALUES (1)").await;
    project.write(&[("2_b.sql", &archive(check))]);
    let outcome = project.apply().await;
    let error = "2 of 3 assertions failed: check assertion \"SELECT NOT EXISTS(SELECT * FROM users);\" returned false";
    assert_eq!(outcome.error_text(), error);
    assert_eq!(
        outcome.text,
        format!(
            "Migrating to version 2 from 1 (1 migrations in total):\n\
             \n  -- checks before migrating version 2\n    -> SELECT 1;\n    -> SELECT NOT EXISTS(SELECT * FROM users);\n    \
             -> SELECT count(*) = 2 FROM users;\n    {error}\n\
             \n  -------------------------\n  -- 0s\n  -- 1 migration with errors\n  -- 1 check ok, 2 failures\n"
        )
    );
    assert!(
        outcome
            .json
            .contains(r#""Checks":[{"Name":"checks.sql","Stmts":[{"Stmt":"SELECT 1;"},"#),
        "{}",
        outcome.json
    );
    assert_eq!(project.tables().await, ["users"]);
    assert_eq!(project.history().await.len(), 1);

    project
        .execute("DELETE FROM users; INSERT INTO users VALUES (1), (2)")
        .await;
    assert!(project.apply().await.error.is_some());
}

#[tokio::test]
async fn one_true_assertion_is_enough_where_that_is_said() {
    let check = "-- checks/empty.sql --\n-- atlas:assert oneof\nSELECT 0;\nSELECT 1;\n-- checks/x.sql --\nSELECT 'true';\n";
    let project = Project::new(&[CREATE, ("2_b.sql", &archive(check))]);
    let outcome = project.apply().await.succeeded();
    assert!(
        outcome.text.contains("\n  -- 3 checks\n"),
        "{}",
        outcome.text
    );

    let none = "-- checks.sql --\n-- atlas:assert oneof\nSELECT 0;\nSELECT NULL;\n";
    let project = Project::new(&[CREATE, ("2_b.sql", &archive(none))]);
    assert_eq!(
        project.apply().await.error_text(),
        "2 of 2 assertions failed: check assertion \"SELECT 0;\" returned false"
    );
    assert_eq!(project.tables().await, ["users"]);
}

#[tokio::test]
async fn with_one_transaction_for_all_a_failed_check_undoes_all() {
    let project = Project::new(&[
        CREATE,
        ("2_b.sql", &archive("-- checks.sql --\nSELECT 0;\n")),
    ]);
    let outcome = project
        .apply_with(|options| options.tx_mode = shipgate_migrate::TxMode::All)
        .await;
    assert!(outcome.error.is_some());
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn a_check_that_cannot_be_asked_is_told_with_its_place() {
    let project = Project::new(&[
        CREATE,
        ("2_b.sql", &archive("-- checks.sql --\nSELECT nope;\n")),
    ]);
    let outcome = project.apply().await;
    assert_eq!(
        outcome.error_text(),
        "sql/migrate: executing statement \"SELECT nope;\" from version \"2\": no such column: nope"
    );
    let failed = outcome.error.as_ref().unwrap().failed_statement().unwrap();
    assert_eq!((failed.position.line, failed.position.column), (4, 8));
    assert_eq!(project.tables().await, ["users"]);
}

#[tokio::test]
async fn a_check_must_not_change_anything() {
    let project = Project::new(&[
        CREATE,
        (
            "2_b.sql",
            &archive("-- checks.sql --\nDELETE FROM users;\n"),
        ),
    ]);
    assert_eq!(
        project.apply().await.error_text(),
        "sql/migrate: atlas: 2_b.sql:4 a check asks and changes nothing: \"DELETE FROM users;\" is no SELECT"
    );
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn a_dry_run_asks_what_must_hold_before_the_first_file() {
    let project = Project::new(&[CREATE]);
    project.apply().await.succeeded();
    project.write(&[("2_b.sql", &archive("-- checks.sql --\nSELECT 0;\n"))]);
    let outcome = project.apply_with(|options| options.dry_run = true).await;
    assert_eq!(
        outcome.error_text(),
        "1 of 1 assertions failed: check assertion \"SELECT 0;\" returned false"
    );
    assert!(
        outcome.text.contains("\n  -- 1 check error\n"),
        "{}",
        outcome.text
    );
    assert_eq!(project.tables().await, ["users"]);
}

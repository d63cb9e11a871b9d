//! Directories of other tools, executed as those tools would.

use shipgate_migrate::{Reading, hash, status};

use crate::support::Project;

/// The versions of the history, in its own order.
async fn versions(project: &Project) -> Vec<String> {
    project
        .query("SELECT version FROM atlas_schema_revisions ORDER BY executed_at, rowid")
        .await
}

async fn refused(project: &Project) -> String {
    let outcome = project.apply().await;
    assert!(!outcome.error_text().is_empty(), "{}", outcome.text);
    assert!(outcome.statements.is_empty(), "{:?}", outcome.statements);
    outcome.error_text()
}

#[tokio::test]
async fn golang_migrate_executes_the_up_files() {
    let project = Project::in_format(
        "golang-migrate",
        &[
            ("1_a.up.sql", "CREATE TABLE a (x);\nCREATE TABLE b (x);\n"),
            ("1_a.down.sql", "DROP TABLE a;\n"),
            ("2_c.up.sql", "CREATE TABLE c (x);\n"),
        ],
    );
    project.apply().await.succeeded();
    assert_eq!(project.tables().await, ["a", "b", "c"]);
    assert_eq!(
        project
            .query("SELECT version, description FROM atlas_schema_revisions")
            .await,
        ["1|a", "2|c"]
    );
}

#[tokio::test]
async fn goose_executes_the_up_section_with_its_statement_blocks() {
    let project = Project::in_format(
        "goose",
        &[(
            "00001_a.sql",
            "-- +goose Up\nCREATE TABLE a (\n  x,\n  Down text, -- StatementEnd\n  shutdown_at text\n);\n\
             -- +goose StatementBegin\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM a;\nEND;\n\
             -- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;\n",
        )],
    );
    let outcome = project.apply().await.succeeded();
    assert_eq!(outcome.statements.len(), 2);
    assert_eq!(
        project
            .query("SELECT name FROM pragma_table_info('a')")
            .await,
        ["x", "Down", "shutdown_at"]
    );
}

#[tokio::test]
async fn dbmate_executes_the_up_section() {
    let project = Project::in_format(
        "dbmate",
        &[(
            "20261120_a.sql",
            "-- migrate:up\nCREATE TABLE a (\n  x,\n  shutdown_at text\n);\n-- migrate:down\nDROP TABLE a;\n",
        )],
    );
    project.apply().await.succeeded();
    assert_eq!(
        project
            .query("SELECT name FROM pragma_table_info('a')")
            .await,
        ["x", "shutdown_at"]
    );
}

#[tokio::test]
async fn liquibase_executes_its_changesets_and_no_rollback() {
    let project = Project::in_format(
        "liquibase",
        &[(
            "1_a.sql",
            "--liquibase formatted sql\n\n--changeset bob:1\nCREATE TABLE a (x);\n--rollback DROP TABLE a;\n\n\
             --changeset bob:2 dbms:postgresql\nCREATE TABLE b (x serial);\n\n--changeset bob:3\nCREATE TABLE c (x);\n",
        )],
    );
    project.apply().await.succeeded();
    assert_eq!(project.tables().await, ["a", "c"]);
}

#[tokio::test]
async fn flyway_goes_by_numbers_through_all_folders() {
    let project = Project::in_format(
        "flyway",
        &[
            ("V1.2__a.sql", "CREATE TABLE a (x);\n"),
            ("V1.10__c.sql", "ALTER TABLE b ADD y;\n"),
            ("sub/V1_3__b.sql", "ALTER TABLE a RENAME TO b;\n"),
            ("U1.2__a.sql", "DROP TABLE a;\n"),
            (".hidden/V9__x.sql", "BAD;\n"),
        ],
    );
    project.apply().await.succeeded();
    assert_eq!(versions(&project).await, ["1.2", "1_3", "1.10"]);
    let again = project.apply().await.succeeded();
    assert_eq!(again.text, "No migration files to execute\n");

    project.write(&[("V1.11__d.sql", "CREATE TABLE d (x);\n")]);
    let more = project.apply().await.succeeded();
    assert_eq!(more.statements, ["CREATE TABLE d (x);"]);
    assert!(
        more.text
            .starts_with("Migrating to version 1.11 from 1.10 "),
        "{}",
        more.text
    );

    project.write(&[("V1.4__late.sql", "CREATE TABLE late (x);\n")]);
    assert_eq!(
        refused(&project).await,
        "migration file V1.4__late.sql was added out of order. See: https://atlasgo.io/versioned/apply#non-linear-error"
    );
}

#[tokio::test]
async fn flyway_s_repeatables_come_last_and_again_when_they_change() {
    let view = |column: &str| {
        format!("DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT {column} FROM a;\n")
    };
    let project = Project::in_format(
        "flyway",
        &[
            ("R__v.sql", &view("x")),
            ("V1__a.sql", "CREATE TABLE a (x, y);\n"),
        ],
    );
    project.apply().await.succeeded();
    assert_eq!(versions(&project).await, ["1", "R__v"]);
    assert_eq!(
        project.apply().await.succeeded().text,
        "No migration files to execute\n"
    );

    project.write(&[("V2__b.sql", "CREATE TABLE b (x);\n")]);
    let only_the_new = project.apply().await.succeeded();
    assert_eq!(only_the_new.statements, ["CREATE TABLE b (x);"]);

    project.write(&[("R__v.sql", &view("y"))]);
    let again = project.apply().await.succeeded();
    assert_eq!(again.statements.len(), 2, "{:?}", again.statements);
    assert_eq!(
        project
            .query("SELECT name FROM pragma_table_info('v')")
            .await,
        ["y"]
    );
    assert_eq!(versions(&project).await.len(), 3);
    assert_eq!(
        project.apply().await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn flyway_s_repeatable_that_atlas_recorded_without_a_version_is_one_row_for_us() {
    let project = Project::in_format(
        "flyway",
        &[
            ("R__v.sql", "CREATE VIEW v AS SELECT 1;\n"),
            ("V1__a.sql", "CREATE TABLE a (x);\n"),
        ],
    );
    project.apply().await.succeeded();
    project
        .execute(
            "UPDATE atlas_schema_revisions SET version = '' WHERE version = 'R__v'; DROP VIEW v",
        )
        .await;
    let database = project.database();
    let directory = project.directory();
    let report = status(&*database, &directory, &Reading::default())
        .await
        .unwrap();
    let applied: Vec<_> = report
        .applied
        .iter()
        .map(|row| row.version.as_str())
        .collect();
    assert_eq!(applied, ["R__v", "1"]);
}

#[tokio::test]
async fn flyway_s_baseline_begins_an_empty_database_and_nothing_else() {
    let files = [
        ("V1__a.sql", "CREATE TABLE a (x);\n"),
        ("V2__b.sql", "CREATE TABLE b (x);\n"),
        ("V3__c.sql", "CREATE TABLE c (x);\n"),
    ];
    let baseline = ("B2__ab.sql", "CREATE TABLE a (x);\nCREATE TABLE b (x);\n");
    let empty = Project::in_format("flyway", &files);
    empty.write(&[baseline]);
    empty.apply().await.succeeded();
    assert_eq!(versions(&empty).await, ["2", "3"]);

    let full = Project::in_format("flyway", &files);
    full.apply().await.succeeded();
    full.write(&[baseline]);
    assert_eq!(
        full.apply().await.succeeded().text,
        "No migration files to execute\n"
    );

    let behind = Project::in_format("flyway", &files[..1]);
    behind.apply().await.succeeded();
    behind.write(&files[1..]);
    behind.write(&[baseline]);
    let error = refused(&behind).await;
    assert!(
        error.starts_with(
            "the database stands at version \"1\", below baseline migration B2__ab.sql,"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn each_format_s_own_mark_turns_the_transaction_off() {
    let failing = "CREATE TABLE a (x);\nBAD;\n";
    for (format, name, content, settings) in [
        (
            "goose",
            "1_a.sql",
            format!("-- +goose NO TRANSACTION\n-- +goose Up\n{failing}"),
            None,
        ),
        (
            "dbmate",
            "1_a.sql",
            format!("-- migrate:up transaction:false\n{failing}"),
            None,
        ),
        (
            "liquibase",
            "1_a.sql",
            format!("--liquibase formatted sql\n--changeset b:1 runInTransaction:false\n{failing}"),
            None,
        ),
        (
            "flyway",
            "V1__a.sql",
            failing.to_owned(),
            Some("executeInTransaction=false\n"),
        ),
    ] {
        let mut files = vec![(name, content.as_str())];
        if let Some(settings) = settings {
            files.push(("V1__a.sql.conf", settings));
        }
        let project = Project::in_format(format, &files);
        assert!(project.apply().await.error.is_some());
        assert_eq!(project.tables().await, ["a"], "{format}");
    }
    let project = Project::in_format(
        "goose",
        &[("1_a.sql", "-- +goose Up\nCREATE TABLE a (x);\nBAD;\n")],
    );
    assert!(project.apply().await.error.is_some());
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn names_versions_and_orders_that_cannot_be_are_told_with_the_files() {
    let sql = "SELECT 1;\n";
    for (format, names, error) in [
        (
            "golang-migrate",
            ["1_a.up.sql", "01_b.up.sql"],
            "duplicate migration version \"01\": files 01_b.up.sql and 1_a.up.sql; give one of them another version and re-hash the directory",
        ),
        (
            "golang-migrate",
            ["2_a.up.sql", "10_b.up.sql"],
            "migration file 10_b.up.sql would be executed before 2_a.up.sql, but golang-migrate executes it after: \
             its versions are numbers; give them all the same number of digits and re-hash the directory",
        ),
        (
            "goose",
            ["1_a.sql", "x_b.sql"],
            "migration file x_b.sql: goose takes no file whose name does not begin with a number and `_`",
        ),
        (
            "flyway",
            ["V1__a.sql", "sub/V1.0__b.sql"],
            "duplicate migration version \"1\": files V1__a.sql and sub/V1.0__b.sql; give one of them another version and re-hash the directory",
        ),
        (
            "flyway",
            ["R__v.sql", "sub/R__v.sql"],
            "duplicate migration version \"R__v\": files R__v.sql and sub/R__v.sql; give one of them another version and re-hash the directory",
        ),
        (
            "flyway",
            ["V1__a.sql", "V2_b.sql"],
            "migration file V2_b.sql: a versioned migration is called V<numbers with . or _>__<description>.sql",
        ),
        (
            "dbmate",
            ["1_a.sql", "1_b.sql"],
            "duplicate migration version \"1\": files 1_a.sql and 1_b.sql; give one of them another version and re-hash the directory",
        ),
        (
            "dbmate",
            ["1_a.sql", "x.sql"],
            "migration file x.sql: dbmate takes no file whose name does not begin with a digit",
        ),
    ] {
        let project = Project::in_format(format, &[(names[0], sql), (names[1], sql)]);
        assert_eq!(refused(&project).await, error, "{format}");
    }
}

#[tokio::test]
async fn marks_that_are_missing_are_told_with_file_and_line() {
    for (format, content, error) in [
        (
            "goose",
            "CREATE TABLE a (x);\n",
            "sql/migrate: goose: 1_a.sql:1 there is no line '-- +goose Up'",
        ),
        (
            "goose",
            "-- +goose Up\n-- +goose Up\n",
            "sql/migrate: goose: 1_a.sql:2 unexpected goosePragma 'Up'",
        ),
        (
            "dbmate",
            "CREATE TABLE a (x);\n",
            "sql/migrate: dbmate: 1_a.sql:1 there is no line '-- migrate:up'",
        ),
        (
            "liquibase",
            "--changeset nobody\nCREATE TABLE a (x);\n",
            "sql/migrate: liquibase: 1_a.sql:1 a changeset is named '--changeset author:id'",
        ),
    ] {
        let project = Project::in_format(format, &[("1_a.sql", content)]);
        assert_eq!(refused(&project).await, error);
    }
}

#[test]
fn a_goose_migration_in_go_is_not_passed_over() {
    let project = Project::in_format("goose", &[]);
    std::fs::write(project.migrations().join("00002_add.go"), "package m\n").unwrap();
    assert_eq!(
        hash(project.location()).unwrap_err().to_string(),
        "migration file 00002_add.go: it is a migration in Go, which only goose itself can run"
    );
}

#[tokio::test]
async fn an_error_s_place_is_that_in_the_file() {
    let project = Project::in_format(
        "goose",
        &[("1_a.sql", "-- +goose Up\nSELECT 1;\n\nSELECT nope;\n")],
    );
    let outcome = project.apply().await;
    let error = outcome.error.unwrap();
    let failed = error.failed_statement().unwrap();
    assert_eq!((failed.position.line, failed.position.column), (4, 8));
}

#[tokio::test]
async fn the_checksums_cover_the_files_in_the_order_of_execution() {
    let project = Project::in_format(
        "flyway",
        &[
            ("V10__b.sql", "SELECT 1;\n"),
            ("V2__a.sql", "SELECT 1;\n"),
            ("U2__a.sql", "x"),
            ("s/V3__c.sql", "SELECT 1;\n"),
        ],
    );
    let sum = std::fs::read_to_string(project.migrations().join("atlas.sum")).unwrap();
    let names: Vec<_> = sum
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["V2__a.sql", "s/V3__c.sql", "V10__b.sql"]);
}

/// One file of each layout, with a line in its opening comments.
fn with_line(line: &str) -> [(&'static str, &'static str, String); 6] {
    [
        ("atlas", "1_a.sql", format!("{line}\nCREATE TABLE a (x);\n")),
        (
            "golang-migrate",
            "1_a.up.sql",
            format!("{line}\nCREATE TABLE a (x);\n"),
        ),
        (
            "goose",
            "00001_a.sql",
            format!("-- +goose Up\n{line}\nCREATE TABLE a (x);\n-- +goose Down\nDROP TABLE a;\n"),
        ),
        (
            "flyway",
            "V1__a.sql",
            format!("-- About it.\n{line}\nCREATE TABLE a (x);\n"),
        ),
        (
            "liquibase",
            "1_a.sql",
            format!("--liquibase formatted sql\n--changeset ann:1\n{line}\nCREATE TABLE a (x);\n"),
        ),
        (
            "dbmate",
            "1_a.sql",
            format!("-- migrate:up\n{line}\nCREATE TABLE a (x);\n-- migrate:down\nDROP TABLE a;\n"),
        ),
    ]
}

#[tokio::test]
async fn how_long_a_file_waits_is_said_alike_in_every_format() {
    for (format, name, content) in with_line("-- shipgate:lock_timeout soon") {
        let project = Project::in_format(format, &[(name, &content)]);
        let error = refused(&project).await;
        assert!(
            error.contains("`shipgate:lock_timeout soon`: the value must be a duration"),
            "{format}: {error}"
        );
    }
    for (format, name, content) in with_line("-- shipgate:lock_timeout 2s") {
        let project = Project::in_format(format, &[(name, &content)]);
        let outcome = project.apply().await.succeeded();
        assert!(
            outcome.warnings.is_empty(),
            "{format}: {:?}",
            outcome.warnings
        );
    }
}

#[tokio::test]
async fn what_is_almost_a_directive_is_warned_of_in_every_format() {
    for (format, name, content) in with_line("-- shipgate: lock_timeout 2s") {
        let project = Project::in_format(format, &[(name, &content)]);
        let outcome = project.apply().await.succeeded();
        assert!(
            outcome.warnings.len() == 1
                && outcome.warnings[0].contains("did you mean \"-- shipgate:lock_timeout\"?"),
            "{format}: {:?}",
            outcome.warnings
        );
    }
}

#[tokio::test]
async fn a_directive_of_atlas_that_a_format_does_not_have_is_warned_of() {
    for (format, name, content) in with_line("-- atlas:txmode none") {
        let project = Project::in_format(format, &[(name, &content)]);
        let outcome = project.apply().await.succeeded();
        let expected = usize::from(format != "atlas");
        assert_eq!(
            outcome.warnings.len(),
            expected,
            "{format}: {:?}",
            outcome.warnings
        );
    }
}

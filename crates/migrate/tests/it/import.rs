//! `import`: directories of other tools as Atlas directories.

use std::fs;

use shipgate_migrate::directory::{Directory, Location};
use shipgate_migrate::import;

use crate::support::Project;

fn target(project: &Project) -> Location {
    Location::parse(&format!("file://{}/imported", project.root().display())).unwrap()
}

/// The names and contents of what was imported.
fn imported(project: &Project) -> Vec<(String, String)> {
    import(project.location(), &target(project)).unwrap();
    let directory = Directory::open(target(project)).unwrap();
    directory.check_sum().unwrap();
    directory.check_versions().unwrap();
    directory
        .files()
        .iter()
        .map(|file| (file.name().to_owned(), file.text().unwrap().into_owned()))
        .collect()
}

fn names(imported: &[(String, String)]) -> Vec<&str> {
    imported.iter().map(|(name, _)| name.as_str()).collect()
}

fn error(project: &Project) -> String {
    import(project.location(), &target(project))
        .unwrap_err()
        .to_string()
}

#[test]
fn every_statement_is_written_on_its_own_with_its_comments_and_without_the_way_back() {
    let project = Project::in_format(
        "goose",
        &[(
            "001_a.sql",
            "-- +goose Up\n-- the first\nCREATE TABLE a (x); CREATE TABLE b (x)  ;\n\n\
             -- +goose StatementBegin\nCREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END;\n\
             -- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;\n",
        )],
    );
    assert_eq!(
        imported(&project),
        [(
            "001_a.sql".to_owned(),
            "-- the first\nCREATE TABLE a (x);\nCREATE TABLE b (x);\n\
             CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END;\n"
                .to_owned()
        )]
    );
}

#[test]
fn golang_migrate_s_up_files_lose_their_suffix() {
    let project = Project::in_format(
        "golang-migrate",
        &[
            ("1_a.up.sql", "SELECT 1"),
            ("1_a.down.sql", "SELECT 2;\n"),
            ("2.up.sql", "SELECT 3;;\n"),
        ],
    );
    assert_eq!(
        imported(&project),
        [
            ("1_a.sql".to_owned(), "SELECT 1;\n".to_owned()),
            ("2.sql".to_owned(), "SELECT 3;\n".to_owned())
        ]
    );
}

#[test]
fn no_transaction_stays_no_transaction() {
    let project = Project::in_format(
        "dbmate",
        &[(
            "1_a.sql",
            "-- migrate:up transaction:false\nVACUUM;\n-- migrate:down\n",
        )],
    );
    assert_eq!(
        imported(&project),
        [(
            "1_a.sql".to_owned(),
            "-- atlas:txmode none\n\nVACUUM;\n".to_owned()
        )]
    );
}

#[test]
fn a_statement_with_semicolons_in_it_gets_a_delimiter() {
    let function = "CREATE FUNCTION f() RETURNS void AS $$ BEGIN a; b; END $$";
    let content = format!(
        "-- +goose Up\n-- +goose StatementBegin\n{function};\n-- +goose StatementEnd\nSELECT 1;\n"
    );
    let project = Project::in_format("goose", &[("1_a.sql", &content)]);
    assert_eq!(
        imported(&project)[0].1,
        format!("-- atlas:delimiter \\n-- end\n{function}\n-- end\nSELECT 1\n-- end\n")
    );
}

#[test]
fn flyway_s_numeric_order_is_kept() {
    let project = Project::in_format(
        "flyway",
        &[
            ("V1.10__b.sql", "SELECT 3;\n"),
            ("V1.2__c.sql", "SELECT 2;\n"),
            ("V1__a.sql", "SELECT 1;\n"),
            ("R__v.sql", "SELECT 4;\n"),
        ],
    );
    assert_eq!(
        names(&imported(&project)),
        ["1.00_a.sql", "1.02_c.sql", "1.10_b.sql", "1.10r_v.sql"]
    );
}

#[test]
fn flyway_s_versions_stay_as_they_are_where_their_order_does() {
    let project = Project::in_format(
        "flyway",
        &[
            ("V1__a.sql", "SELECT 1;\n"),
            ("sub/V2__b.sql", "SELECT 2;\n"),
            ("R__v.sql", "SELECT 3;\n"),
            ("R__w.sql", "SELECT 4;\n"),
        ],
    );
    assert_eq!(
        names(&imported(&project)),
        ["1_a.sql", "2_b.sql", "2r1_v.sql", "2r2_w.sql"]
    );
}

#[test]
fn what_cannot_be_imported_is_refused_and_nothing_written() {
    let atlas = Project::new(&[("1_a.sql", "SELECT 1;\n")]);
    assert_eq!(
        error(&atlas),
        "cannot import a migration directory already in \"atlas\" format"
    );

    let project = Project::in_format("dbmate", &[("1_a.sql", "SELECT 1;\n")]);
    assert_eq!(
        error(&project),
        "sql/migrate: dbmate: 1_a.sql:1 there is no line '-- migrate:up'"
    );
    assert!(!target(&project).path().exists());

    project.write(&[("1_a.sql", "-- migrate:up\nSELECT 1;\n")]);
    fs::create_dir(target(&project).path()).unwrap();
    fs::write(target(&project).path().join("1_b.sql"), "").unwrap();
    assert_eq!(error(&project), "target migration directory must be empty");
}

#[test]
fn an_empty_source_is_nothing_to_import() {
    let project = Project::in_format("goose", &[]);
    assert!(
        import(project.location(), &target(&project))
            .unwrap()
            .files
            .is_empty()
    );
    assert!(!target(&project).path().exists());
}

//! `hash`, `validate` and `new`, and what a directory can be wrong in.

use std::fs;

use jiff::Timestamp;
use shipgate_migrate::directory::{Directory, File, Location};
use shipgate_migrate::{NewError, ValidateError, hash, new, validate};

use crate::support::Project;

fn location(text: &str) -> Location {
    Location::parse(text).unwrap()
}

fn moment() -> Timestamp {
    "2026-11-20T12:42:57Z".parse().unwrap()
}

#[test]
fn hash_writes_the_checksums() {
    let project = Project::new(&[]);
    fs::write(
        project.migrations().join("1_a.sql"),
        "CREATE TABLE a (id int);\n",
    )
    .unwrap();
    hash(project.location()).unwrap();
    let sum = fs::read_to_string(project.migrations().join("atlas.sum")).unwrap();
    assert!(
        sum.ends_with("\n1_a.sql h1:e72Wd39UNYY4sGrVkNYkCs4GRrWBQ0ASXh73rS+WpU4=\n"),
        "{sum}"
    );
    let names: Vec<_> = fs::read_dir(project.migrations())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "no temporary file is left: {names:?}");
}

#[test]
fn validate_is_content_with_what_hash_wrote() {
    let project = Project::new(&[
        ("1_a.sql", "SELECT 1;"),
        ("2_b.sql", "-- atlas:txmod none\nSELECT 1;"),
    ]);
    let validated = validate(project.directory()).unwrap();
    assert_eq!(validated.warnings.len(), 1);
    assert_eq!(validated.warnings[0].file, "2_b.sql");
}

#[test]
fn validate_names_what_changed() {
    let project = Project::new(&[("1_a.sql", "SELECT 1;"), ("2_b.sql", "SELECT 1;")]);
    fs::write(project.migrations().join("2_b.sql"), "SELECT 2;").unwrap();
    match validate(project.directory()) {
        Err(ValidateError::Checksum(error)) => {
            assert_eq!(error.to_string(), "checksum mismatch");
            assert!(error.notice().contains("\n\tL3: 2_b.sql was edited\n"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_directory_that_is_none_is_told() {
    let project = Project::new(&[]);
    let root = project.root().display().to_string();
    let missing = Directory::open(location(&format!("file://{root}/nope"))).unwrap_err();
    assert_eq!(
        missing.to_string(),
        format!("sql/migrate: stat {root}/nope: no such file or directory")
    );
    fs::write(project.root().join("file"), "").unwrap();
    let file = Directory::open(location(&format!("{root}/file"))).unwrap_err();
    assert_eq!(
        file.to_string(),
        format!("sql/migrate: \"{root}/file\" is not a dir")
    );
    fs::create_dir(project.migrations().join("d.sql")).unwrap();
    let inner = Directory::open(project.location()).unwrap_err();
    assert_eq!(
        inner.to_string(),
        format!("sql/migrate: read file \"d.sql\": read {root}/migrations/d.sql: is a directory")
    );
}

#[test]
fn new_names_a_file_by_the_time_and_hashes() {
    let project = Project::new(&[("1_a.sql", "SELECT 1;")]);
    let created = new(project.location(), Some("add users"), moment()).unwrap();
    assert_eq!(
        created,
        [project.migrations().join("20261120124257_add users.sql")]
    );
    assert_eq!(fs::read(&created[0]).unwrap(), b"");
    validate(project.directory()).unwrap();
}

#[test]
fn new_makes_the_directory_and_gives_way_to_a_taken_version() {
    let project = Project::new(&[]);
    let place = location(&format!(
        "file://{}/db/migrations",
        project.root().display()
    ));
    let name = |created: Vec<std::path::PathBuf>| created[0].file_name().unwrap().to_owned();
    assert_eq!(
        name(new(place.clone(), None, moment()).unwrap()),
        "20261120124257.sql"
    );
    assert_eq!(
        name(new(place.clone(), Some("b"), moment()).unwrap()),
        "20261120124258_b.sql"
    );
    validate(Directory::open(place).unwrap()).unwrap();
}

#[test]
fn new_refuses_a_name_with_a_separator_and_a_changed_directory() {
    let project = Project::new(&[("1_a.sql", "SELECT 1;")]);
    let error = new(project.location(), Some("a/b"), moment()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"a/b\" cannot be part of a migration file's name: it has a path separator"
    );
    fs::write(project.migrations().join("1_a.sql"), "SELECT 2;").unwrap();
    assert!(matches!(
        new(project.location(), None, moment()),
        Err(NewError::Checksum(_))
    ));
    assert_eq!(project.directory().files().len(), 1);
}

#[tokio::test]
async fn apply_stops_at_a_wrong_checksum() {
    let project = Project::new(&[("1_a.sql", "CREATE TABLE a (x);")]);
    fs::write(project.migrations().join("1_a.sql"), "CREATE TABLE b (x);").unwrap();
    let outcome = project.apply().await;
    assert_eq!(outcome.error_text(), "checksum mismatch");
    assert!(!project.database_file().exists());
    fs::remove_file(project.migrations().join("atlas.sum")).unwrap();
    assert_eq!(
        project.apply().await.error_text(),
        "checksum file not found"
    );
}

#[test]
fn new_writes_what_each_format_begins_with() {
    for (format, files) in [
        (
            "golang-migrate",
            vec![
                ("20261120124257_a.down.sql", ""),
                ("20261120124257_a.up.sql", ""),
            ],
        ),
        (
            "goose",
            vec![("20261120124257_a.sql", "-- +goose Up\n\n-- +goose Down\n")],
        ),
        (
            "flyway",
            vec![
                ("U20261120124257__a.sql", ""),
                ("V20261120124257__a.sql", ""),
            ],
        ),
        (
            "liquibase",
            vec![("20261120124257_a.sql", "--liquibase formatted sql")],
        ),
        (
            "dbmate",
            vec![("20261120124257_a.sql", "-- migrate:up\n\n-- migrate:down\n")],
        ),
    ] {
        let project = Project::in_format(format, &[]);
        let mut created = new(project.location(), Some("a"), moment()).unwrap();
        created.sort();
        let found: Vec<(String, String)> = created
            .iter()
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        let expected: Vec<_> = files
            .into_iter()
            .map(|(name, content)| (name.to_owned(), content.to_owned()))
            .collect();
        assert_eq!(found, expected, "{format}");
        validate(project.directory()).unwrap();
    }
}

#[test]
fn a_directory_in_memory_is_valid_and_hides_its_content() {
    let files = [
        ("2_b.sql", "SELECT 2;"),
        ("1_a.sql", "SELECT 1;"),
        ("a.txt", "x"),
    ];
    let files = files.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec()));
    let place = Location::in_memory("mem://m/t", files).unwrap();
    assert!(place.is_in_memory());
    assert!(!format!("{place:?}").contains("SELECT"), "{place:?}");
    let directory = validate(Directory::open(place).unwrap()).unwrap().directory;
    let names: Vec<_> = directory.files().iter().map(File::name).collect();
    assert_eq!(names, ["1_a.sql", "2_b.sql"]);
    assert_eq!(
        directory.location().url_with_format(),
        "mem://m/t?format=atlas"
    );
}

#[test]
fn a_directory_in_memory_has_the_format_its_url_names() {
    let files = ["1_a.up.sql", "1_a.down.sql"].map(|name| (name.to_owned(), Vec::new()));
    let place = Location::in_memory("mem://m/t?format=golang-migrate", files).unwrap();
    let directory = Directory::open(place).unwrap();
    let names: Vec<_> = directory.files().iter().map(File::name).collect();
    assert_eq!(names, ["1_a.up.sql"]);
}

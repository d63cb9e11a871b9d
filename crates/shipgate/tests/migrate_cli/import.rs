//! `import`.

use std::fs;

use crate::support::{Place, said};

#[test]
fn another_tool_s_directory_becomes_an_atlas_directory() {
    let place = Place::empty();
    fs::create_dir(place.path("goose")).unwrap();
    fs::write(
        place.path("goose/001_a.sql"),
        "-- +goose Up\nCREATE TABLE a (x);\n-- +goose Down\nDROP TABLE a;\n",
    )
    .unwrap();
    assert_eq!(
        place.run(&[
            "import",
            "--from",
            "file://goose?format=goose",
            "--to",
            "file://migrations"
        ]),
        said("", "created migrations/001_a.sql\n", 0)
    );
    assert_eq!(place.read("migrations/001_a.sql"), "CREATE TABLE a (x);\n");
    assert_eq!(place.run(&["validate"]), said("", "", 0));
    assert_eq!(
        place.run(&[
            "import",
            "--from",
            "file://goose?format=goose",
            "--to",
            "file://migrations"
        ]),
        said("", "Error: target migration directory must be empty\n", 1)
    );
}

#[test]
fn what_is_atlas_already_or_empty_is_not_imported() {
    let place = Place::with(&[("1_a.sql", "SELECT 1;\n")]);
    assert_eq!(
        place.run(&["import", "--to", "file://other"]),
        said(
            "",
            "Error: cannot import a migration directory already in \"atlas\" format\n\
             hint: name the format of the source: `--from file://db?format=goose`\n",
            1
        )
    );
    fs::create_dir(place.path("empty")).unwrap();
    assert_eq!(
        place.run(&[
            "import",
            "--from",
            "file://empty?format=dbmate",
            "--to",
            "file://other"
        ]),
        said("nothing to import", "", 0)
    );
}

#[test]
fn a_file_that_cannot_be_read_as_its_tool_would_is_told_with_its_line() {
    let place = Place::empty();
    fs::create_dir(place.path("goose")).unwrap();
    fs::write(
        place.path("goose/001_a.sql"),
        "-- +goose Up\n-- +goose Up\n",
    )
    .unwrap();
    assert_eq!(
        place.run(&[
            "import",
            "--from",
            "file://goose?format=goose",
            "--to",
            "file://other"
        ]),
        said(
            "",
            "Error: sql/migrate: goose: 001_a.sql:2 unexpected goosePragma 'Up'\n",
            1
        )
    );
    assert!(!place.path("other").exists());
}

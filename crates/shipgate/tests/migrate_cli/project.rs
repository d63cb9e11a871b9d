//! The directory and the database a project file names.

use std::fs;

use crate::support::{Place, said};

/// A project whose migrations are Flyway's, in two folders.
fn project() -> Place {
    let place = Place::empty();
    let file = "app = \"probe\"\n\n[database]\nurl = \"sqlite://app.db\"\nmigrations = \"file://db?format=flyway\"\n";
    fs::write(place.path("shipgate.toml"), file).unwrap();
    fs::create_dir_all(place.path("db/later")).unwrap();
    fs::write(place.path("db/V2__a.sql"), "CREATE TABLE a (x);\n").unwrap();
    fs::write(place.path("db/U2__a.sql"), "DROP TABLE a;\n").unwrap();
    fs::write(
        place.path("db/later/V10__b.sql"),
        "ALTER TABLE a RENAME TO b;\n",
    )
    .unwrap();
    assert_eq!(place.run_with(&["hash"], None), said("", "", 0));
    place
}

#[test]
fn the_verbs_read_the_directory_in_the_project_s_format() {
    let place = project();
    assert_eq!(
        place.run_with(&["ls"], None),
        said("V2__a.sql\nlater/V10__b.sql\n", "", 0)
    );
    assert_eq!(place.run_with(&["apply"], None).code, 0);
    assert_eq!(place.tables(), ["b"]);
}

#[test]
fn so_does_whatever_else_migrates_the_project() {
    let place = project();
    let migrated = place.program(&["entrypoint", "migrate"], None);
    assert_eq!(migrated.code, 0, "{migrated:?}");
    assert_eq!(place.tables(), ["b"]);
}

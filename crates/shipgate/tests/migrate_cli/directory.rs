//! `hash`, `validate`, `new` and `ls`.

use std::fs;

use crate::support::{Place, said};

const ONE: (&str, &str) = ("1_a.sql", "CREATE TABLE a (id int);\n");
const NOTICE: &str =
    "Please check your migration files and run 'atlas migrate hash' to re-hash the contents\n\n";

#[test]
fn hash_writes_the_checksums_and_says_nothing() {
    let place = Place::with(&[ONE]);
    assert!(
        place
            .read("migrations/atlas.sum")
            .ends_with("\n1_a.sql h1:e72Wd39UNYY4sGrVkNYkCs4GRrWBQ0ASXh73rS+WpU4=\n")
    );
    assert_eq!(place.run(&["validate"]), said("", "", 0));
}

#[test]
fn a_wrong_checksum_stops_every_verb() {
    let place = Place::with(&[ONE]);
    place.write(&[("1_a.sql", "CREATE TABLE b (id int);\n")]);
    let mismatch = said(
        &format!(
            "You have a checksum error in your migration directory.\n\n\tL2: 1_a.sql was edited\n\n{NOTICE}"
        ),
        "Error: checksum mismatch\nhint: if that is meant: shipgate migrate hash\n",
        1,
    );
    for verb in ["apply", "status", "set", "validate", "new"] {
        assert_eq!(place.run(&[verb]), mismatch, "{verb}");
    }
    fs::remove_file(place.path("migrations/atlas.sum")).unwrap();
    assert_eq!(
        place.run(&["validate"]),
        said(
            &format!("You have a checksum error in your migration directory.\n{NOTICE}"),
            "Error: checksum file not found\nhint: if the files are right: shipgate migrate hash\n",
            1
        )
    );
}

#[test]
fn a_missing_directory_is_told() {
    let place = Place::empty();
    assert_eq!(
        place.run(&["validate"]),
        said(
            "",
            "Error: sql/migrate: stat migrations: no such file or directory\n\
             hint: `--dir` names the directory; `shipgate migrate new` begins one\n",
            1
        )
    );
}

#[test]
fn the_command_that_is_told_is_about_the_same_directory() {
    let place = Place::with(&[ONE]);
    place.write(&[("1_a.sql", "CREATE TABLE b (id int);\n")]);
    let refused = place.run(&["status", "--dir", "file://migrations?format=goose"]);
    let told =
        "hint: if that is meant: shipgate migrate hash --dir 'file://migrations?format=goose'\n";
    assert!(refused.stderr.ends_with(told), "{refused:?}");
}

#[test]
fn a_directory_that_cannot_be_read_is_not_taken_for_a_missing_one() {
    let place = Place::with(&[ONE]);
    fs::create_dir(place.path("migrations/2_b.sql")).unwrap();
    assert_eq!(
        place.run(&["apply"]),
        said(
            "",
            "Error: sql/migrate: read file \"2_b.sql\": read migrations/2_b.sql: is a directory\n",
            1
        )
    );
}

#[test]
fn a_format_that_is_none_is_told_with_those_that_are() {
    let place = Place::with(&[ONE]);
    assert_eq!(
        place.run(&["ls", "--dir", "file://migrations?format=goos"]),
        said(
            "",
            "Error: unknown dir format \"goos\"\n\
             hint: known are atlas, golang-migrate, goose, flyway, liquibase, dbmate, \
             and the tools that `shipgate status --tool` knows\n",
            1
        )
    );
}

/// What git leaves when two branches each add a migration.
fn conflict() -> Place {
    let place = Place::with(&[ONE, ("2_ours.sql", "SELECT 2;\n")]);
    let ours = place.read("migrations/atlas.sum");
    fs::remove_file(place.path("migrations/2_ours.sql")).unwrap();
    place.write(&[("3_theirs.sql", "SELECT 3;\n")]);
    assert_eq!(place.run(&["hash"]).code, 0);
    let theirs = place.read("migrations/atlas.sum");
    place.write(&[("2_ours.sql", "SELECT 2;\n")]);
    let line = |text: &str, number: usize| text.lines().nth(number).unwrap().to_owned();
    let both = format!(
        "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> topic\n{}\n<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> topic\n",
        line(&ours, 0),
        line(&theirs, 0),
        line(&ours, 1),
        line(&ours, 2),
        line(&theirs, 2)
    );
    fs::write(place.path("migrations/atlas.sum"), both).unwrap();
    place
}

#[test]
fn a_git_conflict_in_the_checksums_is_told_and_resolved() {
    let place = conflict();
    assert_eq!(
        place.run(&["validate"]),
        said(
            &format!("You have a checksum error in your migration directory.\n{NOTICE}"),
            "Error: checksum file format invalid\n\
             hint: atlas.sum has a git conflict in lines 1 to 5 (HEAD against topic)\n\
             hint: atlas.sum has a git conflict in lines 7 to 11 (HEAD against topic)\n\
             hint: keep the files of both sides, then run: shipgate migrate hash --merge\n",
            1
        )
    );
    assert_eq!(
        place.run(&["hash", "--merge"]),
        said("", "HEAD added 2_ours.sql\ntopic added 3_theirs.sql\n", 0)
    );
    assert_eq!(place.run(&["validate"]), said("", "", 0));
    assert_eq!(
        place.run(&["hash", "--merge"]),
        said("", "Error: atlas.sum has no git conflict to resolve\n", 1)
    );
}

#[test]
fn a_conflict_with_an_edit_in_it_is_not_resolved() {
    let place = conflict();
    place.write(&[("1_a.sql", "CREATE TABLE x (id int);\n")]);
    let before = place.read("migrations/atlas.sum");
    assert_eq!(
        place.run(&["hash", "--merge"]),
        said(
            "",
            "Error: 1_a.sql is not what atlas.sum of \"HEAD\" recorded; put it back as it was there\n",
            1
        )
    );
    assert_eq!(place.read("migrations/atlas.sum"), before);
}

#[test]
fn a_dev_database_shows_what_does_not_run() {
    let place = Place::with(&[ONE, ("2_b.sql", "CREATE TABLE b (x);\nDROP TABLE nope;\n")]);
    let dev = ["validate", "--dev-url", "sqlite://dev?mode=memory"];
    assert_eq!(
        place.run(&dev),
        said(
            "",
            "Error: replaying the migration directory: sql/migrate: read migration directory state: sql/migrate: \
             executing statement \"DROP TABLE nope;\" from version \"2\": no such table: nope\n\
             hint: migrations/2_b.sql:2:1\n",
            1
        )
    );
    place.write(&[("2_b.sql", "CREATE TABLE b (x);\n")]);
    assert_eq!(place.run(&["hash"]).code, 0);
    assert_eq!(place.run(&dev), said("", "", 0));
    place.execute("CREATE TABLE f (x)");
    assert_eq!(
        place.run(&["validate", "--dev-url", "sqlite://app.db"]),
        said(
            "",
            "Error: replaying the migration directory: sql/migrate: taking database snapshot: \
             sql/migrate: connected database is not clean: found table \"f\"\n",
            1
        )
    );
}

#[test]
fn two_files_of_one_version_are_told() {
    let place = Place::with(&[ONE, ("1_b.sql", "SELECT 1;\n")]);
    assert_eq!(
        place.run(&["validate"]),
        said(
            "",
            "Error: duplicate migration version \"1\": files 1_a.sql and 1_b.sql; \
             give one of them another version and re-hash the directory\n",
            1
        )
    );
}

#[test]
fn new_creates_the_files_of_the_format() {
    let place = Place::empty();
    for (format, files) in [
        ("atlas", 1),
        ("golang-migrate", 2),
        ("flyway", 2),
        ("dbmate", 1),
    ] {
        let dir = format!("file://{format}?format={format}");
        let created = place.run(&["new", "users", "--dir", &dir]);
        assert_eq!(
            (created.stdout.as_str(), created.code),
            ("", 0),
            "{created:?}"
        );
        assert_eq!(created.stderr.lines().count(), files);
        assert!(
            created.stderr.starts_with(&format!("created {format}/")),
            "{created:?}"
        );
        assert_eq!(place.run(&["validate", "--dir", &dir]).stderr, "");
    }
}

#[test]
fn ls_lists_names_or_versions() {
    let place = Place::with(&[ONE, ("2_b.sql", "SELECT 1;\n"), ("10_c.sql", "SELECT 1;\n")]);
    assert_eq!(
        place.run(&["ls"]),
        said("10_c.sql\n1_a.sql\n2_b.sql\n", "", 0)
    );
    assert_eq!(place.run(&["ls", "--short"]), said("10\n1\n2\n", "", 0));
    assert_eq!(place.run(&["ls", "--latest"]), said("2_b.sql\n", "", 0));
    assert_eq!(
        place.run(&["ls", "--latest", "--short"]),
        said("2\n", "", 0)
    );
    assert_eq!(
        place.run(&["ls", "--latest", "--output", "json"]),
        said(
            "[{\"Name\":\"2_b.sql\",\"Version\":\"2\",\"Description\":\"b\"}]\n",
            "",
            0
        )
    );
    assert_eq!(
        place.run(&["ls", "--dir", "file://nope"]),
        said(
            "",
            "Error: sql/migrate: stat nope: no such file or directory\n\
             hint: `--dir` names the directory; `shipgate migrate new` begins one\n",
            1
        )
    );
}

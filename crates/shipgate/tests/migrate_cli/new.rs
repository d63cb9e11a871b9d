//! `new --edit`.

use crate::support::{Place, Said};

fn new(place: &Place, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    let environment = [&[("PATH", "/usr/bin:/bin")], environment].concat();
    place.program_with(
        &[&["-q", "migrate", "new"], arguments].concat(),
        &environment,
    )
}

/// The migrations but atlas.sum.
fn files(place: &Place) -> Vec<String> {
    let listed = place.run(&["ls"]).stdout;
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn the_editor_writes_the_file_and_its_checksum_follows() {
    let place = Place::with(&[]);
    std::fs::write(
        place.path("edit"),
        "#!/bin/sh\necho \"$1\" > said\necho 'CREATE TABLE a (x);' > \"$2\"\n",
    )
    .unwrap();
    let edited = new(
        &place,
        &["a", "--edit"],
        &[("VISUAL", "sh edit --flag"), ("EDITOR", "false")],
    );
    assert_eq!((edited.stderr.as_str(), edited.code), ("", 0));
    assert_eq!(place.read("said"), "--flag\n");
    assert_eq!(files(&place).len(), 1);
    assert_eq!(place.run(&["apply"]).code, 0);
    assert_eq!(place.tables(), ["a"]);
}

#[test]
fn an_editor_that_fails_is_an_error_and_the_file_stays() {
    let place = Place::with(&[]);
    let failed = new(&place, &["a", "--edit"], &[("EDITOR", "false")]);
    assert_eq!(failed.code, 1);
    assert!(
        failed.stderr.starts_with(
            "Error: the editor `false` ended with exit status: 1\nhint: the new file stays: "
        ),
        "{failed:?}"
    );
    assert_eq!(files(&place).len(), 1);
    assert_eq!(place.run(&["validate"]).code, 0, "its checksum is right");
}

#[test]
fn directories_of_other_formats_are_not_opened() {
    let place = Place::with(&[]);
    let refused = new(
        &place,
        &["a", "--edit", "--dir", "file://other?format=goose"],
        &[("EDITOR", "true")],
    );
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .stderr
            .starts_with("Error: --edit is for directories of the atlas format")
    );
    assert!(!place.path("other").exists());
}

/// The files below a directory, by name.
fn below(place: &Place, directory: &str) -> Vec<String> {
    let root = place.path(directory);
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path.strip_prefix(&root).unwrap().display().to_string()),
            }
        }
    }
    found.sort_unstable();
    found
}

/// A name with its digits as `0`.
fn shape(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect()
}

#[test]
fn a_tool_s_migration_begins_as_its_own_generator_begins_it() {
    for (format, files) in [
        ("sqlx", &["00000000000000_add_users.sql"][..]),
        (
            "diesel",
            &[
                "0000-00-00-000000_add users/down.sql",
                "0000-00-00-000000_add users/up.sql",
            ],
        ),
        ("refinery", &["V0__add_users.sql"]),
        ("prisma", &["00000000000000_add_users/migration.sql"]),
        ("node-pg-migrate", &["0000000000000_add-users.sql"]),
    ] {
        let place = Place::empty();
        let url = format!("file://db/steps?format={format}");
        let made = new(&place, &["add users", "--dir", &url], &[]);
        assert_eq!((made.stderr.as_str(), made.code), ("", 0), "{format}");
        let found: Vec<String> = below(&place, "db/steps")
            .iter()
            .map(|name| shape(name))
            .collect();
        assert_eq!(found, files, "{format}");
        let again = new(&place, &["more", "--dir", &url], &[]);
        assert_eq!((again.stderr.as_str(), again.code), ("", 0), "{format}");
        assert_eq!(below(&place, "db/steps").len(), 2 * files.len(), "{format}");
    }
}

#[test]
fn sqlx_s_numbers_and_pairs_go_on() {
    let place = Place::empty();
    std::fs::create_dir(place.path("db")).unwrap();
    for way in ["up", "down"] {
        std::fs::write(place.path(&format!("db/0001_a.{way}.sql")), "SELECT 1;").unwrap();
    }
    let made = new(&place, &["b", "--dir", "file://db?format=sqlx"], &[]);
    assert_eq!((made.stderr.as_str(), made.code), ("", 0));
    assert_eq!(
        below(&place, "db"),
        [
            "0001_a.down.sql",
            "0001_a.up.sql",
            "0002_b.down.sql",
            "0002_b.up.sql"
        ]
    );
    assert_eq!(
        place.read("db/0002_b.up.sql"),
        "-- Add up migration script here\n"
    );
}

#[test]
fn where_a_migration_is_more_than_sql_the_tool_s_command_is_named() {
    for (format, words, command) in [
        (
            "knex",
            "the migrations of Knex are not SQL alone",
            "knex migrate:make NAME",
        ),
        (
            "drizzle",
            "Drizzle begins a migration with more than SQL",
            "drizzle-kit generate --custom --name NAME",
        ),
    ] {
        let place = Place::empty();
        let url = format!("file://steps?format={format}");
        let refused = new(&place, &["a", "--dir", &url], &[]);
        assert_eq!(refused.code, 1, "{format}");
        assert!(
            refused.stderr.contains(words) && refused.stderr.contains(command),
            "{refused:?}"
        );
    }
    let place = Place::empty();
    let nameless = new(&place, &["--dir", "file://steps?format=sqlx"], &[]);
    assert!(
        nameless
            .stderr
            .contains("SQLx gives every migration a name"),
        "{nameless:?}"
    );
}

#[test]
fn a_tool_s_directory_has_no_checksums_to_write() {
    let place = Place::empty();
    let refused = place.run(&["hash", "--dir", "file://steps?format=sqlx"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .stderr
            .contains("directories of SQLx have no atlas.sum"),
        "{refused:?}"
    );
    let unknown = place.run(&["hash", "--dir", "file://steps?format=nope"]);
    assert!(
        unknown.stderr.contains("unknown dir format \"nope\""),
        "{unknown:?}"
    );
}

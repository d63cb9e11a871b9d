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

//! Against `sqlite3 <`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection};
use shipgate_sql::{Dialect, split};

use crate::same;

fn sqlite3(database: &Path, input: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), input).expect("written");
    let output = Command::new("sqlite3")
        .args(["-batch", "-bail", "-init", "/dev/null"])
        .arg(database)
        .stdin(Stdio::from(File::open(file.path()).expect("a file")))
        .output()
        .expect("sqlite3 runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// SQLite compiles what it is given up to the end of one statement: of ours
/// nothing may be left.
fn one_by_one(script: &str, database: &Path) {
    let connection = Connection::open(database).expect("opened");
    for statement in split(Dialect::Sqlite, script).expect("valid") {
        let text = statement.text;
        let mut batch = Batch::new(&connection, text);
        let mut compiled = batch
            .next()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .unwrap_or_else(|| panic!("{text}: nothing"));
        let mut rows = compiled.raw_query();
        while rows.next().expect("it runs").is_some() {}
        drop(rows);
        drop(compiled);
        assert!(
            batch.next().expect("valid").is_none(),
            "{text}: more than one"
        );
    }
}

/// Runs a script both ways, compares what is there and returns its dump.
fn check(script: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let (ours, theirs) = (
        directory.path().join("ours"),
        directory.path().join("theirs"),
    );
    sqlite3(&theirs, script);
    one_by_one(script, &ours);
    let dump = sqlite3(&theirs, ".dump");
    let found = sqlite3(&ours, ".dump");
    same(&found, &dump);
    dump
}

#[test]
fn a_script_of_nearly_everything_and_its_dump() {
    let dump = check(include_str!("sqlite.sql"));
    assert!(dump.contains("writable_schema"), "it has virtual tables");
    let again = check(&dump);
    assert_eq!(again, dump);
}

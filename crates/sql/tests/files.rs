//! Scripts of each dialect in `tests/<dialect>`: what is in `ok` splits as the
//! file beside it says, what is in `err` is refused as the file beside it says.
//!
//! After a deliberate change, `cargo test -p shipgate-sql --test files -- --ignored`
//! writes the files beside anew; read their difference.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use shipgate_sql::{
    Dialect, Event, SplitError, SplitMode, SplitOptions, Splitter, Statement, decode, statements,
};

const FOLDERS: [(&str, Dialect); 4] = [
    ("postgres", Dialect::Postgres),
    ("mysql", Dialect::MySql),
    ("mariadb", Dialect::MariaDb),
    ("sqlite", Dialect::Sqlite),
];

fn show(statement: &Statement<'_>, into: &mut String) {
    for comment in &statement.comments {
        let _ = writeln!(into, "## {} comment {:?}", comment.line, comment.text);
    }
    let _ = writeln!(
        into,
        "## {}:{} {:?}{}\n{}",
        statement.line,
        statement.column,
        statement.kind,
        if statement.kind.runs_in_transaction() {
            ""
        } else {
            ", not in a transaction"
        },
        statement.text
    );
}

fn show_error(error: &SplitError) -> String {
    format!(
        "{error}\nbytes {}..{}\nhint: {}\n",
        error.span.start,
        error.span.end,
        error.kind.hint()
    )
}

fn whole(dialect: Dialect, bytes: &[u8]) -> Result<String, SplitError> {
    let text = decode(bytes)?;
    let mut shown = String::new();
    for statement in statements(dialect, SplitMode::Own, text) {
        let statement = statement?;
        show(&statement, &mut shown);
        if let Some(data) = &statement.data {
            let _ = writeln!(shown, "## data\n{}## end of data", data.text);
        }
    }
    Ok(shown)
}

fn streamed(dialect: Dialect, bytes: &[u8], size: usize) -> Result<String, SplitError> {
    let mut splitter = Splitter::new(dialect, SplitOptions::default());
    let mut shown = String::new();
    let mut chunks = bytes.chunks(size);
    let mut is_finished = false;
    while !is_finished {
        match chunks.next() {
            Some(chunk) => splitter.feed(chunk),
            None => {
                splitter.finish();
                is_finished = true;
            }
        }
        while let Some(event) = splitter.next_event()? {
            match event {
                Event::Statement(statement) => {
                    show(&statement, &mut shown);
                    if statement.kind.copies_from_stdin() {
                        shown.push_str("## data\n");
                    }
                }
                Event::CopyData { text, .. } => shown.push_str(text),
                Event::CopyEnd => shown.push_str("## end of data\n"),
            }
        }
    }
    Ok(shown)
}

fn scripts(folder: &str, kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder)
        .join(kind);
    let mut found: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{}", folder.display());
    found
}

/// Checks each script in `kind`, whole and in chunks, against the file beside it.
fn check(kind: &str, show: fn(Result<String, SplitError>) -> String) {
    for (folder, dialect) in FOLDERS {
        for path in scripts(folder, kind) {
            let name = path.display();
            let bytes = fs::read(&path).expect("a script");
            let expected = fs::read_to_string(path.with_extension("expected"))
                .unwrap_or_else(|error| panic!("beside {name}: {error}"));
            assert_eq!(show(whole(dialect, &bytes)), expected, "{name}");
            for size in [1, 7, 100] {
                let found = show(streamed(dialect, &bytes, size));
                assert_eq!(found, expected, "{name} in chunks of {size}");
            }
        }
    }
}

fn show_ok(found: Result<String, SplitError>) -> String {
    found.unwrap_or_else(|error| panic!("{error}"))
}

fn show_err(found: Result<String, SplitError>) -> String {
    match found {
        Ok(statements) => panic!("split into\n{statements}"),
        Err(error) => show_error(&error),
    }
}

#[test]
fn valid_scripts_split_as_expected() {
    check("ok", show_ok);
}

#[test]
fn invalid_scripts_are_refused_where_they_are_wrong() {
    check("err", show_err);
}

#[test]
#[ignore = "writes the files it would compare with"]
fn write_what_is_expected() {
    for (kind, show) in [("ok", show_ok as fn(_) -> _), ("err", show_err)] {
        for (folder, dialect) in FOLDERS {
            for path in scripts(folder, kind) {
                println!("{}", path.display());
                let bytes = fs::read(&path).expect("a script");
                let shown: String = show(whole(dialect, &bytes));
                fs::write(path.with_extension("expected"), shown).expect("written");
            }
        }
    }
}

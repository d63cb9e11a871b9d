//! Prints how long splitting takes per megabyte, ordinary and hard texts.
//!
//! `cargo run --release -p shipgate-sql --example split_speed`
#![expect(clippy::print_stdout, reason = "its figures are its result")]

use std::time::Instant;

use shipgate_sql::{Dialect, SplitMode, statements};

/// A name and the part a text is made of.
const TEXTS: [(&str, &str); 12] = [
    (
        "inserts",
        "INSERT INTO notes (id, title, body) VALUES (12345, 'A title', 'Some words of a body, \
         with a quote '' and more words so that the line is of an ordinary length.');\n",
    ),
    (
        "definitions",
        "-- a table\nCREATE TABLE t (\n  id INTEGER PRIMARY KEY,\n  name TEXT NOT NULL\n);\n",
    ),
    (
        "triggers",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; END;\n",
    ),
    ("semicolons", ";"),
    ("statements of one letter", "a;"),
    ("open suffixes", "$a("),
    ("half comments", "/* ;"),
    ("begins", "BEGIN a; "),
    ("nested begins", "(BEGIN ("),
    ("begin and end", "END; BEGIN "),
    ("quotes", "'a''"),
    ("blank lines", "\n\n-- a"),
];

fn main() {
    const MEGABYTE: usize = 1 << 20;
    println!(
        "{:28}{:>12}{:>12}{:>14}{:>14}",
        "ms per MB", "own 1 MB", "own 16 MB", "atlas 1 MB", "atlas 16 MB"
    );
    for (name, part) in TEXTS {
        let mut line = format!("{name:28}");
        for (mode, width) in [(SplitMode::Own, 12), (SplitMode::AtlasCompatible, 14)] {
            for megabytes in [1, 16] {
                let mut text = part.repeat(megabytes * MEGABYTE / part.len());
                text.push_str("\n; END;");
                let started = Instant::now();
                let found = statements(Dialect::Sqlite, mode, &text).count();
                let each = started.elapsed().as_secs_f64() * 1000.0 / megabytes as f64;
                line += &format!("{each:width$.2}");
                std::hint::black_box(found);
            }
        }
        println!("{line}");
    }
}

//! Prints how fast scripts are split, ordinary and hard ones: megabytes per
//! second of processor time, so that a busy machine does not count.
//!
//! `cargo run --release -p shipgate-sql --example split_speed [megabytes [name]]`
#![expect(clippy::print_stdout, reason = "its figures are its result")]

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use shipgate_sql::{Dialect, SplitMode, SplitOptions, Splitter, statements};

/// A name and the part a text is made of.
const TEXTS: [(&str, &str); 15] = [
    (
        "inserts",
        "INSERT INTO notes (id, title, body) VALUES (12345, 'A title', 'Some words of a body, \
         with a quote '' and more words so that the line is of an ordinary length.');\n",
    ),
    ("rows of an insert", ""),
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
    ("dollars in a name", "a$$"),
    ("half comments", "/* ;"),
    ("begins", "BEGIN a; "),
    ("nested begins", "(BEGIN ("),
    ("begin and end", "END; BEGIN "),
    ("quotes", "'a''"),
    ("escape strings", "E'a'\n"),
    ("blank lines", "\n\n-- a"),
];

fn text(name: &str, part: &str, bytes: usize) -> String {
    if name == "rows of an insert" {
        let row = "(12345,'A title','Some words of a body, with a quote '' and more words'),";
        let insert = format!(
            "INSERT INTO `notes` VALUES {}(1,'','');\n",
            row.repeat(14_000)
        );
        return insert.repeat(bytes.div_ceil(insert.len()));
    }
    let mut text = part.repeat(bytes / part.len());
    text.push_str("\n; END;");
    text
}

/// Seconds of processor time of this process where the system tells, else of
/// the clock.
fn seconds(started: Instant) -> f64 {
    fs::read_to_string("/proc/self/schedstat")
        .ok()
        .and_then(|line| line.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(|| started.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

fn speed(text: &str, run: impl Fn(&str) -> usize) -> f64 {
    let started = Instant::now();
    let before = seconds(started);
    let times = (8 << 20) / text.len() + 1;
    for _ in 0..times {
        black_box(run(black_box(text)));
    }
    (times * text.len()) as f64 / 1e6 / (seconds(started) - before)
}

fn stream(dialect: Dialect, text: &str) -> usize {
    let mut splitter = Splitter::new(dialect, SplitOptions::default());
    let mut found = 0;
    for chunk in text.as_bytes().chunks(256 * 1024) {
        splitter.feed(chunk);
        while matches!(splitter.next_event(), Ok(Some(_))) {
            found += 1;
        }
    }
    splitter.finish();
    while matches!(splitter.next_event(), Ok(Some(_))) {
        found += 1;
    }
    found
}

fn main() {
    let megabytes = std::env::args()
        .nth(1)
        .and_then(|argument| argument.parse().ok())
        .unwrap_or(16);
    println!(
        "{:28}{:12}{:>12}{:>12}{:>12}{:>12}",
        "MB per CPU second",
        "",
        "1 MB",
        format!("{megabytes} MB"),
        "streamed",
        "as Atlas"
    );
    let only = std::env::args().nth(2).unwrap_or_default();
    for (name, part) in TEXTS {
        if !name.contains(&only) {
            continue;
        }
        for dialect in [
            Dialect::Postgres,
            Dialect::MySql,
            Dialect::MariaDb,
            Dialect::Sqlite,
        ] {
            let small = text(name, part, 1 << 20);
            let large = text(name, part, megabytes << 20);
            let own = |text: &str| statements(dialect, SplitMode::Own, text).count();
            let atlas = |text: &str| statements(dialect, SplitMode::AtlasCompatible, text).count();
            println!(
                "{name:28}{:12}{:12.0}{:12.0}{:12.0}{:12.0}",
                dialect.to_string(),
                speed(&small, own),
                speed(&large, own),
                speed(&large, |text| stream(dialect, text)),
                speed(&large, atlas),
            );
        }
    }
}

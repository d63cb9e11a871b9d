//! Prints how fast scripts are split: see `benches/split/run`, which builds and
//! starts this.
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

/// The least processor time of a measurement, in seconds: the system counts in
/// steps of a few milliseconds.
const LEAST: f64 = 0.25;

/// Megabytes per second at which `run` goes through so many bytes.
fn speed(bytes: usize, run: impl Fn() -> usize) -> f64 {
    let started = Instant::now();
    let before = seconds(started);
    let mut times = 0;
    loop {
        black_box(run());
        times += 1;
        let spent = seconds(started) - before;
        if spent >= LEAST {
            return (times * bytes) as f64 / f64::from(1 << 20) / spent;
        }
    }
}

/// Feeds a text so many times, in chunks.
fn stream(dialect: Dialect, text: &str, times: usize) -> usize {
    let mut splitter = Splitter::new(dialect, SplitOptions::default());
    let mut found = 0;
    for _ in 0..times {
        for chunk in text.as_bytes().chunks(256 * 1024) {
            splitter.feed(chunk);
            while matches!(splitter.next_event(), Ok(Some(_))) {
                found += 1;
            }
        }
    }
    splitter.finish();
    while matches!(splitter.next_event(), Ok(Some(_))) {
        found += 1;
    }
    found
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let megabytes = arguments.next().map_or(16, |argument| {
        argument.parse().expect("a number of megabytes")
    });
    let only = arguments.next().unwrap_or_default();
    println!(
        "| script | dialect | 1 MB | {megabytes} MB | streamed: 1 MB | {megabytes} MB | as Atlas: 1 MB | {megabytes} MB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, part) in TEXTS {
        if !name.contains(&only) {
            continue;
        }
        let small = text(name, part, 1 << 20);
        let large = text(name, part, megabytes << 20);
        for dialect in [
            Dialect::Postgres,
            Dialect::MySql,
            Dialect::MariaDb,
            Dialect::Sqlite,
        ] {
            let whole = |mode, text| statements(dialect, mode, black_box(text)).count();
            let own = |text| whole(SplitMode::Own, text);
            let atlas = |text| whole(SplitMode::AtlasCompatible, text);
            let speeds = [
                speed(small.len(), || own(&small)),
                speed(large.len(), || own(&large)),
                speed(small.len(), || stream(dialect, black_box(&small), 1)),
                speed(small.len() * megabytes, || {
                    stream(dialect, black_box(&small), megabytes)
                }),
                speed(small.len(), || atlas(&small)),
                speed(large.len(), || atlas(&large)),
            ]
            .map(|speed| format!("{speed:.0}"))
            .join(" | ");
            println!("| {name} | {dialect} | {speeds} |");
        }
    }
}

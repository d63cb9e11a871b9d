//! Files of ordinary size: a thousand of one statement, and one of thousands.

use std::fmt::Write as _;
use std::path::Path;

use super::Fresh;
use crate::arguments::Arguments;
use crate::beside;
use crate::database::Server;
use crate::work::Work;

/// 1,000 migrations of one statement: every tenth makes a table, the nine after
/// it put a row there.
pub(super) fn thousand(shipgate: &Path) -> Work {
    Work::of(shipgate, (0..1_000).map(statement))
}

/// The statement of the migration with this number, from 0 on.
pub(super) fn statement(number: usize) -> String {
    let table = number / 10;
    match number % 10 {
        0 => format!("CREATE TABLE table_{table} (id integer PRIMARY KEY, body text NOT NULL);\n"),
        row => format!("INSERT INTO table_{table} VALUES ({row}, 'the row''s body; {number}');\n"),
    }
}

pub(super) fn many(server: &Server, arguments: &Arguments) {
    let row = Fresh {
        name: "1,000 files",
        work: &thousand(&arguments.shipgate),
        table: "table_99",
        rows: 9,
    };
    row.compare(server, arguments, &beside::found(arguments));
}

pub(super) fn one(server: &Server, arguments: &Arguments) {
    let mut text = "CREATE TABLE notes (id integer PRIMARY KEY, body text NOT NULL);\n".to_owned();
    for id in 1..=4_000 {
        let _ = writeln!(
            text,
            "INSERT INTO notes VALUES ({id}, 'the body of note {id}');"
        );
    }
    let row = Fresh {
        name: "4,001 statements",
        work: &Work::of(&arguments.shipgate, [text]),
        table: "notes",
        rows: 4_000,
    };
    row.compare(server, arguments, &beside::found(arguments));
}

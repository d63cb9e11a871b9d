//! Files that are larger than the memory they may take.

use super::Fresh;
use crate::arguments::Arguments;
use crate::database::Server;
use crate::work::Work;

const TABLE: &str = "CREATE TABLE notes (id integer PRIMARY KEY, body varchar(400) NOT NULL);\n";

/// Rows of one INSERT, as dumps have them.
const AT_ONCE: usize = 100;

fn body(id: usize) -> String {
    format!("the body of note {id}, ").repeat(8)
}

/// Writes rows until there are so many bytes of them; their count.
fn rows(size: usize, mut write: impl FnMut(usize) -> usize) -> usize {
    let mut bytes = 0;
    let mut id = 0;
    while bytes < size << 20 {
        id += 1;
        bytes += write(id);
    }
    id
}

pub(super) fn script(server: &Server, arguments: &Arguments) {
    let size = arguments.size;
    let mut count = 0;
    let work = Work::written(&arguments.shipgate, |into| {
        into.write_all(TABLE.as_bytes()).expect("written");
        count = rows(size, |id| {
            let (before, after) = match id % AT_ONCE {
                1 => ("INSERT INTO notes VALUES\n", ",\n"),
                0 => ("", ";\n"),
                _ => ("", ",\n"),
            };
            let row = format!("{before}({id}, '{}'){after}", body(id));
            into.write_all(row.as_bytes()).expect("written");
            row.len()
        });
        // The last INSERT is brought to an end with one more row.
        count += 1;
        let head = if count % AT_ONCE == 1 {
            "INSERT INTO notes VALUES\n"
        } else {
            ""
        };
        writeln!(into, "{head}({count}, 'the last');").expect("written");
    });
    compare(server, arguments, "script", &work, count);
}

pub(super) fn copy(server: &Server, arguments: &Arguments) {
    let size = arguments.size;
    let mut count = 0;
    let work = Work::written(&arguments.shipgate, |into| {
        writeln!(into, "{TABLE}COPY notes FROM STDIN;").expect("written");
        count = rows(size, |id| {
            let row = format!("{id}\t{}\n", body(id));
            into.write_all(row.as_bytes()).expect("written");
            row.len()
        });
        into.write_all(b"\\.\n").expect("written");
    });
    compare(server, arguments, "COPY", &work, count);
}

fn compare(server: &Server, arguments: &Arguments, what: &str, work: &Work, count: usize) {
    let row = Fresh {
        name: &format!("{what} of {} MB", arguments.size),
        work,
        table: "notes",
        rows: count as u64,
    };
    row.compare(server, arguments, &[]);
}

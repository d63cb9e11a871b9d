//! Against `mariadb <`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use shipgate_sql::{Dialect, split};
use shipgate_testkit::{MariadbCluster, MariadbDatabase, mariadb};

use crate::same;

/// What a session has run, by the server's own counters. The client also sends
/// comments that no statement follows.
const COUNTERS: &str = "SHOW SESSION STATUS WHERE Variable_name LIKE 'Com\\_%' AND Value > 0 \
    AND Variable_name <> 'Com_empty_query'";

/// Stops the session's clock: both databases are to hold the same times.
const CLOCK: &str = "SET timestamp = 1700000000;\n";

/// Ends every statement of ours; in none of the scripts.
const END: &str = "//the-end//";

fn client(socket: &Path, database: &str) -> Command {
    let mut client = Command::new("mariadb");
    client
        .args(["--no-defaults", "--batch", "--comments", "--user=root"])
        .arg("--default-character-set=utf8mb4")
        .arg(format!("--socket={}", socket.display()))
        .arg(database);
    client
}

/// What the client prints.
fn printed(mut client: Command, input: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), input).expect("written");
    let output = client
        .stdin(Stdio::from(File::open(file.path()).expect("a file")))
        .output()
        .expect("mariadb runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn as_a_file(script: &str, socket: &Path, database: &str) -> String {
    let input = format!("{script}\n;{COUNTERS};\n");
    printed(client(socket, database), &input)
}

/// The client sends what stands before the delimiter as it is.
fn one_by_one(script: &str, socket: &Path, database: &str) -> String {
    assert!(!script.contains(END));
    let mut input = format!("DELIMITER {END}\n");
    for statement in split(Dialect::MariaDb, script).expect("valid") {
        let text = statement.text;
        input.push_str(text.strip_suffix(';').unwrap_or(text));
        input.push_str(&format!("\n{END}\n"));
    }
    printed(
        client(socket, database),
        &format!("{input}{COUNTERS}\n{END}\n"),
    )
}

const EVERYTHING: [&str; 3] = ["--routines", "--events", "--triggers"];

/// Runs a script both ways and compares what was printed, what the server
/// counted and what is there.
fn check(script: &str, prepare: &str) -> MariadbDatabase {
    let (ours, theirs) = (mariadb().database(), mariadb().database());
    for database in [&ours, &theirs] {
        database.mariadb(prepare);
    }
    let socket = mariadb().socket();
    let expected = as_a_file(script, &socket, theirs.name());
    same(&one_by_one(script, &socket, ours.name()), &expected);
    // A dump names the database it was made of.
    let dump = |database: &MariadbDatabase| {
        database
            .dump(&EVERYTHING)
            .replace(database.name(), "the_database")
    };
    same(&dump(&ours), &dump(&theirs));
    ours
}

#[test]
fn a_script_of_nearly_everything_and_its_dumps() {
    let script = format!("{CLOCK}{}", include_str!("mariadb.sql"));
    let database = check(&script, "");
    for style in [
        &[][..],
        &["--skip-extended-insert", "--complete-insert", "--hex-blob"],
        &["--skip-comments", "--skip-quote-names", "--no-data"],
        &["--skip-opt", "--add-drop-trigger", "--replace"],
        &["--skip-comments", "--no-create-info", "--skip-triggers"],
    ] {
        let mut options = style.to_vec();
        let mut prepare = String::new();
        if style.contains(&"--no-create-info") {
            prepare = database.dump(&["--no-data", "--skip-triggers"]);
        } else {
            options.extend(EVERYTHING);
        }
        check(&database.dump(&options), &prepare);
    }
}

/// They name the databases they are for: each way gets a server of its own.
#[test]
fn the_scripts_that_mariadb_comes_with() {
    let (ours, theirs) = (MariadbCluster::private(), MariadbCluster::private());
    let folder = Path::new("/usr/share/mysql");
    let sys_schema = fs::read_dir(folder)
        .expect("MariaDB's scripts")
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with("_sys_schema.sql"))
        .expect("the script of the sys schema");
    for cluster in [&ours, &theirs] {
        printed(client(&cluster.socket(), "mysql"), "DROP DATABASE sys");
    }
    for path in [sys_schema, folder.join("fill_help_tables.sql")] {
        let script = fs::read_to_string(path).unwrap();
        let script = format!("{CLOCK}{script}");
        same(
            &one_by_one(&script, &ours.socket(), "mysql"),
            &as_a_file(&script, &theirs.socket(), "mysql"),
        );
    }
    for what in [
        &["--databases", "sys"][..],
        &[
            "mysql",
            "help_topic",
            "help_keyword",
            "help_relation",
            "help_category",
        ],
    ] {
        same(&dump(&ours.socket(), what), &dump(&theirs.socket(), what));
    }
}

fn dump(socket: &Path, what: &[&str]) -> String {
    let output = Command::new("mariadb-dump")
        .args(["--no-defaults", "--user=root", "--skip-dump-date"])
        .arg(format!("--socket={}", socket.display()))
        .args(EVERYTHING)
        .args(what)
        .output()
        .expect("mariadb-dump runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

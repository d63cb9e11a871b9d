//! Against `psql -f`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use shipgate_sql::{Dialect, split};
use shipgate_testkit::{PostgresCluster, PostgresDatabase};

use crate::same;

/// A cluster that logs every statement it is sent.
fn postgres() -> &'static PostgresCluster {
    static SHARED: OnceLock<PostgresCluster> = OnceLock::new();
    SHARED.get_or_init(|| PostgresCluster::with(&[("log_statement", "all")]))
}

/// How many statements a database was sent: one message with two is one.
fn statements_sent(database: &PostgresDatabase) -> usize {
    let entry = format!("@{} LOG:  statement: ", database.name());
    postgres().log().matches(&entry).count()
}

/// `psql`, silent about nothing but its own settings.
fn psql(database: &PostgresDatabase) -> Command {
    let mut psql = Command::new(postgres().program("psql"));
    psql.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
        .arg(database.url());
    psql
}

/// What it prints: the rows and tags of every statement.
fn printed(mut psql: Command) -> String {
    let output = psql.output().expect("psql runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

fn as_a_file(script: &str, database: &PostgresDatabase) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), script).expect("written");
    let mut psql = psql(database);
    psql.arg("-f").arg(file.path());
    printed(psql)
}

/// `psql` sends what stands behind each `-c` as it is, all in one session, and
/// reads the rows of `COPY` from its standard input.
fn one_by_one(script: &str, database: &PostgresDatabase) -> String {
    let mut psql = psql(database);
    let mut rows = String::new();
    for statement in split(Dialect::Postgres, script).expect("valid") {
        psql.arg("-c").arg(statement.text);
        if let Some(data) = statement.data {
            rows.push_str(data.text);
            rows.push_str("\\.\n");
        }
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), rows).expect("written");
    psql.stdin(Stdio::from(file.reopen().expect("a file")));
    printed(psql)
}

/// Runs a script both ways and compares what was printed and what is there.
fn check(script: &str, prepare: &str, dump: &[&str]) -> PostgresDatabase {
    let (ours, theirs) = (postgres().database(), postgres().database());
    for database in [&ours, &theirs] {
        database.psql(prepare);
    }
    let expected = as_a_file(script, &theirs);
    same(&one_by_one(script, &ours), &expected);
    assert_eq!(statements_sent(&ours), statements_sent(&theirs));
    same(&ours.dump(dump), &theirs.dump(dump));
    ours
}

#[test]
fn a_script_of_nearly_everything_and_its_dumps() {
    let database = check(include_str!("postgres.sql"), "", &[]);
    for style in [
        &[][..],
        &["--clean", "--if-exists"],
        &["--inserts", "--quote-all-identifiers"],
        &["--column-inserts", "--rows-per-insert=100"],
        &["--schema-only", "--no-comments"],
        &["--data-only", "--disable-triggers"],
    ] {
        let dump = Command::new(postgres().program("pg_dump"))
            .args(style)
            .arg(database.url())
            .output()
            .unwrap();
        let dump = String::from_utf8(dump.stdout).unwrap();
        assert!(dump.contains("\\restrict"), "{style:?}");
        let prepare = if style.contains(&"--data-only") {
            database.dump(&["--schema-only"])
        } else {
            String::new()
        };
        check(&dump, &prepare, &[]);
    }
}

/// They are written for the catalog's own schemas, which are there already.
#[test]
fn the_scripts_that_postgresql_builds_its_catalogs_with() {
    let output = Command::new(postgres().program("pg_config"))
        .arg("--sharedir")
        .output()
        .unwrap();
    let folder = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    for (name, from, to) in [
        (
            "information_schema.sql",
            "information_schema",
            "information_copy",
        ),
        ("system_functions.sql", "", ""),
    ] {
        let script = fs::read_to_string(folder.join(name)).unwrap();
        check(&script.replace(from, to), "", &[]);
    }
}

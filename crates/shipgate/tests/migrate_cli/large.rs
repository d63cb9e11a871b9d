//! Scripts that are larger than what the program may have.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use shipgate_testkit::Running;

use crate::support::Place;

/// A script of this many bytes.
const SCRIPT: usize = 32 << 20;

/// What the program may allocate, with its stacks.
const MEMORY: usize = 24 << 20;

#[test]
fn a_script_larger_than_the_memory_there_is_is_applied() {
    let place = Place::with(&[]);
    let rows = write_script(&place);
    assert_eq!(place.run(&["hash"]).code, 0);
    let output = Command::new("prlimit")
        .arg(format!("--data={MEMORY}"))
        .arg(env!("CARGO_BIN_EXE_shipgate"))
        .args(["migrate", "apply", "--url", "sqlite://app.db"])
        .current_dir(place.root())
        .env_clear()
        .env("TMPDIR", place.root())
        // Every arena of glibc's would reserve more than this.
        .env("MALLOC_ARENA_MAX", "1")
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success(), "{}", output.status);
    let status = place.run(&["status"]);
    assert!(status.stdout.contains("Migration Status: OK"), "{status:?}");
    let said = place.run(&["status", "--format", "{{ json . }}"]);
    assert!(
        said.stdout.contains(&format!("\"Total\":{}", rows + 1)),
        "{said:?}"
    );
}

#[test]
fn a_long_file_tells_in_json_how_far_it_is_while_it_runs() {
    let place = Place::with(&[(
        "1_long.sql",
        "CREATE TABLE t (id INTEGER PRIMARY KEY);\n\
         WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) INSERT INTO t SELECT max(n) FROM c;\n",
    )]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_shipgate"));
    command
        .args([
            "migrate",
            "apply",
            "--url",
            "sqlite://app.db",
            "--output",
            "json",
        ])
        .current_dir(place.root())
        .env_clear()
        .env("TMPDIR", place.root());
    let mut run = Running::start(command);
    run.until("a line of progress", |run| run.stdout().ends_with('\n'));
    run.kill();
    let told = run.wait().stdout;
    let told: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    for (key, value) in [
        ("type", json!("progress")),
        ("schema", json!(1)),
        ("file", json!("1_long.sql")),
        ("statements", json!(2)),
        ("done", json!(1)),
    ] {
        assert_eq!(told[key], value, "{told}");
    }
    assert_eq!(told["statement"]["line"], json!(2), "{told}");
    assert!(told["elapsed_ms"].is_u64() && told["statement"]["elapsed_ms"].is_u64());
}

/// Writes one table and statements that fill it, and says how many of them.
fn write_script(place: &Place) -> usize {
    let file = File::create(place.path("migrations").join("1_large.sql")).unwrap();
    let mut script = BufWriter::new(file);
    writeln!(
        script,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);"
    )
    .unwrap();
    let text = "a line of text ".repeat(600);
    let (mut statements, mut written) = (0, 0);
    while written < SCRIPT {
        let statement = format!("INSERT INTO t VALUES ({statements}, '{text}');\n");
        script.write_all(statement.as_bytes()).unwrap();
        written += statement.len();
        statements += 1;
    }
    script.flush().unwrap();
    statements
}

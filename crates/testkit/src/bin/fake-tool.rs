//! A migration tool for tests: what a release command of an app may do.
//!
//! `fake-tool [--sql STATEMENTS] [--print TEXT] [--warn TEXT] [--mark FILE]
//! [--wait-for FILE] [--eat MEGABYTES] [--exit CODE]`, carried out in the
//! order given; SQL goes to the SQLite file of $DATABASE_URL.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a tool writes is its log"
)]

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        let done = match flag.as_str() {
            "--sql" => migrate(&value),
            "--print" => {
                println!("{value}");
                Ok(())
            }
            "--warn" => {
                eprintln!("{value}");
                Ok(())
            }
            "--mark" => std::fs::write(&value, "").map_err(|error| format!("{value}: {error}")),
            "--wait-for" => {
                while !Path::new(&value).exists() {
                    thread::sleep(Duration::from_millis(10));
                }
                Ok(())
            }
            "--eat" => {
                eat(value.parse().unwrap_or(1));
                Ok(())
            }
            "--exit" => return ExitCode::from(value.parse::<u8>().unwrap_or(1)),
            other => Err(format!("what is {other}?")),
        };
        if let Err(problem) = done {
            eprintln!("fake-tool: {problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn migrate(statements: &str) -> Result<(), String> {
    let url = std::env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set".to_owned())?;
    let path = url
        .strip_prefix("sqlite://")
        // As Rails wants it.
        .or_else(|| url.strip_prefix("sqlite3://"))
        .ok_or_else(|| "DATABASE_URL is not SQLite's".to_owned())?;
    let path = path.split('?').next().unwrap_or(path);
    if let Some(parent) = Path::new(path).parent() {
        std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
    }
    Connection::open(path)
        .and_then(|database| database.execute_batch(statements))
        .map_err(|error| error.to_string())
}

/// Takes memory and touches it, a megabyte at a time, and then stays.
fn eat(megabytes: usize) {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    for _ in 0..megabytes {
        eaten.push(vec![1; 1_000_000]);
        thread::sleep(Duration::from_millis(2));
    }
    println!("ate {} MB", eaten.len());
}

//! A migration tool without any memory of its own: `run-sql FILE` executes the
//! file's statements on the SQLite database of `DATABASE_URL`, every time.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: run-sql FILE")?;
    let url = std::env::var("DATABASE_URL")?;
    let path = url
        .strip_prefix("sqlite://")
        .ok_or("DATABASE_URL is not sqlite://PATH")?;
    let database = rusqlite::Connection::open(path)?;
    database.busy_timeout(std::time::Duration::from_secs(10))?;
    database.execute_batch(&std::fs::read_to_string(file)?)?;
    Ok(())
}

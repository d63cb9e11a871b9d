//! The engine on real SQLite databases in temporary directories.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cancel;
mod checks;
mod concurrency;
mod crash;
mod directories;
mod drift;
mod dry_run;
mod foreign_keys;
mod formats;
mod history;
mod import;
mod json;
mod large;
#[path = "../scenarios/mortal.rs"]
mod mortal;
mod order;
mod patience;
mod replay;
mod resume;
mod set;
mod speed;
mod status;
mod support;
mod text;
mod transactions;
mod verify;

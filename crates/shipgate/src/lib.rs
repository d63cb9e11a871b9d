//! The program `shipgate`: flags to settings, wiring, printing, exit codes.
//!
//! Everything that acts is in the crates below; this one gives a release its
//! Migrator, Backup, Builder, Runtime and Traffic, and reads its stream.

mod atlas;
mod cli;
mod commands;
mod error;
mod printer;
mod question;
mod report;
mod signals;
mod site;
mod wiring;

use std::ffi::OsString;
use std::process::ExitCode;

pub use cli::command;

/// Runs the program with these arguments (the first is its name).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // A machine's keeper is this program too: it must stay small, so it goes
    // its own way before anything else is set up.
    if let [_, verb, directory] = arguments.as_slice()
        && verb == wiring::keeper::VERB
    {
        return shipgate_runtime::process::keeper::run(directory.as_ref());
    }
    if let [_, verb, owner, directory] = arguments.as_slice()
        && verb == wiring::keeper::VERB_WHILE
        && let Some(owner) = owner.to_str().and_then(|owner| owner.parse().ok())
    {
        return shipgate_runtime::process::keeper::run_while(owner, directory.as_ref());
    }
    if let [_, verb] = arguments.as_slice()
        && verb == wiring::lock_keeper::VERB
    {
        return wiring::lock_keeper::run();
    }
    match atlas::called_so(&arguments) {
        Some(arguments) => atlas::run(arguments),
        None => cli::run(arguments),
    }
}

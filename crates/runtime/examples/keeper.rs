//! The keeper alone, as the tests start it. The product's binary does the same
//! behind a hidden command.
//!
//! Usage: keeper [--sampling] MACHINE-DIRECTORY

use std::path::PathBuf;
use std::process::ExitCode;

use shipgate_runtime::process::keeper::{self, MemoryControl};

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let directory = arguments.pop().map(PathBuf::from).unwrap_or_default();
    let control = if arguments.iter().any(|argument| argument == "--sampling") {
        MemoryControl::Sampling
    } else {
        MemoryControl::Kernel
    };
    keeper::run_with(&directory, control)
}

//! The README's tour, run as it stands there.
//!
//! Every fenced `console` block of README.md is run in one shell, in a copy of
//! this workspace that is a git repository of its own, and what a command
//! prints (both streams, as on a terminal) is compared with what the README
//! shows below it. `SHIPGATE_UPDATE=1` writes what was printed into the README
//! instead; then cargo does all it is asked to, which takes minutes.
//!
//! What is different from a reader's terminal:
//!
//! - `cargo run --release -- ...` runs the shipgate under test, and
//!   `cargo build --release -p notes ...`, the example's build command, builds
//!   the copy's source with the real cargo but without optimising. The script
//!   in `cargo.rs` is all of that.
//! - Cargo's own lines are not shown.
//! - The front door's port is a free one instead of 8080.
//! - Times, dates, sizes, checksums and the number of requests are compared as
//!   such, not by value.

mod cargo;
mod normal;
mod readme;
mod shell;
mod workspace;

use cargo::Cargo;
use normal::normal;
use readme::Readme;
use shell::Shell;
use workspace::Workspace;

#[test]
fn every_command_of_the_readme_prints_what_the_readme_shows() {
    let mut readme = Readme::read();
    let update = std::env::var_os("SHIPGATE_UPDATE").is_some();
    let cargo = if update { Cargo::Real } else { Cargo::Quick };
    let workspace = Workspace::copy(&cargo);
    let mut shell = Shell::start(&workspace);
    let commands = readme.commands();
    assert!(commands.len() > 10, "the tour has lost its commands");
    for (at, command) in commands.iter().enumerate() {
        let printed = shell.run(&command.text);
        if update {
            readme.shows(at, &printed);
        } else {
            assert_eq!(
                normal(&printed),
                normal(&command.output),
                "README.md:{}: $ {}\n\nit printed:\n{printed}",
                command.line,
                command.text,
            );
        }
    }
    if update {
        readme.write();
    }
}

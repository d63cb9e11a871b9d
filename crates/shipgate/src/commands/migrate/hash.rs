//! `shipgate migrate hash`.

use super::screen::Screen;
use super::{DirectoryFlags, target};
use crate::error::{CliError, Exit};

/// Arguments of `shipgate migrate hash`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
    /// Accepted for old scripts; the checksums are always written
    #[arg(long, hide = true)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Exit, CliError> {
    let location = match target::location(&arguments.directory, screen)? {
        Ok(location) => location,
        Err(exit) => return Ok(exit),
    };
    match shipgate_migrate::hash(location) {
        Ok(_) => Ok(Exit::Done),
        Err(error) => screen.fail("migrations-directory", &error.to_string(), &[]),
    }
}

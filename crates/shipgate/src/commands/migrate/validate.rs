//! `shipgate migrate validate`.

use shipgate_migrate::ValidateError;

use super::screen::Screen;
use super::{DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};

/// Arguments of `shipgate migrate validate`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
}

pub(super) fn run(arguments: &Arguments, app: &App, screen: &mut Screen) -> Result<Exit, CliError> {
    let location = match target::location(&arguments.directory, screen)? {
        Ok(location) => location,
        Err(exit) => return Ok(exit),
    };
    match shipgate_migrate::validate(location) {
        Ok(validated) => {
            for warning in &validated.warnings {
                app.printer
                    .warn(&format!("{}: {}", warning.file, warning.warning));
            }
            Ok(Exit::Done)
        }
        Err(ValidateError::Checksum(error)) => screen.fail_checksum(&error),
        Err(ValidateError::Directory(error)) => {
            screen.fail("migrations-directory", &error.to_string(), &[])
        }
    }
}

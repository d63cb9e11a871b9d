//! `shipgate migrate new [NAME]`.

use jiff::Timestamp;
use shipgate_atlas_config::Wanted;
use shipgate_migrate::NewError;

use super::config::Config;
use super::screen::Screen;
use super::{DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};

/// Arguments of `shipgate migrate new`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What the file is about; the version before it is the time
    #[arg(value_name = "NAME")]
    name: Vec<String>,
    #[command(flatten)]
    directory: DirectoryFlags,
}

pub(super) async fn run(
    arguments: &Arguments,
    config: &Config<'_>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let name = match arguments.name.as_slice() {
        [] => None,
        [name] => Some(name.as_str()),
        several => {
            let message = format!("accepts at most 1 arg(s), received {}", several.len());
            return screen.fail("usage", &message, &[]);
        }
    };
    let settings = match config
        .single(Wanted::Directory, &arguments.directory.project, screen)
        .await?
    {
        Ok(settings) => settings,
        Err(exit) => return Ok(exit),
    };
    let location = match target::writable(&arguments.directory, &settings, screen)? {
        Ok(location) => location,
        Err(exit) => return Ok(exit),
    };
    match shipgate_migrate::new(location, name, Timestamp::now()) {
        Ok(created) => {
            for path in created {
                app.printer.say(&format!("created {}", path.display()));
            }
            Ok(Exit::Done)
        }
        Err(NewError::Checksum(error)) => screen.fail_checksum(&error),
        Err(NewError::Directory(error)) => {
            screen.fail("migrations-directory", &error.to_string(), &[])
        }
    }
}

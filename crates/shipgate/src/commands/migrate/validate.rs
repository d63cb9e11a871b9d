//! `shipgate migrate validate`.

use std::sync::Arc;

use shipgate_atlas_config::Wanted;
use shipgate_database::{Database, DatabaseUrl, open};
use shipgate_migrate::ValidateError;

use super::config::Config;
use super::screen::Screen;
use super::target::Found;
use super::{DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::wiring::client::client_settings;

/// Arguments of `shipgate migrate validate`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
    /// An empty database; the migrations are tried on one like it in memory: sqlite://dev?mode=memory
    #[arg(long, value_name = "URL")]
    dev_url: Option<String>,
}

pub(super) async fn run(
    arguments: Arguments,
    config: &Config<'_>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let settings = match config
        .single(Wanted::Development, &arguments.directory.project, screen)
        .await?
    {
        Ok(settings) => settings,
        Err(exit) => return Ok(exit),
    };
    let location = match target::location(&arguments.directory, &settings, screen)? {
        Ok(location) => location,
        Err(exit) => return Ok(exit),
    };
    let directory = match shipgate_migrate::validate(location) {
        Ok(validated) => {
            for warning in &validated.warnings {
                app.printer
                    .warn(&format!("{}: {}", warning.file, warning.warning));
            }
            validated.directory
        }
        Err(ValidateError::Checksum(error)) => return screen.fail_checksum(&error),
        Err(ValidateError::Directory(error)) => {
            return screen.fail("migrations-directory", &error.to_string(), &[]);
        }
    };
    let dev_url = settings.or(arguments.dev_url.as_deref(), |env| env.dev.as_ref());
    let Some(dev_url) = dev_url else {
        return Ok(Exit::Done);
    };
    let dev = match dev_database(&dev_url, screen)? {
        Ok(dev) => dev,
        Err(exit) => return Ok(exit),
    };
    match shipgate_migrate::replay(&directory, dev.as_ref()).await {
        Ok(()) => Ok(Exit::Done),
        Err(error) => screen.fail("migration-failed", &error.to_string(), &error.hints()),
    }
}

fn dev_database(text: &str, screen: &mut Screen) -> Result<Found<Arc<dyn Database>>, CliError> {
    let here = std::env::current_dir().unwrap_or_default();
    let url = match DatabaseUrl::parse(text, &here) {
        Ok(url) => url,
        Err(error) => return Ok(Err(screen.fail("database-url", &error.to_string(), &[])?)),
    };
    match open(&url, &client_settings()) {
        Ok(database) => Ok(Ok(database)),
        Err(error) => Ok(Err(screen.fail(
            "database-open",
            &error.to_string(),
            &[],
        )?)),
    }
}

//! `shipgate migrate validate`.

use shipgate_atlas_config::Wanted;
use shipgate_database::ConnectOptions;
use shipgate_migrate::ValidateError;

use super::config::Config;
use super::repeated::Repeated;
use super::screen::Screen;
use super::source::source;
use super::{DirectoryFlags, ReachFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::wiring::notice::wait_hook;

/// Arguments of `shipgate migrate validate`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
    /// An empty database on which the migrations are tried, and which is empty again afterwards; of
    /// SQLite one in memory: sqlite://dev?mode=memory
    #[arg(long, value_name = "URL")]
    dev_url: Option<String>,
    #[command(flatten)]
    reach: ReachFlags,
}

pub(super) async fn run(
    arguments: Arguments,
    config: &Config<'_>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let settings = match config
        .single(
            Wanted::Development,
            &arguments.directory.project,
            Some(&arguments.reach),
            screen,
        )
        .await?
    {
        Ok(settings) => settings,
        Err(exit) => return Ok(exit),
    };
    let source = match source(&arguments.directory, None, &settings, app, screen).await? {
        Ok(source) => source,
        Err(exit) => return Ok(exit),
    };
    let directory = match shipgate_migrate::validate(source.into_directory()) {
        Ok(validated) => {
            for warning in &validated.warnings {
                app.printer
                    .warn(&format!("{}: {}", warning.file, warning.warning));
            }
            validated.directory
        }
        Err(ValidateError::Checksum(error)) => {
            let repeated = Repeated::of_directory(config.flags(), &arguments.directory);
            return screen.fail_checksum(&error, &repeated.directory_flags());
        }
        Err(ValidateError::Directory(error)) => {
            return screen.fail("migrations-directory", &error.to_string(), &[]);
        }
    };
    let dev_url = settings.or(arguments.dev_url.as_deref(), |env| env.dev.as_ref());
    let Some(dev_url) = dev_url else {
        return Ok(Exit::Done);
    };
    let here = std::env::current_dir().unwrap_or_default();
    let base = match &arguments.dev_url {
        Some(_) => here,
        None => here.join(&arguments.directory.project),
    };
    let dev = match target::development(&dev_url, &base, &arguments.reach, screen)? {
        Ok(dev) => dev,
        Err(exit) => return Ok(exit),
    };
    let reaching = ConnectOptions {
        connect_timeout: dev.connect_timeout,
        on_wait: Some(wait_hook(app)),
        ..ConnectOptions::default()
    };
    match shipgate_migrate::replay(&directory, dev.database.as_ref(), &reaching).await {
        Ok(()) => Ok(Exit::Done),
        Err(error) => screen.fail("migration-failed", &error.to_string(), &error.hints()),
    }
}

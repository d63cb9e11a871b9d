//! `shipgate migrate ls`.

use shipgate_atlas_config::Wanted;
use shipgate_migrate::Listed;
use shipgate_migrate::report::FileEntry;

use super::DirectoryFlags;
use super::config::Config;
use super::screen::Screen;
use super::source::source;
use crate::cli::App;
use crate::error::{CliError, Exit};

/// Arguments of `shipgate migrate ls`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
    /// Show the versions alone
    #[arg(short, long)]
    short: bool,
    /// Show the last migration alone
    #[arg(short, long)]
    latest: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    config: &Config<'_>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let settings = match config
        .single(
            Wanted::Directory,
            &arguments.directory.project,
            None,
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
    let listed = if arguments.latest {
        Listed::Latest
    } else {
        Listed::All
    };
    let files = shipgate_migrate::list(source.directory(), listed);
    if screen.wants_json() {
        let entries: Vec<_> = files.iter().map(FileEntry::of).collect();
        return screen.write_json(&entries);
    }
    for file in files {
        let shown = if arguments.short {
            file.version()
        } else {
            file.name()
        };
        screen.write(&format!("{shown}\n"))?;
    }
    Ok(Exit::Done)
}

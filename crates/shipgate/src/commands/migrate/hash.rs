//! `shipgate migrate hash`.

use shipgate_atlas_config::Wanted;
use shipgate_migrate::HashError;
use shipgate_migrate::directory::Location;
use shipgate_migrate::sum::MergedSide;

use super::config::Config;
use super::screen::Screen;
use super::{DirectoryFlags, target};
use crate::cli::App;
use crate::error::{CliError, Exit};

/// Arguments of `shipgate migrate hash`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    directory: DirectoryFlags,
    /// Resolve a git conflict in atlas.sum, provided that both sides only added files
    #[arg(long)]
    merge: bool,
    /// Accepted for old scripts; the checksums are always written
    #[arg(long, hide = true)]
    force: bool,
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
    if let Some(tool) = target::address(&arguments.directory, &settings)?.tool_alone() {
        let message = format!(
            "directories of {} have no atlas.sum: there is nothing to write",
            tool.title()
        );
        return screen.fail("migrations-directory", &message, &[]);
    }
    let location = match target::writable(&arguments.directory, &settings, screen)? {
        Ok(location) => location,
        Err(exit) => return Ok(exit),
    };
    if arguments.merge {
        return merge(location, app, screen);
    }
    match shipgate_migrate::hash(location) {
        Ok(_) => Ok(Exit::Done),
        Err(error) => screen.fail("migrations-directory", &error.to_string(), &[]),
    }
}

fn merge(location: Location, app: &App, screen: &mut Screen) -> Result<Exit, CliError> {
    match shipgate_migrate::hash_merged(location) {
        Ok(merge) => {
            for side in [merge.ours, merge.theirs] {
                app.printer.say(&shown(&side));
            }
            Ok(Exit::Done)
        }
        Err(HashError::Directory(error)) => {
            screen.fail("migrations-directory", &error.to_string(), &[])
        }
        Err(HashError::Merge(error)) => screen.fail("checksum", &error.to_string(), &[]),
    }
}

fn shown(side: &MergedSide) -> String {
    let name = match side.name.as_str() {
        "" => "one side",
        name => name,
    };
    match side.added.as_slice() {
        [] => format!("{name} added nothing"),
        files => format!("{name} added {}", files.join(", ")),
    }
}

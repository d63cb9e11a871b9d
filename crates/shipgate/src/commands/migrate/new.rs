//! `shipgate migrate new [NAME]`.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use shipgate_atlas_config::Wanted as WantedConfig;
use shipgate_migrate::NewError;
use shipgate_migrate::directory::Location;
use shipgate_migrate::formats;
use shipgate_tools::Tool;

use super::config::Config;
use super::repeated::Repeated;
use super::screen::Screen;
use super::target::Address;
use super::{DirectoryFlags, editor, target};
use crate::cli::App;
use crate::error::{CliError, Exit};
use crate::wiring::native::{Wanted, migrations};

/// Arguments of `shipgate migrate new`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What the file is about; the version before it is the time
    #[arg(value_name = "NAME")]
    name: Vec<String>,
    #[command(flatten)]
    directory: DirectoryFlags,
    /// Open the file in $VISUAL, else $EDITOR, else vi; a directory of the atlas format only
    #[arg(long)]
    edit: bool,
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
        .single(
            WantedConfig::Directory,
            &arguments.directory.project,
            None,
            screen,
        )
        .await?
    {
        Ok(settings) => settings,
        Err(exit) => return Ok(exit),
    };
    let address = target::address(&arguments.directory, &settings)?;
    if let Some(tool) = address.tool_alone() {
        return of_tool(tool, &address, &arguments.directory, name, app, screen);
    }
    let location = match target::writable(&arguments.directory, &settings, screen)? {
        Ok(location) => location,
        Err(exit) => return Ok(exit),
    };
    if arguments.edit && location.format().name() != formats::default().name() {
        let message = "--edit is for directories of the atlas format; edit the files yourself, then run `shipgate migrate hash`";
        return screen.fail("flag", message, &[]);
    }
    match shipgate_migrate::new(location.clone(), name, Timestamp::now()) {
        Ok(created) => {
            for path in &created {
                app.printer.say(&format!("created {}", path.display()));
            }
            match created.first().filter(|_| arguments.edit) {
                Some(path) => edited(path, location, screen),
                None => Ok(Exit::Done),
            }
        }
        Err(NewError::Checksum(error)) => {
            let repeated = Repeated::of_directory(config.flags(), &arguments.directory);
            screen.fail_checksum(&error, &repeated.directory_flags())
        }
        Err(NewError::Directory(error)) => {
            screen.fail("migrations-directory", &error.to_string(), &[])
        }
    }
}

/// Begins a migration as the tool's own generator does.
fn of_tool(
    tool: &'static dyn Tool,
    address: &Address<'_>,
    flags: &DirectoryFlags,
    name: Option<&str>,
    app: &App,
    screen: &mut Screen,
) -> Result<Exit, CliError> {
    let code = "migrations-directory";
    let own = match tool.generator() {
        "" => Vec::new(),
        command => vec![format!("its own command: `{command}`")],
    };
    if tool.native().is_none() {
        let message = format!("the migrations of {} are not SQL alone", tool.title());
        return screen.fail(code, &message, &own);
    }
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let message = format!("{} gives every migration a name", tool.title());
        let hint = "name it: `shipgate migrate new NAME`".to_owned();
        return screen.fail("usage", &message, &[hint]);
    };
    let directory = address.path();
    if let Some(path) = directory.as_deref().filter(|path| !path.exists()) {
        fs::create_dir_all(path).map_err(|error| {
            CliError::new(code, format!("cannot make {}: {error}", path.display()))
        })?;
    }
    let wanted = Wanted {
        project: &flags.project,
        directory,
        format: Some(tool.name()),
        table: None,
    };
    let native = match migrations(&wanted) {
        Ok(Some(native)) => native,
        Ok(None) => {
            let message = format!("{} has no migrations to go on with", tool.title());
            return screen.fail(code, &message, &own);
        }
        Err(refusal) => return screen.fail(code, &refusal.message, &refusal.hints),
    };
    let begun = native
        .native
        .beginning(&native.directory, name, Timestamp::now());
    let Some(files) = begun else {
        let message = format!("{} begins a migration with more than SQL", tool.title());
        return screen.fail(code, &message, &own);
    };
    match shipgate_migrate::create(native.directory.location().path(), name, &files) {
        Ok(created) => {
            for path in created {
                app.printer.say(&format!("created {}", path.display()));
            }
            Ok(Exit::Done)
        }
        Err(error) => screen.fail(code, &error.to_string(), &[]),
    }
}

/// Opens a new file in the user's editor and writes the checksums anew,
/// whatever became of it.
fn edited(path: &Path, location: Location, screen: &mut Screen) -> Result<Exit, CliError> {
    let failed = editor::open(path).err();
    if let Err(error) = shipgate_migrate::hash(location) {
        return screen.fail("migrations-directory", &error.to_string(), &[]);
    }
    match failed {
        None => Ok(Exit::Done),
        Some(error) => {
            let hint = format!("the new file stays: {}", path.display());
            screen.fail("editor", &error, &[hint])
        }
    }
}

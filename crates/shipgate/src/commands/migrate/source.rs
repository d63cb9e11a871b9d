//! The migrations a verb works on, and who keeps their history.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

use shipgate_database::DatabaseUrl;
use shipgate_migrate::directory::Directory;
use shipgate_migrate::history::HistoryChoice;
use shipgate_migrate::plan::ExecOrder;
use shipgate_migrate::{TxMode, formats};
use shipgate_tools::{NativeDirectory, NativeError};
use tokio::task::spawn_blocking;

use super::config::Settings;
use super::screen::Screen;
use super::target::{Address, Found, address};
use super::{DatabaseFlags, DirectoryFlags, HistoryKind};
use crate::cli::{App, Voice};
use crate::error::CliError;
use crate::wiring::native::{Wanted, migrations};

/// The migrations a verb works on.
pub(super) enum Source {
    /// In Atlas's history, or in a layout that has no other.
    Atlas(Box<Directory>),
    /// A tool's own; whether somebody said so.
    Tool(Box<NativeDirectory>, Said),
}

/// Whether somebody said that a tool's own history is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    No,
}

impl Source {
    pub(super) fn directory(&self) -> &Directory {
        match self {
            Self::Atlas(directory) => directory,
            Self::Tool(native, _) => &native.directory,
        }
    }

    pub(super) fn into_directory(self) -> Directory {
        match self {
            Self::Atlas(directory) => *directory,
            Self::Tool(native, _) => native.directory,
        }
    }

    /// From where a relative path in an app's `file:` URL is meant, if not from
    /// the working directory.
    pub(super) fn database_directory(&self) -> Option<&Path> {
        match self {
            Self::Atlas(_) => None,
            Self::Tool(native, _) => native.database_directory.as_deref(),
        }
    }

    /// What a file behind the last applied one means where nobody says so.
    pub(super) fn exec_order(&self) -> ExecOrder {
        match self {
            Self::Atlas(_) => ExecOrder::default(),
            Self::Tool(native, _) => native.exec_order,
        }
    }

    /// What one transaction spans where nobody says so.
    pub(super) fn tx_mode(&self) -> TxMode {
        match self {
            Self::Atlas(_) => TxMode::default(),
            Self::Tool(native, _) => native.tx_mode,
        }
    }

    /// Who keeps the history; `schema` is that of Atlas's. The directory
    /// becomes that for this kind of database.
    pub(super) fn history(
        &mut self,
        url: &DatabaseUrl,
        schema: Option<String>,
    ) -> Result<HistoryChoice, NativeError> {
        if let Self::Tool(native, _) = self {
            native.read_for(url.dialect())?;
        }
        match self {
            Self::Atlas(_) => Ok(HistoryChoice::Atlas { schema }),
            Self::Tool(native, Said::Yes) => native.history(url),
            Self::Tool(native, Said::No) => native.assumed_history(url),
        }
    }
}

/// The migrations, and whose they are. Those in a layout of Atlas's are read on
/// another thread, so that a connection can be made meanwhile.
pub(super) async fn source(
    flags: &DirectoryFlags,
    history: Option<&DatabaseFlags>,
    settings: &Settings,
    app: &App,
    screen: &mut Screen,
) -> Result<Found<Source>, CliError> {
    let address = address(flags, settings)?;
    let said = history.and_then(|flags| flags.history);
    let schema = history.and_then(|flags| settings.revisions_schema(flags));
    let is_atlas = said == Some(HistoryKind::Atlas)
        || schema.is_some_and(|schema| !schema.is_empty())
        || app.voice == Voice::Atlas
        || settings.environment.is_some()
        || address.rendered.is_some()
        || (said.is_none() && has_sum(&address));
    if !is_atlas {
        let wanted = Wanted {
            project: &flags.project,
            directory: directory_of(&address),
            format: address.format().or(address.tool.as_deref()),
            table: address.table.as_deref(),
        };
        match migrations(&wanted) {
            Ok(None) => {}
            Ok(Some(native)) => {
                if wanted.format.is_none() {
                    app.printer.say(&announcement(&native));
                }
                let said = match said {
                    Some(_) => Said::Yes,
                    None => Said::No,
                };
                return Ok(Ok(Source::Tool(Box::new(native), said)));
            }
            Err(refusal) => {
                let code = "migrations-directory";
                return Ok(Err(screen.fail(code, &refusal.message, &refusal.hints)?));
            }
        }
    }
    let location = match address.location() {
        Ok(location) => location,
        Err(error) => {
            let message = error.to_string();
            return Ok(Err(screen.fail(
                "migrations-directory",
                &message,
                &error.hints(),
            )?));
        }
    };
    let opened = spawn_blocking(move || Directory::open(location)).await;
    match opened.unwrap_or_else(|ended| resume_unwind(ended.into_panic())) {
        Ok(directory) => Ok(Ok(Source::Atlas(Box::new(directory)))),
        Err(error) => {
            let mut hints = error.hints();
            if error.is_missing() {
                hints.push(
                    "`--dir` names the directory; `shipgate migrate new` begins one".to_owned(),
                );
            }
            let message = error.to_string();
            Ok(Err(screen.fail(
                "migrations-directory",
                &message,
                &hints,
            )?))
        }
    }
}

/// `Prisma: prisma/migrations, history _prisma_migrations`.
fn announcement(native: &NativeDirectory) -> String {
    let path = native.directory.location().path();
    let here = std::env::current_dir().unwrap_or_default();
    let directory = path.strip_prefix(&here).unwrap_or(path).display();
    let title = native.tool.title();
    format!("{title}: {directory}, history {}", native.table)
}

/// Whether Atlas's checksums are there, in a layout that Atlas reads.
fn has_sum(address: &Address<'_>) -> bool {
    let is_read_by_atlas = |name| formats::named(name).is_ok();
    address.format().is_none_or(is_read_by_atlas)
        && address
            .path()
            .is_some_and(|path| path.join("atlas.sum").is_file())
}

/// The directory that is meant: one that nobody named is meant only if it is there.
fn directory_of(address: &Address<'_>) -> Option<PathBuf> {
    address
        .path()
        .filter(|path| address.is_named || Path::is_dir(path))
}

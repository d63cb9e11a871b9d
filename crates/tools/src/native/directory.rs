//! A tool's directory, ready to be applied.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use shipgate_database::DatabaseUrl;
use shipgate_migrate::TxMode;
use shipgate_migrate::directory::{Directory, DirectoryError, File, Location};
use shipgate_migrate::formats::{Format, NewFile};
use shipgate_migrate::history::HistoryChoice;
use shipgate_migrate::plan::ExecOrder;
use shipgate_sql::Dialect;

use super::history::{AtlasBeside, ToolHistory};
use super::ledger::Ledger;
use crate::project::{Project, ReadError};
use crate::reading::all_or_nothing;
use crate::tool::{Settings, Tool};

/// How a tool's migrations are applied without it.
pub trait Native: fmt::Debug + Send + Sync {
    /// How its files are laid out.
    fn format(&self) -> &'static dyn Format;

    /// What it does with a file that is added behind the last applied one.
    fn exec_order(&self, project: &Project) -> ExecOrder;

    /// What one transaction of its own spans.
    fn tx_mode(&self, _project: &Project) -> TxMode {
        TxMode::File
    }

    /// Whether its directory holds other migrations for other kinds of databases.
    fn differs_by_database(&self) -> bool {
        false
    }

    /// Its directory, read.
    ///
    /// # Errors
    /// A file cannot be read, or says what cannot be applied without the tool.
    fn directory(
        &self,
        _project: &Project,
        path: PathBuf,
        _settings: &Settings,
    ) -> Result<Directory, NativeError> {
        let location = Location::with_format(&path, self.format());
        Ok(ordered(Directory::open(location)?)?)
    }

    /// The files with which its own generator begins a migration behind those
    /// that are there; nothing if it makes more than SQL, or there is none.
    fn beginning(
        &self,
        _directory: &Directory,
        _name: &str,
        _now: Timestamp,
    ) -> Option<Vec<NewFile>> {
        None
    }

    /// Its history table.
    ///
    /// # Errors
    /// Its configuration says what cannot be done without it.
    fn ledger(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Arc<dyn Ledger>, NativeError>;

    /// Whether Atlas reads this layout too, with a history of its own.
    fn is_read_by_atlas(&self) -> bool {
        false
    }
}

/// The same in the order of versions, if the tool goes by that: to Atlas, which
/// goes by names, `10_b` before `9_a` is a mistake.
fn ordered(directory: Directory) -> Result<Directory, DirectoryError> {
    let format = directory.location().format();
    let by_version = |a: &File, b: &File| format.compare_versions(a.version(), b.version());
    if !format.goes_by_version()
        || directory
            .files()
            .is_sorted_by(|a, b| by_version(a, b).is_le())
    {
        return Ok(directory);
    }
    let mut files = directory.files().to_vec();
    files.sort_by(by_version);
    Directory::of_files(directory.location().clone(), files, None)
}

/// Why a tool's migrations cannot be applied without it.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// They are no SQL.
    #[error("the migrations of {0} are not applied without it")]
    NotNative(&'static str),
    /// They cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// They cannot be read as files to be executed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The tool is told something that only it can do.
    #[error("{0}")]
    Setting(String),
}

/// A tool's directory and its history.
#[derive(Debug)]
pub struct NativeDirectory {
    /// The tool.
    pub tool: &'static dyn Tool,
    /// How it is applied.
    pub native: &'static dyn Native,
    /// The files.
    pub directory: Directory,
    /// What it does with a file that is added behind the last applied one.
    pub exec_order: ExecOrder,
    /// What one transaction spans.
    pub tx_mode: TxMode,
    /// The history table's name.
    pub table: String,
    /// From where a relative path in a `file:` URL of a database is meant, if
    /// that is not the working directory.
    pub database_directory: Option<PathBuf>,
    root: PathBuf,
    settings: Settings,
    ledger: Arc<dyn Ledger>,
}

/// Opens the migrations of a tool.
///
/// # Errors
/// [`NativeError`].
pub fn open(
    tool: &'static dyn Tool,
    project: &Project,
    settings: &Settings,
) -> Result<NativeDirectory, NativeError> {
    let native = tool
        .native()
        .ok_or_else(|| NativeError::NotNative(tool.title()))?;
    all_or_nothing(project, || opened(tool, native, project, settings))
}

fn opened(
    tool: &'static dyn Tool,
    native: &'static dyn Native,
    project: &Project,
    settings: &Settings,
) -> Result<NativeDirectory, NativeError> {
    let migrations = tool.read(project, settings)?;
    let place = migrations.place();
    let path = place.directories.first().map_or("", String::as_str);
    let directory = native.directory(project, project.root().join(path), settings)?;
    let ledger = native.ledger(project, settings)?;
    Ok(NativeDirectory {
        tool,
        native,
        directory,
        exec_order: native.exec_order(project),
        tx_mode: native.tx_mode(project),
        table: place.history.clone(),
        database_directory: tool.database_directory(project),
        root: project.root().to_owned(),
        settings: settings.clone(),
        ledger,
    })
}

impl NativeDirectory {
    /// Becomes what it is for databases of a kind, where that makes a difference.
    ///
    /// # Errors
    /// As [`open`].
    pub fn read_for(&mut self, dialect: Dialect) -> Result<(), NativeError> {
        if self.native.differs_by_database() && self.settings.dialect != Some(dialect) {
            let settings = Settings {
                dialect: Some(dialect),
                ..self.settings.clone()
            };
            *self = open(self.tool, &Project::new(&self.root), &settings)?;
        }
        Ok(())
    }

    /// The history in the tool's own table.
    ///
    /// # Errors
    /// A file cannot be read, or the migrations are for another kind of database.
    pub fn history(&self, url: &DatabaseUrl) -> Result<HistoryChoice, NativeError> {
        self.history_beside(url, AtlasBeside::Ignored)
    }

    /// The same where nobody said that the tool's is meant: Atlas's with rows
    /// beside it without is an error.
    ///
    /// # Errors
    /// A file cannot be read, or the migrations are for another kind of database.
    pub fn assumed_history(&self, url: &DatabaseUrl) -> Result<HistoryChoice, NativeError> {
        let beside = match self.native.is_read_by_atlas() {
            true => AtlasBeside::Refused,
            false => AtlasBeside::Ignored,
        };
        self.history_beside(url, beside)
    }

    fn history_beside(
        &self,
        url: &DatabaseUrl,
        atlas: AtlasBeside,
    ) -> Result<HistoryChoice, NativeError> {
        let ledger = Arc::clone(&self.ledger);
        if let Some(refusal) = ledger.refusal(url.dialect()) {
            return Err(NativeError::Setting(refusal));
        }
        let history = ToolHistory::new(ledger, &self.directory, url, atlas)?;
        Ok(HistoryChoice::Own(Arc::new(history)))
    }
}

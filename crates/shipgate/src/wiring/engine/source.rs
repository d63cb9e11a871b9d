//! Where the engine finds its migrations, and who keeps their history.

use std::path::{Path, PathBuf};

use shipgate_database::DatabaseUrl;
use shipgate_migrate::TxMode;
use shipgate_migrate::directory::Directory;
use shipgate_migrate::history::HistoryChoice;
use shipgate_migrate::plan::ExecOrder;
use shipgate_project::Project;
use shipgate_release::Failure;
use shipgate_tools::{NativeError, Settings, Tool, native};

use super::failure::directory_failure;
use crate::wiring::{migrations, tooling};

/// Where the engine finds its migrations.
pub(crate) enum Source {
    /// In a directory in a layout of Atlas's, with Atlas's history.
    Atlas(Located),
    /// Where a tool has them, with the tool's own history.
    Tool(&'static dyn Tool, Located),
}

/// A directory, and what a release's build has of it.
pub(crate) struct Located {
    /// In the project, for a look before there is a build.
    directory: PathBuf,
    kept: PathBuf,
}

impl Located {
    pub(crate) fn new(directory: PathBuf, build: &Path) -> Self {
        Self {
            directory,
            kept: migrations::kept(build),
        }
    }

    fn now(&self) -> &Path {
        if self.kept.is_dir() {
            &self.kept
        } else {
            &self.directory
        }
    }
}

/// Migrations that were read.
pub(super) struct Opened {
    pub(super) directory: Directory,
    pub(super) history: HistoryChoice,
    /// What a file behind the last applied one means.
    pub(super) exec_order: ExecOrder,
    /// What one transaction spans.
    pub(super) tx_mode: TxMode,
}

impl Source {
    /// The directory in the project.
    pub(super) fn directory(&self) -> &Path {
        match self {
            Self::Atlas(place) | Self::Tool(_, place) => &place.directory,
        }
    }

    /// The tool's name in sentences; `None` for Shipgate's own migrations.
    pub(super) fn title(&self) -> Option<&'static str> {
        match self {
            Self::Atlas(_) => None,
            Self::Tool(tool, _) => Some(tool.title()),
        }
    }

    /// Reads them for a database.
    pub(super) fn open(&self, project: &Project, url: &DatabaseUrl) -> Result<Opened, Failure> {
        match self {
            Self::Atlas(place) => {
                let location = migrations::location(project, place.now())?;
                Ok(Opened {
                    directory: Directory::open(location)
                        .map_err(|error| directory_failure(&error.to_string()))?,
                    history: HistoryChoice::default(),
                    exec_order: ExecOrder::default(),
                    tx_mode: TxMode::default(),
                })
            }
            Self::Tool(tool, place) => {
                let settings = Settings {
                    directory: Some(place.now().display().to_string()),
                    dialect: Some(url.dialect()),
                    ..tooling::settings_of(project, *tool)
                };
                let files = shipgate_tools::Project::new(&project.directory);
                let found =
                    native::open(*tool, &files, &settings).map_err(|error| unread(&error))?;
                Ok(Opened {
                    history: found
                        .history(url)
                        .map_err(|error| directory_failure(&error.to_string()))?,
                    exec_order: found.exec_order,
                    tx_mode: found.tx_mode,
                    directory: found.directory,
                })
            }
        }
    }
}

fn unread(error: &NativeError) -> Failure {
    directory_failure(&error.to_string())
}

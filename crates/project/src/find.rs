//! Finding the project file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The name of our own project file; it wins.
pub const SHIPGATE_TOML: &str = "shipgate.toml";
/// The name of Fly's.
pub const FLY_TOML: &str = "fly.toml";

/// A project file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file to read.
    pub path: PathBuf,
    /// A second project file beside it that is not read.
    pub shadowed: Option<PathBuf>,
}

/// Why there is no project file to read.
#[derive(Debug, Error)]
pub enum FindError {
    /// Neither name is in the directory.
    #[error("no {SHIPGATE_TOML} and no {FLY_TOML} in {}", .0.display())]
    None(PathBuf),
    /// The path given does not exist.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The path cannot be looked at.
    #[error("cannot look at {}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FindError {
    /// What would be right.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None(_) => Some(format!(
                "write a {SHIPGATE_TOML} with at least\n\n    app = \"my-app\"\n\n    [processes]\n    app = \"./my-app serve\"\n\n    [http_service]\n    internal_port = 8080\n"
            )),
            Self::Missing(_) => Some("name the project's directory or its file".to_owned()),
            Self::Io { .. } => None,
        }
    }
}

/// The project file at `path`: the file itself, or the one in the directory.
///
/// # Errors
/// When there is none, or the system does not let us look.
pub fn find(path: &Path) -> Result<Found, FindError> {
    if !is_directory(path)? {
        return Ok(Found {
            path: path.to_owned(),
            shadowed: None,
        });
    }
    let [ours, flys] = [SHIPGATE_TOML, FLY_TOML].map(|name| path.join(name));
    match (exists(&ours)?, exists(&flys)?) {
        (true, both) => Ok(Found {
            path: ours,
            shadowed: both.then_some(flys),
        }),
        (false, true) => Ok(Found {
            path: flys,
            shadowed: None,
        }),
        (false, false) => Err(FindError::None(path.to_owned())),
    }
}

fn is_directory(path: &Path) -> Result<bool, FindError> {
    match path.metadata() {
        Ok(found) => Ok(found.is_dir()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(FindError::Missing(path.to_owned()))
        }
        Err(source) => Err(FindError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn exists(path: &Path) -> Result<bool, FindError> {
    path.try_exists().map_err(|source| FindError::Io {
        path: path.to_owned(),
        source,
    })
}

//! From a path or a text to a [`Project`].

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::diagnostic::{Complaint, Diagnostic, Fault, Invalid};
use crate::find::{self, FLY_TOML, FindError, SHIPGATE_TOML};
use crate::json;
use crate::legacy;
use crate::origin::Origin;
use crate::project::{Loaded, Project};
use crate::reader::Reader;
use crate::source::Source;
use crate::tree::{self, Content, Node, Table};
use crate::validate;

/// A value given beside the file, by flag or environment. It is read as if
/// the file had it: lists are separated by commas, durations may be bare
/// seconds or `none`.
#[derive(Clone, Debug)]
pub struct Override {
    /// The key (`deploy.strategy`, `env.GREETING`).
    pub key: String,
    /// The value's text.
    pub value: String,
    /// The flag or variable.
    pub origin: Origin,
}

/// Why a project file could not be read.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is none.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not text.
    #[error("{} is not UTF-8 (byte {valid_up_to})", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is not, from 0.
        valid_up_to: usize,
    },
    /// The file has errors.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl LoadError {
    /// What would be right, where an error does not say so itself.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::NotText { .. } => Some("save the file as UTF-8".to_owned()),
            Self::Read { .. } | Self::Invalid(_) => None,
        }
    }
}

/// Finds and reads the project file at `path`, a directory or the file. Paths
/// in the [`Project`] are absolute; messages name the file as it was found.
///
/// # Errors
/// No file, an unreadable one, or everything that is wrong with it.
pub fn load(path: &Path, overrides: &[Override]) -> Result<Loaded, LoadError> {
    let found = find::find(path)?;
    let bytes = std::fs::read(&found.path).map_err(|source| LoadError::Read {
        path: found.path.clone(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|error| LoadError::NotText {
        path: found.path.clone(),
        valid_up_to: error.utf8_error().valid_up_to(),
    })?;
    let source = Source::new(&found.path, text);
    let file = std::path::absolute(&found.path).unwrap_or_else(|_| found.path.clone());
    let mut loaded = read_project(source, file, overrides)?;
    if found.shadowed.is_some() {
        let complaint = Complaint::new(format!(
            "both {SHIPGATE_TOML} and {FLY_TOML} are here; {SHIPGATE_TOML} is used"
        ));
        let mut reader = Reader::new(loaded.source.clone());
        reader.warn(&Origin::Default, "", Fault::Conflict, complaint);
        loaded.warnings.splice(0..0, reader.warnings);
    }
    Ok(loaded)
}

/// Reads the text of a project file: JSON if its name ends so, else TOML.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(source: Source, overrides: &[Override]) -> Result<Loaded, Invalid> {
    let file = source.path().to_owned();
    read_project(source, file, overrides)
}

fn read_project(source: Source, file: PathBuf, overrides: &[Override]) -> Result<Loaded, Invalid> {
    let mut root = read(&source).map_err(|errors| Invalid {
        errors,
        warnings: Vec::new(),
        ignored: Vec::new(),
    })?;
    legacy::modernise(&mut root);
    let mut reader = Reader::new(source);
    for given in overrides {
        apply(&mut root, given, &mut reader);
    }
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let project = reader.document(root, |section| Project::read(section, file, directory));
    validate::validate(&project, &mut reader);
    finish(project, reader)
}

/// The format is told by the file's name: `.json`, else TOML.
fn read(source: &Source) -> Result<Table, Vec<Diagnostic>> {
    let suffix = source.path().extension().and_then(|suffix| suffix.to_str());
    match suffix {
        Some("json") => json::from_json(source),
        Some("yaml" | "yml") => {
            let complaint = Complaint::new("YAML is not read").hint("write it as TOML or JSON");
            let error = Diagnostic::new(source, Origin::Default, "", Fault::Syntax, complaint);
            Err(vec![error])
        }
        _ => tree::from_toml(source),
    }
}

fn apply(root: &mut Table, given: &Override, reader: &mut Reader) {
    let mut names = given.key.split('.').collect::<Vec<_>>();
    let last = names.pop().unwrap_or_default();
    let mut table = root;
    for name in names {
        match table.table_mut(name, &given.origin) {
            Some(inner) => table = inner,
            None => {
                let complaint = Complaint::new(format!("`{name}` in the file is no table"));
                return reader.error(&given.origin, &given.key, Fault::Conflict, complaint);
            }
        }
    }
    table.put(
        last,
        Node {
            origin: given.origin.clone(),
            content: Content::String(given.value.clone()),
        },
    );
}

fn finish(project: Project, mut reader: Reader) -> Result<Loaded, Invalid> {
    let place = |origin: &Origin| origin.place().unwrap_or_default();
    reader.errors.sort_by_key(|error| place(&error.origin));
    reader
        .warnings
        .sort_by_key(|warning| place(&warning.origin));
    reader.ignored.sort_by_key(|ignored| place(&ignored.origin));
    if reader.errors.is_empty() {
        Ok(Loaded {
            project,
            warnings: reader.warnings,
            ignored: reader.ignored,
            settings: reader.settings,
            source: reader.source,
        })
    } else {
        Err(Invalid {
            errors: reader.errors,
            warnings: reader.warnings,
            ignored: reader.ignored,
        })
    }
}

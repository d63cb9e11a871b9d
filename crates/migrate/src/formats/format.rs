//! What a directory layout has to say, and the list of those that exist.

use std::fmt;

use super::atlas::Atlas;
use crate::golang::Quoted;

/// The layout of one migration tool's directory.
///
/// A new layout is one more file beside this one and one more line in [`ALL`].
pub trait Format: fmt::Debug + Send + Sync {
    /// The name in `?format=`.
    fn name(&self) -> &'static str;

    /// Whether a file of this name is a migration.
    fn is_migration(&self, file_name: &str) -> bool;

    /// The version and the description in a migration's file name.
    fn version_and_description(&self, file_name: &str) -> (String, String);

    /// Whether `-- atlas:txmode` and the other file directives mean anything here.
    fn has_atlas_directives(&self) -> bool;

    /// The files `new` creates, with their contents.
    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile>;
}

/// A file to be created in a migration directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: String,
}

/// No layout has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown dir format {}", Quoted(.0))]
pub struct UnknownFormat(pub String);

const ALL: &[&dyn Format] = &[&Atlas];

/// The layout used when a directory's URL names none.
#[must_use]
pub fn default() -> &'static dyn Format {
    &Atlas
}

/// The layout of that name.
///
/// # Errors
/// No layout has the name.
pub fn named(name: &str) -> Result<&'static dyn Format, UnknownFormat> {
    ALL.iter()
        .find(|format| format.name() == name)
        .copied()
        .ok_or_else(|| UnknownFormat(name.to_owned()))
}

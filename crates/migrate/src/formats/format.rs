//! What a directory layout has to say, and the list of those that exist.

use std::cmp::Ordering;
use std::fmt;

use shipgate_sql::Dialect;

use super::atlas::Atlas;
use super::dbmate::Dbmate;
use super::flyway::Flyway;
use super::golang_migrate::GolangMigrate;
use super::goose::Goose;
use super::liquibase::Liquibase;
use super::part::{Part, PartError};
use super::txtar::CheckPart;
use crate::directive::{FileDirectives, Known};
use crate::golang::Quoted;

/// The layout of one migration tool's directory.
///
/// A new layout is one more file beside this one and one more line in [`ALL`].
pub trait Format: fmt::Debug + Send + Sync {
    /// The name in `?format=`.
    fn name(&self) -> &'static str;

    /// Whether a file is a migration. `name` is its path inside of the
    /// directory, with `/`.
    fn is_migration(&self, name: &str) -> bool;

    /// The version and the description in a migration's name.
    fn version_and_description(&self, name: &str) -> (String, String);

    /// The files `new` creates, with their contents.
    fn new_files(&self, version: &str, name: Option<&str>) -> Vec<NewFile>;

    /// Whether sub-directories belong to the directory.
    fn is_recursive(&self) -> bool {
        false
    }

    /// Puts the names into the order of execution and leaves out files that
    /// others stand for.
    fn arrange(&self, mut names: Vec<String>) -> Vec<String> {
        names.sort_unstable();
        names
    }

    /// Which of two versions comes first. Equal ones are the same version,
    /// however they are written.
    fn compare_versions(&self, a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }

    /// Whether the tool itself goes by [`Format::compare_versions`], so that a
    /// file order that contradicts it is a mistake.
    fn goes_by_version(&self) -> bool {
        false
    }

    /// Whether versions tell nothing of the order: it is that of the directory.
    fn goes_by_place(&self) -> bool {
        false
    }

    /// Whether a file of this name may be added behind the last applied one.
    fn may_be_late(&self, _name: &str) -> bool {
        false
    }

    /// Whether the tool goes on when the file of an applied version is gone,
    /// and its users count on that.
    fn forgives_missing(&self) -> bool {
        false
    }

    /// Whether the tool takes an applied version without file for one of a
    /// newer release, when these are all versions that have one, and goes on.
    fn is_of_newer_release(&self, _version: &str, _versions: &[&str]) -> bool {
        false
    }

    /// Whether the tool puts no transaction around a file, so that one may
    /// open its own, or hold what cannot be in one.
    fn leaves_transactions_to_files(&self) -> bool {
        false
    }

    /// Why the tool would not take a file of this name; nothing if it would.
    fn name_fault(&self, _name: &str) -> Option<String> {
        None
    }

    /// Why a file that is no SQL migration must not be passed over.
    fn foreign_fault(&self, _name: &str) -> Option<String> {
        None
    }

    /// Whether the files of this version are executed again when they change.
    fn is_repeatable(&self, _version: &str) -> bool {
        false
    }

    /// Whether the files that a checkpoint stands for are left out of the
    /// directory ([`Format::arrange`]).
    fn leaves_out_before_checkpoint(&self) -> bool {
        false
    }

    /// The version under which a row that another program wrote is meant, if
    /// that is not the one it says.
    fn version_of_row(&self, _version: &str, _description: &str) -> Option<String> {
        None
    }

    /// The name of the file with a migration's settings, if the tool has such.
    fn settings_name(&self, _name: &str) -> Option<String> {
        None
    }

    /// What a migration says about itself. `settings` is the content of the
    /// file [`Format::settings_name`] names, if it is there.
    fn directives(&self, name: &str, content: &[u8], settings: Option<&str>) -> FileDirectives;

    /// What a migration may say about itself beside Shipgate's own directives.
    fn known_directives(&self) -> Known;

    /// Whether a migration with this beginning is one script from its first
    /// byte to its last, but for what [`Format::line_fault`] refuses. Only such
    /// a file can be executed without being held in memory.
    fn is_one_script(&self, _head: &[u8]) -> bool {
        false
    }

    /// Why a migration with this line must not be executed as one script.
    /// Asked for lines with one of [`FOREIGN_MARKS`](super::FOREIGN_MARKS).
    fn line_fault(&self, _line: &str) -> Option<String> {
        None
    }

    /// The parts of a migration that are executed when it is applied.
    ///
    /// # Errors
    /// The tool's own marks are missing or in a wrong order.
    fn parts(&self, text: &str, dialect: Dialect) -> Result<Vec<Part>, PartError>;

    /// What must hold before a migration is executed.
    ///
    /// # Errors
    /// As [`Format::parts`].
    fn checks(&self, _text: &str, _dialect: Dialect) -> Result<Vec<CheckPart>, PartError> {
        Ok(Vec::new())
    }
}

/// A file to be created in a migration directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: String,
}

impl NewFile {
    pub(super) fn new(name: String, content: &str) -> Self {
        let content = content.to_owned();
        Self { name, content }
    }
}

/// No layout has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown dir format {}", Quoted(.0))]
pub struct UnknownFormat(pub String);

const ALL: &[&dyn Format] = &[&Atlas, GOLANG_MIGRATE, GOOSE, FLYWAY, LIQUIBASE, DBMATE];

/// golang-migrate's.
pub const GOLANG_MIGRATE: &dyn Format = &GolangMigrate;

/// goose's.
pub const GOOSE: &dyn Format = &Goose;

/// Flyway's.
pub const FLYWAY: &dyn Format = &Flyway;

/// dbmate's.
pub const DBMATE: &dyn Format = &Dbmate;

/// Liquibase's formatted SQL.
pub const LIQUIBASE: &dyn Format = &Liquibase;

/// The layout used when a directory's URL names none.
#[must_use]
pub fn default() -> &'static dyn Format {
    &Atlas
}

/// The names of all layouts.
pub(crate) fn names() -> Vec<&'static str> {
    ALL.iter().map(|format| format.name()).collect()
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

//! Why there is no plan.

use crate::golang::Quoted;
use crate::history::Change;

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A baseline makes no sense on a database that may be anything.
    #[error("sql/migrate: baseline and allow-dirty are mutually exclusive")]
    BaselineAndAllowDirty,
    /// No file has the baseline's version.
    #[error("baseline version {} not found", Quoted(.0))]
    BaselineNotFound(String),
    /// The database has no history but is not empty.
    #[error(
        "sql/migrate: connected database is not clean: {0}. baseline version or allow-dirty is required"
    )]
    NotClean(String),
    /// Files were added behind the last applied version.
    #[error("{}", out_of_order(.0))]
    OutOfOrder(Vec<String>),
    /// A file that was begun is not there any more.
    #[error(
        "sql/migrate: missing migration: revision {} is partially applied but migration file was not found",
        Quoted(.0)
    )]
    PartialFileMissing(String),
    /// No file has the version to stop at.
    #[error("migration with version {} not found", Quoted(.0))]
    VersionNotFound(String),
    /// An empty database begins with a checkpoint, which is more than was asked for.
    #[error(
        "version {} is part of checkpoint {checkpoint}, with which a database without history begins; \
         stop there or later",
        Quoted(.version)
    )]
    InCheckpoint {
        /// The version to stop at.
        version: String,
        /// The file.
        checkpoint: String,
    },
    /// The database needs files that a baseline migration stands for.
    #[error(
        "the database stands at version {}, below baseline migration {file}, which is for empty databases only \
         and stands for the files in between: move it away until they are applied",
        Quoted(.version)
    )]
    BelowBaseline {
        /// The baseline migration.
        file: String,
        /// Where the database stands.
        version: String,
    },
    /// Applied files are not what was applied.
    #[error("{}", changed(.0))]
    Changed(Vec<Change>),
}

fn out_of_order(files: &[String]) -> String {
    let were = match files {
        [one] => format!("file {one} was"),
        _ => format!("files {} were", files.join(", ")),
    };
    format!(
        "migration {were} added out of order. See: https://atlasgo.io/versioned/apply#non-linear-error"
    )
}

fn changed(changes: &[Change]) -> String {
    let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
    format!(
        "the history does not match the migration directory: {}. \
         Put the files back as they were, or allow changed files",
        changes.join("; ")
    )
}

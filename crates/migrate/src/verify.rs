//! `verify`: does the history stand where it should?

use shipgate_database::{Database, OpenError};

use crate::directory::Directory;
use crate::golang::Quoted;
use crate::history::{Change, Drift, HistoryError};
use crate::plan::{ExecOrder, PlanError, standing};
use crate::status::{Reading, read_only_snapshot};

/// Where a history should stand.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The last version; none means the directory's.
    pub version: Option<String>,
    /// What files behind the last applied one mean.
    pub exec_order: ExecOrder,
    /// Whether applied files may differ from what was applied.
    pub allow_changed: bool,
}

/// A history that stands where it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last version; none if there is no migration at all.
    pub version: Option<String>,
    /// How many revisions the history has.
    pub revisions: usize,
}

/// Why a history does not stand where it should.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A half-applied file is gone, or files are out of order.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file was begun and not finished.
    #[error("version {} is half applied: {applied} of {total} statements{}", Quoted(.version), with_error(.error))]
    Partial {
        /// The version.
        version: String,
        /// Statements done.
        applied: i64,
        /// Statements in the file.
        total: i64,
        /// The database's message of the last failure.
        error: String,
    },
    /// Files are not applied.
    #[error("not applied: {}", .0.join(", "))]
    Pending(Vec<String>),
    /// The last version is another one.
    #[error("the history stands at {}, expected version {}", found_version(.found.as_deref()), Quoted(.expected))]
    Version {
        /// What was expected.
        expected: String,
        /// What the history says.
        found: Option<String>,
    },
    /// Applied files are not what was applied.
    #[error("{}", changed(.0))]
    Changed(Vec<Change>),
}

/// Checks that a history stands at a version, with nothing half applied and
/// nothing pending up to it.
///
/// # Errors
/// [`VerifyError`] says how it differs.
pub async fn verify(
    database: &dyn Database,
    directory: &Directory,
    expected: &Expected,
    reading: &Reading,
) -> Result<Verified, VerifyError> {
    let (snapshot, _) = read_only_snapshot::<VerifyError>(database, reading).await?;
    let snapshot = snapshot.ordered_by(directory);
    let revisions = &snapshot.revisions;
    if let Some(row) = revisions.iter().find(|row| row.is_partial()) {
        return Err(VerifyError::Partial {
            version: row.version.clone(),
            applied: row.applied,
            total: row.total,
            error: row.error.clone(),
        });
    }
    let standing = standing(directory, revisions)?;
    let last = match &expected.version {
        Some(version) => directory
            .position(version)
            .ok_or_else(|| PlanError::VersionNotFound(version.clone()))?,
        None => directory.files().len(),
    };
    let behind = match expected.exec_order {
        ExecOrder::LinearSkip => &[][..],
        ExecOrder::Linear | ExecOrder::NonLinear => &standing.out_of_order[..],
    };
    let missing: Vec<String> = behind
        .iter()
        .chain(&standing.pending)
        .filter(|pending| pending.position <= last)
        .map(|pending| pending.file.name().to_owned())
        .collect();
    if !missing.is_empty() {
        return Err(VerifyError::Pending(missing));
    }
    let found = revisions.last().map(|row| row.version.clone());
    if let Some(version) = &expected.version
        && found.as_ref() != Some(version)
    {
        return Err(VerifyError::Version {
            expected: version.clone(),
            found,
        });
    }
    let drift = Drift::between(revisions, directory);
    if !expected.allow_changed && !drift.changes.is_empty() {
        return Err(VerifyError::Changed(drift.changes));
    }
    Ok(Verified {
        version: found,
        revisions: revisions.len(),
    })
}

fn with_error(error: &str) -> String {
    if error.is_empty() {
        String::new()
    } else {
        format!(", then: {error}")
    }
}

fn found_version(found: Option<&str>) -> String {
    match found {
        Some(version) => format!("version {}", Quoted(version)),
        None => "no version".to_owned(),
    }
}

fn changed(changes: &[Change]) -> String {
    let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
    changes.join("; ")
}

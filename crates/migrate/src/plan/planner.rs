//! From where a database stands to what will be executed.

use std::num::NonZeroUsize;

use crate::directory::{Directory, File};
use crate::history::{Drift, Revision};
use crate::plan::standing::{Pending, standing};
use crate::plan::{ExecOrder, PlanError};

/// What a run is asked for.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// What happens to files out of order.
    pub exec_order: ExecOrder,
    /// The version a database without history is taken to stand at.
    pub baseline: Option<String>,
    /// Go on with a database that has no history and is not empty.
    pub allow_dirty: bool,
    /// Go on although applied files are not what was applied.
    pub allow_changed: bool,
    /// Where to stop.
    pub limit: Limit,
}

/// Where a run stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// After the last file.
    #[default]
    None,
    /// After so many files.
    Amount(NonZeroUsize),
    /// After the file of this version.
    Version(String),
}

/// What will be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<'a> {
    /// The file whose row is written as baseline first.
    pub baseline: Option<&'a File>,
    /// The last version the database has; with a baseline that one's.
    pub current: Option<String>,
    /// The files, in the order of execution.
    pub pending: Vec<Pending<'a>>,
    /// How applied files differ from what was applied.
    pub drift: Drift,
}

impl Plan<'_> {
    /// The version the database will stand at.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.pending.last().map(|pending| pending.file.version())
    }
}

/// Makes the plan. Whether a database without history is clean is not looked
/// at here, because only the database knows.
///
/// # Errors
/// The options contradict each other or the directory, files are out of order
/// where that is not allowed, or applied files were changed.
pub fn plan<'a>(
    directory: &'a Directory,
    revisions: &[Revision],
    options: &PlanOptions,
) -> Result<Plan<'a>, PlanError> {
    if options.baseline.is_some() && options.allow_dirty {
        return Err(PlanError::BaselineAndAllowDirty);
    }
    let last_position = match &options.limit {
        Limit::Version(version) => Some(
            directory
                .position(version)
                .ok_or_else(|| PlanError::VersionNotFound(version.clone()))?,
        ),
        Limit::None | Limit::Amount(_) => None,
    };
    let mut plan = match (&options.baseline, revisions) {
        (Some(version), []) => from_baseline(directory, version)?,
        _ => from_history(directory, revisions, options)?,
    };
    if let Some(last) = last_position {
        if let (Some(first), None, []) = (plan.pending.first(), plan.baseline, revisions)
            && first.position > last
        {
            return Err(PlanError::InCheckpoint {
                version: directory.files()[last].version().to_owned(),
                checkpoint: first.file.name().to_owned(),
            });
        }
        plan.pending.retain(|pending| pending.position <= last);
    }
    if let Limit::Amount(amount) = options.limit {
        plan.pending.truncate(amount.get());
    }
    Ok(plan)
}

fn from_baseline<'a>(directory: &'a Directory, version: &str) -> Result<Plan<'a>, PlanError> {
    let position = directory
        .position(version)
        .filter(|&position| !directory.files()[position].is_checkpoint())
        .ok_or_else(|| PlanError::BaselineNotFound(version.to_owned()))?;
    let pending = (position + 1..)
        .zip(&directory.files()[position + 1..])
        .filter(|(_, file)| !file.is_checkpoint())
        .map(|(position, file)| Pending::new(file, position));
    Ok(Plan {
        baseline: Some(&directory.files()[position]),
        current: Some(version.to_owned()),
        pending: pending.collect(),
        drift: Drift::default(),
    })
}

fn from_history<'a>(
    directory: &'a Directory,
    revisions: &[Revision],
    options: &PlanOptions,
) -> Result<Plan<'a>, PlanError> {
    let mut standing = standing(directory, revisions)?;
    match options.exec_order {
        ExecOrder::Linear if standing.out_of_order.is_empty() => {}
        ExecOrder::Linear => {
            let names = standing
                .out_of_order
                .iter()
                .map(|file| file.file.name().to_owned());
            return Err(PlanError::OutOfOrder(names.collect()));
        }
        ExecOrder::LinearSkip => {}
        ExecOrder::NonLinear => standing.execute_late(),
    }
    let drift = Drift::between(revisions, directory);
    if !options.allow_changed && !drift.changes.is_empty() {
        return Err(PlanError::Changed(drift.changes));
    }
    Ok(Plan {
        baseline: None,
        current: revisions.last().map(|row| row.version.clone()),
        pending: standing.pending,
        drift,
    })
}

//! Applied files that are no longer what was applied.
//!
//! A row's hash covers its file and all files before it, as they were when the
//! row was written. Files that were added, skipped or squashed since then
//! change the hashes of all later files without any of them being edited. So
//! a row is compared with the hash of every set of files the directory may
//! have had at that moment; one match proves all files of that set unchanged.
//! A row without a match is an edit only if the row before it is proven:
//! behind one edit nothing more can be told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::kind::RevisionKind;
use super::revision::Revision;
use crate::directory::{Bookkeeping, Directory, File};
use crate::golang::GoTime;
use crate::sum::HashChain;

/// Applied files that are not what was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Certain changes, by version.
    pub changes: Vec<Change>,
    /// Versions whose files may or may not be what was applied.
    pub unproven: Vec<String>,
    /// Versions whose files are gone, as their tool lets them.
    pub forgiven: Vec<Change>,
}

/// An applied file that is not what was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The version.
    pub version: String,
    /// The file, or for a missing one what it was called.
    pub file: String,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// What happened to an applied file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Its content or name changed.
    Edited,
    /// It is gone.
    Missing,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ChangeKind::Edited => write!(f, "{} was edited after it was applied", self.file),
            ChangeKind::Missing => {
                write!(f, "{} was applied but is not in the directory", self.file)
            }
        }
    }
}

impl Drift {
    /// Compares the finished rows of a history with a directory.
    #[must_use]
    pub fn between(revisions: &[Revision], directory: &Directory) -> Self {
        if directory.location().bookkeeping() == Bookkeeping::Tool {
            return Self::of_each(revisions, directory);
        }
        let versioned = || {
            revisions
                .iter()
                .filter(|row| !directory.is_repeatable(&row.version))
        };
        let executed: Vec<&Revision> = versioned()
            .filter(|row| !row.hash.is_empty() && !row.is_partial())
            .collect();
        let hash_of = |file: &File| directory.sum().hash_of(file.name());
        if executed
            .iter()
            .all(|row| directory.file(&row.version).and_then(hash_of) == Some(row.hash.as_str()))
        {
            return Self::default();
        }
        let versioned: Vec<&Revision> = versioned().collect();
        Comparison::new(&versioned, directory).drift(&executed)
    }

    /// Where each row is about its own file alone.
    fn of_each(revisions: &[Revision], directory: &Directory) -> Self {
        let format = directory.location().format();
        let finished = revisions
            .iter()
            .filter(|row| !row.is_partial() && !row.kind.has(RevisionKind::BASELINE))
            .filter(|row| !directory.is_repeatable(&row.version));
        let changes = finished.filter_map(|row| match directory.file(&row.version) {
            None => Some(change(row, name_of(row), ChangeKind::Missing)),
            Some(file) if row.hash.is_empty() || row.hash == directory.hash_of(file) => None,
            Some(file) => Some(change(row, file.name().to_owned(), ChangeKind::Edited)),
        });
        let versions: Vec<&str> = directory.files().iter().map(File::version).collect();
        let (forgiven, changes) = changes.partition(|change| {
            change.kind == ChangeKind::Missing
                && (format.forgives_missing()
                    || format.is_of_newer_release(&change.version, &versions))
        });
        Self {
            changes,
            forgiven,
            unproven: Vec::new(),
        }
    }
}

/// What the file of a row was called.
fn name_of(row: &Revision) -> String {
    match row.description.as_str() {
        "" => format!("{}.sql", row.version),
        description => format!("{}_{description}.sql", row.version),
    }
}

struct Comparison<'a> {
    directory: &'a Directory,
    /// When each version with a row was applied.
    applied_at: BTreeMap<&'a str, GoTime>,
    /// Times at which a version was applied after a greater one.
    late: BTreeSet<GoTime>,
    has_baseline: bool,
    last_checkpoint: Option<&'a str>,
}

impl<'a> Comparison<'a> {
    fn new(revisions: &[&'a Revision], directory: &'a Directory) -> Self {
        let mut late = BTreeSet::new();
        let mut latest = GoTime::ZERO;
        for row in revisions {
            latest = latest.max(row.executed_at);
        }
        let mut earliest_after = latest;
        for row in revisions.iter().rev() {
            if row.executed_at > earliest_after {
                late.insert(row.executed_at);
            }
            earliest_after = earliest_after.min(row.executed_at);
        }
        Self {
            directory,
            applied_at: revisions
                .iter()
                .map(|row| (row.version.as_str(), row.executed_at))
                .collect(),
            late,
            has_baseline: revisions
                .iter()
                .any(|row| row.kind.has(RevisionKind::BASELINE)),
            last_checkpoint: directory
                .files()
                .iter()
                .rfind(|file| file.is_checkpoint())
                .map(File::version),
        }
    }

    fn drift(&self, executed: &[&'a Revision]) -> Drift {
        let proven = self.proven(executed);
        let mut drift = Drift::default();
        let mut ground_is_firm = !self.has_baseline;
        for row in executed {
            match self.directory.file(&row.version) {
                Some(file) if file.directives().sum_ignored => {}
                Some(file) if self.stands_for_others(file) => ground_is_firm = false,
                Some(_) if proven.contains(row.version.as_str()) => ground_is_firm = true,
                Some(file) if ground_is_firm => {
                    drift
                        .changes
                        .push(change(row, file.name().to_owned(), ChangeKind::Edited));
                    ground_is_firm = false;
                }
                Some(_) => drift.unproven.push(row.version.clone()),
                // A checkpoint stands for the files before it, which may then go.
                None if self.is_before_checkpoint(&row.version) => {
                    ground_is_firm = false;
                }
                None => {
                    let missing = change(row, name_of(row), ChangeKind::Missing);
                    drift.changes.push(missing);
                    ground_is_firm = false;
                }
            }
        }
        drift
    }

    /// Whether a row of the file's version may be that of a file it stands for.
    fn stands_for_others(&self, file: &File) -> bool {
        file.is_checkpoint() && file.format().leaves_out_before_checkpoint()
    }

    fn is_before_checkpoint(&self, version: &str) -> bool {
        let format = self.directory.location().format();
        self.last_checkpoint
            .is_some_and(|checkpoint| format.compare_versions(checkpoint, version).is_gt())
    }

    /// The versions whose files are certainly what was applied.
    fn proven(&self, executed: &[&'a Revision]) -> BTreeSet<&'a str> {
        let mut proven = BTreeSet::new();
        let moments: BTreeSet<GoTime> = self
            .late
            .iter()
            .copied()
            .chain(self.before_late(executed))
            .collect();
        for moment in moments.into_iter().map(Some).chain([None]) {
            for with_unapplied in [true, false] {
                let set = |file: &File| match self.applied_at.get(file.version()) {
                    Some(&applied_at) => moment.is_none_or(|moment| applied_at <= moment),
                    None => with_unapplied,
                };
                self.prove(executed, set, &mut proven);
            }
        }
        proven
    }

    /// For each late moment the moment just before it.
    fn before_late(&self, executed: &[&Revision]) -> Vec<GoTime> {
        self.late
            .iter()
            .filter_map(|late| {
                executed
                    .iter()
                    .map(|row| row.executed_at)
                    .filter(|at| at < late)
                    .max()
            })
            .collect()
    }

    /// Runs over one set of files and adds what its hashes prove.
    fn prove(
        &self,
        executed: &[&'a Revision],
        set: impl Fn(&File) -> bool,
        proven: &mut BTreeSet<&'a str>,
    ) {
        let recorded: BTreeMap<&str, &str> = executed
            .iter()
            .map(|row| (row.version.as_str(), row.hash.as_str()))
            .collect();
        let mut chain = HashChain::default();
        let mut covered = Vec::new();
        for file in self.directory.files().iter().filter(|file| set(file)) {
            // From a file that cannot be read on nothing is proven.
            let Ok(hash) = chain.add(file) else {
                return;
            };
            covered.push(file.version());
            if hash.is_some() && hash.as_deref() == recorded.get(file.version()).copied() {
                proven.extend(covered.drain(..));
            }
        }
    }
}

fn change(row: &Revision, file: String, kind: ChangeKind) -> Change {
    Change {
        version: row.version.clone(),
        file,
        kind,
    }
}

//! Where a database stands against a directory.

use crate::directory::{Bookkeeping, Directory, File};
use crate::history::{Revision, RevisionKind};
use crate::plan::PlanError;

/// Where a database stands against a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Files to execute or to go on with, in order, without those out of order.
    pub pending: Vec<Pending<'a>>,
    /// Files that were added behind the last applied one, in order.
    pub out_of_order: Vec<Pending<'a>>,
}

impl Standing<'_> {
    /// Counts the files out of order as pending, in their places.
    pub(crate) fn execute_late(&mut self) {
        self.pending.append(&mut self.out_of_order);
        self.pending.sort_by_key(|file| file.position);
    }
}

/// A file to execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending<'a> {
    /// The file.
    pub file: &'a File,
    /// Its place in the directory, from 0.
    pub position: usize,
    /// Its row, if it was begun before.
    pub begun: Option<Revision>,
    /// The row of a repeatable file whose content was another one then.
    pub repeated: Option<Revision>,
}

/// Compares a history, ordered by version, with a directory.
///
/// # Errors
/// A file that was begun is not in the directory any more.
pub fn standing<'a>(
    directory: &'a Directory,
    revisions: &[Revision],
) -> Result<Standing<'a>, PlanError> {
    let files = directory.files();
    let format = directory.location().format();
    let versioned: Vec<&Revision> = revisions
        .iter()
        .filter(|row| !directory.is_repeatable(&row.version))
        .collect();
    let (Some(first), Some(last)) = (versioned.first(), versioned.last()) else {
        let start = files.iter().rposition(File::is_checkpoint).unwrap_or(0);
        let mut pending: Vec<Pending<'a>> = numbered(files)
            .skip(start)
            .filter(|pending| !pending.file.is_repeatable())
            .collect();
        pending.extend(repeatables(directory, revisions)?);
        return Ok(Standing {
            pending,
            out_of_order: Vec::new(),
        });
    };
    let mut applied = vec![false; files.len()];
    let mut pending = repeatables(directory, revisions)?;
    let mut lowest = position_or_gap(directory, first);
    let mut highest = position_or_gap(directory, last);
    for row in &versioned {
        let position = directory.position(&row.version);
        if let Some(position) = position {
            applied[position] = true;
            lowest = lowest.min(2 * position + 1);
            highest = highest.max(2 * position + 1);
        }
        if row.is_partial() {
            let position = position.ok_or_else(|| PlanError::PartialFileMissing(file_name(row)))?;
            pending.push(Pending {
                begun: Some((*row).clone()),
                ..Pending::new(&files[position], position)
            });
        }
    }
    if directory.location().bookkeeping() == Bookkeeping::Tool
        && !first.kind.has(RevisionKind::BASELINE)
    {
        lowest = 0;
    }
    let mut out_of_order = Vec::new();
    for file in numbered(files) {
        let place = 2 * file.position + 1;
        if file.file.is_checkpoint() && format.leaves_out_before_checkpoint() && place > highest {
            return Err(PlanError::BelowBaseline {
                file: file.file.name().to_owned(),
                version: last.version.clone(),
            });
        }
        if applied[file.position]
            || file.file.is_repeatable()
            || file.file.is_checkpoint()
            || place < lowest
        {
            continue;
        }
        if place > highest || format.may_be_late(file.file.name()) {
            pending.push(file);
        } else {
            out_of_order.push(file);
        }
    }
    pending.sort_by_key(|file| file.position);
    Ok(Standing {
        pending,
        out_of_order,
    })
}

/// The repeatable files that are not applied as they are.
fn repeatables<'a>(
    directory: &'a Directory,
    revisions: &[Revision],
) -> Result<Vec<Pending<'a>>, PlanError> {
    if let Some(row) = revisions.iter().find(|row| {
        directory.is_repeatable(&row.version)
            && row.is_partial()
            && directory.position(&row.version).is_none()
    }) {
        return Err(PlanError::PartialFileMissing(file_name(row)));
    }
    let repeatable = numbered(directory.files()).filter(|pending| pending.file.is_repeatable());
    Ok(repeatable
        .filter_map(|mut pending| {
            let row = revisions
                .iter()
                .find(|row| row.version == pending.file.version());
            match row {
                None => {}
                Some(row) if row.is_partial() => pending.begun = Some(row.clone()),
                Some(row) if row.hash == directory.hash_of(pending.file) => return None,
                Some(row) => pending.repeated = Some(row.clone()),
            }
            Some(pending)
        })
        .collect())
}

/// The place of a row's file: odd numbers are files, even ones the gaps before them.
fn position_or_gap(directory: &Directory, row: &Revision) -> usize {
    match directory.position(&row.version) {
        Some(position) => 2 * position + 1,
        None => {
            let before = directory.files().iter().rposition(|file| {
                directory
                    .compare_versions(file.version(), &row.version)
                    .is_lt()
            });
            2 * before.map_or(0, |position| position + 1)
        }
    }
}

fn numbered(files: &[File]) -> impl Iterator<Item = Pending<'_>> {
    (0..)
        .zip(files)
        .map(|(position, file)| Pending::new(file, position))
}

impl<'a> Pending<'a> {
    /// A file of which nothing was executed.
    pub(super) const fn new(file: &'a File, position: usize) -> Self {
        Self {
            file,
            position,
            begun: None,
            repeated: None,
        }
    }
}

/// What the file of a row was called.
fn file_name(row: &Revision) -> String {
    match row.description.as_str() {
        "" => format!("{}.sql", row.version),
        description => format!("{}_{description}.sql", row.version),
    }
}

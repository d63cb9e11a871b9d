//! Where a database stands against a directory.

use crate::directory::{Directory, File};
use crate::history::Revision;
use crate::plan::PlanError;

/// Where a database stands against a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Files to execute or to go on with, in order, without those out of order.
    pub pending: Vec<Pending<'a>>,
    /// Files that were added behind the last applied one, in order.
    pub out_of_order: Vec<Pending<'a>>,
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
    let (Some(first), Some(last)) = (revisions.first(), revisions.last()) else {
        let start = files.iter().rposition(File::is_checkpoint).unwrap_or(0);
        return Ok(Standing {
            pending: numbered(files).skip(start).collect(),
            out_of_order: Vec::new(),
        });
    };
    let mut applied = vec![false; files.len()];
    let mut pending = Vec::new();
    let mut lowest = position_or_gap(directory, first);
    let mut highest = position_or_gap(directory, last);
    for row in revisions {
        let position = directory.position(&row.version);
        if let Some(position) = position {
            applied[position] = true;
            lowest = lowest.min(2 * position + 1);
            highest = highest.max(2 * position + 1);
        }
        if row.is_partial() {
            let position = position.ok_or_else(|| PlanError::PartialFileMissing(file_name(row)))?;
            pending.push(Pending {
                file: &files[position],
                position,
                begun: Some(row.clone()),
            });
        }
    }
    let mut out_of_order = Vec::new();
    for file in numbered(files) {
        let place = 2 * file.position + 1;
        if applied[file.position] || file.file.is_checkpoint() || place < lowest {
            continue;
        }
        if place > highest {
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

/// The place of a row's file: odd numbers are files, even ones the gaps before them.
fn position_or_gap(directory: &Directory, row: &Revision) -> usize {
    match directory.position(&row.version) {
        Some(position) => 2 * position + 1,
        None => {
            let before = directory
                .files()
                .iter()
                .rposition(|file| file.version() < row.version.as_str());
            2 * before.map_or(0, |position| position + 1)
        }
    }
}

fn numbered(files: &[File]) -> impl Iterator<Item = Pending<'_>> {
    files.iter().enumerate().map(|(position, file)| Pending {
        file,
        position,
        begun: None,
    })
}

/// What the file of a row was called.
fn file_name(row: &Revision) -> String {
    match row.description.as_str() {
        "" => format!("{}.sql", row.version),
        description => format!("{}_{description}.sql", row.version),
    }
}

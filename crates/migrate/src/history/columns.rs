//! Tables of older programs, which lack columns of today's.

use std::collections::BTreeSet;

use shipgate_database::{Session, StatementError, Value};

use super::CLOUD_IDENTIFIER;
use super::revision::Revision;
use super::rows::{COLUMNS, revision_of};
use super::store::{HistoryError, Snapshot};

/// The revisions among rows whose values are in the order of [`COLUMNS`], by
/// version: to sort them is cheaper here than in the database.
pub(super) fn revisions_of(rows: Vec<Vec<Value>>) -> Result<Vec<Revision>, HistoryError> {
    let mut revisions = Vec::with_capacity(rows.len());
    for row in rows {
        let revision = revision_of(row)?;
        if revision.version != CLOUD_IDENTIFIER {
            revisions.push(revision);
        }
    }
    revisions.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(revisions)
}

/// Reads a table that lacks columns: those read as NULL.
///
/// `names` asks for the names of the columns that there are; `select` makes
/// the query from the columns to read.
pub(super) async fn read_older(
    session: &mut dyn Session,
    names: &str,
    select: impl Fn(&BTreeSet<String>) -> String + Send,
) -> Result<Snapshot, HistoryError> {
    let rows = session
        .query(names, &[])
        .await
        .map_err(HistoryError::Read)?;
    let there: BTreeSet<String> = rows.into_iter().filter_map(first_text).collect();
    let rows = session
        .query(&select(&there), &[])
        .await
        .map_err(HistoryError::Read)?;
    Ok(Snapshot {
        table_exists: true,
        missing_columns: COLUMNS
            .into_iter()
            .filter(|column| !there.contains(*column))
            .collect(),
        revisions: revisions_of(rows)?,
        ..Snapshot::default()
    })
}

/// The first column's text.
pub(super) fn first_text(row: Vec<Value>) -> Option<String> {
    match row.into_iter().next()? {
        Value::Text(text) => Some(text),
        Value::Blob(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Whether a statement failed with one of these codes.
pub(super) fn has_code(error: &StatementError, codes: &[&str]) -> bool {
    error
        .code
        .as_deref()
        .is_some_and(|code| codes.contains(&code))
}

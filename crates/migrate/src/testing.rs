//! Test helpers of this crate.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::directory::File;
use crate::formats;
use crate::golang::GoDuration;
use crate::history::{Revision, RevisionKind};

/// Files of an Atlas directory, by name and content.
pub(crate) fn files(contents: &[(&str, &str)]) -> Vec<File> {
    contents
        .iter()
        .map(|(name, content)| {
            File::new(
                formats::default(),
                *name,
                PathBuf::from("migrations").join(name),
                content.as_bytes().to_vec(),
                None,
            )
        })
        .collect()
}

/// A row of an executed file.
pub(crate) fn revision(version: &str) -> Revision {
    Revision {
        version: version.to_owned(),
        description: "a".to_owned(),
        kind: RevisionKind::EXECUTED,
        applied: 1,
        total: 1,
        executed_at: timestamp("2026-11-20T12:34:05.523325025Z").into(),
        execution_time: GoDuration::from_nanos(94_171),
        error: String::new(),
        error_stmt: String::new(),
        hash: String::new(),
        partial_hashes: Vec::new(),
        operator_version: "Atlas CLI - development".to_owned(),
    }
}

/// A moment.
pub(crate) fn timestamp(text: &str) -> Timestamp {
    text.parse().unwrap()
}

//! What a journal says.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::flow::{Flow, StepName};

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Place in the journal, from 1 without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub record: Record,
}

/// A transition of a release. Intent stands before an action, outcome after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Record {
    /// The release exists.
    Opened {
        /// Version of this format; readers refuse a higher one.
        format: u32,
        /// Number of the release.
        release: u64,
        /// The app.
        app: String,
        /// What it is to do.
        kind: ReleaseKind,
        /// The steps it takes.
        flow: Flow,
        /// The release that serves meanwhile, if one does.
        previous: Option<u64>,
    },
    /// A step begins.
    Started {
        /// The step.
        step: StepName,
    },
    /// A release whose process had died goes on.
    Resumed,
    /// Something happened inside the running step.
    Noted {
        /// The step.
        step: StepName,
        /// Known to the step alone.
        note: Value,
    },
    /// A step did its work.
    Finished {
        /// The step.
        step: StepName,
        /// What came of it.
        outcome: Outcome,
    },
    /// A step did not do its work.
    Failed {
        /// The step.
        step: StepName,
        /// Why.
        failure: Failure,
    },
    /// What a failed step had changed in the fleet has been put back.
    PutBack {
        /// The step.
        step: StepName,
        /// What serves now, in words.
        summary: String,
    },
    /// Putting back failed as well.
    PutBackFailed {
        /// The step.
        step: StepName,
        /// Why.
        failure: Failure,
    },
    /// Somebody asked the release to stop between two steps.
    Cancelled,
    /// The release has ended.
    Closed {
        /// How.
        end: EndState,
    },
}

/// What a release is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseKind {
    /// Bring the project's present version to the stage.
    Deploy,
    /// Promote an earlier release's build again.
    Rollback {
        /// The release whose build is promoted.
        to: u64,
        /// The backup that is restored first, if any.
        restore: Option<String>,
    },
}

/// What came of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// One line for the reader.
    pub summary: String,
    /// Further lines for the reader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What later steps need to know; its shape belongs to the step's file.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub facts: Value,
    /// The live schema is not what it was before the step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub schema_changed: bool,
    /// The step found everything as the serving release has it already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
}

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndState {
    /// The new version serves on the new schema.
    Released,
    /// There was nothing to release.
    Unchanged,
    /// It stopped before anything was changed, or put everything back.
    Aborted,
    /// The new version was taken back; the schema had not changed.
    RolledBack,
    /// The schema is new, the old version serves.
    MigratedNotPromoted,
    /// Some of the migrations took effect; the report says which.
    HalfMigrated,
    /// Nobody can tell without looking; the report says where.
    Unknown,
}

impl fmt::Display for EndState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Released => "released",
            Self::Unchanged => "nothing to release",
            Self::Aborted => "aborted, nothing changed",
            Self::RolledBack => "rolled back",
            Self::MigratedNotPromoted => "migrated, not promoted",
            Self::HalfMigrated => "half-migrated",
            Self::Unknown => "unknown",
        })
    }
}

//! Why a step did not do its work, in the form that reaches the user.

use serde::{Deserialize, Serialize};

use crate::secrets::Secrets;

/// A step's failure: what the reader is told, and what it did to the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Stable name of the error; `docs/errors/CODE.md` is its page.
    pub code: String,
    /// One sentence without a full stop.
    pub message: String,
    /// Further lines, ready to print: place, statement, log tail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub report: Vec<String>,
    /// What would be right, with the exact command where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What is true of the database after it.
    pub effect: Effect,
    /// How the program exits for it.
    pub kind: FailureKind,
}

impl Failure {
    /// A failure that left the database as it was.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            report: Vec::new(),
            hint: None,
            effect: Effect::Nothing,
            kind: FailureKind::Refused,
        }
    }

    /// The release was asked to stop.
    pub fn cancelled() -> Self {
        Self::new("cancelled", "cancelled").of_kind(FailureKind::Cancelled)
    }

    /// Adds what would be right.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds several ways out, the best first: the others stand in the report.
    #[must_use]
    pub fn with_hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        let mut hints = hints.into_iter();
        if self.hint.is_none() {
            self.hint = hints.next();
        }
        self.report.extend(hints);
        self
    }

    /// Adds lines to print below the message.
    #[must_use]
    pub fn with_report(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.report.extend(lines);
        self
    }

    /// Masks secrets in everything it says.
    #[must_use]
    pub fn masked(mut self, secrets: &Secrets) -> Self {
        if secrets.is_empty() {
            return self;
        }
        self.message = secrets.mask(&self.message);
        for line in &mut self.report {
            *line = secrets.mask(line);
        }
        self.hint = self.hint.map(|hint| secrets.mask(&hint));
        self
    }

    /// Says what it did to the database.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Says how the program exits for it.
    #[must_use]
    pub fn of_kind(mut self, kind: FailureKind) -> Self {
        self.kind = kind;
        self
    }
}

/// What a failed step did to the live database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It is as it was before the step.
    Nothing,
    /// Some migrations, or some statements of one, took effect.
    Part,
    /// Nobody can tell without looking.
    Unknown,
}

/// Coarse kinds of failure, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Something was refused or failed.
    Refused,
    /// The project file or a flag is wrong.
    Usage,
    /// A lock was not had in time, or a deadline passed.
    Deadline,
    /// The user asked to stop.
    Cancelled,
}

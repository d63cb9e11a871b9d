//! The one place where errors become message, hint and exit code.

use shipgate_release::{Failure, FailureKind};

/// What a command fails with.
#[derive(Clone, Debug)]
pub(crate) struct CliError {
    /// Stable name; `docs/errors/CODE.md` is its page.
    pub(crate) code: String,
    /// One sentence without a full stop.
    pub(crate) message: String,
    /// Further lines, ready to print.
    pub(crate) report: Vec<String>,
    /// What would be right.
    pub(crate) hint: Option<String>,
    /// The program's exit code.
    pub(crate) exit: Exit,
}

/// Exit codes, frozen: docs/exit-codes.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Refused or failed; nothing changed, or it was put back.
    Failed,
    /// Wrong usage or configuration.
    Usage,
    /// Something is pending or troubled (only where asked for).
    Trouble,
    /// A lock was not had, or a deadline passed.
    Deadline,
    /// Stopped half-way.
    Halfway,
    /// Ended by SIGINT.
    Interrupted,
    /// What a command that was run in our place exited with.
    Other(u8),
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Trouble => 3,
            Self::Deadline => 4,
            Self::Halfway => 5,
            Self::Interrupted => 130,
            Self::Other(code) => code,
        }
    }

    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Done,
            1 => Self::Failed,
            2 => Self::Usage,
            3 => Self::Trouble,
            4 => Self::Deadline,
            5 => Self::Halfway,
            130 => Self::Interrupted,
            other => Self::Other(other),
        }
    }
}

impl CliError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            report: Vec::new(),
            hint: None,
            exit: Exit::Failed,
        }
    }

    /// A wrong flag, argument or project file.
    pub(crate) fn usage(code: &str, message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(code, message)
        }
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn with_report(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.report.extend(lines);
        self
    }

    #[must_use]
    pub(crate) fn exiting(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> Self {
        let exit = match failure.kind {
            FailureKind::Refused => Exit::Failed,
            FailureKind::Usage => Exit::Usage,
            FailureKind::Deadline => Exit::Deadline,
            FailureKind::Cancelled => Exit::Interrupted,
        };
        Self {
            code: failure.code,
            message: failure.message,
            report: failure.report,
            hint: failure.hint,
            exit,
        }
    }
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Self {
        let mut failure = Self::new(&error.code, error.message).with_report(error.report);
        failure.hint = error.hint;
        failure.of_kind(match error.exit {
            Exit::Usage => FailureKind::Usage,
            Exit::Deadline => FailureKind::Deadline,
            Exit::Interrupted => FailureKind::Cancelled,
            _ => FailureKind::Refused,
        })
    }
}

impl From<shipgate_release::store::StoreError> for CliError {
    fn from(error: shipgate_release::store::StoreError) -> Self {
        use shipgate_release::store::StoreError;
        match &error {
            StoreError::Busy(_) => Self::new("release-busy", error.to_string())
                .with_hint("wait for it, or end it with `shipgate release cancel`")
                .exiting(Exit::Deadline),
            _ if is_full(&error) => {
                Self::new("disk-full", error.to_string()).with_hint("free some space there")
            }
            _ => Self::new("journal", error.to_string()),
        }
    }
}

/// Whether it is a full disk that stands behind an error.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

impl From<shipgate_server::client::AskError> for CliError {
    fn from(error: shipgate_server::client::AskError) -> Self {
        Failure::from(error).into()
    }
}

impl From<shipgate_server::state_directory::StateError> for CliError {
    fn from(error: shipgate_server::state_directory::StateError) -> Self {
        use shipgate_server::state_directory::StateError;
        match &error {
            StateError::Open { path, .. } => Self::new("state-readable", error.to_string())
                .with_hint(format!("run `chmod 700 {}`", path.display())),
            StateError::File { .. } => Self::new("state-directory", error.to_string()),
        }
    }
}

//! What a run of `apply` is told.

use std::time::Duration;

use shipgate_database::{Access, ConnectOptions, Create, LockRequest};

use crate::apply::{CancelToken, Patience};
use crate::history::HistoryChoice;
use crate::plan::PlanOptions;
use crate::report::StatementTexts;
use crate::transaction::TxMode;

/// What a run of `apply` is told.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// Who keeps the history.
    pub history: HistoryChoice,
    /// Which files.
    pub plan: PlanOptions,
    /// What one transaction spans, where a file does not say otherwise.
    pub tx_mode: TxMode,
    /// How long statements wait and run, where a file does not say otherwise.
    pub patience: Patience,
    /// Show what would be executed; write nothing, lock nothing.
    pub dry_run: bool,
    /// Who asks for the migration lock and how long it waits. Its clock is
    /// the run's; its `on_event` is replaced by the run's own events.
    pub lock: LockRequest,
    /// How long a statement waits for another session's lock.
    pub busy_timeout: Duration,
    /// What the history's `operator_version` says.
    pub operator_version: String,
    /// Whether the report keeps the statements' texts.
    pub texts: StatementTexts,
    /// Stops the run.
    pub cancel: CancelToken,
}

impl ApplyOptions {
    /// How the run connects.
    #[must_use]
    pub fn connect_options(&self) -> ConnectOptions {
        let (access, create) = if self.dry_run {
            (Access::ReadOnly, Create::Never)
        } else {
            (Access::ReadWrite, Create::IfMissing)
        };
        ConnectOptions {
            access,
            create,
            connect_timeout: self.lock.connect_timeout,
            busy_timeout: self.busy_timeout,
            on_wait: None,
        }
    }
}

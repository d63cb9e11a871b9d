//! Executing migrations.

mod ahead;
mod attempts;
mod blockers;
mod cancel;
mod checks;
mod conductor;
mod dry_run;
mod engine;
mod entrance;
mod error;
mod event;
mod file_run;
mod foreign_keys;
mod in_transaction;
mod intent;
mod options;
mod outcome;
mod patience;
mod prepare;
mod reading;
mod resolve;
mod session;
mod session_state;
mod statements;
mod step_kind;
mod stepwise;
mod teller;
mod together;
mod told;
mod warnings;

pub use cancel::{CancelHandle, CancelToken};
pub use engine::apply;
pub use error::{
    ApplyError, ApplyFailure, FailedStatement, ReadOtherwise, StateGone, UnknownOutcome,
    WrongDirective,
};
pub use event::{ApplyEvent, ApplySink, PlannedFile};
pub use foreign_keys::Violation;
pub use options::ApplyOptions;
pub(crate) use outcome::created_database;
pub use patience::Patience;
pub use session_state::Gone;
pub(crate) use statements::{copy, failed_statement};

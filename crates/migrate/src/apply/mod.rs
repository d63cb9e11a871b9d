//! Executing migrations.

mod cancel;
mod checks;
mod conductor;
mod dry_run;
mod engine;
mod error;
mod event;
mod file_run;
mod foreign_keys;
mod options;
mod patience;
mod prepare;
mod statements;
mod warnings;
mod without_transaction;

pub use cancel::{CancelHandle, CancelToken};
pub use engine::apply;
pub use error::{ApplyError, ApplyFailure, FailedStatement};
pub use event::{ApplyEvent, ApplySink, PlannedFile};
pub use foreign_keys::Violation;
pub use options::ApplyOptions;
pub use patience::Patience;
pub(crate) use statements::failed_statement;

//! The release: flow, journal, state machine and its executor.
//!
//! This crate knows no database, no process and no socket. What it needs from
//! the world it asks of the traits in [`ports`]; what it did it appends to the
//! [`journal`]; what comes next ([`state::State::next`]) is a pure function of
//! that journal. It neither prints nor reads the environment or the clock.

mod cancel;
mod context;
mod executor;
mod failure;
mod fault;
mod flow;
pub mod journal;
pub mod machine;
pub mod ports;
mod secrets;
pub mod state;
pub mod steps;
pub mod store;

pub use cancel::Cancel;
pub use executor::{Observer, Stopped, execute, mark_resumed};
pub use failure::{Effect, Failure, FailureKind};
pub use flow::{Flow, FlowError, StepName};
pub use secrets::Secrets;

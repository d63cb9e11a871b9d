//! Machines that are local processes.
//!
//! ```text
//! <root>/                 .shipgate/machines, mode 0700
//!   <machine id>/
//!     spec.json           the MachineSpec, secrets included, mode 0600
//!     state.json          what the keeper last did; replaced atomically
//!     events.jsonl        every start, exit and restart, appended
//!     log                 every line of both streams (see [`crate::log`])
//!     keeper.lock         locked by the keeper for as long as it lives
//! ```
//!
//! Every machine has a [`keeper`]: a small process in a session of its own
//! that starts the command, collects its output and records its end. It
//! outlives whoever started it, so a machine survives the daemon, and a new
//! daemon finds it again by its directory.

mod changes;
mod directory;
mod error;
pub(crate) mod files;
mod identity;
pub mod keeper;
mod launch;
mod machines;
mod members;
mod problem;
pub(crate) mod procfs;
mod program;
mod record;
mod revive;
mod stop;
mod usage;
mod watch;

pub use changes::Changes;
pub use error::{LaunchError, MachineError};
pub use identity::ProcessId;
pub use launch::Launched;
pub use machines::Machines;
pub use problem::Problem;
pub use program::{check_program, locate};
pub use record::{Event, EventKind, Exit, State};
pub use usage::Usage;

//! The daemon: supervision of machines, the front door, and the control
//! socket; and the client side of that socket, through which a release asks.
//!
//! One daemon owns one state directory. It prints nothing: what it did is told
//! to an [`events::Events`] sink, and its state stands in the directory, so
//! that a daemon killed at any moment is followed by one that finds everything.

pub mod api;
pub mod client;
mod control;
pub mod daemon;
mod desired;
mod door;
pub mod events;
mod fleet;
pub mod spawn;
pub mod state_directory;
mod supervise;
mod traffic;

pub use fleet::{ProcessFleet, cut, launch_failure, machine_failure, ports_of, report_line};
pub use supervise::state_in_words;
pub use traffic::DoorTraffic;

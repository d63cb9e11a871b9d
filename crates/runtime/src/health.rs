//! Asking machines whether they are well.
//!
//! [`probe`] asks once, [`await_healthy`] decides whether a machine just
//! started may take traffic, and [`Monitor`] goes on asking afterwards.

mod gate;
mod http;
mod monitor;
mod probe;

pub use gate::{CheckReport, Gate, Healthy, Unhealthy, await_healthy};
pub use monitor::{Monitor, Thresholds, Transition, Verdict};
pub use probe::{ProbeFailure, probe};

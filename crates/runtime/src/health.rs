//! Asking machines whether they are well.
//!
//! [`probe`] asks once, [`await_healthy`] decides whether a machine just
//! started may take traffic, [`steady`] whether it stays, and [`Monitor`] goes
//! on asking afterwards.

mod gate;
mod http;
mod monitor;
mod probe;
mod steady;
mod unhealthy;

pub use gate::{Gate, Healthy, await_healthy};
pub use monitor::{Monitor, Thresholds, Transition, Verdict};
pub use probe::{ProbeFailure, probe};
pub use steady::steady;
pub use unhealthy::{CheckReport, Unhealthy};

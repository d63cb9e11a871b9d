//! What is said over the control socket: HTTP/1.1 with JSON bodies.
//!
//! A refusal is answered with status 409 and a [`Failure`] as its body.

use serde::{Deserialize, Serialize};
use shipgate_release::machine::MachineId;
use shipgate_release::ports::Member;

pub use shipgate_release::Failure;

/// Machines to admit.
#[derive(Debug, Serialize, Deserialize)]
pub struct Admit {
    /// Their names.
    pub ids: Vec<MachineId>,
}

/// Machines to retire.
#[derive(Debug, Serialize, Deserialize)]
pub struct Retire {
    /// Their names.
    pub ids: Vec<MachineId>,
    /// How long requests under way may take, in milliseconds.
    pub drain_ms: u64,
}

/// Machines that take over from others.
#[derive(Debug, Serialize, Deserialize)]
pub struct Switch {
    /// Those that serve.
    pub from: Vec<MachineId>,
    /// Those that take over.
    pub to: Vec<MachineId>,
    /// How long requests under way may take, in milliseconds.
    pub drain_ms: u64,
}

/// Requests are to wait.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pause {
    /// At most this long, in milliseconds.
    pub longest_ms: u64,
}

/// What the daemon is to keep up from now on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Commit {
    /// The release that serves.
    pub release: u64,
    /// Its machines.
    pub fleet: Vec<Member>,
    /// The front door's address.
    pub listen: String,
    /// How much one machine is given at a time; `None`: without limit.
    pub concurrency: Option<Concurrency>,
}

/// How much one machine is given at a time (`[http_service.concurrency]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// What is counted.
    pub unit: ConcurrencyUnit,
    /// Other machines are preferred from here on.
    pub soft_limit: u32,
    /// Nothing more is given from here on.
    pub hard_limit: Option<u32>,
}

/// What a concurrency limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConcurrencyUnit {
    /// Open connections.
    Connections,
    /// Requests being answered.
    Requests,
}

impl From<Concurrency> for shipgate_proxy::Concurrency {
    fn from(limits: Concurrency) -> Self {
        Self {
            unit: match limits.unit {
                ConcurrencyUnit::Connections => shipgate_proxy::ConcurrencyUnit::Connections,
                ConcurrencyUnit::Requests => shipgate_proxy::ConcurrencyUnit::Requests,
            },
            soft_limit: Some(limits.soft_limit),
            hard_limit: limits.hard_limit,
        }
    }
}

/// The daemon as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// Its version of Shipgate.
    pub version: String,
    /// The front door's address.
    pub listen: String,
    /// The release that serves.
    pub release: Option<u64>,
    /// Its machines, as committed.
    pub fleet: Vec<Member>,
    /// Requests wait at the front door.
    pub paused: bool,
    /// The fleet, and machines that serve besides it during a promotion.
    pub machines: Vec<MachineStatus>,
    /// What the front door has done since it opened.
    pub door: DoorStatus,
}

/// One machine as the daemon sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MachineStatus {
    /// Its name.
    pub id: MachineId,
    /// Its process group.
    pub group: String,
    /// What it does, in words.
    pub state: String,
    /// It is meant to take requests.
    pub routed: bool,
    /// The front door sends it requests now.
    pub serving: bool,
    /// Requests under way to it.
    pub in_flight: u64,
    /// Why it takes no requests although it should.
    pub trouble: Option<String>,
}

/// Counts of the front door.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct DoorStatus {
    /// Connections that are open.
    pub connections: u64,
    /// Requests answered.
    pub requests: u64,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests that wait for a machine.
    pub waiting: u64,
    /// Requests that a machine failed to answer.
    pub failed: u64,
}

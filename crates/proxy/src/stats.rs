//! Figures of a front door, its services and their machines.

use crate::name::{Machine, ServiceName};

/// Totals since the service was added or the machine was admitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Responses of machines that were passed on whole, by status class: `[2]` is 2xx. `[0]` is unused.
    pub responses: [u64; 6],
    /// Answers of the front door's own (400 to 505) because a request was refused or no machine could serve it.
    pub pages: u64,
    /// Requests that failed at a machine: broken off, malformed, timed out or cut.
    pub failures: u64,
    /// Connections a machine did not accept.
    pub connect_errors: u64,
    /// Requests that became another protocol's connection (status 101).
    pub upgrades: u64,
}

/// Figures of one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineStats {
    /// The machine.
    pub machine: Machine,
    /// It was retired and its last requests are still in flight.
    pub draining: bool,
    /// Requests it has not answered yet.
    pub in_flight: usize,
    /// Connections of other protocols it holds.
    pub upgraded: usize,
    /// Unused connections kept to it.
    pub idle_connections: usize,
    /// Totals.
    pub counts: Counts,
}

/// Figures of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStats {
    /// The service.
    pub name: ServiceName,
    /// Its requests are held back.
    pub paused: bool,
    /// Requests that wait for a machine.
    pub waiting: usize,
    /// Requests not answered yet.
    pub in_flight: usize,
    /// Connections of other protocols.
    pub upgraded: usize,
    /// Totals, of retired machines too.
    pub counts: Counts,
    /// Its machines, those that are draining included.
    pub machines: Vec<MachineStats>,
}

/// Figures of a front door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Client connections that are open.
    pub connections: usize,
    /// Client connections accepted so far.
    pub accepted: u64,
    /// Times the system refused to accept a connection, for example for want of descriptors.
    pub accept_errors: u64,
    /// Its services, by name.
    pub services: Vec<ServiceStats>,
}

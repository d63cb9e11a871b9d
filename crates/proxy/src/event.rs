//! What a front door reports while it runs. Only what is rare and worth a line in a log; requests are counted.

use crate::name::{Machine, ServiceName};

/// Something happened that somebody may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A machine did not accept a connection; the request went to another one if there was one.
    Unreachable {
        /// Its service.
        service: ServiceName,
        /// The machine.
        machine: Machine,
        /// What the system said.
        reason: String,
    },
    /// A machine closed its connection in the middle of a response, or sent what is not HTTP/1.1.
    Failed {
        /// Its service.
        service: ServiceName,
        /// The machine.
        machine: Machine,
        /// What went wrong.
        reason: &'static str,
    },
    /// The system refused to accept a connection, for example for want of descriptors. It is tried again.
    AcceptFailed {
        /// What the system said.
        reason: String,
    },
    /// The drain deadline of a machine came; what was still in flight was cut.
    Cut {
        /// Its service.
        service: ServiceName,
        /// The machine.
        machine: Machine,
        /// How many requests and other connections were cut.
        count: usize,
    },
}

//! What can go wrong when a front door is controlled. What goes wrong with a request is answered to the client.

use std::io;
use std::net::SocketAddr;

use crate::name::{MachineId, ServiceName};

/// A front door could not start.
#[derive(Debug, thiserror::Error)]
#[error("the front door's worker {index} could not start: {source}")]
pub struct StartError {
    /// Which worker, from 0.
    pub index: usize,
    /// What the system said.
    pub source: io::Error,
}

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program (or another listener of this one) holds the address.
    #[error("{addr} is already in use by another program")]
    AddressInUse {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The address may not be bound, for example a port below 1024 without the right to it.
    #[error("no permission to listen on {addr}")]
    NotPermitted {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The address is not one of this machine.
    #[error("{addr} is not an address of this machine")]
    NotLocal {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// Anything else the system refuses.
    #[error("cannot listen on {addr}: {source}")]
    Other {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An adopted descriptor is not a listening TCP socket.
    #[error("the socket to adopt is not a listening TCP socket: {source}")]
    NotAListener {
        /// What the system said.
        source: io::Error,
    },
    /// There is no such service.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl ListenError {
    pub(crate) fn from_bind(addr: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::AddressInUse { addr },
            io::ErrorKind::PermissionDenied => Self::NotPermitted { addr },
            io::ErrorKind::AddrNotAvailable => Self::NotLocal { addr },
            _ => Self::Other { addr, source },
        }
    }
}

/// A command to a front door named something that is not there, or is there already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No service of this name was added.
    #[error("the front door has no service named {service}")]
    UnknownService {
        /// The name asked for.
        service: ServiceName,
    },
    /// The service has no serving machine of this name.
    #[error("service {service} has no machine {machine}")]
    UnknownMachine {
        /// The service.
        service: ServiceName,
        /// The name asked for.
        machine: MachineId,
    },
    /// A serving machine of this name has another address.
    #[error("service {service} already has a machine {machine}, at {addr}")]
    MachineExists {
        /// The service.
        service: ServiceName,
        /// The name both have.
        machine: MachineId,
        /// The address of the one that serves.
        addr: SocketAddr,
    },
}

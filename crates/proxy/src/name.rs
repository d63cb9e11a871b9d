//! Names of services and machines.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// Name of a service: a set of machines behind one or more listeners.
    ServiceName
}

name! {
    /// Name of a machine within its service.
    MachineId
}

/// A machine that can take requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub id: MachineId,
    /// Where it listens for HTTP/1.1.
    pub addr: SocketAddr,
}

impl Machine {
    /// A machine named `id` that listens on `addr`.
    pub fn new(id: impl Into<MachineId>, addr: SocketAddr) -> Self {
        Self {
            id: id.into(),
            addr,
        }
    }
}

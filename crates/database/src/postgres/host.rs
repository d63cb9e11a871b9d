//! Where a server listens.

use std::fmt;
use std::path::PathBuf;

/// One place a server may be at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A socket file's directory and the port that names the file in it.
    Socket { directory: PathBuf, port: u16 },
    Tcp {
        /// As TLS checks it against the certificate.
        name: String,
        /// What to connect to, if not what `name` resolves to (`hostaddr`).
        address: Option<String>,
        port: u16,
    },
}

impl Host {
    /// The socket file of a local server.
    pub(super) fn socket_file(directory: &std::path::Path, port: u16) -> PathBuf {
        directory.join(format!(".s.PGSQL.{port}"))
    }

    /// Where a server is if nobody says: the local one by its socket file, in
    /// either of the directories packages use, and by TCP if there is none.
    pub(super) fn default_at(port: u16) -> Self {
        ["/var/run/postgresql", "/tmp"]
            .into_iter()
            .map(PathBuf::from)
            .find(|directory| Self::socket_file(directory, port).exists())
            .map_or_else(
                || Self::Tcp {
                    name: "localhost".to_owned(),
                    address: None,
                    port,
                },
                |directory| Self::Socket { directory, port },
            )
    }

    pub(super) fn port(&self) -> u16 {
        match self {
            Self::Socket { port, .. } | Self::Tcp { port, .. } => *port,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { directory, port } => {
                write!(f, "{}", Self::socket_file(directory, *port).display())
            }
            Self::Tcp { name, port, .. } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Tcp { name, port, .. } => write!(f, "{name}:{port}"),
        }
    }
}

//! Certificates that are trusted to sign others.

use std::fmt;
use std::path::PathBuf;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::certificates;

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// The system's, in a file of its own; `None`: it has none.
    System(Option<PathBuf>),
    /// A file's.
    File(PathBuf),
}

impl Roots {
    /// All of them, and those of a file one by one: one of these may be the
    /// server's own.
    pub(super) fn read(&self) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
        let mut store = RootCertStore::empty();
        match self {
            Self::System(None) => Err("the system has no file of trusted certificates; \
                 install `ca-certificates`, or name a file"
                .to_owned()),
            Self::System(Some(file)) => {
                // Of many, some are of kinds that are not understood.
                store.add_parsable_certificates(certificates(file)?);
                Ok((store, Vec::new()))
            }
            Self::File(file) => {
                let certificates = certificates(file)?;
                for certificate in &certificates {
                    store
                        .add(certificate.clone())
                        .map_err(|error| format!("{}: {error}", file.display()))?;
                }
                Ok((store, certificates))
            }
        }
    }
}

impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(None) => f.write_str("the system's trusted certificates"),
            Self::System(Some(file)) => {
                write!(f, "the system's trusted certificates ({})", file.display())
            }
            Self::File(file) => write!(f, "{}", file.display()),
        }
    }
}

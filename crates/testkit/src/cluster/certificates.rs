//! A certificate authority of a cluster's own, and what it signed.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

/// PEM files: the authority's certificate, and the server's with its key.
#[derive(Debug, Clone)]
pub(super) struct Certificates {
    pub(super) authority: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Certificates {
    /// Makes them in `directory`, for `localhost` and 127.0.0.1.
    pub(super) fn make(directory: &Path) -> Self {
        let files = Self {
            authority: directory.join("ca.pem"),
            certificate: directory.join("server.pem"),
            key: directory.join("server.key"),
        };
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority
            .distinguished_name
            .push(DnType::CommonName, "Shipgate's tests");
        let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");

        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut server = CertificateParams::new(names).expect("names of a server");
        server
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let key = key();
        let certificate = server.signed_by(&key, &authority).expect("a certificate");

        fs::write(&files.authority, authority.pem()).expect("a file");
        fs::write(&files.certificate, certificate.pem()).expect("a file");
        fs::write(&files.key, key.serialize_pem()).expect("a file");
        files
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

//! TLS by rustls, with ring and nothing else behind it: who is believed, how
//! the connection is made, and what of it a password's proof can be bound to.

mod end_point;
mod roots;
mod verifier;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) use end_point::end_point;
pub(crate) use roots::Roots;
use verifier::Verifier;

/// What of the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing: who listens cannot read along, who answers can be anybody.
    Nothing,
    /// That somebody trusted signed it.
    Chain,
    /// That, and that it is for the host that was asked for.
    ChainAndName,
}

/// How a connection is secured.
#[derive(Clone, Debug)]
pub(crate) struct Options<'a> {
    pub(crate) check: Check,
    pub(crate) roots: &'a Roots,
    /// Certificate and key that tell the server who this is.
    pub(crate) identity: Option<(&'a Path, &'a Path)>,
    /// Protocol to agree on, where TLS starts with the first byte.
    pub(crate) protocol: Option<&'static [u8]>,
}

/// Why there is no secure connection.
#[derive(Debug)]
pub(crate) enum Error {
    /// The network; trying again may help.
    Io(io::Error),
    /// It would be the same again.
    Refused(String),
}

/// Makes `stream` a TLS connection to the server of this name.
pub(crate) async fn connect<S>(
    stream: S,
    name: &str,
    options: &Options<'_>,
) -> Result<TlsStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut config = config(options).map_err(Error::Refused)?;
    let server = match ServerName::try_from(name.to_owned()) {
        Ok(server) => server,
        Err(_) if options.check == Check::ChainAndName => {
            return Err(Error::Refused(format!(
                "`{name}` is no host name that a certificate could be for"
            )));
        }
        Err(_) => {
            config.enable_sni = false;
            ServerName::try_from("invalid").map_err(|error| Error::Refused(error.to_string()))?
        }
    };
    TlsConnector::from(Arc::new(config))
        .connect(server, stream)
        .await
        .map_err(|error| match refusal(&error) {
            Some(refusal) => Error::Refused(words(refusal, options.roots)),
            None => Error::Io(error),
        })
}

/// The refusal of TLS in an error of a stream, if that is what it is.
pub(crate) fn refusal(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn config(options: &Options<'_>) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(options.check, options.roots, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match options.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let key_of = private_key(key)?;
            builder
                .with_client_auth_cert(chain, key_of)
                .map_err(|error| format!("{}: {error}", key.display()))?
        }
    };
    config.alpn_protocols = options.protocol.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// All certificates of a PEM file.
pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("cannot read the certificate {}: {error}", file.display()))?;
    if certificates.is_empty() {
        return Err(format!("{} holds no PEM certificate", file.display()));
    }
    Ok(certificates)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    use std::os::unix::fs::MetadataExt;
    let about = std::fs::metadata(file)
        .map_err(|error| format!("cannot read the private key {}: {error}", file.display()))?;
    let allowed = if about.uid() == 0 { 0o740 } else { 0o700 };
    if about.mode() & 0o777 & !allowed != 0 {
        return Err(format!(
            "others may read the private key {}; `chmod 600` it",
            file.display()
        ));
    }
    PrivateKeyDer::from_pem_file(file)
        .map_err(|error| format!("cannot read the private key {}: {error}", file.display()))
}

/// A refusal in words that say what to do.
pub(crate) fn words(error: &rustls::Error, roots: &Roots) -> String {
    use rustls::CertificateError::{BadSignature, NotValidForNameContext, UnknownIssuer};
    match error {
        rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature) => {
            format!("its certificate is not signed by any in {roots}")
        }
        rustls::Error::InvalidCertificate(NotValidForNameContext {
            expected,
            presented,
        }) => {
            let names: Vec<_> = presented.iter().map(|name| readable(name)).collect();
            let names = if names.is_empty() {
                "no name".to_owned()
            } else {
                names.join(", ")
            };
            format!(
                "its certificate is for {names}, not for {}",
                expected.to_str()
            )
        }
        other => other.to_string(),
    }
}

/// `localhost` of `DnsName("localhost")`.
fn readable(name: &str) -> String {
    name.split_once('(')
        .and_then(|(_, inside)| inside.strip_suffix(')'))
        .unwrap_or(name)
        .trim_matches('"')
        .to_owned()
}

/// Where the system's trusted certificates are, by `$SSL_CERT_FILE` or in the
/// places that distributions have.
pub(crate) fn system_bundle(ssl_cert_file: Option<&str>) -> Option<PathBuf> {
    const BUNDLES: [&str; 5] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    match ssl_cert_file {
        Some(file) => Some(PathBuf::from(file)),
        None => BUNDLES
            .iter()
            .map(PathBuf::from)
            .find(|bundle| bundle.exists()),
    }
}

//! Our settings as `mysql_async` takes them.

use std::path::Path;
use std::time::Duration;

use mysql_async::{ClientIdentity, Compression, Opts, OptsBuilder, SslOpts};
use rustls::RootCertStore;

use super::infile::Infile;
use super::settings::{Server, Settings, Tls};
use crate::Password;
use crate::tls::{Roots, certificates};
use crate::url::TlsMode;

/// What `mysql_async` asks the certificate to be for where its name does not
/// matter. It lets a certificate with another name pass if the error's text has
/// this word, which rustls no longer writes by itself; with it as the name
/// that was expected, the text has it.
const ANY_NAME: &str = "NotValidForName";

/// What `mysql_async` is told to connect to `server`.
pub(super) fn options(
    settings: &Settings,
    server: &Server,
    encrypted: bool,
    infile: Infile,
) -> Result<Opts, String> {
    let builder = OptsBuilder::default()
        .user(Some(settings.user.clone()))
        .pass(settings.password.as_ref().map(Password::expose))
        .db_name(settings.database.clone())
        // Or it would leave a local TCP connection for the socket.
        .prefer_socket(false)
        // The server's own are read in our own set-up; these spare a query.
        .max_allowed_packet(Some(1 << 30))
        .wait_timeout(Some(28_800))
        .tcp_keepalive(Some(Duration::from_secs(15)))
        .stmt_cache_size(0)
        .client_found_rows(settings.found_rows)
        .enable_cleartext_plugin(settings.cleartext_password)
        .compression(settings.compress.then(Compression::default))
        .connect_attribute("program_name", "shipgate")
        .local_infile_handler(Some(infile));
    let builder = match server {
        Server::Socket(path) => builder.socket(Some(path.to_string_lossy())),
        Server::Tcp { host, port } => {
            let builder = builder.ip_or_hostname(host).tcp_port(*port);
            if encrypted {
                builder.ssl_opts(Some(tls(&settings.tls)?))
            } else {
                builder
            }
        }
    };
    Ok(Opts::from(builder))
}

/// The files are read here: the driver would tell of one that is missing as if
/// the server were.
fn tls(tls: &Tls) -> Result<SslOpts, String> {
    let mut options = SslOpts::default();
    if let Some((certificate, key)) = &tls.identity {
        options = options.with_client_identity(Some(ClientIdentity::new(
            contents(certificate)?.into(),
            contents(key)?.into(),
        )));
    }
    Ok(match tls.mode {
        TlsMode::Disabled | TlsMode::Preferred | TlsMode::Required => {
            options.with_danger_accept_invalid_certs(true)
        }
        TlsMode::VerifyCa => trusting(options, &tls.roots)?
            .with_danger_skip_domain_validation(true)
            .with_danger_tls_hostname_override(Some(ANY_NAME)),
        TlsMode::VerifyIdentity => trusting(options, &tls.roots)?,
    })
}

/// Trust in these and no others; a system without any leaves the driver's own.
fn trusting(options: SslOpts, roots: &Roots) -> Result<SslOpts, String> {
    let certificates = match roots {
        Roots::File(file) => certificates(file)?,
        Roots::System(None) => Vec::new(),
        Roots::System(Some(file)) => {
            let mut store = RootCertStore::empty();
            // Of many, some are of kinds that are not understood.
            certificates(file)?
                .into_iter()
                .filter(|certificate| store.add(certificate.clone()).is_ok())
                .collect()
        }
    };
    let has_own = !certificates.is_empty();
    let certificates = certificates
        .into_iter()
        .map(|certificate| certificate.to_vec().into())
        .collect();
    Ok(options
        .with_root_certs(certificates)
        .with_disable_built_in_roots(has_own))
}

fn contents(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

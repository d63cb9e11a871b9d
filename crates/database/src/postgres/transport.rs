//! The stream to a server: a socket or TCP, with TLS or without.

use std::io;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::host::Host;
use super::settings::{SslMode, TlsSettings};
use super::startup::StartError;
use super::wire::Stream;
use crate::tls::{self, Roots, end_point};

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Clear,
    Tls,
}

/// A stream, before anything is said on it.
pub(super) struct Transport {
    pub(super) stream: Box<dyn Stream>,
    /// What of the TLS connection a proof can be bound to.
    pub(super) end_point: Option<Vec<u8>>,
}

/// The ways to try, in order. A local socket needs no encryption, and
/// `sslmode` does not concern it.
pub(super) fn ways(host: &Host, mode: SslMode) -> &'static [Encryption] {
    match (host, mode) {
        (Host::Socket { .. }, _) | (_, SslMode::Disable) => &[Encryption::Clear],
        (_, SslMode::Allow) => &[Encryption::Clear, Encryption::Tls],
        (_, SslMode::Prefer) => &[Encryption::Tls, Encryption::Clear],
        _ => &[Encryption::Tls],
    }
}

/// Connects to a host.
pub(super) async fn open(
    host: &Host,
    settings: &TlsSettings,
    encryption: Encryption,
) -> Result<Transport, StartError> {
    let (name, stream) = match host {
        Host::Socket { directory, port } => {
            let file = Host::socket_file(directory, *port);
            let stream = UnixStream::connect(file).await?;
            return Ok(Transport {
                stream: Box::new(stream),
                end_point: None,
            });
        }
        Host::Tcp {
            name,
            address,
            port,
        } => {
            let to = address.as_deref().unwrap_or(name);
            (name, tcp(to, *port).await?)
        }
    };
    match encryption {
        Encryption::Clear => Ok(Transport {
            stream: Box::new(stream),
            end_point: None,
        }),
        Encryption::Tls => secure(stream, name, settings).await,
    }
}

async fn tcp(to: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((to, port)).await?;
    stream.set_nodelay(true)?;
    keep_alive(&stream)?;
    Ok(stream)
}

/// A server that is gone without a word is noticed in the time a statement
/// takes that may run for hours: probes after 30 s of silence, and the end
/// after three that are not answered.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    use std::time::Duration;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(30))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(10))?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    Ok(())
}

async fn secure(
    mut stream: TcpStream,
    name: &str,
    settings: &TlsSettings,
) -> Result<Transport, StartError> {
    if !settings.direct {
        ask_for_tls(&mut stream).await?;
    }
    let none = Roots::System(None);
    let options = tls::Options {
        check: settings.check(),
        roots: settings.roots.as_ref().unwrap_or(&none),
        identity: settings.certificate.as_deref().zip(settings.key.as_deref()),
        protocol: settings.direct.then_some(b"postgresql".as_slice()),
    };
    let stream = tls::connect(stream, name, &options)
        .await
        .map_err(|error| match error {
            tls::Error::Io(error) => StartError::Io(error),
            tls::Error::Refused(message) => StartError::Tls(message),
        })?;
    let (_, connection) = stream.get_ref();
    let end_point = connection
        .peer_certificates()
        .and_then(<[_]>::first)
        .and_then(|certificate| end_point(certificate));
    Ok(Transport {
        stream: Box::new(stream),
        end_point,
    })
}

/// Asks, byte by byte: what follows the answer is TLS's already, and anything
/// that came with it in the clear would be somebody else's.
async fn ask_for_tls(stream: &mut TcpStream) -> Result<(), StartError> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    match stream.read_u8().await? {
        b'S' => Ok(()),
        b'N' => Err(StartError::Tls(
            "the server does not offer TLS; if that is right, say `sslmode=disable`".to_owned(),
        )),
        b'E' => Err(StartError::Io(io::Error::other(
            "the server answered the question for TLS with an error",
        ))),
        _ => Err(StartError::Tls(
            "the answer is not PostgreSQL's protocol".to_owned(),
        )),
    }
}

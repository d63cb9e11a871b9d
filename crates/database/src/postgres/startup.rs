//! From a fresh stream to a session: who asks for what, and the proof of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use bytes::{Buf, Bytes};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::frontend;

use super::message::{self, Report, cut_short, tag};
use super::settings::Preference;
use super::wire::{Frame, Wire};
use crate::tls;

/// Who asks for what.
pub(super) struct Request<'a> {
    pub(super) user: &'a str,
    pub(super) database: &'a str,
    pub(super) password: Option<&'a str>,
    /// A password file that was not looked at, for others may read it.
    pub(super) unused_passfile: Option<&'a Path>,
    /// Settings sent with it.
    pub(super) parameters: &'a [(String, String)],
    pub(super) channel_binding: Preference,
    /// What of the TLS connection a proof can be bound to.
    pub(super) end_point: Option<Vec<u8>>,
}

/// What the server told.
#[derive(Default)]
pub(super) struct Started {
    pub(super) key: Option<Key>,
    pub(super) parameters: BTreeMap<String, String>,
}

/// What stops a session's statement.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) process: i32,
    pub(super) secret: i32,
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum StartError {
    Io(io::Error),
    Server(Box<Report>),
    /// The connection is not secure as it is asked to be.
    Tls(String),
    /// It is not possible as asked: a password is missing, channel binding is required.
    Impossible(String),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        // A server may refuse the client's certificate after the handshake.
        match tls::refusal(&error) {
            Some(refusal) => Self::Tls(refusal.to_string()),
            None => Self::Io(error),
        }
    }
}

pub(super) async fn start(wire: &mut Wire, request: &Request<'_>) -> Result<Started, StartError> {
    let fixed = [
        ("user", request.user),
        ("database", request.database),
        ("client_encoding", "UTF8"),
    ];
    let named = request
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    frontend::startup_message(fixed.into_iter().chain(named), wire.output())?;
    authenticate(wire, request).await?;
    let mut started = Started::default();
    loop {
        let mut frame = answer(wire).await?;
        match frame.tag {
            tag::READY => return Ok(started),
            tag::BACKEND_KEY if frame.body.remaining() >= 8 => {
                started.key = Some(Key {
                    process: frame.body.get_i32(),
                    secret: frame.body.get_i32(),
                });
            }
            tag::PARAMETER_STATUS => {
                let (name, value) = message::parameter(frame.body)?;
                started.parameters.insert(name, value);
            }
            // Notices, and refused extensions of the protocol.
            _ => {}
        }
    }
}

async fn answer(wire: &mut Wire) -> Result<Frame, StartError> {
    let frame = wire.next().await?;
    if frame.tag == tag::ERROR {
        return Err(StartError::Server(Box::new(Report::parse(frame.body))));
    }
    Ok(frame)
}

/// Kinds of an `Authentication` message.
mod kind {
    pub(super) const OK: i32 = 0;
    pub(super) const CLEARTEXT: i32 = 3;
    pub(super) const MD5: i32 = 5;
    pub(super) const GSS: i32 = 7;
    pub(super) const SSPI: i32 = 9;
    pub(super) const SASL: i32 = 10;
}

async fn authenticate(wire: &mut Wire, request: &Request<'_>) -> Result<(), StartError> {
    let mut is_bound = false;
    loop {
        let mut body = authentication(wire).await?;
        let kind = body.get_i32();
        if kind != kind::OK && kind != kind::SASL {
            request.refuse_unbound()?;
        }
        match kind {
            kind::OK if is_bound || request.channel_binding != Preference::Require => {
                return Ok(());
            }
            kind::OK => request.refuse_unbound()?,
            kind::CLEARTEXT => {
                frontend::password_message(request.password()?.as_bytes(), wire.output())?;
            }
            kind::MD5 => {
                let salt = body.first_chunk().copied().ok_or_else(cut_short)?;
                let hash = md5_hash(
                    request.user.as_bytes(),
                    request.password()?.as_bytes(),
                    salt,
                );
                frontend::password_message(hash.as_bytes(), wire.output())?;
            }
            kind::SASL => is_bound = scram(wire, request, body).await?,
            other => {
                let name = match other {
                    kind::GSS => "GSSAPI",
                    kind::SSPI => "SSPI",
                    _ => "a method of its own",
                };
                return Err(StartError::Impossible(format!(
                    "the server wants authentication by {name}; supported are passwords \
                     (scram-sha-256, md5, password), certificates, peer and trust"
                )));
            }
        }
    }
}

/// The body of the next message, which is to be about authentication.
async fn authentication(wire: &mut Wire) -> Result<Bytes, StartError> {
    loop {
        let frame = answer(wire).await?;
        match frame.tag {
            tag::AUTHENTICATION if frame.body.remaining() >= 4 => return Ok(frame.body),
            tag::AUTHENTICATION => return Err(cut_short().into()),
            _ => {}
        }
    }
}

/// SCRAM-SHA-256, bound to the TLS connection where both ends can. Returns
/// whether it was.
async fn scram(
    wire: &mut Wire,
    request: &Request<'_>,
    mut body: Bytes,
) -> Result<bool, StartError> {
    let mut offered = Vec::new();
    while body.first().is_some_and(|byte| *byte != 0) {
        offered.push(message::text(&mut body)?);
    }
    let has = |name: &str| offered.iter().any(|offer| offer == name);
    let end_point = match request.channel_binding {
        Preference::Disable => None,
        Preference::Prefer | Preference::Require => request.end_point.clone(),
    };
    let (mechanism, binding, is_bound) = match end_point {
        Some(end_point) if has(SCRAM_SHA_256_PLUS) => (
            SCRAM_SHA_256_PLUS,
            ChannelBinding::tls_server_end_point(end_point),
            true,
        ),
        // We could have; the server says it cannot. An attacker who says so
        // in its place is found out by the proof.
        Some(_) => (SCRAM_SHA_256, ChannelBinding::unrequested(), false),
        None => (SCRAM_SHA_256, ChannelBinding::unsupported(), false),
    };
    if !has(mechanism) {
        return Err(StartError::Impossible(format!(
            "the server offers {} only; supported is SCRAM-SHA-256",
            offered.join(", ")
        )));
    }
    if !is_bound {
        request.refuse_unbound()?;
    }
    let mut proof = ScramSha256::new(request.password()?.as_bytes(), binding);
    frontend::sasl_initial_response(mechanism, proof.message(), wire.output())?;
    let challenge = sasl_data(wire).await?;
    proof.update(&challenge)?;
    frontend::sasl_response(proof.message(), wire.output())?;
    let verdict = sasl_data(wire).await?;
    proof.finish(&verdict).map_err(|_| {
        StartError::Impossible("the server cannot prove that it knows the password".to_owned())
    })?;
    Ok(is_bound)
}

async fn sasl_data(wire: &mut Wire) -> Result<Bytes, StartError> {
    let mut body = authentication(wire).await?;
    body.advance(4);
    Ok(body)
}

impl<'a> Request<'a> {
    fn password(&self) -> Result<&'a str, StartError> {
        self.password.ok_or_else(|| {
            StartError::Impossible(match self.unused_passfile {
                None => "the server wants a password and none was given; put it in the URL, \
                         $PGPASSWORD or ~/.pgpass"
                    .to_owned(),
                Some(path) => format!(
                    "the server wants a password, and the password file {} is not used because \
                     others may read it; `chmod 600` it",
                    path.display()
                ),
            })
        })
    }

    fn refuse_unbound(&self) -> Result<(), StartError> {
        if self.channel_binding != Preference::Require {
            return Ok(());
        }
        Err(StartError::Impossible(
            "channel binding is required, and the server does not bind the password's proof \
             to a TLS connection"
                .to_owned(),
        ))
    }
}

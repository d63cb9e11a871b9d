//! Request heads: parsed strictly, and rewritten for the machine straight into the buffer that is sent to it.
//!
//! The rewritten head is always HTTP/1.1 in origin form. Fields meant for one hop are taken out (RFC 9110 section
//! 7.6.1: `Connection` and what it lists, `Keep-Alive`, `Proxy-Connection`, `TE`, `Upgrade`), `Host` and everything
//! else is kept as it came, and `X-Forwarded-For`, `-Proto`, `-Host` and `X-Request-Id` are added. `Via` is not: it
//! makes some servers withhold compression, and loops cannot arise where machines are addressed directly. `X-Real-IP`
//! is neither set nor believed. `Proxy` is dropped, because CGI turns it into `HTTP_PROXY`, and
//! so is what CGI would take for one of the fields named here, such as `X_Forwarded_For`.

use std::net::{IpAddr, SocketAddr};

use memchr::memchr;

use crate::field::{Field, Name, copy_fields, is_listed, list, parse_fields};
use crate::head::{ConnectionOptions, HeadFault, LengthFields, Version};
use crate::settings::Forwarded;
use crate::target::{Span, Target, is_host, parse_version, split_line};

/// What a method means to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Head,
    /// May be sent again when nobody knows whether it was carried out (RFC 9110 section 9.2.2).
    Idempotent,
    Other,
}

impl Method {
    fn of(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"GET" | b"OPTIONS" | b"TRACE" | b"PUT" | b"DELETE" => Self::Idempotent,
            _ => Self::Other,
        }
    }

    pub(crate) fn is_idempotent(self) -> bool {
        self != Self::Other
    }
}

/// How the body of a request is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestBody {
    None,
    Length(u64),
    Chunked,
}

/// What has to be known of a request once its head is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) body: RequestBody,
    /// The client wants to send more requests on this connection.
    pub(crate) keep_alive: bool,
    /// The client wants another protocol on this connection, and the machine is asked for it.
    pub(crate) upgrade: bool,
}

/// What the front door knows about both ends of a client connection, rendered once.
#[derive(Debug)]
pub(crate) struct Edge {
    peer: String,
    local: String,
    forwarded: Forwarded,
}

impl Edge {
    pub(crate) fn new(peer: SocketAddr, local: SocketAddr, forwarded: Forwarded) -> Self {
        Self {
            peer: plain(peer.ip()).to_string(),
            local: SocketAddr::new(plain(local.ip()), local.port()).to_string(),
            forwarded,
        }
    }
}

/// IPv4 written as such, also when it came in through an IPv6 socket.
fn plain(addr: IpAddr) -> IpAddr {
    addr.to_canonical()
}

/// A request head taken apart; it borrows nothing, so that the bytes may move on.
#[derive(Debug)]
pub(crate) struct RequestHead {
    pub(crate) request: Request,
    method: Span,
    target: Target,
    fields_at: usize,
    te_trailers: bool,
    options: ConnectionOptions,
}

impl RequestHead {
    /// Takes a whole head apart; its fields are left in `fields`.
    pub(crate) fn parse(head: &[u8], fields: &mut Vec<Field>) -> Result<Self, HeadFault> {
        let end = memchr(b'\r', head).ok_or(HeadFault::BadFirstLine)?;
        if head.get(end + 1) != Some(&b'\n') {
            return Err(HeadFault::BadFirstLine);
        }
        let (method, target, version) = split_line(&head[..end])?;
        let version = parse_version(&head[version])?;
        if &head[method.clone()] == b"CONNECT" {
            return Err(HeadFault::BadMethod);
        }
        let target = Target::parse(head, &head[method.clone()], target)?;
        parse_fields(head, end + 2, fields)?;

        let mut lengths = LengthFields::default();
        let mut options = ConnectionOptions::default();
        let mut hosts = 0;
        let mut upgrade = Upgrade::No;
        let mut te_trailers = false;
        for field in fields.iter() {
            let value = field.value_in(head);
            match field.name {
                Name::ContentLength => lengths.read_length(value)?,
                Name::TransferEncoding => lengths.read_coding(value)?,
                Name::Connection => options.read(value),
                Name::Host => {
                    hosts += 1;
                    if hosts > 1 || !is_host(value) {
                        return Err(HeadFault::BadHost);
                    }
                }
                Name::Upgrade => upgrade = upgrade.and(value),
                Name::Te => {
                    te_trailers |= list(value).any(|te| te.eq_ignore_ascii_case(b"trailers"));
                }
                _ => {}
            }
        }
        if hosts == 0 && version == Version::Http11 {
            return Err(HeadFault::BadHost);
        }
        let lengths = lengths.check(version)?;
        let http11 = version == Version::Http11;
        Ok(Self {
            request: Request {
                method: Method::of(&head[method.clone()]),
                version,
                body: match lengths {
                    LengthFields { chunked: true, .. } => RequestBody::Chunked,
                    LengthFields {
                        length: Some(0) | None,
                        ..
                    } => RequestBody::None,
                    LengthFields {
                        length: Some(length),
                        ..
                    } => RequestBody::Length(length),
                },
                keep_alive: !options.close && (http11 || options.keep_alive),
                upgrade: http11 && options.upgrade && upgrade == Upgrade::Protocol,
            },
            method,
            target,
            fields_at: end + 2,
            te_trailers,
            options,
        })
    }

    /// Appends the head as the machine shall see it to `out`. `request_id` is asked for only when it is needed.
    pub(crate) fn rewrite(
        &self,
        head: &[u8],
        fields: &[Field],
        edge: &Edge,
        request_id: impl FnOnce() -> Option<[u8; 32]>,
        out: &mut Vec<u8>,
    ) {
        self.write_line(head, edge, fields, out);
        let mut sent = Sent::default();
        copy_fields(head, fields, out, |field| {
            self.passes(head, fields, field, edge, &mut sent)
        });
        if self.request.upgrade {
            out.extend_from_slice(b"Connection: upgrade\r\n");
        } else if self.te_trailers {
            out.extend_from_slice(b"Connection: te\r\nTE: trailers\r\n");
        }
        self.write_forwarded(head, fields, edge, &sent, out);
        if !sent.request_id
            && let Some(id) = request_id()
        {
            out.extend_from_slice(b"X-Request-Id: ");
            out.extend_from_slice(&id);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    fn write_line(&self, head: &[u8], edge: &Edge, fields: &[Field], out: &mut Vec<u8>) {
        match &self.target {
            Target::Origin(_) if self.request.version == Version::Http11 => {
                out.extend_from_slice(&head[..self.fields_at]);
            }
            Target::Origin(target) => {
                out.extend_from_slice(&head[self.method.start..target.end]);
                out.extend_from_slice(b" HTTP/1.1\r\n");
                if !fields.iter().any(|field| field.name == Name::Host) {
                    write_field(out, b"Host", edge.local.as_bytes());
                }
            }
            Target::Absolute { authority, path } => {
                out.extend_from_slice(&head[self.method.clone()]);
                out.push(b' ');
                if !head[path.clone()].starts_with(b"/") {
                    out.push(b'/');
                }
                out.extend_from_slice(&head[path.clone()]);
                out.extend_from_slice(b" HTTP/1.1\r\n");
                write_field(out, b"Host", &head[authority.clone()]);
            }
        }
    }

    fn passes(
        &self,
        head: &[u8],
        fields: &[Field],
        field: &Field,
        edge: &Edge,
        sent: &mut Sent,
    ) -> bool {
        if self.options.names_fields && is_listed(head, fields, field) {
            return false;
        }
        match field.name {
            Name::Connection
            | Name::KeepAlive
            | Name::Proxy
            | Name::ProxyConnection
            | Name::Te
            | Name::ForwardedFor
            | Name::Lookalike => false,
            Name::Upgrade => self.request.upgrade,
            Name::Expect => self.request.version == Version::Http11,
            Name::Host => matches!(self.target, Target::Origin(_)),
            Name::ContentLength => !std::mem::replace(&mut sent.length, true),
            Name::ForwardedProto => edge.forwarded == Forwarded::Keep && sent.proto(),
            Name::ForwardedHost => edge.forwarded == Forwarded::Keep && sent.host(),
            Name::RequestId => {
                sent.request_id = true;
                true
            }
            Name::TransferEncoding | Name::Other => true,
        }
    }

    fn write_forwarded(
        &self,
        head: &[u8],
        fields: &[Field],
        edge: &Edge,
        sent: &Sent,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(b"X-Forwarded-For: ");
        for field in fields {
            if field.name == Name::ForwardedFor
                && !field.value_in(head).is_empty()
                && !(self.options.names_fields && is_listed(head, fields, field))
            {
                out.extend_from_slice(field.value_in(head));
                out.extend_from_slice(b", ");
            }
        }
        out.extend_from_slice(edge.peer.as_bytes());
        out.extend_from_slice(b"\r\n");
        if !sent.proto {
            out.extend_from_slice(b"X-Forwarded-Proto: http\r\n");
        }
        if !sent.host {
            let host = match &self.target {
                Target::Absolute { authority, .. } => Some(&head[authority.clone()]),
                Target::Origin(_) => fields
                    .iter()
                    .find(|field| field.name == Name::Host)
                    .map(|field| field.value_in(head)),
            };
            if let Some(host) = host {
                write_field(out, b"X-Forwarded-Host", host);
            }
        }
    }
}

/// What was passed on and so need not be added.
#[derive(Debug, Default)]
struct Sent {
    length: bool,
    proto: bool,
    host: bool,
    request_id: bool,
}

impl Sent {
    fn proto(&mut self) -> bool {
        self.proto = true;
        true
    }

    fn host(&mut self) -> bool {
        self.host = true;
        true
    }
}

fn write_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upgrade {
    No,
    Protocol,
    /// HTTP/2 over cleartext: its requests would pass without being looked at, so the machine is not asked for it.
    Http2,
}

impl Upgrade {
    fn and(self, value: &[u8]) -> Self {
        let mut upgrade = self;
        for protocol in list(value) {
            let http2 = protocol.eq_ignore_ascii_case(b"h2c")
                || protocol
                    .get(..5)
                    .is_some_and(|name| name.eq_ignore_ascii_case(b"http/"));
            if http2 {
                return Self::Http2;
            }
            if upgrade == Self::No {
                upgrade = Self::Protocol;
            }
        }
        upgrade
    }
}

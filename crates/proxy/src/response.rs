//! Response heads: parsed strictly, and rewritten for the client.

use memchr::memchr;

use crate::field::{Field, Name, copy_fields, is_listed, is_value, parse_fields};
use crate::head::{ConnectionOptions, HeadFault, LengthFields, Version};
use crate::request::{Method, Request};

/// How the body of a response is delimited as it comes from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseBody {
    None,
    Length(u64),
    Chunked,
    /// It ends with the connection.
    UntilClose,
}

/// How the body has to be changed on its way to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recode {
    /// Not at all.
    Keep,
    /// Chunks are taken off: the client speaks HTTP/1.0.
    TakeChunksOff,
    /// Chunks are put on: the length is unknown, and only so can the client see that the body is whole.
    PutChunksOn,
}

/// A response head taken apart.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) body: ResponseBody,
    /// The machine keeps the connection after this response.
    pub(crate) keep_alive: bool,
    fields_at: usize,
    options: ConnectionOptions,
}

/// Whether the client's connection lives on after the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    KeepAlive,
    Close,
}

impl ResponseHead {
    /// Takes a whole head apart; its fields are left in `fields`.
    pub(crate) fn parse(
        head: &[u8],
        request: &Request,
        fields: &mut Vec<Field>,
    ) -> Result<Self, HeadFault> {
        let end = memchr(b'\r', head).ok_or(HeadFault::BadFirstLine)?;
        if head.get(end + 1) != Some(&b'\n') {
            return Err(HeadFault::BadFirstLine);
        }
        let line = &head[..end];
        let version = line
            .get(..8)
            .and_then(Version::parse)
            .ok_or(HeadFault::BadVersion)?;
        let status = parse_status(&line[8..])?;
        parse_fields(head, end + 2, fields)?;
        let mut lengths = LengthFields::default();
        let mut options = ConnectionOptions::default();
        for field in fields.iter() {
            let value = field.value_in(head);
            match field.name {
                Name::ContentLength => lengths.read_length(value)?,
                Name::TransferEncoding => lengths.read_coding(value)?,
                Name::Connection => options.read(value),
                _ => {}
            }
        }
        let lengths = lengths.check(version)?;
        let body = if request.method == Method::Head || matches!(status, 100..200 | 204 | 304) {
            ResponseBody::None
        } else {
            match lengths {
                LengthFields { chunked: true, .. } => ResponseBody::Chunked,
                LengthFields {
                    length: Some(0), ..
                } => ResponseBody::None,
                LengthFields {
                    length: Some(length),
                    ..
                } => ResponseBody::Length(length),
                LengthFields { length: None, .. } => ResponseBody::UntilClose,
            }
        };
        Ok(Self {
            status,
            body,
            keep_alive: body != ResponseBody::UntilClose
                && !options.close
                && (version == Version::Http11 || options.keep_alive),
            fields_at: end + 2,
            options,
        })
    }

    /// An interim response: the final one follows. 101 is not one of them.
    pub(crate) fn is_interim(&self) -> bool {
        matches!(self.status, 100..200) && self.status != 101
    }

    /// How the body has to be changed for a client of this version.
    pub(crate) fn recode(&self, client: Version) -> Recode {
        match (self.body, client) {
            (ResponseBody::Chunked, Version::Http10) => Recode::TakeChunksOff,
            (ResponseBody::UntilClose, Version::Http11) => Recode::PutChunksOn,
            _ => Recode::Keep,
        }
    }

    /// The client can see the end of the body without the connection being closed.
    pub(crate) fn is_delimited_for(&self, client: Version) -> bool {
        client == Version::Http11
            || matches!(self.body, ResponseBody::None | ResponseBody::Length(_))
    }

    /// Appends the head as the client shall see it to `out`.
    pub(crate) fn rewrite(
        &self,
        head: &[u8],
        fields: &[Field],
        request: &Request,
        persistence: Persistence,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(b"HTTP/1.1");
        out.extend_from_slice(&head[8..self.fields_at]);
        let recode = self.recode(request.version);
        let switching = self.status == 101;
        // RFC 9110 section 8.6 and RFC 9112 section 6.1: these have no length.
        let unmeasured = matches!(self.status, 100..200 | 204);
        let mut length_sent = false;
        copy_fields(head, fields, out, |field| {
            if self.options.names_fields && is_listed(head, fields, field) {
                return false;
            }
            match field.name {
                Name::Connection | Name::KeepAlive | Name::ProxyConnection => false,
                Name::Upgrade => switching || self.status == 426,
                Name::TransferEncoding => {
                    recode == Recode::Keep && request.version == Version::Http11 && !unmeasured
                }
                Name::ContentLength => !std::mem::replace(&mut length_sent, true) && !unmeasured,
                _ => true,
            }
        });
        if recode == Recode::PutChunksOn {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        let connection: &[u8] = match (persistence, request.version) {
            _ if switching => b"Connection: upgrade\r\n",
            _ if self.is_interim() => b"",
            (Persistence::Close, _) if self.status == 426 => b"Connection: upgrade, close\r\n",
            (Persistence::KeepAlive, _) if self.status == 426 => b"Connection: upgrade\r\n",
            (Persistence::Close, _) => b"Connection: close\r\n",
            (Persistence::KeepAlive, Version::Http10) => b"Connection: keep-alive\r\n",
            (Persistence::KeepAlive, Version::Http11) => b"",
        };
        out.extend_from_slice(connection);
        out.extend_from_slice(b"\r\n");
    }
}

/// ` 200 OK`: a space, three digits, and perhaps a space and a phrase.
fn parse_status(rest: &[u8]) -> Result<u16, HeadFault> {
    let [
        b' ',
        a @ b'1'..=b'9',
        b @ b'0'..=b'9',
        c @ b'0'..=b'9',
        phrase @ ..,
    ] = rest
    else {
        return Err(HeadFault::BadFirstLine);
    };
    if !(phrase.is_empty() || phrase[0] == b' ') || !is_value(phrase) {
        return Err(HeadFault::BadFirstLine);
    }
    let digit = |byte: &u8| u16::from(byte - b'0');
    Ok(digit(a) * 100 + digit(b) * 10 + digit(c))
}

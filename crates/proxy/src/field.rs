//! Fields of a head: splitting them, knowing those that matter, and copying them on.

use memchr::memchr;

use crate::head::HeadFault;

/// Fields a head may have.
const MAX_FIELDS: usize = 128;

/// The fields the proxy has to know by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Connection,
    ContentLength,
    Expect,
    Host,
    KeepAlive,
    Proxy,
    ProxyConnection,
    Te,
    TransferEncoding,
    Upgrade,
    ForwardedFor,
    ForwardedHost,
    ForwardedProto,
    RequestId,
    /// Reads like one of those above to a program that takes `_` for `-`, as CGI does.
    Lookalike,
    Other,
}

impl Name {
    pub(crate) fn of(name: &[u8]) -> Self {
        let known: &[(&[u8], Self)] = match name.len() {
            2 => &[(b"te", Self::Te)],
            4 => &[(b"host", Self::Host)],
            5 => &[(b"proxy", Self::Proxy)],
            6 => &[(b"expect", Self::Expect)],
            7 => &[(b"upgrade", Self::Upgrade)],
            10 => &[
                (b"connection", Self::Connection),
                (b"keep-alive", Self::KeepAlive),
            ],
            12 => &[(b"x-request-id", Self::RequestId)],
            14 => &[(b"content-length", Self::ContentLength)],
            15 => &[(b"x-forwarded-for", Self::ForwardedFor)],
            16 => &[
                (b"proxy-connection", Self::ProxyConnection),
                (b"x-forwarded-host", Self::ForwardedHost),
            ],
            17 => &[
                (b"transfer-encoding", Self::TransferEncoding),
                (b"x-forwarded-proto", Self::ForwardedProto),
            ],
            _ => return Self::Other,
        };
        known
            .iter()
            .find_map(|(known, id)| {
                if name.eq_ignore_ascii_case(known) {
                    Some(*id)
                } else {
                    looks_like(name, known).then_some(Self::Lookalike)
                }
            })
            .unwrap_or(Self::Other)
    }

    /// Decides framing or routing: never removed because a `Connection` field lists it.
    fn is_framing(self) -> bool {
        matches!(
            self,
            Self::ContentLength | Self::TransferEncoding | Self::Host
        )
    }
}

fn looks_like(name: &[u8], known: &[u8]) -> bool {
    let dashed = |byte: &u8| {
        if *byte == b'_' {
            b'-'
        } else {
            byte.to_ascii_lowercase()
        }
    };
    name.iter().map(dashed).eq(known.iter().copied())
}

/// Where one field lies in its head; offsets in bytes from the head's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: Name,
    start: u32,
    colon: u32,
    value: u32,
    value_end: u32,
    end: u32,
}

impl Field {
    pub(crate) fn name_in<'a>(&self, head: &'a [u8]) -> &'a [u8] {
        &head[self.start as usize..self.colon as usize]
    }

    /// The value without white space around it.
    pub(crate) fn value_in<'a>(&self, head: &'a [u8]) -> &'a [u8] {
        &head[self.value as usize..self.value_end as usize]
    }
}

/// Bytes a token may have (RFC 9110 section 5.6.2).
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(
                byte as u8,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        byte += 1;
    }
    table
};

pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| TOKEN[*byte as usize])
}

/// No control character but the tab.
pub(crate) fn is_value(bytes: &[u8]) -> bool {
    // Without an early way out the compiler makes vector code of this.
    !bytes.iter().fold(false, |bad, byte| {
        bad | ((*byte < 0x20) & (*byte != b'\t')) | (*byte == 0x7f)
    })
}

/// Splits the fields of `head`, which is whole and whose first line ends before `at`.
pub(crate) fn parse_fields(
    head: &[u8],
    mut at: usize,
    fields: &mut Vec<Field>,
) -> Result<(), HeadFault> {
    fields.clear();
    loop {
        let newline = at + memchr(b'\n', &head[at..]).ok_or(HeadFault::BareLineFeed)?;
        let line = head[at..newline]
            .strip_suffix(b"\r")
            .ok_or(HeadFault::BareLineFeed)?;
        if line.is_empty() {
            return Ok(());
        }
        if fields.len() == MAX_FIELDS {
            return Err(HeadFault::TooManyFields);
        }
        fields.push(parse_field(line, at)?);
        at = newline + 1;
    }
}

fn parse_field(line: &[u8], at: usize) -> Result<Field, HeadFault> {
    if matches!(line[0], b' ' | b'\t') {
        return Err(HeadFault::Folded);
    }
    let colon = memchr(b':', line).ok_or(HeadFault::NoColon)?;
    let name = &line[..colon];
    if !is_token(name) {
        return Err(if matches!(name.last(), Some(b' ' | b'\t')) {
            HeadFault::SpaceBeforeColon
        } else {
            HeadFault::BadName
        });
    }
    let rest = &line[colon + 1..];
    if !is_value(rest) {
        return Err(HeadFault::BadValue);
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let lead = rest.iter().take_while(|byte| blank(byte)).count();
    let tail = rest[lead..]
        .iter()
        .rev()
        .take_while(|byte| blank(byte))
        .count();
    let offset = |within: usize| (at + within) as u32;
    Ok(Field {
        name: Name::of(name),
        start: offset(0),
        colon: offset(colon),
        value: offset(colon + 1 + lead),
        value_end: offset(line.len() - tail),
        end: offset(line.len() + 2),
    })
}

/// The elements of a comma-separated list, without white space and without empty ones.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

/// A `Connection` field of `head` lists `field`, so it is meant for the next hop only.
pub(crate) fn is_listed(head: &[u8], fields: &[Field], field: &Field) -> bool {
    !field.name.is_framing()
        && fields
            .iter()
            .filter(|other| other.name == Name::Connection)
            .flat_map(|other| list(other.value_in(head)))
            .any(|option| option.eq_ignore_ascii_case(field.name_in(head)))
}

/// Copies the fields for which `keep` is true to `out`, neighbours in one go.
pub(crate) fn copy_fields(
    head: &[u8],
    fields: &[Field],
    out: &mut Vec<u8>,
    mut keep: impl FnMut(&Field) -> bool,
) {
    let mut run: Option<(u32, u32)> = None;
    for field in fields {
        if keep(field) {
            run = Some((run.map_or(field.start, |(start, _)| start), field.end));
        } else if let Some((start, end)) = run.take() {
            out.extend_from_slice(&head[start as usize..end as usize]);
        }
    }
    if let Some((start, end)) = run {
        out.extend_from_slice(&head[start as usize..end as usize]);
    }
}

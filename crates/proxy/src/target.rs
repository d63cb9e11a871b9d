//! Request lines: method, target and version.

use std::ops::Range;

use memchr::memchr;

use crate::field::is_token;
use crate::head::{HeadFault, Version};

#[derive(Debug)]
pub(crate) enum Target {
    /// A path, or `*`.
    Origin(Range<usize>),
    /// `http://authority/path`, as sent to forward proxies; the authority takes the place of `Host`.
    Absolute {
        authority: Range<usize>,
        path: Range<usize>,
    },
}

/// Where something lies in its head.
pub(crate) type Span = Range<usize>;

/// `method SP target SP version`, with exactly one space each.
pub(crate) fn split_line(line: &[u8]) -> Result<(Span, Span, Span), HeadFault> {
    let first = memchr(b' ', line).ok_or(HeadFault::BadFirstLine)?;
    let second = first + 1 + memchr(b' ', &line[first + 1..]).ok_or(HeadFault::BadFirstLine)?;
    let (method, target) = (0..first, first + 1..second);
    if !is_token(&line[method.clone()]) {
        return Err(HeadFault::BadFirstLine);
    }
    let bad = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
    if target.is_empty() || line[target.clone()].iter().any(bad) {
        return Err(HeadFault::BadTarget);
    }
    Ok((method, target, second + 1..line.len()))
}

pub(crate) fn parse_version(version: &[u8]) -> Result<Version, HeadFault> {
    if let Some(version) = Version::parse(version) {
        return Ok(version);
    }
    Err(match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            HeadFault::BadVersion
        }
        _ => HeadFault::BadFirstLine,
    })
}

impl Target {
    /// Takes a target in origin, asterisk or absolute form apart.
    pub(crate) fn parse(head: &[u8], method: &[u8], span: Span) -> Result<Self, HeadFault> {
        let target = &head[span.clone()];
        if target.starts_with(b"/") || (target == b"*" && method == b"OPTIONS") {
            return Ok(Self::Origin(span));
        }
        let scheme = [&b"http://"[..], b"https://"].into_iter().find(|scheme| {
            target
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        let after = scheme.ok_or(HeadFault::BadTarget)?.len();
        let rest = &target[after..];
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
            .unwrap_or(rest.len());
        if length == 0 || !is_host(&rest[..length]) {
            return Err(HeadFault::BadTarget);
        }
        let start = span.start + after;
        Ok(Self::Absolute {
            authority: start..start + length,
            path: start + length..span.end,
        })
    }
}

/// A host and perhaps a port; looked at for the bytes that could make another program see another host.
pub(crate) fn is_host(value: &[u8]) -> bool {
    value.iter().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.'
                    | b'_'
                    | b'~'
                    | b'!'
                    | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b';'
                    | b'='
                    | b':'
                    | b'['
                    | b']'
                    | b'%'
            )
    })
}

//! One journal line on disk: `LENGTH CRC32 JSON\n`.
//!
//! `LENGTH` is the JSON's length in bytes (decimal), `CRC32` its checksum
//! (IEEE, eight hex digits). The JSON is an [`Entry`] on one line, so a
//! journal can be read with `less` in an incident.

use super::record::Entry;

/// The line for an entry, with its newline.
pub(super) fn encode(entry: &Entry) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(entry)?;
    let mut line = format!("{} {:08x} ", json.len(), crc32fast::hash(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// What stands at the beginning of some bytes.
#[derive(Debug)]
pub(super) enum Frame {
    /// A whole line, and its length in bytes.
    Whole(Box<Entry>, usize),
    /// The bytes end before the line does, or the line is not what its checksum says.
    Torn,
    /// A line that is whole but holds no entry this version can read.
    Unreadable(String),
}

/// Reads the first line of `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Frame {
    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
        return Frame::Torn;
    };
    let Some(json) = checked(&bytes[..end]) else {
        return Frame::Torn;
    };
    match serde_json::from_slice(json) {
        Ok(entry) => Frame::Whole(Box::new(entry), end + 1),
        Err(error) => Frame::Unreadable(error.to_string()),
    }
}

fn checked(line: &[u8]) -> Option<&[u8]> {
    let mut parts = line.splitn(3, |&byte| byte == b' ');
    let length: usize = text(parts.next()?)?.parse().ok()?;
    let sum = u32::from_str_radix(text(parts.next()?)?, 16).ok()?;
    let json = parts.next()?;
    (json.len() == length && crc32fast::hash(json) == sum).then_some(json)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

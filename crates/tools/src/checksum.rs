//! The checksums with which tools notice that a migration was edited.

use std::fmt::Write;
use std::hash::Hasher;

use md5::Md5;
use sha2::{Digest, Sha256, Sha384};
use siphasher::sip::SipHasher13;

/// What a file's checksum may be in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The tool keeps none.
    None,
    /// The migration is unedited if the history holds one of these.
    Any(Vec<String>),
    /// It cannot be known from the file; why.
    Unknown(String),
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Hexadecimal digits as bytes; what is none is left out.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-384 in hexadecimal.
pub(crate) fn sha384(bytes: &[u8]) -> String {
    hex(&Sha384::digest(bytes))
}

/// MD5 in hexadecimal.
pub(crate) fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// How Refinery counts versions: the width goes into its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// 32 bits, the default.
    Four,
    /// 64 bits, with the feature `int8-versions`.
    Eight,
}

/// Refinery's: SipHash-1-3 with zero keys over name, version and text, as
/// decimal text; `None` for a version that is no number of this width.
pub(crate) fn refinery(name: &str, version: i64, text: &str, width: Width) -> Option<String> {
    let mut hash = SipHasher13::new();
    hash.write(name.as_bytes());
    hash.write_u8(0xff);
    match width {
        Width::Four => hash.write(&i32::try_from(version).ok()?.to_le_bytes()),
        Width::Eight => hash.write(&version.to_le_bytes()),
    }
    hash.write(text.as_bytes());
    hash.write_u8(0xff);
    Some(hash.finish().to_string())
}

/// Flyway's: CRC-32 over the lines without their ends, as a signed number.
pub(crate) fn flyway(text: &str) -> String {
    let mut hash = crc32fast::Hasher::new();
    for part in text.trim_start_matches('\u{feff}').split(['\r', '\n']) {
        hash.update(part.as_bytes());
    }
    hash.finalize().cast_signed().to_string()
}

/// Liquibase's, version 9: MD5 of the changes' own MD5s, which leave out blanks.
pub(crate) fn liquibase(changes: &[&str]) -> String {
    let inner: String = changes
        .iter()
        .map(|sql| {
            let bare: String = sql
                .chars()
                .filter(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n'))
                .collect();
            format!("9:{}:", md5(bare.as_bytes()))
        })
        .collect();
    format!("9:{}", md5(inner.as_bytes()))
}

/// Prisma's: SHA-256 of the text as it is, and with either kind of line end;
/// each also as very old versions wrote it, without a byte's leading zero.
pub(crate) fn prisma(text: &[u8]) -> Vec<String> {
    let unix = replaced(text, b"\r\n", b"\n");
    let windows = replaced(&unix, b"\n", b"\r\n");
    [text, &unix, &windows]
        .iter()
        .map(Sha256::digest)
        .flat_map(|sum| {
            let unpadded = sum.iter().map(|byte| format!("{byte:x}")).collect();
            [hex(&sum), unpadded]
        })
        .collect()
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            result.extend_from_slice(to);
            rest = after;
        } else {
            result.push(*first);
            rest = more;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str =
        "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    email TEXT NOT NULL\n);\n";

    #[test]
    fn flyway_s_leaves_out_line_ends_and_the_mark_at_the_start() {
        let joined = SQL.replace('\n', "");
        let windows = SQL.replace('\n', "\r\n");
        let marked = format!("\u{feff}{SQL}");
        for text in [SQL, &windows, &marked, &joined, SQL.trim_end()] {
            assert_eq!(flyway(text), "-2138653653", "{text:?}");
        }
    }

    #[test]
    fn sqlx_s_is_that_of_the_whole_text() {
        let sum = sha384(SQL.as_bytes());
        assert!(sum.starts_with("7aaa41b97525e90b") && sum.ends_with("adc9f"));
    }

    #[test]
    fn refinery_s_depends_on_the_width_of_versions() {
        let of = |width| refinery("create_users", 1, SQL, width);
        assert_eq!(of(Width::Four).as_deref(), Some("11865155202535856665"));
        assert_eq!(of(Width::Eight).as_deref(), Some("15564219680442925246"));
        assert_eq!(refinery("x", i64::MAX, "", Width::Four), None);
    }

    #[test]
    fn liquibase_s_leaves_out_blanks() {
        let one = liquibase(&["CREATE TABLE a (\n  id int\n);"]);
        assert_eq!(one, liquibase(&["CREATETABLEa(idint);"]));
        assert_ne!(one, liquibase(&["CREATE TABLE a (id int)"]));
        assert!(one.starts_with("9:") && one.len() == 34);
    }

    #[test]
    fn prisma_s_tolerates_line_ends_and_old_spelling() {
        let windows = SQL.replace('\n', "\r\n");
        let sums = prisma(windows.as_bytes());
        assert!(sums.contains(&sha256(SQL.as_bytes())));
        assert!(prisma(SQL.as_bytes()).contains(&sha256(windows.as_bytes())));
        let unpadded: String = Sha256::digest(SQL.as_bytes())
            .iter()
            .map(|byte| format!("{byte:x}"))
            .collect();
        assert!(unpadded.len() < 64 && sums.contains(&unpadded));
    }
}

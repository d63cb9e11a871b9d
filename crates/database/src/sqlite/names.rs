//! Names and paths as SQL and SQLite's URIs write them.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use shipgate_sql::{Dialect, quoted_name};

/// A name in double quotes.
pub(super) fn quoted(name: &str) -> String {
    quoted_name(Dialect::Sqlite, name)
}

/// The URI of a file that nobody writes: SQLite then takes no locks and makes
/// no files beside it, also for a copy of a database in WAL mode.
pub(super) fn immutable_uri(file: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in file.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_escapes_what_would_end_its_path() {
        assert_eq!(
            immutable_uri(Path::new("/a b/c?d#é.db")),
            "file:/a%20b/c%3Fd%23%C3%A9.db?immutable=1"
        );
    }
}

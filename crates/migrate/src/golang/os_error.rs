//! Operating system errors as Go words them: `no such file or directory`.

use std::{fmt, io};

/// An I/O error without the error number and with a small first letter.
pub(crate) struct OsErrorText<'a>(pub(crate) &'a io::Error);

impl fmt::Display for OsErrorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let text = match self.0.raw_os_error() {
            Some(number) => text
                .strip_suffix(&format!(" (os error {number})"))
                .unwrap_or(&text)
                .to_owned(),
            None => text,
        };
        let mut characters = text.chars();
        if let Some(first) = characters.next() {
            write!(f, "{}", first.to_ascii_lowercase())?;
        }
        f.write_str(characters.as_str())
    }
}

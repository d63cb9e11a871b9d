//! A migration as a tool's files hold it.

use crate::checksum::Checksum;

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// What the history calls it.
    pub id: String,
    /// Its version, as people say it.
    pub version: String,
    /// Its name without the version.
    pub name: String,
    /// The file or directory that holds it.
    pub file: String,
    /// What its file's checksum may be.
    pub checksum: Checksum,
}

impl Migration {
    /// A migration of a tool that keeps no checksums.
    pub(crate) fn new(
        id: impl Into<String>,
        version: impl Into<String>,
        name: impl Into<String>,
        file: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            version: version.into(),
            name: name.into(),
            file: file.into(),
            checksum: Checksum::None,
        }
    }

    pub(crate) fn with_checksum(mut self, checksum: Checksum) -> Self {
        self.checksum = checksum;
        self
    }
}

/// Version and name of a stem that begins with digits: `0001_initial`,
/// `20261120103427-create-users`. What does not is a name alone and its own version.
pub(crate) fn split_stem(stem: &str) -> (String, String) {
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &stem[digits..];
    match rest.strip_prefix(['_', '-']) {
        Some(name) if digits > 0 => (stem[..digits].to_owned(), name.to_owned()),
        _ => (stem.to_owned(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::split_stem;

    #[test]
    fn a_stem_is_version_and_name() {
        for (stem, version, name) in [
            ("0001_initial", "0001", "initial"),
            (
                "20261120103427-create-users",
                "20261120103427",
                "create-users",
            ),
            ("add_users", "add_users", ""),
            ("2026", "2026", ""),
        ] {
            assert_eq!(split_stem(stem), (version.to_owned(), name.to_owned()));
        }
    }
}

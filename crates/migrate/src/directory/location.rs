//! The `--dir` argument: `file://migrations?format=atlas`, or a plain path.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::directory::DirectoryError;
use crate::formats::{self, Format};
use crate::golang::percent_decode;

const DEFAULT_PATH: &str = "migrations";

/// Where a migration directory is and how it is laid out.
#[derive(Clone, Debug)]
pub struct Location {
    url: String,
    path: PathBuf,
    format: &'static dyn Format,
    bookkeeping: Bookkeeping,
    in_memory: Option<FilesInMemory>,
}

/// Whose rules say what is beside the files and what a row of the history means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bookkeeping {
    /// `atlas.sum` is beside the files, and a row is about its file and all
    /// before it: what lies before the first one needs none.
    #[default]
    Atlas,
    /// Nothing is beside the files, and each row is about its own file alone.
    Tool,
}

/// The files of a directory that is on no disk. They may hold secrets.
#[derive(Clone)]
pub(super) struct FilesInMemory(pub(super) Arc<[(String, Vec<u8>)]>);

impl fmt::Debug for FilesInMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Location {
    /// Reads a directory URL, or a plain path with an optional `?format=`.
    ///
    /// # Errors
    /// The scheme or the format is unknown, or the directory is in a registry.
    pub fn parse(text: &str) -> Result<Self, DirectoryError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("file", text));
        match scheme {
            "file" => {}
            "atlas" => return Err(DirectoryError::Remote),
            other => return Err(DirectoryError::UnsupportedScheme(other.to_owned())),
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = if text.contains("://") {
            percent_decode(path)
        } else {
            path.to_owned()
        };
        Ok(Self {
            url: if text.contains("://") {
                text.to_owned()
            } else {
                format!("file://{text}")
            },
            path: clean(Path::new(if path.is_empty() {
                DEFAULT_PATH
            } else {
                &path
            })),
            format: format_of(query)?,
            bookkeeping: Bookkeeping::Atlas,
            in_memory: None,
        })
    }

    /// A directory in a layout of which this crate knows nothing, kept by its
    /// tool's own rules.
    #[must_use]
    pub fn with_format(path: &Path, format: &'static dyn Format) -> Self {
        Self {
            url: format!("file://{}", path.display()),
            path: clean(path),
            format,
            bookkeeping: Bookkeeping::Tool,
            in_memory: None,
        }
    }

    /// A directory that is on no disk: these files, by name, under a URL with
    /// an optional `?format=`. Its checksums are those of the files.
    ///
    /// # Errors
    /// The format is unknown.
    pub fn in_memory(
        url: &str,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, DirectoryError> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Ok(Self {
            url: url.to_owned(),
            path: PathBuf::from(path),
            format: format_of(query)?,
            bookkeeping: Bookkeeping::Atlas,
            in_memory: Some(FilesInMemory(files.into_iter().collect())),
        })
    }

    /// Whether the directory is on no disk: nothing can be written there.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.in_memory.is_some()
    }

    pub(super) const fn files_in_memory(&self) -> Option<&FilesInMemory> {
        self.in_memory.as_ref()
    }

    /// The URL as it was given; a plain path becomes a `file://` URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL with its format spelt out.
    #[must_use]
    pub fn url_with_format(&self) -> String {
        let (base, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        if pairs.iter().any(|pair| pair.starts_with("format=")) {
            return self.url.clone();
        }
        let format = format!("format={}", self.format.name());
        pairs.push(&format);
        pairs.sort_unstable();
        format!("{base}?{}", pairs.join("&"))
    }

    /// The directory's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose rules it is kept by.
    #[must_use]
    pub const fn bookkeeping(&self) -> Bookkeeping {
        self.bookkeeping
    }

    /// The directory's layout.
    #[must_use]
    pub fn format(&self) -> &'static dyn Format {
        self.format
    }
}

/// The format that a URL's query names.
fn format_of(query: &str) -> Result<&'static dyn Format, DirectoryError> {
    let name = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("format="))
        .filter(|name| !name.is_empty());
    match name {
        Some(name) => Ok(formats::named(name)?),
        None => Ok(formats::default()),
    }
}

/// The shortest path that is the same by its text alone.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if ends_with_a_name(&cleaned) => {
                cleaned.pop();
            }
            Component::ParentDir if cleaned.has_root() => {}
            other => cleaned.push(other),
        }
    }
    if cleaned.as_os_str().is_empty() {
        cleaned.push(".");
    }
    cleaned
}

fn ends_with_a_name(path: &Path) -> bool {
    matches!(path.components().next_back(), Some(Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::Location;
    use crate::golang::GoUrl;

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "([a-z]{0,6}:)?(//)?\\PC{0,40}") {
            let _ = Location::parse(&text).map(|location| location.url_with_format());
            let _ = GoUrl::parse(&text, "main");
        }
    }

    fn path(text: &str) -> String {
        Location::parse(text).unwrap().path().display().to_string()
    }

    #[test]
    fn host_and_path_are_joined() {
        assert_eq!(path("file://migrations"), "migrations");
        assert_eq!(path("file://./m"), "m");
        assert_eq!(path("file://a/../b/"), "b");
        assert_eq!(path("file:///abs/m"), "/abs/m");
        assert_eq!(path("file://"), "migrations");
        assert_eq!(path("file://with%20space"), "with space");
        assert_eq!(path("db/migrations"), "db/migrations");
        assert_eq!(path("../up"), "../up");
        assert_eq!(path("."), ".");
    }

    #[test]
    fn the_format_comes_from_the_query() {
        let location = Location::parse("file://m?format=atlas").unwrap();
        assert_eq!(location.format().name(), "atlas");
        assert_eq!(location.url_with_format(), "file://m?format=atlas");
        let location = Location::parse("m").unwrap();
        assert_eq!(location.url(), "file://m");
        assert_eq!(location.url_with_format(), "file://m?format=atlas");
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (text, error) in [
            ("file://m?format=foo", r#"unknown dir format "foo""#),
            ("foo://m", r#"unsupported driver "foo""#),
            (
                "atlas://m",
                "atlas remote directory is not supported by this release. See: https://atlasgo.io/getting-started",
            ),
        ] {
            assert_eq!(Location::parse(text).unwrap_err().to_string(), error);
        }
    }
}

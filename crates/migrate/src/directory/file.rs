//! One migration file.

use std::path::{Path, PathBuf};

use crate::directive::FileDirectives;
use crate::directory::DirectoryError;
use crate::formats::Format;

/// A migration file: its name, what the name says, and its content.
#[derive(Clone, Debug)]
pub struct File {
    name: String,
    version: String,
    description: String,
    path: PathBuf,
    content: Vec<u8>,
    directives: FileDirectives,
    format: &'static dyn Format,
}

impl File {
    /// A file of a directory of this format, `settings` being the content of
    /// the file beside it that [`Format::settings_name`] names.
    #[must_use]
    pub fn new(
        format: &'static dyn Format,
        name: &str,
        path: PathBuf,
        content: Vec<u8>,
        settings: Option<&str>,
    ) -> Self {
        let (version, description) = format.version_and_description(name);
        Self {
            name: name.to_owned(),
            version,
            description,
            path,
            directives: format.directives(name, &content, settings),
            content,
            format,
        }
    }

    /// The file's name in its directory.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version; versions are opaque and compared byte by byte.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The description; may be empty.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes as they were when the directory was opened.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The file's own directives.
    #[must_use]
    pub const fn directives(&self) -> &FileDirectives {
        &self.directives
    }

    /// The layout of the file's directory.
    #[must_use]
    pub fn format(&self) -> &'static dyn Format {
        self.format
    }

    /// Whether the file is executed again when its content changes.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.format.is_repeatable(&self.version)
    }

    /// Whether the file stands for all files before it.
    #[must_use]
    pub const fn is_checkpoint(&self) -> bool {
        self.directives.checkpoint.is_some()
    }

    /// The content as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self) -> Result<&str, DirectoryError> {
        shipgate_sql::decode(&self.content).map_err(|error| DirectoryError::NotUtf8 {
            name: self.name.clone(),
            position: shipgate_sql::Position {
                line: error.line,
                column: error.column,
            },
            offset: error.span.start,
        })
    }
}

impl PartialEq for File {
    /// Format and path do not matter.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.content == other.content
    }
}

impl Eq for File {}

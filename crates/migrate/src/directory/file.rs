//! One migration file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::content::{Content, HELD_AT_MOST, Reader};
use crate::directive::FileDirectives;
use crate::directory::{DirectoryError, Pieces};
use crate::formats::Format;

/// A migration file: its name, what the name says, and its content.
#[derive(Clone, Debug)]
pub struct File {
    name: String,
    version: String,
    description: String,
    path: PathBuf,
    content: Content,
    directives: FileDirectives,
    format: &'static dyn Format,
    first_line: usize,
}

impl File {
    /// A file of a directory of this format, `settings` being the content of
    /// the file beside it that [`Format::settings_name`] names.
    #[must_use]
    pub fn new(
        format: &'static dyn Format,
        name: impl Into<String>,
        path: PathBuf,
        content: Vec<u8>,
        settings: Option<&str>,
    ) -> Self {
        Self::of(format, name.into(), path, Content::Held(content), settings)
    }

    /// Reads a file of a folder. A large one stays on disk if its layout
    /// allows it; `room` is how many bytes may still be held, and becomes less.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(
        format: &'static dyn Format,
        name: String,
        reader: &mut Reader<'_>,
        settings: Option<&str>,
        room: &mut usize,
    ) -> Result<Self, DirectoryError> {
        let most = HELD_AT_MOST.min(*room);
        let content = reader.read(&name, most, |head| format.is_one_script(head))?;
        if let Content::Held(bytes) = &content {
            *room = room.saturating_sub(bytes.len());
        }
        let path = reader.path_of(&name);
        Ok(Self::of(format, name, path, content, settings))
    }

    fn of(
        format: &'static dyn Format,
        name: String,
        path: PathBuf,
        content: Content,
        settings: Option<&str>,
    ) -> Self {
        let (version, description) = format.version_and_description(&name);
        let head = match &content {
            Content::Held(bytes) => bytes,
            Content::Stored(stored) => &stored.head,
        };
        Self {
            version,
            description,
            path,
            directives: format.directives(&name, head, settings),
            name,
            content,
            format,
            first_line: 1,
        }
    }

    /// The same as a part of the file on disk that begins in this line.
    #[must_use]
    pub const fn beginning_in_line(mut self, first_line: usize) -> Self {
        self.first_line = first_line;
        self
    }

    /// A line of the content as a line of the file on disk; both from 1.
    pub(crate) const fn line_on_disk(&self, line: usize) -> usize {
        self.first_line + line - 1
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

    /// The file's text, if it is held in memory; a large one is not.
    pub(crate) fn held(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Held(bytes) => Some(bytes),
            Content::Stored(_) => None,
        }
    }

    /// The content, piece by piece.
    ///
    /// # Errors
    /// The file cannot be opened, or is not the one it was when the directory was.
    pub(crate) fn pieces(&self) -> Result<Pieces<'_>, DirectoryError> {
        self.content.pieces(&self.name, &self.path)
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
        self.directives.repeatable || self.format.is_repeatable(&self.version)
    }

    /// Whether the file stands for all files before it.
    #[must_use]
    pub const fn is_checkpoint(&self) -> bool {
        self.directives.checkpoint.is_some()
    }

    /// The content as text. What is not held is read.
    ///
    /// # Errors
    /// It is not UTF-8, or the file cannot be read.
    pub fn text(&self) -> Result<Cow<'_, str>, DirectoryError> {
        match self.bytes()? {
            Cow::Borrowed(bytes) => Ok(Cow::Borrowed(self.decoded(bytes)?)),
            Cow::Owned(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Owned(text)),
                Err(error) => Ok(Cow::Owned(self.decoded(error.as_bytes())?.to_owned())),
            },
        }
    }

    /// The content as it is on disk. What is not held is read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, DirectoryError> {
        if let Some(bytes) = self.held() {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut pieces = self.pieces()?;
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next()? {
            bytes.extend_from_slice(piece);
        }
        Ok(Cow::Owned(bytes))
    }

    /// Bytes of the file as text.
    pub(crate) fn decoded<'b>(&self, bytes: &'b [u8]) -> Result<&'b str, DirectoryError> {
        shipgate_sql::decode(bytes).map_err(|error| self.not_utf8(&error))
    }

    /// The error for bytes that are no text.
    pub(crate) fn not_utf8(&self, error: &shipgate_sql::SplitError) -> DirectoryError {
        DirectoryError::NotUtf8 {
            name: self.name.clone(),
            position: shipgate_sql::Position {
                line: self.line_on_disk(error.line),
                column: error.column,
            },
            offset: error.span.start,
        }
    }
}

impl PartialEq for File {
    /// Format and path do not matter.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.content == other.content
    }
}

impl Eq for File {}

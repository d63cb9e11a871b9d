//! What `apply` did.

use std::fmt;

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::apply_text::ApplyText;
use super::env::Env;
use super::palette::Palette;
use crate::apply::PlannedFile;
use crate::directory::File;
use crate::golang::{GoTime, is_empty};

/// What `apply` did. `Display` is its text, `Serialize` its JSON.
#[derive(Clone, Debug)]
pub struct ApplyReport<'a> {
    /// Database and directory.
    pub env: Env,
    /// The files that were to be executed.
    pub pending: Vec<FileEntry<'a>>,
    /// The files whose execution was begun.
    pub applied: Vec<AppliedFile<'a>>,
    /// The version before.
    pub current: String,
    /// The version that was to be reached.
    pub target: String,
    /// When the run began.
    pub start: GoTime,
    /// When it ended.
    pub end: GoTime,
    /// Why it failed, empty if it did not.
    pub error: String,
    /// Whether the statements' texts are kept.
    texts: StatementTexts,
}

/// Whether a report keeps the texts of the statements that were executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatementTexts {
    /// All of them, as the JSON shows them.
    #[default]
    Kept,
    /// Only how many there are: a script may be larger than memory.
    Counted,
}

/// A migration file as reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FileEntry<'a> {
    /// Its name.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: &'a str,
    /// Its version.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub version: &'a str,
    /// Its description.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub description: &'a str,
}

/// A file whose execution was begun.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AppliedFile<'a> {
    /// Its name.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: &'a str,
    /// Its version.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub version: &'a str,
    /// Its description.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub description: &'a str,
    /// When its execution began.
    pub start: GoTime,
    /// When it ended.
    pub end: GoTime,
    /// Statements an earlier run did.
    #[serde(skip_serializing_if = "is_empty")]
    pub skipped: i64,
    /// The statements, the failed one last; none with [`StatementTexts::Counted`].
    #[serde(rename = "Applied", skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<String>,
    /// How many statements were begun.
    #[serde(skip)]
    pub executed: usize,
    /// What was asked before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckEntry<'a>>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StatementFailure>,
}

/// A section of assertions that were asked before a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckEntry<'a> {
    /// Its name.
    pub name: String,
    /// The assertions.
    #[serde(rename = "Stmts", skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion<'a>>,
    /// Why the section failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StatementFailure>,
    /// When it began.
    pub start: GoTime,
    /// When it ended.
    pub end: GoTime,
}

/// An assertion.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Assertion<'a> {
    /// Its text.
    pub stmt: &'a str,
    /// Why it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a file failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StatementFailure {
    /// The statement that failed; empty if none did.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stmt: String,
    /// The database's message, or ours.
    pub text: String,
}

impl CheckEntry<'_> {
    /// How many of its assertions do not hold.
    pub(super) fn failed(&self) -> usize {
        let failed = self.assertions.iter();
        failed.filter(|assertion| assertion.error.is_some()).count()
    }
}

impl<'a> FileEntry<'a> {
    /// A file's entry.
    #[must_use]
    pub fn of(file: &'a File) -> Self {
        Self {
            name: file.name(),
            version: file.version(),
            description: file.description(),
        }
    }
}

impl<'a> ApplyReport<'a> {
    /// A report in which nothing happened yet.
    #[must_use]
    pub fn new(env: Env, start: Timestamp) -> Self {
        Self {
            env,
            pending: Vec::new(),
            applied: Vec::new(),
            current: String::new(),
            target: String::new(),
            start: start.into(),
            end: GoTime::ZERO,
            error: String::new(),
            texts: StatementTexts::default(),
        }
    }

    /// A report that keeps the texts of statements or not.
    #[must_use]
    pub fn with_texts(self, texts: StatementTexts) -> Self {
        Self { texts, ..self }
    }

    /// The text with colours.
    #[must_use]
    pub const fn text(&self, palette: Palette) -> ApplyText<'_> {
        ApplyText::new(self, palette)
    }

    /// The one-sentence summary; none for a run that failed.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        if !self.error.is_empty() {
            return None;
        }
        Some(if self.applied.is_empty() {
            "No migration files to execute".to_owned()
        } else {
            format!(
                "Migrated to version {} from {} ({} migrations in total)",
                self.target,
                self.current,
                self.pending.len()
            )
        })
    }

    /// Whether the failure is one of a file, and shown there.
    #[must_use]
    pub fn has_failed_file(&self) -> bool {
        self.applied.iter().any(|file| {
            file.error.is_some() || file.checks.iter().any(|check| check.error.is_some())
        })
    }

    pub(crate) fn planned(&mut self, current: &str, target: &str, files: &[PlannedFile<'a>]) {
        current.clone_into(&mut self.current);
        target.clone_into(&mut self.target);
        self.pending = files
            .iter()
            .map(|planned| FileEntry::of(planned.file))
            .collect();
    }

    pub(crate) fn file_started(&mut self, file: &'a File, at: Timestamp, skipped: usize) {
        self.applied.push(AppliedFile {
            name: file.name(),
            version: file.version(),
            description: file.description(),
            start: at.into(),
            end: GoTime::ZERO,
            skipped: i64::try_from(skipped).unwrap_or(i64::MAX),
            statements: Vec::new(),
            executed: 0,
            checks: Vec::new(),
            error: None,
        });
    }

    pub(crate) fn check_started(&mut self, name: &str, at: Timestamp) {
        if let Some(file) = self.applied.last_mut() {
            file.checks.push(CheckEntry {
                name: name.to_owned(),
                assertions: Vec::new(),
                error: None,
                start: at.into(),
                end: GoTime::ZERO,
            });
        }
    }

    pub(crate) fn asserted(&mut self, stmt: &'a str, error: Option<&str>) {
        if let Some(check) = self.check_at_hand() {
            check.assertions.push(Assertion {
                stmt,
                error: error.map(str::to_owned),
            });
        }
    }

    pub(crate) fn check_done(&mut self, at: Timestamp) {
        if let Some(check) = self.check_at_hand() {
            check.end = at.into();
        }
    }

    pub(crate) fn check_failed(&mut self, at: Timestamp, statement: Option<&str>, text: &str) {
        if let Some(check) = self.check_at_hand() {
            check.end = at.into();
            check.error = Some(StatementFailure {
                stmt: statement.unwrap_or_default().to_owned(),
                text: text.to_owned(),
            });
        }
        self.file_done(at);
    }

    fn check_at_hand(&mut self) -> Option<&mut CheckEntry<'a>> {
        self.applied.last_mut()?.checks.last_mut()
    }

    pub(crate) fn statement(&mut self, text: &str) {
        if let Some(file) = self.applied.last_mut() {
            file.executed += 1;
            if self.texts == StatementTexts::Kept {
                file.statements.push(text.to_owned());
            }
        }
    }

    pub(crate) fn file_done(&mut self, at: Timestamp) {
        if let Some(file) = self.applied.last_mut() {
            file.end = at.into();
        }
    }

    pub(crate) fn file_failed(&mut self, at: Timestamp, statement: Option<&str>, text: &str) {
        if let Some(file) = self.applied.last_mut() {
            file.end = at.into();
            file.error = Some(StatementFailure {
                stmt: statement.unwrap_or_default().to_owned(),
                text: text.to_owned(),
            });
        }
    }

    pub(crate) fn failed(&mut self, at: Timestamp, error: &str) {
        self.end = at.into();
        error.clone_into(&mut self.error);
    }
}

impl fmt::Display for ApplyReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(Palette::Plain).fmt(f)
    }
}

impl Serialize for ApplyReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("MigrateApply", 11)?;
        object.serialize_field("Driver", &self.env.driver)?;
        object.serialize_field("URL", &self.env.url)?;
        object.serialize_field("Dir", &self.env.dir)?;
        if !self.pending.is_empty() {
            object.serialize_field("Pending", &self.pending)?;
        }
        if !self.applied.is_empty() {
            object.serialize_field("Applied", &self.applied)?;
        }
        for (name, text) in [("Current", &self.current), ("Target", &self.target)] {
            if !text.is_empty() {
                object.serialize_field(name, text)?;
            }
        }
        object.serialize_field("Start", &self.start)?;
        object.serialize_field("End", &self.end)?;
        if !self.error.is_empty() {
            object.serialize_field("Error", &self.error)?;
        }
        if let Some(message) = self.message() {
            object.serialize_field("Message", &message)?;
        }
        object.end()
    }
}

//! What is wrong with a project file, and where.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::origin::Origin;
use crate::source::{Snippet, Source};

/// What sort of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The file is not TOML (or JSON).
    Syntax,
    /// A key nobody knows.
    UnknownKey,
    /// A value of another type than the key's.
    WrongType,
    /// A value the key cannot have.
    BadValue,
    /// A key that has to be there and is not.
    Missing,
    /// Two things that do not go together.
    Conflict,
}

/// One error or warning about a project file.
///
/// `Display` renders `file:line:column: message`, the line with a caret, and
/// the hint. Secrets in the line are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file.
    pub file: PathBuf,
    /// Where it is; [`Origin::Default`] when it is about the file as a whole.
    pub origin: Origin,
    /// The key (`http_service.checks[0].interval`); empty for the whole file.
    pub key: String,
    /// What sort of thing is wrong.
    pub fault: Fault,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The rendered line and caret, secrets masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(
        source: &Source,
        origin: Origin,
        key: impl Into<String>,
        fault: Fault,
        complaint: Complaint,
    ) -> Self {
        let snippet = origin
            .place()
            .map(|(line, column)| render(&source.snippet(line, column)));
        Self {
            file: source.path().to_owned(),
            origin,
            key: key.into(),
            fault,
            message: complaint.message,
            hint: complaint.hint,
            snippet,
        }
    }

    /// The first line of the rendering: place, key and message.
    pub fn headline(&self) -> String {
        let file = self.file.display();
        let place = match &self.origin {
            Origin::File { line, column } => format!("{file}:{line}:{column}"),
            Origin::Default => file.to_string(),
            Origin::Flag(name) | Origin::Environment(name) => name.clone(),
        };
        let named = self.fault == Fault::UnknownKey || self.message.contains(&self.key);
        if named {
            format!("{place}: {}", self.message)
        } else {
            format!("{place}: {}: {}", self.key, self.message)
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if let Some(snippet) = &self.snippet {
            write!(f, "\n{snippet}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// What is wrong with a value, said by whoever understands the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Complaint {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

fn render(snippet: &Snippet) -> String {
    let number = snippet.line.to_string();
    let gutter = " ".repeat(number.len());
    let caret = format!(
        "{}{}",
        " ".repeat(snippet.indent),
        "^".repeat(snippet.width)
    );
    format!(
        "{gutter} |\n{number} | {text}\n{gutter} | {caret}",
        text = snippet.text
    )
}

/// A key the file has and this runtime has no use for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// The key.
    pub key: String,
    /// Where it is.
    pub origin: Origin,
    /// Why it changes nothing.
    pub why: &'static str,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.origin, self.why)
    }
}

/// A project file that cannot be used: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invalid {
    /// What is wrong, in the order of the file. Never empty.
    pub errors: Vec<Diagnostic>,
    /// What is doubtful besides.
    pub warnings: Vec<Diagnostic>,
    /// What changes nothing.
    pub ignored: Vec<Ignored>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

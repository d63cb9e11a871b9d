//! What was understood: every setting, its value, where it came from.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Ignored, Invalid};
use crate::origin::Origin;
use crate::project::Loaded;

/// One setting, as `config show` prints it. Secrets are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The key (`deploy.strategy`).
    pub key: String,
    /// The value as TOML.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// What `config show` shows: every effective setting, in the order of the
/// manual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The file.
    pub file: PathBuf,
    /// Its settings and the defaults of the keys it does not have.
    pub settings: Vec<Setting>,
    /// What changes nothing.
    pub ignored: Vec<Ignored>,
}

impl Explanation {
    /// Explains a project that was loaded.
    pub fn of(loaded: &Loaded) -> Self {
        Self {
            file: loaded.project.file.clone(),
            settings: loaded.settings.clone(),
            ignored: loaded.ignored.clone(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self
            .settings
            .iter()
            .map(|setting| format!("{} = {}", setting.key, setting.value))
            .collect();
        let widths = lines.iter().map(|line| line.chars().count());
        let width = widths.filter(|width| *width <= 60).max().unwrap_or(0);
        for (line, setting) in lines.iter().zip(&self.settings) {
            writeln!(f, "{line:width$}  # {}", setting.origin.in_file(&self.file))?;
        }
        for Ignored { key, origin, why } in &self.ignored {
            writeln!(
                f,
                "# ignored: {key} ({}): {why}",
                origin.in_file(&self.file)
            )?;
        }
        Ok(())
    }
}

/// What `config validate` reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The file.
    pub file: PathBuf,
    /// Whether the file can be used.
    pub valid: bool,
    /// What is wrong.
    pub errors: Vec<Diagnostic>,
    /// What is doubtful.
    pub warnings: Vec<Diagnostic>,
    /// What changes nothing.
    pub ignored: Vec<Ignored>,
}

impl Report {
    /// Reports on what [`crate::parse`] made of the file.
    pub fn of(file: impl Into<PathBuf>, result: &Result<Loaded, Invalid>) -> Self {
        let (errors, warnings, ignored) = match result {
            Ok(loaded) => (Vec::new(), &loaded.warnings, &loaded.ignored),
            Err(invalid) => (invalid.errors.clone(), &invalid.warnings, &invalid.ignored),
        };
        Self {
            file: file.into(),
            valid: errors.is_empty(),
            errors,
            warnings: warnings.clone(),
            ignored: ignored.clone(),
        }
    }
}

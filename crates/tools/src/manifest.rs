//! The manifest: what an image expects of its database's history, written when
//! the image is built, so that it need not carry the migrations.
//!
//! One JSON object: `shipgate-manifest` (the version of the form), `tool`,
//! `table`, `directories` and `migrations`, each with `id`, `version`, `name`,
//! `file` and `checksums`; `detail` holds what one tool alone needs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::detect::named;
use crate::expected::{BadExpectation, Expected};
use crate::text::json::reason;
use crate::tool::{Migrations, Tool};

/// The version of the form that is written, and the only one that is read.
pub const MANIFEST_FORMAT: u64 = 1;

const FORMAT: &str = "shipgate-manifest";

/// What an image expects.
#[derive(Debug)]
pub struct Manifest {
    /// Its migration tool.
    pub tool: &'static dyn Tool,
    /// Its migrations.
    pub expected: Expected,
}

/// The form on disk.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(rename = "shipgate-manifest")]
    format: u64,
    tool: String,
    #[serde(flatten)]
    expected: Expected,
}

/// Why a text is no manifest that can be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ManifestError {
    /// It is something else.
    #[error("this is no manifest: {message}")]
    Form {
        /// From 1.
        line: usize,
        /// In bytes, from 1; 0 before the first.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A newer Shipgate wrote it.
    #[error("it has the form {found}, and this Shipgate reads form {MANIFEST_FORMAT}")]
    Format {
        /// The form it has.
        found: String,
    },
    /// Its tool is not known.
    #[error("its tool `{0}` is not known")]
    Tool(String),
    /// What the tool needs is not there, or not right.
    #[error("{tool} cannot use it: {source}")]
    Expectation {
        /// The tool.
        tool: &'static str,
        /// What is wrong.
        source: BadExpectation,
    },
    /// The tool's history is not in the database.
    #[error("{0} keeps its history in a file here, which no database shows")]
    NoTable(&'static str),
}

impl ManifestError {
    /// Line and column, where it is about a place.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Form { line, column, .. } => Some((*line, *column)),
            _ => None,
        }
    }
}

impl Manifest {
    /// What the files of a project hold.
    ///
    /// # Errors
    /// The history is no table.
    pub fn of(tool: &'static dyn Tool, migrations: &dyn Migrations) -> Result<Self, ManifestError> {
        let expected = migrations.expected();
        if expected.table.is_none() {
            return Err(ManifestError::NoTable(tool.title()));
        }
        Ok(Self { tool, expected })
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`], which says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let form = |error: &serde_json::Error| ManifestError::Form {
            line: error.line(),
            column: error.column(),
            message: reason(error),
        };
        let value: Value = serde_json::from_str(text).map_err(|error| form(&error))?;
        // The version first: what else is there depends on it.
        match value.get(FORMAT) {
            Some(Value::Number(found)) if found.as_u64() == Some(MANIFEST_FORMAT) => {}
            Some(found) => {
                return Err(ManifestError::Format {
                    found: found.to_string(),
                });
            }
            None => {
                return Err(ManifestError::Form {
                    line: 1,
                    column: 1,
                    message: format!("it has no `{FORMAT}`"),
                });
            }
        }
        let written: Written = serde_json::from_str(text).map_err(|error| form(&error))?;
        let tool = named(&written.tool).map_err(|_| ManifestError::Tool(written.tool.clone()))?;
        Ok(Self {
            tool,
            expected: written.expected,
        })
    }

    /// Its text.
    pub fn text(&self) -> String {
        let written = Written {
            format: MANIFEST_FORMAT,
            tool: self.tool.name().to_owned(),
            expected: self.expected.clone(),
        };
        let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The migrations, to be compared with a history.
    ///
    /// # Errors
    /// What the tool needs is not there, or not right.
    pub fn migrations(&self) -> Result<Box<dyn Migrations>, ManifestError> {
        self.tool
            .expecting(&self.expected)
            .map_err(|source| ManifestError::Expectation {
                tool: self.tool.title(),
                source,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::{Manifest, ManifestError};

    #[test]
    fn a_form_of_another_version_is_refused_whatever_else_it_holds() {
        for found in ["2", "\"1\"", "0"] {
            let text = format!("{{\"shipgate-manifest\": {found}, \"tools\": []}}");
            let error = Manifest::parse(&text).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("it has the form {found}, and this Shipgate reads form 1")
            );
        }
    }

    #[test]
    fn what_is_no_manifest_is_told_with_its_line() {
        let error =
            Manifest::parse("{\n  \"shipgate-manifest\": 1,\n  \"tool\": 7\n}").unwrap_err();
        assert!(
            matches!(error, ManifestError::Form { line: 3, .. }),
            "{error}"
        );
        assert!(
            Manifest::parse("{}")
                .unwrap_err()
                .to_string()
                .contains("no `shipgate-manifest`")
        );
        assert!(matches!(
            Manifest::parse("- a"),
            Err(ManifestError::Form { line: 1, .. })
        ));
        let unknown = "{\"shipgate-manifest\":1,\"tool\":\"make\",\"table\":{\"name\":\"t\"},\"directories\":[],\"migrations\":[]}";
        assert_eq!(
            Manifest::parse(unknown).unwrap_err(),
            ManifestError::Tool("make".to_owned())
        );
    }
}

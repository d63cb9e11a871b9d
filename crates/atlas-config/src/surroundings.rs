//! What an evaluation may ask of the world, and only through this.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::value::Value;

/// The world around a configuration. Errors are words that follow the name of
/// what was asked for; they must not hold secrets.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// A file's text. A relative path means the configuration's directory.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read_file(&self, path: &Path) -> Result<String, String>;

    /// The absolute paths that a shell pattern (with `**`) matches, in order.
    /// A relative pattern means the configuration's directory.
    ///
    /// # Errors
    /// Why it is no pattern.
    fn glob(&self, pattern: &str, matches: Matches) -> Result<Vec<PathBuf>, String>;

    /// The rows of a query.
    ///
    /// # Errors
    /// Why there are none, without the URL's password.
    async fn query(&self, query: &Query) -> Result<Vec<Vec<Value>>, String>;

    /// What a program writes to its standard output.
    ///
    /// # Errors
    /// Why it could not be run, or how it ended.
    async fn run(&self, program: &Program) -> Result<String, String>;

    /// Renders a directory's Go templates and returns the URL of the migration
    /// directory they make.
    ///
    /// # Errors
    /// Which template is wrong, and how.
    async fn render_directory(&self, templates: &TemplateDirectory) -> Result<String, String>;
}

/// What a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matches {
    /// Files and directories.
    All,
    /// Files alone.
    Files,
}

/// The query of a `data "sql"`.
#[derive(Clone, PartialEq)]
pub struct Query {
    /// The database's URL; a secret.
    pub url: String,
    /// One statement.
    pub statement: String,
    /// The values of its placeholders; perhaps secrets.
    pub arguments: Vec<Value>,
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

/// The program of a `data "external"`.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name and arguments, which may be secrets; never empty.
    pub command: Vec<String>,
    /// Where it runs; a relative path means the current directory.
    pub working_directory: Option<PathBuf>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.command.first())
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}

/// What a `data "template_dir"` renders.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateDirectory {
    /// The data source's name.
    pub name: String,
    /// The directory; a relative path means the current directory.
    pub path: PathBuf,
    /// What its templates may use; perhaps secrets.
    pub variables: BTreeMap<String, Value>,
}

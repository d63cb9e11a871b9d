//! What a migration tool has to say.

use std::fmt;
use std::path::PathBuf;

use shipgate_database::DatabaseUrl;
use shipgate_sql::Dialect;

use crate::aftermath::Aftermath;
use crate::compare::Comparison;
use crate::expected::{BadExpectation, Expected};
use crate::history::{HistoryError, TableName, Tables, Wanted};
use crate::migration::Migration;
use crate::native::Native;
use crate::project::{Project, ReadError};
use crate::sign::Sign;

/// One migration tool.
pub trait Tool: fmt::Debug + Send + Sync {
    /// Its name in `[database] tool` and `--tool`.
    fn name(&self) -> &'static str;

    /// Its name in sentences.
    fn title(&self) -> &'static str;

    /// What tells that this project uses it.
    fn signs(&self, project: &Project) -> Vec<Sign>;

    /// Reads its migrations.
    ///
    /// # Errors
    /// [`ReadError`], with file and line where there is one.
    fn read(
        &self,
        project: &Project,
        settings: &Settings,
    ) -> Result<Box<dyn Migrations>, ReadError>;

    /// How its migrations are applied without it; nothing if they cannot be.
    fn native(&self) -> Option<&'static dyn Native> {
        None
    }

    /// From where it takes a relative path in a `file:` URL of a database, if
    /// that is not where it is started.
    fn database_directory(&self, _project: &Project) -> Option<PathBuf> {
        None
    }

    /// The variables that name the section of its configuration, the first one that is set counts.
    fn environment_variables(&self) -> &'static [&'static str] {
        &[]
    }

    /// The migrations that a build without its files expects.
    ///
    /// # Errors
    /// What [`Migrations::expected`] of this tool gave is not there.
    fn expecting(&self, expected: &Expected) -> Result<Box<dyn Migrations>, BadExpectation>;

    /// The flag of its command that names that section.
    fn section_flag(&self) -> Option<&'static str> {
        None
    }

    /// The command that begins a migration of a name; empty: there is none.
    fn generator(&self) -> &'static str {
        ""
    }

    /// The command that applies what is pending; empty: there is none to be known.
    fn command(&self, project: &Project) -> Vec<String>;

    /// `DATABASE_URL` as it is read by its command.
    fn database_url(&self, url: &DatabaseUrl) -> String {
        url.expose().to_owned()
    }

    /// Variables beside `DATABASE_URL` by which its command learns where the database is.
    fn database_variables(&self, url: &DatabaseUrl) -> Vec<(&'static str, String)> {
        let _ = url;
        Vec::new()
    }

    /// Whether it refuses to begin its history in a schema that holds any table.
    fn begins_in_empty_schemas(&self) -> bool {
        false
    }

    /// What a migration that fails halfway leaves behind.
    fn aftermath(&self, dialect: Dialect) -> Aftermath {
        Aftermath::of_transactions(dialect)
    }
}

/// The migrations of a project, as one tool reads them.
pub trait Migrations: fmt::Debug + Send + Sync {
    /// Where they are and where their history is.
    fn place(&self) -> &Place;

    /// The migrations in the order of execution.
    fn listed(&self) -> Vec<Migration>;

    /// The history's tables in a database of this kind; none for a history kept elsewhere.
    fn wanted(&self, dialect: Dialect) -> Vec<Wanted>;

    /// What became of each migration; `tables` are those of [`Migrations::wanted`].
    ///
    /// # Errors
    /// A row holds what the tool does not write.
    fn compare(&self, tables: &Tables) -> Result<Comparison, HistoryError>;

    /// What is left of them without their files; [`Tool::expecting`] reads it.
    fn expected(&self) -> Expected {
        Expected::of(self)
    }

    /// The latest revisions of a graph; none for tools that count versions.
    fn heads(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What is said explicitly; it wins over what is read from files.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The migration directory, relative to the project's or absolute.
    pub directory: Option<String>,
    /// The history table.
    pub table: Option<TableName>,
    /// The section of the tool's configuration: `production`.
    pub environment: Option<String>,
    /// The kind of database the migrations are read for, if that is known.
    pub dialect: Option<Dialect>,
}

impl Settings {
    /// The directory, or what the tool would take.
    pub(crate) fn directory_or(&self, default: impl FnOnce() -> String) -> String {
        let directory = self.directory.clone().unwrap_or_else(default);
        crate::project::clean(&directory).to_owned()
    }

    /// The table, or what the tool would take.
    pub(crate) fn table_or(&self, default: impl FnOnce() -> TableName) -> TableName {
        self.table.clone().unwrap_or_else(default)
    }
}

/// Where migrations and their history are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The migration directories, relative to the project's.
    pub directories: Vec<String>,
    /// The history: a table, or a file.
    pub history: String,
    /// Directories that hold a part of them.
    pub parts: Vec<String>,
    /// What could not be read and was taken to be as usual.
    pub notes: Vec<String>,
}

impl Place {
    pub(crate) fn new(directory: &str, table: &TableName) -> Self {
        Self {
            directories: vec![directory.to_owned()],
            history: table.to_string(),
            parts: Vec::new(),
            notes: Vec::new(),
        }
    }
}

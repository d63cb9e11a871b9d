//! Which migrations are meant, and in which database their history is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shipgate_database::{ConnectOptions, Database, DatabaseUrl, open};
use shipgate_project::Loaded;
use shipgate_tools::history::TableName;

use crate::cli::Place;
use crate::commands::migrate::{base_of, given_url, parse_duration};
use crate::error::CliError;
use crate::site;
use crate::wiring::access::open_failure;
use crate::wiring::client::{client_settings, read_password};
use crate::wiring::tooling::{Named, Tooling, reading};

/// Which migrations are meant, where detection does not find them.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct MigrationFlags {
    /// The migration tool [default: [database] tool of the project file, else detected]
    #[arg(long, value_name = "TOOL", env = "SHIPGATE_TOOL")]
    tool: Option<String>,
    /// The migration directory [default: [database] directory, else as the tool has it]
    #[arg(long, value_name = "DIR", env = "SHIPGATE_MIGRATIONS")]
    dir: Option<String>,
    /// The history table, with its schema if need be [default: [database] table, else as the
    /// tool has it]
    #[arg(long, value_name = "[SCHEMA.]TABLE")]
    table: Option<String>,
    /// The section of the tool's configuration, as in knexfile, database.json and Sequelize's
    /// [default: as the tool has it: $NODE_ENV, else development]
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
}

impl MigrationFlags {
    /// Whether nothing is said of the migrations.
    pub(crate) fn is_silent(&self) -> bool {
        self.tool.is_none() && self.dir.is_none() && self.table.is_none()
    }

    /// What the flags say; a path means the working directory, not the project's.
    pub(crate) fn named(&self) -> Named {
        let directory = self.dir.as_ref().map(|dir| {
            let dir = dir.strip_prefix("file://").unwrap_or(dir);
            let (path, query) = match dir.split_once('?') {
                Some((path, query)) => (path, format!("?{query}")),
                None => (dir, String::new()),
            };
            let path = std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned());
            format!("{}{query}", path.display())
        });
        Named {
            tool: self.tool.clone(),
            directory,
            table: self.table.as_deref().map(TableName::parse),
            environment: self.env.clone(),
        }
    }
}

/// Where the history is.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct HistoryFlags {
    /// The database; $NAME and ${NAME} stand for variables [default: $DATABASE_URL, else the
    /// project file's]
    #[arg(short, long, value_name = "URL")]
    url: Option<String>,
    /// The file with the database's password [default: $SHIPGATE_DATABASE_PASSWORD, else the URL's]
    #[arg(long, value_name = "FILE", env = "SHIPGATE_DATABASE_PASSWORD_FILE")]
    password_file: Option<PathBuf>,
    /// How long to try to reach a database that is starting or not known by name yet
    #[arg(
        long,
        value_name = "DURATION",
        env = "SHIPGATE_CONNECT_TIMEOUT",
        default_value = "30s"
    )]
    connect_timeout: String,
}

/// A database, and how long it is tried to reach it.
#[derive(Clone)]
pub(crate) struct Reach {
    pub(crate) database: Arc<dyn Database>,
    pub(crate) connect_timeout: Duration,
    /// Whether a flag or the project file names it, and not the environment.
    pub(crate) is_said: bool,
}

impl Reach {
    /// How its history is read.
    pub(crate) fn reading(&self) -> ConnectOptions {
        ConnectOptions {
            connect_timeout: self.connect_timeout,
            ..reading()
        }
    }
}

impl HistoryFlags {
    /// The database; nothing if none is named.
    pub(crate) fn reach(
        &self,
        loaded: Option<&Loaded>,
        tooling: Option<&Tooling>,
    ) -> Result<Option<Reach>, CliError> {
        let connect_timeout = duration("--connect-timeout", &self.connect_timeout)?;
        let mut client = client_settings();
        if let Some(file) = &self.password_file {
            let password =
                read_password(file).map_err(|message| CliError::usage("password-file", message))?;
            client.password = Some(password);
        }
        let Some((url, is_said)) = self.database_url(loaded, tooling)? else {
            return Ok(None);
        };
        let database = open(&url, &client).map_err(|error| open_failure(&error))?;
        Ok(Some(Reach {
            database,
            connect_timeout,
            is_said,
        }))
    }

    /// The URL, and whether a flag or the project file says it.
    fn database_url(
        &self,
        loaded: Option<&Loaded>,
        tooling: Option<&Tooling>,
    ) -> Result<Option<(DatabaseUrl, bool)>, CliError> {
        let text = match given_url(self.url.clone()) {
            Some(Ok(text)) => text,
            Some(Err((code, message))) => return Err(CliError::usage(code, message)),
            None => {
                let url = match loaded {
                    Some(loaded) => site::database(&loaded.project)?,
                    None => None,
                };
                return Ok(url.map(|url| (url, true)));
            }
        };
        let of_tool = tooling.and_then(Tooling::database_directory);
        let base = base_of(&text, of_tool.as_deref());
        let is_said = self.url.as_ref().is_some_and(|url| !url.is_empty());
        DatabaseUrl::parse(&text, &base)
            .map(|url| Some((url, is_said)))
            .map_err(|error| CliError::usage("database-url", error.to_string()))
    }
}

/// A flag's duration.
pub(crate) fn duration(flag: &str, text: &str) -> Result<Duration, CliError> {
    parse_duration(flag, text).map_err(|message| {
        CliError::usage("flag", message)
            .with_hint("a number and a unit, as in `30s`, `5m` or `1h30m`")
    })
}

/// The project file of a place, if there is one.
pub(crate) fn project_of(place: &Place) -> Result<Option<Loaded>, CliError> {
    let path = place.files.config.as_ref().unwrap_or(&place.directory);
    match shipgate_project::find(path) {
        Ok(_) => site::read_project(place).map(Some),
        Err(_) => Ok(None),
    }
}

/// The directory that is asked about.
pub(crate) fn project_directory(place: &Place) -> PathBuf {
    let named = place.files.config.as_deref().unwrap_or(&place.directory);
    if named.is_file() {
        match named.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => Path::new(".").to_owned(),
        }
    } else {
        place.directory.clone()
    }
}

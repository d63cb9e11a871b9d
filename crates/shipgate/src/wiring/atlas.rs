//! What `atlas.hcl` may ask of this machine: files, variables, databases, programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use shipgate_atlas_config as atlas;
use shipgate_atlas_config::{Matches, Program, Query, Surroundings, TemplateDirectory};
use shipgate_database::{
    ClientSettings, ConnectOptions, DatabaseUrl, Dialect, Session, Value, open,
};

use super::client::client_settings;
use super::rendered;
use crate::printer::Printer;
use crate::report::short;

/// Directories that were rendered from templates, by URL: the name and content
/// of every file.
pub(crate) type Rendered = BTreeMap<String, Vec<(String, Vec<u8>)>>;

/// This machine, as a configuration file sees it.
pub(crate) struct Machine {
    /// What relative paths of files mean: the configuration's directory.
    configuration: PathBuf,
    /// What those of databases, programs and migrations mean.
    current: PathBuf,
    way: Way,
    printer: Arc<Printer>,
    rendered: Mutex<Rendered>,
}

/// How the databases are reached that a configuration asks.
pub(crate) struct Way {
    pub(crate) client: ClientSettings,
    pub(crate) connect_timeout: Duration,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            client: client_settings(),
            connect_timeout: ConnectOptions::default().connect_timeout,
        }
    }
}

impl Machine {
    pub(crate) fn new(
        configuration: &Path,
        current: &Path,
        way: Way,
        printer: Arc<Printer>,
    ) -> Self {
        Self {
            printer,
            way,
            configuration: configuration.to_owned(),
            current: current.to_owned(),
            rendered: Mutex::default(),
        }
    }

    /// What was rendered.
    pub(crate) fn into_rendered(self) -> Arc<Rendered> {
        Arc::new(
            self.rendered
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

#[async_trait]
impl Surroundings for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read_file(&self, path: &Path) -> Result<String, String> {
        std::fs::read_to_string(self.configuration.join(path))
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    fn glob(&self, pattern: &str, matches: Matches) -> Result<Vec<PathBuf>, String> {
        let directory = glob::Pattern::escape(&self.configuration.to_string_lossy());
        let absolute = if Path::new(pattern).is_absolute() {
            pattern.to_owned()
        } else {
            format!("{directory}/{pattern}")
        };
        let found = glob::glob(&absolute).map_err(|error| format!("no pattern: {}", error.msg))?;
        Ok(found
            .filter_map(Result::ok)
            .filter(|path| matches == Matches::All || path.is_file())
            .collect())
    }

    async fn query(&self, query: &Query) -> Result<Vec<Vec<atlas::Value>>, String> {
        let url =
            DatabaseUrl::parse(&query.url, &self.current).map_err(|error| error.to_string())?;
        let database = open(&url, &self.way.client).map_err(|error| error.to_string())?;
        let printer = Arc::clone(&self.printer);
        let options = ConnectOptions {
            connect_timeout: self.way.connect_timeout,
            on_wait: Some(Arc::new(move |wait| {
                let limit = short(wait.limit);
                printer.say(&format!("{}; waiting up to {limit}", wait.reason));
            })),
            ..ConnectOptions::default()
        };
        let mut session = database
            .connect(&options)
            .await
            .map_err(|error| error.to_string())?;
        let rows = rows(session.as_mut(), query).await;
        session.close().await;
        rows
    }

    async fn run(&self, program: &Program) -> Result<String, String> {
        let [name, arguments @ ..] = program.command.as_slice() else {
            return Err("no program is named".to_owned());
        };
        let directory = match &program.working_directory {
            Some(directory) => self.current.join(directory),
            None => self.current.clone(),
        };
        let output = tokio::process::Command::new(name)
            .args(arguments)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound if directory.is_dir() => {
                    format!("running program {name}: executable file not found in $PATH")
                }
                _ => format!("running program {name} in {}: {error}", directory.display()),
            })?;
        printed(&output).map_err(|wrong| format!("running program {name}: {wrong}"))
    }

    async fn render_directory(&self, templates: &TemplateDirectory) -> Result<String, String> {
        let files = rendered::files(&self.current.join(&templates.path), templates)?;
        let url = format!("mem://{}/{}", templates.path.display(), templates.name);
        self.rendered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(url.clone(), files);
        Ok(url)
    }
}

/// What a program wrote, if it succeeded; otherwise how it ended, with the end
/// of what it said about it.
fn printed(output: &Output) -> Result<String, String> {
    const LINES: usize = 5;
    if output.status.success() {
        return String::from_utf8(output.stdout.clone())
            .map_err(|_| "its output is not UTF-8".to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<_> = said.trim().lines().rev().take(LINES).collect();
    lines.reverse();
    let status = match output.status.code() {
        Some(code) => format!("exit status {code}"),
        None => output.status.to_string(),
    };
    Err(match lines.as_slice() {
        [] => status,
        lines => format!("{status}: {}", lines.join("\n")),
    })
}

async fn rows(session: &mut dyn Session, query: &Query) -> Result<Vec<Vec<atlas::Value>>, String> {
    let arguments = query
        .arguments
        .iter()
        .map(|value| bound(value, session.dialect()))
        .collect::<Result<Vec<_>, _>>()?;
    let rows = session
        .query(&query.statement, &arguments)
        .await
        .map_err(|error| format!("executing query: {error}"))?;
    rows.into_iter()
        .map(|row| row.into_iter().map(returned).collect())
        .collect()
}

fn bound(value: &atlas::Value, dialect: Dialect) -> Result<Value, String> {
    Ok(match value {
        atlas::Value::Null => Value::Null,
        // There a number is no boolean, and a text is what it is compared with.
        atlas::Value::Bool(truth) if dialect == Dialect::Postgres => Value::Text(truth.to_string()),
        atlas::Value::Bool(truth) => Value::Integer(i64::from(*truth)),
        atlas::Value::Number(atlas::Number::Integer(number)) => Value::Integer(*number),
        atlas::Value::Number(atlas::Number::Float(number)) => Value::Real(*number),
        atlas::Value::String(text) => Value::Text(text.clone()),
        atlas::Value::List(_) | atlas::Value::Set(_) | atlas::Value::Object(_) => {
            return Err("`args` holds texts, numbers and booleans".to_owned());
        }
    })
}

fn returned(value: Value) -> Result<atlas::Value, String> {
    Ok(match value {
        Value::Null => atlas::Value::Null,
        Value::Integer(number) => atlas::Value::from(number),
        Value::Real(number) => atlas::Value::from(number),
        Value::Text(text) => atlas::Value::String(text),
        Value::Blob(bytes) => atlas::Value::String(
            String::from_utf8(bytes).map_err(|_| "a value is not UTF-8".to_owned())?,
        ),
    })
}

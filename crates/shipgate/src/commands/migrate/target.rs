//! From flags, environment and project file to a directory and a database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{Database, DatabaseUrl, LockName, LockRequest, open};
use shipgate_migrate::directory::{Directory, Location};
use shipgate_project::{LoadError, Loaded, load};

use super::screen::Screen;
use super::{DatabaseFlags, DirectoryFlags};
use crate::error::{CliError, Exit};
use crate::site;
use crate::wiring::client::client_settings;
use crate::wiring::engine::host;

/// Either what was looked for, or how the program ends because it was not found.
pub(super) type Found<T> = Result<T, Exit>;

const DEFAULT_DIRECTORY: &str = "migrations";

/// The migration directory's place.
pub(super) fn location(
    flags: &DirectoryFlags,
    screen: &mut Screen,
) -> Result<Found<Location>, CliError> {
    let mut text = match &flags.dir {
        Some(dir) => dir.clone(),
        None => default_directory(flags)?,
    };
    if let Some(format) = &flags.dir_format
        && !text.contains("format=")
    {
        let separator = if text.contains('?') { '&' } else { '?' };
        text.push_str(&format!("{separator}format={format}"));
    }
    match Location::parse(&text) {
        Ok(location) => Ok(Ok(location)),
        Err(error) => Ok(Err(screen.fail(
            "migrations-directory",
            &error.to_string(),
            &[],
        )?)),
    }
}

/// The directory itself.
pub(super) fn directory(
    flags: &DirectoryFlags,
    screen: &mut Screen,
) -> Result<Found<Directory>, CliError> {
    let location = match location(flags, screen)? {
        Ok(location) => location,
        Err(exit) => return Ok(Err(exit)),
    };
    match Directory::open(location) {
        Ok(directory) => Ok(Ok(directory)),
        Err(error) => {
            let hint = "`--dir` names the directory; `shipgate migrate new` begins one".to_owned();
            Ok(Err(screen.fail(
                "migrations-directory",
                &error.to_string(),
                &[hint],
            )?))
        }
    }
}

fn default_directory(flags: &DirectoryFlags) -> Result<String, CliError> {
    let named = project(&flags.project)?.and_then(|loaded| {
        let project = loaded.project;
        let written = project.database.migrations.as_ref()?.value.clone();
        let (path, query) = written.split_once('?').unwrap_or((&written, ""));
        let path = project
            .directory
            .join(path.strip_prefix("file://").unwrap_or(path));
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{query}")
        };
        Some(format!("file://{}{query}", path.display()))
    });
    Ok(named.unwrap_or_else(|| {
        let path = if flags.project == Path::new(".") {
            Path::new(DEFAULT_DIRECTORY).to_owned()
        } else {
            flags.project.join(DEFAULT_DIRECTORY)
        };
        format!("file://{}", path.display())
    }))
}

/// The database.
pub(super) fn database(
    flags: &DatabaseFlags,
    project_directory: &Path,
    screen: &mut Screen,
) -> Result<Found<Arc<dyn Database>>, CliError> {
    let url = match flags.url.as_deref().filter(|url| !url.is_empty()) {
        Some(text) => {
            let text = match expanded(text) {
                Ok(text) => text,
                Err(name) => {
                    let message = format!("the variable {name} of --url is not set");
                    return Ok(Err(screen.fail("unset-name", &message, &[])?));
                }
            };
            let here = std::env::current_dir().unwrap_or_default();
            match DatabaseUrl::parse(&text, &here) {
                Ok(url) => url,
                Err(error) => {
                    return Ok(Err(screen.fail("database-url", &error.to_string(), &[])?));
                }
            }
        }
        None => match project(project_directory)? {
            Some(loaded) => match site::database(&loaded.project)? {
                Some(url) => url,
                None => return no_url(screen),
            },
            None => return no_url(screen),
        },
    };
    let schema = flags.revisions_schema.as_deref().unwrap_or_default();
    if !matches!(schema, "" | "main") && url.file().is_some() {
        let message = format!(
            "cannot store revisions-table in a separate schema (\"{schema}\") with SQLite driver"
        );
        return Ok(Err(screen.fail("not-supported", &message, &[])?));
    }
    match open(&url, &client_settings()) {
        Ok(database) => Ok(Ok(database)),
        Err(error) => Ok(Err(screen.fail(
            "database-open",
            &error.to_string(),
            &[],
        )?)),
    }
}

fn no_url<T>(screen: &mut Screen) -> Result<Found<T>, CliError> {
    let hint = "set DATABASE_URL, or name the database: `--url sqlite://data/app.db`".to_owned();
    Ok(Err(screen.fail(
        "no-database",
        "required flag \"url\" not set",
        &[hint],
    )?))
}

/// `$NAME` and `${NAME}`, and nothing else, stand for a variable: an image
/// without a shell cannot write it otherwise. Err: the name is not set.
fn expanded(text: &str) -> Result<String, String> {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix('$'));
    match name {
        Some(name) => std::env::var(name).map_err(|_| name.to_owned()),
        None => Ok(text.to_owned()),
    }
}

/// The project file, if there is one.
fn project(directory: &Path) -> Result<Option<Loaded>, CliError> {
    match load(directory, &[]) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(LoadError::Find(_)) => Ok(None),
        Err(error) => Err(site::project_error(error)),
    }
}

/// Who asks for the migration lock.
pub(super) fn lock_request(name: LockName, purpose: &str, timeout: Duration) -> LockRequest {
    LockRequest {
        name,
        pid: std::process::id(),
        host: host(),
        purpose: purpose.to_owned(),
        timeout,
        schema: None,
        connect_timeout: Duration::from_secs(30),
        clock: Arc::new(Timestamp::now),
        temporary_directory: Some(std::env::temp_dir()),
        on_event: None,
    }
}

//! From flags, environment and project file to a directory and a database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{Database, DatabaseUrl, LockName, LockRequest, open};
use shipgate_migrate::directory::{Directory, Location};
use shipgate_project::{LoadError, Loaded, load};

use super::config::Settings;
use super::screen::Screen;
use super::{DatabaseFlags, DirectoryFlags};
use crate::error::{CliError, Exit};
use crate::site;
use crate::wiring::client::client_settings;
use crate::wiring::engine::host;

/// Either what was looked for, or how the program ends because it was not found.
pub(super) type Found<T> = Result<T, Exit>;

const DEFAULT_DIRECTORY: &str = "file://migrations";

/// The migration directory's place.
pub(super) fn location(
    flags: &DirectoryFlags,
    settings: &Settings,
    screen: &mut Screen,
) -> Result<Found<Location>, CliError> {
    let of_env = settings.or_migration(None, |migration| migration.dir.as_ref());
    let rendered = of_env
        .as_ref()
        .filter(|_| flags.dir.is_none())
        .and_then(|dir| settings.rendered.get(dir));
    let mut text = match (&flags.dir, &of_env) {
        (Some(dir), _) => dir.clone(),
        (None, Some(dir)) if rendered.is_some() => dir.clone(),
        (None, Some(dir)) => within(&flags.project, dir),
        (None, None) => default_directory(flags)?,
    };
    let format = settings.or_migration(flags.dir_format.as_deref(), |migration| {
        migration.format.as_ref()
    });
    if let Some(format) = format
        && !text.contains("format=")
    {
        let separator = if text.contains('?') { '&' } else { '?' };
        text.push_str(&format!("{separator}format={format}"));
    }
    let location = match rendered {
        Some(files) => Location::in_memory(&text, files.iter().cloned()),
        None => Location::parse(&text),
    };
    match location {
        Ok(location) => Ok(Ok(location)),
        Err(error) => Ok(Err(screen.fail(
            "migrations-directory",
            &error.to_string(),
            &[],
        )?)),
    }
}

/// The place of a directory in which files can be written.
pub(super) fn writable(
    flags: &DirectoryFlags,
    settings: &Settings,
    screen: &mut Screen,
) -> Result<Found<Location>, CliError> {
    match location(flags, settings, screen)? {
        Ok(location) if location.is_in_memory() => {
            let message = format!(
                "{} is rendered from templates, and nothing can be written there",
                location.url()
            );
            let hint = "`--dir` names a directory".to_owned();
            Ok(Err(screen.fail(
                "migrations-directory",
                &message,
                &[hint],
            )?))
        }
        found => Ok(found),
    }
}

/// The directory itself.
pub(super) fn directory(
    flags: &DirectoryFlags,
    settings: &Settings,
    screen: &mut Screen,
) -> Result<Found<Directory>, CliError> {
    let location = match location(flags, settings, screen)? {
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
        let written = &project.database.migrations.as_ref()?.value;
        let path = written.strip_prefix("file://").unwrap_or(written);
        Some(within(&project.directory, &format!("file://{path}")))
    });
    Ok(named.unwrap_or_else(|| within(&flags.project, DEFAULT_DIRECTORY)))
}

/// A directory's URL with its relative path meant from `base`; of other
/// schemes as it is.
fn within(base: &Path, url: &str) -> String {
    match url.strip_prefix("file://") {
        Some(path) if base != Path::new(".") => format!("file://{}", base.join(path).display()),
        _ => url.to_owned(),
    }
}

/// The database.
pub(super) fn database(
    flags: &DatabaseFlags,
    project_directory: &Path,
    settings: &Settings,
    screen: &mut Screen,
) -> Result<Found<Arc<dyn Database>>, CliError> {
    let url = match database_url(flags, project_directory, settings, screen)? {
        Ok(url) => url,
        Err(exit) => return Ok(Err(exit)),
    };
    let schema = settings.revisions_schema(flags);
    let schema = schema.as_deref().unwrap_or_default();
    if !matches!(schema, "" | "main") && url.file().is_some() {
        let message = format!(
            "cannot store revisions-table in a separate schema (\"{schema}\") with SQLite driver"
        );
        return Ok(Err(screen.fail("not-supported", &message, &[])?));
    }
    opened(&url, screen)
}

/// The database on which migrations are tried.
pub(super) fn development(
    text: &str,
    base: &Path,
    screen: &mut Screen,
) -> Result<Found<Arc<dyn Database>>, CliError> {
    if text.starts_with("docker") {
        let message = "databases in Docker are not started by this version";
        let hint = "name an empty one that runs: `--dev-url postgres://localhost/dev`".to_owned();
        return Ok(Err(screen.fail("not-supported", message, &[hint])?));
    }
    match parsed_url(text, base, screen)? {
        Ok(url) => opened(&url, screen),
        Err(exit) => Ok(Err(exit)),
    }
}

fn opened(url: &DatabaseUrl, screen: &mut Screen) -> Result<Found<Arc<dyn Database>>, CliError> {
    match open(url, &client_settings()) {
        Ok(database) => Ok(Ok(database)),
        Err(error) => Ok(Err(screen.fail(
            "database-open",
            &error.to_string(),
            &[],
        )?)),
    }
}

/// The URL: the flag's, the env's, that of the environment, the project file's.
fn database_url(
    flags: &DatabaseFlags,
    project_directory: &Path,
    settings: &Settings,
    screen: &mut Screen,
) -> Result<Found<DatabaseUrl>, CliError> {
    let here = std::env::current_dir().unwrap_or_default();
    let flag = flags.url.clone().filter(|url| !url.is_empty());
    if let Some(environment) = &settings.environment
        && flag.is_none()
    {
        if let Some(url) = &environment.url {
            return parsed_url(url, &here.join(project_directory), screen);
        }
        if let Some(reason) = &environment.empty_url {
            let message = "required flag \"url\" not set";
            let hints = [reason.clone()];
            return Ok(Err(screen.fail("no-database", message, &hints)?));
        }
    }
    let text = flag.or_else(|| {
        std::env::var("DATABASE_URL")
            .ok()
            .filter(|url| !url.is_empty())
    });
    if let Some(text) = text {
        return match expanded(&text) {
            Ok(text) => parsed_url(&text, &here, screen),
            Err(name) => {
                let message = format!("the variable {name} of --url is not set");
                Ok(Err(screen.fail("unset-name", &message, &[])?))
            }
        };
    }
    match project(project_directory)? {
        Some(loaded) => match site::database(&loaded.project)? {
            Some(url) => Ok(Ok(url)),
            None => no_url(screen),
        },
        None => no_url(screen),
    }
}

fn parsed_url(
    text: &str,
    base: &Path,
    screen: &mut Screen,
) -> Result<Found<DatabaseUrl>, CliError> {
    match DatabaseUrl::parse(text, base) {
        Ok(url) => Ok(Ok(url)),
        Err(error) => Ok(Err(screen.fail("database-url", &error.to_string(), &[])?)),
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

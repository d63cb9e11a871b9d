//! From flags, environment and project file to a directory and a database.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{
    ClientSettings, Database, DatabaseUrl, Dialect, LeasePlace, LockName, LockRequest, open,
};
use shipgate_migrate::directory::{DirectoryError, Location};
use shipgate_migrate::{GoDuration, formats};
use shipgate_project::{LoadError, Loaded, Origin, Template, load};
use shipgate_tools::Tool;

use super::config::Settings;
use super::screen::Screen;
use super::source::Source;
use super::{DatabaseFlags, DirectoryFlags, ReachFlags};
use crate::error::{CliError, Exit};
use crate::site;
use crate::wiring::client::{client_settings, read_password};
use crate::wiring::engine::host;

/// Either what was looked for, or how the program ends because it was not found.
pub(super) type Found<T> = Result<T, Exit>;

/// The variable that names the database where no flag does.
const DATABASE_URL: &str = "DATABASE_URL";

const DEFAULT_DIRECTORY: &str = "file://migrations";

/// What is said of the migration directory's place.
pub(super) struct Address<'a> {
    /// Its URL, with its format if one is said.
    pub(super) text: String,
    /// Its files, if they are rendered from templates.
    pub(super) rendered: Option<&'a [(String, Vec<u8>)]>,
    /// Whether somebody named it.
    pub(super) is_named: bool,
    /// The tool whose migrations it holds, as the project file says.
    pub(super) tool: Option<String>,
    /// The tool's history table, as the project file says.
    pub(super) table: Option<String>,
}

impl Address<'_> {
    /// The format that is said.
    pub(super) fn format(&self) -> Option<&str> {
        let (_, query) = self.text.split_once('?')?;
        let mut pairs = query.split('&');
        let format = pairs.find_map(|pair| pair.strip_prefix("format="))?;
        Some(format).filter(|format| !format.is_empty())
    }

    /// The directory's path without its format.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let plain = self.text.split('?').next().unwrap_or_default();
        let location = Location::parse(plain).ok()?;
        Some(location.path().to_owned())
    }

    /// The tool that the format names, if Atlas knows no format of that name.
    pub(super) fn tool_alone(&self) -> Option<&'static dyn Tool> {
        let name = self.format().or(self.tool.as_deref())?;
        match formats::named(name) {
            Ok(_) => None,
            Err(_) => shipgate_tools::named(name).ok(),
        }
    }

    /// The place as one of those that Atlas knows.
    pub(super) fn location(&self) -> Result<Location, DirectoryError> {
        match self.rendered {
            Some(files) => Location::in_memory(&self.text, files.iter().cloned()),
            None => Location::parse(&self.text),
        }
    }
}

/// What is said of the migration directory's place.
pub(super) fn address<'a>(
    flags: &DirectoryFlags,
    settings: &'a Settings,
) -> Result<Address<'a>, CliError> {
    let of_env = settings.or_migration(None, |migration| migration.dir.as_ref());
    let rendered = of_env
        .as_ref()
        .filter(|_| flags.dir.is_none())
        .and_then(|dir| settings.rendered.get(dir));
    let named = match (&flags.dir, &of_env) {
        (Some(dir), _) => Some(dir.clone()),
        (None, Some(dir)) if rendered.is_some() => Some(dir.clone()),
        (None, Some(dir)) => Some(within(&flags.project, dir)),
        (None, None) => None,
    };
    let (named, tool, table) = match named {
        Some(named) => (Some(named), None, None),
        None => {
            let said = said_in_project(flags)?;
            (said.directory, said.tool, said.table)
        }
    };
    let is_named = named.is_some();
    let mut text = named.unwrap_or_else(|| within(&flags.project, DEFAULT_DIRECTORY));
    let format = settings.or_migration(flags.dir_format.as_deref(), |migration| {
        migration.format.as_ref()
    });
    if let Some(format) = format
        && !text.contains("format=")
    {
        let separator = if text.contains('?') { '&' } else { '?' };
        text.push_str(&format!("{separator}format={format}"));
    }
    Ok(Address {
        text,
        rendered: rendered.map(|files| &files[..]),
        is_named,
        tool,
        table,
    })
}

/// The migration directory's place.
pub(super) fn location(
    flags: &DirectoryFlags,
    settings: &Settings,
    screen: &mut Screen,
) -> Result<Found<Location>, CliError> {
    match address(flags, settings)?.location() {
        Ok(location) => Ok(Ok(location)),
        Err(error) => Ok(Err(screen.fail(
            "migrations-directory",
            &error.to_string(),
            &error.hints(),
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

/// What the project file says of the migrations.
#[derive(Default)]
struct Said {
    directory: Option<String>,
    tool: Option<String>,
    table: Option<String>,
}

fn said_in_project(flags: &DirectoryFlags) -> Result<Said, CliError> {
    let Some(loaded) = project(&flags.project)? else {
        return Ok(Said::default());
    };
    let project = loaded.project;
    let database = &project.database;
    let directory = database.directory.as_ref().map(|directory| {
        let written = &directory.value;
        let path = written.strip_prefix("file://").unwrap_or(written);
        let format = database.format.as_ref();
        let format = format.filter(|_| !path.contains('?'));
        let query = format.map_or_else(String::new, |format| format!("?format={}", format.value));
        within(&project.directory, &format!("file://{path}{query}"))
    });
    Ok(Said {
        directory,
        tool: database.tool.as_ref().map(|tool| tool.value.clone()),
        table: database.table.as_ref().map(|table| table.value.clone()),
    })
}

/// A directory's URL with its relative path meant from `base`; of other
/// schemes as it is.
fn within(base: &Path, url: &str) -> String {
    match url.strip_prefix("file://") {
        Some(path) if base != Path::new(".") => format!("file://{}", base.join(path).display()),
        _ => url.to_owned(),
    }
}

/// A database, and how long it is tried to reach it.
pub(super) struct Reach {
    pub(super) database: Arc<dyn Database>,
    pub(super) connect_timeout: Duration,
}

/// The database.
pub(super) fn database(
    flags: &DatabaseFlags,
    project_directory: &Path,
    settings: &Settings,
    source: &Source,
    screen: &mut Screen,
) -> Result<Found<Reach>, CliError> {
    let (client, connect_timeout) = match way(&flags.reach, screen)? {
        Ok(way) => way,
        Err(exit) => return Ok(Err(exit)),
    };
    let url = match database_url(flags, project_directory, settings, source, screen)? {
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
    Ok(opened(&url, &client, screen)?.map(|database| Reach {
        database,
        connect_timeout,
    }))
}

/// The server, if its URL is given plainly, whatever the migrations are: a
/// connection to it can be made before they are read. What is wrong is told
/// by [`database`].
pub(super) fn server_ahead(flags: &DatabaseFlags, settings: &Settings) -> Option<Reach> {
    let flag = flags.url.clone().filter(|url| !url.is_empty());
    if flag.is_none() && settings.environment.is_some() {
        return None;
    }
    let text = given_url(flag)?.ok()?;
    let url = DatabaseUrl::parse(&text, Path::new("")).ok()?;
    if url.dialect() == Dialect::Sqlite {
        return None;
    }
    let mut client = client_settings();
    if let Some(file) = &flags.reach.password_file {
        client.password = Some(read_password(file).ok()?);
    }
    Some(Reach {
        database: open(&url, &client).ok()?,
        connect_timeout: parse_duration("--connect-timeout", &flags.reach.connect_timeout).ok()?,
    })
}

/// What the flags and this process's surroundings say about the way to a
/// database, and how long it is tried.
pub(super) fn way(
    flags: &ReachFlags,
    screen: &mut Screen,
) -> Result<Found<(ClientSettings, Duration)>, CliError> {
    let connect_timeout = match parse_duration("--connect-timeout", &flags.connect_timeout) {
        Ok(timeout) => timeout,
        Err(message) => return Ok(Err(screen.fail("usage", &message, &[])?)),
    };
    let mut client = client_settings();
    if let Some(file) = &flags.password_file {
        match read_password(file) {
            Ok(password) => client.password = Some(password),
            Err(message) => return Ok(Err(screen.fail("password-file", &message, &[])?)),
        }
    }
    Ok(Ok((client, connect_timeout)))
}

/// The database on which migrations are tried.
pub(super) fn development(
    text: &str,
    base: &Path,
    flags: &ReachFlags,
    screen: &mut Screen,
) -> Result<Found<Reach>, CliError> {
    if text.starts_with("docker") {
        let message = "databases in Docker are not started by this version";
        let hint = "name an empty one that runs: `--dev-url postgres://localhost/dev`".to_owned();
        return Ok(Err(screen.fail("not-supported", message, &[hint])?));
    }
    let (client, connect_timeout) = match way(flags, screen)? {
        Ok(way) => way,
        Err(exit) => return Ok(Err(exit)),
    };
    match parsed_url(text, base, screen)? {
        Ok(url) => Ok(opened(&url, &client, screen)?.map(|database| Reach {
            database,
            connect_timeout,
        })),
        Err(exit) => Ok(Err(exit)),
    }
}

fn opened(
    url: &DatabaseUrl,
    client: &ClientSettings,
    screen: &mut Screen,
) -> Result<Found<Arc<dyn Database>>, CliError> {
    match open(url, client) {
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
    source: &Source,
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
    match given_url(flag) {
        Some(Ok(text)) => {
            let base = base_of(&text, source.database_directory());
            return parsed_url(&text, &base, screen);
        }
        Some(Err((code, message))) => return Ok(Err(screen.fail(code, &message, &[])?)),
        None => {}
    }
    match project(project_directory)? {
        Some(loaded) => match site::database(&loaded.project)? {
            Some(url) => Ok(Ok(url)),
            None => no_url(screen),
        },
        None => no_url(screen),
    }
}

/// From where a relative path in a given URL is meant: that of `file:`, as apps
/// write it for SQLite, from where the app's tool takes it, any other from the
/// working directory.
pub(crate) fn base_of(url: &str, of_tool: Option<&Path>) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let is_of_app = url
        .strip_prefix("file:")
        .is_some_and(|path| !path.starts_with('/'));
    match of_tool.filter(|_| is_of_app) {
        Some(directory) => here.join(directory),
        None => here,
    }
}

/// The URL that `--url` gives, else the environment. Err: an error's code and words.
pub(crate) fn given_url(flag: Option<String>) -> Option<Result<String, (&'static str, String)>> {
    // The value of `DATABASE_URL` is a URL already, unless it is nothing but
    // the name of another variable.
    match flag.filter(|url| !url.is_empty()) {
        Some(flag) => Some(expanded(&flag, "--url")),
        None => std::env::var(DATABASE_URL)
            .ok()
            .filter(|url| !url.is_empty())
            .map(|url| match is_name(&url) {
                true => expanded(&url, DATABASE_URL),
                false => Ok(url),
            }),
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
    let mut hints =
        vec!["set DATABASE_URL, or name the database: `--url sqlite://data/app.db`".to_owned()];
    // Which database is migrated is never guessed; what would take these is said.
    for (names, url) in [
        (
            &["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"][..],
            "postgres://",
        ),
        (&["MYSQL_HOST", "MYSQL_UNIX_PORT"][..], "mysql://"),
    ] {
        if let Some(name) = names.iter().find(|name| std::env::var_os(name).is_some()) {
            hints.push(format!(
                "{name} is set: `--url {url}` takes what it does not say from the client's own variables"
            ));
        }
    }
    let message = "required flag \"url\" not set";
    Ok(Err(screen.fail("no-database", message, &hints)?))
}

/// Whether a text is `$NAME` or `${NAME}` and nothing else.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or_default();
    let name = name
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(name);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The URL with the variables in it: an image without a shell cannot write
/// them otherwise. Err: an error's code and words.
fn expanded(text: &str, place: &str) -> Result<String, (&'static str, String)> {
    let template = Template::parse(text, Origin::Flag(place.to_owned())).map_err(|_| {
        let message =
            format!("`${{` in {place} is followed by no name and `}}`; a dollar itself is `$$`");
        ("database-url", message)
    })?;
    template
        .expand_url(|name| std::env::var(name).ok())
        .map_err(|unset| {
            let message = format!("the variable {} of {place} is not set", unset.name);
            ("unset-name", message)
        })
}

/// A flag's Go duration: `10s`, `1m30s`.
pub(crate) fn parse_duration(flag: &str, text: &str) -> Result<Duration, String> {
    let duration: GoDuration = text
        .parse()
        .map_err(|error| format!("invalid argument \"{text}\" for \"{flag}\" flag: {error}"))?;
    Ok(Duration::from_nanos(
        u64::try_from(duration.as_nanos()).unwrap_or_default(),
    ))
}

/// The project file, if there is one.
fn project(directory: &Path) -> Result<Option<Loaded>, CliError> {
    match load(directory, &[]) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(LoadError::Find(_)) => Ok(None),
        Err(error) => Err(site::project_error(error)),
    }
}

/// Who asks for the migration lock. How long a database is tried to reach is
/// known once it is found; until then, once.
pub(super) fn lock_request(name: LockName, purpose: &str, timeout: Duration) -> LockRequest {
    LockRequest {
        name,
        pid: std::process::id(),
        host: host(),
        purpose: purpose.to_owned(),
        timeout,
        schema: None,
        lease: LeasePlace::default(),
        connect_timeout: Duration::ZERO,
        clock: Arc::new(Timestamp::now),
        temporary_directory: Some(std::env::temp_dir()),
        on_event: None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_alone_is_no_url() {
        assert!(is_name("$REAL_URL") && is_name("${REAL_URL}"));
        assert!(!is_name("$A/b") && !is_name("postgres://$A") && !is_name("$") && !is_name("A"));
    }
}

//! Database URLs, as Atlas takes them and as SQLite's users write them.
//!
//! A URL knows its password and never shows it: `Display` and `Debug` print
//! `***` for it and for the values of query parameters whose names look
//! secret. [`DatabaseUrl::expose`] is the one way to the text itself.

mod mysql;
mod mysql_parameters;
mod parameters;
mod percent;
mod postgres;
mod redact;
pub(crate) mod schema;

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub(crate) use mysql::{HostPort, MysqlUrl};
pub(crate) use mysql_parameters::{MysqlParameters, SSL_MODES, TlsMode};
pub use parameters::Mode;
use parameters::Parameters;
pub(crate) use postgres::PostgresParameters;
use shipgate_sql::Dialect;

use crate::postgres::Settings;

/// Where a database is and how it wants to be opened.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    raw: String,
    dialect: Dialect,
    sqlite: Option<SqliteUrl>,
    /// What a PostgreSQL URL says; empty for every other.
    postgres: PostgresParameters,
    mysql: Option<Box<MysqlUrl>>,
    /// The schema that something beside the URL chooses.
    chosen: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
struct SqliteUrl {
    /// What stands before the path: `sqlite://`, `sqlite://file:`, `file:`.
    prefix: String,
    /// `None`: in memory.
    file: Option<PathBuf>,
    /// With its `?`, as written.
    query: String,
    parameters: Parameters,
}

/// Why a text is no database URL. Never shows the text's password.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum UrlError {
    /// The text is empty.
    #[error("database URL is empty; write for example `sqlite://data/notes.db`")]
    Empty,
    /// No scheme.
    #[error("database URL has no scheme; a SQLite file is `sqlite://data/notes.db`")]
    NoScheme,
    /// A scheme that is none of ours.
    #[error(
        "unknown database scheme `{scheme}`; known are sqlite, postgres, mysql and mariadb, \
         for example `sqlite://data/notes.db`"
    )]
    UnknownScheme {
        /// The scheme as written.
        scheme: String,
    },
    /// No file is named.
    #[error("database URL names no file; write for example `sqlite://data/notes.db`")]
    NoFile,
    /// The path ends with `/`.
    #[error(
        "database URL names a directory, `{path}`; name the file in it, for example `{path}app.db`"
    )]
    Directory {
        /// The path as written.
        path: String,
    },
    /// `file://host/path` with another host than `localhost`.
    #[error(
        "database URL names the host `{host}`; a SQLite file is local: `file:///path/to/app.db`"
    )]
    Host {
        /// The host as written.
        host: String,
    },
    /// A `%` that is not followed by two hexadecimal digits, or `%00`.
    #[error(
        "`%` in the database URL is not followed by two hexadecimal digits; a percent sign itself is `%25`"
    )]
    Percent,
    /// An unescaped `#`.
    #[error("`#` in the database URL; in a file name write it as `%23`")]
    Fragment,
    /// `[::1` without its `]`.
    #[error("`[` in the database URL has no `]`; an IPv6 address is `[::1]`")]
    Bracket,
    /// A keyword string that is none.
    #[error(
        "the database keywords cannot be read; write for example \
         `host=db.example.com dbname=app user=me`, and a value with blanks between `'`"
    )]
    Keywords,
    /// An unescaped `#` in the URL of a server.
    #[error("`#` in the database URL; in a user, a password or a name write it as `%23`")]
    ServerFragment,
    /// Bytes that are no text.
    #[error("the escaped bytes (`%xx`) in the database URL are not UTF-8")]
    NotUtf8,
    /// A host or port that is none; it may be the end of an unescaped password.
    #[error(
        "the address in the database URL is not `host`, `host:port` or `[ipv6]:port` with a port \
         from 1 to 65535; in a user or password write `/` as `%2F`, `:` as `%3A`, `?` as `%3F`"
    )]
    Address,
    /// A URL with `+unix` and no path.
    #[error(
        "database URL names no socket; write for example `mysql+unix:///run/mysqld/mysqld.sock?database=app`"
    )]
    NoSocket,
    /// A parameter with a value it does not take.
    #[error("`{name}={value}` in the database URL; `{name}` is {expected}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// Its value; `***` if the name looks secret.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}

impl UrlError {
    fn hide_value_unless(self, may_be_shown: impl Fn(&str) -> bool) -> Self {
        match self {
            Self::Parameter {
                name,
                value,
                expected,
            } if !may_be_shown(&value) => Self::Parameter {
                name,
                value: redact::HIDDEN.to_owned(),
                expected,
            },
            other => other,
        }
    }

    /// A parameter with a value it does not take; a secret one is not shown.
    pub(crate) fn parameter(name: &str, value: &str, expected: &'static str) -> Self {
        let value = if redact::looks_secret(name) {
            redact::HIDDEN
        } else {
            value
        };
        Self::Parameter {
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        }
    }
}

impl DatabaseUrl {
    /// Whether a part of it is not shown: a password or another secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.to_string() != self.raw
    }

    /// Reads a URL; a relative SQLite path is taken from `base`.
    ///
    /// # Errors
    /// [`UrlError`], which says what is wrong and shows a right example.
    ///
    /// # Examples
    /// ```
    /// # use std::path::Path;
    /// # use shipgate_database::DatabaseUrl;
    /// let url = DatabaseUrl::parse("sqlite://data/notes.db?_fk=1", Path::new("/srv/notes"))?;
    /// assert_eq!(url.file(), Some(Path::new("/srv/notes/data/notes.db")));
    /// let url = DatabaseUrl::parse("postgres://app:hunter2@db/notes", Path::new("/"))?;
    /// assert_eq!(url.to_string(), "postgres://app:***@db/notes");
    /// # Ok::<(), shipgate_database::UrlError>(())
    /// ```
    pub fn parse(text: &str, base: &Path) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if postgres::is_keywords(text) {
            return Self::postgres(text, postgres::parse_keywords(text)?);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UrlError::NoScheme)?;
        let dialect = match scheme.to_ascii_lowercase().as_str() {
            "sqlite" | "sqlite3" | "file" => Dialect::Sqlite,
            "postgres" | "postgresql" => Dialect::Postgres,
            "mysql" | "mysql+unix" => Dialect::MySql,
            "mariadb" | "maria" | "mariadb+unix" | "maria+unix" => Dialect::MariaDb,
            // `user:password@host` has no scheme: it must not be echoed as one.
            _ if rest.starts_with("//") && is_scheme(scheme) => {
                return Err(UrlError::UnknownScheme {
                    scheme: scheme.to_owned(),
                });
            }
            _ => return Err(UrlError::NoScheme),
        };
        if dialect == Dialect::Postgres {
            return Self::postgres(text, postgres::parse_url(rest)?);
        }
        let sqlite = match dialect {
            Dialect::Sqlite => Some(SqliteUrl::parse(scheme, rest, base)?),
            _ => None,
        };
        let mysql = match dialect {
            Dialect::MySql | Dialect::MariaDb => Some(Box::new(Self::parse_mysql(text)?)),
            _ => None,
        };
        Ok(Self {
            raw: text.to_owned(),
            dialect,
            sqlite,
            postgres: Vec::new(),
            mysql,
            chosen: None,
        })
    }

    fn parse_mysql(text: &str) -> Result<MysqlUrl, UrlError> {
        let (scheme, rest) = text.split_once(':').ok_or(UrlError::NoScheme)?;
        MysqlUrl::parse(scheme, rest).map_err(|error| match error {
            // A parameter that is a part of an unescaped password.
            UrlError::Parameter { ref name, .. }
                if !redact::redact(text, true).contains(name.as_str()) =>
            {
                UrlError::Address
            }
            other => {
                let shown = redact::redact(text, true);
                other.hide_value_unless(|value| shown.contains(value))
            }
        })
    }

    fn postgres(text: &str, parameters: PostgresParameters) -> Result<Self, UrlError> {
        // Only what may be shown of the text may be shown in an error.
        Settings::parse(&parameters).map_err(|error| {
            let shown = redact::redact(text, true);
            error.hide_value_unless(|value| shown.contains(value))
        })?;
        Ok(Self {
            raw: text.to_owned(),
            dialect: Dialect::Postgres,
            sqlite: None,
            postgres: parameters,
            mysql: None,
            chosen: None,
        })
    }

    /// The parameters of a PostgreSQL URL, in the order they are written.
    pub(crate) fn postgres_parameters(&self) -> &[(String, String)] {
        &self.postgres
    }

    /// The URL of a SQLite file.
    pub fn sqlite(file: &Path) -> Self {
        let raw = format!("sqlite://{}", percent::encode(file.as_os_str().as_bytes()));
        Self {
            raw,
            dialect: Dialect::Sqlite,
            sqlite: Some(SqliteUrl {
                prefix: "sqlite://".to_owned(),
                file: Some(file.to_owned()),
                query: String::new(),
                parameters: Parameters::default(),
            }),
            postgres: Vec::new(),
            mysql: None,
            chosen: None,
        }
    }

    /// What the database speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The SQLite file; `None` for a database in memory or on a server.
    pub fn file(&self) -> Option<&Path> {
        self.sqlite.as_ref()?.file.as_deref()
    }

    /// The text itself, password included: for an app's environment only.
    pub fn expose(&self) -> &str {
        &self.raw
    }

    /// The same URL for another SQLite file: scheme and parameters stay.
    /// `None`: it names a server.
    #[must_use]
    pub fn with_file(&self, file: &Path) -> Option<Self> {
        let mut sqlite = self.sqlite.clone()?;
        let path = percent::encode(file.as_os_str().as_bytes());
        let raw = format!("{}{path}{}", sqlite.prefix, sqlite.query);
        sqlite.file = Some(file.to_owned());
        Some(Self {
            raw,
            dialect: self.dialect,
            sqlite: Some(sqlite),
            postgres: Vec::new(),
            mysql: None,
            chosen: None,
        })
    }

    /// The same URL with its path made absolute, so that it means the same
    /// file from every working directory.
    #[must_use]
    pub fn absolute(&self) -> Self {
        self.file()
            .and_then(|file| self.with_file(file))
            .unwrap_or_else(|| self.clone())
    }

    /// Whether `_fk` (or `_foreign_keys`) turns foreign keys on; `None`: not said.
    pub fn foreign_keys(&self) -> Option<bool> {
        self.sqlite.as_ref()?.parameters.foreign_keys
    }

    /// The schema (MySQL: the database) that a server's URL connects to;
    /// `None` if it names none.
    pub fn schema(&self) -> Option<String> {
        if self.chosen.is_some() {
            return self.chosen.clone();
        }
        match self.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => schema::of_parameters(&self.postgres),
            Dialect::MySql | Dialect::MariaDb => self.mysql.as_ref()?.database.clone(),
        }
    }

    /// The URL with the schema that it and everything around it choose together.
    pub(crate) fn with_schema(self, chosen: Option<String>) -> Self {
        Self { chosen, ..self }
    }

    /// `mode` of a SQLite URL.
    pub fn mode(&self) -> Option<Mode> {
        self.sqlite.as_ref()?.parameters.mode
    }

    /// What the URL of a MySQL or MariaDB server says.
    pub(crate) fn mysql(&self) -> Option<&MysqlUrl> {
        self.mysql.as_deref()
    }

    /// Whether Atlas would see a DSN that begins with `file:`, for which its
    /// lock has another name.
    pub(crate) fn atlas_sees_file_dsn(&self) -> bool {
        self.sqlite
            .as_ref()
            .is_some_and(|sqlite| sqlite.prefix.ends_with("//file:"))
    }
}

impl SqliteUrl {
    fn parse(scheme: &str, rest: &str, base: &Path) -> Result<Self, UrlError> {
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let (location, query) = match rest.find('?') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let parameters = Parameters::parse(query)?;
        let (marks, path) = split_path(scheme, location)?;
        let path = percent::decode(path)?;
        let in_memory = path == b":memory:" || parameters.mode == Some(Mode::Memory);
        let file = if in_memory {
            None
        } else {
            Some(resolve(&path, base)?)
        };
        Ok(Self {
            prefix: format!("{scheme}:{marks}"),
            file,
            query: query.to_owned(),
            parameters,
        })
    }
}

/// The marks before a path (`//`, `//file:`) and the path.
fn split_path<'a>(scheme: &str, location: &'a str) -> Result<(&'a str, &'a str), UrlError> {
    let Some(after) = location.strip_prefix("//") else {
        return Ok(("", location));
    };
    if scheme.eq_ignore_ascii_case("file") {
        // `file://host/path`, as RFC 8089 has it.
        let at = after.find('/').unwrap_or(after.len());
        let (host, _) = after.split_at(at);
        if host.is_empty() || host.eq_ignore_ascii_case("localhost") {
            return Ok(location.split_at(2 + at));
        }
        return Err(UrlError::Host {
            host: host.to_owned(),
        });
    }
    let marks = if after.starts_with("file:///") {
        "//file://".len()
    } else if after.starts_with("file:") {
        "//file:".len()
    } else {
        "//".len()
    };
    Ok(location.split_at(marks))
}

fn resolve(path: &[u8], base: &Path) -> Result<PathBuf, UrlError> {
    if path.is_empty() {
        return Err(UrlError::NoFile);
    }
    if path.ends_with(b"/") || path == b"." || path == b".." {
        let mut path = String::from_utf8_lossy(path).into_owned();
        if !path.ends_with('/') {
            path.push('/');
        }
        return Err(UrlError::Directory { path });
    }
    let joined = base.join(OsStr::from_bytes(path));
    // Drops `.` and doubled slashes; `..` stays, it may cross a link.
    Ok(joined.components().collect())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact::redact(&self.raw, self.sqlite.is_none()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

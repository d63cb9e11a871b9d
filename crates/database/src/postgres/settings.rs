//! How to reach a PostgreSQL database, from everything that says so.

mod passfile;
mod service;
mod sources;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use passfile::{Found, look_up};
pub(super) use sources::Sources;

use shipgate_sql::{Dialect, quoted_name};

use super::host::Host;
use crate::tls::{Check, Roots};
use crate::{Password, UrlError};

/// Everything a connection needs to know, as libpq's parameters say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// In the order they are tried.
    pub(super) hosts: Vec<Host>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) passfile: Option<PathBuf>,
    /// As written; the server's default is one named as the user.
    pub(super) database: Option<String>,
    pub(super) tls: TlsSettings,
    /// `None`: as the caller has it.
    pub(super) connect_timeout: Option<Duration>,
    pub(super) target: Target,
    /// Settings of the session: `search_path`, `application_name`, `options`, …
    pub(super) run_time: Vec<(String, String)>,
}

/// How TLS is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSettings {
    pub(super) mode: SslMode,
    /// Certificates the server's is checked against, if any are named
    /// (`sslrootcert`) or are in the home directory.
    pub(super) roots: Option<Roots>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// TLS from the first byte instead of after asking.
    pub(super) direct: bool,
    pub(super) channel_binding: Preference,
}

impl TlsSettings {
    /// What is checked: `require` with trusted certificates is `verify-ca`.
    pub(super) fn check(&self) -> Check {
        match self.mode {
            SslMode::VerifyFull => Check::ChainAndName,
            SslMode::VerifyCa => Check::Chain,
            SslMode::Require if self.roots.is_some() => Check::Chain,
            _ => Check::Nothing,
        }
    }
}

/// `sslmode`, as libpq means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    Disable,
    Prefer,
    Require,
}

/// `target_session_attrs`: which of the servers will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// Parameters of libpq that concern nothing here: what they are about is not
/// used (GSSAPI, Kerberos), or is as it has to be.
const WITHOUT_EFFECT: [&str; 19] = [
    "fallback_application_name",
    "gssdelegation",
    "gsslib",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_issuer",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "sslcompression",
    "sslsni",
    "tcp_user_timeout",
];

/// Parameters of pools and object mappers, which an app's `DATABASE_URL` may hold.
const OF_APPS: [&str; 10] = [
    "connection_limit",
    "max_connection_lifetime",
    "max_idle_connection_lifetime",
    "pgbouncer",
    "pool_size",
    "pool_timeout",
    "single_use_connections",
    "socket_timeout",
    "sslidentity",
    "statement_cache_size",
];

/// Parameters that may demand a safety there is none of here, with the values
/// that do not.
const DEMANDS: [(&str, &[&str]); 6] = [
    ("gssencmode", &["disable", "prefer"]),
    ("require_auth", &[]),
    ("requirepeer", &[]),
    ("requiressl", &["0"]),
    ("sslaccept", &["accept_invalid_certs"]),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
];

impl Settings {
    /// Reads parameters; a name that is no parameter of libpq is a setting of
    /// the session. Reads no file and no environment.
    ///
    /// # Errors
    /// [`UrlError::Parameter`].
    pub(crate) fn parse(parameters: &[(String, String)]) -> Result<Self, UrlError> {
        let mut reader = Reader::default();
        for (name, value) in parameters {
            reader.read(name, value)?;
        }
        reader.finish()
    }

    /// Name of the database asked for.
    pub(super) fn database(&self) -> &str {
        self.database
            .as_deref()
            .or(self.user.as_deref())
            .unwrap_or_default()
    }
}

/// Parameters while they are read.
#[derive(Default)]
struct Reader {
    host: String,
    address: String,
    port: String,
    user: Option<String>,
    password: Option<Password>,
    passfile: Option<PathBuf>,
    database: Option<String>,
    mode: Option<SslMode>,
    roots: Option<Roots>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    direct: bool,
    channel_binding: Option<Preference>,
    connect_timeout: Option<Duration>,
    target: Option<Target>,
    schema: Option<String>,
    run_time: Vec<(String, String)>,
}

impl Reader {
    fn read(&mut self, name: &str, value: &str) -> Result<(), UrlError> {
        let path = || {
            Some(value)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        };
        let text = || Some(value.to_owned()).filter(|text| !text.is_empty());
        match name {
            "host" => value.clone_into(&mut self.host),
            "hostaddr" => value.clone_into(&mut self.address),
            "port" => value.clone_into(&mut self.port),
            "user" => self.user = text(),
            "password" => self.password = text().map(Password::new),
            "passfile" => self.passfile = path(),
            "dbname" | "database" => self.database = text(),
            "sslmode" => self.mode = Some(choose(name, value, &SSL_MODES)?),
            "sslrootcert" if value == "system" => self.roots = Some(Roots::System(None)),
            "sslrootcert" => self.roots = path().map(Roots::File),
            "sslcert" => self.certificate = path(),
            "sslkey" => self.key = path(),
            "sslnegotiation" => self.direct = choose(name, value, &NEGOTIATIONS)?,
            "channel_binding" => self.channel_binding = Some(choose(name, value, &PREFERENCES)?),
            "connect_timeout" => self.connect_timeout = timeout(name, value)?,
            "target_session_attrs" => self.target = Some(choose(name, value, &TARGETS)?),
            "sslpassword" => {
                return Err(wrong(
                    name,
                    value,
                    "not supported: give a key without password",
                ));
            }
            "client_encoding" => {
                let plain = value.to_ascii_uppercase().replace(['-', '_'], "");
                if !matches!(plain.as_str(), "UTF8" | "UNICODE" | "AUTO" | "") {
                    return Err(wrong(name, value, "`UTF8`: migrations are UTF-8"));
                }
            }
            "replication" => {
                return Err(wrong(name, value, "not for migrations: leave it out"));
            }
            // Prisma's word for the one schema of a search path.
            "schema" => self.schema = text(),
            _ if WITHOUT_EFFECT.contains(&name) || OF_APPS.contains(&name) => {}
            _ if let Some((_, granted)) = DEMANDS.iter().find(|(demand, _)| *demand == name) => {
                if !value.is_empty() && !granted.contains(&value) {
                    return Err(wrong(
                        name,
                        value,
                        "not supported: leave it out; `sslmode` and `channel_binding` are what makes a connection safe",
                    ));
                }
            }
            _ => {
                self.run_time.retain(|(other, _)| other != name);
                self.run_time.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Settings, UrlError> {
        let has_path = self.run_time.iter().any(|(name, _)| name == "search_path");
        if let Some(schema) = self.schema.filter(|_| !has_path) {
            let path = quoted_name(Dialect::Postgres, &schema);
            self.run_time.push(("search_path".to_owned(), path));
        }
        let hosts = hosts(&self.host, &self.address, &self.port)?;
        let mode = match (self.mode, &self.roots) {
            (None, Some(Roots::System(_))) => SslMode::VerifyFull,
            (Some(mode), Some(Roots::System(_))) if mode < SslMode::VerifyFull => {
                return Err(wrong(
                    "sslmode",
                    name_of(mode, &SSL_MODES),
                    "`verify-full` with `sslrootcert=system`, where anybody has a certificate",
                ));
            }
            (mode, _) => mode.unwrap_or(SslMode::Prefer),
        };
        if self.direct && mode < SslMode::Require {
            return Err(wrong(
                "sslmode",
                name_of(mode, &SSL_MODES),
                "`require`, `verify-ca` or `verify-full` with `sslnegotiation=direct`",
            ));
        }
        Ok(Settings {
            hosts,
            user: self.user,
            password: self.password,
            passfile: self.passfile,
            database: self.database,
            tls: TlsSettings {
                mode,
                roots: self.roots,
                certificate: self.certificate,
                key: self.key,
                direct: self.direct,
                channel_binding: self.channel_binding.unwrap_or(Preference::Prefer),
            },
            connect_timeout: self.connect_timeout,
            target: self.target.unwrap_or(Target::Any),
            run_time: self.run_time,
        })
    }
}

/// Values of a parameter by their words.
type Words<T> = (&'static str, &'static [(&'static str, T)]);

const SSL_MODES: Words<SslMode> = (
    "one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`",
    &[
        ("disable", SslMode::Disable),
        ("allow", SslMode::Allow),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ],
);
const NEGOTIATIONS: Words<bool> = (
    "`postgres` or `direct`",
    &[("postgres", false), ("direct", true)],
);
const PREFERENCES: Words<Preference> = (
    "one of `disable`, `prefer`, `require`",
    &[
        ("disable", Preference::Disable),
        ("prefer", Preference::Prefer),
        ("require", Preference::Require),
    ],
);
const TARGETS: Words<Target> = (
    "one of `any`, `read-write`, `read-only`, `primary`, `standby`, `prefer-standby`",
    &[
        ("any", Target::Any),
        ("read-write", Target::ReadWrite),
        ("read-only", Target::ReadOnly),
        ("primary", Target::Primary),
        ("standby", Target::Standby),
        ("prefer-standby", Target::PreferStandby),
    ],
);

fn choose<T: Copy>(name: &str, value: &str, words: &Words<T>) -> Result<T, UrlError> {
    words
        .1
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| wrong(name, value, words.0))
}

fn name_of<T: PartialEq + Copy>(value: T, words: &Words<T>) -> &'static str {
    words
        .1
        .iter()
        .find(|(_, meaning)| *meaning == value)
        .map_or("", |(word, _)| word)
}

fn timeout(name: &str, value: &str) -> Result<Option<Duration>, UrlError> {
    match value.trim().parse::<i64>() {
        // libpq: zero and less are without end, which here is the caller's.
        Ok(seconds) => Ok(u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)),
        Err(_) => Err(wrong(name, value, "whole seconds")),
    }
}

fn wrong(name: &str, value: &str, expected: &'static str) -> UrlError {
    UrlError::parameter(name, value, expected)
}

/// Pairs hosts, addresses and ports: lists of one length, or one port for all.
fn hosts(host: &str, address: &str, port: &str) -> Result<Vec<Host>, UrlError> {
    let names: Vec<&str> = host.split(',').collect();
    let addresses: Vec<&str> = address.split(',').collect();
    let count = if address.is_empty() {
        names.len()
    } else {
        addresses.len()
    };
    if !host.is_empty() && !address.is_empty() && names.len() != count {
        return Err(wrong("hostaddr", address, "one address for each host"));
    }
    let ports: Vec<&str> = port.split(',').collect();
    if ports.len() != 1 && ports.len() != count {
        return Err(wrong("port", port, "one port, or one for each host"));
    }
    (0..count)
        .map(|at| {
            let name = names.get(at).copied().unwrap_or_default().trim();
            let address = addresses.get(at).copied().unwrap_or_default().trim();
            let port = ports.get(at).or(ports.first()).copied().unwrap_or_default();
            let port = match port.trim() {
                "" => 5432,
                text => match text.parse() {
                    Ok(number) if number != 0 => number,
                    _ => return Err(wrong("port", text, "a number from 1 to 65535")),
                },
            };
            Ok(place(name, address, port))
        })
        .collect()
}

fn place(name: &str, address: &str, port: u16) -> Host {
    if address.is_empty() && name.starts_with('/') {
        return Host::Socket {
            directory: PathBuf::from(name),
            port,
        };
    }
    if name.is_empty() && address.is_empty() {
        return Host::default_at(port);
    }
    let address = Some(address.to_owned()).filter(|address| !address.is_empty());
    Host::Tcp {
        name: match &address {
            Some(address) if name.is_empty() => address.clone(),
            _ => name.to_owned(),
        },
        address,
        port,
    }
}

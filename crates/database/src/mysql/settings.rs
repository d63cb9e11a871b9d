//! How to reach a server: the URL; what it leaves out, the option files; what
//! they leave out, the environment.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::url::{HostPort, MysqlParameters, MysqlUrl, SSL_MODES, TlsMode};
use crate::{ClientSettings, DatabaseUrl, OpenError, Password};

use super::option_files::{Options, places};
use crate::tls::{Roots, system_bundle};

/// Where servers listen that nobody gave another port.
const DEFAULT_PORT: u16 = 3306;

/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Where the packages of Debian, Red Hat, and MySQL's own put the socket.
const SOCKETS: [&str; 3] = [
    "/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",
];

/// Everything a connection needs.
#[derive(Clone)]
pub(super) struct Settings {
    /// In the order in which they are tried.
    pub(super) servers: Vec<Server>,
    pub(super) user: String,
    pub(super) password: Option<Password>,
    pub(super) database: Option<String>,
    pub(super) tls: Tls,
    /// How long one attempt may take.
    pub(super) attempt: Duration,
    /// `SET NAMES` and variables, to be run after connecting.
    pub(super) statements: Vec<String>,
    pub(super) cleartext_password: bool,
    pub(super) found_rows: bool,
    pub(super) compress: bool,
}

/// How connections by TCP are secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) mode: TlsMode,
    pub(super) roots: Roots,
    /// Certificate and key of this client.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Tcp { host: String, port: u16 },
    Socket(PathBuf),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Settings {
    /// The settings for a URL, with the option files of this machine.
    ///
    /// # Errors
    /// [`OpenError::Setting`] names what is wrong beside the URL.
    pub(super) fn read(url: &DatabaseUrl, client: &ClientSettings) -> Result<Self, OpenError> {
        let options = Options::read(&places(client))?;
        let url = url.mysql().cloned().unwrap_or_default();
        Self::resolve(url, &options, client)
    }

    fn resolve(
        url: MysqlUrl,
        options: &Options,
        client: &ClientSettings,
    ) -> Result<Self, OpenError> {
        let option = |name: &str| options.value(name).map(|(value, _)| value.to_owned());
        let password = client
            .password
            .clone()
            .or_else(|| url.password.clone())
            .or_else(|| option("password").map(Password::new))
            .or_else(|| client.variables.get("MYSQL_PWD").map(Password::new));
        let user = url
            .user
            .clone()
            .or_else(|| option("user"))
            .or_else(|| client.user.clone())
            .unwrap_or_default();
        Ok(Self {
            servers: servers(&url, options, client)?,
            user,
            password,
            tls: tls(&url.parameters, options, client)?,
            attempt: attempt(&url.parameters, options)?,
            statements: statements(&url.parameters),
            cleartext_password: url.parameters.cleartext_password
                || options.is_on("enable-cleartext-plugin"),
            found_rows: url.parameters.found_rows,
            compress: url.parameters.compress || options.is_on("compress"),
            database: url.database,
        })
    }
}

/// `localhost` in a URL is reached by TCP, as Go's driver and so Atlas do; in
/// an option file or `MYSQL_HOST` it means the socket, as for their own clients.
fn servers(
    url: &MysqlUrl,
    options: &Options,
    client: &ClientSettings,
) -> Result<Vec<Server>, OpenError> {
    if let Some(socket) = &url.socket {
        return Ok(vec![Server::Socket(socket.clone())]);
    }
    let port = default_port(options, client)?;
    if !url.hosts.is_empty() {
        let tcp = |host: &HostPort| Server::Tcp {
            host: host.host.clone(),
            port: host.port.unwrap_or(port),
        };
        return Ok(url.hosts.iter().map(tcp).collect());
    }
    let variable = |name: &str| {
        let value = client.variables.get(name)?;
        (!value.is_empty()).then(|| value.clone())
    };
    let option = |name: &str| options.value(name).map(|(value, _)| value.to_owned());
    let wants_tcp = option("protocol").is_some_and(|word| word.eq_ignore_ascii_case("tcp"));
    let host = option("host").or_else(|| variable("MYSQL_HOST"));
    match host {
        Some(host) if host != "localhost" || wants_tcp => Ok(vec![Server::Tcp { host, port }]),
        None if wants_tcp => Ok(vec![Server::Tcp {
            host: "localhost".to_owned(),
            port,
        }]),
        _ => {
            let socket = option("socket").or_else(|| variable("MYSQL_UNIX_PORT"));
            let socket = socket.map_or_else(default_socket, PathBuf::from);
            Ok(vec![Server::Socket(socket)])
        }
    }
}

fn default_port(options: &Options, client: &ClientSettings) -> Result<u16, OpenError> {
    const EXPECTED: &str = "a port is a number from 1 to 65535";
    let read = |text: &str| text.parse().ok().filter(|port| *port > 0);
    if let Some((port, entry)) = options.value("port") {
        return read(port).ok_or_else(|| entry.wrong(&format!("`port = {port}`; {EXPECTED}")));
    }
    match client.variables.get("MYSQL_TCP_PORT") {
        Some(port) if !port.is_empty() => read(port).ok_or_else(|| OpenError::Setting {
            message: format!("`MYSQL_TCP_PORT={port}`; {EXPECTED}"),
        }),
        _ => Ok(DEFAULT_PORT),
    }
}

/// The first that is there, else the first.
fn default_socket() -> PathBuf {
    let found = SOCKETS
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists());
    found.unwrap_or_else(|| SOCKETS[0].into())
}

fn tls(
    url: &MysqlParameters,
    options: &Options,
    client: &ClientSettings,
) -> Result<Tls, OpenError> {
    let path = |of_url: &Option<PathBuf>, name: &str| {
        of_url
            .clone()
            .or_else(|| options.value(name).map(|(value, _)| PathBuf::from(value)))
    };
    let ca = path(&url.tls_ca, "ssl-ca");
    let mode = match url.tls {
        Some(mode) => mode,
        None => tls_of_options(options)?.unwrap_or(if ca.is_some() {
            TlsMode::VerifyCa
        } else {
            TlsMode::Preferred
        }),
    };
    let roots = match ca {
        Some(file) => Roots::File(file),
        None => Roots::System(system_bundle(
            client.variables.get("SSL_CERT_FILE").map(String::as_str),
        )),
    };
    let identity = match (
        path(&url.tls_cert, "ssl-cert"),
        path(&url.tls_key, "ssl-key"),
    ) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err(half_an_identity("ssl-cert", "ssl-key")),
        (None, Some(_)) => return Err(half_an_identity("ssl-key", "ssl-cert")),
    };
    Ok(Tls {
        mode,
        roots,
        identity,
    })
}

fn half_an_identity(given: &str, missing: &str) -> OpenError {
    OpenError::Setting {
        message: format!(
            "`{given}` is given without `{missing}`; a client's certificate needs both"
        ),
    }
}

fn tls_of_options(options: &Options) -> Result<Option<TlsMode>, OpenError> {
    if let Some((word, entry)) = options.value("ssl-mode") {
        return TlsMode::parse(word).map(Some).ok_or_else(|| {
            entry.wrong(&format!("`ssl-mode = {word}`; `ssl-mode` is {SSL_MODES}"))
        });
    }
    Ok(if options.is_on("skip-ssl") {
        Some(TlsMode::Disabled)
    } else if options.is_on("ssl-verify-server-cert") {
        Some(TlsMode::VerifyIdentity)
    } else if options.is_on("ssl") {
        Some(TlsMode::Required)
    } else {
        None
    })
}

fn attempt(url: &MysqlParameters, options: &Options) -> Result<Duration, OpenError> {
    let seconds = match (url.attempt, options.value("connect-timeout")) {
        (Some(attempt), _) => attempt,
        (None, Some((text, entry))) => Duration::from_secs(text.parse().map_err(|_| {
            entry.wrong(&format!(
                "`connect-timeout = {text}`; it is a number of seconds"
            ))
        })?),
        (None, None) => ATTEMPT,
    };
    Ok(if seconds.is_zero() { ATTEMPT } else { seconds })
}

fn statements(parameters: &MysqlParameters) -> Vec<String> {
    let mut statements = Vec::new();
    match (&parameters.charset, &parameters.collation) {
        (Some(charset), Some(collation)) => {
            statements.push(format!("SET NAMES {charset} COLLATE {collation}"));
        }
        (Some(charset), None) => statements.push(format!("SET NAMES {charset}")),
        (None, Some(collation)) => {
            statements.push(format!("SET collation_connection = {collation}"));
        }
        (None, None) => {}
    }
    for (name, value) in &parameters.variables {
        statements.push(format!("SET {name} = {value}"));
    }
    statements
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What a URL means with this option file and environment.
    fn resolve(url: &str, file: &str, variables: &[(&str, &str)]) -> Result<Settings, OpenError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("my.cnf");
        std::fs::write(&path, file).unwrap();
        let client = ClientSettings {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            user: Some("me".to_owned()),
            ..ClientSettings::default()
        };
        let url = DatabaseUrl::parse(url, Path::new("/")).unwrap();
        let options = Options::read(&[path])?;
        Settings::resolve(url.mysql().cloned().unwrap(), &options, &client)
    }

    fn tcp(host: &str, port: u16) -> Server {
        Server::Tcp {
            host: host.to_owned(),
            port,
        }
    }

    const FILE: &str =
        "[client]\nuser=filed\npassword=filed\nhost=filed\nport=1111\nsocket=/filed\n";
    const VARIABLES: [(&str, &str); 4] = [
        ("MYSQL_HOST", "varied"),
        ("MYSQL_TCP_PORT", "2222"),
        ("MYSQL_PWD", "varied"),
        ("MYSQL_UNIX_PORT", "/varied"),
    ];

    #[test]
    fn the_url_wins_over_files_and_those_over_the_environment() {
        let said = resolve("mysql://u:p@h:3307/db", FILE, &VARIABLES).unwrap();
        assert_eq!(said.servers, [tcp("h", 3307)]);
        assert_eq!(
            (said.user.as_str(), said.password),
            ("u", Some(Password::new("p")))
        );
        let filed = resolve("mysql:///db", FILE, &VARIABLES).unwrap();
        assert_eq!(filed.servers, [tcp("filed", 1111)]);
        assert_eq!(
            (filed.user.as_str(), filed.password),
            ("filed", Some(Password::new("filed")))
        );
        let varied = resolve("mysql:///db", "", &VARIABLES).unwrap();
        assert_eq!(varied.servers, [tcp("varied", 2222)]);
        assert_eq!(
            (varied.user.as_str(), varied.password),
            ("me", Some(Password::new("varied")))
        );
    }

    #[test]
    fn localhost_is_tcp_in_a_url_and_the_socket_elsewhere() {
        let said = resolve("mysql://localhost/db", FILE, &VARIABLES).unwrap();
        assert_eq!(said.servers, [tcp("localhost", 1111)]);
        let file = "[client]\nhost=localhost\nsocket=/filed\n";
        let filed = resolve("mysql:///db", file, &[]).unwrap();
        assert_eq!(filed.servers, [Server::Socket("/filed".into())]);
        let file = format!("{file}protocol=tcp\n");
        let filed = resolve("mysql:///db", &file, &[]).unwrap();
        assert_eq!(filed.servers, [tcp("localhost", 3306)]);
        let varied = resolve("mysql:///db", "", &[("MYSQL_UNIX_PORT", "/varied")]).unwrap();
        assert_eq!(varied.servers, [Server::Socket("/varied".into())]);
    }

    #[test]
    fn every_host_has_its_port() {
        let said = resolve("mysql://h1:1,h2,[::1]:3/db", "", &[]).unwrap();
        assert_eq!(said.servers, [tcp("h1", 1), tcp("h2", 3306), tcp("::1", 3)]);
        assert_eq!(said.servers[2].to_string(), "[::1]:3");
    }

    #[test]
    fn tls_is_preferred_unless_something_is_said() {
        let mode = |url: &str, file: &str| resolve(url, file, &[]).unwrap().tls.mode;
        assert_eq!(mode("mysql://h/db", ""), TlsMode::Preferred);
        assert_eq!(mode("mysql://h/db?tls=true", ""), TlsMode::VerifyIdentity);
        let file = "[client]\nssl-mode=REQUIRED\n";
        assert_eq!(mode("mysql://h/db", file), TlsMode::Required);
        assert_eq!(mode("mysql://h/db?tls=false", file), TlsMode::Disabled);
        let file = "[client]\nssl-ca=/ca.pem\n";
        assert_eq!(mode("mysql://h/db", file), TlsMode::VerifyCa);
        let file = "[client-mariadb]\nssl-verify-server-cert\n";
        assert_eq!(mode("mysql://h/db", file), TlsMode::VerifyIdentity);
        assert_eq!(
            mode("mysql://h/db", "[client]\nskip-ssl\n"),
            TlsMode::Disabled
        );
    }

    #[test]
    fn what_is_wrong_beside_the_url_is_named_with_its_place() {
        for (file, variables, end) in [
            (
                "[client]\n\nport=x\n",
                None,
                "my.cnf:3: `port = x`; a port is a number from 1 to 65535",
            ),
            (
                "[client]\nssl-mode=full\n",
                None,
                "my.cnf:2: `ssl-mode = full`; `ssl-mode` is one of `DISABLED`, `PREFERRED`, \
                 `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`",
            ),
            (
                "",
                Some(("MYSQL_TCP_PORT", "0")),
                "`MYSQL_TCP_PORT=0`; a port is a number from 1 to 65535",
            ),
            (
                "[client]\nssl-cert=/c.pem\n",
                None,
                "`ssl-cert` is given without `ssl-key`; a client's certificate needs both",
            ),
        ] {
            let variables: Vec<_> = variables.into_iter().collect();
            let error = match resolve("mysql:///db", file, &variables) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("{file} is wrong"),
            };
            assert!(error.ends_with(end), "{error}");
        }
    }

    #[test]
    fn charset_collation_and_variables_are_set_after_connecting() {
        let url = "mysql://h/db?charset=utf8mb4&collation=utf8mb4_bin&foreign_key_checks=0";
        assert_eq!(
            resolve(url, "", &[]).unwrap().statements,
            [
                "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
                "SET foreign_key_checks = 0"
            ]
        );
    }
}

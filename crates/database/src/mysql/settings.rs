//! How to reach a server: the URL, and what it leaves out.

use std::path::PathBuf;
use std::time::Duration;

use mysql_async::{ClientIdentity, Compression, OptsBuilder, SslOpts};

use crate::url::{HostPort, MysqlUrl, TlsMode};
use crate::{ClientSettings, DatabaseUrl, Password};

/// Where servers are that nobody gave another port.
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
    pub(super) database: Option<String>,
    pub(super) tls: TlsMode,
    /// How long one attempt may take.
    pub(super) attempt: Duration,
    /// `SET NAMES` and variables, to be run after connecting.
    pub(super) statements: Vec<String>,
    user: String,
    password: Option<Password>,
    tls_ca: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    cleartext_password: bool,
    found_rows: bool,
    compress: bool,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Tcp { host: String, port: u16 },
    Socket(PathBuf),
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Settings {
    /// The URL's word, then that of the surroundings.
    pub(super) fn resolve(url: &DatabaseUrl, client: &ClientSettings) -> Self {
        let url = url.mysql().cloned().unwrap_or_default();
        let password = client
            .password
            .clone()
            .or_else(|| url.password.clone())
            .or_else(|| client.variables.get("MYSQL_PWD").map(Password::new));
        let user = url
            .user
            .clone()
            .or_else(|| client.user.clone())
            .unwrap_or_default();
        let statements = statements(&url);
        Self {
            servers: servers(&url, client),
            database: url.database,
            tls: url.parameters.tls.unwrap_or(TlsMode::Preferred),
            attempt: match url.parameters.attempt {
                None | Some(Duration::ZERO) => ATTEMPT,
                Some(attempt) => attempt,
            },
            statements,
            user,
            password,
            tls_ca: url.parameters.tls_ca,
            tls_cert: url.parameters.tls_cert,
            tls_key: url.parameters.tls_key,
            cleartext_password: url.parameters.cleartext_password,
            found_rows: url.parameters.found_rows,
            compress: url.parameters.compress,
        }
    }

    /// What `mysql_async` is told to connect to `server`.
    pub(super) fn options(&self, server: &Server, encrypted: bool) -> OptsBuilder {
        let builder = OptsBuilder::default()
            .user(Some(self.user.clone()))
            .pass(self.password.as_ref().map(Password::expose))
            .db_name(self.database.clone())
            // Or it would leave a local TCP connection for the socket.
            .prefer_socket(false)
            // The server's own are read in our own set-up; these spare a query.
            .max_allowed_packet(Some(1 << 30))
            .wait_timeout(Some(28_800))
            .tcp_keepalive(Some(Duration::from_secs(15)))
            .stmt_cache_size(0)
            .client_found_rows(self.found_rows)
            .enable_cleartext_plugin(self.cleartext_password)
            .compression(self.compress.then(Compression::default))
            .connect_attribute("program_name", "shipgate");
        match server {
            Server::Socket(path) => builder.socket(Some(path.to_string_lossy())),
            Server::Tcp { host, port } => {
                let builder = builder.ip_or_hostname(host).tcp_port(*port);
                if encrypted {
                    builder.ssl_opts(Some(self.tls_options()))
                } else {
                    builder
                }
            }
        }
    }

    fn tls_options(&self) -> SslOpts {
        let mut options = SslOpts::default();
        if let Some(ca) = &self.tls_ca {
            options = options
                .with_root_certs(vec![ca.clone().into()])
                .with_disable_built_in_roots(true);
        }
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            options = options.with_client_identity(Some(ClientIdentity::new(
                cert.clone().into(),
                key.clone().into(),
            )));
        }
        match self.tls {
            TlsMode::Disabled | TlsMode::Preferred | TlsMode::Required => {
                options.with_danger_accept_invalid_certs(true)
            }
            TlsMode::VerifyCa => options.with_danger_skip_domain_validation(true),
            TlsMode::VerifyIdentity => options,
        }
    }
}

fn servers(url: &MysqlUrl, client: &ClientSettings) -> Vec<Server> {
    if let Some(socket) = &url.socket {
        return vec![Server::Socket(socket.clone())];
    }
    let variable = |name: &str| {
        client
            .variables
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    let port = variable("MYSQL_TCP_PORT")
        .and_then(|port| port.parse().ok())
        .unwrap_or(DEFAULT_PORT);
    let tcp = |host: &HostPort| Server::Tcp {
        host: host.host.clone(),
        port: host.port.unwrap_or(port),
    };
    if !url.hosts.is_empty() {
        return url.hosts.iter().map(tcp).collect();
    }
    if let Some(host) = variable("MYSQL_HOST").filter(|host| host != "localhost") {
        return vec![Server::Tcp { host, port }];
    }
    let socket = variable("MYSQL_UNIX_PORT").map_or_else(default_socket, PathBuf::from);
    vec![Server::Socket(socket)]
}

/// The first that is there, else the first.
fn default_socket() -> PathBuf {
    let found = SOCKETS
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists());
    found.unwrap_or_else(|| SOCKETS[0].into())
}

fn statements(url: &MysqlUrl) -> Vec<String> {
    let parameters = &url.parameters;
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

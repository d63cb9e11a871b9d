//! The URL of a MySQL or MariaDB server.
//!
//! `mysql://user:password@host:3306/database?parameter=value`, also with
//! several hosts (`h1:3306,h2`), with `+unix` behind the scheme and the
//! socket's path (`mysql+unix:///run/mysqld.sock?database=app`), and with
//! the addresses of Go's driver (`tcp(host:3306)`, `unix(/run/mysqld.sock)`).

use std::path::PathBuf;

use super::UrlError;
use super::mysql_parameters::MysqlParameters;
use super::percent::text;
use crate::Password;

/// What the text of a URL says; what it leaves out is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MysqlUrl {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Password>,
    pub(crate) hosts: Vec<HostPort>,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) database: Option<String>,
    pub(crate) parameters: MysqlParameters,
}

/// A server's name or address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl MysqlUrl {
    /// Reads what follows `scheme:`.
    pub(crate) fn parse(scheme: &str, rest: &str) -> Result<Self, UrlError> {
        if rest.contains('#') {
            return Err(UrlError::ServerFragment);
        }
        let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
        let location = location.strip_prefix("//").ok_or(UrlError::NoScheme)?;
        let (credentials, address) = split_credentials(location);
        let (user, password) = parse_credentials(credentials)?;
        let mut url = Self {
            user,
            password,
            ..Self::default()
        };
        if is_unix(scheme) {
            url.socket = Some(path(address)?);
        } else if let Some((socket, database)) = go_address(address, "unix(") {
            url.socket = Some(path(socket)?);
            url.set_database(database)?;
        } else if let Some((hosts, database)) = go_address(address, "tcp(") {
            url.hosts = parse_hosts(hosts)?;
            url.set_database(database)?;
        } else {
            let (hosts, database) = match address.find('/') {
                Some(at) => address.split_at(at),
                None => (address, ""),
            };
            url.hosts = parse_hosts(hosts)?;
            url.set_database(database)?;
        }
        let (parameters, named) = MysqlParameters::parse(query)?;
        url.parameters = parameters;
        url.socket = named.socket.or(url.socket);
        url.database = url.database.or(named.database);
        Ok(url)
    }

    /// `path` is what follows the hosts: nothing, `/` or `/name`.
    fn set_database(&mut self, path: &str) -> Result<(), UrlError> {
        let name = text(path.trim_start_matches('/'))?;
        if !name.is_empty() {
            self.database = Some(name);
        }
        Ok(())
    }
}

fn is_unix(scheme: &str) -> bool {
    scheme.to_ascii_lowercase().ends_with("+unix")
}

/// User and password, and what follows them. A password may hold an unescaped
/// `@`; the hosts of a URL never do.
fn split_credentials(location: &str) -> (Option<&str>, &str) {
    match location.rsplit_once('@') {
        Some((credentials, address)) => (Some(credentials), address),
        None => (None, location),
    }
}

fn parse_credentials(
    credentials: Option<&str>,
) -> Result<(Option<String>, Option<Password>), UrlError> {
    let Some(credentials) = credentials else {
        return Ok((None, None));
    };
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (credentials, None),
    };
    let user = Some(text(user)?).filter(|user| !user.is_empty());
    let password = password.map(text).transpose()?.map(Password::new);
    Ok((user, password))
}

/// `tcp(inside)after`, if `address` begins with `mark`.
fn go_address<'a>(address: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    address.strip_prefix(mark)?.split_once(')')
}

fn parse_hosts(text: &str) -> Result<Vec<HostPort>, UrlError> {
    text.split(',')
        .filter(|host| !host.is_empty())
        .map(parse_host)
        .collect()
}

fn parse_host(host: &str) -> Result<HostPort, UrlError> {
    let (name, port) = if let Some(inside) = host.strip_prefix('[') {
        let (name, after) = inside.split_once(']').ok_or(UrlError::Address)?;
        match after.strip_prefix(':') {
            Some(port) => (name, Some(port)),
            None if after.is_empty() => (name, None),
            None => return Err(UrlError::Address),
        }
    } else {
        match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        }
    };
    let port = match port {
        None | Some("") => None,
        Some(port) => Some(
            port.parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or(UrlError::Address)?,
        ),
    };
    Ok(HostPort {
        host: text(name)?,
        port,
    })
}

fn path(encoded: &str) -> Result<PathBuf, UrlError> {
    if encoded.is_empty() {
        return Err(UrlError::NoSocket);
    }
    Ok(PathBuf::from(text(encoded)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(url: &str) -> MysqlUrl {
        try_parse(url).unwrap()
    }

    fn try_parse(url: &str) -> Result<MysqlUrl, UrlError> {
        let (scheme, rest) = url.split_once(':').unwrap();
        MysqlUrl::parse(scheme, rest)
    }

    fn host(host: &str, port: Option<u16>) -> HostPort {
        HostPort {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn a_url_has_user_password_host_port_and_database() {
        let url = parse("mysql://app:s%40crt@db.internal:3307/shop");
        assert_eq!(url.user.as_deref(), Some("app"));
        assert_eq!(url.password, Some(Password::new("s@crt")));
        assert_eq!(url.hosts, [host("db.internal", Some(3307))]);
        assert_eq!(url.database.as_deref(), Some("shop"));
    }

    #[test]
    fn what_a_url_leaves_out_is_left_open() {
        assert_eq!(parse("mysql://"), MysqlUrl::default());
        assert_eq!(parse("mysql:///"), MysqlUrl::default());
        let url = parse("mariadb:///shop");
        assert_eq!(url.hosts, []);
        assert_eq!(url.database.as_deref(), Some("shop"));
    }

    #[test]
    fn a_url_may_name_several_hosts() {
        let url = parse("mysql://u:p@h1:3306,h2,[::1]:3308/db");
        assert_eq!(
            url.hosts,
            [
                host("h1", Some(3306)),
                host("h2", None),
                host("::1", Some(3308))
            ]
        );
    }

    #[test]
    fn a_socket_is_named_by_scheme_parameter_or_as_in_go() {
        let socket = Some(PathBuf::from("/run/my sql.sock"));
        let url = parse("mysql+unix://u:p@/run/my%20sql.sock?database=shop");
        assert_eq!((&url.socket, &url.hosts), (&socket, &Vec::new()));
        assert_eq!(url.database.as_deref(), Some("shop"));
        assert_eq!(parse("maria+unix:///run/my%20sql.sock").socket, socket);
        let url = parse("mysql://u@localhost/shop?socket=/run/my%20sql.sock");
        assert_eq!(url.socket, socket);
        let url = parse("mysql://u@unix(/run/my%20sql.sock)/shop");
        assert_eq!(
            (url.socket, url.database.as_deref()),
            (socket, Some("shop"))
        );
    }

    #[test]
    fn the_addresses_of_gos_driver_are_read() {
        let url = parse("mysql://u:p@tcp(db:3306)/shop?multiStatements=true");
        assert_eq!(url.hosts, [host("db", Some(3306))]);
        assert_eq!(url.database.as_deref(), Some("shop"));
    }

    #[test]
    fn an_unescaped_at_sign_belongs_to_the_password() {
        let url = parse("mysql://u:p@ss@host/db");
        assert_eq!(url.password, Some(Password::new("p@ss")));
        assert_eq!(url.hosts, [host("host", None)]);
    }

    #[test]
    fn a_wrong_address_is_not_repeated_since_it_may_be_a_password() {
        for wrong in [
            "mysql://host:hunter2/db",
            "mysql://host:0/db",
            "mysql://host:65536/db",
            "mysql://[::1/db",
            "mysql://[::1]hunter2/db",
            "mysql://u:hunter2?x@host/db",
        ] {
            let error = try_parse(wrong).unwrap_err();
            assert_eq!(error, UrlError::Address, "{wrong}");
            assert!(!error.to_string().contains("hunter2"));
        }
        assert_eq!(
            try_parse("mysql://u:hunter#2@h/db"),
            Err(UrlError::ServerFragment)
        );
        assert_eq!(try_parse("mysql://u:%ff@h/db"), Err(UrlError::NotUtf8));
        assert_eq!(try_parse("mysql+unix://"), Err(UrlError::NoSocket));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(rest in "\\PC*") {
            let _ = MysqlUrl::parse("mysql", &rest);
            let _ = MysqlUrl::parse("mysql+unix", &rest);
        }

        #[test]
        fn any_password_comes_through_when_encoded(password in "[^\\x00]*") {
            let mut encoded = String::new();
            for byte in password.bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            let url = MysqlUrl::parse("mysql", &format!("//u:{encoded}@h/db")).unwrap();
            prop_assert_eq!(url.password, Some(Password::new(password)));
        }
    }
}

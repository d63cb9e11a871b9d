//! The query of a MySQL URL: what Go's driver (and so Atlas), the `mysql`
//! client and other drivers write there.
//!
//! What none of them knows is a variable of the session, as it is for Go's
//! driver (<https://github.com/go-sql-driver/mysql#parameters>): set after connecting.

use std::path::PathBuf;
use std::time::Duration;

use super::{UrlError, percent};

/// What the query says about the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MysqlParameters {
    /// `tls`, `ssl-mode`, `ssl`.
    pub(crate) tls: Option<TlsMode>,
    /// `ssl-ca`: PEM file of the authorities to trust instead of the system's.
    pub(crate) tls_ca: Option<PathBuf>,
    /// `ssl-cert`: PEM file with this client's certificate.
    pub(crate) tls_cert: Option<PathBuf>,
    /// `ssl-key`: PEM file with its key.
    pub(crate) tls_key: Option<PathBuf>,
    /// `charset`, `encoding`.
    pub(crate) charset: Option<String>,
    /// `collation`.
    pub(crate) collation: Option<String>,
    /// `timeout`, `connect_timeout`: for one attempt to connect.
    pub(crate) attempt: Option<Duration>,
    /// `allowCleartextPasswords`.
    pub(crate) cleartext_password: bool,
    /// `clientFoundRows`.
    pub(crate) found_rows: bool,
    /// `compress`.
    pub(crate) compress: bool,
    /// Variables to set after connecting, values as SQL.
    pub(crate) variables: Vec<(String, String)>,
}

/// What the query says about where to connect to.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) database: Option<String>,
    pub(super) socket: Option<PathBuf>,
}

/// How far a connection is encrypted and the server has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// `DISABLED`, `tls=false`: in clear.
    Disabled,
    /// `PREFERRED`, `tls=preferred`: encrypted if the server can, else in clear.
    Preferred,
    /// `REQUIRED`, `tls=skip-verify`: encrypted, with whoever it is.
    Required,
    /// `VERIFY_CA`: the certificate comes from a trusted authority.
    VerifyCa,
    /// `VERIFY_IDENTITY`, `tls=true`: and bears the server's name.
    VerifyIdentity,
}

/// Parameters that Go's driver takes and that have no meaning here: times are
/// read as text, statements run as long as they run, passwords are never sent
/// in an old form.
const OF_GO: [&str; 14] = [
    "allowAllFiles",
    "allowFallbackToPlaintext",
    "allowNativePasswords",
    "allowOldPasswords",
    "checkConnLiveness",
    "columnsWithAlias",
    "connectionAttributes",
    "interpolateParams",
    "loc",
    "maxAllowedPacket",
    "rejectReadOnly",
    "serverPubKey",
    "timeTruncate",
    "parseTime",
];

/// Parameters of pools and object mappers, which an app's `DATABASE_URL` may hold.
const OF_APPS: [&str; 22] = [
    "adapter",
    "allowPublicKeyRetrieval",
    "checkout_timeout",
    "connectionLimit",
    "connection_limit",
    "idle_timeout",
    "pool",
    "pool_max",
    "pool_min",
    "pool_size",
    "pool_timeout",
    "prepared_statements",
    "reconnect",
    "serverTimezone",
    "serverVersion",
    "socket_timeout",
    "statement-cache-capacity",
    "statement_cache_size",
    "timezone",
    "useSSL",
    "useUnicode",
    "waitForConnections",
];

impl MysqlParameters {
    /// Reads a query without its `?`.
    pub(super) fn parse(query: &str) -> Result<(Self, Named), UrlError> {
        let mut parameters = Self::default();
        let mut named = Named::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent::text(name)?;
            parameters.set(&mut named, &name, value)?;
        }
        if parameters.tls.is_none() && parameters.tls_ca.is_some() {
            // As the `mysql` client has it.
            parameters.tls = Some(TlsMode::VerifyCa);
        }
        Ok((parameters, named))
    }

    fn set(&mut self, named: &mut Named, name: &str, value: &str) -> Result<(), UrlError> {
        let text = percent::text(value)?;
        match name {
            "tls" => self.tls = Some(go_tls(name, &text)?),
            "ssl-mode" | "ssl_mode" | "sslmode" | "sslMode" => {
                self.tls = Some(
                    TlsMode::parse(&text)
                        .ok_or_else(|| UrlError::parameter(name, &text, SSL_MODES))?,
                );
            }
            "ssl" | "require_ssl" => {
                self.tls = Some(if switch(name, &text)? {
                    TlsMode::Required
                } else {
                    TlsMode::Disabled
                });
            }
            "sslaccept" => self.tls = Some(prisma_tls(name, &text)?),
            "ssl-ca" | "ssl_ca" | "sslca" | "sslcert" => self.tls_ca = Some(text.into()),
            "ssl-cert" | "ssl_cert" => self.tls_cert = Some(text.into()),
            "ssl-key" | "ssl_key" | "sslkey" => self.tls_key = Some(text.into()),
            "charset" | "encoding" | "characterEncoding" => {
                // Go's driver takes the first of a list that the server knows.
                let first = text.split(',').next().unwrap_or_default();
                self.charset = Some(word(name, first)?);
            }
            "collation" => self.collation = Some(word(name, &text)?),
            "timeout" => self.attempt = Some(go_duration(name, &text)?),
            "readTimeout" | "writeTimeout" => drop(go_duration(name, &text)?),
            "connect_timeout" | "connect-timeout" => {
                let seconds = text
                    .parse()
                    .map_err(|_| UrlError::parameter(name, &text, "a number of seconds"))?;
                self.attempt = Some(Duration::from_secs(seconds));
            }
            "allowCleartextPasswords" | "enable-cleartext-plugin" => {
                self.cleartext_password = switch(name, &text)?;
            }
            "clientFoundRows" => self.found_rows = switch(name, &text)?,
            "compress" => self.compress = switch(name, &text)?,
            "multiStatements" => drop(switch(name, &text)?),
            "database" => named.database = Some(text).filter(|name| !name.is_empty()),
            "socket" => named.socket = Some(text.into()),
            _ if OF_GO.contains(&name) || OF_APPS.contains(&name) => {}
            _ => {
                let is_name = !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_.@".contains(&byte));
                if !is_name || text.is_empty() {
                    return Err(UrlError::parameter(
                        name,
                        &text,
                        "neither a parameter nor a variable with a value, as in `sql_mode='ANSI'`",
                    ));
                }
                self.variables
                    .push((name.to_owned(), percent::text(&value.replace('+', " "))?));
            }
        }
        Ok(())
    }
}

/// What `ssl-mode` may be.
pub(crate) const SSL_MODES: &str =
    "one of `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`";

impl TlsMode {
    /// Reads a word of the `mysql` client, in any case.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().replace('-', "_").as_str() {
            "DISABLED" | "DISABLE" => Self::Disabled,
            "PREFERRED" | "PREFER" => Self::Preferred,
            "REQUIRED" | "REQUIRE" => Self::Required,
            "VERIFY_CA" => Self::VerifyCa,
            "VERIFY_IDENTITY" => Self::VerifyIdentity,
            _ => return None,
        })
    }
}

fn go_tls(name: &str, value: &str) -> Result<TlsMode, UrlError> {
    match value.to_ascii_lowercase().as_str() {
        "skip-verify" => Ok(TlsMode::Required),
        "preferred" => Ok(TlsMode::Preferred),
        other => match switch(name, other) {
            Ok(true) => Ok(TlsMode::VerifyIdentity),
            Ok(false) => Ok(TlsMode::Disabled),
            Err(_) => Err(UrlError::parameter(
                name,
                value,
                "one of `true`, `false`, `skip-verify`, `preferred`",
            )),
        },
    }
}

fn prisma_tls(name: &str, value: &str) -> Result<TlsMode, UrlError> {
    match value {
        "strict" => Ok(TlsMode::VerifyIdentity),
        "accept_invalid_certs" => Ok(TlsMode::Required),
        _ => Err(UrlError::parameter(
            name,
            value,
            "`strict` or `accept_invalid_certs`",
        )),
    }
}

fn switch(name: &str, value: &str) -> Result<bool, UrlError> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "yes" | "on" => Ok(true),
        "0" | "f" | "false" | "no" | "off" => Ok(false),
        _ => Err(UrlError::parameter(name, value, "`true` or `false`")),
    }
}

/// The name of a character set or collation.
fn word(name: &str, value: &str) -> Result<String, UrlError> {
    let is_word = !value.is_empty()
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word {
        Ok(value.to_owned())
    } else {
        Err(UrlError::parameter(name, value, "a name such as `utf8mb4`"))
    }
}

/// A duration as Go writes it: `1m30s`, `500ms`, `0`.
fn go_duration(name: &str, value: &str) -> Result<Duration, UrlError> {
    let wrong = || UrlError::parameter(name, value, "a duration such as `30s`");
    if value == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = value;
    while !rest.is_empty() {
        let digits = rest
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        let after = &rest[digits..];
        let letters = after
            .find(|letter: char| letter.is_ascii_digit())
            .unwrap_or(after.len());
        let seconds = match &after[..letters] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = &after[letters..];
    }
    if value.is_empty() {
        return Err(wrong());
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(query: &str) -> MysqlParameters {
        MysqlParameters::parse(query).unwrap().0
    }

    fn refusal(query: &str) -> String {
        MysqlParameters::parse(query).unwrap_err().to_string()
    }

    #[test]
    fn tls_is_said_as_in_go_and_as_in_the_client() {
        for (query, mode) in [
            ("tls=true", TlsMode::VerifyIdentity),
            ("tls=false", TlsMode::Disabled),
            ("tls=skip-verify", TlsMode::Required),
            ("tls=preferred", TlsMode::Preferred),
            ("ssl-mode=DISABLED", TlsMode::Disabled),
            ("ssl-mode=preferred", TlsMode::Preferred),
            ("ssl_mode=REQUIRED", TlsMode::Required),
            ("sslmode=VERIFY_CA", TlsMode::VerifyCa),
            ("ssl-mode=verify_identity", TlsMode::VerifyIdentity),
            ("sslaccept=strict", TlsMode::VerifyIdentity),
            ("ssl-ca=/ca.pem", TlsMode::VerifyCa),
            ("ssl-ca=/ca.pem&ssl-mode=REQUIRED", TlsMode::Required),
        ] {
            assert_eq!(parse(query).tls, Some(mode), "{query}");
        }
        assert_eq!(parse("").tls, None);
    }

    #[test]
    fn what_go_or_an_app_says_without_meaning_here_is_left_alone() {
        let query = "parseTime=true&multiStatements=true&loc=UTC&readTimeout=1m30s&interpolateParams=true\
                     &connection_limit=5&pool=3&useSSL=true";
        assert_eq!(parse(query), MysqlParameters::default());
    }

    #[test]
    fn what_nobody_knows_is_a_variable_of_the_session() {
        assert_eq!(
            parse("sql_mode=%27ANSI%2CTRADITIONAL%27&foreign_key_checks=0").variables,
            [
                ("sql_mode".to_owned(), "'ANSI,TRADITIONAL'".to_owned()),
                ("foreign_key_checks".to_owned(), "0".to_owned())
            ]
        );
    }

    #[test]
    fn a_wrong_value_is_named_with_what_it_may_be() {
        assert_eq!(
            refusal("tls=maybe"),
            "`tls=maybe` in the database URL; `tls` is one of `true`, `false`, `skip-verify`, `preferred`"
        );
        assert_eq!(
            refusal("ssl-mode=full"),
            "`ssl-mode=full` in the database URL; `ssl-mode` is one of `DISABLED`, `PREFERRED`, \
             `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`"
        );
        assert_eq!(
            refusal("timeout=5"),
            "`timeout=5` in the database URL; `timeout` is a duration such as `30s`"
        );
        assert_eq!(
            refusal("charset=utf8;drop"),
            "`charset=utf8;drop` in the database URL; `charset` is a name such as `utf8mb4`"
        );
        assert_eq!(
            refusal("auth%3Btoken=hunter2"),
            "`auth;token=***` in the database URL; `auth;token` is neither a parameter nor a \
             variable with a value, as in `sql_mode='ANSI'`"
        );
    }

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, milliseconds) in [("0", 0), ("250ms", 250), ("1m30s", 90_000), ("1.5s", 1500)] {
            assert_eq!(
                parse(&format!("timeout={text}")).attempt,
                Some(Duration::from_millis(milliseconds))
            );
        }
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "\\PC*") {
            let _ = MysqlParameters::parse(&query);
        }

        #[test]
        fn any_duration_is_read_or_refused(text in "[0-9.µmsh]*") {
            let _ = MysqlParameters::parse(&format!("timeout={text}"));
        }
    }
}

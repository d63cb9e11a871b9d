//! The places parameters come from: the URL, a service file, the environment,
//! a password file, and a password given apart.

use super::{Settings, SslMode, passfile, service};
use crate::tls::{Roots, system_bundle};
use crate::{ClientSettings, OpenError, UrlError};

/// Environment names and the parameters they fill
/// (<https://www.postgresql.org/docs/current/libpq-envars.html>).
const VARIABLES: [(&str, &str); 21] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGOPTIONS", "options"),
    ("PGAPPNAME", "application_name"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGCLIENTENCODING", "client_encoding"),
    ("PGDATESTYLE", "datestyle"),
    ("PGTZ", "timezone"),
    ("PGGEQO", "geqo"),
];

/// Parameters of a URL, and what is around it.
pub(in super::super) struct Sources<'a> {
    pub(in super::super) url: &'a [(String, String)],
    pub(in super::super) client: &'a ClientSettings,
}

impl Sources<'_> {
    /// Settings by libpq's order: the URL wins over the service file, that
    /// over the environment.
    ///
    /// # Errors
    /// [`OpenError::Setting`] names the place that is wrong.
    pub(in super::super) fn settings(&self) -> Result<Settings, OpenError> {
        let mut parameters = self.variables()?;
        if let Some(name) = self.named("service", "PGSERVICE") {
            parameters.extend(service::read(
                name,
                self.named("servicefile", "PGSERVICEFILE"),
                self.client,
            )?);
        }
        parameters.extend(self.url.iter().cloned());
        let mut settings = Settings::parse(&parameters).map_err(|error| failed(&error))?;
        if settings.user.is_none() {
            settings.user.clone_from(&self.client.user);
        }
        settings.passfile = passfile::path(&settings, self.client);
        settings.fill_tls(self.client);
        settings.with_application_name();
        if let Some(password) = &self.client.password {
            settings.password = Some(password.clone());
        }
        Ok(settings)
    }

    fn named(&self, parameter: &str, variable: &str) -> Option<&str> {
        self.url
            .iter()
            .rev()
            .find(|(name, _)| name == parameter)
            .map(|(_, value)| value.as_str())
            .or_else(|| self.client.variables.get(variable).map(String::as_str))
            .filter(|value| !value.is_empty())
    }

    fn variables(&self) -> Result<Vec<(String, String)>, OpenError> {
        let mut parameters = Vec::new();
        for (variable, parameter) in VARIABLES {
            let Some(value) = self.client.variables.get(variable) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            let pair = (parameter.to_owned(), value.clone());
            // Said of the variable: its user has not written the parameter.
            Settings::parse(std::slice::from_ref(&pair)).map_err(|error| match error {
                UrlError::Parameter {
                    value, expected, ..
                } => OpenError::Setting {
                    message: format!("${variable} is `{value}`; it is {expected}"),
                },
                other => failed(&other),
            })?;
            parameters.push(pair);
        }
        Ok(parameters)
    }
}

impl Settings {
    /// Certificates and keys that are in their usual places.
    fn fill_tls(&mut self, client: &ClientSettings) {
        let in_home = |name: &str| {
            let path = client.home.as_ref()?.join(".postgresql").join(name);
            path.exists().then_some(path)
        };
        let tls = &mut self.tls;
        if tls.roots.is_none() {
            tls.roots = in_home("root.crt").map(Roots::File);
        }
        if tls.certificate.is_none() {
            tls.certificate = in_home("postgresql.crt");
        }
        if tls.key.is_none() {
            tls.key = in_home("postgresql.key");
        }
        let system = || {
            let file = client.variables.get("SSL_CERT_FILE");
            Roots::System(system_bundle(file.map(String::as_str)))
        };
        // libpq would have a file named; every other driver looks at the
        // system's certificates, and their users' URLs name none.
        let is_checked = matches!(tls.mode, SslMode::VerifyCa | SslMode::VerifyFull);
        if tls.roots == Some(Roots::System(None)) || tls.roots.is_none() && is_checked {
            tls.roots = Some(system());
        }
    }

    fn with_application_name(&mut self) {
        let name = "application_name";
        if !self.run_time.iter().any(|(other, _)| other == name) {
            self.run_time.push((name.to_owned(), "shipgate".to_owned()));
        }
    }
}

pub(super) fn failed(error: &UrlError) -> OpenError {
    OpenError::Setting {
        message: error.to_string(),
    }
}

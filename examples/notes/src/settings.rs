//! What the app is told by its environment.

use thiserror::Error;

/// What the app is told by its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `PORT`, default 8080: where it listens on 127.0.0.1.
    pub port: u16,
    /// `DATABASE_URL` without its scheme: path and query of a SQLite URI.
    pub database: String,
    /// `GREETING`, default "Notes": the page's heading.
    pub greeting: String,
}

/// Why the environment will not do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// `DATABASE_URL` is not set.
    #[error("DATABASE_URL is not set; write for example sqlite:///var/lib/notes.db")]
    NoDatabase,
    /// `DATABASE_URL` is not one of SQLite.
    #[error(
        "DATABASE_URL does not begin with sqlite://; write for example sqlite:///var/lib/notes.db"
    )]
    NotSqlite,
    /// `PORT` is no port.
    #[error("PORT is `{0}`; a number from 0 to 65535 would be right")]
    Port(String),
}

impl Settings {
    /// Reads the variables by `lookup`.
    ///
    /// # Errors
    /// A variable that is missing or wrong.
    pub fn from(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let port = match lookup("PORT") {
            None => 8080,
            Some(text) => text.parse().map_err(|_| SettingsError::Port(text))?,
        };
        let url = lookup("DATABASE_URL").ok_or(SettingsError::NoDatabase)?;
        let database = url
            .strip_prefix("sqlite://")
            .ok_or(SettingsError::NotSqlite)?;
        Ok(Self {
            port,
            database: database.to_owned(),
            greeting: lookup("GREETING").unwrap_or_else(|| "Notes".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_database_alone_is_needed() {
        let settings = settings(&[("DATABASE_URL", "sqlite:///a/b.db")]).unwrap();
        assert_eq!(settings.database, "/a/b.db");
        assert_eq!((settings.port, settings.greeting.as_str()), (8080, "Notes"));
    }

    #[test]
    fn a_wrong_variable_is_named() {
        assert_eq!(settings(&[]), Err(SettingsError::NoDatabase));
        let postgres = settings(&[("DATABASE_URL", "postgres://u:secret@h/d")]).unwrap_err();
        assert!(!postgres.to_string().contains("secret"));
        let port = settings(&[("PORT", "http"), ("DATABASE_URL", "sqlite://x")]).unwrap_err();
        assert_eq!(port, SettingsError::Port("http".to_owned()));
    }
}

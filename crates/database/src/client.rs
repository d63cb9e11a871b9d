//! What a database's own client takes from its surroundings, besides a URL.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The surroundings: environment, home and user, and a password given apart.
#[derive(Clone, Default)]
pub struct ClientSettings {
    /// The environment by name: `PGHOST`, `PGSSLMODE`, `MYSQL_PWD`, …
    pub variables: BTreeMap<String, String>,
    /// Home directory, where `.pgpass` and `.my.cnf` are.
    pub home: Option<PathBuf>,
    /// Name of the operating system's user, the default of the database's.
    pub user: Option<String>,
    /// A password given apart; it wins over every other place one may be in.
    pub password: Option<Password>,
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSettings")
            .field("home", &self.home)
            .field("user", &self.user)
            .field("password", &self.password)
            .finish_non_exhaustive()
    }
}

/// A password that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// This text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the server only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

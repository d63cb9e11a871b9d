//! The project file of a test: short patience, the fake app, one database.

use std::collections::BTreeMap;
use std::fmt;

/// A `shipgate.toml` in the making. Later lines of a key replace earlier ones.
#[derive(Clone, Debug)]
pub struct Manifest {
    tables: BTreeMap<String, BTreeMap<String, String>>,
    check: bool,
}

impl Default for Manifest {
    /// One web machine of the fake app, checked at `/healthz`; SQLite at
    /// `data/app.db`, migrations in `migrations`.
    fn default() -> Self {
        Self {
            tables: BTreeMap::new(),
            check: true,
        }
        .set("build", "command", "cp {fake-app} fake-app")
        .set_raw("build", "include", "[\"fake-app\"]")
        .web("./fake-app --version 1")
        .set_raw("http_service", "internal_port", "8080")
        .set("deploy", "wait_timeout", "20s")
        .set("database", "url", "sqlite://data/app.db")
        .set("database", "directory", "migrations")
        .set("release", "settle", "100ms")
        .set("release", "lock_timeout", "2s")
        .set("release", "drain_timeout", "2s")
        .set("runtime", "listen", "127.0.0.1:{port}")
    }
}

impl Manifest {
    /// Sets a key to a string.
    #[must_use]
    pub fn set(self, table: &str, key: &str, value: &str) -> Self {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        self.set_raw(table, key, &format!("\"{quoted}\""))
    }

    /// Sets a key to a value written as TOML.
    #[must_use]
    pub fn set_raw(mut self, table: &str, key: &str, value: &str) -> Self {
        self.tables
            .entry(table.to_owned())
            .or_default()
            .insert(key.to_owned(), value.to_owned());
        self
    }

    /// Takes a whole table out.
    #[must_use]
    pub fn without(mut self, table: &str) -> Self {
        self.tables.remove(table);
        self
    }

    /// The command of process group `web`.
    #[must_use]
    pub fn web(self, command: &str) -> Self {
        self.set("processes", "web", command)
    }

    /// `[deploy] strategy`.
    #[must_use]
    pub fn strategy(self, strategy: &str) -> Self {
        self.set("deploy", "strategy", strategy)
    }

    /// `[deploy] release_command`.
    #[must_use]
    pub fn release_command(self, command: &str) -> Self {
        self.set("deploy", "release_command", command)
    }

    /// No health check: a machine counts as healthy when it runs and listens.
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.check = false;
        self
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "app = \"probe\"")?;
        for (table, keys) in &self.tables {
            writeln!(f, "\n[{table}]")?;
            for (key, value) in keys {
                writeln!(f, "{key} = {value}")?;
            }
            if table == "http_service" && self.check {
                f.write_str(
                    "\n[[http_service.checks]]\npath = \"/healthz\"\ninterval = \"1s\"\ntimeout = \"1s\"\n",
                )?;
            }
        }
        Ok(())
    }
}

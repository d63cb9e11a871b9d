//! A project whose migrations are applied by a shell script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use shipgate_testkit::{MariadbDatabase, PostgresDatabase, Ran, Running, mariadb, postgres};
use tempfile::TempDir;

/// Where its database is.
pub(crate) enum Engine {
    Sqlite,
    Postgres(PostgresDatabase),
    Mariadb(MariadbDatabase),
}

/// A project in a temporary directory, with everything it leaves behind.
pub(crate) struct Place {
    directory: TempDir,
    pub(crate) engine: Engine,
}

/// A Knex migration.
pub(crate) const UP: &str = "exports.up = function (knex) {};\n";

/// What every script begins with: `sql`, and Knex's history by it.
const PRELUDE: &str = r#"#!/bin/sh
set -e
echo run >> runs
record() { sql "INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('$1', 1, $NOW)"; }
until_there() { while ! [ -e "$1" ]; do sleep 0.02; done; }
"#;

/// A script that applies both migrations of [`Place::knex`].
pub(crate) const BOTH: &str =
    "sql \"$HISTORY\"\nsql 'CREATE TABLE users (id int)'\nrecord 1_users.js\nrecord 2_posts.js\n";

impl Place {
    pub(crate) fn new(engine: Engine) -> Self {
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
            engine,
        };
        fs::create_dir(place.path().join("tmp")).unwrap();
        place
    }

    /// A project without any migration.
    pub(crate) fn new_empty() -> Self {
        Self::new(Engine::Sqlite)
    }

    /// Two Knex migrations, none applied.
    pub(crate) fn knex() -> Self {
        Self::knex_on(Engine::Sqlite)
    }

    pub(crate) fn knex_on(engine: Engine) -> Self {
        let place = Self::new(engine);
        place.file("knexfile.js", "module.exports = {};\n");
        place.file("migrations/1_users.js", UP);
        place.file("migrations/2_posts.js", UP);
        place
    }

    pub(crate) fn on_postgres() -> Self {
        Self::knex_on(Engine::Postgres(postgres().database()))
    }

    pub(crate) fn on_mariadb() -> Self {
        Self::knex_on(Engine::Mariadb(mariadb().database()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// Writes `migrate.sh`.
    pub(crate) fn script(&self, body: &str) -> &Self {
        self.program("migrate.sh", body)
    }

    /// Writes a script that has `sql`, `record` and the history's DDL.
    pub(crate) fn program(&self, name: &str, body: &str) -> &Self {
        let (client, history, now) = match &self.engine {
            Engine::Sqlite => (
                "sqlite3 -cmd '.timeout 20000' app.db \"$1\"".to_owned(),
                "id integer PRIMARY KEY, name varchar(255), batch integer, migration_time datetime",
                "1795168800000",
            ),
            Engine::Postgres(database) => (
                format!(
                    "psql -X -q -v ON_ERROR_STOP=1 -d '{}' -c \"$1\"",
                    database.url()
                ),
                "id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz",
                "now()",
            ),
            Engine::Mariadb(database) => {
                let url = database.url();
                let (_, socket) = url.split_once("socket=").unwrap();
                (
                    format!(
                        "mariadb --no-defaults -uroot --socket='{socket}' {} -e \"$1\"",
                        database.name()
                    ),
                    "id int AUTO_INCREMENT PRIMARY KEY, name varchar(255), batch int, migration_time timestamp",
                    "now()",
                )
            }
        };
        let text = format!(
            "{PRELUDE}sql() {{ {client}; }}\nNOW='{now}'\n\
             HISTORY='CREATE TABLE IF NOT EXISTS knex_migrations ({history})'\n{body}"
        );
        self.file(name, &text);
        let path = self.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Runs SQL as the scripts do.
    pub(crate) fn sql(&self, statement: &str) {
        match &self.engine {
            Engine::Sqlite => rusqlite::Connection::open(self.path().join("app.db"))
                .unwrap()
                .execute_batch(statement)
                .unwrap(),
            Engine::Postgres(database) => drop(database.psql(statement)),
            Engine::Mariadb(database) => drop(database.mariadb(statement)),
        }
    }

    /// Makes Knex's history, with these names in it.
    pub(crate) fn applied(&self, names: &[&str]) -> &Self {
        self.program(
            "history.sh",
            "sql \"$HISTORY\"\nfor name in \"$@\"; do record \"$name\"; done\n",
        );
        let done = Command::new("./history.sh")
            .args(names)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", Ran::from(done));
        fs::remove_file(self.path().join("runs")).unwrap();
        self
    }

    pub(crate) fn url(&self) -> String {
        match &self.engine {
            Engine::Sqlite => "sqlite://app.db".to_owned(),
            Engine::Postgres(database) => database.url(),
            Engine::Mariadb(database) => database.url(),
        }
    }

    /// How often a script was started.
    pub(crate) fn runs(&self) -> usize {
        self.text("runs").lines().count()
    }

    /// The program, without a word about the database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shipgate"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("TMPDIR", self.path().join("tmp"));
        command
    }

    /// A verb with the database and these arguments.
    fn with_url(&self, verb: &str, arguments: &[&str]) -> Command {
        self.command(&[&[verb, "--url", &self.url()], arguments].concat())
    }

    pub(crate) fn gate(&self, arguments: &[&str]) -> Ran {
        self.with_url("gate", arguments).output().unwrap().into()
    }

    /// A gate before `migrate.sh`.
    pub(crate) fn pass(&self) -> Ran {
        self.gate(&["--", "./migrate.sh"])
    }

    pub(crate) fn start_gate(&self, arguments: &[&str]) -> Running {
        let arguments = [arguments, &["--", "./migrate.sh"]].concat();
        Running::start(self.with_url("gate", &arguments))
    }

    pub(crate) fn wait(&self, arguments: &[&str]) -> Ran {
        self.with_url("wait", arguments).output().unwrap().into()
    }

    pub(crate) fn start_wait(&self, arguments: &[&str]) -> Running {
        Running::start(self.with_url("wait", arguments))
    }

    /// The log of the last command that a gate ran here.
    pub(crate) fn log(&self) -> String {
        let room = fs::read_dir(self.path().join("tmp")).unwrap().flatten();
        let gates = room
            .map(|entry| entry.path().join("gates"))
            .find(|path| path.is_dir());
        let mut logs: Vec<PathBuf> = fs::read_dir(gates.unwrap())
            .unwrap()
            .flatten()
            .map(|entry| entry.path().join("log"))
            .collect();
        logs.sort();
        fs::read_to_string(logs.last().unwrap()).unwrap()
    }
}

/// Whether a process runs, and is no zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

//! The databases: servers with the settings they have by default, their URLs
//! and their own clients.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use shipgate_testkit::{MariadbCluster, MariadbDatabase, PostgresCluster, PostgresDatabase};
use tempfile::TempDir;

use crate::meter::Task;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Mariadb,
    Sqlite,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Postgres, Self::Mariadb, Self::Sqlite];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Sqlite => "sqlite",
        }
    }

    /// The client's command.
    pub(crate) fn client(self) -> &'static str {
        match self {
            Self::Postgres => "psql",
            Self::Mariadb => "mariadb",
            Self::Sqlite => "sqlite3",
        }
    }

    /// # Errors
    /// There is no such kind.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or(format!("there is no database {name}"))
    }
}

/// What PostgreSQL and MariaDB do by default and the tests' servers do not.
const POSTGRES: [(&str, &str); 7] = [
    ("autovacuum", "on"),
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("max_wal_senders", "10"),
    ("shared_buffers", "128MB"),
    ("synchronous_commit", "on"),
    ("wal_level", "replica"),
];
const MARIADB: [(&str, &str); 5] = [
    ("debug-no-sync", "0"),
    ("innodb-buffer-pool-size", "128M"),
    ("innodb-flush-log-at-trx-commit", "1"),
    ("innodb-flush-method", "O_DIRECT"),
    ("innodb-log-file-size", "96M"),
];

/// A running server, or SQLite.
pub(crate) enum Server {
    Postgres(PostgresCluster),
    Mariadb(MariadbCluster),
    Sqlite,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        match kind {
            Kind::Postgres => Self::Postgres(PostgresCluster::with(&POSTGRES)),
            Kind::Mariadb => Self::Mariadb(MariadbCluster::with(&MARIADB)),
            Kind::Sqlite => Self::Sqlite,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Postgres(_) => Kind::Postgres,
            Self::Mariadb(_) => Kind::Mariadb,
            Self::Sqlite => Kind::Sqlite,
        }
    }

    /// A new, empty database.
    pub(crate) fn database(&self) -> Database {
        match self {
            Self::Postgres(cluster) => Database::Postgres {
                psql: cluster.program("psql"),
                database: cluster.database(),
            },
            Self::Mariadb(cluster) => Database::Mariadb {
                socket: cluster.socket(),
                database: cluster.database(),
            },
            Self::Sqlite => {
                let database = Database::Sqlite(tempfile::tempdir().expect("a directory"));
                // Some tools do not make it themselves.
                File::create(database.file()).expect("a file");
                database
            }
        }
    }
}

/// A database; it is gone when this is dropped.
pub(crate) enum Database {
    Postgres {
        psql: PathBuf,
        database: PostgresDatabase,
    },
    Mariadb {
        socket: PathBuf,
        database: MariadbDatabase,
    },
    Sqlite(TempDir),
}

impl Database {
    /// Its URL for Shipgate.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Postgres { database, .. } => database.url(),
            Self::Mariadb { database, .. } => database.url(),
            Self::Sqlite(_) => format!("sqlite://{}", self.file().display()),
        }
    }

    /// Its URL for tools that know neither Unix sockets nor our certificates.
    pub(crate) fn plain_url(&self) -> String {
        match self {
            Self::Postgres { database, .. } => database.tcp_url() + "?sslmode=disable",
            Self::Mariadb { database, .. } => database.tcp_url(),
            Self::Sqlite(_) => format!("sqlite:{}", self.file().display()),
        }
    }

    /// Its own client, which asks for a one.
    pub(crate) fn asks_for_one(&self) -> Task {
        let mut words = self.client();
        if !matches!(self, Self::Sqlite(_)) {
            words.push(match self {
                Self::Postgres { .. } => "-c".into(),
                _ => "-e".into(),
            });
        }
        words.push("select 1".into());
        Task::new(words)
    }

    /// Its own client, which runs a script.
    pub(crate) fn runs(&self, script: &Path) -> Task {
        let mut words = self.client();
        if let Self::Postgres { .. } = self {
            words.extend(["-f".into(), script.into()]);
            return Task::new(words);
        }
        Task {
            words,
            input: script.to_owned(),
        }
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, table: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let count = match self {
            Self::Postgres { database, .. } => database.psql(&sql),
            Self::Mariadb { database, .. } => database.mariadb(&sql),
            Self::Sqlite(_) => Connection::open(self.file())
                .and_then(|connection| connection.query_row(&sql, [], |row| row.get::<_, i64>(0)))
                .expect("a count")
                .to_string(),
        };
        count.trim().parse().expect("a count")
    }

    fn client(&self) -> Vec<OsString> {
        match self {
            Self::Postgres { psql, database } => vec![
                psql.into(),
                "-Xqv".into(),
                "ON_ERROR_STOP=1".into(),
                "-d".into(),
                database.url().into(),
            ],
            Self::Mariadb { socket, database } => vec![
                "mariadb".into(),
                "--no-defaults".into(),
                "--user=root".into(),
                "--default-character-set=utf8mb4".into(),
                format!("--socket={}", socket.display()).into(),
                database.name().into(),
            ],
            Self::Sqlite(_) => vec!["sqlite3".into(), "-bail".into(), self.file().into()],
        }
    }

    fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(directory) => directory.path().join("database"),
            _ => PathBuf::new(),
        }
    }
}

//! The databases whose runs are killed.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use shipgate_testkit::{
    MariadbCluster, MariadbDatabase, PostgresCluster, PostgresDatabase, mariadb, postgres,
};

/// A server, or what stands for it.
pub(crate) trait Server {
    fn name(&self) -> &'static str;

    /// A new, empty database.
    fn database(&self) -> Box<dyn Database>;

    /// The migrations, with what this server keeps out of transactions.
    fn without_transaction(
        &self,
        files: &[(&'static str, &'static str)],
    ) -> Vec<(&'static str, &'static str)>;
}

/// A server that may be killed.
pub(crate) trait Mortal {
    /// Kills it and starts it again.
    fn kill_and_start(&self);
}

/// A database on it.
pub(crate) trait Database {
    fn url(&self) -> String;

    /// Schema and data, without these tables, which tell of runs.
    fn dump(&self, without: &[&str]) -> String;

    fn sql(&self, statements: &str) -> String;
}

enum Cluster<T: 'static> {
    Shared(&'static T),
    Private(Box<T>),
}

impl<T> Cluster<T> {
    fn get(&self) -> &T {
        match self {
            Self::Shared(cluster) => cluster,
            Self::Private(cluster) => cluster,
        }
    }
}

pub(crate) struct Postgres(Cluster<PostgresCluster>);

impl Postgres {
    pub(crate) fn shared() -> Self {
        Self(Cluster::Shared(postgres()))
    }

    /// One that may be killed: what it has committed is there afterwards.
    pub(crate) fn private() -> Self {
        let cluster = PostgresCluster::with(&[("synchronous_commit", "on")]);
        Self(Cluster::Private(Box::new(cluster)))
    }
}

impl Mortal for Postgres {
    fn kill_and_start(&self) {
        self.0.get().kill();
        self.0.get().start();
    }
}

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(self.0.get().database())
    }

    fn without_transaction(
        &self,
        files: &[(&'static str, &'static str)],
    ) -> Vec<(&'static str, &'static str)> {
        let mut files = files.to_vec();
        files.push((
            "9_concurrently.sql",
            "CREATE INDEX CONCURRENTLY log_n ON log (n);\nVACUUM log;\n\
             CREATE UNIQUE INDEX CONCURRENTLY log_step ON log (step);\n\
             DROP INDEX CONCURRENTLY log_n;\n",
        ));
        files
    }
}

impl Database for PostgresDatabase {
    fn url(&self) -> String {
        format!("{}&search_path=public", self.url())
    }

    fn dump(&self, without: &[&str]) -> String {
        // What is rolled back uses up a number of a table's sequence.
        let options: Vec<String> = without
            .iter()
            .flat_map(|table| [(*table).to_owned(), format!("{table}_*_seq")])
            .map(|name| format!("--exclude-table=*.{name}"))
            .collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        self.dump(&options)
    }

    fn sql(&self, statements: &str) -> String {
        self.psql(statements)
    }
}

pub(crate) struct MariaDb(Cluster<MariadbCluster>);

impl MariaDb {
    pub(crate) fn shared() -> Self {
        Self(Cluster::Shared(mariadb()))
    }

    /// One that may be killed: what it has committed is there afterwards.
    pub(crate) fn private() -> Self {
        let cluster = MariadbCluster::with(&[("innodb-flush-log-at-trx-commit", "2")]);
        Self(Cluster::Private(Box::new(cluster)))
    }
}

impl MariaDb {
    /// One that may be killed, and loses what it has committed since its last
    /// definition.
    pub(crate) fn forgetful() -> Self {
        let cluster = MariadbCluster::with(&[("innodb-flush-log-at-trx-commit", "0")]);
        Self(Cluster::Private(Box::new(cluster)))
    }
}

impl Mortal for MariaDb {
    fn kill_and_start(&self) {
        self.0.get().kill();
        self.0.get().start();
    }
}

impl Server for MariaDb {
    fn name(&self) -> &'static str {
        "MariaDB"
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(self.0.get().database())
    }

    fn without_transaction(
        &self,
        files: &[(&'static str, &'static str)],
    ) -> Vec<(&'static str, &'static str)> {
        files.to_vec()
    }
}

impl Database for MariadbDatabase {
    fn url(&self) -> String {
        self.url()
    }

    fn dump(&self, without: &[&str]) -> String {
        let mut options = vec![
            "--skip-comments".to_owned(),
            "--order-by-primary".to_owned(),
        ];
        options.extend(
            without
                .iter()
                .map(|table| format!("--ignore-table={}.{table}", self.name())),
        );
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        self.dump(&options).replace(self.name(), "database")
    }

    fn sql(&self, statements: &str) -> String {
        self.mariadb(statements)
    }
}

/// Every database is a file of its own.
pub(crate) struct Sqlite;

impl Server for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(SqliteFile(tempfile::tempdir().unwrap()))
    }

    fn without_transaction(
        &self,
        files: &[(&'static str, &'static str)],
    ) -> Vec<(&'static str, &'static str)> {
        let mut files = files.to_vec();
        files.push((
            "9_pragmas.sql",
            "PRAGMA journal_mode = wal;\nPRAGMA user_version = 9;\nVACUUM;\n\
             INSERT INTO log VALUES (9, 1, 'nine');\nUPDATE log SET n = n * 3;\n",
        ));
        files
    }
}

struct SqliteFile(TempDir);

impl SqliteFile {
    fn path(&self) -> PathBuf {
        self.0.path().join("app.db")
    }
}

impl Database for SqliteFile {
    fn url(&self) -> String {
        format!("sqlite://{}", self.path().display())
    }

    fn dump(&self, without: &[&str]) -> String {
        let without = without.join("', '");
        let schema = self.sql(&format!(
            "PRAGMA integrity_check; PRAGMA journal_mode; PRAGMA user_version; \
             SELECT type, name, sql FROM sqlite_master \
             WHERE tbl_name NOT IN ('{without}') ORDER BY 1, 2"
        ));
        let tables = self.sql(&format!(
            "SELECT group_concat(name, ' ') FROM sqlite_master WHERE type = 'table' \
             AND name NOT IN ('{without}')"
        ));
        format!("{schema}\n{}", self.sql(&format!(".dump {tables}")))
    }

    fn sql(&self, statements: &str) -> String {
        let mut sqlite3 = Command::new("sqlite3");
        let done = sqlite3.arg(self.path()).arg(statements).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

//! The servers whose runs are killed.

use shipgate_testkit::{
    MariadbCluster, MariadbDatabase, PostgresCluster, PostgresDatabase, mariadb, postgres,
};

/// A server.
pub(crate) trait Server {
    fn name(&self) -> &'static str;

    /// A new, empty database.
    fn database(&self) -> Box<dyn Database>;

    /// Kills it and starts it again.
    fn kill_and_start(&self);

    /// The migrations, with what this server keeps out of transactions.
    fn without_transaction(
        &self,
        files: &[(&'static str, &'static str)],
    ) -> Vec<(&'static str, &'static str)>;
}

/// A database on it.
pub(crate) trait Database {
    fn url(&self) -> String;

    /// Schema and data, without the tables that tell of runs.
    fn dump(&self) -> String;

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

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(self.0.get().database())
    }

    fn kill_and_start(&self) {
        self.0.get().kill();
        self.0.get().start();
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

    fn dump(&self) -> String {
        self.dump(&[
            "--exclude-table=*.atlas_schema_revisions",
            "--exclude-table=*.shipgate_lease",
        ])
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

impl Server for MariaDb {
    fn name(&self) -> &'static str {
        "MariaDB"
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(self.0.get().database())
    }

    fn kill_and_start(&self) {
        self.0.get().kill();
        self.0.get().start();
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

    fn dump(&self) -> String {
        let ignored = |table: &str| format!("--ignore-table={}.{table}", self.name());
        self.dump(&[
            "--skip-comments",
            "--order-by-primary",
            &ignored("atlas_schema_revisions"),
            &ignored("shipgate_lease"),
        ])
        .replace(self.name(), "database")
    }

    fn sql(&self, statements: &str) -> String {
        self.mariadb(statements)
    }
}

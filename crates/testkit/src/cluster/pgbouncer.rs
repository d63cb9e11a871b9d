//! PgBouncer in front of the shared PostgreSQL cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::postgres::{PostgresCluster, PostgresDatabase, postgres};
use super::program::{self, Account, find};
use super::watcher::Server;

/// When a server's session is given to another client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// After every transaction.
    Transaction,
}

/// The pooler that the tests of this process share, in front of [`postgres()`].
pub fn pgbouncer(mode: PoolMode) -> &'static PgBouncer {
    static SESSION: OnceLock<PgBouncer> = OnceLock::new();
    static TRANSACTION: OnceLock<PgBouncer> = OnceLock::new();
    let shared = match mode {
        PoolMode::Session => &SESSION,
        PoolMode::Transaction => &TRANSACTION,
    };
    shared.get_or_init(|| PgBouncer::before(postgres(), mode))
}

/// A running PgBouncer with its own defaults, but for the mode.
#[derive(Debug)]
pub struct PgBouncer {
    server: Server,
    directory: PathBuf,
    port: u16,
    password: String,
}

impl PgBouncer {
    /// A pooler of one's own before a cluster.
    pub fn before(cluster: &PostgresCluster, mode: PoolMode) -> Self {
        let program = find("pgbouncer", &[Path::new("/usr/sbin")], "pgbouncer");
        let account = Account::instead_of_root("postgres");
        let directory = program::directory("pgbouncer");
        let settings = directory.join("pgbouncer.ini");
        let mut words = account.words(&program);
        words.push(settings.display().to_string());
        // From here on the directory is removed, whatever happens.
        let server = Server::new(&directory, "KILL", &words);

        let users = directory.join("users");
        let password = cluster.password().to_owned();
        fs::write(&users, format!("\"postgres\" \"{password}\"\n")).expect("a file");
        let mut port = 0;
        server.start_on_a_free_port(|free| {
            port = free;
            fs::write(&settings, ini(cluster, mode, port, &users)).expect("a file");
            account.own(&directory);
            let listening = format!("listening on 127.0.0.1:{port}");
            server.start(|_, said| said.contains(&listening))
        });
        Self {
            server,
            directory,
            port,
            password,
        }
    }

    /// The URL of a database of its cluster, through it.
    pub fn url(&self, database: &PostgresDatabase) -> String {
        let (password, port, name) = (&self.password, self.port, database.name());
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{name}")
    }

    /// The URL of its own console, where `SHOW POOLS` and the like are answered.
    pub fn console(&self) -> String {
        format!(
            "postgres://postgres:{}@127.0.0.1:{}/pgbouncer",
            self.password, self.port
        )
    }

    /// The directory of everything it owns.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.server.log()
    }
}

fn ini(cluster: &PostgresCluster, mode: PoolMode, port: u16, users: &Path) -> String {
    let (socket, server) = (cluster.directory().display(), cluster.port());
    let mode = match mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
    };
    let users = users.display();
    format!(
        "[databases]\n\
         * = host={socket} port={server}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = scram-sha-256\n\
         auth_file = {users}\n\
         admin_users = postgres\n\
         pool_mode = {mode}\n"
    )
}

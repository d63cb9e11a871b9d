//! PostgreSQL clusters.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use super::certificates::Certificates;
use super::program::{self, Account, find, succeed};
use super::watcher::{Server, Started};
use crate::run::Ran;

const PACKAGE: &str = "postgresql";

/// Quick and small: what is written here need not survive the machine.
const SETTINGS: &[(&str, &str)] = &[
    ("autovacuum", "off"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("listen_addresses", "127.0.0.1"),
    ("log_line_prefix", "%m [%p] %u@%d "),
    ("max_connections", "200"),
    ("max_prepared_transactions", "10"),
    ("max_wal_senders", "0"),
    ("shared_buffers", "16MB"),
    ("ssl", "on"),
    ("synchronous_commit", "off"),
    ("wal_level", "minimal"),
];

/// A superuser without a password on the socket; passwords everywhere else.
const WHO_MAY: &str = "\
local all postgres trust
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
";

/// The cluster that the tests of this process share.
pub fn postgres() -> &'static PostgresCluster {
    static SHARED: OnceLock<PostgresCluster> = OnceLock::new();
    SHARED.get_or_init(PostgresCluster::private)
}

/// A running PostgreSQL cluster with the superuser `postgres`.
#[derive(Debug)]
pub struct PostgresCluster {
    server: Server,
    access: Arc<Access>,
}

/// How a cluster is reached; databases keep it too.
#[derive(Debug)]
struct Access {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    password: String,
    certificates: Certificates,
}

impl PostgresCluster {
    /// A cluster for one test alone, which may stop and kill it.
    pub fn private() -> Self {
        Self::with(&[])
    }

    /// A cluster of its own with more settings, as in `postgresql.conf`; they
    /// win over the quick and careless ones that every cluster has.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let programs = programs();
        let account = Account::instead_of_root("postgres");
        let directory = program::directory("postgres");
        let data = directory.join("data");
        let mut words = account.words(&programs.join("postgres"));
        words.extend(["-D".to_owned(), data.display().to_string()]);
        // From here on the directory is removed, whatever happens.
        let server = Server::new(&directory, "QUIT", &words);

        let password = program::password();
        let password_file = directory.join("password");
        fs::write(&password_file, &password).expect("a file");
        let certificates = Certificates::make(&directory);
        account.own(&directory);
        init(account, &programs, &data, &password_file);

        fs::write(data.join("pg_hba.conf"), WHO_MAY).expect("a file");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&certificates.key, private).expect("permissions can be set");

        let mut access = Access {
            programs,
            directory,
            port: 0,
            password,
            certificates,
        };
        server.start_on_a_free_port(|port| {
            access.port = port;
            access.configure(settings);
            access.start(&server)
        });
        Self {
            server,
            access: Arc::new(access),
        }
    }

    /// A new, empty database; it is dropped with what is returned.
    pub fn database(&self) -> PostgresDatabase {
        let name = program::database_name();
        self.access
            .psql("postgres", &format!("CREATE DATABASE {name}"))
            .exits(0);
        PostgresDatabase {
            name,
            access: Arc::clone(&self.access),
        }
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), on
    /// the same port.
    pub fn start(&self) {
        loop {
            match self.access.start(&self.server) {
                Started::Ready => return,
                // What a killed server's processes held, until they notice.
                Started::Ended(said) if said.contains("is still in use") => (),
                Started::Ended(said) => panic!("PostgreSQL does not start again:\n{said}"),
            }
        }
    }

    /// Shuts it down in order; sessions are ended, their transactions rolled back.
    pub fn stop(&self) {
        self.server.end("INT");
    }

    /// Sends SIGKILL to the postmaster, as a machine's lack of memory does.
    pub fn kill(&self) {
        self.server.end("KILL");
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// What it has logged since its first start.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// The directory of its Unix socket and of everything else it owns.
    pub fn directory(&self) -> &Path {
        &self.access.directory
    }

    /// The superuser's password, asked for over TCP.
    pub fn password(&self) -> &str {
        &self.access.password
    }

    /// The certificate that signed the server's, which is for `localhost` and
    /// 127.0.0.1.
    pub fn ca_file(&self) -> &Path {
        &self.access.certificates.authority
    }

    /// PostgreSQL's program of this name: `psql`, `pg_dump`, ...
    pub fn program(&self, name: &str) -> PathBuf {
        self.access.programs.join(name)
    }
}

impl Access {
    fn configure(&self, more: &[(&str, &str)]) {
        let port = self.port.to_string();
        let directory = self.directory.display().to_string();
        let certificate = self.certificates.certificate.display().to_string();
        let key = self.certificates.key.display().to_string();
        let own = [
            ("port", &*port),
            ("unix_socket_directories", &*directory),
            ("ssl_cert_file", &*certificate),
            ("ssl_key_file", &*key),
        ];
        let all = SETTINGS.iter().chain(&own).chain(more).copied();
        let lines = all
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .map(|(name, value)| format!("{name} = '{value}'\n"))
            .collect::<String>();
        fs::write(self.directory.join("data/postgresql.conf"), lines).expect("a file");
    }

    fn start(&self, server: &Server) -> Started {
        // As pg_ctl does: line 1 is the process id, line 8 the state.
        server.start(|pid, _| {
            let file = self.directory.join("data/postmaster.pid");
            let text = fs::read_to_string(file).unwrap_or_default();
            let mut lines = text.lines();
            lines.next() == Some(&pid.to_string())
                && lines.nth(6).is_some_and(|state| state.trim() == "ready")
        })
    }

    fn url(&self, database: &str) -> String {
        let (directory, port) = (self.directory.display(), self.port);
        format!("postgres://postgres@/{database}?host={directory}&port={port}")
    }

    fn psql(&self, database: &str, sql: &str) -> Ran {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url(database));
        program::run(psql, sql)
    }
}

/// One test's database.
#[derive(Debug)]
pub struct PostgresDatabase {
    name: String,
    access: Arc<Access>,
}

impl PostgresDatabase {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL by the Unix socket: the superuser, no password.
    pub fn url(&self) -> String {
        self.access.url(&self.name)
    }

    /// Its URL by TCP with the superuser's password, and no word about TLS.
    pub fn tcp_url(&self) -> String {
        let (port, password) = (self.access.port, &self.access.password);
        format!(
            "postgres://postgres:{password}@127.0.0.1:{port}/{}",
            self.name
        )
    }

    /// What `psql` prints for these statements: bare values, `|` between
    /// columns.
    ///
    /// # Panics
    /// When one of them fails.
    #[track_caller]
    pub fn psql(&self, sql: &str) -> String {
        let ran = self.try_psql(sql).exits(0);
        ran.stdout.trim_end_matches('\n').to_owned()
    }

    /// As [`psql`](Self::psql) where failing is part of the test.
    #[track_caller]
    pub fn try_psql(&self, sql: &str) -> Ran {
        self.access.psql(&self.name, sql)
    }

    /// What `pg_dump` prints of it with these options, without what differs
    /// from one dump to the next.
    #[track_caller]
    pub fn dump(&self, options: &[&str]) -> String {
        let mut dump = Command::new(self.access.programs.join("pg_dump"));
        dump.args(options).arg("-d").arg(self.url());
        let lines = succeed(dump).stdout;
        lines
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
            .fold(String::new(), |text, line| text + line + "\n")
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // The server may have been killed by the test, or have left with it.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = self.access.psql("postgres", &drop);
    }
}

/// Debian keeps the programs of each version apart; the newest is taken.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .unwrap_or_default();
    let place = PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"));
    let initdb = find("initdb", &[&place], PACKAGE);
    initdb.parent().expect("a file's directory").to_owned()
}

fn init(account: Account, programs: &Path, data: &Path, password: &Path) {
    let words = account.words(&programs.join("initdb"));
    let mut initdb = Command::new(&words[0]);
    initdb
        .args(&words[1..])
        .args(["--no-sync", "--no-instructions", "--username=postgres"])
        .args([
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
        ])
        .arg(format!("--pwfile={}", password.display()))
        .arg(data);
    succeed(initdb);
}

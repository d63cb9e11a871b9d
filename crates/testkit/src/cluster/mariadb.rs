//! MariaDB servers.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::certificates::Certificates;
use super::program::{self, Account, find, succeed};
use super::watcher::{Server, Started};
use crate::run::Ran;

const SERVER: &str = "mariadb-server";
const CLIENT: &str = "mariadb-client";

/// Quick and small: what is written here need not survive the machine.
const SETTINGS: &[(&str, &str)] = &[
    ("bind-address", "127.0.0.1"),
    // A client that gets no processor for ten seconds is not to be turned away.
    ("connect-timeout", "600"),
    ("character-set-server", "utf8mb4"),
    ("collation-server", "utf8mb4_general_ci"),
    ("innodb-buffer-pool-size", "32M"),
    ("innodb-flush-log-at-trx-commit", "0"),
    ("innodb-flush-method", "nosync"),
    ("innodb-log-file-size", "8M"),
    ("max-allowed-packet", "64M"),
    ("max-connections", "300"),
    ("skip-log-bin", "1"),
    ("debug-no-sync", "1"),
    ("skip-name-resolve", "1"),
];

/// The server that the tests of this process share.
pub fn mariadb() -> &'static MariadbCluster {
    static SHARED: OnceLock<MariadbCluster> = OnceLock::new();
    SHARED.get_or_init(MariadbCluster::private)
}

/// A running MariaDB server: `root` without a password on the socket,
/// `shipgate` with all rights and a password over TCP.
#[derive(Debug)]
pub struct MariadbCluster {
    server: Server,
    access: Arc<Access>,
}

/// How a server is reached; databases keep it too.
#[derive(Debug)]
struct Access {
    directory: PathBuf,
    port: u16,
    password: String,
    certificates: Certificates,
}

impl MariadbCluster {
    /// A server for one test alone, which may stop and kill it.
    pub fn private() -> Self {
        Self::with(&[])
    }

    /// A server of its own with more settings, as in `my.cnf`; they win over
    /// the quick and careless ones that every server has.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let places = [Path::new("/usr/sbin"), Path::new("/usr/libexec")];
        let mariadbd = find("mariadbd", &places, SERVER);
        let account = Account::instead_of_root("mysql");
        let directory = program::directory("mariadb");
        let file = directory.join("my.cnf");
        let defaults = format!("--defaults-file={}", file.display());
        let mut words = account.words(&mariadbd);
        words.push(defaults.clone());
        // From here on the directory is removed, whatever happens.
        let server = Server::new(&directory, "KILL", &words);

        let mut access = Access {
            port: 0,
            password: program::password(),
            certificates: Certificates::make(&directory),
            directory,
        };
        access.configure(settings);
        account.own(&access.directory);
        install(account, &defaults);
        server.start_on_a_free_port(|port| {
            access.port = port;
            access.configure(settings);
            access.start(&server)
        });
        let password = &access.password;
        let user = format!(
            "CREATE USER shipgate@'%' IDENTIFIED BY '{password}';\n\
             GRANT ALL ON *.* TO shipgate@'%' WITH GRANT OPTION;\n"
        );
        access.client("mysql", &user).exits(0);
        Self {
            server,
            access: Arc::new(access),
        }
    }

    /// A new, empty database; it is dropped with what is returned.
    pub fn database(&self) -> MariadbDatabase {
        let name = program::database_name();
        self.access
            .client("mysql", &format!("CREATE DATABASE {name}"))
            .exits(0);
        MariadbDatabase {
            name,
            access: Arc::clone(&self.access),
        }
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), on
    /// the same port.
    pub fn start(&self) {
        if let Started::Ended(said) = self.access.start(&self.server) {
            panic!("MariaDB does not start again:\n{said}");
        }
    }

    /// Shuts it down in order.
    pub fn stop(&self) {
        self.server.end("TERM");
    }

    /// Sends it SIGKILL, as a machine's lack of memory does.
    pub fn kill(&self) {
        self.server.end("KILL");
    }

    /// Its process id.
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

    /// Its Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.access.socket()
    }

    /// The directory of everything it owns.
    pub fn directory(&self) -> &Path {
        &self.access.directory
    }

    /// The password of `shipgate`.
    pub fn password(&self) -> &str {
        &self.access.password
    }

    /// The certificate that signed the server's, which is for `localhost` and
    /// 127.0.0.1.
    pub fn ca_file(&self) -> &Path {
        &self.access.certificates.authority
    }
}

impl Access {
    fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    fn configure(&self, more: &[(&str, &str)]) {
        let own = [
            ("datadir", self.directory.join("data")),
            ("pid-file", self.directory.join("pid")),
            ("socket", self.socket()),
            // Two servers at once give their temporary tables the same names.
            ("tmpdir", self.directory.clone()),
            ("ssl-ca", self.certificates.authority.clone()),
            ("ssl-cert", self.certificates.certificate.clone()),
            ("ssl-key", self.certificates.key.clone()),
        ]
        .map(|(name, path)| format!("{name} = {}\n", path.display()));
        let lines = SETTINGS
            .iter()
            .chain(more)
            .map(|(name, value)| format!("{name} = {value}\n"));
        let port = format!("[mariadbd]\nport = {}\n", self.port);
        let text = [port].into_iter().chain(own).chain(lines);
        let text = text.collect::<String>();
        fs::write(self.directory.join("my.cnf"), text).expect("a file");
    }

    fn start(&self, server: &Server) -> Started {
        server.start(|_, _| greets(&self.socket()))
    }

    fn client(&self, database: &str, sql: &str) -> Ran {
        let mut client = Command::new(find("mariadb", &[], CLIENT));
        client
            .args(["--no-defaults", "--batch", "--skip-column-names"])
            .args(["--user=root", "--default-character-set=utf8mb4"])
            .arg(format!("--socket={}", self.socket().display()))
            .arg(database);
        program::run(client, sql)
    }
}

/// One test's database.
#[derive(Debug)]
pub struct MariadbDatabase {
    name: String,
    access: Arc<Access>,
}

impl MariadbDatabase {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL by the Unix socket: `root`, no password.
    pub fn url(&self) -> String {
        let socket = self.access.socket();
        format!(
            "mysql://root@localhost/{}?socket={}",
            self.name,
            socket.display()
        )
    }

    /// Its URL by TCP as `shipgate` with a password, and no word about TLS.
    pub fn tcp_url(&self) -> String {
        let (port, password) = (self.access.port, &self.access.password);
        format!("mysql://shipgate:{password}@127.0.0.1:{port}/{}", self.name)
    }

    /// What `mariadb` prints for these statements: bare values, a tab between
    /// columns.
    ///
    /// # Panics
    /// When one of them fails.
    #[track_caller]
    pub fn mariadb(&self, sql: &str) -> String {
        let ran = self.try_mariadb(sql).exits(0);
        ran.stdout.trim_end_matches('\n').to_owned()
    }

    /// As [`mariadb`](Self::mariadb) where failing is part of the test.
    #[track_caller]
    pub fn try_mariadb(&self, sql: &str) -> Ran {
        self.access.client(&self.name, sql)
    }

    /// What `mariadb-dump` prints of it with these options, without its date.
    #[track_caller]
    pub fn dump(&self, options: &[&str]) -> String {
        let mut dump = Command::new(find("mariadb-dump", &[], CLIENT));
        dump.args(["--no-defaults", "--user=root", "--skip-dump-date"])
            .arg(format!("--socket={}", self.access.socket().display()))
            .args(options)
            .arg(&self.name);
        succeed(dump).stdout
    }
}

impl Drop for MariadbDatabase {
    fn drop(&mut self) {
        // The server may have been killed by the test, or have left with it.
        let name = &self.name;
        let sessions = format!(
            "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist \
             WHERE db = '{name}'"
        );
        let kills = self.access.client("mysql", &sessions).stdout;
        let _ = self.access.client("mysql", &kills);
        let drop = format!("DROP DATABASE IF EXISTS {name}");
        let _ = self.access.client("mysql", &drop);
    }
}

/// Whether a server says hello on its socket.
fn greets(socket: &Path) -> bool {
    let hello = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.read_exact(&mut [0; 5])
    };
    hello().is_ok()
}

fn install(account: Account, defaults: &str) {
    let words = account.words(&find("mariadb-install-db", &[], SERVER));
    let mut install = Command::new(&words[0]);
    install
        .args(&words[1..])
        .arg(defaults)
        .args(["--skip-test-db", "--auth-root-authentication-method=normal"]);
    succeed(install);
}

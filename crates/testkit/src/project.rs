//! A project in a temporary directory, and the program run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use shipgate_migrate::directory::Location;
use tempfile::TempDir;

use crate::http::{Answer, get};
use crate::manifest::Manifest;
use crate::ports::free_port;
use crate::run::Ran;
use crate::running::Running;

/// A project of the test's own. When it goes, its daemon and machines are stopped.
pub struct TestProject {
    directory: TempDir,
    program: PathBuf,
    state: PathBuf,
    port: u16,
}

impl TestProject {
    /// An empty project; `program` is the shipgate under test.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self {
            state: directory.path().join(".shipgate"),
            directory,
            program: program.into(),
            port: free_port(),
        }
    }

    /// The same with its state directory elsewhere.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<PathBuf>) -> Self {
        self.state = state.into();
        self
    }

    /// The project's directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Its state directory, which the first release makes.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The program under test.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The port of its front door.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Writes a file, with the directories above it. `{port}`, `{fake-app}`
    /// and `{shipgate}` in it become the front door's port and the paths of
    /// the fake app and the program.
    pub fn file(&self, name: &str, text: &str) -> &Self {
        let text = text
            .replace("{port}", &self.port.to_string())
            .replace("{shipgate}", &self.program.display().to_string());
        let text = match text.contains("{fake-app}") {
            true => text.replace("{fake-app}", &binary("fake-app").display().to_string()),
            false => text,
        };
        self.bytes(name, text.as_bytes())
    }

    /// Writes a file as it is given.
    pub fn bytes(&self, name: &str, bytes: &[u8]) -> &Self {
        let path = self.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("directories for a file");
        }
        fs::write(path, bytes).expect("a file");
        self
    }

    /// Writes a file that can be executed.
    pub fn script(&self, name: &str, text: &str) -> &Self {
        self.file(name, text);
        self.mode(name, 0o755)
    }

    /// Sets the permissions of a file.
    pub fn mode(&self, name: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path().join(name), fs::Permissions::from_mode(mode))
            .expect("permissions");
        self
    }

    /// Writes the project file.
    pub fn manifest(&self, manifest: &Manifest) -> &Self {
        self.file("shipgate.toml", &manifest.to_string())
    }

    /// Adds a migration and writes the directory's checksums anew.
    pub fn migration(&self, name: &str, sql: &str) -> &Self {
        self.file(&format!("migrations/{name}"), sql).hash()
    }

    /// Writes `migrations/atlas.sum` anew.
    pub fn hash(&self) -> &Self {
        let directory = self.path().join("migrations");
        let location = Location::parse(&format!("file://{}", directory.display()))
            .expect("a directory's address");
        shipgate_migrate::hash(location).expect("checksums");
        self
    }

    /// The program with these arguments, in the project, in an environment of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        self.surround(&mut command).args(arguments);
        command
    }

    /// Gives a command the environment in which tests run the program.
    pub fn surround<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        if self.state != self.path().join(".shipgate") {
            command.env("SHIPGATE_STATE", &self.state);
        }
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments)
            .output()
            .expect("the program can be run")
            .into()
    }

    /// Starts it and does not wait.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Starts a command that [`TestProject::command`] made, and does not wait.
    pub fn start_command(&self, command: Command) -> Running {
        Running::start(command)
    }

    /// Asks the front door for a page.
    pub fn get(&self, path: &str) -> Option<Answer> {
        get(self.port, path)
    }

    /// What the app at the front door says its version is.
    pub fn serves(&self) -> Option<String> {
        self.get("/")
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.body)
    }

    /// The text of a file below the state directory; empty if there is none.
    pub fn state_file(&self, name: &str) -> String {
        let bytes = fs::read(self.state.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The journal of a release, as text.
    pub fn journal(&self, release: u64) -> String {
        self.state_file(&format!("releases/{release}/journal"))
    }

    /// The process id of the daemon, if one runs.
    pub fn daemon(&self) -> Option<u32> {
        let pid = self.state_file("daemon.lock").trim().parse().ok()?;
        fs::exists(format!("/proc/{pid}")).ok()?.then_some(pid)
    }

    /// What a query on `data/app.db` answers: a line a row, `|` between columns.
    ///
    /// # Panics
    /// When it cannot be asked.
    #[track_caller]
    pub fn rows(&self, query: &str) -> Vec<String> {
        self.rows_of("data/app.db", query)
    }

    /// The same of another database file.
    ///
    /// # Panics
    /// When it cannot be asked.
    #[track_caller]
    pub fn rows_of(&self, file: &str, query: &str) -> Vec<String> {
        let path = self.path().join(file);
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the database opens");
        database
            .busy_timeout(std::time::Duration::from_secs(30))
            .expect("a timeout can be set");
        let mut statement = database.prepare(query).expect("a query");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("a query can be run");
        let mut lines = Vec::new();
        while let Some(row) = rows.next().expect("a row") {
            let cells: Vec<String> = (0..columns)
                .map(|at| match row.get_ref(at).expect("a column") {
                    ValueRef::Null => "NULL".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
                })
                .collect();
            lines.push(cells.join("|"));
        }
        lines
    }

    /// Runs SQL on `data/app.db`, which is made if it is not there.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn sql(&self, script: &str) -> &Self {
        fs::create_dir_all(self.path().join("data")).expect("a directory");
        Connection::open(self.path().join("data/app.db"))
            .and_then(|database| database.execute_batch(script))
            .expect("SQL that works");
        self
    }
}

impl Drop for TestProject {
    fn drop(&mut self) {
        // A test that failed must leave nothing behind either.
        let _ = self
            .command(&["stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        for directory in fs::read_dir(self.state.join("machines"))
            .into_iter()
            .flatten()
            .flatten()
        {
            end_machine(&directory.path());
        }
        if let Some(pid) = self.daemon() {
            terminate(&pid.to_string(), &self.state);
        }
    }
}

/// A program of this workspace that lies beside the test's own.
///
/// # Panics
/// When it has not been built.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its program");
    let directory = test
        .ancestors()
        .find(|directory| directory.join(name).is_file())
        .unwrap_or_else(|| panic!("`{name}` is not built: run `cargo build --workspace --bins`"));
    directory.join(name)
}

/// Asks the keeper of a machine to stop it.
fn end_machine(directory: &Path) {
    let Ok(text) = fs::read_to_string(directory.join("state.json")) else {
        return;
    };
    for part in text.split("\"pid\":").skip(1) {
        let digits: String = part
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        terminate(&digits, directory);
    }
}

/// Sends SIGTERM to a process whose command line names our directory.
fn terminate(pid: &str, directory: &Path) {
    let ours = fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*directory.to_string_lossy()));
    if ours {
        let _ = Command::new("kill").arg(pid).stderr(Stdio::null()).status();
    }
}

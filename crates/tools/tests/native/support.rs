//! A tool's project in a temporary directory, with a database of its own.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use shipgate_database::{
    ClientSettings, Database, DatabaseUrl, LockName, LockRequest, Session, open,
};
use shipgate_migrate::apply::{ApplyEvent, ApplyOptions, CancelToken, Patience, apply};
use shipgate_migrate::plan::PlanOptions;
use shipgate_migrate::report::{ApplyReport, StatementTexts};
use shipgate_migrate::{Effect, Expected, Reading, SetOptions, set, settle, status, verify};
use shipgate_testkit::{MariadbDatabase, PostgresDatabase, mariadb, postgres};
use shipgate_tools::native::open as open_native;
use shipgate_tools::{NativeDirectory, Project, Settings, named};
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mariadb];
}

enum Server {
    Sqlite,
    Postgres(PostgresDatabase),
    Mariadb(MariadbDatabase),
}

/// A project and its database.
pub(crate) struct Place {
    directory: TempDir,
    tool: &'static str,
    server: Server,
    pub(crate) settings: Settings,
    /// What stands behind a PostgreSQL database's URL.
    pub(crate) parameters: &'static str,
}

/// What a run did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Versions that were applied, in order.
    pub(crate) applied: Vec<String>,
    /// The error; empty if there was none.
    pub(crate) error: String,
    pub(crate) hints: Vec<String>,
    /// What was said of the history and of waits.
    pub(crate) said: Vec<String>,
}

impl Outcome {
    /// The versions that were applied by a run that went well.
    #[track_caller]
    pub(crate) fn applied(self) -> Vec<String> {
        assert_eq!(self.error, "", "{self:?}");
        self.applied
    }

    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert_ne!(self.error, "", "{self:?}");
        self
    }
}

impl Place {
    pub(crate) fn new(kind: Kind, tool: &'static str, files: &[(&str, &str)]) -> Self {
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
            tool,
            server: match kind {
                Kind::Sqlite => Server::Sqlite,
                Kind::Postgres => Server::Postgres(postgres().database()),
                Kind::Mariadb => Server::Mariadb(mariadb().database()),
            },
            settings: Settings::default(),
            parameters: "&search_path=public",
        };
        place.write(files);
        place
    }

    pub(crate) fn write(&self, files: &[(&str, &str)]) -> &Self {
        for (path, content) in files {
            let path = self.directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self
    }

    pub(crate) fn remove(&self, path: &str) -> &Self {
        let path = self.directory.path().join(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
        self
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        let url = match &self.server {
            Server::Sqlite => "sqlite://app.db".to_owned(),
            Server::Postgres(database) => format!("{}{}", database.url(), self.parameters),
            Server::Mariadb(database) => database.url(),
        };
        DatabaseUrl::parse(&url, self.directory.path()).unwrap()
    }

    pub(crate) fn database(&self) -> Arc<dyn Database> {
        open(&self.url(), &ClientSettings::default()).unwrap()
    }

    /// What the database's own client prints, `|` between columns.
    #[track_caller]
    pub(crate) fn sql(&self, statements: &str) -> String {
        match &self.server {
            Server::Sqlite => sqlite(&self.directory.path().join("app.db"), statements),
            Server::Postgres(database) => database.psql(statements),
            Server::Mariadb(database) => database.mariadb(statements).replace('\t', "|"),
        }
    }

    /// The tables, by name.
    pub(crate) fn tables(&self) -> String {
        let question = match &self.server {
            Server::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            }
            Server::Postgres(_) => {
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'shipgate_lease'"
            }
            Server::Mariadb(_) => {
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
                 AND table_name <> 'shipgate_lease'"
            }
        };
        let found = self.sql(question);
        let mut names: Vec<&str> = found.lines().collect();
        names.sort_unstable();
        names.join(" ")
    }

    /// A table's columns: name, type, and whether it must hold something.
    pub(crate) fn columns(&self, table: &str) -> String {
        self.sql(&match &self.server {
            Server::Sqlite => format!(
                "SELECT group_concat(name || ' ' || type || iif(\"notnull\", ' not null', ''), ', ') \
                 FROM pragma_table_info('{table}')"
            ),
            Server::Postgres(_) => format!(
                "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) \
                 || CASE WHEN attnotnull THEN ' not null' ELSE '' END, ', ' ORDER BY attnum) \
                 FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
            ),
            Server::Mariadb(_) => format!(
                "SELECT group_concat(column_name, ' ', column_type, if(is_nullable = 'NO', ' not null', '') \
                 ORDER BY ordinal_position SEPARATOR ', ') FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = '{table}'"
            ),
        })
    }

    /// Holds a lock of a tool's, as another session does.
    pub(crate) async fn hold(&self, lock: &str) -> Box<dyn Session> {
        let mut other = self.database().connect(&Default::default()).await.unwrap();
        other.query(lock, &[]).await.unwrap();
        other
    }

    /// A run that may not wait for a lock that is held, and one that waits until it is given back.
    pub(crate) async fn wait_for(&self, lock: &str, tool: &str) -> Outcome {
        let other = self.hold(lock).await;
        let short = self
            .apply_with(|options| options.lock.timeout = Duration::from_millis(300))
            .await
            .failed();
        let held = format!("holds the migration lock of {tool}");
        assert!(short.error.contains(&held), "{short:?}");
        // Given back while the run waits or before it asks: either way it goes on.
        let (waited, ()) = tokio::join!(self.apply(), async {
            other.close().await;
        });
        waited
    }

    pub(crate) fn native(&self) -> NativeDirectory {
        self.try_native().unwrap()
    }

    /// Opens the migrations; the error's words if that cannot be.
    pub(crate) fn try_native(&self) -> Result<NativeDirectory, String> {
        let project = Project::new(self.directory.path());
        let opened = open_native(named(self.tool).unwrap(), &project, &self.settings);
        let read = opened.and_then(|mut native| {
            native.read_for(self.url().dialect())?;
            Ok(native)
        });
        read.map_err(|error| error.to_string())
    }

    pub(crate) fn lock(&self) -> LockRequest {
        LockRequest {
            name: LockName::default(),
            pid: std::process::id(),
            host: "test".to_owned(),
            purpose: "migrate apply".to_owned(),
            timeout: Duration::from_secs(20),
            schema: None,
            lease: shipgate_database::LeasePlace::default(),
            connect_timeout: Duration::from_secs(30),
            clock: Arc::new(jiff::Timestamp::now),
            temporary_directory: Some(self.directory.path().to_owned()),
            on_event: None,
        }
    }

    pub(crate) fn options(&self, native: &NativeDirectory) -> ApplyOptions {
        ApplyOptions {
            history: native.history(&self.url()).unwrap(),
            patience: Patience::default(),
            plan: PlanOptions {
                exec_order: native.exec_order,
                ..PlanOptions::default()
            },
            tx_mode: native.tx_mode,
            dry_run: false,
            lock: self.lock(),
            busy_timeout: Duration::from_secs(5),
            operator_version: "Shipgate test".to_owned(),
            texts: StatementTexts::Kept,
            cancel: CancelToken::never(),
        }
    }

    /// Applies what is pending.
    pub(crate) async fn apply(&self) -> Outcome {
        self.apply_with(|_| {}).await
    }

    /// Applies with changed options.
    pub(crate) async fn apply_with(&self, change: impl FnOnce(&mut ApplyOptions)) -> Outcome {
        let native = self.native();
        let mut options = self.options(&native);
        change(&mut options);
        let mut said = Vec::new();
        let mut sink = |event: &ApplyEvent<'_>| match event {
            ApplyEvent::HistoryDiffers { text } => said.push((*text).to_owned()),
            ApplyEvent::WaitingForDatabase { reason, .. } => said.push((*reason).to_owned()),
            _ => {}
        };
        let database = self.database();
        let run = apply(&*database, &native.directory, &options, &mut sink).await;
        let (applied, error, hints) = match &run {
            Ok(report) => (versions(Some(report)), String::new(), Vec::new()),
            Err(failure) => (
                versions(failure.report.as_deref()),
                failure.error.to_string(),
                failure.error.hints(),
            ),
        };
        Outcome {
            applied,
            error,
            hints,
            said,
        }
    }

    fn reading(&self, native: &NativeDirectory) -> Reading {
        Reading {
            exec_order: native.exec_order,
            history: native.history(&self.url()).unwrap(),
            ..Reading::default()
        }
    }

    /// The text of `migrate status`.
    pub(crate) async fn status(&self) -> String {
        let native = self.native();
        let reading = self.reading(&native);
        let database = self.database();
        match status(&*database, &native.directory, &reading).await {
            Ok(report) => report
                .text(shipgate_migrate::report::Palette::Plain)
                .to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Whether everything is applied; the error's words if not.
    pub(crate) async fn verify(&self) -> Result<usize, String> {
        let native = self.native();
        let expected = Expected {
            exec_order: native.exec_order,
            ..Expected::default()
        };
        let reading = self.reading(&native);
        let database = self.database();
        verify(&*database, &native.directory, &expected, &reading)
            .await
            .map(|verified| verified.revisions)
            .map_err(|error| error.to_string())
    }

    fn set_options(&self, native: &NativeDirectory) -> SetOptions {
        SetOptions {
            history: native.history(&self.url()).unwrap(),
            lock: self.lock(),
            busy_timeout: Duration::from_secs(5),
            operator_version: "Shipgate test".to_owned(),
        }
    }

    /// `migrate set VERSION`.
    pub(crate) async fn set(&self, version: &str) -> Result<(), String> {
        let native = self.native();
        let options = self.set_options(&native);
        let database = self.database();
        set(&*database, &native.directory, Some(version), &options)
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    /// `migrate set --applied` and `--not-applied`.
    pub(crate) async fn settle(&self, version: &str, effect: Effect) -> Result<String, String> {
        let native = self.native();
        let options = self.set_options(&native);
        let database = self.database();
        settle(&*database, &native.directory, version, effect, &options)
            .await
            .map(|settled| settled.to_string())
            .map_err(|error| error.to_string())
    }
}

/// The versions of the files that were applied whole.
fn versions(report: Option<&ApplyReport<'_>>) -> Vec<String> {
    report.map_or_else(Vec::new, |report| {
        let done = report.applied.iter().filter(|file| file.error.is_none());
        done.map(|file| file.version.to_owned()).collect()
    })
}

fn sqlite(file: &Path, statements: &str) -> String {
    use rusqlite::types::ValueRef;
    let connection = rusqlite::Connection::open(file).unwrap();
    if !statements.trim_start().starts_with("SELECT") {
        connection.execute_batch(statements).unwrap();
        return String::new();
    }
    let mut statement = connection.prepare(statements).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = (0..columns).map(|column| match row.get_ref(column).unwrap() {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
        });
        lines.push(cells.collect::<Vec<_>>().join("|"));
    }
    lines.join("\n")
}

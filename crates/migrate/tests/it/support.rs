//! A project with migrations and a database, and what a run of it did.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shipgate_database::{
    Access, Clock, ConnectOptions, Create, Database, DatabaseUrl, LockName, LockRequest, Session,
    Value,
};
use shipgate_migrate::apply::{ApplyError, ApplyEvent, ApplyOptions, CancelToken, Patience};
use shipgate_migrate::directory::{Directory, Location};
use shipgate_migrate::plan::PlanOptions;
use shipgate_migrate::report::{ApplyTextWriter, Palette, StatementTexts};
use shipgate_migrate::{SetOptions, TxMode, apply, hash, to_json};
use tempfile::TempDir;

pub(crate) const START: &str = "2026-11-20T12:34:05.5Z";

/// Migrations and a database in a temporary directory.
pub(crate) struct Project {
    temporary: TempDir,
    format: &'static str,
}

/// What a run did.
pub(crate) struct Outcome {
    /// The report's text; empty if there is no report.
    pub(crate) text: String,
    /// The report's JSON, with the paths of this machine cut out.
    pub(crate) json: String,
    pub(crate) error: Option<ApplyError>,
    /// One line per event that is a warning or a wait.
    pub(crate) warnings: Vec<String>,
    /// The statements in the order of execution.
    pub(crate) statements: Vec<String>,
}

impl Outcome {
    pub(crate) fn error_text(&self) -> String {
        self.error
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.error_text(), "", "{}", self.text);
        self
    }
}

impl Project {
    /// A project with these migrations, hashed, and no database yet.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self::in_format("atlas", files)
    }

    /// A project whose migrations are laid out as another tool has them.
    pub(crate) fn in_format(format: &'static str, files: &[(&str, &str)]) -> Self {
        let project = Self {
            temporary: tempfile::tempdir().unwrap(),
            format,
        };
        fs::create_dir(project.migrations()).unwrap();
        project.write(files);
        project
    }

    /// Writes migrations and hashes the directory.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (name, content) in files {
            let path = self.migrations().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self.hash();
    }

    /// Removes a migration and hashes the directory.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.migrations().join(name)).unwrap();
        self.hash();
    }

    pub(crate) fn hash(&self) {
        hash(self.location()).unwrap();
    }

    pub(crate) fn root(&self) -> &Path {
        self.temporary.path()
    }

    pub(crate) fn migrations(&self) -> PathBuf {
        self.root().join("migrations")
    }

    pub(crate) fn location(&self) -> Location {
        let query = match self.format {
            "atlas" => String::new(),
            other => format!("?format={other}"),
        };
        Location::parse(&format!("file://{}{query}", self.migrations().display())).unwrap()
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::open(self.location()).unwrap()
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.root().join("app.db")
    }

    pub(crate) fn database(&self) -> Arc<dyn Database> {
        self.database_with("")
    }

    /// The database with parameters in its URL.
    pub(crate) fn database_with(&self, query: &str) -> Arc<dyn Database> {
        let url = format!("sqlite://{}{query}", self.database_file().display());
        shipgate_database::open(
            &DatabaseUrl::parse(&url, self.root()).unwrap(),
            &shipgate_database::ClientSettings::default(),
        )
        .unwrap()
    }

    pub(crate) fn lock(&self) -> LockRequest {
        LockRequest {
            name: LockName::default(),
            pid: std::process::id(),
            host: "test".to_owned(),
            purpose: "migrate apply".to_owned(),
            timeout: Duration::ZERO,
            schema: None,
            lease: shipgate_database::LeasePlace::default(),
            connect_timeout: Duration::from_secs(30),
            clock: still_clock(),
            temporary_directory: None,
            on_event: None,
        }
    }

    pub(crate) fn options(&self) -> ApplyOptions {
        ApplyOptions {
            history: shipgate_migrate::history::HistoryChoice::default(),
            patience: Patience::default(),
            plan: PlanOptions::default(),
            tx_mode: TxMode::File,
            dry_run: false,
            lock: self.lock(),
            busy_timeout: Duration::from_secs(5),
            operator_version: "Shipgate test".to_owned(),
            texts: StatementTexts::Kept,
            cancel: CancelToken::never(),
        }
    }

    pub(crate) fn set_options(&self) -> SetOptions {
        SetOptions {
            history: shipgate_migrate::history::HistoryChoice::default(),
            lock: self.lock(),
            busy_timeout: Duration::from_secs(5),
            operator_version: "Shipgate test".to_owned(),
        }
    }

    /// Applies with the default options.
    pub(crate) async fn apply(&self) -> Outcome {
        self.apply_with(|_| {}).await
    }

    /// Applies with changed options.
    pub(crate) async fn apply_with(&self, change: impl FnOnce(&mut ApplyOptions)) -> Outcome {
        let mut options = self.options();
        change(&mut options);
        self.run(&*self.database(), &options).await
    }

    /// Applies on a database of the caller's.
    pub(crate) async fn run(&self, database: &dyn Database, options: &ApplyOptions) -> Outcome {
        self.run_in(&self.directory(), database, options).await
    }

    /// Applies a directory that was read before.
    pub(crate) async fn run_in(
        &self,
        directory: &Directory,
        database: &dyn Database,
        options: &ApplyOptions,
    ) -> Outcome {
        let mut writer = ApplyTextWriter::new(Palette::Plain, (options.lock.clock)());
        let mut streamed = String::new();
        let mut warnings = Vec::new();
        let mut statements = Vec::new();
        let mut sink = |event: &ApplyEvent<'_>| {
            writer.write(event, &mut streamed).unwrap();
            match event {
                ApplyEvent::StatementStarted { text, .. } => statements.push((*text).to_owned()),
                ApplyEvent::SessionRestored { statement } => {
                    warnings.push(format!("restored {statement}"));
                }
                ApplyEvent::Retrying { reason, .. } => warnings.push(format!("again: {reason}")),
                ApplyEvent::DirectiveIgnored { file, warning } => {
                    warnings.push(format!("{}: {warning}", file.name()));
                }
                ApplyEvent::HistoryDiffers { text } => warnings.push((*text).to_owned()),
                ApplyEvent::WaitingForLock { holder, .. } => {
                    warnings.push(format!("waiting for {holder}"));
                }
                _ => {}
            }
        };
        let (report, error) = match apply::apply(database, directory, options, &mut sink).await {
            Ok(report) => (Some(report), None),
            Err(failure) => (failure.report.map(|report| *report), Some(failure.error)),
        };
        let (text, json) = match report {
            Some(report) => (report.to_string(), to_json(&report).unwrap()),
            None => (String::new(), String::new()),
        };
        if !text.is_empty() && still(options) {
            assert_eq!(streamed, text, "the streamed text is the report's");
        }
        Outcome {
            text,
            json: json.replace(&self.root().display().to_string(), "/project"),
            error,
            warnings,
            statements,
        }
    }

    pub(crate) async fn session(&self) -> Box<dyn Session> {
        self.database()
            .connect(&ConnectOptions {
                access: Access::ReadWrite,
                create: Create::IfMissing,
                ..ConnectOptions::default()
            })
            .await
            .unwrap()
    }

    /// Executes SQL statements.
    pub(crate) async fn execute(&self, statements: &str) {
        self.session().await.execute(statements).await.unwrap();
    }

    /// Rows as text, columns joined by `|`.
    pub(crate) async fn query(&self, statement: &str) -> Vec<String> {
        let rows = self.session().await.query(statement, &[]).await.unwrap();
        rows.iter()
            .map(|row| row.iter().map(shown).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// Version, type, applied, total, error and kind of the history's rows.
    pub(crate) async fn history(&self) -> Vec<String> {
        self.query(
            "SELECT version, type, applied, total, error, CAST(partial_hashes AS TEXT) \
             FROM atlas_schema_revisions ORDER BY version",
        )
        .await
    }

    /// The tables of the user.
    pub(crate) async fn tables(&self) -> Vec<String> {
        self.query(
            "SELECT name FROM sqlite_master WHERE type = 'table' \
             AND name NOT IN ('atlas_schema_revisions') ORDER BY name",
        )
        .await
    }
}

fn still(options: &ApplyOptions) -> bool {
    (options.lock.clock)() == (options.lock.clock)()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("x'{}'", String::from_utf8_lossy(bytes)),
    }
}

/// A clock that stands still.
pub(crate) fn still_clock() -> Clock {
    let start: Timestamp = START.parse().unwrap();
    Arc::new(move || start)
}

/// A clock that goes on by a millisecond at each look.
pub(crate) fn ticking_clock() -> Clock {
    let now = Mutex::new(START.parse::<Timestamp>().unwrap());
    Arc::new(move || {
        let mut now = now.lock().unwrap();
        *now += SignedDuration::from_millis(1);
        *now
    })
}

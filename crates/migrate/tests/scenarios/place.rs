//! Migrations in a temporary directory, a database of their own, and what a
//! run did there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shipgate_database::{ClientSettings, Database, DatabaseUrl, LockName, LockRequest};
use shipgate_migrate::apply::{ApplyError, ApplyEvent, ApplyOptions, CancelToken, Patience};
use shipgate_migrate::directory::{Directory, Location};
use shipgate_migrate::plan::PlanOptions;
use shipgate_migrate::report::{ApplyTextWriter, Palette, SetReport};
use shipgate_migrate::{Reading, SetError, SetOptions, TxMode, apply, hash, set, status, to_json};
use tempfile::TempDir;

/// One test's database on a server.
pub(crate) trait Server: Send + Sync {
    /// Its URL.
    fn url(&self) -> String;

    /// What the server's own client prints for these statements, `|` between columns.
    fn sql(&self, statements: &str) -> String;
}

/// Migrations and a database.
pub(crate) struct Place {
    temporary: TempDir,
    pub(crate) server: Box<dyn Server>,
}

/// What a run did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) text: String,
    pub(crate) json: String,
    pub(crate) error: Option<ApplyError>,
    /// One line per event that is no part of the report.
    pub(crate) said: Vec<String>,
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

    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert!(self.error.is_some(), "{}", self.text);
        self
    }
}

impl Place {
    pub(crate) fn new(server: Box<dyn Server>, files: &[(&str, &str)]) -> Self {
        let place = Self {
            temporary: tempfile::tempdir().unwrap(),
            server,
        };
        fs::create_dir(place.migrations()).unwrap();
        place.write(files);
        place
    }

    /// Writes migrations and hashes the directory.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (name, content) in files {
            fs::write(self.migrations().join(name), content).unwrap();
        }
        hash(self.location()).unwrap();
    }

    fn migrations(&self) -> PathBuf {
        self.temporary.path().join("migrations")
    }

    fn location(&self) -> Location {
        Location::parse(&format!("file://{}", self.migrations().display())).unwrap()
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::open(self.location()).unwrap()
    }

    pub(crate) fn database(&self) -> Arc<dyn Database> {
        self.database_at(&self.server.url())
    }

    pub(crate) fn database_at(&self, url: &str) -> Arc<dyn Database> {
        let url = DatabaseUrl::parse(url, Path::new("/")).unwrap();
        shipgate_database::open(&url, &ClientSettings::default()).unwrap()
    }

    pub(crate) fn sql(&self, statements: &str) -> String {
        self.server.sql(statements)
    }

    pub(crate) fn lock(&self) -> LockRequest {
        LockRequest {
            name: LockName::default(),
            pid: std::process::id(),
            host: "test".to_owned(),
            purpose: "migrate apply".to_owned(),
            timeout: Duration::from_secs(30),
            schema: None,
            lease: shipgate_database::LeasePlace::default(),
            connect_timeout: Duration::from_secs(30),
            clock: Arc::new(jiff::Timestamp::now),
            temporary_directory: None,
            on_event: None,
        }
    }

    pub(crate) fn options(&self) -> ApplyOptions {
        ApplyOptions {
            history: shipgate_migrate::history::HistoryChoice::default(),
            plan: PlanOptions::default(),
            tx_mode: TxMode::File,
            patience: Patience::default(),
            dry_run: false,
            lock: self.lock(),
            busy_timeout: Duration::from_secs(5),
            operator_version: "Shipgate test".to_owned(),
            texts: shipgate_migrate::report::StatementTexts::Kept,
            cancel: CancelToken::never(),
        }
    }

    pub(crate) async fn apply(&self) -> Outcome {
        self.apply_with(|_| {}).await
    }

    pub(crate) async fn apply_in(&self, tx_mode: TxMode) -> Outcome {
        self.apply_with(|options| options.tx_mode = tx_mode).await
    }

    pub(crate) async fn apply_with(&self, change: impl FnOnce(&mut ApplyOptions)) -> Outcome {
        let mut options = self.options();
        change(&mut options);
        self.run(&*self.database(), &options, |_| {}).await
    }

    /// Applies, and lets `watch` see every event.
    pub(crate) async fn run(
        &self,
        database: &dyn Database,
        options: &ApplyOptions,
        mut watch: impl FnMut(&ApplyEvent<'_>) + Send,
    ) -> Outcome {
        let directory = self.directory();
        let mut writer = ApplyTextWriter::new(Palette::Plain, (options.lock.clock)());
        let mut text = String::new();
        let mut said = Vec::new();
        let mut statements = Vec::new();
        let mut sink = |event: &ApplyEvent<'_>| {
            watch(event);
            writer.write(event, &mut text).unwrap();
            match event {
                ApplyEvent::StatementStarted { text, .. } => statements.push((*text).to_owned()),
                ApplyEvent::Retrying { reason, .. } => said.push(format!("again: {reason}")),
                ApplyEvent::LeftoverRemoved { statement } => said.push((*statement).to_owned()),
                ApplyEvent::OutcomeTold { applied, .. } => {
                    said.push(format!("told: {applied}"));
                }
                ApplyEvent::SessionRestored { statement } => {
                    said.push(format!("restored {statement}"));
                }
                ApplyEvent::HistoryDiffers { text } => said.push((*text).to_owned()),
                _ => {}
            }
        };
        let (report, error) = match apply::apply(database, &directory, options, &mut sink).await {
            Ok(report) => (Some(report), None),
            Err(failure) => (failure.report.map(|report| *report), Some(failure.error)),
        };
        let json = report.map(|report| to_json(&report).unwrap());
        Outcome {
            text,
            json: json.unwrap_or_default(),
            error,
            said,
            statements,
        }
    }

    /// The text of `status`, or its error.
    pub(crate) async fn status(&self) -> String {
        let directory = self.directory();
        match status(&*self.database(), &directory, &Reading::default()).await {
            Ok(report) => report.to_string(),
            Err(error) => error.to_string(),
        }
    }

    pub(crate) async fn set(&self, version: Option<&str>) -> Result<SetReport, SetError> {
        let options = SetOptions {
            history: shipgate_migrate::history::HistoryChoice::default(),
            lock: self.lock(),
            busy_timeout: Duration::from_secs(5),
            operator_version: "Shipgate test".to_owned(),
        };
        set(&*self.database(), &self.directory(), version, &options).await
    }
}

//! A project in a temporary directory, with a SQLite database beside it.

use std::fs;
use std::path::Path;

use shipgate_database::{ClientSettings, ConnectOptions, DatabaseUrl, open};
use shipgate_tools::{
    Candidate, DetectError, Manifest, Migrations, Project, ReadError, Settings, State, Status,
    StatusError, Tool, detect, named, status, status_of_files,
};
use tempfile::TempDir;

pub(crate) struct Fixture {
    directory: TempDir,
    settings: Settings,
}

impl Fixture {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let fixture = Self {
            directory: tempfile::tempdir().unwrap(),
            settings: Settings::default(),
        };
        for (path, content) in files {
            fixture.file(path, content);
        }
        fixture
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, path: &str, content: &str) -> &Self {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.directory.path().join(path)).unwrap();
        self
    }

    /// Runs SQL in the database.
    pub(crate) fn sql(&self, script: &str) -> &Self {
        let connection = rusqlite::Connection::open(self.directory.path().join("app.db")).unwrap();
        connection.execute_batch(script).unwrap();
        self
    }

    pub(crate) fn with(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    pub(crate) fn project(&self) -> Project {
        Project::new(self.directory.path())
    }

    pub(crate) fn detected(&self) -> Result<Candidate, DetectError> {
        detect(&self.project())
    }

    /// The detected tool's name.
    pub(crate) fn tool(&self) -> &'static str {
        self.detected().unwrap().tool.name()
    }

    pub(crate) fn read(&self, tool: &'static dyn Tool) -> Result<Box<dyn Migrations>, ReadError> {
        shipgate_tools::read(tool, &self.project(), &self.settings)
    }

    /// The state of the detected tool's migrations.
    pub(crate) fn status(&self) -> Status {
        self.status_of(self.tool()).unwrap()
    }

    /// The state as a tool sees it.
    pub(crate) fn status_of(&self, tool: &str) -> Result<Status, StatusError> {
        self.sql("");
        self.status_at(tool, "sqlite://app.db")
    }

    /// The state in the database at a URL.
    pub(crate) fn status_at(&self, tool: &str, url: &str) -> Result<Status, StatusError> {
        let tool = named(tool).unwrap();
        let migrations = self.read(tool).unwrap();
        let url = DatabaseUrl::parse(url, self.path()).unwrap();
        let database = open(&url, &ClientSettings::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut session = database.connect(&ConnectOptions::default()).await.unwrap();
            let found = status(tool, &self.project(), migrations.as_ref(), session.as_mut()).await;
            if let (Ok(found), Ok(manifest)) = (&found, Manifest::of(tool, migrations.as_ref())) {
                let manifest = Manifest::parse(&manifest.text()).unwrap();
                let expected = manifest.migrations().unwrap();
                let project = self.project();
                let again = status(tool, &project, expected.as_ref(), session.as_mut()).await;
                same(found, &again.unwrap());
            }
            session.close().await;
            found
        })
    }

    /// What the files alone say.
    pub(crate) fn files_alone(&self) -> Status {
        let tool = named(self.tool()).unwrap();
        let migrations = self.read(tool).unwrap();
        status_of_files(tool, &self.project(), migrations.as_ref())
    }

    /// `version name: state` of each migration.
    pub(crate) fn states(&self) -> Vec<String> {
        lines(&self.status())
    }
}

pub(crate) fn lines(status: &Status) -> Vec<String> {
    status
        .migrations
        .iter()
        .map(|entry| {
            let space = if entry.name.is_empty() { "" } else { " " };
            format!("{}{space}{}: {}", entry.version, entry.name, entry.state)
        })
        .collect()
}

/// Settings with a section of the tool's configuration.
pub(crate) fn environment(name: &str) -> Settings {
    Settings {
        environment: Some(name.to_owned()),
        ..Settings::default()
    }
}

/// A manifest tells what the files tell, edits in Atlas's own layout aside.
fn same(files: &Status, manifest: &Status) {
    let states = |status: &Status| -> Vec<(String, State)> {
        let state = |state| match state {
            State::Edited if status.tool == "atlas" => State::Applied,
            state => state,
        };
        let entries = status.migrations.iter();
        entries
            .map(|entry| (entry.id.clone(), state(entry.state)))
            .collect()
    };
    assert_eq!(states(files), states(manifest));
    assert_eq!(files.heads, manifest.heads);
}

/// Settings with a table.
pub(crate) fn table(name: &str) -> Settings {
    Settings {
        table: Some(shipgate_tools::history::TableName::parse(name)),
        ..Settings::default()
    }
}

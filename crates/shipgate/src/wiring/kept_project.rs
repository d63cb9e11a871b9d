//! The project a release began with: its file's text and what flags said.
//! A release that is resumed, or gone back to, finds it unchanged.

use std::fs;
use std::io;
use std::path::PathBuf;

use shipgate_project::{LoadError, Loaded, Origin, Override, Project, Source, parse};
use shipgate_release::store::Store;

use crate::error::CliError;
use crate::site::project_error;
use crate::wiring::whole_file;

/// A project and what it was read from.
#[derive(Clone)]
pub(crate) struct KeptProject {
    pub(crate) project: Project,
    /// The file's text.
    pub(crate) text: String,
    /// What flags said beside it: key, value, flag.
    pub(crate) flags: Vec<(String, String, String)>,
}

impl KeptProject {
    /// The project as it was read just now.
    pub(crate) fn of(loaded: &Loaded, overrides: &[Override]) -> Self {
        Self {
            project: loaded.project.clone(),
            text: loaded.source().text().to_owned(),
            flags: overrides
                .iter()
                .map(|given| {
                    let (key, value) = (given.key.clone(), given.value.clone());
                    (key, value, given.origin.to_string())
                })
                .collect(),
        }
    }

    /// Everything that decides how the app is run, for a build's fingerprint.
    pub(crate) fn settings(&self) -> Vec<u8> {
        let mut settings = self.text.clone().into_bytes();
        for (key, value, _) in &self.flags {
            settings.extend_from_slice(format!("\0{key}\0{value}").as_bytes());
        }
        settings
    }

    /// Keeps it with a release that begins.
    pub(crate) fn keep(&self, store: &Store, release: u64) -> Result<(), CliError> {
        let write = |path: PathBuf, bytes: &[u8]| {
            whole_file::write(&path, bytes).map_err(|error| {
                CliError::new(
                    "state-directory",
                    format!("cannot write {}: {error}", path.display()),
                )
            })
        };
        let flags = serde_json::to_vec(&self.flags)
            .map_err(|error| CliError::new("state-directory", error.to_string()))?;
        write(flags_path(store, release), &flags)?;
        write(text_path(store, release), self.text.as_bytes())
    }

    /// The project of a release as it was when it began; as it is now, if the
    /// process died before it was kept.
    pub(crate) fn read(store: &Store, release: u64, now: &Loaded) -> Result<Self, CliError> {
        let Ok(text) = fs::read_to_string(text_path(store, release)) else {
            return Ok(Self::of(now, &[]));
        };
        let path = flags_path(store, release);
        let unreadable = |error: &dyn std::fmt::Display| {
            CliError::new(
                "state-directory",
                format!("cannot read {}: {error}", path.display()),
            )
        };
        let flags: Vec<(String, String, String)> = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unreadable(&error)),
        };
        let overrides: Vec<Override> = flags
            .iter()
            .map(|(key, value, flag)| Override {
                key: key.clone(),
                value: value.clone(),
                origin: Origin::Flag(flag.clone()),
            })
            .collect();
        let source = Source::new(now.project.file.clone(), text.clone());
        let loaded = parse(source, &overrides)
            .map_err(|invalid| project_error(LoadError::Invalid(invalid)))?;
        Ok(Self {
            project: loaded.project,
            text,
            flags,
        })
    }
}

fn text_path(store: &Store, release: u64) -> PathBuf {
    store.directory(release).join("project.toml")
}

fn flags_path(store: &Store, release: u64) -> PathBuf {
    store.directory(release).join("flags.json")
}

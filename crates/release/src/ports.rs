//! What a release asks of the world. The binary gives it the answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::failure::Failure;
use crate::machine::{MachineId, MachineSpec};
use crate::steps::promote::Strategy;

/// Everything a release needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Makes builds and machine specifications.
    pub builder: Arc<dyn Builder>,
    /// Migrates the database; `None` without one.
    pub migrator: Option<Arc<dyn Migrator>>,
    /// Backs the database up; `None` without one.
    pub backup: Option<Arc<dyn Backup>>,
    /// Runs machines.
    pub runtime: Arc<dyn Runtime>,
    /// Sends requests to machines.
    pub traffic: Arc<dyn Traffic>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How this release behaves.
    pub policy: Policy,
}

/// Settings of the project file that steer the steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How new machines replace old ones.
    pub strategy: Strategy,
    /// Part (below 1) or number of machines replaced at once by `rolling`.
    pub max_unavailable: f64,
    /// How long one machine may take to become healthy.
    pub wait_timeout: Duration,
    /// How long new machines must stay up before old ones are stopped.
    pub settle: Duration,
    /// How long requests to a retired machine may take to end.
    pub drain_timeout: Duration,
    /// Requests wait at the front door while the migration runs, at most this long.
    pub pause_during_migrate: Option<Duration>,
    /// What happens to the database when a migration fails half-way.
    pub on_failure: OnFailure,
}

/// What happens to the database when a migration fails half-way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It stays as the migration left it.
    Stop,
    /// The release's backup is restored, if no write would be lost.
    Restore,
}

/// A step's lines for the reader, as they come.
pub trait Watch: Send + Sync {
    /// One line of progress; it is kept in the journal.
    fn line(&self, text: &str);
    /// One line that a command wrote; whoever runs the command keeps it.
    fn output(&self, text: &str);
    /// Somebody else is waited for. Every reader is told, also one who wants
    /// no progress: a release that stands still must say why.
    fn waiting(&self, text: &str) {
        self.line(text);
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Makes what a version is of: its files and its machines.
#[async_trait]
pub trait Builder: Send + Sync {
    /// Makes the release's immutable build; asked again, it finds the one it made.
    async fn build(
        &self,
        release: u64,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Built, Failure>;

    /// The machines of `release`; asked again, it gives the same answer.
    /// A rollback asks with `build_of` set to the release whose build is used.
    async fn machines(&self, release: u64, build_of: u64) -> Result<Vec<MachineSpec>, Failure>;

    /// One machine of each group of the serving release, named as machines of
    /// `release`, with their database URL pointing at the rehearsal's copy.
    async fn trial(&self, release: u64, serving: u64) -> Result<Vec<MachineSpec>, Failure>;
}

/// A build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// One line for the reader.
    pub summary: String,
    /// The serving release was built from the same files and settings.
    pub same_as_serving: bool,
}

/// Which database is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The app's.
    Live,
    /// The rehearsal's copy of this backup.
    Copy(&'a str),
}

/// Migrates a database, by the built-in engine or the release command.
#[async_trait]
pub trait Migrator: Send + Sync {
    /// What is pending; changes nothing.
    async fn survey(&self) -> Result<Survey, Failure>;

    /// Applies what is pending. `tag` names this run: a run of this name that
    /// another process began is adopted, never repeated.
    async fn migrate(
        &self,
        target: Target<'_>,
        tag: &MachineId,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Migrated, Failure>;

    /// Where the history stands and what the catalog holds.
    async fn standing(&self, target: Target<'_>) -> Result<Standing, Failure>;
}

/// What a migration would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// One line for the reader.
    pub summary: String,
    /// Further lines for the reader.
    pub details: Vec<String>,
    /// Versions that would be applied; `None` where only the tool can tell.
    pub pending: Option<Vec<String>>,
}

/// What a migration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// One line for the reader.
    pub summary: String,
    /// Further lines for the reader.
    pub details: Vec<String>,
    /// Whether the schema or the data is different now.
    pub changed: bool,
    /// Which migrations these were, where that can be known.
    pub applied: Applied,
}

/// The migrations that a run applied, and the tool they are written for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The tool's title; `None` where it is not known.
    pub tool: Option<String>,
    /// Version and name of each, in order.
    pub migrations: Vec<String>,
    /// Version and name of those that were taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_back: Vec<String>,
}

/// Where a database stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Last version in the history, where a history can be read.
    pub version: Option<String>,
    /// What is still to be applied, or half-done: empty when all is well.
    pub unfinished: Vec<String>,
    /// Ways out of what is unfinished, the first the best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Schema objects by name (`table users`) with a digest of their definition.
    pub objects: BTreeMap<String, String>,
}

/// Backs a database up and restores it.
#[async_trait]
pub trait Backup: Send + Sync {
    /// Takes and verifies a backup; one of this name that is whole is kept.
    async fn create(&self, name: &str, watch: &dyn Watch) -> Result<BackedUp, Failure>;
    /// Makes a fresh copy of the backup for a rehearsal.
    async fn copy(&self, name: &str) -> Result<(), Failure>;
    /// Removes that copy; without one it does nothing.
    async fn discard_copy(&self, name: &str) -> Result<(), Failure>;
    /// Puts the backup in the live database's place.
    async fn restore(&self, name: &str) -> Result<String, Failure>;
    /// Rows that a restore would lose, in words; empty when none.
    async fn losses(&self, name: &str) -> Result<Vec<String>, Failure>;
    /// The same without what only a migration since then can have written:
    /// rows of tables that the backup does not have.
    async fn others_losses(&self, name: &str) -> Result<Vec<String>, Failure> {
        self.losses(name).await
    }
    /// Removes backups beyond the retention rule, never those of the named releases.
    async fn prune(&self, keep: &[&str]) -> Result<Vec<String>, Failure>;
}

/// A backup that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// One line for the reader.
    pub summary: String,
}

/// A machine of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub id: MachineId,
    /// Its process group.
    pub group: String,
    /// The front door sends requests to it.
    pub routed: bool,
}

/// Runs machines. Every call may be repeated: it then finds its work done.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Whether machines could be run and served here; changes nothing.
    /// What is worth knowing comes back in words.
    async fn acceptable(&self) -> Result<Vec<String>, Failure>;
    /// The machines that are meant to run now, of the release that serves.
    async fn fleet(&self) -> Result<Vec<Member>, Failure>;
    /// Whether all of the fleet runs and takes traffic.
    async fn all_well(&self) -> Result<bool, Failure>;
    /// Starts machines.
    async fn start(&self, specs: &[MachineSpec]) -> Result<(), Failure>;
    /// Starts machines again that had been stopped.
    async fn revive(&self, ids: &[MachineId]) -> Result<(), Failure>;
    /// Waits until the health checks of each pass.
    async fn healthy(&self, ids: &[MachineId], within: Duration) -> Result<(), Failure>;
    /// Waits `period` and fails if one of them ends or restarts in it.
    async fn steady(&self, ids: &[MachineId], period: Duration) -> Result<(), Failure>;
    /// Stops machines; one that does not run is fine.
    async fn stop(&self, ids: &[MachineId]) -> Result<(), Failure>;
    /// Forgets machines that were tried out, with their files.
    async fn remove(&self, ids: &[MachineId]) -> Result<(), Failure>;
    /// The fleet is these machines from now on, of release `release`.
    async fn commit(&self, release: u64, fleet: &[Member]) -> Result<(), Failure>;
}

/// Sends requests to machines. Every call may be repeated.
#[async_trait]
pub trait Traffic: Send + Sync {
    /// Requests go to these machines as well.
    async fn admit(&self, ids: &[MachineId]) -> Result<(), Failure>;
    /// No more requests go to these machines; waits for those under way.
    async fn retire(&self, ids: &[MachineId], drain: Duration) -> Result<(), Failure>;
    /// From one moment to the next, requests go to `to` instead of `from`;
    /// then waits for those under way.
    async fn switch(
        &self,
        from: &[MachineId],
        to: &[MachineId],
        drain: Duration,
    ) -> Result<(), Failure>;
    /// Requests wait at the front door, at most `longest`; waits for those under way.
    async fn pause(&self, longest: Duration) -> Result<(), Failure>;
    /// Waiting requests go on.
    async fn resume(&self) -> Result<(), Failure>;
    /// The address users reach.
    async fn address(&self) -> Result<String, Failure>;
}

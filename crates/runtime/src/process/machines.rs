//! The machines of one state directory.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use shipgate_release::machine::{MachineId, MachineSpec};

use super::changes::Changes;
use super::directory::Directory;
use super::error::MachineError;
use super::files;
use super::identity::ProcessId;
use super::keeper::cgroup;
use super::members;
use super::record::{Event, Exit, Phase, Record, State};
use super::usage::Usage;
use crate::log::Log;

/// Names that begin so are directories still being written.
pub(crate) const UNFINISHED: &str = ".new-";

/// All machines under one directory, and the way to start more.
///
/// A value holds no state of its own: any number of processes may work on the
/// same directory at the same time. The methods that wait need a tokio runtime
/// with I/O and time enabled.
#[derive(Clone, Debug)]
pub struct Machines {
    pub(crate) root: PathBuf,
    /// Program and first arguments of a keeper; the machine's directory is
    /// appended.
    pub(crate) keeper: Arc<[OsString]>,
    /// How much longer than a machine's kill timeout its keeper may take to
    /// stop it before it is taken for dead.
    pub(crate) keeper_patience: Duration,
}

/// See [`Machines::with_keeper_patience`].
const KEEPER_PATIENCE: Duration = Duration::from_secs(15);

impl Machines {
    /// Opens `root`, and creates it (mode 0700) if it does not exist.
    ///
    /// `keeper` is the program, with its first arguments, that calls
    /// [`keeper::run`](super::keeper::run) with the path given last. Nothing
    /// of it is run here.
    ///
    /// # Errors
    /// The directory cannot be created or read.
    pub fn open(
        root: &Path,
        keeper: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self, MachineError> {
        let in_root = |error| MachineError::file("create", root, error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(in_root)?;
        let root = fs::canonicalize(root).map_err(in_root)?;
        let machines = Self {
            root,
            keeper: keeper.into_iter().map(Into::into).collect(),
            keeper_patience: KEEPER_PATIENCE,
        };
        machines.sweep();
        Ok(machines)
    }

    /// With another time (default: 15 s) that a keeper may take to stop its
    /// machine, beyond the machine's own kill timeout, before
    /// [`Machines::stop`] kills the keeper and does its work.
    #[must_use]
    pub fn with_keeper_patience(mut self, patience: Duration) -> Self {
        self.keeper_patience = patience;
        self
    }

    /// The directory given to [`Machines::open`], canonical.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether others than the owner may enter the directory, which would let
    /// them at every secret in it.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn is_private(&self) -> Result<bool, MachineError> {
        let found = fs::metadata(&self.root)
            .map_err(|error| MachineError::file("read", &self.root, error))?;
        Ok(found.permissions().mode() & 0o077 == 0)
    }

    /// The names of all machines, in order.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(&self) -> Result<Vec<MachineId>, MachineError> {
        let in_root = |error| MachineError::file("read", &self.root, error);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(in_root)? {
            let name = entry.map_err(in_root)?.file_name();
            if let Some(id) = name.to_str().and_then(MachineId::parse) {
                found.push(id);
            }
        }
        found.sort();
        Ok(found)
    }

    /// The specification the machine runs with: the one it was first launched
    /// with, whatever was passed to later launches.
    ///
    /// # Errors
    /// There is no such machine, or its file cannot be read.
    pub fn spec(&self, id: &MachineId) -> Result<MachineSpec, MachineError> {
        self.directory(id)
            .spec()?
            .ok_or_else(|| MachineError::NoSuchMachine(id.clone()))
    }

    /// What the machine is doing now.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn state(&self, id: &MachineId) -> Result<State, MachineError> {
        self.look(id).map(|(state, _)| state)
    }

    /// The state, and the record it was read from.
    pub(crate) fn look(&self, id: &MachineId) -> Result<(State, Option<Record>), MachineError> {
        let directory = self.directory(id);
        if !directory.exists() {
            return Ok((State::Absent, None));
        }
        loop {
            let kept = directory.is_kept()?;
            let record = directory.record()?;
            let settled = matches!(
                record.as_ref().map(|record| &record.phase),
                Some(Phase::Exited(_) | Phase::Failed { .. })
            );
            // Without a keeper nobody writes, unless one came or went between
            // the two looks; then look again.
            if kept || settled || (!directory.is_kept()? && directory.record()? == record) {
                return Ok((read_state(record.as_ref(), kept), record));
            }
        }
    }

    /// Every start, exit and restart of the machine so far.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn history(&self, id: &MachineId) -> Result<Vec<Event>, MachineError> {
        self.directory(id).events()
    }

    /// Everything the machine wrote.
    pub fn log(&self, id: &MachineId) -> Log {
        Log::at(self.directory(id).log_path())
    }

    /// The machine's states from now on, as they come.
    pub fn changes(&self, id: &MachineId) -> Changes {
        Changes::new(self.clone(), id.clone())
    }

    /// Waits until the machine has ended for good.
    ///
    /// An end that nobody saw is [`ExitCause::Lost`](shipgate_release::machine::ExitCause::Lost),
    /// never a success. Waiting costs nothing: it is woken by the machine's
    /// files (inotify) and by the end of its keeper (a process descriptor).
    ///
    /// # Errors
    /// There is no such machine, it was never started, or its files cannot be
    /// used.
    pub async fn wait(&self, id: &MachineId) -> Result<Exit, MachineError> {
        let mut changes = self.changes(id);
        loop {
            match changes.next().await? {
                State::Exited(exit) => return Ok(exit),
                State::Lost { pids } if pids.is_empty() => return self.settle(id, false),
                State::Absent => return Err(MachineError::NoSuchMachine(id.clone())),
                State::Created | State::Failed { .. } => {
                    return Err(MachineError::NeverStarted(id.clone()));
                }
                State::Starting
                | State::Running { .. }
                | State::Restarting { .. }
                | State::Lost { .. } => {}
            }
        }
    }

    /// Sends a signal to the process group of the machine's command.
    ///
    /// # Errors
    /// It does not run, or the signal is unknown or may not be sent.
    pub fn signal(&self, id: &MachineId, signal: i32) -> Result<(), MachineError> {
        let known = Signal::from_named_raw(signal).ok_or(MachineError::NoSuchSignal(signal))?;
        let (_, record) = self.look(id)?;
        let Some(Phase::Running { command, .. }) = record.map(|record| record.phase) else {
            return Err(MachineError::NotRunning(id.clone()));
        };
        let group = Pid::from_raw(command.pid)
            .filter(|_| command.is_alive())
            .ok_or_else(|| MachineError::NotRunning(id.clone()))?;
        kill_process_group(group, known).map_err(|error| MachineError::Unstoppable {
            id: id.clone(),
            what: error.to_string(),
        })
    }

    /// Memory and processor time of everything that runs in the machine;
    /// `None` when nothing does.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn usage(&self, id: &MachineId) -> Result<Option<Usage>, MachineError> {
        let (state, record) = self.look(id)?;
        Ok(record
            .filter(|_| state.is_live())
            .and_then(|record| Usage::of(&members::living(&record))))
    }

    /// The numbers of all processes of the machine that run.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn processes(&self, id: &MachineId) -> Result<Vec<i32>, MachineError> {
        let (_, record) = self.look(id)?;
        let living = record.as_ref().map(members::living).unwrap_or_default();
        Ok(living.iter().map(|process| process.pid).collect())
    }

    /// Deletes everything about a machine that has ended or was never
    /// started; one that does not exist is fine.
    ///
    /// # Errors
    /// It still runs, or its files cannot be deleted.
    pub async fn remove(&self, id: &MachineId) -> Result<(), MachineError> {
        let (state, record) = self.look(id)?;
        if state == State::Absent {
            return Ok(());
        }
        if state.is_live() {
            return Err(MachineError::StillRuns(id.clone()));
        }
        if let Some(record) = &record {
            self.keeper_gone(record.keeper).await;
            if let Some(cgroup) = &record.cgroup {
                cgroup::remove(cgroup);
            }
        }
        let directory = self.directory(id);
        let Some(_lock) = directory.lock()? else {
            return Err(MachineError::StillRuns(id.clone()));
        };
        // Renamed first: a machine is there whole or not at all.
        let doomed = self.unfinished(id);
        let failed = |error| MachineError::file("remove", directory.path(), error);
        fs::rename(directory.path(), &doomed).map_err(failed)?;
        fs::remove_dir_all(&doomed).map_err(failed)
    }

    /// Waits until a keeper that has recorded the end is gone too.
    pub(crate) async fn keeper_gone(&self, keeper: ProcessId) {
        let _ = tokio::time::timeout(Duration::from_secs(10), super::watch::ended(keeper)).await;
    }

    pub(crate) fn directory(&self, id: &MachineId) -> Directory {
        Directory::new(self.root.join(id.as_str()))
    }

    /// A name no machine has, for a directory on its way in or out.
    pub(crate) fn unfinished(&self, id: &MachineId) -> PathBuf {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        self.root.join(format!("{UNFINISHED}{pid}-{number}-{id}"))
    }

    /// Deletes what processes that died while creating or removing left.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.root) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| {
                name.strip_prefix(UNFINISHED)?
                    .split('-')
                    .next()?
                    .parse()
                    .ok()
            });
            if owner.is_some_and(|pid| ProcessId::of(pid).is_none()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Creates the machine's directory with its specification; `false` if it
    /// exists already.
    pub(crate) fn create(&self, spec: &MachineSpec) -> Result<bool, MachineError> {
        let directory = self.directory(&spec.id);
        if directory.exists() {
            return Ok(false);
        }
        let temporary = Directory::new(self.unfinished(&spec.id));
        let written = self.write_new(&temporary, spec).and_then(|()| {
            let path = directory.path();
            match fs::rename(temporary.path(), path) {
                Ok(()) => files::sync_directory(&self.root)
                    .map(|()| true)
                    .map_err(|error| MachineError::file("write", &self.root, error)),
                // Someone else was faster; theirs is the machine.
                Err(_) if directory.exists() => Ok(false),
                Err(error) => Err(MachineError::file("create", path, error)),
            }
        });
        if !matches!(written, Ok(true)) {
            let _ = fs::remove_dir_all(temporary.path());
        }
        written
    }

    fn write_new(&self, directory: &Directory, spec: &MachineSpec) -> Result<(), MachineError> {
        let path = directory.path();
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(|error| MachineError::file("create", path, error))?;
        let path = directory.lock_path();
        files::create_private(&path).map_err(|error| MachineError::file("create", &path, error))?;
        let path = directory.spec_path();
        files::replace_json(&path, spec)
            .map_err(|error: io::Error| MachineError::file("write", &path, error))
    }
}

fn read_state(record: Option<&Record>, kept: bool) -> State {
    let Some(record) = record else {
        return if kept {
            State::Starting
        } else {
            State::Created
        };
    };
    match &record.phase {
        Phase::Failed { problem, at } => State::Failed {
            problem: problem.clone(),
            at: *at,
        },
        Phase::Exited(exit) => State::Exited(*exit),
        _ if !kept => State::Lost {
            pids: members::living(record)
                .iter()
                .map(|process| process.pid)
                .collect(),
        },
        Phase::Starting { .. } => State::Starting,
        Phase::Running { command, since } => State::Running {
            pid: command.pid,
            keeper_pid: record.keeper.pid,
            since: *since,
            restarts: record.restarts,
        },
        Phase::Restarting { exit, next_at } => State::Restarting {
            exit: *exit,
            next_at: *next_at,
            restarts: record.restarts,
        },
    }
}

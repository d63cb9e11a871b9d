//! The daemon itself: what it owns, how it begins and how it ends.

mod duties;
mod status;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::future::IntoFuture;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shipgate_release::machine::{MachineId, RestartPolicy};
use shipgate_release::ports::Member;
use shipgate_release::store::Store;
use shipgate_runtime::process::Machines;
use tokio::net::UnixListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::control;
use crate::desired::{Desired, Kept};
use crate::door::Door;
use crate::events::{Event, Events};
use crate::state_directory::StateDirectory;
use crate::supervise;

/// How long a new daemon tries for its lock: one that was killed a moment ago
/// still holds it until its last thread has ended.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// How a daemon is started.
pub struct Settings {
    /// The state directory it owns.
    pub state: StateDirectory,
    /// The front door's address, unless a release has committed another.
    pub listen: String,
    /// Program and first arguments of a machine's keeper.
    pub keeper: Vec<std::ffi::OsString>,
    /// Version of Shipgate, for `status`.
    pub version: String,
}

/// Why a daemon cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another daemon owns the state directory.
    #[error("a daemon runs already for {directory}{}", .pid.map_or_else(String::new, |pid| format!(", as process {pid}")))]
    Running {
        /// The state directory.
        directory: String,
        /// Its process, if it said.
        pid: Option<u32>,
    },
    /// The front door's address is no address.
    #[error("`{0}` is no address to listen on: it takes an IP address and a port")]
    Address(String),
    /// The front door's address cannot be had.
    #[error("cannot open the front door: {problem}")]
    Listen {
        /// Which address, and the system's answer, in words.
        problem: String,
    },
    /// What an earlier daemon has left cannot be understood.
    #[error("{path} is damaged: {problem}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// A file in the state directory refused.
    #[error("{what}: {source}")]
    File {
        /// What was being done.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
}

/// A running daemon.
pub(crate) struct Daemon {
    pub(crate) machines: Machines,
    pub(crate) door: Door,
    events: Arc<dyn Events>,
    kept: Mutex<Kept>,
    watchers: Mutex<HashMap<MachineId, JoinHandle<()>>>,
    troubles: Mutex<HashMap<MachineId, String>>,
    pub(crate) releases: Store,
    /// It is to end.
    ended: Notify,
    /// It owns nothing any more.
    gone: watch::Sender<bool>,
    version: String,
}

/// Runs a daemon until it is asked to stop over its socket, or `until` is done.
///
/// Ended by `until`, it leaves the machines running for the next daemon.
///
/// # Errors
/// See [`ServeError`]; once it has begun, it ends only when asked.
pub async fn run(
    settings: Settings,
    events: Arc<dyn Events>,
    until: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let state = &settings.state;
    let lock = own(state)?;
    let file = |what: &str| {
        let what = what.to_owned();
        move |source| ServeError::File { what, source }
    };
    let mut kept = load(state)?;
    let machines =
        Machines::open(&state.machines(), settings.keeper).map_err(|error| ServeError::File {
            what: "cannot open the machines".to_owned(),
            source: io::Error::other(error.to_string()),
        })?;
    let releases = Store::new(state.releases());
    let found = kept.is_blank().then(|| running(&machines, &releases));
    let (door, listen) = open_door(kept.get(), settings.listen)?;
    door.limit(kept.get().concurrency);
    let halted = kept.get().halted;
    kept.change(|desired| {
        if let Some(found) = found {
            *desired = found;
        }
        desired.listen = Some(listen);
        desired.halted = false;
    })
    .map_err(file("cannot write the daemon's state"))?;

    let place = state.socket();
    let _ = fs::remove_file(place.path());
    let control = place
        .open()
        .and_then(|open| {
            let listener = UnixListener::bind(open.name())?;
            // The directory keeps others out already; it may be copied or moved.
            fs::set_permissions(open.name(), Permissions::from_mode(0o600))?;
            Ok(listener)
        })
        .map_err(file("cannot open the control socket"))?;

    let daemon = Arc::new(Daemon {
        machines,
        door,
        events,
        kept: Mutex::new(kept),
        watchers: Mutex::default(),
        troubles: Mutex::default(),
        releases,
        ended: Notify::new(),
        gone: watch::Sender::new(false),
        version: settings.version,
    });
    daemon.tell(Event::Listening(daemon.door.address()));
    daemon.take_over(halted);
    tokio::spawn(supervise::tell_of_the_door(Arc::clone(&daemon)));

    let router = control::router(Arc::clone(&daemon));
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(control, router).with_graceful_shutdown(async {
        // A sender that is dropped says the same as one that sends.
        let _ = ended.await;
    });
    let serving = tokio::spawn(serving.into_future());
    let mut replaced = false;
    tokio::select! {
        () = daemon.ended.notified() => {}
        () = until => {}
        () = until_replaced(state.daemon_lock(), &lock) => {
            replaced = true;
            daemon.tell(Event::Ending("its state directory is gone".to_owned()));
        }
    }
    daemon.door.close(Duration::from_secs(5)).await;
    if !replaced {
        // What lies there after a replacement is another daemon's.
        let _ = fs::remove_file(place.path());
    }
    // From here on another daemon may begin; only then is a stop answered.
    drop(lock);
    daemon.gone.send_replace(true);
    drop(end);
    // Whoever asks while the daemon ends gets an answer, but not for long.
    let _ = tokio::time::timeout(Duration::from_secs(5), serving).await;
    Ok(())
}

/// What an earlier daemon was to keep up.
fn load(state: &StateDirectory) -> Result<Kept, ServeError> {
    let path = state.desired();
    Kept::load(&path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => ServeError::Damaged {
            path: path.display().to_string(),
            problem: error.to_string(),
        },
        _ => ServeError::File {
            what: format!("cannot read {}", path.display()),
            source: error,
        },
    })
}

/// The machines of the serving release that run, for a daemon that finds no
/// word of what it is to keep up.
fn running(machines: &Machines, releases: &Store) -> Desired {
    let release = releases.serving().ok().flatten();
    let specs = machines
        .list()
        .unwrap_or_default()
        .into_iter()
        .filter(|id| machines.state(id).is_ok_and(|state| state.is_live()))
        .filter_map(|id| machines.spec(&id).ok())
        // One-off runs have a release too, but are none of the fleet.
        .filter(|spec| Some(spec.release) == release && spec.restart != RestartPolicy::No);
    let fleet: Vec<Member> = specs
        .map(|spec| Member {
            id: spec.id,
            group: spec.group,
            routed: spec.routed,
        })
        .collect();
    Desired {
        release: release.filter(|_| !fleet.is_empty()),
        serving: fleet
            .iter()
            .filter(|member| member.routed)
            .map(|member| member.id.clone())
            .collect(),
        fleet,
        ..Desired::default()
    }
}

/// Opens the front door where users know it: at the address of the release
/// that serves, or, where that cannot be had or none does, at `configured`.
fn open_door(desired: &Desired, configured: String) -> Result<(Door, String), ServeError> {
    match &desired.listen {
        Some(known) if desired.release.is_some() => match Door::open(known) {
            Err(ServeError::Listen { .. }) if *known != configured => {}
            opened => return Ok((opened?, known.clone())),
        },
        _ => {}
    }
    Ok((Door::open(&configured)?, configured))
}

/// Waits until the file at `path` is not the one we hold any more: the state
/// directory was deleted or moved away, and whoever wants the front door's
/// address could not reach us to ask for it.
async fn until_replaced(path: PathBuf, held: &File) {
    const LOOK_AGAIN: Duration = Duration::from_secs(1);
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    let Ok(ours) = held.metadata().map(identity) else {
        return std::future::pending().await;
    };
    while fs::metadata(&path).is_ok_and(|found| identity(found) == ours) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Takes the state directory for this process.
fn own(state: &StateDirectory) -> Result<File, ServeError> {
    let path = state.daemon_lock();
    let failed = |source| ServeError::File {
        what: format!("cannot use {}", path.display()),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    let give_up = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                return Err(ServeError::Running {
                    directory: state.root().display().to_string(),
                    pid: text.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
    file.set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(file)
}

impl Daemon {
    pub(crate) fn tell(&self, event: Event) {
        self.events.event(event);
    }

    pub(crate) fn desired(&self) -> Desired {
        self.kept().get().clone()
    }

    /// Serves what an earlier daemon served, and starts what should run but does not.
    fn take_over(self: &Arc<Self>, halted: bool) {
        let desired = self.desired();
        let unrouted = desired
            .fleet
            .iter()
            .filter(|member| halted || !member.routed)
            .map(|member| &member.id);
        let missing: Vec<MachineId> = desired
            .serving
            .iter()
            .chain(unrouted)
            .filter(|id| supervise::is_missing(self, id, halted))
            .cloned()
            .collect();
        self.watch();
        for id in missing {
            let daemon = Arc::clone(self);
            tokio::spawn(async move {
                supervise::revive(&daemon, &id).await;
                daemon.watch();
            });
        }
    }

    /// Notes why a machine takes no requests, or that it does again.
    pub(crate) fn set_trouble(&self, id: &MachineId, trouble: Option<String>) {
        match trouble {
            Some(trouble) => self.troubles().insert(id.clone(), trouble),
            None => self.troubles().remove(id),
        };
    }

    /// One watcher for each machine of the fleet and each that serves, no other.
    fn watch(self: &Arc<Self>) {
        let desired = self.desired();
        let mut wanted: Vec<MachineId> = desired
            .fleet
            .into_iter()
            .map(|member| member.id)
            .filter(|id| {
                !self
                    .machines
                    .state(id)
                    .is_ok_and(|state| state.exit().is_some())
            })
            .collect();
        wanted.extend(desired.serving);
        let mut watchers = self.watchers();
        watchers.retain(|id, watcher| {
            let keep = wanted.contains(id);
            if !keep {
                watcher.abort();
                self.troubles().remove(id);
            }
            keep && !watcher.is_finished()
        });
        for id in wanted {
            watchers
                .entry(id.clone())
                .or_insert_with(|| tokio::spawn(supervise::watch(Arc::clone(self), id)));
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watchers(&self) -> MutexGuard<'_, HashMap<MachineId, JoinHandle<()>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn troubles(&self) -> MutexGuard<'_, HashMap<MachineId, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

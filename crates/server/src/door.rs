//! The front door as the daemon drives it: one service, the app.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shipgate_proxy::{
    Drain, FrontDoor, ListenError, Machine, MachineStats, Quiet, ServiceSettings, ServiceStats,
    Settings,
};
use shipgate_release::machine::MachineId;

use crate::api::{Concurrency, DoorStatus};
use crate::daemon::ServeError;

/// The one service.
const APP: &str = "app";

/// How long a request waits for a first machine: while a crashed fleet starts
/// again, users wait instead of seeing an error.
const EMPTY_GRACE: Duration = Duration::from_secs(5);

/// How long a machine's requests may take once it was found in trouble.
const TROUBLE_DRAIN: Duration = Duration::from_secs(30);

/// How often the requests of a draining machine are counted.
const COUNT_AGAIN: Duration = Duration::from_millis(5);

/// An open front door.
pub(crate) struct Door {
    front: FrontDoor,
    /// Where it listens; the last one is told.
    addresses: Mutex<Vec<SocketAddr>>,
}

impl Door {
    pub(crate) fn open(listen: &str) -> Result<Self, ServeError> {
        let wanted = parse(listen)?;
        let front = FrontDoor::start(Settings::default()).map_err(|error| ServeError::File {
            what: "cannot start the front door".to_owned(),
            source: error.source,
        })?;
        front.configure(APP, settings(None));
        let address = front.listen(APP, wanted).map_err(|error| refused(&error))?;
        Ok(Self {
            front,
            addresses: Mutex::new(vec![address]),
        })
    }

    /// Also listens at another address, which becomes the one that is told.
    /// The former is served until the daemon ends: clients may still know it.
    pub(crate) fn listen_also(&self, listen: &str) -> Result<(), ServeError> {
        let wanted = parse(listen)?;
        let mut addresses = self.addresses();
        let address = if addresses.contains(&wanted) {
            addresses.retain(|known| *known != wanted);
            wanted
        } else {
            self.front
                .listen(APP, wanted)
                .map_err(|error| refused(&error))?
        };
        addresses.push(address);
        Ok(())
    }

    fn addresses(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Limits how much one machine is given at a time.
    pub(crate) fn limit(&self, concurrency: Option<Concurrency>) {
        self.front.configure(APP, settings(concurrency));
    }

    pub(crate) fn address(&self) -> String {
        self.addresses()
            .last()
            .map_or_else(String::new, ToString::to_string)
    }

    pub(crate) fn admit(&self, id: &MachineId, port: u16) {
        // A machine of this name serves already, or the service exists: both by construction.
        let _ = self.front.admit(APP, machine(id, port));
    }

    /// Takes a machine out that is in trouble; what it still answers it may.
    pub(crate) fn take_out(&self, id: &MachineId) {
        // The drain goes on by itself; a machine that does not serve is out already.
        drop(self.front.retire(APP, id.as_str(), TROUBLE_DRAIN));
    }

    /// Requests go to `to` instead of `from` from this moment on; those under
    /// way may take `drain`, then they are cut.
    pub(crate) fn switch(
        &self,
        from: &[MachineId],
        to: &[(MachineId, u16)],
        drain: Duration,
    ) -> Option<Drain> {
        let leaving: Vec<_> = from.iter().map(|id| id.as_str().into()).collect();
        let joining = to.iter().map(|(id, port)| machine(id, *port)).collect();
        self.front.replace(APP, &leaving, joining, drain).ok()
    }

    /// Waits until no request is under way to these machines.
    ///
    /// Upgraded connections do not count: they last as long as they like, and
    /// a machine that is told to stop can say goodbye on them.
    pub(crate) async fn requests_ended(&self, ids: &[MachineId]) {
        while self.app().is_some_and(|app| {
            app.machines.iter().any(|stats| {
                stats.in_flight > 0
                    && ids
                        .iter()
                        .any(|id| id.as_str() == stats.machine.id.as_str())
            })
        }) {
            tokio::time::sleep(COUNT_AGAIN).await;
        }
    }

    /// Holds requests back from now on, each at most `longest`.
    pub(crate) fn pause(&self, longest: Duration) {
        // The service exists from the beginning.
        let _ = self.front.pause(APP, longest);
    }

    /// Waits for the requests under way; false if they did not end in time.
    pub(crate) async fn quiet(&self, longest: Duration) -> bool {
        matches!(
            self.front.quiet(APP, longest).await,
            Ok(Quiet::Reached { .. })
        )
    }

    pub(crate) fn resume(&self) {
        // The service exists from the beginning.
        let _ = self.front.resume(APP);
    }

    pub(crate) fn paused(&self) -> bool {
        self.app().is_some_and(|app| app.paused)
    }

    pub(crate) fn serves(&self, id: &MachineId) -> bool {
        self.stats_of(id).is_some_and(|stats| !stats.draining)
    }

    /// How many machines take requests now.
    pub(crate) fn serving(&self) -> usize {
        self.front
            .machines(APP)
            .map_or(0, |machines| machines.len())
    }

    pub(crate) fn in_flight(&self, id: &MachineId) -> u64 {
        self.stats_of(id).map_or(0, |stats| stats.in_flight as u64)
    }

    pub(crate) fn counts(&self) -> DoorStatus {
        let stats = self.front.stats();
        let app = stats.services.into_iter().next();
        app.map_or_else(DoorStatus::default, |app| DoorStatus {
            connections: stats.connections as u64,
            requests: app.counts.responses.iter().sum(),
            in_flight: app.in_flight as u64,
            waiting: app.waiting as u64,
            failed: app.counts.failures,
        })
    }

    pub(crate) fn events(&self) -> tokio::sync::broadcast::Receiver<shipgate_proxy::Event> {
        self.front.events()
    }

    /// Takes no more connections, and waits until those there are have ended;
    /// at the deadline they are cut.
    pub(crate) async fn close(&self, deadline: Duration) {
        self.front.shutdown(deadline).await;
    }

    /// Waits until no request waits or is under way at any machine.
    pub(crate) async fn all_requests_ended(&self) {
        while self
            .app()
            .is_some_and(|app| app.in_flight + app.waiting > 0)
        {
            tokio::time::sleep(COUNT_AGAIN).await;
        }
    }

    fn app(&self) -> Option<ServiceStats> {
        self.front.stats().services.into_iter().next()
    }

    fn stats_of(&self, id: &MachineId) -> Option<MachineStats> {
        self.app()?
            .machines
            .into_iter()
            .find(|stats| stats.machine.id.as_str() == id.as_str())
    }
}

fn machine(id: &MachineId, port: u16) -> Machine {
    Machine::new(id.as_str(), SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

fn settings(concurrency: Option<Concurrency>) -> ServiceSettings {
    ServiceSettings {
        concurrency: concurrency.map(Into::into).unwrap_or_default(),
        empty_grace: EMPTY_GRACE,
        ..ServiceSettings::default()
    }
}

fn parse(listen: &str) -> Result<SocketAddr, ServeError> {
    listen
        .parse()
        .map_err(|_| ServeError::Address(listen.to_owned()))
}

fn refused(error: &ListenError) -> ServeError {
    ServeError::Listen {
        problem: error.to_string(),
    }
}

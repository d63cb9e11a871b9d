//! The handle by which a front door is started and controlled.

use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{broadcast, oneshot};

use crate::door::{Door, Phase};
use crate::drain::{Drain, Drained};
use crate::error::{ControlError, ListenError, StartError};
use crate::event::Event;
use crate::listener::{ACCEPTING_WORKER, Listener, bind};
use crate::name::{Machine, MachineId, ServiceName};
use crate::pause::Quiet;
use crate::service::Service;
use crate::settings::{ServiceSettings, Settings};
use crate::stats::Stats;
use crate::worker::Worker;

/// A running front door. Clones are the same front door; it ends, at once, with the last of them, or in an orderly
/// way by [`FrontDoor::shutdown`].
///
/// Commands take effect before they return and never block for longer than a lock is held. They can be given from any
/// thread, within a runtime or without; the front door has threads of its own, so neither side can slow the other.
#[derive(Debug, Clone)]
pub struct FrontDoor {
    door: Arc<Door>,
    _threads: Arc<Threads>,
}

/// Ends the workers when it is dropped.
#[derive(Debug)]
struct Threads {
    _stop: Vec<oneshot::Sender<()>>,
}

impl FrontDoor {
    /// Starts the workers. Nothing is served before a service has a listener and machines.
    ///
    /// # Errors
    /// When the system gives no thread or no event loop.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        let count = match settings.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let start = Instant::now();
        let seed = RandomState::new();
        let mut workers = Vec::with_capacity(count);
        let mut stops = Vec::with_capacity(count);
        for index in 0..count {
            let (stop, stopped) = oneshot::channel();
            let runtime = start_thread(index, stopped)?;
            let worker = Arc::new(Worker::new(index, runtime, start, seed.hash_one(index)));
            worker.runtime.spawn(worker.clone().keep_time());
            workers.push(worker);
            stops.push(stop);
        }
        let door = Arc::new(Door::new(settings, workers));
        door.workers[0].runtime.spawn(close_stale(door.clone()));
        Ok(Self {
            door,
            _threads: Arc::new(Threads { _stop: stops }),
        })
    }

    /// Adds a service without machines, or gives the one of this name other settings.
    pub fn configure(&self, service: impl Into<ServiceName>, settings: ServiceSettings) {
        let name = service.into();
        let service = {
            let mut services = self.door.services();
            services
                .entry(name.clone())
                .or_insert_with(|| Arc::new(Service::new(name, settings.clone())))
                .clone()
        };
        service.lock().settings = settings;
        service.serve_queue();
    }

    /// Opens a listener whose connections go to `service`. Returns the address, with the port if `addr` had 0.
    ///
    /// # Errors
    /// When the address is taken, not permitted or not this machine's, or the service is unknown.
    pub fn listen(
        &self,
        service: impl Into<ServiceName>,
        addr: SocketAddr,
    ) -> Result<SocketAddr, ListenError> {
        let service = self.door.service(&service.into())?;
        self.accept_on(service, bind(addr)?)
    }

    /// Like [`FrontDoor::listen`] with a socket that is listening already, for example an inherited one.
    ///
    /// # Errors
    /// When it is not a listening TCP socket, or the service is unknown.
    pub fn adopt(
        &self,
        service: impl Into<ServiceName>,
        socket: TcpListener,
    ) -> Result<SocketAddr, ListenError> {
        let service = self.door.service(&service.into())?;
        self.accept_on(service, socket)
    }

    fn accept_on(
        &self,
        service: Arc<Service>,
        socket: TcpListener,
    ) -> Result<SocketAddr, ListenError> {
        let broken = |source| ListenError::NotAListener { source };
        let local = socket.local_addr().map_err(broken)?;
        let runtime = &self.door.workers[ACCEPTING_WORKER].runtime;
        let _within = runtime.enter();
        let listener = Listener::new(socket, service, self.door.clone()).map_err(broken)?;
        runtime.spawn(listener.run());
        Ok(local)
    }

    /// Closes the listeners at an address and waits until it is free. Connections that were accepted there live on.
    /// Returns how many there were.
    pub async fn stop_listening(&self, addr: SocketAddr) -> usize {
        let stops = self.door.stop_listening(addr);
        for stop in &stops {
            stop.closed().await;
        }
        stops.len()
    }

    /// Lets a machine take requests, those that wait first. Admitting one again that serves already changes nothing.
    ///
    /// # Errors
    /// When a serving machine of this name has another address, or the service is unknown.
    pub fn admit(
        &self,
        service: impl Into<ServiceName>,
        machine: Machine,
    ) -> Result<(), ControlError> {
        let service = self.door.service(&service.into())?;
        {
            let mut state = service.lock();
            match state.roster.find(&machine.id) {
                None => state.roster.add(machine, self.door.workers.len()),
                Some(serving) if serving.addr == machine.addr => {}
                Some(serving) => {
                    return Err(ControlError::MachineExists {
                        service: service.name.clone(),
                        machine: machine.id,
                        addr: serving.addr,
                    });
                }
            }
        }
        service.serve_queue();
        Ok(())
    }

    /// Sends a machine no more requests. Those in flight there go on until they end or `deadline` has passed; then they
    /// are cut. Clients keep their connections and are served by the other machines.
    ///
    /// # Errors
    /// When there is no such service, or no such machine serves in it.
    pub fn retire(
        &self,
        service: impl Into<ServiceName>,
        machine: impl Into<MachineId>,
        deadline: Duration,
    ) -> Result<Drain, ControlError> {
        let service = self.door.service(&service.into())?;
        let machine = machine.into();
        let mut unused = Vec::new();
        let retired = service.lock().roster.retire(&machine, &mut unused);
        drop(unused);
        let Some(retired) = retired else {
            return Err(ControlError::UnknownMachine {
                service: service.name.clone(),
                machine,
            });
        };
        Ok(Drain::start(&self.door, service, vec![retired], deadline))
    }

    /// Makes `machines` the machines of a service, in one step: no request sees a mixture. Those that serve already, by
    /// name and address, go on; the others are admitted; those not named are retired as by [`FrontDoor::retire`].
    ///
    /// # Errors
    /// When there is no such service.
    pub fn switch(
        &self,
        service: impl Into<ServiceName>,
        machines: Vec<Machine>,
        deadline: Duration,
    ) -> Result<Drain, ControlError> {
        self.change(&service.into(), deadline, |_| machines)
    }

    /// Takes the machines named in `leaving` out and lets `joining` in, in one step, like [`FrontDoor::switch`]; the
    /// other machines of the service go on. Names that do not serve are passed over.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn replace(
        &self,
        service: impl Into<ServiceName>,
        leaving: &[MachineId],
        joining: Vec<Machine>,
        deadline: Duration,
    ) -> Result<Drain, ControlError> {
        self.change(&service.into(), deadline, |mut machines| {
            machines.retain(|machine| {
                !leaving.contains(&machine.id) && joining.iter().all(|new| new.id != machine.id)
            });
            machines.extend(joining);
            machines
        })
    }

    /// Makes what `choose` makes of the serving machines the serving machines.
    fn change(
        &self,
        service: &ServiceName,
        deadline: Duration,
        choose: impl FnOnce(Vec<Machine>) -> Vec<Machine>,
    ) -> Result<Drain, ControlError> {
        let service = self.door.service(service)?;
        let mut unused = Vec::new();
        let mut retired = Vec::new();
        {
            let roster = &mut service.lock().roster;
            let serving = roster.machines();
            let chosen = choose(serving.clone());
            for machine in &serving {
                if !chosen.contains(machine) {
                    retired.extend(roster.retire(&machine.id, &mut unused));
                }
            }
            for machine in chosen {
                if roster.find(&machine.id).is_none() {
                    roster.add(machine, self.door.workers.len());
                }
            }
        }
        drop(unused);
        service.serve_queue();
        Ok(Drain::start(&self.door, service, retired, deadline))
    }

    /// Holds requests of a service back from now on: each waits up to `max_wait` and is then answered with 503. Those
    /// in flight go on; [`FrontDoor::quiet`] waits for them.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn pause(
        &self,
        service: impl Into<ServiceName>,
        max_wait: Duration,
    ) -> Result<(), ControlError> {
        self.door.service(&service.into())?.pause(max_wait);
        Ok(())
    }

    /// Lets the requests of a paused service go on, in the order in which they came.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn resume(&self, service: impl Into<ServiceName>) -> Result<(), ControlError> {
        self.door.service(&service.into())?.resume();
        Ok(())
    }

    /// Waits until no request of a service is in flight, or `deadline` has passed.
    ///
    /// # Errors
    /// When there is no such service.
    pub async fn quiet(
        &self,
        service: impl Into<ServiceName>,
        deadline: Duration,
    ) -> Result<Quiet, ControlError> {
        let service = self.door.service(&service.into())?;
        Ok(service.quiet(deadline).await)
    }

    /// The machines a service has at the moment, those that are draining excluded.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn machines(&self, service: impl Into<ServiceName>) -> Result<Vec<Machine>, ControlError> {
        Ok(self.door.service(&service.into())?.lock().roster.machines())
    }

    /// Figures as they are now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let services: Vec<_> = self.door.services().values().cloned().collect();
        Stats {
            connections: self.door.connections.load(Ordering::Relaxed),
            accepted: self.door.accepted.load(Ordering::Relaxed),
            accept_errors: self.door.accept_errors.load(Ordering::Relaxed),
            services: services.iter().map(|service| service.stats()).collect(),
        }
    }

    /// What happens from now on. A receiver that is slow to take events misses the oldest.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.door.subscribe()
    }

    /// Closes all listeners, closes idle connections, lets requests in flight end, and cuts what is left when
    /// `deadline` has passed. Resolves when no connection is open.
    pub async fn shutdown(&self, deadline: Duration) -> Drained {
        let services: Vec<_> = self.door.services().values().cloned().collect();
        let in_flight = || -> usize {
            services
                .iter()
                .map(|service| service.lock().roster.load().in_flight)
                .sum()
        };
        let before = in_flight();
        self.door.enter(Phase::Closing);
        let mut cut = 0;
        if tokio::time::timeout(deadline, self.all_closed())
            .await
            .is_err()
        {
            cut = in_flight();
            self.door.enter(Phase::Cutting);
            self.all_closed().await;
        }
        Drained {
            finished: before.saturating_sub(cut),
            cut,
        }
    }

    async fn all_closed(&self) {
        loop {
            let departure = self.door.departure.notified();
            if self.door.is_empty() {
                return;
            }
            departure.await;
        }
    }
}

/// Starts a thread with an event loop that runs until `stopped`.
fn start_thread(index: usize, stopped: oneshot::Receiver<()>) -> Result<Handle, StartError> {
    let failed = |source| StartError { index, source };
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(failed)?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name(format!("front-door-{index}"))
        .spawn(move || {
            // An error means that the last handle was dropped, which is the usual way.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })
        .map_err(failed)?;
    Ok(handle)
}

/// Closes connections to machines that were not used for a while, or that the machine has closed.
async fn close_stale(door: Arc<Door>) {
    let age = door.settings.upstream_idle_timeout;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = door.workers[0].now();
        let services: Vec<_> = door.services().values().cloned().collect();
        for service in services {
            let stale = service.lock().roster.take_stale(now, age);
            drop(stale);
        }
    }
}

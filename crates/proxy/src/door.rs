//! What all parts of a front door share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, broadcast, watch};

use crate::error::ControlError;
use crate::event::Event;
use crate::head::HeadLimits;
use crate::name::ServiceName;
use crate::service::Service;
use crate::settings::Settings;
use crate::worker::Worker;

#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) settings: Settings,
    pub(crate) workers: Vec<Arc<Worker>>,
    services: Mutex<BTreeMap<ServiceName, Arc<Service>>>,
    phase: AtomicU8,
    listeners: Mutex<Vec<Listening>>,
    pub(crate) connections: AtomicUsize,
    pub(crate) accepted: AtomicU64,
    pub(crate) accept_errors: AtomicU64,
    /// A connection was closed while there were as many as allowed, or the last one while the door is closing; or a
    /// listener was closed.
    pub(crate) departure: Notify,
    events: broadcast::Sender<Event>,
}

/// An open listener.
#[derive(Debug)]
struct Listening {
    addr: SocketAddr,
    /// Set to true when it shall close; its receivers are gone when it has.
    stop: watch::Sender<bool>,
}

/// How far a front door is on its way to being closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open = 0,
    /// Requests in flight are finished, then their connections are closed.
    Closing = 1,
    /// Everything ends now.
    Cutting = 2,
}

/// Events kept for a receiver that is slow to take them.
const EVENTS: usize = 256;

impl Door {
    pub(crate) fn new(settings: Settings, workers: Vec<Arc<Worker>>) -> Self {
        Self {
            settings,
            workers,
            services: Mutex::default(),
            phase: AtomicU8::new(Phase::Open as u8),
            listeners: Mutex::default(),
            connections: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            departure: Notify::new(),
            events: broadcast::Sender::new(EVENTS),
        }
    }

    pub(crate) fn services(&self) -> MutexGuard<'_, BTreeMap<ServiceName, Arc<Service>>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn service(&self, name: &ServiceName) -> Result<Arc<Service>, ControlError> {
        self.services()
            .get(name)
            .cloned()
            .ok_or_else(|| ControlError::UnknownService {
                service: name.clone(),
            })
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.phase.load(Ordering::Acquire) >= Phase::Closing as u8
    }

    pub(crate) fn is_cutting(&self) -> bool {
        self.phase.load(Ordering::Acquire) >= Phase::Cutting as u8
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        for listening in self.listeners().iter() {
            listening.stop.send_replace(true);
        }
        self.wake_all();
    }

    /// No listener and no connection is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.listeners().is_empty() && self.connections.load(Ordering::Acquire) == 0
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Listening>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a listener is open. It has to close when what is returned becomes true.
    pub(crate) fn listener_opened(&self, addr: SocketAddr) -> watch::Receiver<bool> {
        let stop = watch::Sender::new(self.is_closing());
        let stopped = stop.subscribe();
        self.listeners().push(Listening { addr, stop });
        stopped
    }

    /// Notes that the listener that was given `stopped` is closed.
    pub(crate) fn listener_closed(&self, stopped: watch::Receiver<bool>) {
        drop(stopped);
        self.listeners()
            .retain(|listening| !listening.stop.is_closed());
        self.departure.notify_waiters();
    }

    /// Tells the listeners at an address to close.
    pub(crate) fn stop_listening(&self, addr: SocketAddr) -> Vec<watch::Sender<bool>> {
        let mut listeners = self.listeners();
        let at_addr = listeners
            .iter_mut()
            .filter(|listening| listening.addr == addr);
        let stops: Vec<_> = at_addr.map(|listening| listening.stop.clone()).collect();
        for stop in &stops {
            stop.send_replace(true);
        }
        stops
    }

    pub(crate) fn wake_all(&self) {
        for worker in &self.workers {
            worker.wake_all();
        }
    }

    pub(crate) fn head_limits(&self) -> HeadLimits {
        HeadLimits {
            first_line: self.settings.max_request_line_bytes,
            head: self.settings.max_head_bytes,
        }
    }

    pub(crate) fn emit(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

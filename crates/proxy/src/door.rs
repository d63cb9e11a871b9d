//! What all parts of a front door share.

use std::collections::BTreeMap;
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
    /// True once listeners shall close.
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) listeners: AtomicUsize,
    pub(crate) connections: AtomicUsize,
    pub(crate) accepted: AtomicU64,
    pub(crate) accept_errors: AtomicU64,
    /// A connection was closed while there were as many as allowed, or the last one while the door is closing; or a
    /// listener was closed.
    pub(crate) departure: Notify,
    events: broadcast::Sender<Event>,
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
            closing: watch::Sender::new(false),
            listeners: AtomicUsize::new(0),
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
        self.closing.send_replace(true);
        self.wake_all();
    }

    /// No listener and no connection is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.listeners.load(Ordering::Acquire) == 0 && self.connections.load(Ordering::Acquire) == 0
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

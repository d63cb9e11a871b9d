//! A service: the machines behind one or more listeners, and the requests that wait for one.
//!
//! All that changes lies under one lock that is held for a few dozen instructions at a time, so a request is always
//! counted at exactly one machine, and a machine that is retired gets nothing more from that moment on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::lease::Lease;
use crate::name::ServiceName;
use crate::pause::Pause;
use crate::roster::Roster;
use crate::settings::ServiceSettings;
use crate::stats::ServiceStats;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: ServiceName,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: ServiceSettings,
    pub(crate) roster: Roster,
    pub(crate) pause: Option<Pause>,
    queue: VecDeque<oneshot::Sender<Lease>>,
    /// Who waits until no request is in flight.
    pub(crate) quiet: Vec<oneshot::Sender<()>>,
}

/// What a request gets that asks for a machine.
#[derive(Debug)]
pub(crate) enum Admission {
    Granted(Lease),
    /// None now; one may come through the channel. Wait this long, then ask [`Service::patience`].
    Queued(oneshot::Receiver<Lease>, Duration),
    /// There is none, and nothing to wait for.
    Refused(Patience),
}

/// Why a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitReason {
    Paused,
    Full,
    Empty,
}

/// How long a request may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// From its arrival on.
    pub(crate) total: Duration,
    pub(crate) reason: WaitReason,
    pub(crate) retry_after: Duration,
}

impl Service {
    pub(crate) fn new(name: ServiceName, settings: ServiceSettings) -> Self {
        Self {
            name,
            state: Mutex::new(State {
                settings,
                roster: Roster::default(),
                pause: None,
                queue: VecDeque::new(),
                quiet: Vec::new(),
            }),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a machine for a new request. Those that wait already come first.
    pub(crate) fn admit(self: &Arc<Self>) -> Admission {
        let mut state = self.lock();
        if state.queue.is_empty()
            && state.pause.is_none()
            && let Some(lease) = state.grant(self, &[])
        {
            return Admission::Granted(lease);
        }
        let patience = state.patience();
        if patience.total.is_zero() {
            return Admission::Refused(patience);
        }
        state.forget_departed();
        let (sender, receiver) = oneshot::channel();
        state.queue.push_back(sender);
        Admission::Queued(receiver, patience.total)
    }

    /// How long a request waits for a machine when there is none.
    pub(crate) fn empty_grace(&self) -> Duration {
        self.lock().settings.empty_grace
    }

    /// How long a request may wait, as things stand.
    pub(crate) fn patience(&self) -> Patience {
        self.lock().patience()
    }

    /// Moves a request that reached none of the machines `tried` to another one.
    pub(crate) fn reassign(self: &Arc<Self>, failed: Lease, tried: &[u64]) -> Option<Lease> {
        // In this order it is never counted nowhere.
        let lease = self.lock().grant(self, tried);
        drop(failed);
        lease
    }

    /// Gives waiting requests their machines, as far as there are any.
    pub(crate) fn serve_queue(self: &Arc<Self>) {
        let mut state = self.lock();
        while state.pause.is_none()
            && !state.queue.is_empty()
            && let Some(lease) = state.grant(self, &[])
        {
            let undelivered = match state.queue.pop_front() {
                Some(waiting) => waiting.send(lease).err(),
                None => Some(lease),
            };
            if let Some(lease) = undelivered {
                lease.release_under(&mut state);
            }
        }
    }

    /// Counts an answer of the front door's own.
    pub(crate) fn count_page(&self) {
        self.lock().roster.counts.pages += 1;
    }

    pub(crate) fn stats(&self) -> ServiceStats {
        let mut state = self.lock();
        state.forget_departed();
        let load = state.roster.load();
        ServiceStats {
            name: self.name.clone(),
            paused: state.pause.is_some(),
            waiting: state.queue.len(),
            in_flight: load.requests(),
            upgraded: load.upgraded,
            counts: state.roster.counts,
            machines: state.roster.stats(),
        }
    }
}

impl State {
    fn grant(&mut self, service: &Arc<Service>, tried: &[u64]) -> Option<Lease> {
        let upstream = self.roster.grant(self.settings.concurrency, tried)?;
        Some(Lease::new(upstream, service.clone()))
    }

    fn patience(&self) -> Patience {
        let (total, reason) = if let Some(pause) = &self.pause {
            (pause.max_wait, WaitReason::Paused)
        } else if self.roster.has_machines() {
            (self.settings.queue_timeout, WaitReason::Full)
        } else {
            (self.settings.empty_grace, WaitReason::Empty)
        };
        Patience {
            total,
            reason,
            retry_after: self.settings.retry_after,
        }
    }

    /// Requests wait for a machine.
    pub(crate) fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Drops the places of requests whose clients are gone.
    fn forget_departed(&mut self) {
        self.queue.retain(|waiting| !waiting.is_closed());
    }

    /// Takes one request off the counts.
    pub(crate) fn release(&mut self, serial: u64, upgraded: bool) {
        self.roster.release(serial, upgraded);
        self.tell_if_quiet();
    }

    /// Tells those who wait for it that no request is in flight.
    pub(crate) fn tell_if_quiet(&mut self) {
        if self.roster.load().requests() == 0 {
            for waiting in self.quiet.drain(..) {
                let _ = waiting.send(());
            }
        }
    }
}

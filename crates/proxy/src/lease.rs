//! The right of a request to a machine, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::roster::{Slot, Upstream};
use crate::service::{Service, State};
use crate::settings::Concurrency;
use crate::stats::Counts;
use crate::upstream::IdleConnection;

/// What a machine has in store for a request that needs a connection.
#[derive(Debug)]
pub(crate) enum Unused {
    /// One that was in use not long ago.
    Use(TcpStream),
    /// None; a new one has to be opened after this one, if there is one, is closed.
    Close(Option<IdleConnection>),
}

/// The right to send one request to one machine. As long as it lives, the machine is not drained.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) upstream: Arc<Upstream>,
    /// `None` once the request is off the counts.
    service: Option<Arc<Service>>,
    upgraded: bool,
}

impl Lease {
    /// For a request that is on the counts already.
    pub(crate) fn new(upstream: Arc<Upstream>, service: Arc<Service>) -> Self {
        Self {
            upstream,
            service: Some(service),
            upgraded: false,
        }
    }

    pub(crate) fn serial(&self) -> u64 {
        self.upstream.serial
    }

    fn with_slot<R>(
        &self,
        act: impl FnOnce(&mut Slot, &mut Counts, Concurrency) -> R,
    ) -> Option<R> {
        let mut state = self.service.as_ref()?.lock();
        let limits = state.settings.concurrency;
        let (slot, totals) = state.roster.slot(self.upstream.serial)?;
        Some(act(slot, totals, limits))
    }

    /// An unused connection to the machine. When the worker has none that was used less than `max_age` ago, one may be
    /// handed out to be closed: opening one more must not exceed a limit on connections.
    pub(crate) fn take_idle(&self, worker: usize, now: u64, max_age: Duration) -> Unused {
        self.with_slot(|slot, _, limits| match slot.idle.take(worker) {
            Some(idle) if idle.age(now) <= max_age => Unused::Use(idle.stream),
            Some(idle) => Unused::Close(Some(idle)),
            None if limits.is_exceeded_by(slot.connections()) => {
                Unused::Close(slot.idle.take_any())
            }
            None => Unused::Close(None),
        })
        .unwrap_or(Unused::Close(None))
    }

    /// The machine could not be connected to.
    pub(crate) fn unreachable(&self) {
        self.with_slot(|slot, totals, _| {
            slot.suspect = true;
            slot.counts.connect_errors += 1;
            totals.connect_errors += 1;
        });
    }

    /// The machine accepted a connection.
    pub(crate) fn reached(&self) {
        self.with_slot(|slot, _, _| slot.suspect = false);
    }

    /// The request has failed at this machine.
    pub(crate) fn failed(&self) {
        self.with_slot(|slot, totals, _| {
            slot.counts.failures += 1;
            totals.failures += 1;
        });
    }

    /// The request has become another protocol's connection.
    pub(crate) fn upgrade(&mut self) {
        self.upgraded = true;
        self.with_slot(|slot, totals, _| {
            for counts in [&mut slot.counts, totals] {
                counts.responses[1] += 1;
                counts.upgrades += 1;
            }
        });
        if let Some(service) = &self.service {
            let mut state = service.lock();
            state.roster.upgrade(self.upstream.serial);
            state.tell_if_quiet();
        }
    }

    /// The request has ended with a whole response; its connection may be used again.
    pub(crate) fn finish(mut self, status: u16, reusable: Option<IdleConnection>, max_idle: usize) {
        let class = usize::from(status / 100).min(5);
        let excess = self.with_slot(|slot, totals, limits| {
            slot.counts.responses[class] += 1;
            totals.responses[class] += 1;
            reusable.and_then(|idle| slot.keep(idle, limits, max_idle))
        });
        // Closing is a system call; the lock is not held for it.
        drop(excess);
        self.release();
    }

    fn release(&mut self) {
        if let Some(service) = self.service.take() {
            let waiting = {
                let mut state = service.lock();
                state.release(self.upstream.serial, self.upgraded);
                state.has_queue()
            };
            if waiting {
                service.serve_queue();
            }
        }
    }

    /// Takes the request off the counts while the service's lock is held.
    pub(crate) fn release_under(mut self, state: &mut State) {
        if self.service.take().is_some() {
            state.release(self.upstream.serial, self.upgraded);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.release();
    }
}

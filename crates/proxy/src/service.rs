//! A service: the machines behind one or more listeners, which of them takes the next request, and who has to wait.
//!
//! All that changes lies under one lock that is held for a few dozen instructions at a time, so a request is always
//! counted at exactly one machine, and a machine that is retired gets nothing more from that moment on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::name::{Machine, MachineId, ServiceName};
use crate::pause::Pause;
use crate::settings::{Concurrency, ConcurrencyUnit, ServiceSettings};
use crate::stats::{Counts, MachineStats, ServiceStats};
use crate::upstream::{IdleConnection, IdlePool};

/// A machine a request can hold on to, also after it was retired.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) machine: Machine,
    serial: u64,
    /// Requests that are still in flight at this machine must end now.
    cut: AtomicBool,
}

impl Upstream {
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
    }
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: ServiceName,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: ServiceSettings,
    slots: Vec<Slot>,
    next_serial: u64,
    turn: usize,
    pub(crate) pause: Option<Pause>,
    queue: VecDeque<oneshot::Sender<Lease>>,
    load: Load,
    counts: Counts,
    pub(crate) quiet: Vec<oneshot::Sender<()>>,
}

/// Requests in flight, and how many of them have become another protocol's connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) in_flight: usize,
    pub(crate) upgraded: usize,
}

#[derive(Debug)]
struct Slot {
    upstream: Arc<Upstream>,
    load: Load,
    counts: Counts,
    idle: IdlePool,
    /// Connecting failed last time; others are preferred until it works again.
    suspect: bool,
    /// Retired: takes nothing more, and this is told when the last request has ended.
    retired: Option<Option<oneshot::Sender<()>>>,
}

/// Machines taken out of a service, and how to learn that the last request at each has ended.
#[derive(Debug)]
pub(crate) struct Retired {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) in_flight: usize,
    pub(crate) ended: oneshot::Receiver<()>,
}

/// What a request gets that asks for a machine.
#[derive(Debug)]
pub(crate) enum Admission {
    Granted(Lease),
    /// None now; one may come through the channel. Wait this long, then ask [`Service::patience`].
    Queued(oneshot::Receiver<Lease>, Duration),
    /// There is no machine, and none is waited for.
    Empty(Duration),
}

/// Why a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitReason {
    Paused,
    Full,
    Empty,
}

/// How much longer a request may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
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
                slots: Vec::new(),
                next_serial: 0,
                turn: 0,
                pause: None,
                queue: VecDeque::new(),
                load: Load::default(),
                counts: Counts::default(),
                quiet: Vec::new(),
            }),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a machine for a new request.
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
            return Admission::Empty(patience.retry_after);
        }
        state.queue.retain(|waiting| !waiting.is_closed());
        let (sender, receiver) = oneshot::channel();
        state.queue.push_back(sender);
        Admission::Queued(receiver, patience.total)
    }

    /// How long a request may wait in all, as things stand.
    pub(crate) fn patience(&self) -> Patience {
        self.lock().patience()
    }

    /// Moves a request that reached none of the machines `tried` to another one.
    pub(crate) fn reassign(self: &Arc<Self>, failed: Lease, tried: &[u64]) -> Option<Lease> {
        let lease = self.lock().grant(self, tried);
        drop(failed);
        lease
    }

    /// Gives waiting requests their machines, as far as there are any.
    pub(crate) fn serve_queue(self: &Arc<Self>) {
        let mut undelivered = Vec::new();
        {
            let mut state = self.lock();
            while state.pause.is_none()
                && !state.queue.is_empty()
                && let Some(lease) = state.grant(self, &[])
            {
                let Some(waiting) = state.queue.pop_front() else {
                    break;
                };
                if let Err(lease) = waiting.send(lease) {
                    undelivered.push(lease.release_under(&mut state));
                }
            }
        }
        drop(undelivered);
    }

    /// Counts an answer of the front door's own.
    pub(crate) fn count_page(&self) {
        self.lock().counts.pages += 1;
    }

    pub(crate) fn stats(&self) -> ServiceStats {
        let mut state = self.lock();
        state.queue.retain(|waiting| !waiting.is_closed());
        ServiceStats {
            name: self.name.clone(),
            paused: state.pause.is_some(),
            waiting: state.queue.len(),
            in_flight: state.load.in_flight - state.load.upgraded,
            upgraded: state.load.upgraded,
            counts: state.counts,
            machines: state.slots.iter().map(Slot::stats).collect(),
        }
    }

    /// Takes idle connections to machines out that no longer live or were not used for `older_than`.
    pub(crate) fn take_stale(&self, now: u64, older_than: Duration) -> Vec<IdleConnection> {
        let mut state = self.lock();
        let mut stale = Vec::new();
        for slot in &mut state.slots {
            slot.idle.take_stale(now, older_than, &mut stale);
        }
        stale
    }
}

impl State {
    fn slot(&mut self, serial: u64) -> Option<&mut Slot> {
        self.slots
            .iter_mut()
            .find(|slot| slot.upstream.serial == serial)
    }

    fn serving(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.retired.is_none())
    }

    fn patience(&self) -> Patience {
        let (total, reason) = if let Some(pause) = &self.pause {
            (pause.max_wait, WaitReason::Paused)
        } else if self.serving().next().is_none() {
            (self.settings.empty_grace, WaitReason::Empty)
        } else {
            (self.settings.queue_timeout, WaitReason::Full)
        };
        Patience {
            total,
            reason,
            retry_after: self.settings.retry_after,
        }
    }

    /// Counts one more request at the machine that is to take it, if there is one.
    fn grant(&mut self, service: &Arc<Service>, tried: &[u64]) -> Option<Lease> {
        let index = self.choose(tried)?;
        self.turn = index + 1;
        self.load.in_flight += 1;
        let slot = &mut self.slots[index];
        slot.load.in_flight += 1;
        Some(Lease {
            upstream: slot.upstream.clone(),
            service: Some(service.clone()),
            upgraded: false,
        })
    }

    /// The least loaded machine; among equals the next in turn. One whose last connection failed, or that is at its
    /// soft limit, comes after all others; one at its hard limit is not chosen.
    fn choose(&self, tried: &[u64]) -> Option<usize> {
        let limits = self.settings.concurrency;
        let count = self.slots.len();
        (0..count)
            .map(|offset| (self.turn + offset) % count)
            .filter(|index| {
                let slot = &self.slots[*index];
                slot.retired.is_none()
                    && !is_at(slot.load.in_flight, limits.hard_limit)
                    && !tried.contains(&slot.upstream.serial)
            })
            .min_by_key(|index| {
                let slot = &self.slots[*index];
                (
                    slot.suspect,
                    is_at(slot.load.in_flight, limits.soft_limit),
                    slot.load.in_flight,
                )
            })
    }

    /// The serving machine of this name.
    pub(crate) fn find(&self, id: &MachineId) -> Option<&Machine> {
        self.serving()
            .map(|slot| &slot.upstream.machine)
            .find(|machine| machine.id == *id)
    }

    pub(crate) fn machines(&self) -> Vec<Machine> {
        self.serving()
            .map(|slot| slot.upstream.machine.clone())
            .collect()
    }

    pub(crate) fn load(&self) -> Load {
        self.load
    }

    /// Lets a machine take requests.
    pub(crate) fn add(&mut self, machine: Machine, workers: usize) {
        self.next_serial += 1;
        self.slots.push(Slot {
            upstream: Arc::new(Upstream {
                machine,
                serial: self.next_serial,
                cut: AtomicBool::new(false),
            }),
            load: Load::default(),
            counts: Counts::default(),
            idle: IdlePool::new(workers),
            suspect: false,
            retired: None,
        });
    }

    /// Lets the machine of this name take no more requests. Its unused connections are handed out to be closed.
    pub(crate) fn retire(
        &mut self,
        id: &MachineId,
        unused: &mut Vec<IdleConnection>,
    ) -> Option<Retired> {
        let index = self
            .slots
            .iter()
            .position(|slot| slot.retired.is_none() && slot.upstream.machine.id == *id)?;
        let slot = &mut self.slots[index];
        slot.idle.take_all(unused);
        let (sender, ended) = oneshot::channel();
        let retired = Retired {
            upstream: slot.upstream.clone(),
            in_flight: slot.load.in_flight,
            ended,
        };
        if retired.in_flight == 0 {
            self.slots.remove(index);
        } else {
            slot.retired = Some(Some(sender));
        }
        Some(retired)
    }

    /// Requests still in flight at a machine.
    pub(crate) fn in_flight_at(&mut self, upstream: &Upstream) -> usize {
        self.slot(upstream.serial)
            .map_or(0, |slot| slot.load.in_flight)
    }

    /// Takes one request off the counts, and tells those who wait for that.
    fn release(&mut self, serial: u64, upgraded: bool) {
        self.load.in_flight -= 1;
        self.load.upgraded -= usize::from(upgraded);
        if self.load.in_flight == self.load.upgraded {
            for waiting in self.quiet.drain(..) {
                let _ = waiting.send(());
            }
        }
        let Some(index) = self
            .slots
            .iter()
            .position(|slot| slot.upstream.serial == serial)
        else {
            return;
        };
        let slot = &mut self.slots[index];
        slot.load.in_flight -= 1;
        slot.load.upgraded -= usize::from(upgraded);
        if slot.load.in_flight == 0
            && let Some(ended) = &mut slot.retired
        {
            if let Some(ended) = ended.take() {
                let _ = ended.send(());
            }
            self.slots.remove(index);
        }
    }
}

impl Slot {
    fn stats(&self) -> MachineStats {
        MachineStats {
            machine: self.upstream.machine.clone(),
            draining: self.retired.is_some(),
            in_flight: self.load.in_flight - self.load.upgraded,
            upgraded: self.load.upgraded,
            idle_connections: self.idle.len(),
            counts: self.counts,
        }
    }
}

/// What a machine has in store for a request that needs a connection.
#[derive(Debug)]
pub(crate) enum Unused {
    /// One that was in use not long ago.
    Use(TcpStream),
    /// None; a new one has to be opened after this one, if there is one, is closed.
    Close(Option<IdleConnection>),
}

impl Concurrency {
    /// More connections are open to a machine than may be.
    fn is_exceeded_by(self, open: usize) -> bool {
        self.unit == ConcurrencyUnit::Connections && is_at(open.saturating_sub(1), self.hard_limit)
    }
}

/// A load has reached a limit.
fn is_at(load: usize, limit: Option<u32>) -> bool {
    limit.is_some_and(|limit| load >= usize::try_from(limit).unwrap_or(usize::MAX))
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
    pub(crate) fn serial(&self) -> u64 {
        self.upstream.serial
    }

    fn with_slot<R>(
        &self,
        act: impl FnOnce(&mut Slot, &mut Counts, Concurrency) -> R,
    ) -> Option<R> {
        let mut state = self.service.as_ref()?.lock();
        let state = &mut *state;
        let serial = self.upstream.serial;
        let slot = state
            .slots
            .iter_mut()
            .find(|slot| slot.upstream.serial == serial)?;
        Some(act(slot, &mut state.counts, state.settings.concurrency))
    }

    /// An unused connection to the machine. When the worker has none that was used less than `max_age` ago, one may be
    /// handed out to be closed: opening one more must not exceed a limit on connections.
    pub(crate) fn take_idle(&self, worker: usize, now: u64, max_age: Duration) -> Unused {
        self.with_slot(|slot, _, limits| match slot.idle.take(worker) {
            Some(idle) if idle.age(now) <= max_age => Unused::Use(idle.stream),
            Some(idle) => Unused::Close(Some(idle)),
            None if limits.is_exceeded_by(slot.load.in_flight + slot.idle.len()) => {
                Unused::Close(slot.idle.take_any())
            }
            None => Unused::Close(None),
        })
        .unwrap_or(Unused::Close(None))
    }

    /// The machine could not be connected to.
    pub(crate) fn unreachable(&self) {
        self.with_slot(|slot, counts, _| {
            slot.suspect = true;
            slot.counts.connect_errors += 1;
            counts.connect_errors += 1;
        });
    }

    /// The machine accepted a connection.
    pub(crate) fn reached(&self) {
        self.with_slot(|slot, _, _| slot.suspect = false);
    }

    /// The response has become another protocol's connection.
    pub(crate) fn upgrade(&mut self) {
        self.upgraded = true;
        let Some(service) = &self.service else {
            return;
        };
        let mut state = service.lock();
        state.load.upgraded += 1;
        state.counts.responses[1] += 1;
        state.counts.upgrades += 1;
        if let Some(slot) = state.slot(self.upstream.serial) {
            slot.load.upgraded += 1;
            slot.counts.responses[1] += 1;
            slot.counts.upgrades += 1;
        }
        if state.load.in_flight == state.load.upgraded {
            for waiting in state.quiet.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    /// The request has ended with a whole response; its connection may be used again.
    pub(crate) fn finish(mut self, status: u16, reusable: Option<IdleConnection>, max_idle: usize) {
        let Some(service) = self.service.take() else {
            return;
        };
        let mut excess = reusable;
        let waiting = {
            let mut state = service.lock();
            let limits = state.settings.concurrency;
            let class = usize::from(status / 100).min(5);
            state.counts.responses[class] += 1;
            if let Some(slot) = state.slot(self.upstream.serial) {
                slot.counts.responses[class] += 1;
                let open = slot.load.in_flight - 1 + slot.idle.len();
                let full = limits.unit == ConcurrencyUnit::Connections
                    && limits
                        .hard_limit
                        .is_some_and(|limit| open >= limit as usize);
                if slot.retired.is_none()
                    && !full
                    && let Some(idle) = excess.take()
                {
                    excess = slot.idle.put(idle, max_idle);
                }
            }
            state.release(self.upstream.serial, self.upgraded);
            !state.queue.is_empty()
        };
        drop(excess);
        if waiting {
            service.serve_queue();
        }
    }

    /// The request has failed at this machine.
    pub(crate) fn failed(&self) {
        self.with_slot(|slot, counts, _| {
            slot.counts.failures += 1;
            counts.failures += 1;
        });
    }

    /// Takes the request off the counts while the service's lock is held.
    fn release_under(mut self, state: &mut State) -> Arc<Upstream> {
        if self.service.take().is_some() {
            state.release(self.upstream.serial, self.upgraded);
        }
        self.upstream.clone()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(service) = self.service.take() {
            let waiting = {
                let mut state = service.lock();
                state.release(self.upstream.serial, self.upgraded);
                !state.queue.is_empty()
            };
            if waiting {
                service.serve_queue();
            }
        }
    }
}

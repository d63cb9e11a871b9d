//! The machines of a service: which of them takes the next request, and what each has in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::name::{Machine, MachineId};
use crate::settings::{Concurrency, ConcurrencyUnit};
use crate::stats::{Counts, MachineStats};
use crate::upstream::{IdleConnection, IdlePool};

/// A machine a request can hold on to, also after it was retired.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) machine: Machine,
    /// Tells machines of one name apart that come one after the other.
    pub(crate) serial: u64,
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

/// Requests in flight, and how many of them have become another protocol's connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) in_flight: usize,
    pub(crate) upgraded: usize,
}

impl Load {
    /// Requests in flight that are still requests.
    pub(crate) fn requests(self) -> usize {
        self.in_flight - self.upgraded
    }

    fn release(&mut self, upgraded: bool) {
        self.in_flight -= 1;
        self.upgraded -= usize::from(upgraded);
    }
}

/// What is known of one machine.
#[derive(Debug)]
pub(crate) struct Slot {
    upstream: Arc<Upstream>,
    pub(crate) load: Load,
    pub(crate) counts: Counts,
    pub(crate) idle: IdlePool,
    /// Connecting failed last time; others are preferred until it works again.
    pub(crate) suspect: bool,
    duty: Duty,
}

#[derive(Debug)]
enum Duty {
    Serving,
    /// Takes nothing more; this is told when its last request has ended.
    Retired(oneshot::Sender<()>),
}

impl Slot {
    fn is_serving(&self) -> bool {
        matches!(self.duty, Duty::Serving)
    }

    /// Connections open to the machine.
    pub(crate) fn connections(&self) -> usize {
        self.load.in_flight + self.idle.len()
    }

    /// Keeps a connection for later if that is allowed; otherwise gives it back, to be closed. The request that used
    /// it is still counted.
    pub(crate) fn keep(
        &mut self,
        idle: IdleConnection,
        limits: Concurrency,
        max_idle: usize,
    ) -> Option<IdleConnection> {
        if !self.is_serving() || limits.is_exceeded_by(self.connections()) {
            return Some(idle);
        }
        self.idle.put(idle, max_idle)
    }

    fn stats(&self) -> MachineStats {
        MachineStats {
            machine: self.upstream.machine.clone(),
            draining: !self.is_serving(),
            in_flight: self.load.requests(),
            upgraded: self.load.upgraded,
            idle_connections: self.idle.len(),
            counts: self.counts,
        }
    }
}

/// A machine taken out of a service, and how to learn that its last request has ended.
#[derive(Debug)]
pub(crate) struct Retired {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) in_flight: usize,
    pub(crate) ended: oneshot::Receiver<()>,
}

#[derive(Debug, Default)]
pub(crate) struct Roster {
    slots: Vec<Slot>,
    next_serial: u64,
    turn: usize,
    load: Load,
    pub(crate) counts: Counts,
}

impl Roster {
    pub(crate) fn slot(&mut self, serial: u64) -> Option<(&mut Slot, &mut Counts)> {
        let slot = self
            .slots
            .iter_mut()
            .find(|slot| slot.upstream.serial == serial)?;
        Some((slot, &mut self.counts))
    }

    fn serving(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.is_serving())
    }

    pub(crate) fn has_machines(&self) -> bool {
        self.serving().next().is_some()
    }

    /// The serving machine of this name.
    pub(crate) fn find(&self, id: &MachineId) -> Option<&Machine> {
        self.serving()
            .map(|slot| &slot.upstream.machine)
            .find(|machine| machine.id == *id)
    }

    /// The machines that serve.
    pub(crate) fn machines(&self) -> Vec<Machine> {
        self.serving()
            .map(|slot| slot.upstream.machine.clone())
            .collect()
    }

    pub(crate) fn load(&self) -> Load {
        self.load
    }

    pub(crate) fn stats(&self) -> Vec<MachineStats> {
        self.slots.iter().map(Slot::stats).collect()
    }

    /// Counts one more request at the machine that is to take it, if there is one besides those `tried`.
    pub(crate) fn grant(&mut self, limits: Concurrency, tried: &[u64]) -> Option<Arc<Upstream>> {
        let index = self.choose(limits, tried)?;
        self.turn = index + 1;
        self.load.in_flight += 1;
        let slot = &mut self.slots[index];
        slot.load.in_flight += 1;
        Some(slot.upstream.clone())
    }

    /// The least loaded machine; among equals the next in turn. One whose last connection failed, or that is at its
    /// soft limit, comes after all others; one at its hard limit is not chosen.
    fn choose(&self, limits: Concurrency, tried: &[u64]) -> Option<usize> {
        let count = self.slots.len();
        (0..count)
            .map(|offset| (self.turn + offset) % count)
            .filter(|index| {
                let slot = &self.slots[*index];
                slot.is_serving()
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
            duty: Duty::Serving,
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
            .position(|slot| slot.is_serving() && slot.upstream.machine.id == *id)?;
        let slot = &mut self.slots[index];
        slot.idle.take_all(unused);
        let (sender, ended) = oneshot::channel();
        let retired = Retired {
            upstream: slot.upstream.clone(),
            in_flight: slot.load.in_flight,
            ended,
        };
        slot.duty = Duty::Retired(sender);
        self.remove_if_drained(index);
        Some(retired)
    }

    /// Requests still in flight at a machine.
    pub(crate) fn in_flight_at(&mut self, upstream: &Upstream) -> usize {
        self.slot(upstream.serial)
            .map_or(0, |(slot, _)| slot.load.in_flight)
    }

    /// A request has become another protocol's connection.
    pub(crate) fn upgrade(&mut self, serial: u64) {
        self.load.upgraded += 1;
        if let Some((slot, _)) = self.slot(serial) {
            slot.load.upgraded += 1;
        }
    }

    /// Takes one request off the counts.
    pub(crate) fn release(&mut self, serial: u64, upgraded: bool) {
        self.load.release(upgraded);
        let of_serial = |slot: &Slot| slot.upstream.serial == serial;
        if let Some(index) = self.slots.iter().position(of_serial) {
            self.slots[index].load.release(upgraded);
            self.remove_if_drained(index);
        }
    }

    fn remove_if_drained(&mut self, index: usize) {
        let slot = &self.slots[index];
        if !slot.is_serving()
            && slot.load.in_flight == 0
            && let Duty::Retired(ended) = self.slots.remove(index).duty
        {
            // Nobody listens any more if the front door is about to end.
            let _ = ended.send(());
        }
    }

    /// Takes unused connections out that no longer live or were not used for `older_than`.
    pub(crate) fn take_stale(&mut self, now: u64, older_than: Duration) -> Vec<IdleConnection> {
        let mut stale = Vec::new();
        for slot in &mut self.slots {
            slot.idle.take_stale(now, older_than, &mut stale);
        }
        stale
    }
}

impl Concurrency {
    /// More connections are open to a machine than may be.
    pub(crate) fn is_exceeded_by(self, connections: usize) -> bool {
        self.unit == ConcurrencyUnit::Connections
            && is_at(connections.saturating_sub(1), self.hard_limit)
    }
}

/// A load has reached a limit.
fn is_at(load: usize, limit: Option<u32>) -> bool {
    limit.is_some_and(|limit| load >= usize::try_from(limit).unwrap_or(usize::MAX))
}

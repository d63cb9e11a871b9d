//! Workers: the threads that move bytes, each with an event loop of its own.
//!
//! A connection lives on one worker from beginning to end. Its timeouts cost nothing while bytes flow: it only writes
//! down, as a number, until when it is willing to wait, and the worker looks through these numbers twenty times a
//! second and wakes whoever has waited too long. The same list is used to wake everybody when machines are cut off or
//! the front door closes.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;

/// How exact timeouts are.
const TICK: Duration = Duration::from_millis(50);

/// How often a worker without connections looks around.
const REST: Duration = Duration::from_secs(1);

/// No timeout.
const NEVER: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) runtime: Handle,
    start: Instant,
    now: AtomicU64,
    open: AtomicUsize,
    arrivals: Notify,
    entries: Mutex<Entries>,
    id_seed: u64,
    ids: AtomicU64,
}

#[derive(Debug, Default)]
struct Entries {
    slots: Vec<Option<Arc<Entry>>>,
    free: Vec<usize>,
}

/// What a worker knows of one of its connections.
#[derive(Debug)]
pub(crate) struct Entry {
    waker: OnceLock<Waker>,
    deadline: AtomicU64,
}

impl Worker {
    pub(crate) fn new(index: usize, runtime: Handle, start: Instant, id_seed: u64) -> Self {
        Self {
            index,
            runtime,
            start,
            now: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            arrivals: Notify::new(),
            entries: Mutex::default(),
            id_seed,
            ids: AtomicU64::new(0),
        }
    }

    /// Milliseconds since the front door started, as of the last tick.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn tick(&self) -> u64 {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(NEVER);
        self.now.store(now, Ordering::Relaxed);
        now
    }

    /// Connections it has.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection that is about to be spawned here.
    pub(crate) fn register(self: &Arc<Self>) -> Registration {
        if self.open.fetch_add(1, Ordering::Relaxed) == 0 {
            self.tick();
            self.arrivals.notify_one();
        }
        let entry = Arc::new(Entry {
            waker: OnceLock::new(),
            deadline: AtomicU64::new(NEVER),
        });
        let mut entries = self.entries();
        let key = if let Some(key) = entries.free.pop() {
            entries.slots[key] = Some(entry.clone());
            key
        } else {
            entries.slots.push(Some(entry.clone()));
            entries.slots.len() - 1
        };
        drop(entries);
        Registration {
            worker: self.clone(),
            key,
            entry,
        }
    }

    /// Lets every connection look at what has changed.
    pub(crate) fn wake_all(&self) {
        for entry in self.entries().slots.iter().flatten() {
            entry.wake();
        }
    }

    fn wake_due(&self, now: u64) {
        for entry in self.entries().slots.iter().flatten() {
            if entry.deadline.load(Ordering::Relaxed) <= now {
                entry.wake();
            }
        }
    }

    /// Keeps the clock and wakes the connections that have waited too long; never ends.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        loop {
            if self.open() == 0 {
                let _ = tokio::time::timeout(REST, self.arrivals.notified()).await;
            } else {
                tokio::time::sleep(TICK).await;
            }
            let now = self.tick();
            self.wake_due(now);
        }
    }

    /// 32 hexadecimal digits that no other request has.
    pub(crate) fn request_id(&self) -> [u8; 32] {
        let count = self.ids.fetch_add(1, Ordering::Relaxed);
        let halves = [
            mix(self.id_seed ^ count),
            mix(self.id_seed.rotate_left(32).wrapping_add(count)),
        ];
        let mut id = [0; 32];
        for (index, digit) in id.iter_mut().enumerate() {
            let nibble = halves[index / 16] >> (60 - index % 16 * 4) & 0xf;
            *digit = b"0123456789abcdef"[nibble as usize];
        }
        id
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): different inputs give different, evenly spread outputs.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

impl Entry {
    fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }
}

/// A connection's place in its worker's list.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) worker: Arc<Worker>,
    key: usize,
    entry: Arc<Entry>,
}

impl Registration {
    /// Names the task to wake; asked for once, when it starts.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        self.entry.waker.get_or_init(|| waker.clone());
    }

    /// From now on the connection waits this long at most.
    pub(crate) fn wait_at_most(&self, duration: Duration) {
        let millis = u64::try_from((duration + TICK).as_millis()).unwrap_or(NEVER);
        self.wait_until(self.worker.now().saturating_add(millis));
    }

    pub(crate) fn wait_until(&self, deadline: u64) {
        self.entry.deadline.store(deadline, Ordering::Relaxed);
    }

    pub(crate) fn wait_forever(&self) {
        self.wait_until(NEVER);
    }

    pub(crate) fn deadline(&self) -> u64 {
        self.entry.deadline.load(Ordering::Relaxed)
    }

    /// It has waited too long.
    pub(crate) fn is_expired(&self) -> bool {
        self.worker.now() >= self.deadline()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut entries = self.worker.entries();
        entries.slots[self.key] = None;
        entries.free.push(self.key);
        drop(entries);
        self.worker.open.fetch_sub(1, Ordering::Relaxed);
    }
}

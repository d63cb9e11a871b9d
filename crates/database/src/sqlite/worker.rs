//! The thread a connection lives on.
//!
//! SQLite blocks: each session has one thread, and calls go to it one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::error;
use crate::{ErrorKind, OpenError, StatementError};

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// A thread with a connection.
pub(super) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    calls: u64,
    state: Arc<State>,
    interrupt: Arc<InterruptHandle>,
}

/// Which call runs and whether it shall stop.
#[derive(Default)]
pub(super) struct State {
    /// Number of the running call; 0: none.
    running: AtomicU64,
    /// Number of the call that was last asked to stop.
    cancelled: AtomicU64,
    in_transaction: AtomicBool,
}

impl State {
    /// Whether the running call was asked to stop.
    pub(super) fn is_cancelled(&self) -> bool {
        let running = self.running.load(Ordering::SeqCst);
        running != 0 && self.cancelled.load(Ordering::SeqCst) == running
    }
}

/// Stops the running call of a worker.
#[derive(Clone)]
pub(super) struct Stopper {
    state: Arc<State>,
    interrupt: Arc<InterruptHandle>,
}

impl Stopper {
    pub(super) fn stop(&self) {
        let running = self.state.running.load(Ordering::SeqCst);
        if running != 0 {
            self.state.cancelled.store(running, Ordering::SeqCst);
            self.interrupt.interrupt();
        }
    }
}

/// Stops the call if it is dropped before the answer came.
struct StopOnDrop(Option<Stopper>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(stopper) = &self.0 {
            stopper.stop();
        }
    }
}

impl Worker {
    /// Starts a thread that opens its connection by `open`.
    pub(super) async fn start(
        open: impl FnOnce(Arc<State>) -> Result<Connection, OpenError> + Send + 'static,
    ) -> Result<Self, OpenError> {
        let state = Arc::new(State::default());
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (opened, answer) = oneshot::channel();
        let of_thread = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(move || {
                let connection = match open(Arc::clone(&of_thread)) {
                    Ok(connection) => connection,
                    Err(error) => {
                        let _ = opened.send(Err(error));
                        return;
                    }
                };
                if opened.send(Ok(connection.get_interrupt_handle())).is_err() {
                    return;
                }
                for job in inbox {
                    job(&connection);
                }
            })
            .map_err(|error| OpenError::Other {
                target: "a session".to_owned(),
                message: error.to_string(),
            })?;
        let interrupt = answer.await.unwrap_or_else(|_| {
            Err(OpenError::Other {
                target: "a session".to_owned(),
                message: "its thread ended".to_owned(),
            })
        })?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            calls: 0,
            state,
            interrupt: Arc::new(interrupt),
        })
    }

    /// Runs `work` on the thread. Dropping the future stops it.
    pub(super) async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StatementError> + Send + 'static,
    ) -> Result<T, StatementError> {
        self.calls += 1;
        let number = self.calls;
        let state = Arc::clone(&self.state);
        let (reply, answer) = oneshot::channel();
        // From here on the call counts as running, so that a stop that comes
        // before the thread has begun is not lost.
        state.running.store(number, Ordering::SeqCst);
        let job: Job = Box::new(move |connection| {
            let result = if state.is_cancelled() {
                Err(error::cancelled())
            } else {
                work(connection)
            };
            let was_cancelled = state.is_cancelled();
            state.running.store(0, Ordering::SeqCst);
            state
                .in_transaction
                .store(!connection.is_autocommit(), Ordering::SeqCst);
            let _ = reply.send(match result {
                // A wait for a lock that was broken off ends as "busy".
                Err(error) if was_cancelled && error.kind == ErrorKind::Locked => {
                    Err(error::cancelled())
                }
                other => other,
            });
        });
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        if !sent {
            return Err(error::lost());
        }
        let mut guard = StopOnDrop(Some(self.stopper()));
        let result = answer.await.unwrap_or_else(|_| Err(error::lost()));
        guard.0 = None;
        result
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.state.in_transaction.load(Ordering::SeqCst)
    }

    pub(super) fn stopper(&self) -> Stopper {
        Stopper {
            state: Arc::clone(&self.state),
            interrupt: Arc::clone(&self.interrupt),
        }
    }
}

impl Drop for Worker {
    /// Stops what runs and waits until the connection is closed, so that the
    /// file is free afterwards.
    fn drop(&mut self) {
        self.jobs = None;
        self.stopper().stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

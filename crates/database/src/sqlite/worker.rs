//! The thread a connection lives on.
//!
//! SQLite blocks: each session has one thread, and calls go to it one by one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
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
    state: Arc<State>,
    interrupt: Arc<InterruptHandle>,
}

/// One call, which may be asked to stop. Calls are told apart, so that to
/// stop one never stops the next.
#[derive(Clone, Default)]
struct Call(Arc<AtomicBool>);

impl Call {
    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What the thread and its callers share.
#[derive(Default)]
pub(super) struct State {
    /// The call the thread works on.
    running: Mutex<Option<Call>>,
    /// The call that was made last, begun or not.
    latest: Mutex<Option<Call>>,
    in_transaction: AtomicBool,
}

impl State {
    /// Whether the running call was asked to stop.
    pub(super) fn is_cancelled(&self) -> bool {
        lock(&self.running).as_ref().is_some_and(Call::is_cancelled)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops calls of a worker.
#[derive(Clone)]
pub(super) struct Stopper {
    state: Arc<State>,
    interrupt: Arc<InterruptHandle>,
}

impl Stopper {
    /// Stops the call that was made last, if it has not ended.
    pub(super) fn stop(&self) {
        let latest = lock(&self.state.latest).clone();
        if let Some(call) = latest {
            self.stop_call(&call);
        }
    }

    /// Whether the running call was asked to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.state.is_cancelled()
    }

    fn stop_call(&self, call: &Call) {
        call.0.store(true, Ordering::SeqCst);
        // While this is locked the thread cannot go on to another call.
        let running = lock(&self.state.running);
        if running
            .as_ref()
            .is_some_and(|running| Arc::ptr_eq(&running.0, &call.0))
        {
            self.interrupt.interrupt();
        }
    }
}

/// Stops the call if it is dropped before the answer came.
struct StopOnDrop {
    stopper: Stopper,
    call: Option<Call>,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(call) = &self.call {
            self.stopper.stop_call(call);
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
            state,
            interrupt: Arc::new(interrupt),
        })
    }

    /// Runs `work` on the thread. Dropping the future stops it.
    pub(super) async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StatementError> + Send + 'static,
    ) -> Result<T, StatementError> {
        let call = Call::default();
        *lock(&self.state.latest) = Some(call.clone());
        let mut guard = StopOnDrop {
            stopper: self.stopper(),
            call: Some(call.clone()),
        };
        let state = Arc::clone(&self.state);
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            *lock(&state.running) = Some(call.clone());
            let result = if call.is_cancelled() {
                Err(error::cancelled())
            } else {
                work(connection)
            };
            *lock(&state.running) = None;
            state
                .in_transaction
                .store(!connection.is_autocommit(), Ordering::SeqCst);
            let _ = reply.send(match result {
                // A wait for a lock that was broken off ends as "busy".
                Err(error) if call.is_cancelled() && error.kind == ErrorKind::Locked => {
                    Err(error::cancelled())
                }
                other => other,
            });
        });
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        let result = if sent {
            answer.await.unwrap_or_else(|_| Err(error::lost()))
        } else {
            Err(error::lost())
        };
        guard.call = None;
        result
    }

    /// Does a last thing with the connection before it is closed. What is open
    /// then is rolled back before it.
    pub(super) fn end(&self, last: impl FnOnce(&Connection) + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            let job: Job = Box::new(move |connection| {
                if !connection.is_autocommit() {
                    let _ = connection.execute_batch("ROLLBACK");
                }
                last(connection);
            });
            // A thread that has ended has no connection.
            let _ = jobs.send(job);
        }
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

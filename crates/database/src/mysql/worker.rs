//! The task that owns a connection, and what stops its statement.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use shipgate_sql::SplitOptions;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::error;
use super::link::Link;
use crate::StatementError;

/// How long the second connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);

/// What is done with a connection, to its end.
pub(super) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, StatementError>> + Send + 'a>>;

type Job =
    Box<dyn for<'a> FnOnce(&'a mut Link) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> + Send>;

/// A connection on a task of its own.
pub(super) struct Worker {
    jobs: Option<mpsc::UnboundedSender<Job>>,
    task: Option<JoinHandle<()>>,
    stopper: Stopper,
}

/// Stops what a worker is running.
#[derive(Clone)]
pub(super) struct Stopper {
    shared: Arc<Shared>,
    runtime: Handle,
}

struct Shared {
    /// The connection's number on the server.
    id: u32,
    /// How a second connection is made.
    options: Opts,
    /// The statement that runs now. Locked while one is killed, so that the
    /// kill cannot hit the next.
    running: AsyncMutex<Option<Call>>,
    /// The call that was asked for last, whether it runs yet or not.
    latest: Mutex<Option<Call>>,
    in_transaction: AtomicBool,
    split: Mutex<SplitOptions>,
}

/// One call, and whether it is to stop.
#[derive(Clone, Default)]
struct Call(Arc<CallState>);

#[derive(Default)]
struct CallState {
    stop: AtomicBool,
    /// A kill was sent for it.
    killed: AtomicBool,
    done: AtomicBool,
}

impl Call {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What ends with a kill.
#[derive(Clone, Copy)]
enum Kill {
    Query,
    Connection,
}

impl Worker {
    /// Puts a connection, made with `options`, on a task.
    pub(super) fn start(link: Link, options: Opts) -> Self {
        let shared = Arc::new(Shared {
            id: link.id(),
            options,
            running: AsyncMutex::default(),
            latest: Mutex::default(),
            in_transaction: AtomicBool::new(link.in_transaction()),
            split: Mutex::new(link.split_options()),
        });
        let (jobs, inbox) = mpsc::unbounded_channel();
        let runtime = Handle::current();
        let task = runtime.spawn(serve(link, inbox));
        Self {
            jobs: Some(jobs),
            task: Some(task),
            stopper: Stopper { shared, runtime },
        }
    }

    /// Runs `work` on the task. Dropping the future stops the statement.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(&'a mut Link) -> Work<'a, T> + Send + 'static,
    ) -> Result<T, StatementError> {
        let call = Call::default();
        *lock(&self.stopper.shared.latest) = Some(call.clone());
        let guard = StopOnDrop {
            stopper: &self.stopper,
            call: call.clone(),
        };
        let shared = Arc::clone(&self.stopper.shared);
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |link| {
            Box::pin(async move {
                let result = run(&shared, &call, link, work).await;
                call.0.done.store(true, Ordering::SeqCst);
                let _ = reply.send(result);
            })
        });
        let is_sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        let result = if is_sent {
            answer.await.unwrap_or_else(|_| Err(ended()))
        } else {
            Err(ended())
        };
        guard.call.0.done.store(true, Ordering::SeqCst);
        result
    }

    /// The connection's number on the server.
    pub(super) fn connection(&self) -> u32 {
        self.stopper.shared.id
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.stopper.shared.in_transaction.load(Ordering::SeqCst)
    }

    pub(super) fn split_options(&self) -> SplitOptions {
        *lock(&self.stopper.shared.split)
    }

    pub(super) fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Ends the connection, and what still runs on it.
    pub(super) async fn close(mut self) {
        self.jobs = None;
        self.stopper.stop(Kill::Connection).await;
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Worker {
    /// An idle connection ends with its task; one that runs a statement is killed.
    fn drop(&mut self) {
        self.jobs = None;
        if self.task.as_ref().is_some_and(|task| !task.is_finished()) {
            let stopper = self.stopper.clone();
            let runtime = self.stopper.runtime.clone();
            runtime.spawn(async move { stopper.stop(Kill::Connection).await });
        }
    }
}

async fn serve(mut link: Link, mut inbox: mpsc::UnboundedReceiver<Job>) {
    while let Some(job) = inbox.recv().await {
        job(&mut link).await;
    }
    link.disconnect().await;
}

async fn run<T>(
    shared: &Shared,
    call: &Call,
    link: &mut Link,
    work: impl for<'a> FnOnce(&'a mut Link) -> Work<'a, T>,
) -> Result<T, StatementError> {
    *shared.running.lock().await = Some(call.clone());
    let result = if call.0.stop.load(Ordering::SeqCst) {
        Err(error::cancelled())
    } else {
        work(link).await
    };
    // Waits for a kill that is under way.
    *shared.running.lock().await = None;
    if call.0.killed.load(Ordering::SeqCst) {
        link.absorb_kill().await;
    }
    shared
        .in_transaction
        .store(link.in_transaction(), Ordering::SeqCst);
    *lock(&shared.split) = link.split_options();
    result
}

impl Stopper {
    /// Stops the statement that runs or waits to run now.
    pub(super) async fn cancel(&self) {
        self.stop(Kill::Query).await;
    }

    async fn stop(&self, kill: Kill) {
        let call = lock(&self.shared.latest).clone();
        if let Some(call) = call {
            self.stop_call(&call, kill).await;
        }
    }

    /// Kills `call` from a second connection; tries until it has ended.
    async fn stop_call(&self, call: &Call, kill: Kill) {
        call.0.stop.store(true, Ordering::SeqCst);
        let mut pause = Duration::from_millis(20);
        while !call.0.done.load(Ordering::SeqCst) {
            if self.kill_once(call, kill).await.is_ok() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    async fn kill_once(&self, call: &Call, kill: Kill) -> Result<(), mysql_async::Error> {
        let connecting = Conn::new(self.shared.options.clone());
        let mut second = tokio::time::timeout(CONNECTING, connecting)
            .await
            .map_err(std::io::Error::from)??;
        let running = self.shared.running.lock().await;
        let runs = running.as_ref().is_some_and(|running| running.is(call));
        let killed = if runs {
            let what = match kill {
                Kill::Query => "QUERY",
                Kill::Connection => "CONNECTION",
            };
            let killed = second
                .query_drop(format!("KILL {what} {}", self.shared.id))
                .await;
            call.0.killed.store(true, Ordering::SeqCst);
            killed
        } else {
            Ok(())
        };
        drop(running);
        let _ = second.disconnect().await;
        killed
    }
}

/// Stops the call if it is dropped before the answer came.
struct StopOnDrop<'a> {
    stopper: &'a Stopper,
    call: Call,
}

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        if self.call.0.done.load(Ordering::SeqCst) {
            return;
        }
        self.call.0.stop.store(true, Ordering::SeqCst);
        let stopper = self.stopper.clone();
        let call = self.call.clone();
        self.stopper
            .runtime
            .spawn(async move { stopper.stop_call(&call, Kill::Query).await });
    }
}

fn ended() -> StatementError {
    error::lost("the session has ended")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Running one call on the session while listening for what may come meanwhile:
//! a stop from outside, and waits for other sessions.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{
    Answer, Answers, Batch, Call, Canceller, Clock, CopyRows, Database, Executed, LockError,
    LockEvent, LockRequest, MigrationLock, Session, StatementError, Value, Wait, WaitHook,
};
use shipgate_sql::Dialect;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use crate::apply::told::Told;
use crate::apply::{ApplyEvent, ApplySink, CancelToken};
use crate::history::{History, RowStatement, Snapshot};

/// How often whoever waits for the lock looks whether it is still needed: at
/// first soon, for most holders take moments, then less and less often.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(250);

/// How long is waited for a holder at most before the lock is asked for.
const ASIDE: Duration = Duration::from_millis(500);

/// How often what runs is told to stop.
const STOP_AGAIN: Duration = Duration::from_millis(100);

/// What became of the wish for the lock.
pub(super) enum Locked<T> {
    /// It is ours.
    Held(Box<dyn MigrationLock>),
    /// There is nothing left to do with it.
    NotNeeded(T),
    /// The run shall stop.
    Cancelled,
}

/// A call on a session that is under way.
type Running<'s, T> = Pin<Box<dyn Future<Output = T> + Send + 's>>;

/// A session with ears.
pub(super) struct Conductor<'r> {
    pub(super) session: Box<dyn Session>,
    pub(super) sink: &'r mut dyn ApplySink,
    pub(super) cancel: CancelToken,
    /// Which statements were told already.
    pub(super) told: Told,
    /// What was said to be strange about the history.
    warned: BTreeSet<String>,
    waits: UnboundedReceiver<Wait>,
    clock: Clock,
}

/// The two ends of the waits a session tells.
pub(super) fn wait_channel() -> (WaitHook, UnboundedReceiver<Wait>) {
    let (sender, receiver) = unbounded_channel();
    let hook = move |wait: &Wait| tell(&sender, wait);
    (Arc::new(hook), receiver)
}

/// A wait nobody listens to any more concerns nobody.
fn tell<T: Clone>(sender: &UnboundedSender<T>, value: &T) {
    let _ = sender.send(value.clone());
}

/// Tells of a wait for another session or for the server.
pub(super) fn tell_of_wait(sink: &mut dyn ApplySink, wait: &Wait) {
    sink.event(&ApplyEvent::WaitingForDatabase {
        reason: &wait.reason,
        limit: wait.limit,
    });
}

impl<'r> Conductor<'r> {
    pub(super) fn new(
        session: Box<dyn Session>,
        waits: UnboundedReceiver<Wait>,
        sink: &'r mut dyn ApplySink,
        cancel: CancelToken,
        clock: Clock,
    ) -> Self {
        Self {
            session,
            sink,
            cancel,
            told: Told::default(),
            warned: BTreeSet::new(),
            waits,
            clock,
        }
    }

    /// Goes on with another session.
    pub(super) fn take_over(&mut self, session: Box<dyn Session>, waits: UnboundedReceiver<Wait>) {
        self.session = session;
        self.waits = waits;
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Says what is strange about the history, each thing once in a run.
    pub(super) fn warn_once(&mut self, text: &str) {
        if self.warned.insert(text.to_owned()) {
            self.sink.event(&ApplyEvent::HistoryDiffers { text });
        }
    }

    pub(super) fn emit(&mut self, event: &ApplyEvent<'_>) {
        self.sink.event(event);
    }

    /// Runs a call on the session to its end; a stop from outside interrupts
    /// it in the database.
    async fn driven<'s, T>(
        &'s mut self,
        call: impl FnOnce(&'s mut dyn Session) -> Running<'s, T>,
    ) -> T {
        let canceller = self.session.canceller();
        let running = call(&mut *self.session);
        drive(
            running,
            &*canceller,
            &mut self.cancel,
            &mut self.waits,
            self.sink,
        )
        .await
    }

    /// Executes a statement; a stop from outside interrupts it in the database.
    pub(super) async fn execute(&mut self, statement: &str) -> Result<Executed, StatementError> {
        self.driven(|session| session.execute(statement)).await
    }

    /// Executes statements one after the other, up to the first that fails; a
    /// stop from outside interrupts the one that runs. `meanwhile` is called
    /// once they are on their way to the database.
    pub(super) async fn execute_all(
        &mut self,
        statements: &[&str],
        meanwhile: impl FnOnce(&mut dyn ApplySink, &mut Told),
    ) -> Batch {
        let canceller = self.session.canceller();
        let mut running = self.session.execute_all(statements);
        let mut done = look_at(&mut running).await;
        if done.is_pending() {
            // Where a task sends them, it is its turn now.
            yield_now().await;
            done = look_at(&mut running).await;
        }
        meanwhile(self.sink, &mut self.told);
        if let Poll::Ready(batch) = done {
            return batch;
        }
        let cancel = &mut self.cancel;
        drive(running, &*canceller, cancel, &mut self.waits, self.sink).await
    }

    /// Calls what else is called during a call.
    pub(super) fn call_now(&mut self, meanwhile: impl FnOnce(&mut dyn ApplySink, &mut Told)) {
        meanwhile(self.sink, &mut self.told);
    }

    /// Makes calls together; a stop from outside interrupts the one that runs.
    pub(super) async fn call_all(&mut self, calls: &[Call<'_>]) -> Answers {
        self.driven(|session| session.call_all(calls)).await
    }

    /// Executes `COPY … FROM STDIN` with its rows.
    pub(super) async fn copy_in(
        &mut self,
        statement: &str,
        rows: &mut dyn CopyRows,
    ) -> Result<Executed, StatementError> {
        self.driven(|session| session.copy_in(statement, rows))
            .await
    }

    /// Asks one question; a stop from outside interrupts it in the database.
    pub(super) async fn query(
        &mut self,
        statement: &str,
    ) -> Result<Vec<Vec<Value>>, StatementError> {
        self.driven(|session| session.query(statement, &[])).await
    }

    /// Opens a transaction.
    pub(super) async fn begin(&mut self) -> Result<(), StatementError> {
        self.driven(|session| session.begin()).await
    }

    /// Commits; it is too late to be stopped.
    pub(super) async fn commit(&mut self) -> Result<(), StatementError> {
        let canceller = self.session.canceller();
        let running = self.session.commit();
        let never = &mut CancelToken::never();
        drive(running, &*canceller, never, &mut self.waits, self.sink).await
    }

    /// Makes calls together, and hands each answer over as soon as it is known; why
    /// the call after those failed, if one did. A stop from outside interrupts
    /// the one that runs.
    pub(super) async fn pipeline(
        &mut self,
        calls: &[Call<'_>],
        answered: &mut (dyn FnMut(&mut dyn ApplySink, &mut Told, Answer) + Send),
    ) -> Option<StatementError> {
        let canceller = self.session.canceller();
        let (sender, mut answers) = unbounded_channel();
        let mut put = |answer| {
            // The other end is here.
            let _ = sender.send(answer);
        };
        let mut running = self.session.pipeline(calls, &mut put);
        let (sink, told) = (&mut *self.sink, &mut self.told);
        sink.waits();
        let mut next_stop = Instant::now();
        loop {
            tokio::select! {
                biased;
                failed = &mut running => {
                    drop(running);
                    while let Ok(answer) = answers.try_recv() {
                        answered(sink, told, answer);
                    }
                    return failed;
                }
                Some(answer) = answers.recv() => {
                    answered(sink, told, answer);
                    if answers.is_empty() {
                        sink.waits();
                    }
                }
                Some(wait) = self.waits.recv() => tell_of_wait(sink, &wait),
                // One that comes while a transaction commits is not heard.
                () = async {
                    self.cancel.cancelled().await;
                    sleep_until(next_stop).await;
                } => {
                    canceller.cancel().await;
                    next_stop = Instant::now() + STOP_AGAIN;
                }
            }
        }
    }

    /// Makes last queries and commits; it is too late to be stopped.
    pub(super) async fn commit_with(&mut self, row: &[RowStatement]) -> Answers {
        let calls: Vec<_> = row
            .iter()
            .map(RowStatement::call)
            .chain([Call::Commit])
            .collect();
        let canceller = self.session.canceller();
        let running = self.session.call_all(&calls);
        let never = &mut CancelToken::never();
        drive(running, &*canceller, never, &mut self.waits, self.sink).await
    }

    /// Waits a little for another one who is at work, without a place in the
    /// line and the connection that takes: of many who come at once, most find
    /// nothing left to do then. `None`: the lock is to be taken.
    async fn wait_aside<T>(
        &mut self,
        database: &dyn Database,
        request: &LockRequest,
        history: &dyn History,
        is_pending: &(dyn Fn(Snapshot) -> Result<(), T> + Sync),
    ) -> Option<Locked<T>> {
        let question = database.lock_question(request)?;
        // It comes on top of the request's limit, and is to be no matter.
        let ends = Instant::now() + ASIDE.min(request.timeout / 10);
        let mut pause = FIRST_LOOK;
        while Instant::now() < ends {
            let rows = self.session.query(&question.text, &[]).await.ok()?;
            if !question.is_answered_by(&rows) {
                return None;
            }
            self.sink.waits();
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Some(Locked::Cancelled),
                () = sleep(pause) => pause = pause.mul_f64(1.5).min(ASIDE / 8),
            }
            if let Some(needless) = self.is_needless(history, is_pending).await {
                return Some(Locked::NotNeeded(needless));
            }
        }
        None
    }

    /// What the history says, if nothing is left to do.
    async fn is_needless<T>(
        &mut self,
        history: &dyn History,
        is_pending: &(dyn Fn(Snapshot) -> Result<(), T> + Sync),
    ) -> Option<T> {
        let snapshot = history.read(&mut *self.session).await.ok()?;
        is_pending(snapshot).err()
    }

    /// Takes the migration lock, telling who holds it meanwhile. Whoever waits
    /// looks now and then whether the holder has done all there was to do:
    /// `is_pending` tells by the history, or hands back what makes the lock needless.
    pub(super) async fn lock<T>(
        &mut self,
        database: &dyn Database,
        request: &LockRequest,
        history: &dyn History,
        is_pending: &(dyn Fn(Snapshot) -> Result<(), T> + Sync),
    ) -> Result<Locked<T>, LockError> {
        if let Some(ended) = self
            .wait_aside(database, request, history, is_pending)
            .await
        {
            return Ok(ended);
        }
        let (sender, mut events) = unbounded_channel();
        let mut request = request.clone();
        request.on_event = Some(Arc::new(move |event: &LockEvent| tell(&sender, event)));
        let locking = database.lock(request);
        tokio::pin!(locking);
        // A SQLite database is not read while another one writes it.
        let may_look = self.session.dialect() != Dialect::Sqlite;
        let mut pause = FIRST_LOOK;
        self.sink.waits();
        loop {
            let looks = tokio::select! {
                biased;
                Some(event) = events.recv() => match event {
                    LockEvent::Waiting { holder, remaining } => {
                        let holder = &holder;
                        self.sink.event(&ApplyEvent::WaitingForLock { holder, remaining });
                        false
                    }
                    LockEvent::LetGo => true,
                    other => {
                        self.sink.event(&ApplyEvent::LockIsWeak { event: &other });
                        false
                    }
                },
                // Nothing was done yet: letting go is all it takes to stop.
                () = self.cancel.cancelled() => return Ok(Locked::Cancelled),
                locked = &mut locking => return locked.map(Locked::Held),
                () = sleep(pause), if may_look => {
                    pause = (pause * 2).min(LOOK);
                    true
                }
            };
            if looks && let Some(needless) = self.is_needless(history, is_pending).await {
                return Ok(Locked::NotNeeded(needless));
            }
        }
    }
}

/// Lets a call go on as far as it can without waiting.
async fn look_at<T>(running: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *running).poll(context))).await
}

/// Waits for a call's end. The call is never dropped: what a statement did
/// must be known.
async fn drive<T>(
    mut running: impl Future<Output = T> + Unpin,
    canceller: &dyn Canceller,
    cancel: &mut CancelToken,
    waits: &mut UnboundedReceiver<Wait>,
    sink: &mut dyn ApplySink,
) -> T {
    sink.waits();
    let mut told_to_stop = false;
    loop {
        tokio::select! {
            biased;
            done = &mut running => return done,
            Some(wait) = waits.recv() => tell_of_wait(sink, &wait),
            () = cancel.cancelled(), if !told_to_stop => {
                told_to_stop = true;
                canceller.cancel().await;
            }
        }
    }
}

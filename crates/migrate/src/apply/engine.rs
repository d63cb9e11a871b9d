//! A run from lock to report.

use std::sync::Arc;

use shipgate_database::{
    ConnectOptions, Database, LockError, LockRequest, MigrationLock, OpenError,
};

use crate::apply::conductor::{Conductor, Locked, tell_of_wait, wait_channel};
use crate::apply::dry_run::{Stage, show};
use crate::apply::file_run::Run;
use crate::apply::prepare::{planned_file, prepare, unprepared_files};
use crate::apply::warnings::warn_of_drift;
use crate::apply::{ApplyError, ApplyEvent, ApplyFailure, ApplyOptions, ApplySink};
use crate::directory::{Bookkeeping, Directory, File};
use crate::golang::GoDuration;
use crate::history::{History, HistoryError, Revision, RevisionKind, Snapshot};
use crate::plan::{Plan, PlanError, plan};
use crate::report::{ApplyReport, Env};
use crate::script::Syntax;

/// Executes the pending migrations of a directory.
///
/// The directory is checked, then the history is read. With nothing pending
/// that is all. Otherwise the migration lock is taken, the history read again,
/// every pending file taken apart and checked, and only then the first
/// statement executed.
///
/// # Errors
/// [`ApplyFailure`], with the report if there was a plan.
pub async fn apply<'a>(
    database: &dyn Database,
    directory: &'a Directory,
    options: &ApplyOptions,
    sink: &mut dyn ApplySink,
) -> Result<ApplyReport<'a>, ApplyFailure<'a>> {
    let start = (options.lock.clock)();
    let env = Env::new(database.url(), directory.location().url());
    let report = ApplyReport::new(env, start).with_texts(options.texts);
    check(directory).map_err(before_report)?;
    let history = options.history.of(database.url());
    let mut cancel = options.cancel.clone();
    let connected = tokio::select! {
        biased;
        connected = connect(database, options, sink) => connected,
        // Nothing was done yet: letting go is all it takes to stop.
        () = cancel.cancelled() => return Err(before_report(ApplyError::Cancelled(None))),
    };
    let session = match connected {
        Ok(connected) => Some(connected),
        // A dry run does not make a database that is not there.
        Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) if options.dry_run => None,
        Err(error) => return Err(before_report(error.into())),
    };
    let Some((session, waits)) = session else {
        let plan =
            plan(directory, &[], &options.plan).map_err(|error| before_report(error.into()))?;
        let stage = Stage::Nothing(sink);
        return show(directory, database, options, stage, &plan, report).await;
    };
    let clock = options.lock.clock.clone();
    let conductor = Conductor::new(session, waits, sink, options.cancel.clone(), clock);
    let engine = Engine {
        database,
        directory,
        options,
        history,
    };
    engine.run(conductor, report).await
}

fn before_report<'a>(error: ApplyError) -> ApplyFailure<'a> {
    ApplyFailure {
        report: None,
        error,
    }
}

/// A version that another program began and did not end well is in the way.
fn refuse_failed(snapshot: &Snapshot) -> Result<(), ApplyError> {
    match &snapshot.failed {
        Some(failed) => Err(HistoryError::Failed(Box::new(failed.clone())).into()),
        None => Ok(()),
    }
}

fn check(directory: &Directory) -> Result<(), ApplyError> {
    directory.check_sum()?;
    directory.check_versions()?;
    Ok(())
}

type Connected = (
    Box<dyn shipgate_database::Session>,
    tokio::sync::mpsc::UnboundedReceiver<shipgate_database::Wait>,
);

/// Opens a session, telling what is waited for meanwhile.
pub(super) async fn connect(
    database: &dyn Database,
    options: &ApplyOptions,
    sink: &mut dyn ApplySink,
) -> Result<Connected, OpenError> {
    let (hook, mut waits) = wait_channel();
    let connect_options = ConnectOptions {
        on_wait: Some(hook),
        ..options.connect_options()
    };
    let mut connecting = database.connect(&connect_options);
    loop {
        tokio::select! {
            biased;
            Some(wait) = waits.recv() => tell_of_wait(sink, &wait),
            session = &mut connecting => return Ok((session?, waits)),
        }
    }
}

/// Where a run with the lock led to.
enum Course<'a> {
    /// There was nothing to do.
    Nothing(Plan<'a>),
    /// Files were to be executed.
    Executed(Result<(), ApplyError>),
}

/// What a run works with.
struct Engine<'e, 'a> {
    database: &'e dyn Database,
    directory: &'a Directory,
    options: &'e ApplyOptions,
    history: Arc<dyn History>,
}

impl<'e, 'a> Engine<'e, 'a> {
    async fn run(
        &self,
        mut conductor: Conductor<'e>,
        report: ApplyReport<'a>,
    ) -> Result<ApplyReport<'a>, ApplyFailure<'a>> {
        let snapshot = self.read(&mut conductor).await.map_err(before_report)?;
        let first_look = plan(self.directory, &snapshot.revisions, &self.options.plan);
        // What another program seems to have left may be what it is doing now:
        // its lock tells.
        let is_failed = snapshot.failed.is_some();
        if let Ok(plan) = &first_look
            && !is_failed
            && plan.pending.is_empty()
            && plan.baseline.is_none()
        {
            return Ok(self.nothing_to_do(&mut conductor, plan, report));
        }
        if self.options.dry_run {
            refuse_failed(&snapshot).map_err(before_report)?;
            let plan = first_look.map_err(|error| before_report(error.into()))?;
            self.refuse_unclean(&mut conductor, &snapshot)
                .await
                .map_err(before_report)?;
            return show(
                self.directory,
                self.database,
                self.options,
                Stage::Session(&mut conductor),
                &plan,
                report,
            )
            .await;
        }
        let is_pending = |snapshot: Snapshot| {
            let snapshot = snapshot.ordered_by(self.directory);
            if snapshot.failed.is_some() {
                return Ok(());
            }
            match plan(self.directory, &snapshot.revisions, &self.options.plan) {
                Ok(plan) if plan.pending.is_empty() && plan.baseline.is_none() => Err(plan),
                _ => Ok(()),
            }
        };
        let request = self.lock_request();
        let locking = conductor.lock(self.database, &request, &*self.history, &is_pending);
        let mut lock = match locking.await {
            Ok(Locked::Held(lock)) => Some(lock),
            Ok(Locked::NotNeeded(plan)) => {
                return Ok(self.nothing_to_do(&mut conductor, &plan, report));
            }
            Ok(Locked::Cancelled) => return Err(before_report(ApplyError::Cancelled(None))),
            // A database in memory belongs to this session alone.
            Err(LockError::NotPossible { .. }) => None,
            Err(error) => return Err(before_report(error.into())),
        };
        let done = self.run_locked(conductor, &mut lock, report).await;
        match lock {
            None => done,
            Some(lock) => match (lock.release().await, done) {
                (Ok(()), done) | (Err(_), done @ Err(_)) => done,
                (Err(error), Ok(report)) => Err(ApplyFailure {
                    report: Some(Box::new(report)),
                    error: error.into(),
                }),
            },
        }
    }

    async fn run_locked(
        &self,
        conductor: Conductor<'e>,
        lock: &mut Option<Box<dyn MigrationLock>>,
        report: ApplyReport<'a>,
    ) -> Result<ApplyReport<'a>, ApplyFailure<'a>> {
        let history = self.history.clone();
        let mut run = Run::new(
            conductor,
            history,
            self.database,
            lock.take(),
            self.options,
            report,
        );
        let course = match run.enter().await {
            Ok(()) => self.run_entered(&mut run).await,
            Err(error) => Err(error),
        };
        let left = run.leave().await;
        *lock = run.lock.take();
        match course {
            Err(error) => Err(before_report(error)),
            Ok(Course::Executed(Ok(()))) => run.finish(left),
            Ok(Course::Executed(done)) => run.finish(done),
            Ok(Course::Nothing(plan)) => {
                let Run {
                    mut conductor,
                    report,
                    ..
                } = run;
                Ok(self.nothing_to_do(&mut conductor, &plan, report))
            }
        }
    }

    /// Plans anew and executes, with every lock there is.
    async fn run_entered(&self, run: &mut Run<'a, 'e>) -> Result<Course<'a>, ApplyError> {
        let snapshot = self.read(&mut run.conductor).await?;
        refuse_failed(&snapshot)?;
        let plan = plan(self.directory, &snapshot.revisions, &self.options.plan)?;
        self.refuse_unclean(&mut run.conductor, &snapshot).await?;
        if plan.pending.is_empty() && plan.baseline.is_none() {
            return Ok(Course::Nothing(plan));
        }
        let syntax = Syntax::of(&*run.conductor.session);
        let mut prepared = prepare(self.directory, syntax, self.options, &plan);
        if let Ok(files) = &mut prepared
            && let Err(error) = run.resolve(files).await
        {
            prepared = Err(error);
        }
        run.warn(&plan, &prepared);
        run.warn_of_crashes().await;
        if !plan.pending.is_empty() {
            let planned = match &prepared {
                Ok(files) => files.iter().map(planned_file).collect(),
                Err(_) => unprepared_files(&plan),
            };
            run.planned(&plan, &planned);
        }
        let done = match prepared {
            Err(error) => Err(error),
            Ok(files) => match self.make_history(run, &snapshot, &plan).await {
                Ok(()) if plan.pending.is_empty() => Ok(()),
                Ok(()) => run.execute(files).await,
                Err(error) => Err(error),
            },
        };
        Ok(Course::Executed(done))
    }

    /// The lease that says who has the lock is beside the history.
    fn lock_request(&self) -> LockRequest {
        LockRequest {
            schema: self.history.schema().map(str::to_owned),
            ..self.options.lock.clone()
        }
    }

    async fn read(&self, conductor: &mut Conductor<'_>) -> Result<Snapshot, ApplyError> {
        let snapshot = self.history.read(&mut *conductor.session).await?;
        for text in &snapshot.warnings {
            conductor.warn_once(text);
        }
        Ok(snapshot.ordered_by(self.directory))
    }

    /// A database without history must be empty, unless it is said what it holds.
    async fn refuse_unclean(
        &self,
        conductor: &mut Conductor<'_>,
        snapshot: &Snapshot,
    ) -> Result<(), ApplyError> {
        let options = &self.options.plan;
        if !snapshot.revisions.is_empty() || options.allow_dirty || options.baseline.is_some() {
            return Ok(());
        }
        match self.history.not_clean(&mut *conductor.session).await? {
            None => Ok(()),
            Some(reason) => Err(PlanError::NotClean(reason).into()),
        }
    }

    /// Creates the table where there is none and writes the baseline.
    async fn make_history(
        &self,
        run: &mut Run<'_, '_>,
        snapshot: &Snapshot,
        plan: &Plan<'_>,
    ) -> Result<(), ApplyError> {
        let is_as_it_should_be = snapshot.table_exists && snapshot.missing_columns.is_empty();
        if is_as_it_should_be && plan.baseline.is_none() {
            return Ok(());
        }
        run.fence().await?;
        let conductor = &mut run.conductor;
        let session = &mut *conductor.session;
        if !snapshot.table_exists {
            self.history.create(session).await?;
        } else if !snapshot.missing_columns.is_empty() {
            let missing = &snapshot.missing_columns;
            self.history.add_columns(session, missing).await?;
        }
        for file in plan.baseline.map_or(&[][..], |file| self.baselined(file)) {
            let row = Revision {
                version: file.version().to_owned(),
                description: file.description().to_owned(),
                kind: RevisionKind::BASELINE,
                applied: 0,
                total: 0,
                executed_at: conductor.now().into(),
                execution_time: GoDuration::default(),
                error: String::new(),
                error_stmt: String::new(),
                hash: String::new(),
                partial_hashes: Vec::new(),
                operator_version: self.options.operator_version.clone(),
            };
            self.history.write(&mut *conductor.session, &row).await?;
        }
        Ok(())
    }

    /// The files that a baseline gives a row.
    fn baselined(&self, last: &'a File) -> &'a [File] {
        match (
            self.directory.location().bookkeeping(),
            self.directory.position(last.version()),
        ) {
            (Bookkeeping::Tool, Some(position)) => &self.directory.files()[..=position],
            _ => std::slice::from_ref(last),
        }
    }

    fn nothing_to_do(
        &self,
        conductor: &mut Conductor<'_>,
        plan: &Plan<'_>,
        mut report: ApplyReport<'a>,
    ) -> ApplyReport<'a> {
        warn_of_drift(conductor.sink, plan);
        report.current = plan.current.clone().unwrap_or_default();
        let at = conductor.now();
        report.end = at.into();
        conductor.emit(&ApplyEvent::Finished { at });
        report
    }
}

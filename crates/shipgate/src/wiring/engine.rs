//! The built-in engine as a release's Migrator.

mod failure;
mod lines;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use shipgate_database::{
    Access, ConnectOptions, Create, Database, DatabaseUrl, LeasePlace, LockName, LockRequest,
    OpenError, open,
};
use shipgate_migrate::apply::{ApplyFailure, ApplyOptions, CancelToken, Patience, apply};
use shipgate_migrate::plan::PlanOptions;
use shipgate_migrate::report::StatementTexts;
use shipgate_migrate::{Reading, history};
use shipgate_project::Project;
use shipgate_release::machine::MachineId;
use shipgate_release::ports::{Applied, Migrated, Migrator, Standing, Survey, Target, Watch};
use shipgate_release::{Cancel, Effect, Failure};

use failure::{failure_of, timed_out};
use lines::{Lines, Waits};
use source::Opened;
pub(crate) use source::{Located, Source};

use super::access::{check_writable, open_failure};
use super::backup;
use super::client::client_settings;
use super::notice::Notice;
use crate::report::short;

/// Applies the project's migrations in this process.
pub(crate) struct EngineMigrator {
    project: Project,
    live: DatabaseUrl,
    source: Source,
    rehearsals: PathBuf,
    lock_timeout: Duration,
    connect_timeout: Duration,
    limit: Option<Duration>,
    notice: Notice,
}

impl EngineMigrator {
    pub(crate) fn new(
        project: &Project,
        live: &DatabaseUrl,
        source: Source,
        rehearsals: PathBuf,
        notice: &Notice,
    ) -> Self {
        Self {
            project: project.clone(),
            live: live.clone(),
            source,
            rehearsals,
            lock_timeout: project.release.lock_timeout.value,
            connect_timeout: project.release.connect_timeout.value,
            limit: project
                .release
                .migrate_timeout
                .as_ref()
                .map(|limit| limit.value)
                .filter(|limit| !limit.is_zero()),
            notice: notice.clone(),
        }
    }

    fn url(&self, target: Target<'_>) -> Result<DatabaseUrl, Failure> {
        match target {
            Target::Live => Ok(self.live.clone()),
            Target::Copy(name) => backup::copy_url(&self.live, &self.rehearsals, name),
        }
    }

    fn database(&self, target: Target<'_>) -> Result<std::sync::Arc<dyn Database>, Failure> {
        open(&self.url(target)?, &client_settings()).map_err(|error| open_failure(&error))
    }

    /// Waits, aloud, until the database can be read; one that is not there yet
    /// is nobody's.
    async fn reach(&self, database: &dyn Database) -> Result<(), Failure> {
        match database.connect(&self.reading()).await {
            Ok(_) | Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => Ok(()),
            Err(error) => Err(open_failure(&error)),
        }
    }

    /// Which file of the live database is half applied, if one is.
    pub(crate) async fn half_applied(&self) -> Result<Option<String>, Failure> {
        if self.live.file().is_some_and(|file| !file.exists()) {
            return Ok(None);
        }
        let standing = self.standing(Target::Live).await?;
        let mut unfinished = standing.unfinished.into_iter();
        Ok(unfinished.find(|line| line.starts_with(HALF)))
    }

    fn opened(&self, target: Target<'_>) -> Result<Opened, Failure> {
        self.source.open(&self.project, &self.url(target)?)
    }

    fn options(&self, opened: &Opened, dry_run: bool, cancel: CancelToken) -> ApplyOptions {
        ApplyOptions {
            history: opened.history.clone(),
            patience: self.patience(),
            plan: PlanOptions {
                exec_order: opened.exec_order,
                ..PlanOptions::default()
            },
            tx_mode: opened.tx_mode,
            dry_run,
            lock: LockRequest {
                name: LockName::default(),
                pid: std::process::id(),
                host: host(),
                purpose: "shipgate deploy".to_owned(),
                timeout: self.lock_timeout,
                schema: None,
                lease: LeasePlace::default(),
                connect_timeout: self.connect_timeout,
                clock: std::sync::Arc::new(jiff::Timestamp::now),
                temporary_directory: Some(std::env::temp_dir()),
                on_event: None,
            },
            busy_timeout: self.lock_timeout,
            operator_version: operator_version(),
            texts: StatementTexts::Counted,
            cancel,
        }
    }

    /// How long statements wait for locks. SQLite has one lock, and its wait
    /// is the busy timeout.
    fn patience(&self) -> Patience {
        match self.live.file() {
            Some(_) => Patience::default(),
            None => Patience::within(self.lock_timeout),
        }
    }

    fn reading(&self) -> ConnectOptions {
        ConnectOptions {
            access: Access::ReadOnly,
            create: Create::Never,
            connect_timeout: self.connect_timeout,
            busy_timeout: self.lock_timeout,
            on_wait: Some(self.notice.hook()),
        }
    }

    /// What a failed run left behind: files before the one that failed stay,
    /// and of that one what ran without a transaction. The history knows.
    async fn effect(&self, failure: &ApplyFailure<'_>, target: Target<'_>) -> Effect {
        let Some(report) = &failure.report else {
            return Effect::Nothing;
        };
        if report.applied.iter().any(|file| file.error.is_none()) {
            return Effect::Part;
        }
        match self.standing(target).await {
            Ok(standing)
                if standing
                    .unfinished
                    .iter()
                    .any(|line| line.starts_with(HALF)) =>
            {
                Effect::Part
            }
            Ok(_) => Effect::Nothing,
            Err(_) => Effect::Unknown,
        }
    }
}

/// Waits until a limit is over; without one, for ever.
async fn over(limit: Option<Duration>) -> Duration {
    match limit {
        Some(limit) => {
            tokio::time::sleep(limit).await;
            limit
        }
        None => std::future::pending().await,
    }
}

/// Begins the line about a file of which only a part took effect.
const HALF: &str = "half applied: ";

/// What the history's `operator_version` says.
pub(crate) fn operator_version() -> String {
    concat!("Shipgate v", env!("CARGO_PKG_VERSION")).to_owned()
}

/// This machine's name, for whoever waits for our lock.
pub(crate) fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[async_trait]
impl Migrator for EngineMigrator {
    async fn survey(&self) -> Result<Survey, Failure> {
        let opened = self.opened(Target::Live)?;
        let options = self.options(&opened, true, CancelToken::never());
        let mut waits = Waits(&self.notice);
        let database = self.database(Target::Live)?;
        self.reach(database.as_ref()).await?;
        let report = apply(database.as_ref(), &opened.directory, &options, &mut waits)
            .await
            .map_err(|failure| failure_of(&failure, Effect::Nothing, self.source.directory()))?;
        let pending: Vec<String> = report
            .pending
            .iter()
            .map(|file| file.version.to_owned())
            .collect();
        if !pending.is_empty() {
            check_writable(&self.live)?;
        }
        let place = self
            .live
            .file()
            .and_then(Path::file_name)
            .map_or_else(String::new, |name| format!(", {}", name.to_string_lossy()));
        let at = if report.current.is_empty() {
            "no version yet".to_owned()
        } else {
            format!("at version {}", report.current)
        };
        let summary = match pending.len() {
            0 => format!("nothing pending, {at}{place}"),
            1 => format!("1 pending migration, {at}{place}"),
            more => format!("{more} pending migrations, {at}{place}"),
        };
        let tool = self.source.title();
        Ok(Survey {
            summary: match tool {
                Some(tool) => format!("{tool}: {summary}"),
                None => summary,
            },
            details: report
                .pending
                .iter()
                .map(|file| format!("pending: {}", file.name))
                .collect(),
            pending: Some(pending),
        })
    }

    async fn migrate(
        &self,
        target: Target<'_>,
        _tag: &MachineId,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Migrated, Failure> {
        let opened = self.opened(target)?;
        if let (Target::Live, Some(parent)) = (target, self.live.file().and_then(Path::parent)) {
            std::fs::create_dir_all(parent).map_err(|error| {
                Failure::new(
                    "database-directory",
                    format!("cannot make {}: {error}", parent.display()),
                )
            })?;
        }
        let database = self.database(target)?;
        self.reach(database.as_ref()).await?;
        let (handle, token) = CancelToken::new();
        let options = self.options(&opened, false, token);
        let mut lines = Lines::new(watch);
        let began = std::time::Instant::now();
        let running = apply(database.as_ref(), &opened.directory, &options, &mut lines);
        tokio::pin!(running);
        let mut too_long = None;
        let result = tokio::select! {
            result = &mut running => result,
            () = cancel.wait() => {
                handle.cancel();
                running.await
            }
            limit = over(self.limit) => {
                too_long = Some(limit);
                handle.cancel();
                running.await
            }
        };
        let report = match result {
            Ok(report) => report,
            Err(failure) => {
                let effect = self.effect(&failure, target).await;
                return Err(match too_long {
                    Some(limit) => timed_out(limit).with_effect(effect),
                    None => failure_of(&failure, effect, self.source.directory()),
                });
            }
        };
        let statements: usize = report.applied.iter().map(|file| file.executed).sum();
        let files = report.applied.len();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        Ok(Migrated {
            summary: if files == 0 {
                "nothing pending".to_owned()
            } else {
                format!(
                    "{files} migration{} with {statements} statement{} in {}",
                    plural(files),
                    plural(statements),
                    short(began.elapsed()),
                )
            },
            details: Vec::new(),
            changed: files > 0,
            applied: Applied {
                migrations: report
                    .applied
                    .iter()
                    .map(|file| file.name.to_owned())
                    .collect(),
                tool: self.source.title().map(str::to_owned),
                ..Applied::default()
            },
        })
    }

    async fn standing(&self, target: Target<'_>) -> Result<Standing, Failure> {
        let opened = self.opened(target)?;
        let database = self.database(target)?;
        let reading = Reading {
            history: opened.history,
            exec_order: opened.exec_order,
            connect: self.reading(),
        };
        let status = shipgate_migrate::status(database.as_ref(), &opened.directory, &reading)
            .await
            .map_err(|error| Failure::new("history", error.to_string()))?;
        let mut unfinished: Vec<String> = status
            .pending
            .iter()
            .chain(&status.out_of_order)
            .map(|file| format!("not applied: {}", file.name))
            .collect();
        if status.total > 0 {
            unfinished.push(format!(
                "{HALF}{} of {} statements of {}: {}",
                status.count, status.total, status.current, status.error
            ));
        }
        Ok(Standing {
            version: status.applied.last().map(|row| row.version.clone()),
            unfinished,
            hints: Vec::new(),
            objects: objects(database.as_ref(), &self.reading()).await?,
        })
    }
}

/// The schema without the history, by name.
pub(crate) async fn objects(
    database: &dyn Database,
    connect: &ConnectOptions,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut session = match database.connect(connect).await {
        Ok(session) => session,
        Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => {
            return Ok(BTreeMap::new());
        }
        Err(error) => return Err(open_failure(&error)),
    };
    let catalog = session
        .catalog(&[history::TABLE])
        .await
        .map_err(|error| Failure::new("catalog", error.to_string()))?;
    Ok(catalog
        .objects()
        .map(|object| (object.label(), object.digest()))
        .collect())
}

//! The built-in engine as a release's Migrator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use shipgate_database::{
    Access, ConnectOptions, Create, Database, DatabaseUrl, ErrorKind, LockError, LockOwner,
    LockRequest, OpenError, open,
};
use shipgate_migrate::apply::{
    ApplyError, ApplyEvent, ApplyFailure, ApplyOptions, ApplySink, CancelToken, FailedStatement,
    apply,
};
use shipgate_migrate::directory::{Directory, Location};
use shipgate_migrate::plan::{PlanError, PlanOptions};
use shipgate_migrate::{TxMode, history};
use shipgate_project::Project;
use shipgate_release::machine::MachineId;
use shipgate_release::ports::{Migrated, Migrator, Standing, Survey, Target, Watch};
use shipgate_release::{Cancel, Effect, Failure, FailureKind};

use super::access::{check_writable, open_failure};
use super::notice::{Notice, waiting};
use super::{backup, migrations};
use crate::report::short;

/// Applies the project's migrations in this process.
pub(crate) struct EngineMigrator {
    live: DatabaseUrl,
    /// The directory in the project, for a look before there is a build.
    directory: PathBuf,
    /// The same in the release's build.
    kept: PathBuf,
    rehearsals: PathBuf,
    lock_timeout: Duration,
    limit: Option<Duration>,
    notice: Notice,
}

impl EngineMigrator {
    pub(crate) fn new(
        project: &Project,
        live: &DatabaseUrl,
        directory: PathBuf,
        build: &Path,
        rehearsals: PathBuf,
        notice: &Notice,
    ) -> Self {
        Self {
            live: live.clone(),
            directory,
            kept: migrations::kept(build),
            rehearsals,
            lock_timeout: project.release.lock_timeout.value,
            limit: project
                .release
                .migrate_timeout
                .as_ref()
                .map(|limit| limit.value)
                .filter(|limit| !limit.is_zero()),
            notice: notice.clone(),
        }
    }

    fn url(&self, target: Target<'_>) -> DatabaseUrl {
        match target {
            Target::Live => self.live.clone(),
            Target::Copy(name) => self
                .live
                .with_file(&backup::copy_path(&self.rehearsals, name)),
        }
    }

    fn database(&self, target: Target<'_>) -> Result<std::sync::Arc<dyn Database>, Failure> {
        open(&self.url(target)).map_err(|error| open_failure(&error))
    }

    fn open_directory(&self) -> Result<Directory, Failure> {
        let path = if self.kept.is_dir() {
            &self.kept
        } else {
            &self.directory
        };
        let location = Location::parse(&format!("file://{}", path.display()))
            .map_err(|error| directory_failure(&error.to_string()))?;
        Directory::open(location).map_err(|error| directory_failure(&error.to_string()))
    }

    fn options(&self, dry_run: bool, cancel: CancelToken) -> ApplyOptions {
        ApplyOptions {
            plan: PlanOptions::default(),
            tx_mode: TxMode::default(),
            dry_run,
            lock: LockRequest {
                pid: std::process::id(),
                host: host(),
                purpose: "shipgate deploy".to_owned(),
                timeout: self.lock_timeout,
                clock: std::sync::Arc::new(jiff::Timestamp::now),
                temporary_directory: Some(std::env::temp_dir()),
                on_event: None,
            },
            busy_timeout: self.lock_timeout,
            operator_version: operator_version(),
            cancel,
        }
    }

    fn reading(&self) -> ConnectOptions {
        ConnectOptions {
            access: Access::ReadOnly,
            create: Create::Never,
            busy_timeout: self.lock_timeout,
            on_wait: Some(self.notice.hook()),
        }
    }

    fn failure_of(&self, failure: &ApplyFailure<'_>, effect: Effect) -> Failure {
        let error = &failure.error;
        let (code, kind) = match error {
            ApplyError::Checksum(_) => ("checksum", FailureKind::Refused),
            ApplyError::Directory(_) | ApplyError::TxMode(_) => {
                ("migrations-directory", FailureKind::Refused)
            }
            ApplyError::Open(error) => return open_failure(error).with_effect(effect),
            ApplyError::Lock(LockError::Held { .. }) => ("migration-lock", FailureKind::Deadline),
            ApplyError::Lock(_) => ("migration-lock", FailureKind::Refused),
            ApplyError::History(_) => ("history", FailureKind::Refused),
            ApplyError::Plan(_) | ApplyError::PartChanged { .. } => {
                ("migration-plan", FailureKind::Refused)
            }
            ApplyError::Cancelled(_) => ("cancelled", FailureKind::Cancelled),
            ApplyError::Statement(failed) if failed.error.kind == ErrorKind::Locked => {
                ("database-locked", FailureKind::Deadline)
            }
            _ => ("migration-failed", FailureKind::Refused),
        };
        let result = match error.failed_statement() {
            Some(failed) => Failure::new(code, failed.error.message.clone())
                .with_report(snippet(failed, &self.directory))
                .with_hint("mend the file, run `shipgate migrate hash`, and deploy again"),
            None => with_hints(Failure::new(code, error.to_string()), error),
        };
        result.with_effect(effect).of_kind(kind)
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

fn timed_out(limit: Duration) -> Failure {
    Failure::new(
        "migration-timeout",
        format!(
            "the migrations ran longer than {} and were stopped",
            short(limit)
        ),
    )
    .with_hint("`[release] migrate_timeout` says how long they may run")
    .of_kind(FailureKind::Deadline)
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
        let directory = self.open_directory()?;
        let options = self.options(true, CancelToken::never());
        let mut waits = Waits(&self.notice);
        let database = self.database(Target::Live)?;
        let report = apply(database.as_ref(), &directory, &options, &mut waits)
            .await
            .map_err(|failure| self.failure_of(&failure, Effect::Nothing))?;
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
        Ok(Survey {
            summary,
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
        let directory = self.open_directory()?;
        if let (Target::Live, Some(parent)) = (target, self.live.file().and_then(Path::parent)) {
            std::fs::create_dir_all(parent).map_err(|error| {
                Failure::new(
                    "database-directory",
                    format!("cannot make {}: {error}", parent.display()),
                )
            })?;
        }
        let database = self.database(target)?;
        let (handle, token) = CancelToken::new();
        let options = self.options(false, token);
        let mut lines = Lines {
            watch,
            started: None,
        };
        let began = std::time::Instant::now();
        let running = apply(database.as_ref(), &directory, &options, &mut lines);
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
                    None => self.failure_of(&failure, effect),
                });
            }
        };
        let statements: usize = report
            .applied
            .iter()
            .map(|file| file.statements.len())
            .sum();
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
        })
    }

    async fn standing(&self, target: Target<'_>) -> Result<Standing, Failure> {
        let directory = self.open_directory()?;
        let database = self.database(target)?;
        let status = shipgate_migrate::status(database.as_ref(), &directory, &self.reading())
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

/// The engine's events as lines of the release.
struct Lines<'w> {
    watch: &'w dyn Watch,
    started: Option<(usize, String)>,
}

impl ApplySink for Lines<'_> {
    fn event(&mut self, event: &ApplyEvent<'_>) {
        match event {
            ApplyEvent::WaitingForLock { holder, remaining } => {
                self.watch.waiting(&for_the_lock(holder, *remaining));
            }
            ApplyEvent::WaitingForDatabase { reason, limit } => {
                self.watch.waiting(&waiting(reason, *limit));
            }
            ApplyEvent::DirectiveIgnored { file, warning } => {
                self.watch.line(&format!("{}: {warning}", file.name()));
            }
            ApplyEvent::HistoryDiffers { text } => self.watch.line(text),
            ApplyEvent::FileStarted { file, .. } => {
                self.watch.line(&format!("migrating {}", file.name()));
            }
            ApplyEvent::StatementStarted { number, text, .. } => {
                self.started = Some((*number, first_line(text)));
            }
            ApplyEvent::StatementDone {
                elapsed, notices, ..
            } => {
                if let Some((number, text)) = self.started.take() {
                    self.watch.line(&format!("  {number}. {text} ({elapsed})"));
                }
                for notice in *notices {
                    self.watch.line(&format!("     {notice}"));
                }
            }
            _ => {}
        }
    }
}

/// A dry run tells nothing but whom it waits for.
struct Waits<'n>(&'n Notice);

impl ApplySink for Waits<'_> {
    fn event(&mut self, event: &ApplyEvent<'_>) {
        match event {
            ApplyEvent::WaitingForLock { holder, remaining } => {
                self.0.say(&for_the_lock(holder, *remaining));
            }
            ApplyEvent::WaitingForDatabase { reason, limit } => {
                self.0.say(&waiting(reason, *limit));
            }
            _ => {}
        }
    }
}

fn for_the_lock(holder: &LockOwner, remaining: Duration) -> String {
    format!(
        "waiting for the migration lock, held by {holder}; {} left",
        short(remaining)
    )
}

/// The first line of a statement, at most 80 letters.
fn first_line(text: &str) -> String {
    const ROOM: usize = 80;
    let mut line = text.split('\n').next().unwrap_or_default().trim_end();
    let cut = line
        .char_indices()
        .nth(ROOM)
        .map_or(line.len(), |(at, _)| at);
    let whole = cut == line.len() && line.len() == text.len();
    line = &line[..cut];
    if whole {
        line.to_owned()
    } else {
        format!("{line} ...")
    }
}

fn with_hints(mut failure: Failure, error: &ApplyError) -> Failure {
    let mut hints = error.hints();
    if let ApplyError::Checksum(checksum) = error {
        failure.report.extend(
            checksum
                .notice()
                .split('\n')
                .filter(|line| !line.is_empty())
                .map(str::to_owned),
        );
        failure.report.append(&mut hints);
        hints.push(
            "look at what changed; when it is meant, `shipgate migrate hash` writes the checksums anew"
                .to_owned(),
        );
    }
    if let ApplyError::Plan(PlanError::NotClean(_)) = error {
        hints.push("if it stands at a version of this directory already, say so: `shipgate migrate set VERSION`".to_owned());
    }
    if !hints.is_empty() {
        failure.hint = Some(hints.remove(0));
    }
    failure.report.extend(hints);
    failure
}

/// File, line, statement and the place in it.
fn snippet(failed: &FailedStatement, directory: &Path) -> Vec<String> {
    let directory = directory.file_name().map(Path::new);
    let name = format!(
        "{}:{}:{}",
        directory
            .unwrap_or(Path::new(""))
            .join(&failed.file)
            .display(),
        failed.position.line,
        failed.position.column
    );
    let mut lines = vec![format!("--> {name}")];
    let before = failed.error.offset.unwrap_or(0).min(failed.statement.len());
    let breaks = failed.statement.as_bytes()[..before]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count();
    lines.extend(crate::report::snippet(
        &failed.statement,
        failed.position.line.saturating_sub(breaks),
        failed.position.line,
        failed.position.column,
    ));
    if let Some(code) = &failed.error.code {
        lines.push(format!("= {code}"));
    }
    lines
}

fn directory_failure(message: &str) -> Failure {
    Failure::new("migrations-directory", message)
        .with_hint("`[database] migrations` names the directory; `shipgate migrate new` begins one")
}

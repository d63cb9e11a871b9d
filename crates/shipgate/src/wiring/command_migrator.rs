//! A command as a release's Migrator: the release command, that of
//! `[database]`, or the tool's own.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{
    Access, ConnectOptions, Create, Database, DatabaseUrl, LeasePlace, LockError, LockName,
    LockRequest, MigrationLock, open,
};
use shipgate_project::{CommandLine, Project};
use shipgate_release::machine::{ExitCause, MachineId, MachineSpec};
use shipgate_release::ports::{Applied, Migrated, Migrator, Standing, Survey, Target, Watch};
use shipgate_release::steps::rehearse;
use shipgate_release::{Cancel, Effect, Failure, FailureKind};
use shipgate_runtime::log::LogLine;
use shipgate_runtime::process::Machines;
use shipgate_server::{launch_failure, machine_failure, report_line};

use super::access::{check_writable, open_failure};
use super::attend::attend;
use super::backup::copy_url;
use super::client::client_settings;
use super::engine::{EngineMigrator, host, objects};
use super::held_lock;
use super::notice::Notice;
use super::specs;
use super::tool_history::{Position, ToolHistory, title};
use super::way::{Purpose, runs_shipgate};
use super::witness::{Witness, Written};
use crate::report::short;

/// Lines of a failed command that the report shows.
const TAIL: usize = 20;

/// Runs a command in a temporary machine, behind the migration lock.
pub(crate) struct CommandMigrator {
    pub(crate) command: CommandLine,
    pub(crate) purpose: Purpose,
    /// Why the built-in engine does not do it, where it could be thought to.
    pub(crate) remark: Option<String>,
    /// What tells where the migrations stand.
    pub(crate) history: Reader,
    pub(crate) project: Project,
    pub(crate) release: u64,
    pub(crate) build: PathBuf,
    pub(crate) database: DatabaseUrl,
    pub(crate) machines: Machines,
    pub(crate) rehearsals: PathBuf,
    pub(crate) notice: Notice,
}

/// What tells where the migrations stand.
pub(crate) enum Reader {
    /// Nothing does.
    None,
    /// Atlas's history and the files of its directory.
    Engine(Box<EngineMigrator>),
    /// The tool's history and its files.
    Tool(Box<ToolHistory>),
}

impl CommandMigrator {
    fn url(&self, target: Target<'_>) -> Result<DatabaseUrl, Failure> {
        match target {
            Target::Live => Ok(self.database.clone()),
            Target::Copy(name) => copy_url(&self.database, &self.rehearsals, name),
        }
    }

    /// The machine of the command.
    fn spec(&self, target: Target<'_>, tag: &MachineId) -> Result<MachineSpec, Failure> {
        let database = self.url(target)?;
        let site = specs::Site {
            project: &self.project,
            release: self.release,
            build: self.build.clone(),
            database: Some(&database),
        };
        let mut spec = site.release_command(tag, &self.command)?;
        if let Target::Copy(_) = target {
            specs::point_at(&mut spec, &self.database, &database);
        }
        Ok(spec)
    }

    fn opened(&self, target: Target<'_>) -> Result<Arc<dyn Database>, Failure> {
        open(&self.url(target)?, &client_settings()).map_err(|error| open_failure(&error))
    }

    async fn schema(&self, target: Target<'_>) -> Result<Standing, Failure> {
        let database = self.opened(target)?;
        Ok(Standing {
            objects: objects(database.as_ref(), &self.reading()).await?,
            ..Standing::default()
        })
    }

    /// Where the tool's history stands; `None` without one.
    async fn position(&self, target: Target<'_>) -> Result<Option<Position>, Failure> {
        let Reader::Tool(history) = &self.history else {
            return Ok(None);
        };
        let database = self.opened(target)?;
        let reading = self.reading();
        let position = history.position(database.as_ref(), &reading).await?;
        Ok(Some(position))
    }

    fn reading(&self) -> ConnectOptions {
        ConnectOptions {
            access: Access::ReadOnly,
            create: Create::Never,
            connect_timeout: self.project.release.lock_timeout.value,
            busy_timeout: self.project.release.lock_timeout.value,
            on_wait: Some(self.notice.hook()),
        }
    }

    /// Where the lease is written.
    async fn lease(&self) -> Result<LeasePlace, Failure> {
        let Reader::Tool(history) = &self.history else {
            return Ok(LeasePlace::default());
        };
        let now = self.position(Target::Live).await?;
        let has_history = now.is_some_and(|now| now.has_history());
        Ok(held_lock::lease(history.tool(), has_history))
    }

    /// Keeps others from migrating meanwhile. A copy is nobody else's, and
    /// Shipgate and Atlas take the lock themselves.
    async fn lock(&self, target: Target<'_>) -> Result<Option<Box<dyn MigrationLock>>, Failure> {
        if target != Target::Live || runs_shipgate(&self.command) {
            return Ok(None);
        }
        if let Some(parent) = self.database.file().and_then(std::path::Path::parent) {
            std::fs::create_dir_all(parent).map_err(|error| {
                Failure::new(
                    "database-directory",
                    format!("cannot make {}: {error}", parent.display()),
                )
            })?;
        }
        let notice = self.notice.clone();
        let request = LockRequest {
            name: LockName::default(),
            pid: std::process::id(),
            host: host(),
            purpose: format!("shipgate deploy, release {}", self.release),
            timeout: self.project.release.lock_timeout.value,
            schema: None,
            lease: self.lease().await?,
            connect_timeout: std::time::Duration::from_secs(30),
            clock: Arc::new(jiff::Timestamp::now),
            temporary_directory: Some(std::env::temp_dir()),
            on_event: Some(Arc::new(move |event| {
                notice.say(&held_lock::in_words(event));
            })),
        };
        let lock = self.opened(target)?.lock(request).await;
        lock.map(Some).map_err(|error| lock_failure(&error))
    }

    async fn failed(
        &self,
        tag: &MachineId,
        cause: ExitCause,
        target: Target<'_>,
        before: Option<&Before>,
    ) -> Failure {
        let lines = self
            .machines
            .log(tag)
            .tail(TAIL)
            .map(|(lines, _)| lines)
            .unwrap_or_default();
        let left = match before {
            Some(before) if cause != ExitCause::Lost => before.compare(self, target).await,
            _ => Left::unseen(),
        };
        let schema = match target {
            Target::Copy(_) => "it ran on a copy; the database itself was not touched",
            Target::Live => left.words,
        };
        let failure = if cause == ExitCause::Stopped {
            Failure::cancelled()
        } else {
            Failure::new(
                "release-command-failed",
                format!("release command `{}`: {cause}", self.command.as_written()),
            )
            .with_hints(left.hints)
            .with_hints([hint(cause, &self.project)])
        };
        failure
            .with_report(lines.iter().map(report_line))
            .with_report(left.lines)
            .with_report([
                schema.to_owned(),
                format!("the whole log: `shipgate logs {tag}`"),
            ])
            .with_effect(left.effect)
            .of_kind(match cause {
                ExitCause::Timeout => FailureKind::Deadline,
                ExitCause::Stopped => FailureKind::Cancelled,
                _ => FailureKind::Refused,
            })
    }
}

/// The database as it was before the command.
struct Before {
    schema: Standing,
    position: Option<Position>,
    witness: Witness,
}

/// What a command that failed left of the database.
struct Left {
    effect: Effect,
    words: &'static str,
    /// Migrations that it applied, and what stands half-done in the history.
    lines: Vec<String>,
    /// The tool's own ways out.
    hints: Vec<String>,
}

impl Left {
    fn new(effect: Effect, words: &'static str) -> Self {
        Self {
            effect,
            words,
            lines: Vec::new(),
            hints: Vec::new(),
        }
    }

    fn unseen() -> Self {
        Self::new(
            Effect::Unknown,
            "nobody saw how it was before the command: look at the database before you go on",
        )
    }
}

impl Before {
    async fn of(migrator: &CommandMigrator, target: Target<'_>) -> Result<Self, Failure> {
        Ok(Self {
            schema: migrator.schema(target).await?,
            position: migrator.position(target).await?,
            witness: Witness::of(&migrator.opened(target)?, &migrator.reading()).await?,
        })
    }

    /// What a command that failed did to the database.
    async fn compare(&self, migrator: &CommandMigrator, target: Target<'_>) -> Left {
        let written = self.witness.written().await;
        let position = migrator.position(target).await.ok().flatten();
        let moved = match (&self.position, &position) {
            (Some(before), Some(after)) => !after.is_same(before),
            _ => false,
        };
        let mut left = match migrator.schema(target).await {
            Err(_) => Left::unseen(),
            Ok(after) if after.objects != self.schema.objects => Left::new(
                Effect::Part,
                "the schema is not as it was before the command",
            ),
            Ok(_) if moved => Left::new(
                Effect::Part,
                "the history is not as it was before the command",
            ),
            Ok(_) => match written {
                Written::No => Left::new(
                    Effect::Nothing,
                    "the database is as it was before the command",
                ),
                Written::BySomebody => Left::new(
                    Effect::Unknown,
                    "the schema is as it was, but rows were written while the command ran; by whom cannot be told",
                ),
                Written::CannotTell => Left::new(
                    Effect::Unknown,
                    "the schema is as it was; whether rows were written cannot be told",
                ),
            },
        };
        if let Some(after) = &position {
            if let Some(before) = &self.position {
                let applied = after.since(before).migrations;
                left.lines = applied
                    .iter()
                    .map(|migration| format!("applied: {migration}"))
                    .collect();
            }
            left.lines.extend(after.obstacles());
            left.hints = after.hints();
        }
        if let (Effect::Part | Effect::Unknown, Reader::Tool(history)) =
            (left.effect, &migrator.history)
        {
            let advice = history
                .tool()
                .aftermath(migrator.database.dialect())
                .advice();
            left.hints.extend(advice.map(str::to_owned));
        }
        left
    }
}

/// A lock that was not had, as the user reads it.
fn lock_failure(error: &LockError) -> Failure {
    let failure = Failure::new("migration-lock", error.to_string());
    match error {
        LockError::Held { .. } => failure
            .with_hint("wait for it; `[release] lock_timeout` says how long a release waits")
            .of_kind(FailureKind::Deadline),
        _ => failure,
    }
}

fn hint(cause: ExitCause, project: &Project) -> String {
    match cause {
        ExitCause::Timeout => format!(
            "it was stopped after {}; `[deploy] release_command_timeout` says how long it may run",
            short(project.deploy.release_command_timeout.value)
        ),
        ExitCause::OutOfMemory => {
            "give it more with `[deploy.release_command_vm] memory = \"1gb\"`".to_owned()
        }
        ExitCause::Lost => {
            "look at the database before you go on; nothing is repeated blindly".to_owned()
        }
        _ => "mend what the command says and deploy again".to_owned(),
    }
}

#[async_trait]
impl Migrator for CommandMigrator {
    async fn survey(&self) -> Result<Survey, Failure> {
        let survey = match &self.history {
            Reader::Engine(engine) => engine.survey().await?,
            Reader::Tool(history) => self.survey_of(history).await?,
            Reader::None => Survey {
                summary: format!(
                    "release command `{}`: what is pending only it can tell",
                    self.command.as_written()
                ),
                ..Survey::default()
            },
        };
        let runs = survey
            .pending
            .as_ref()
            .is_none_or(|pending| !pending.is_empty());
        if runs || self.purpose == Purpose::Anything {
            check_writable(&self.database)?;
        }
        Ok(match self.purpose {
            Purpose::Migrates => survey,
            // It is run whatever is pending.
            Purpose::Anything => Survey {
                pending: survey.pending.filter(|pending| !pending.is_empty()),
                ..survey
            },
        })
    }

    async fn migrate(
        &self,
        target: Target<'_>,
        tag: &MachineId,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Migrated, Failure> {
        if let Target::Copy(_) = target {
            // What an earlier rehearsal did, it did to a copy that is gone.
            match self.machines.stop(tag).await {
                Ok(_) | Err(shipgate_runtime::process::MachineError::NoSuchMachine(_)) => {}
                Err(error) => return Err(machine_failure(&error)),
            }
            self.machines
                .remove(tag)
                .await
                .map_err(|error| machine_failure(&error))?;
        }
        let live = match target {
            Target::Copy(_) => Some(self.look_at_live().await?),
            Target::Live => None,
        };
        let result = self.behind_lock(target, tag, watch, cancel).await;
        match live {
            Some(before) if self.look_at_live().await?.differs_from(&before) => {
                Err(self.escaped(result.err()))
            }
            _ => result,
        }
    }

    async fn standing(&self, target: Target<'_>) -> Result<Standing, Failure> {
        match &self.history {
            Reader::Engine(engine) => engine.standing(target).await,
            Reader::Tool(_) => {
                let schema = self.schema(target).await?;
                let position = self.position(target).await?;
                Ok(position.map_or(schema.clone(), |position| position.standing(schema.objects)))
            }
            Reader::None => self.schema(target).await,
        }
    }
}

/// The live database, while a rehearsal runs on its copy.
struct Live {
    schema: Standing,
    position: Option<Position>,
}

impl Live {
    fn differs_from(&self, before: &Self) -> bool {
        self.schema.objects != before.schema.objects
            || match (&self.position, &before.position) {
                (Some(now), Some(before)) => !now.is_same(before),
                _ => false,
            }
    }
}

impl CommandMigrator {
    async fn look_at_live(&self) -> Result<Live, Failure> {
        Ok(Live {
            schema: self.schema(Target::Live).await?,
            position: self.position(Target::Live).await?,
        })
    }

    /// The rehearsal changed the database itself.
    fn escaped(&self, failure: Option<Failure>) -> Failure {
        let report = failure.map_or_else(Vec::new, |failure| {
            [vec![failure.message], failure.report].concat()
        });
        rehearse::escaped(format!(
            "while `{}` was rehearsed on a copy, the database itself was changed",
            self.command.as_written()
        ))
        .with_report(report)
        .with_hint(
            "let the tool take the database from DATABASE_URL; one that cannot is released without the step `rehearse`",
        )
    }

    async fn behind_lock(
        &self,
        target: Target<'_>,
        tag: &MachineId,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Migrated, Failure> {
        let lock = tokio::select! {
            lock = self.lock(target) => lock?,
            () = cancel.wait() => return Err(Failure::cancelled()),
        };
        let Some(lock) = lock else {
            return self.run(target, tag, watch, cancel.wait()).await;
        };
        // Without the lock nobody may migrate: the command is stopped.
        let mut lost = None;
        let stop = async {
            tokio::select! {
                error = held_lock::lost(lock.as_ref()) => lost = Some(error),
                () = cancel.wait() => {}
            }
        };
        let result = self.run(target, tag, watch, stop).await;
        // What went wrong with it was told where it mattered.
        let _ = lock.release().await;
        match (lost, result) {
            (Some(error), Err(failure)) => Err(Failure {
                code: "migration-lock".to_owned(),
                message: format!("the command was stopped: {error}"),
                kind: FailureKind::Deadline,
                ..failure
            }),
            (_, result) => result,
        }
    }

    async fn survey_of(&self, history: &ToolHistory) -> Result<Survey, Failure> {
        let database = self.opened(Target::Live)?;
        let position = history.position(database.as_ref(), &self.reading()).await?;
        let tool = history.title();
        let obstacles = position.obstacles();
        if !obstacles.is_empty() {
            return Err(Failure::new(
                "history-unfinished",
                format!(
                    "the history of {tool} is not one that `{}` can go on from",
                    self.command.as_written()
                ),
            )
            .with_report(obstacles)
            .with_hints(position.hints()));
        }
        let pending: Vec<String> = position.pending().map(title).collect();
        let beyond: Vec<String> = position.beyond().map(title).collect();
        let place = self
            .database
            .file()
            .and_then(std::path::Path::file_name)
            .map_or_else(String::new, |name| format!(", {}", name.to_string_lossy()));
        let count = match (pending.len(), beyond.len()) {
            (0, 0) => "nothing pending".to_owned(),
            (1, 0) => "1 pending migration".to_owned(),
            (more, 0) => format!("{more} pending migrations"),
            (0, back) => format!("{back} to take back"),
            (more, back) => format!("{more} pending and {back} to take back"),
        };
        let mut details: Vec<String> = position
            .pending()
            .map(|entry| match &entry.why {
                Some(why) => format!("pending: {} ({why})", title(entry)),
                None => format!("pending: {}", title(entry)),
            })
            .collect();
        details.extend(beyond.iter().map(|entry| format!("to take back: {entry}")));
        details.extend(position.remarks());
        if !position.is_reached() || self.purpose == Purpose::Anything {
            details.push(match &self.remark {
                Some(why) => format!("by `{}`: {why}", self.command.as_written()),
                None => format!("by `{}`", self.command.as_written()),
            });
        }
        Ok(Survey {
            summary: format!("{tool}: {count}, {}{place}", position.at()),
            details,
            pending: Some([pending, beyond].concat()),
        })
    }

    /// Runs the command, which alone migrates now.
    async fn run(
        &self,
        target: Target<'_>,
        tag: &MachineId,
        watch: &dyn Watch,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Migrated, Failure> {
        let before = Before::of(self, target).await?;
        let is_begun = self.machines.spec(tag).is_ok();
        if let (Purpose::Migrates, Some(position), false) =
            (self.purpose, &before.position, is_begun)
            && position.is_reached()
        {
            return Ok(Migrated {
                summary: "nothing pending any more: another one has applied it".to_owned(),
                ..Migrated::default()
            });
        }
        let spec = self.spec(target, tag)?;
        let launched = self
            .machines
            .launch(&spec)
            .await
            .map_err(|error| launch_failure(&error))?;
        // What was before a run that another process began, nobody here saw.
        let before = (!launched.adopted).then_some(before);
        let output = |line: &LogLine| watch.output(&line.text());
        let exit = attend(&self.machines, tag, &output, stop).await?;
        if !exit.cause.success() {
            return Err(self.failed(tag, exit.cause, target, before.as_ref()).await);
        }
        let after = self.schema(target).await?;
        let position = self.position(target).await?;
        let applied = match (&before, &position) {
            (
                Some(Before {
                    position: Some(before),
                    ..
                }),
                Some(after),
            ) => after.since(before),
            _ => Applied::default(),
        };
        Ok(Migrated {
            summary: self.summary(&applied, &short(exit.ran)),
            details: Vec::new(),
            changed: before.is_none_or(|before| {
                before.schema.objects != after.objects
                    || match (&before.position, &position) {
                        (Some(before), Some(after)) => !after.is_same(before),
                        _ => false,
                    }
            }),
            applied,
        })
    }

    fn summary(&self, applied: &Applied, took: &str) -> String {
        let command = self.command.as_written();
        let done = format!("`{command}` completed in {took}");
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        match (
            &applied.tool,
            applied.migrations.len(),
            applied.taken_back.len(),
        ) {
            (None, ..) => format!("release command {done}"),
            (Some(_), 0, 0) => format!("no migration; {done}"),
            (Some(_), count, 0) => format!("{count} migration{}; {done}", plural(count)),
            (Some(_), 0, back) => format!("{back} migration{} taken back; {done}", plural(back)),
            (Some(_), count, back) => format!(
                "{count} migration{}, {back} taken back; {done}",
                plural(count)
            ),
        }
    }
}

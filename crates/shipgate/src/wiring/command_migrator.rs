//! The release command as a release's Migrator.

use std::path::PathBuf;

use async_trait::async_trait;
use shipgate_database::{
    Access, ConnectOptions, Create, DatabaseUrl, OpenError, Session, Value, open,
};
use shipgate_project::{CommandLine, Project};
use shipgate_release::machine::{ExitCause, MachineId, MachineSpec};
use shipgate_release::ports::{Migrated, Migrator, Standing, Survey, Target, Watch};
use shipgate_release::{Cancel, Effect, Failure, FailureKind};
use shipgate_runtime::log::LogLine;
use shipgate_runtime::process::Machines;
use shipgate_server::{launch_failure, machine_failure, report_line};

use super::access::{check_writable, open_failure};
use super::attend::attend;
use super::backup::copy_url;
use super::client::client_settings;
use super::engine::{EngineMigrator, objects};
use super::notice::Notice;
use super::specs;
use crate::report::short;

/// Lines of a failed command that the report shows.
const TAIL: usize = 20;

/// Runs `[deploy] release_command` in a temporary machine.
pub(crate) struct CommandMigrator {
    pub(crate) command: CommandLine,
    /// Reads the history, where the migrations are an Atlas directory.
    pub(crate) engine: Option<EngineMigrator>,
    pub(crate) project: Project,
    pub(crate) release: u64,
    pub(crate) build: PathBuf,
    pub(crate) database: DatabaseUrl,
    pub(crate) machines: Machines,
    pub(crate) rehearsals: PathBuf,
    pub(crate) notice: Notice,
}

impl CommandMigrator {
    fn url(&self, target: Target<'_>) -> Result<DatabaseUrl, Failure> {
        match target {
            Target::Live => Ok(self.database.clone()),
            Target::Copy(name) => copy_url(&self.database, &self.rehearsals, name),
        }
    }

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

    async fn schema(&self, target: Target<'_>) -> Result<Standing, Failure> {
        let database =
            open(&self.url(target)?, &client_settings()).map_err(|error| open_failure(&error))?;
        Ok(Standing {
            version: None,
            unfinished: Vec::new(),
            objects: objects(database.as_ref(), &self.reading()).await?,
        })
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
        let effect = match before {
            Some(before) if cause != ExitCause::Lost => before.effect(self, target).await,
            _ => Effect::Unknown,
        };
        let schema = match (target, effect) {
            (Target::Copy(_), _) => "it ran on a copy; the database itself was not touched",
            (_, Effect::Nothing) => "the database is as it was before the command",
            (_, Effect::Part) => "the schema is not as it was before the command",
            (_, Effect::Unknown) => {
                "the schema is as it was, but rows were written while the command ran; by whom cannot be told"
            }
        };
        let failure = if cause == ExitCause::Stopped {
            Failure::cancelled()
        } else {
            Failure::new(
                "release-command-failed",
                format!("release command `{}`: {cause}", self.command.as_written()),
            )
            .with_hint(hint(cause, &self.project))
        };
        failure
            .with_report(lines.iter().map(report_line))
            .with_report([
                schema.to_owned(),
                format!("the whole log: `shipgate logs {tag}`"),
            ])
            .with_effect(effect)
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
    /// A session that sees whether others have committed since; `None` where
    /// there was no database.
    witness: Option<tokio::sync::Mutex<Witness>>,
}

struct Witness {
    session: Box<dyn Session>,
    seen: Vec<Vec<Value>>,
}

impl Witness {
    /// Changes whenever another session has committed.
    const VERSION: &str = "PRAGMA data_version";
}

impl Before {
    async fn of(migrator: &CommandMigrator, target: Target<'_>) -> Result<Self, Failure> {
        let schema = migrator.schema(target).await?;
        let database = open(&migrator.url(target)?, &client_settings())
            .map_err(|error| open_failure(&error))?;
        let witness = match database.connect(&migrator.reading()).await {
            Ok(mut session) => {
                let seen = session.query(Witness::VERSION, &[]).await;
                let seen = seen.map_err(|error| Failure::new("database", error.to_string()))?;
                Some(tokio::sync::Mutex::new(Witness { session, seen }))
            }
            Err(OpenError::Missing { .. } | OpenError::NoDirectory { .. }) => None,
            Err(error) => return Err(open_failure(&error)),
        };
        Ok(Self { schema, witness })
    }

    /// What a command that failed did to the database.
    async fn effect(&self, migrator: &CommandMigrator, target: Target<'_>) -> Effect {
        match migrator.schema(target).await {
            Ok(after) if after.objects != self.schema.objects => return Effect::Part,
            Ok(_) => {}
            Err(_) => return Effect::Unknown,
        }
        let Some(witness) = &self.witness else {
            return Effect::Nothing;
        };
        let mut witness = witness.lock().await;
        match witness.session.query(Witness::VERSION, &[]).await {
            Ok(now) if now == witness.seen => Effect::Nothing,
            _ => Effect::Unknown,
        }
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
        if let Some(engine) = &self.engine {
            return engine.survey().await;
        }
        check_writable(&self.database)?;
        Ok(Survey {
            summary: format!(
                "release command `{}`: what is pending only it can tell",
                self.command.as_written()
            ),
            details: Vec::new(),
            pending: None,
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
        let before = Before::of(self, target).await?;
        let spec = self.spec(target, tag)?;
        let launched = self
            .machines
            .launch(&spec)
            .await
            .map_err(|error| launch_failure(&error))?;
        // What was before a run that another process began, nobody here saw.
        let before = (!launched.adopted).then_some(before);
        let output = |line: &LogLine| watch.output(&line.text());
        let exit = attend(&self.machines, tag, &output, cancel.wait()).await?;
        if !exit.cause.success() {
            return Err(self.failed(tag, exit.cause, target, before.as_ref()).await);
        }
        let after = self.schema(target).await?;
        Ok(Migrated {
            summary: format!(
                "release command `{}` completed in {}",
                self.command.as_written(),
                short(exit.ran)
            ),
            details: Vec::new(),
            changed: before.is_none_or(|before| before.schema.objects != after.objects),
        })
    }

    async fn standing(&self, target: Target<'_>) -> Result<Standing, Failure> {
        match &self.engine {
            Some(engine) => engine.standing(target).await,
            None => self.schema(target).await,
        }
    }
}

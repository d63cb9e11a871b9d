//! A command as a release's Migrator: the release command, that of
//! `[database]`, or the tool's own.

mod aftermath;
mod live;
mod lock;
mod survey;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use shipgate_database::{Access, ConnectOptions, Create, Database, DatabaseUrl, open};
use shipgate_project::{CommandLine, Project};
use shipgate_release::machine::{MachineId, MachineSpec};
use shipgate_release::ports::{Applied, Migrated, Migrator, Standing, Survey, Target, Watch};
use shipgate_release::{Cancel, Failure};
use shipgate_runtime::log::LogLine;
use shipgate_runtime::process::Machines;
use shipgate_server::{launch_failure, machine_failure};

use super::access::{check_writable, open_failure};
use super::attend::attend;
use super::backup::copy_url;
use super::client::client_settings;
use super::engine::{EngineMigrator, objects};
use super::notice::Notice;
use super::specs;
use super::tool_history::{Position, ToolHistory};
use super::way::Purpose;
use crate::report::short;
use aftermath::Before;

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
        let own = match &self.history {
            Reader::Tool(history) => specs::spelled_for(history.tool(), &database),
            Reader::None | Reader::Engine(_) => BTreeMap::new(),
        };
        let mut spec = site.release_command(tag, &self.command, &own)?;
        if let Target::Copy(_) = target {
            specs::point_at(&mut spec, &self.database, &database);
            spec.env.extend(
                own.into_iter()
                    .filter(|(name, _)| name == specs::DATABASE_URL),
            );
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

impl CommandMigrator {
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

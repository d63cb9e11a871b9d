//! Putting a release's ports together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_project::{CommandLine, ConcurrencyType, Project};
use shipgate_release::ports::{Clock, Migrator, Ports};
use shipgate_runtime::process::Machines;
use shipgate_server::api::{Concurrency, ConcurrencyUnit};
use shipgate_server::client::Client;
use shipgate_server::state_directory::StateDirectory;
use shipgate_server::{DoorTraffic, ProcessFleet};

use super::backup::DatabaseBackups;
use super::builder::ProjectBuilder;
use super::command_migrator::{CommandMigrator, Reader};
use super::engine::{EngineMigrator, Located, Source};
use super::kept_project::KeptProject;
use super::notice::Notice;
use super::tool_history::ToolHistory;
use super::unfit::Unfit;
use super::way::{History, Way};
use super::{keeper, policy, way};
use crate::error::CliError;
use crate::site::database;

/// How long a machine without checks must run to count as healthy.
const SMOKE: Duration = Duration::from_millis(500);

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A project as one release sees it.
pub(crate) struct Assembly {
    pub(crate) project: KeptProject,
    pub(crate) state: StateDirectory,
    /// The release whose build the migrations and the release command come from.
    pub(crate) release: u64,
    /// The release that serves.
    pub(crate) serving: Option<u64>,
    /// Tells who is waited for.
    pub(crate) notice: Notice,
}

impl Assembly {
    /// Everything the release needs from outside.
    pub(crate) fn ports(self) -> Result<Ports, CliError> {
        let Self {
            project: kept,
            state,
            release,
            serving,
            notice,
        } = self;
        let settings = kept.settings();
        let project = kept.project;
        let store = shipgate_release::store::Store::new(state.releases());
        let database = database(&project)?;
        let machines = Machines::open(&state.machines(), keeper::command()?)
            .map_err(|error| CliError::new("machine", error.to_string()))?;
        let build = store.directory(release).join("build");
        let backups = database
            .as_ref()
            .map(|url| DatabaseBackups::new(url.clone(), &state, &project, &notice))
            .transpose()?;
        let way = Way::of(&project);
        let (command, migrations) = match &way {
            Ok(way) => (way.command().cloned(), way.kept()),
            Err(_) => (None, None),
        };
        let migrator: Option<Arc<dyn Migrator>> = match (&database, way) {
            (None, _) | (Some(_), Ok(Way::None)) => None,
            (Some(_), Err(error)) => Some(Arc::new(Unfit(error.into()))),
            (Some(url), Ok(way)) => {
                let engine = |source| {
                    EngineMigrator::new(&project, url, source, state.rehearsals(), &notice)
                };
                let atlas = |directory| engine(Source::Atlas(Located::new(directory, &build)));
                match way {
                    Way::None => None,
                    Way::Engine(directory) => Some(Arc::new(atlas(directory))),
                    Way::Native(tooling) => {
                        let place = Located::new(tooling.directory(), &build);
                        Some(Arc::new(engine(Source::Tool(tooling.tool, place))))
                    }
                    Way::Command(by) => Some(Arc::new(CommandMigrator {
                        history: match by.history {
                            History::Unknown => Reader::None,
                            History::Engine(directory) => {
                                Reader::Engine(Box::new(atlas(directory)))
                            }
                            History::Tool(tooling) => Reader::Tool(Box::new(ToolHistory::new(
                                tooling,
                                &project,
                                build.clone(),
                                &variables(&project, &by.command),
                            ))),
                        },
                        command: by.command,
                        purpose: by.purpose,
                        remark: by.not_native,
                        project: project.clone(),
                        release,
                        build,
                        database: url.clone(),
                        machines: machines.clone(),
                        rehearsals: state.rehearsals(),
                        notice: notice.clone(),
                    })),
                }
            }
        };
        let fleet = ProcessFleet {
            machines: machines.clone(),
            daemon: daemon_command(&project, &state)?,
            listen: project.runtime.listen.value.to_string(),
            concurrency: concurrency(&project),
            notes: notes(&project),
            smoke: SMOKE,
            state: state.clone(),
        };
        let traffic = DoorTraffic::new(Client::reviving(&state, &fleet.daemon));
        let policy = policy::policy(&project);
        Ok(Ports {
            runtime: Arc::new(fleet),
            traffic: Arc::new(traffic),
            backup: backups
                .map(|backups| Arc::new(backups) as Arc<dyn shipgate_release::ports::Backup>),
            migrator,
            builder: Arc::new(ProjectBuilder {
                project,
                settings,
                database,
                command,
                migrations,
                store,
                machines,
                rehearsals: state.rehearsals(),
                serving,
            }),
            clock: Arc::new(SystemClock),
            policy,
        })
    }
}

/// What a command that migrates finds in its environment, as far as the
/// project file and the command itself say.
fn variables(project: &Project, command: &CommandLine) -> BTreeMap<String, String> {
    let own = project.env.iter();
    let mut variables: BTreeMap<String, String> = own
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    variables.extend(way::assignments(command));
    variables
}

/// `shipgate serve` for this project, as the background daemon runs it.
fn daemon_command(project: &Project, state: &StateDirectory) -> Result<Vec<OsString>, CliError> {
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map_err(|error| CliError::new("project-file", format!("{}: {error}", path.display())))
    };
    Ok(vec![
        keeper::own_program()?.into_os_string(),
        "serve".into(),
        "--detached".into(),
        "--config".into(),
        absolute(&project.file)?.into_os_string(),
        "--state".into(),
        state.root().into(),
        "--color".into(),
        "never".into(),
    ])
}

fn concurrency(project: &Project) -> Option<Concurrency> {
    let limits = &project.all_services().next()?.concurrency;
    Some(Concurrency {
        unit: match limits.kind.value {
            ConcurrencyType::Connections => ConcurrencyUnit::Connections,
            ConcurrencyType::Requests => ConcurrencyUnit::Requests,
        },
        soft_limit: limits.soft_limit.value,
        hard_limit: limits.hard_limit.as_ref().map(|limit| limit.value),
    })
}

/// What a release of this project does not do, in words.
fn notes(project: &Project) -> Vec<String> {
    let mut notes = Vec::new();
    if project.all_services().next().is_none() {
        notes.push("no [http_service]: the front door answers nothing".to_owned());
    }
    if let Some(front) = front_group(project) {
        for group in project.groups() {
            if group.name != front && !group.services.is_empty() {
                notes.push(format!(
                    "the front door serves group `{front}`; the service of group `{}` is not reached through it",
                    group.name
                ));
            }
        }
    }
    notes
}

/// The group whose machines the front door serves: that of the first service.
pub(crate) fn front_group(project: &Project) -> Option<String> {
    let first = project.all_services().next()?;
    project
        .group_names()
        .into_iter()
        .find(|name| project.belongs(&first.processes, name))
        .map(str::to_owned)
}

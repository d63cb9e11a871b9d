//! The way through a gate: database, lock, look, command, look again.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use shipgate_database::{LeasePlace, LockError, MigrationLock};
use shipgate_project::{Loaded, Project};
use shipgate_release::machine::MachineId;
use shipgate_runtime::log::{LogLine, Stream};
use shipgate_runtime::process::{LaunchError, Problem};
use shipgate_server::launch_failure;
use shipgate_tools::{Goal, Status};

use super::command::GateCommand;
use super::outcome::{Ended, Outcome};
use super::room::Room;
use super::told::Told;
use super::{Arguments, lock, no_database, outcome, room};
use crate::cli::{App, Place};
use crate::commands::history_flags::{Reach, duration, project_directory, project_of};
use crate::error::{CliError, Exit};
use crate::printer::Output;
use crate::report;
use crate::signals::Asked;
use crate::wiring::attend::attend;
use crate::wiring::held_lock;
use crate::wiring::left_sessions::{self, Left};
use crate::wiring::notice::wait_hook;
use crate::wiring::tooling::{Tooling, reading};

/// One way through the gate: what is guarded, and what is run.
pub(super) struct Passage<'a> {
    app: &'a App,
    pub(super) loaded: Option<Loaded>,
    tooling: Option<Tooling>,
    reach: Reach,
    command: GateCommand,
    pub(super) directory: PathBuf,
    room: Room,
    goal: Goal,
    always: bool,
    pub(super) timeout: Option<Duration>,
    lock_timeout: Duration,
    pub(super) kill_timeout: Duration,
}

impl<'a> Passage<'a> {
    pub(super) fn open(arguments: &Arguments, app: &'a App) -> Result<Self, CliError> {
        let place: Place = arguments.place.clone().into();
        let loaded = project_of(&place)?;
        let directory = absolute(&project_directory(&place))?;
        let project = loaded.as_ref().map(|loaded| &loaded.project);
        let tooling = tooling(arguments, &directory, project)?;
        if let Some(tooling) = &tooling {
            // A version that there is not is told before anything is done.
            tooling
                .status_of_files()
                .shortfalls(&arguments.verify)
                .map_err(|error| CliError::usage("flag", format!("--verify: {error}")))?;
        }
        let timeout = match &arguments.timeout {
            Some(text) => Some(duration("--timeout", text)?).filter(|limit| !limit.is_zero()),
            None => project
                .filter(|project| project.deploy.release_command_timeout.is_set())
                .and_then(|project| project.deploy.release_command_limit()),
        };
        let lock_timeout = duration("--lock-timeout", &arguments.lock_timeout)?;
        let kill_timeout = duration("--kill-timeout", &arguments.kill_timeout)?;
        let reach = arguments
            .history
            .reach(loaded.as_ref(), tooling.as_ref())?
            .ok_or_else(no_database)?;
        let command = GateCommand::choose(&arguments.command, project, tooling.as_ref(), &reach)?;
        let room = Room::open(
            arguments.place.files.state.as_deref(),
            &directory,
            reach.database.url(),
            &command.lock_name(tooling.as_ref()),
        )?;
        Ok(Self {
            app,
            tooling,
            reach,
            command,
            directory,
            room,
            goal: arguments.verify.clone(),
            always: arguments.always,
            timeout,
            lock_timeout,
            kill_timeout,
            loaded,
        })
    }

    /// Waits for the database, and for whoever migrates it.
    pub(super) async fn enter(&self) -> Result<Box<dyn MigrationLock>, CliError> {
        let before = self.status().await?;
        let is_fresh = before
            .as_ref()
            .is_some_and(|status| status.history_exists == Some(false));
        let lease = match &self.tooling {
            Some(tooling) => held_lock::lease(tooling.tool, !is_fresh),
            None => LeasePlace::default(),
        };
        let name = self.command.lock_name(self.tooling.as_ref());
        lock::take(
            &self.reach,
            name,
            lease,
            self.lock_timeout,
            &self.app.printer,
        )
        .await
    }

    /// Everything that is done while the lock is held.
    pub(super) async fn under(
        &self,
        lock: &dyn MigrationLock,
        asked: &Asked,
    ) -> Result<Told, CliError> {
        let before = self.status().await?;
        if let Some(status) = &before {
            self.show(status);
            if !self.always && self.refuses_failed() {
                outcome::refuse_failed(self.title(), status)?;
            }
            if !self.always && is_done(status) {
                self.verified(status)?;
                self.app.printer.say(&format!(
                    "nothing is pending: `{}` is not started",
                    self.command.shown()
                ));
                return Ok(Told::not_run(&self.command, status));
            }
        }
        self.room.clear_orphans(&self.app.printer).await?;
        self.end_sessions(self.room.prefix()).await;
        let objects = self.objects().await?;
        let ended = self.run(lock, asked).await?;
        let outcome = Outcome {
            command: &self.command,
            title: self.title(),
            before: before.as_ref(),
            after: self.status().await,
            schema_changed: self.objects().await.ok().map(|after| after != objects),
            aftermath: self
                .tooling
                .as_ref()
                .map(|tooling| tooling.tool.aftermath(self.reach.database.dialect())),
            ended: &ended,
            goal: &self.goal,
        };
        self.room.tidy().await;
        let told = outcome.judge()?;
        self.app.printer.say(&told.summary());
        Ok(told)
    }

    async fn run(&self, lock: &dyn MigrationLock, asked: &Asked) -> Result<Ended, CliError> {
        let tag = self.room.tag()?;
        let spec = self.command.machine(self, &tag);
        self.app
            .printer
            .say(&format!("running `{}`", self.command.shown()));
        let killed_before = room::memory_kills();
        self.room.machines.launch(&spec).await.map_err(|error| {
            self.room.forget_environment(&tag);
            self.not_started(&error)
        })?;
        let why = OnceLock::new();
        let stop = async {
            let reason = tokio::select! {
                exit = asked.wait() => Why::Asked(exit),
                error = held_lock::lost(lock) => {
                    self.app.printer.warn(&format!("{error}; the command is stopped"));
                    Why::Lost(error)
                }
            };
            let _ = why.set(reason);
        };
        let began = Instant::now();
        let show = |line: &LogLine| self.relay(line);
        let exit = attend(&self.room.machines, &tag, &show, stop).await?;
        self.room.forget_environment(&tag);
        if !exit.cause.success() {
            self.end_sessions(tag.as_str()).await;
        }
        Ok(Ended {
            cause: exit.cause,
            ran: if exit.ran.is_zero() {
                began.elapsed()
            } else {
                exit.ran
            },
            why: why.into_inner(),
            limit: self.timeout,
            was_out_of_memory: room::memory_kills() > killed_before,
            log: self.log_path(&tag),
            tail: self.tail(&tag),
        })
    }

    /// The command cannot be started: nobody knows of a machine.
    fn not_started(&self, error: &LaunchError) -> CliError {
        let LaunchError::Command { problem, .. } = error else {
            return launch_failure(error).into();
        };
        let error = CliError::new(
            "gate-command",
            format!("`{}` was not started: {problem}", self.command.shown()),
        )
        .with_report(["the schema and the history are as they were before".to_owned()]);
        match problem {
            Problem::NotInPath { .. } => {
                error.with_hint("give the program's path, or add its directory to PATH")
            }
            problem => match problem.hint() {
                Some(hint) => error.with_hint(hint),
                None => error,
            },
        }
    }

    /// Ends what commands that are gone left on the server.
    async fn end_sessions(&self, named: &str) {
        let database = self.reach.database.as_ref();
        match left_sessions::end(database, &self.reading(), named).await {
            Left::None => {}
            Left::Ended(count) => self.app.printer.warn(&format!(
                "sessions that the command left on the server were ended: {count}"
            )),
            Left::Running(count) => self.app.printer.warn(&format!(
                "sessions that the command left on the server do not end: {count}"
            )),
        }
    }

    /// A line of the command, where it wrote it.
    fn relay(&self, line: &LogLine) {
        let text = line.text();
        match line.stream {
            Stream::Out => self.app.printer.relay_out(&text),
            Stream::Err => self.app.printer.relay_err(&text),
            Stream::Note => self.app.printer.say(&format!("gate: {text}")),
        }
    }

    fn log_path(&self, tag: &MachineId) -> PathBuf {
        self.room.machines.root().join(tag.as_str()).join("log")
    }

    /// The last lines, for a reader who did not see them.
    fn tail(&self, tag: &MachineId) -> Vec<String> {
        const LINES: usize = 20;
        match self.app.printer.output {
            Output::Text => Vec::new(),
            Output::Json => {
                let lines = self.room.machines.log(tag).tail(LINES);
                let (lines, _) = lines.unwrap_or_default();
                lines.iter().map(shipgate_server::report_line).collect()
            }
        }
    }

    async fn status(&self) -> Result<Option<Status>, CliError> {
        let Some(tooling) = &self.tooling else {
            let session = self.reach.database.connect(&self.reading()).await;
            return match session {
                Ok(session) => {
                    session.close().await;
                    Ok(None)
                }
                Err(error) => outcome::unless_missing(error).map(|()| None),
            };
        };
        tooling
            .status(self.reach.database.as_ref(), &self.reading())
            .await
            .map(Some)
    }

    fn reading(&self) -> shipgate_database::ConnectOptions {
        shipgate_database::ConnectOptions {
            connect_timeout: self.reach.connect_timeout,
            on_wait: Some(wait_hook(self.app)),
            ..reading()
        }
    }

    /// The schema without the tool's history.
    async fn objects(&self) -> Result<Vec<(String, String)>, CliError> {
        outcome::objects(
            self.reach.database.as_ref(),
            self.tooling.as_ref(),
            &self.reading(),
        )
        .await
    }

    fn show(&self, status: &Status) {
        let printer = &self.app.printer;
        for warning in &status.warnings {
            printer.warn(warning);
        }
        if let Some(tooling) = &self.tooling {
            printer.say(&report::unfinished(tooling.tool, status));
        }
    }

    /// Whether the tool does nothing while a migration counts as failed.
    /// Shipgate's own engine goes on where it stopped.
    fn refuses_failed(&self) -> bool {
        self.tooling
            .as_ref()
            .is_some_and(|tooling| !tooling.is_own())
    }

    fn verified(&self, status: &Status) -> Result<(), CliError> {
        outcome::verify(status, &self.goal, self.title())
    }

    fn title(&self) -> &'static str {
        self.tooling
            .as_ref()
            .map_or("the command", |tooling| tooling.tool.title())
    }
}

/// Why a command was stopped before its time.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// Somebody asked for it.
    Asked(Exit),
    /// The lock is not held any more.
    Lost(LockError),
}

/// Whether the command would find nothing to do.
fn is_done(status: &Status) -> bool {
    use shipgate_tools::State;
    !status.migrations.iter().any(|entry| {
        matches!(
            entry.state,
            State::Pending | State::OutOfOrder | State::Failed | State::NotCheckable
        )
    })
}

fn tooling(
    arguments: &Arguments,
    directory: &Path,
    project: Option<&Project>,
) -> Result<Option<Tooling>, CliError> {
    match Tooling::find(directory, &arguments.migrations.named(), project) {
        Ok(Some(tooling)) => Ok(Some(tooling)),
        // Nothing is asked of the history, so it need not be known.
        Ok(None) | Err(_) if arguments.verify == Goal::None && arguments.migrations.is_silent() => {
            Ok(None)
        }
        Ok(None) => Err(
            CliError::usage("no-tool", "no migration tool was found here").with_hint(
                "name it with `--tool`, or say that nothing is to be verified: `--verify none`",
            ),
        ),
        Err(mut error) => {
            if let ("no-tool", Some(hint)) = (error.code.as_str(), &mut error.hint) {
                hint.push_str("; `--verify none` runs a COMMAND without a look at any history");
            }
            Err(error)
        }
    }
}

fn absolute(directory: &Path) -> Result<PathBuf, CliError> {
    directory.canonicalize().map_err(|error| {
        CliError::usage(
            "project-file",
            format!("no directory {}: {error}", directory.display()),
        )
    })
}

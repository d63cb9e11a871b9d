//! The command behind the gate, and the machine that runs it.

use std::collections::BTreeMap;

use shipgate_database::LockName;
use shipgate_project::Project;
use shipgate_release::machine::{MachineId, MachineSpec, RestartPolicy};

use super::passage::Passage;
use crate::commands::history_flags::Reach;
use crate::error::CliError;
use crate::wiring::held_lock;
use crate::wiring::keeper::own_program;
use crate::wiring::left_sessions;
use crate::wiring::specs::secrets_of;
use crate::wiring::tooling::Tooling;

/// The variable that says where the database is.
const DATABASE_URL: &str = "DATABASE_URL";

/// The lock of a gate whose command takes the migration lock itself.
const GATE_LOCK: &str = "shipgate_gate";

/// A command, ready to be run.
pub(super) struct GateCommand {
    words: Vec<String>,
    /// Its first words as they were given, without what may be secret.
    shown: String,
    env: BTreeMap<String, String>,
}

impl GateCommand {
    /// The command line's, else the project file's, else the tool's own.
    pub(super) fn choose(
        given: &[String],
        project: Option<&Project>,
        tooling: Option<&Tooling>,
        reach: &Reach,
    ) -> Result<Self, CliError> {
        let mut env = environment(reach, tooling);
        let written = project.and_then(|project| project.database.command.as_ref());
        let (words, shown) = match (given, written) {
            ([], Some(command)) => {
                let words = command
                    .value
                    .expand(|name| env.get(name).cloned())
                    .map_err(|unset| {
                        CliError::usage(
                            "unset-name",
                            format!("{unset}, in the command `{}`", command.value.as_written()),
                        )
                    })?;
                (words, command.value.as_written().to_owned())
            }
            ([], None) => {
                let tooling = tooling.ok_or_else(no_command)?;
                let words = tooling.command();
                let shown = words.join(" ");
                let words = own(tooling, words, &env)?;
                for (name, value) in tooling
                    .tool
                    .database_variables(&reach.database.url().absolute())
                {
                    env.entry(name.to_owned()).or_insert(value);
                }
                (words, shown)
            }
            (given, _) => (given.to_vec(), mask(given, &env)),
        };
        if words.is_empty() {
            return Err(no_command());
        }
        Ok(Self { words, shown, env })
    }

    /// The command for people.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The migration lock, unless the command needs it for itself.
    pub(super) fn lock_name(&self, tooling: Option<&Tooling>) -> LockName {
        if held_lock::is_taken_by(&self.words) || tooling.is_some_and(Tooling::is_own) {
            LockName::parse(GATE_LOCK).expect("a name of letters")
        } else {
            LockName::default()
        }
    }

    /// Its machine, as a release command's: no services, no checks, no restart.
    pub(super) fn machine(&self, gate: &Passage<'_>, tag: &MachineId) -> MachineSpec {
        let project = gate.loaded.as_ref().map(|loaded| &loaded.project);
        let mut app = gate
            .directory
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(project) = project {
            app.clone_from(&project.app.value);
        }
        let mut env = self.env.clone();
        env.entry(left_sessions::NAME_VARIABLE.to_owned())
            .or_insert_with(|| tag.to_string());
        MachineSpec {
            id: tag.clone(),
            app,
            release: 0,
            group: "gate".to_owned(),
            command: self.words.clone(),
            directory: gate.directory.clone(),
            env,
            port: None,
            routed: false,
            checks: Vec::new(),
            restart: RestartPolicy::No,
            kill_signal: rustix::process::Signal::TERM.as_raw(),
            kill_timeout: gate.kill_timeout,
            timeout: gate.timeout,
            memory_limit: project.and_then(Project::release_memory_limit),
            secrets: secrets_of(&self.env),
        }
    }
}

/// This process's environment, and where the database is.
fn environment(reach: &Reach, tooling: Option<&Tooling>) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    // What the environment says stays as it is: tools differ in how they
    // spell the same database.
    if reach.is_said || !env.contains_key(DATABASE_URL) {
        let url = reach.database.url().absolute();
        let text = match tooling {
            Some(tooling) => tooling.tool.database_url(&url),
            None => url.expose().to_owned(),
        };
        env.insert(DATABASE_URL.to_owned(), text);
    }
    env
}

/// A tool's own command: this very program, and the database where it has no
/// other way to be told.
fn own(
    tooling: &Tooling,
    words: Vec<String>,
    env: &BTreeMap<String, String>,
) -> Result<Vec<String>, CliError> {
    let this = own_program()?.display().to_string();
    let url = env.get(DATABASE_URL).cloned().unwrap_or_default();
    Ok(words
        .into_iter()
        .enumerate()
        .map(|(at, word)| match word.as_str() {
            "shipgate" if at == 0 && tooling.is_own() => this.clone(),
            "$DATABASE_URL" => url.clone(),
            _ => word,
        })
        .collect())
}

/// The words as one line, secrets left out.
fn mask(words: &[String], env: &BTreeMap<String, String>) -> String {
    let given: BTreeMap<String, String> = words
        .iter()
        .map(|word| (String::new(), word.clone()))
        .collect();
    let line = words.join(" ");
    secrets_of(&given).mask(&secrets_of(env).mask(&line))
}

fn no_command() -> CliError {
    CliError::usage("no-command", "there is no command to run")
        .with_hint("write it behind `--`, as in `shipgate gate -- node migrate.js up`")
}

//! `shipgate doctor`: what a release would check, and the usual troubles.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use shipgate_database::{Access, ConnectOptions, DatabaseUrl, crash_risk, open};
use shipgate_project::{CommandLine, Project, StepWord, landing};
use shipgate_release::ports::Migrator;
use shipgate_runtime::process::check_program;
use shipgate_server::client::{AskError, Client};
use shipgate_server::state_directory::StateDirectory;
use shipgate_tools::Entry;

use crate::cli::{App, Place};
use crate::error::{CliError, Exit};
use crate::printer::{Output, Printer, style};
use crate::site::{Site, database, in_words, read_project};
use crate::wiring::access::open_failure;
use crate::wiring::client::client_settings;
use crate::wiring::engine::{EngineMigrator, Located, Source};
use crate::wiring::notice::Notice;
use crate::wiring::tooling::{Tooling, reading};
use crate::wiring::way::{ByCommand, History, Way};

/// Arguments of `shipgate doctor`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Exit with 3 when there is trouble
    #[arg(long)]
    exit_code: bool,
}

/// What was found, in order.
struct Findings<'p> {
    printer: &'p Printer,
    troubles: usize,
}

impl Findings<'_> {
    fn well(&self, what: &str, text: &str) -> Result<(), CliError> {
        self.tell("ok", style::GOOD, what, text, None)
    }

    /// What is not as it might be, and stops nothing.
    fn warning(&self, what: &str, text: &str, mend: &str) -> Result<(), CliError> {
        self.tell("warning", style::WARN, what, text, Some(mend))
    }

    fn trouble(&mut self, what: &str, error: &CliError) -> Result<(), CliError> {
        self.troubles += 1;
        let lines =
            std::iter::once(error.message.as_str()).chain(error.report.iter().map(String::as_str));
        let text = lines.collect::<Vec<_>>().join("\n");
        self.tell("trouble", style::BAD, what, &text, error.hint.as_deref())
    }

    fn tell(
        &self,
        state: &str,
        style: anstyle::Style,
        what: &str,
        text: &str,
        mend: Option<&str>,
    ) -> Result<(), CliError> {
        if self.printer.output == Output::Json {
            let line = json!({
                "type": "finding", "state": state, "what": what, "text": text, "mend": mend,
            });
            return self.printer.result(&line.to_string());
        }
        let mut lines = text.split('\n');
        let first = lines.next().unwrap_or_default();
        self.printer
            .result(&format!("{style}{state:>8}{style:#}  {what}: {first}"))?;
        for line in lines {
            self.printer.result(&format!("{:8}  {line}", ""))?;
        }
        match mend {
            Some(mend) => self.printer.result(&format!("{:8}  mend: {mend}", "")),
            None => Ok(()),
        }
    }
}

pub(crate) async fn run(arguments: Arguments, app: App) -> Result<Exit, CliError> {
    let mut findings = Findings {
        printer: &app.printer,
        troubles: 0,
    };
    let loaded = match read_project(&arguments.place) {
        Ok(loaded) => loaded,
        Err(error) => {
            findings.trouble("project file", &error)?;
            return Ok(verdict(&findings, arguments.exit_code));
        }
    };
    let project = &loaded.project;
    findings.well("project file", &project.file.display().to_string())?;
    for warning in &loaded.warnings {
        app.printer.warn(&in_words(warning));
    }
    state_directory(&arguments.place, &mut findings)?;
    release_command(project, &mut findings)?;
    programs(project, &mut findings)?;
    look_at_database(project, &app, &mut findings).await?;
    look_at_durability(project, &findings).await?;
    front_door(&arguments.place, project, &mut findings).await?;
    Ok(verdict(&findings, arguments.exit_code))
}

fn verdict(findings: &Findings<'_>, exit_code: bool) -> Exit {
    match findings.troubles {
        0 => findings.printer.say("no trouble found"),
        1 => findings.printer.say("1 trouble found"),
        more => findings.printer.say(&format!("{more} troubles found")),
    }
    if findings.troubles > 0 && exit_code {
        Exit::Trouble
    } else if findings.troubles > 0 {
        Exit::Failed
    } else {
        Exit::Done
    }
}

fn state_directory(place: &Place, findings: &mut Findings<'_>) -> Result<(), CliError> {
    let Some(state) = Site::existing_state(place) else {
        return findings.well("state directory", "none yet; the first release makes it");
    };
    match StateDirectory::open(state.root()) {
        Ok(state) => {
            let store = shipgate_release::store::Store::new(state.releases());
            match store.unfinished()? {
                Some(release) if store.busy().is_none() => findings.trouble(
                    "releases",
                    &CliError::new(
                        "release-unfinished",
                        format!("release {} was begun and has no end", release.number),
                    )
                    .with_hint("`shipgate release resume` goes on with it"),
                ),
                _ => findings.well("state directory", &state.root().display().to_string()),
            }
        }
        Err(error) => findings.trouble("state directory", &error.into()),
    }
}

/// Whether anything would migrate the database.
fn release_command(project: &Project, findings: &mut Findings<'_>) -> Result<(), CliError> {
    let what = "release command";
    if !project.release.has(StepWord::Migrate) {
        return findings.trouble(
            what,
            &CliError::new(
                "not-run",
                "`[release] steps` has no `migrate`: nothing migrates the database",
            )
            .with_hint("add \"migrate\" to the steps, or leave `steps` out"),
        );
    }
    match Way::of(project) {
        Err(error) => findings.trouble(what, &error),
        Ok(Way::Command(by)) => {
            let tool = by.history.tool().map_or_else(String::new, |tooling| {
                format!(" ({})", tooling.tool.title())
            });
            findings.well(what, &format!("`{}`{tool}", by.command.as_written()))
        }
        Ok(Way::Native(tooling)) => findings.well(
            what,
            &format!(
                "none; the built-in engine applies the migrations of {} in {}",
                tooling.tool.title(),
                tooling.directory().display()
            ),
        ),
        Ok(Way::Engine(directory)) if directory.is_dir() => findings.well(
            what,
            &format!("none; the built-in engine applies {}", directory.display()),
        ),
        Ok(Way::Engine(directory)) => findings.trouble(
            what,
            &CliError::new(
                "migrations-directory",
                format!("there is no migrations directory {}", directory.display()),
            )
            .with_hint("`[database] directory` names it; `shipgate migrate new` makes it"),
        ),
        Ok(Way::None) => findings.trouble(
            what,
            &CliError::new(
                "not-configured",
                "there is neither a release command nor a directory of SQL migrations",
            )
            .with_hint("write `[deploy] release_command`, or `[database] directory`; an app without a database needs neither"),
        ),
    }
}

/// Every program the project names, as far as it lies in the project.
fn programs(project: &Project, findings: &mut Findings<'_>) -> Result<(), CliError> {
    let mut seen = Vec::new();
    let groups = project
        .groups()
        .into_iter()
        .filter_map(|group| group.command);
    let way = Way::of(project).ok();
    let migrates = way.as_ref().and_then(Way::command).cloned();
    for command in groups.chain(migrates) {
        let Some(program) = program_of(&command) else {
            continue;
        };
        if seen.contains(&program) {
            continue;
        }
        let name = program.display().to_string();
        if !within_reach(project, &program) {
            let error = CliError::new("program", format!("`{name}` is neither in the project nor on PATH"))
                .with_hint("does `[build] include` name it? a bare name is looked for in the build and on PATH");
            findings.trouble("program", &error)?;
        } else if let Some(path) = in_project(project, &program) {
            match check_program(&path) {
                Ok(()) => findings.well("program", &name)?,
                Err(problem) => {
                    let mut error = CliError::new("program", problem.to_string());
                    error.hint = problem.hint();
                    findings.trouble("program", &error)?;
                }
            }
        }
        seen.push(program);
    }
    Ok(())
}

fn program_of(command: &CommandLine) -> Option<PathBuf> {
    let words = command.expand(|name| std::env::var(name).ok()).ok()?;
    words.first().map(PathBuf::from)
}

/// Where a program lies that the build would take from the project: under its
/// own path, or among the included files under its name.
fn in_project(project: &Project, program: &Path) -> Option<PathBuf> {
    let direct = project.directory.join(program);
    let included = project.build.include.iter().flatten().find_map(|include| {
        let path = project.directory.join(include.value.as_str());
        (path.file_name() == program.file_name()).then_some(path)
    });
    Some(direct)
        .filter(|path| path.is_file())
        .or(included)
        .filter(|path| path.is_file())
}

/// Whether a machine could find a program, as far as that can be told before
/// the build: what a build command makes is believed to be there.
fn within_reach(project: &Project, program: &Path) -> bool {
    let includes = project.build.include.as_deref();
    let kept = includes.is_none_or(|includes| {
        includes.iter().any(|include| {
            let path = Path::new(include.value.as_str());
            include.value.is_glob()
                || project.directory.join(path).is_dir()
                || landing(path).is_some_and(|path| path.file_name() == program.file_name())
        })
    });
    let on_path = program.components().count() == 1
        && std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
        });
    kept || on_path || (program.is_absolute() && program.is_file())
}

async fn look_at_database(
    project: &Project,
    app: &App,
    findings: &mut Findings<'_>,
) -> Result<(), CliError> {
    let url = match database(project) {
        Ok(Some(url)) => url,
        Ok(None) => return findings.well("database", "the project names none"),
        Err(error) => return findings.trouble("database", &error),
    };
    let way = Way::of(project).ok();
    if let Some(Way::Command(by)) = &way
        && let Some(tooling) = by.history.tool()
    {
        return look_at_history(tooling, &url, findings).await;
    }
    let none = project.directory.join(".none");
    let source = match way {
        Some(Way::Native(tooling)) => {
            Source::Tool(tooling.tool, Located::new(tooling.directory(), &none))
        }
        Some(
            Way::Engine(directory)
            | Way::Command(ByCommand {
                history: History::Engine(directory),
                ..
            }),
        ) if directory.is_dir() => Source::Atlas(Located::new(directory, &none)),
        _ => return findings.well("database", &url.to_string()),
    };
    let notice = Notice::of(app);
    let engine = EngineMigrator::new(project, &url, source, std::env::temp_dir(), &notice);
    match engine.survey().await {
        Ok(survey) => {
            findings.well("database", &survey.summary)?;
            for line in &survey.details {
                findings.well("database", line)?;
            }
            match engine.half_applied().await {
                Ok(None) => Ok(()),
                Ok(Some(half)) => findings.trouble(
                    "history",
                    &CliError::new("half-applied", half).with_hint(
                        "mend the file and deploy: it goes on with the statement that failed",
                    ),
                ),
                Err(failure) => findings.trouble("history", &failure.into()),
            }
        }
        Err(failure) => findings.trouble("database", &failure.into()),
    }
}

/// Whether the server keeps what it says to have committed. One that cannot be
/// asked was told of before.
async fn look_at_durability(project: &Project, findings: &Findings<'_>) -> Result<(), CliError> {
    let Ok(Some(url)) = database(project) else {
        return Ok(());
    };
    let reading = ConnectOptions {
        access: Access::ReadOnly,
        connect_timeout: Duration::ZERO,
        ..ConnectOptions::default()
    };
    let Ok(database) = open(&url, &client_settings()) else {
        return Ok(());
    };
    let Ok(mut session) = database.connect(&reading).await else {
        return Ok(());
    };
    match crash_risk(&mut *session).await {
        Ok(Some(risk)) => findings.warning(
            "database",
            &risk,
            "set it on the server, at the latest before it has data that matters",
        ),
        _ => Ok(()),
    }
}

/// Where the migrations of another tool stand.
async fn look_at_history(
    tooling: &Tooling,
    url: &DatabaseUrl,
    findings: &mut Findings<'_>,
) -> Result<(), CliError> {
    let found = match open(url, &client_settings()) {
        Ok(database) => tooling.status(database.as_ref(), &reading()).await,
        Err(error) => Err(open_failure(&error).into()),
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return findings.trouble("database", &error),
    };
    let title = tooling.tool.title();
    findings.well("database", &format!("{title}: {}", found.summary))?;
    let failed: Vec<String> = found.failed().map(Entry::line).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let mut error = CliError::new(
        "history",
        format!("{title}: what failed stands in the history"),
    )
    .with_report(failed);
    error.hint = found.hints.first().cloned();
    findings.trouble("history", &error)
}

async fn front_door(
    place: &Place,
    project: &Project,
    findings: &mut Findings<'_>,
) -> Result<(), CliError> {
    let listen = project.runtime.listen.value;
    if let Some(state) = Site::existing_state(place) {
        match Client::new(&state).status().await {
            Ok(status) => {
                findings.well("front door", &format!("open at http://{}", status.listen))?;
                for machine in status.machines {
                    if let Some(trouble) = machine.trouble {
                        let error = CliError::new("machine", format!("{}: {trouble}", machine.id))
                            .with_hint(format!("look at `shipgate logs {}`", machine.id));
                        findings.trouble("machine", &error)?;
                    }
                }
                return Ok(());
            }
            Err(AskError::NotRunning(_)) => {}
            Err(error) => return findings.trouble("daemon", &error.into()),
        }
    }
    match std::net::TcpListener::bind(listen) {
        Ok(_) => findings.well("front door", &format!("{listen} is free")),
        Err(error) => findings.trouble(
            "front door",
            &CliError::new("port-taken", format!("cannot listen on {listen}: {error}"))
                .with_hint("end what listens there, or set another `[runtime] listen`"),
        ),
    }
}

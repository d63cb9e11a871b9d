//! `--env`: settings from `atlas.hcl`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipgate_atlas_config::{ConfigError, Environment, Inputs, Migration, Project, Wanted};

use super::screen::Screen;
use super::target::Found;
use super::{DatabaseFlags, ReachFlags, target};
use crate::cli::App;
use crate::error::CliError;
use crate::wiring::atlas::{Machine, Rendered, Way};

const DEFAULT_FILE: &str = "file://atlas.hcl";

/// Which settings are taken from which file.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Options of atlas.hcl")]
pub(crate) struct ConfigFlags {
    /// The file with the envs [default: file://atlas.hcl in the project's directory]
    #[arg(
        short = 'c',
        long,
        global = true,
        value_name = "URL",
        env = "SHIPGATE_ATLAS_CONFIG"
    )]
    pub(super) config: Option<String>,
    /// The env whose settings are used where no flag is given
    #[arg(long, global = true, value_name = "NAME", env = "SHIPGATE_ENV")]
    pub(super) env: Option<String>,
    /// A value of a variable of the file; again for a list
    #[arg(
        long,
        global = true,
        value_name = "NAME=VALUE",
        env = "SHIPGATE_VAR",
        hide_env_values = true
    )]
    pub(super) var: Vec<String>,
}

/// The flags, and who is told what they lead to.
pub(super) struct Config<'a> {
    flags: ConfigFlags,
    app: &'a App,
}

/// What is used where no flag is given: an env's settings, or none.
#[derive(Clone, Default)]
pub(super) struct Settings {
    pub(super) environment: Option<Environment>,
    pub(super) rendered: Arc<Rendered>,
}

impl<'a> Config<'a> {
    pub(super) const fn new(flags: ConfigFlags, app: &'a App) -> Self {
        Self { flags, app }
    }

    /// The flags as they were given.
    pub(super) const fn flags(&self) -> &ConfigFlags {
        &self.flags
    }

    /// The settings of the one env that is meant.
    pub(super) async fn single(
        &self,
        wanted: Wanted,
        project: &Path,
        reach: Option<&ReachFlags>,
        screen: &mut Screen,
    ) -> Result<Found<Settings>, CliError> {
        let mut all = match self.all(wanted, project, reach, screen).await? {
            Ok(all) => all,
            Err(exit) => return Ok(Err(exit)),
        };
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Ok(Ok(only)),
            _ => {
                let name = self.flags.env.clone().unwrap_or_default();
                Ok(Err(fail(&ConfigError::MultipleEnvs { name }, screen)?))
            }
        }
    }

    /// The settings of every env that is meant, in the order of their use; at
    /// least one, which may be empty. The databases that the file itself asks
    /// are reached as `reach` says.
    pub(super) async fn all(
        &self,
        wanted: Wanted,
        project: &Path,
        reach: Option<&ReachFlags>,
        screen: &mut Screen,
    ) -> Result<Found<Vec<Settings>>, CliError> {
        let inputs = match Inputs::parse(&self.flags.var) {
            Ok(inputs) => inputs,
            Err(message) => return Ok(Err(screen.fail("usage", &message, &[])?)),
        };
        let name = self.flags.env.as_deref().filter(|name| !name.is_empty());
        if name.is_none() && self.flags.config.is_none() {
            if !inputs.is_empty() {
                self.app
                    .printer
                    .warn("`--var` has no effect without `--env`");
            }
            return Ok(Ok(vec![Settings::default()]));
        }
        let path = match self.path(project) {
            Ok(path) => path,
            Err(message) => return Ok(Err(screen.fail("atlas-hcl", &message, &[])?)),
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                return Ok(Err(screen.fail(
                    "atlas-hcl",
                    &unreadable(&path, &error),
                    &[],
                )?));
            }
        };
        let parsed = match Project::parse(&path.display().to_string(), &text) {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err(fail(&error, screen)?)),
        };
        let Some(name) = name else {
            self.app.printer.warn(&format!(
                "without `--env` nothing is taken from {}",
                path.display()
            ));
            return Ok(Ok(vec![Settings::default()]));
        };
        let here = std::env::current_dir().unwrap_or_default();
        let directory = path.parent().unwrap_or(Path::new(""));
        let printer = Arc::clone(&self.app.printer);
        let way = match reach.map(|flags| target::way(flags, screen)).transpose()? {
            None => Way::default(),
            Some(Ok((client, connect_timeout))) => Way {
                client,
                connect_timeout,
            },
            Some(Err(exit)) => return Ok(Err(exit)),
        };
        let machine = Machine::new(&here.join(directory), &here.join(project), way, printer);
        let selected = match parsed.select(name, wanted, &inputs, &machine).await {
            Ok(selected) => selected,
            Err(error) => return Ok(Err(fail(&error, screen)?)),
        };
        for line in &selected.said {
            self.app.printer.say(line);
        }
        for warning in &selected.warnings {
            self.app.printer.warn(&warning.to_string());
        }
        let rendered = machine.into_rendered();
        let settings = selected
            .environments
            .into_iter()
            .map(|environment| Settings {
                environment: Some(environment),
                rendered: Arc::clone(&rendered),
            });
        Ok(Ok(settings.collect()))
    }

    /// Warns where a verb has no use for an env.
    pub(super) fn unused(&self, verb: &str) {
        if self.flags.env.is_some() {
            self.app
                .printer
                .warn(&format!("`--env` has no effect on `{verb}`"));
        }
    }

    fn path(&self, project: &Path) -> Result<PathBuf, String> {
        let given = self.flags.config.as_deref();
        let url = given.unwrap_or(DEFAULT_FILE);
        match url.split_once("://") {
            None => Err(format!(
                "missing scheme for config file. Did you mean file://{url}?"
            )),
            Some(("file", path)) if given.is_none() && project != Path::new(".") => {
                Ok(project.join(path))
            }
            Some(("file", path)) => Ok(PathBuf::from(path)),
            Some((scheme, _)) => Err(format!("unsupported config file driver \"{scheme}\"")),
        }
    }
}

impl Settings {
    /// A flag that is given, else what the env has for it.
    pub(super) fn or(
        &self,
        flag: Option<&str>,
        setting: impl FnOnce(&Environment) -> Option<&String>,
    ) -> Option<String> {
        flag.filter(|flag| !flag.is_empty())
            .map(str::to_owned)
            .or_else(|| setting(self.environment.as_ref()?).cloned())
    }

    /// A flag that is given, else what the env's `migration` block has for it.
    pub(super) fn or_migration(
        &self,
        flag: Option<&str>,
        setting: impl FnOnce(&Migration) -> Option<&String>,
    ) -> Option<String> {
        self.or(flag, |env| setting(&env.migration))
    }

    /// The schema of the history table.
    pub(super) fn revisions_schema(&self, flags: &DatabaseFlags) -> Option<String> {
        self.or_migration(flags.revisions_schema.as_deref(), |migration| {
            migration.revisions_schema.as_ref()
        })
    }

    /// How the env is called among several, without its secrets.
    pub(super) fn label(&self) -> String {
        let Some(environment) = &self.environment else {
            return String::new();
        };
        // A member may be a URL, and that one may hold a password.
        let member = environment
            .member
            .as_deref()
            .filter(|member| !member.contains("://") && !member.contains('@'));
        match member {
            Some(member) => format!("env {}, {member}", environment.name),
            None => format!("env {}", environment.name),
        }
    }
}

fn fail(error: &ConfigError, screen: &mut Screen) -> Result<crate::error::Exit, CliError> {
    screen.fail("atlas-hcl", &error.to_string(), &error.hints())
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        format!("config file \"{path}\" was not found: stat {path}: no such file or directory")
    } else {
        format!("config file \"{path}\" cannot be read: {error}")
    }
}

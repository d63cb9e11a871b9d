//! A whole project file, typed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Diagnostic, Fault, Ignored};
use crate::duration::Bare;
use crate::explain::Setting;
use crate::origin::{Origin, Sourced};
use crate::reader::Section;
use crate::redact;
use crate::sections::build::Build;
use crate::sections::check::{Check, MachineCheck};
use crate::sections::database::Database;
use crate::sections::deploy::{self, Deploy};
use crate::sections::experimental::Experimental;
use crate::sections::files::File;
use crate::sections::mount::Mount;
use crate::sections::release::Release;
use crate::sections::restart::Restart;
use crate::sections::runtime::Runtime;
use crate::sections::service::Service;
use crate::sections::signal::Signal;
use crate::sections::statics::{Metrics, Static};
use crate::sections::vm::Vm;
use crate::source::Source;
use crate::template::UnsetName;
use crate::value::Text;

/// An app, as its project file describes it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The file it was read from.
    pub file: PathBuf,
    /// The directory of that file: relative paths mean this one.
    pub directory: PathBuf,
    /// `app`, default the directory's name.
    pub app: Sourced<String>,
    /// `primary_region`: machines get it as `PRIMARY_REGION`.
    pub primary_region: Option<Sourced<String>>,
    /// `kill_signal`, default SIGINT.
    pub kill_signal: Sourced<Signal>,
    /// `kill_timeout`, default 5s.
    pub kill_timeout: Sourced<Duration>,
    /// `swap_size_mb`.
    pub swap_size_mb: Option<Sourced<u32>>,
    /// `console_command`.
    pub console_command: Option<Sourced<CommandLine>>,
    /// `[build]`.
    pub build: Build,
    /// `[deploy]`.
    pub deploy: Deploy,
    /// `[env]`.
    pub env: Env,
    /// `[processes]`: the command of each group. An empty one is the image's,
    /// or that of `[experimental] cmd`. See [`Project::groups`].
    pub processes: BTreeMap<String, CommandLine>,
    /// `[http_service]`.
    pub http_service: Option<Service>,
    /// `[[services]]`.
    pub services: Vec<Service>,
    /// `[checks.NAME]`.
    pub checks: Vec<Check>,
    /// `[[machine_checks]]`.
    pub machine_checks: Vec<MachineCheck>,
    /// `[[vm]]`.
    pub vm: Vec<Vm>,
    /// `[[mounts]]`.
    pub mounts: Vec<Mount>,
    /// `[[restart]]`.
    pub restart: Vec<Restart>,
    /// `[[files]]`.
    pub files: Vec<File>,
    /// `[[statics]]`.
    pub statics: Vec<Static>,
    /// `[[metrics]]`.
    pub metrics: Vec<Metrics>,
    /// `[experimental]`.
    pub experimental: Experimental,
    /// `[database]`.
    pub database: Database,
    /// `[release]`.
    pub release: Release,
    /// `[runtime]`.
    pub runtime: Runtime,
}

/// `[env]`: variables every machine gets. `Debug` masks what looks secret.
#[derive(Clone, Default)]
pub struct Env(pub BTreeMap<String, Sourced<String>>);

impl Env {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.value.as_str())
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.value.as_str()))
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(name, value)| {
            let secret = redact::is_secret_name(name);
            let value = if secret {
                redact::REDACTED.to_owned()
            } else {
                redact(value)
            };
            (name, value)
        });
        f.debug_map().entries(shown).finish()
    }
}

/// A project and what was noticed while it was read.
#[derive(Clone)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// What is doubtful.
    pub warnings: Vec<Diagnostic>,
    /// What changes nothing, once each.
    pub ignored: Vec<Ignored>,
    /// Every setting with its place, secrets masked.
    pub settings: Vec<Setting>,
    pub(crate) source: Source,
}

const FLY_HOSTS: &str = "there are no Fly hosts here";

impl Project {
    pub(crate) fn read(section: &mut Section<'_>, file: PathBuf, directory: PathBuf) -> Self {
        let name = app_name(&directory);
        let app = section.get_or("app", name);
        let primary_region = section.get("primary_region");
        let kill_signal = section.get_or("kill_signal", Signal::Interrupt);
        let kill_timeout =
            section.duration_or("kill_timeout", Bare::Seconds, Duration::from_secs(5));
        let swap_size_mb =
            section.get_ignored("swap_size_mb", "local machines share this machine's swap");
        let console_command = deploy::command(section, "console_command", "console command");
        if let Some(command) = &console_command {
            section.ignore(
                &command.origin,
                "console_command",
                "only `fly console` runs it",
            );
        }
        section.get_ignored::<String>("host_dedication_id", FLY_HOSTS);
        section.opaque(
            "machine_config",
            "local machines take their configuration from this file alone",
        );
        section.opaque("container", "a local machine is one process");
        let project = Self {
            file,
            directory,
            app,
            primary_region,
            kill_signal,
            kill_timeout,
            swap_size_mb,
            console_command,
            build: section.table("build", Build::read),
            deploy: section.table("deploy", Deploy::read),
            env: env(section),
            processes: processes(section),
            http_service: section.optional_table("http_service", Service::http),
            services: section.tables("services", Service::general),
            checks: section
                .named_tables("checks", Check::named)
                .into_iter()
                .flatten()
                .collect(),
            machine_checks: section
                .tables("machine_checks", MachineCheck::read)
                .into_iter()
                .flatten()
                .collect(),
            vm: section.tables("vm", Vm::read),
            mounts: section.tables("mounts", Mount::read),
            restart: section
                .tables("restart", Restart::read)
                .into_iter()
                .flatten()
                .collect(),
            files: section
                .tables("files", File::read)
                .into_iter()
                .flatten()
                .collect(),
            statics: section.tables("statics", Static::read),
            metrics: section.tables("metrics", Metrics::read),
            experimental: section.table("experimental", Experimental::read),
            database: section.table("database", Database::read),
            release: section.table("release", Release::read),
            runtime: section.table("runtime", Runtime::read),
        };
        project.check_top_level(section);
        for group in project.group_names() {
            if !project.runtime.machines.contains_key(group) {
                section.note_default(&format!("runtime.machines.{group}"), "1");
            }
        }
        project
    }

    fn check_top_level(&self, section: &mut Section<'_>) {
        if *self.kill_timeout > Duration::from_secs(300) {
            let complaint = Complaint::new(
                "Fly stops waiting for a machine after 300s; here the whole time is given",
            );
            section.warn(
                &self.kill_timeout.origin,
                "kill_timeout",
                Fault::BadValue,
                complaint,
            );
        }
        if self.app.is_set() && !is_app_name(&self.app) {
            let complaint = Complaint::new(format!("`{}` is no name for an app", self.app.value))
                .hint("letters, digits, `-` and `_`, beginning with a letter or digit, 63 at most");
            section.error(&self.app.origin, "app", Fault::BadValue, complaint);
        }
    }

    /// The database's URL with its references expanded and their values
    /// escaped as their places in the URL ask for.
    ///
    /// # Errors
    /// The first name in it without a value.
    pub fn database_url(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<String, UnsetName> {
        self.database.url.expand_url(lookup)
    }

    /// What is put before every command: `[experimental] entrypoint`, else
    /// `[runtime] entrypoint`.
    pub fn entrypoint(&self) -> Option<&CommandLine> {
        let ours = self
            .runtime
            .entrypoint
            .as_ref()
            .map(|entrypoint| &entrypoint.value);
        self.experimental.entrypoint.as_ref().or(ours)
    }

    /// The release command, behind the entrypoint as on Fly.
    pub fn release_command(&self) -> Option<CommandLine> {
        let command = &self.deploy.release_command.as_ref()?.value;
        Some(match self.entrypoint() {
            Some(entrypoint) => entrypoint.followed_by(command),
            None => command.clone(),
        })
    }

    /// `[http_service]` and `[[services]]`.
    pub fn all_services(&self) -> impl Iterator<Item = &Service> {
        self.http_service.iter().chain(&self.services)
    }
}

fn env(section: &mut Section<'_>) -> Env {
    let mut variables = BTreeMap::new();
    for (name, value) in section.map::<Text>("env") {
        let key = format!("env.{name}");
        let at = value.origin.clone();
        if name.is_empty() || name.contains(['=', '\0']) || value.value.0.contains('\0') {
            let complaint =
                Complaint::new(format!("`{}` cannot be a variable", name.escape_debug()))
                    .hint("a name without `=`, and no NUL in name or value");
            section.error(&at, &key, Fault::BadValue, complaint);
            continue;
        }
        if name.starts_with("FLY_") {
            let complaint = Complaint::new("names that begin with FLY_ are Fly's own");
            section.warn(&at, &key, Fault::Conflict, complaint);
        }
        if redact::is_secret_name(&name) {
            let complaint = Complaint::new(format!(
                "{name} may be a potentially sensitive environment variable"
            ))
            .hint("a secret belongs into the secrets, not into a file under version control");
            section.warn(&at, &key, Fault::BadValue, complaint);
        }
        variables.insert(
            name,
            Sourced {
                value: value.value.0,
                origin: at,
            },
        );
    }
    Env(variables)
}

fn processes(section: &mut Section<'_>) -> BTreeMap<String, CommandLine> {
    let mut groups = BTreeMap::new();
    for (group, text) in section.map::<String>("processes") {
        let key = format!("processes.{group}");
        match CommandLine::parse(&text, text.origin.clone()) {
            Ok(command) => {
                groups.insert(group, command);
            }
            Err(bad) => {
                let complaint = Complaint::new(format!(
                    "Could not parse command for '{group}' process group; check [processes] section: {bad}"
                ))
                .hint(bad.hint());
                section.error(&text.origin, &key, Fault::BadValue, complaint);
                // The group exists all the same: no second error about that.
                groups.insert(group, CommandLine::literal([], text.origin));
            }
        }
    }
    groups
}

fn is_app_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.len() <= 63
        && name.chars().all(plain)
}

/// The directory's name, as far as it can be an app's.
fn app_name(directory: &std::path::Path) -> String {
    let name = directory.file_name().map_or_else(String::new, |name| {
        name.to_string_lossy()
            .to_lowercase()
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || letter == '_' {
                    letter
                } else {
                    '-'
                }
            })
            .collect()
    });
    let name: String = name.trim_matches(['-', '_']).chars().take(63).collect();
    if name.is_empty() {
        "app".to_owned()
    } else {
        name
    }
}

impl Loaded {
    /// The file's text, to read it again as it was.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The place as text: `fly.toml:3`, `--strategy`, `default`.
    pub fn place(&self, origin: &Origin) -> String {
        origin.in_file(self.source.path())
    }
}

//! From a project to the machines that run it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use shipgate_database::DatabaseUrl;
use shipgate_project::{
    CheckPort, CheckProbe, CommandLine, Group, GroupCheck, Project, is_secret_name,
};
use shipgate_release::Secrets;
use shipgate_release::machine::{HealthCheck, MachineId, MachineSpec, Probe, RestartPolicy};
use shipgate_tools::Tool;

use super::ports::front_group;
use crate::error::CliError;

/// The variable that says where the database is.
pub(crate) const DATABASE_URL: &str = "DATABASE_URL";

/// Variables of our own environment that machines get too.
const PASSED_ON: &[&str] = &["HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME"];

/// Where a release's machines run, and on what.
pub(crate) struct Site<'a> {
    pub(crate) project: &'a Project,
    pub(crate) release: u64,
    pub(crate) build: PathBuf,
    pub(crate) database: Option<&'a DatabaseUrl>,
}

impl Site<'_> {
    /// Every machine of the release; `taken` are ports that are in use.
    pub(crate) fn machines(&self, taken: &mut BTreeSet<u16>) -> Result<Vec<MachineSpec>, CliError> {
        let mut specs = Vec::new();
        for group in self.project.groups() {
            for number in 1..=group.machines as usize {
                specs.push(self.machine(&group, number, taken)?);
            }
        }
        Ok(specs)
    }

    fn machine(
        &self,
        group: &Group<'_>,
        number: usize,
        taken: &mut BTreeSet<u16>,
    ) -> Result<MachineSpec, CliError> {
        let id = MachineId::new(self.release, group.name, number);
        let listens = !group.services.is_empty()
            || group
                .checks
                .iter()
                .any(|check| check.port == CheckPort::Machine);
        let port = if listens {
            Some(free_port(taken)?)
        } else {
            None
        };
        let env = self.environment(&id, group.name, port);
        let command = command_of(group)?;
        Ok(MachineSpec {
            secrets: secrets_of(&env),
            command: expand(&command, &env)?,
            app: self.project.app.value.clone(),
            release: self.release,
            group: group.name.to_owned(),
            directory: self.build.clone(),
            port,
            routed: front_group(self.project).as_deref() == Some(group.name),
            checks: group
                .checks
                .iter()
                .filter_map(|check| health_check(check, port))
                .collect(),
            restart: restart(group),
            kill_signal: self.project.kill_signal.value.number(),
            kill_timeout: self.project.kill_timeout.value,
            timeout: None,
            memory_limit: group.memory_limit,
            id,
            env,
        })
    }

    /// The release command's machine, as on Fly: the app's environment, no
    /// services, no checks, no restart. `own` is what the command is told in
    /// another way than the app.
    pub(crate) fn release_command(
        &self,
        tag: &MachineId,
        command: &CommandLine,
        own: &BTreeMap<String, String>,
    ) -> Result<MachineSpec, CliError> {
        let mut env = self.environment(tag, "fly_app_release_command", None);
        for (name, value) in own {
            // What the project says itself about the other variables stays.
            if name == DATABASE_URL || !env.contains_key(name) {
                env.insert(name.clone(), value.clone());
            }
        }
        env.insert("RELEASE_COMMAND".to_owned(), "1".to_owned());
        Ok(MachineSpec {
            secrets: secrets_of(&env),
            id: tag.clone(),
            app: self.project.app.value.clone(),
            release: self.release,
            group: "release_command".to_owned(),
            command: expand(command, &env)?,
            directory: self.build.clone(),
            env,
            port: None,
            routed: false,
            checks: Vec::new(),
            restart: RestartPolicy::No,
            kill_signal: self.project.kill_signal.value.number(),
            kill_timeout: self.project.kill_timeout.value,
            timeout: self.project.deploy.release_command_limit(),
            memory_limit: self.project.release_memory_limit(),
        })
    }

    fn environment(
        &self,
        id: &MachineId,
        group: &str,
        port: Option<u16>,
    ) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = PASSED_ON
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .collect();
        env.insert("PATH".to_owned(), search_path(&self.build));
        for (name, value) in self.project.env.iter() {
            env.insert(name.to_owned(), value.to_owned());
        }
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
        set("FLY_APP_NAME", &self.project.app.value);
        set("FLY_MACHINE_ID", id.as_str());
        set("FLY_PROCESS_GROUP", group);
        if let Some(region) = &self.project.primary_region {
            set("PRIMARY_REGION", &region.value);
        }
        if let Some(port) = port {
            set("PORT", &port.to_string());
        }
        if let Some(database) = self.database {
            set(DATABASE_URL, database.expose());
        }
        env
    }
}

/// Where the database is, as a tool's own command reads it.
pub(crate) fn spelled_for(tool: &dyn Tool, database: &DatabaseUrl) -> BTreeMap<String, String> {
    let url = [(DATABASE_URL, tool.database_url(database))];
    let all = url.into_iter().chain(tool.database_variables(database));
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A machine's specification under another name, on another port, perhaps on
/// another database: for a rollback or a trial of the running version.
pub(crate) fn renamed(
    spec: &MachineSpec,
    id: MachineId,
    release: u64,
    taken: &mut BTreeSet<u16>,
    database: Option<(&DatabaseUrl, &DatabaseUrl)>,
) -> Result<MachineSpec, CliError> {
    let mut spec = spec.clone();
    if spec.port.is_some() {
        spec.listen_on(free_port(taken)?);
    }
    if let Some((live, copy)) = database {
        point_at(&mut spec, live, copy);
    }
    spec.env
        .insert("FLY_MACHINE_ID".to_owned(), id.as_str().to_owned());
    spec.id = id;
    spec.release = release;
    Ok(spec)
}

/// Lets a machine use `copy` wherever it would use `live`.
pub(crate) fn point_at(spec: &mut MachineSpec, live: &DatabaseUrl, copy: &DatabaseUrl) {
    let (live, copy) = (live.expose(), copy.expose());
    for word in spec.command.iter_mut().chain(spec.env.values_mut()) {
        *word = word.replace(live, copy);
    }
    spec.env.insert(DATABASE_URL.to_owned(), copy.to_owned());
}

/// The values of an environment that must not be seen: those whose names say
/// so, and the passwords in URLs.
pub(crate) fn secrets_of<'e>(env: impl IntoIterator<Item = (&'e String, &'e String)>) -> Secrets {
    Secrets::new(env.into_iter().filter_map(|(name, value)| {
        if value.contains("://") {
            return password_of(value).map(str::to_owned);
        }
        is_secret_name(name).then(|| value.clone())
    }))
}

/// The password of a URL: `hunter2` of `postgres://app:hunter2@db/app`.
fn password_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password)
}

/// Where package managers put an app's own programs: npm, Python's `venv`, Composer.
const OWN_PROGRAMS: [&str; 4] = ["node_modules/.bin", ".venv/bin", "venv/bin", "vendor/bin"];

/// The build directory first, so that `web = "notes serve"` finds the app;
/// then its own programs, so that `knex migrate:latest` is the app's.
fn search_path(build: &Path) -> String {
    let own = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    let programs = OWN_PROGRAMS
        .iter()
        .map(|directory| build.join(directory))
        .filter(|directory| directory.is_dir());
    let mut path: Vec<String> = [build.to_owned(), build.join("bin")]
        .into_iter()
        .chain(programs)
        .map(|directory| directory.display().to_string())
        .collect();
    path.push(own);
    path.join(":")
}

fn command_of(group: &Group<'_>) -> Result<CommandLine, CliError> {
    group.command.clone().ok_or_else(|| {
        CliError::usage(
            "no-command",
            format!("process group `{}` has no command", group.name),
        )
        .with_hint(format!(
            "a local process has no image to take one from: write it under [processes], as in `{} = \"./server\"`",
            group.name
        ))
    })
}

/// A command's words with its names replaced by the machine's variables, else ours.
fn expand(command: &CommandLine, env: &BTreeMap<String, String>) -> Result<Vec<String>, CliError> {
    command
        .expand(|name| env.get(name).cloned().or_else(|| std::env::var(name).ok()))
        .map_err(|unset| {
            CliError::usage(
                "unset-name",
                format!("{unset}, in the command `{}`", command.as_written()),
            )
            .with_hint(format!(
                "set {0} under [env] or in the environment; write `$$` for a dollar",
                unset.name
            ))
        })
}

fn health_check(check: &GroupCheck<'_>, own: Option<u16>) -> Option<HealthCheck> {
    let port = match check.port {
        CheckPort::Machine => own?,
        CheckPort::Fixed(port) => port,
    };
    let check = check.check;
    Some(HealthCheck {
        name: check.name.clone(),
        probe: match &check.probe {
            CheckProbe::Tcp => Probe::Tcp,
            CheckProbe::Http {
                method,
                path,
                headers,
            } => Probe::Http {
                method: method.clone(),
                path: path.clone(),
                headers: headers.clone(),
            },
        },
        port,
        interval: check.interval.value,
        timeout: check.timeout.value,
        grace_period: check.grace_period.value,
    })
}

fn restart(group: &Group<'_>) -> RestartPolicy {
    use shipgate_project::RestartPolicy as Written;
    match group.restart {
        Written::Always => RestartPolicy::Always,
        Written::Never => RestartPolicy::No,
        Written::OnFailure => RestartPolicy::OnFailure {
            max_retries: group.retries,
        },
    }
}

fn free_port(taken: &mut BTreeSet<u16>) -> Result<u16, CliError> {
    let port = shipgate_runtime::ports::find_free(taken).map_err(|error| {
        CliError::new("no-free-port", error.to_string())
            .with_hint("stop machines that are not needed any more: `shipgate ps` lists them")
    })?;
    taken.insert(port);
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::secrets_of;

    #[test]
    fn a_secret_is_known_by_its_name_or_its_place_in_a_url() {
        let env = [
            ("API_TOKEN", "correct-horse"),
            ("GREETING", "good-evening"),
            ("CACHE", "redis://app:battery-staple@cache:6379/0"),
            ("DATABASE_URL", "sqlite:///srv/app.db"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let secrets = secrets_of(env.iter().map(|(name, value)| (name, value)));
        assert_eq!(
            secrets.mask("correct-horse good-evening battery-staple /srv/app.db"),
            "*** good-evening *** /srv/app.db"
        );
    }
}

//! Process groups, and which sections belong to which.
//!
//! A section that names no `processes` belongs to the default group: `app` if
//! it exists, else the first by name. A `[[vm]]` that names none belongs to
//! all, and one that names the group wins.

use crate::command::CommandLine;
use crate::origin::Sourced;
use crate::project::Project;
use crate::sections::check::Check;
use crate::sections::mount::Mount;
use crate::sections::restart::RestartPolicy;
use crate::sections::service::Service;

/// The group of an app without `[processes]`.
const APP: &str = "app";

/// How often Fly starts a failing machine again when no `[[restart]]` says
/// otherwise.
const DEFAULT_RETRIES: u32 = 10;

/// A process group with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Group<'p> {
    /// Its name.
    pub name: &'p str,
    /// Its whole command, entrypoint included. None: that of an image, which
    /// local processes do not have.
    pub command: Option<CommandLine>,
    /// How many machines it has.
    pub machines: u32,
    /// Its services, `[http_service]` first.
    pub services: Vec<&'p Service>,
    /// Its health checks: those of its services, then `[checks]`.
    pub checks: Vec<GroupCheck<'p>>,
    /// Its volumes.
    pub mounts: Vec<&'p Mount>,
    /// What happens when a machine ends; `on-failure` unless said otherwise.
    pub restart: RestartPolicy,
    /// How often in a row a failing machine is started again. None: without
    /// limit.
    pub retries: Option<u32>,
    /// Memory of a machine in bytes. None: no limit.
    pub memory_limit: Option<u64>,
}

/// A health check of a group, and the port it asks.
#[derive(Clone, Copy, Debug)]
pub struct GroupCheck<'p> {
    /// The check.
    pub check: &'p Check,
    /// Whom it asks.
    pub port: CheckPort,
}

/// The port a health check asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckPort {
    /// The one the machine was told in `PORT`.
    Machine,
    /// This one.
    Fixed(u16),
}

impl Project {
    /// The names of the groups, in order. Never empty.
    pub fn group_names(&self) -> Vec<&str> {
        if self.processes.is_empty() {
            vec![APP]
        } else {
            self.processes.keys().map(String::as_str).collect()
        }
    }

    /// The group of sections that name none.
    pub fn default_group(&self) -> &str {
        let names = self.group_names();
        if names.contains(&APP) { APP } else { names[0] }
    }

    /// Whether a section with these `processes` belongs to `group`.
    pub fn belongs(&self, processes: &[Sourced<String>], group: &str) -> bool {
        if processes.is_empty() {
            group == self.default_group()
        } else {
            processes.iter().any(|name| name.value == group)
        }
    }

    /// All groups.
    pub fn groups(&self) -> Vec<Group<'_>> {
        self.group_names()
            .into_iter()
            .map(|name| self.resolve(name))
            .collect()
    }

    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<Group<'_>> {
        let found = self.group_names().into_iter().find(|group| *group == name);
        found.map(|name| self.resolve(name))
    }

    fn resolve<'p>(&'p self, name: &'p str) -> Group<'p> {
        let services: Vec<&Service> = self
            .all_services()
            .filter(|service| self.belongs(&service.processes, name))
            .collect();
        let restart = self
            .restart
            .iter()
            .rfind(|rule| self.belongs(&rule.processes, name));
        Group {
            name,
            command: self.command(name),
            machines: self
                .runtime
                .machines
                .get(name)
                .map_or(1, |count| count.value),
            checks: self.checks_of(name, &services),
            services,
            mounts: self
                .mounts
                .iter()
                .filter(|mount| self.belongs(&mount.processes, name))
                .collect(),
            restart: restart.map_or(RestartPolicy::OnFailure, |rule| rule.policy.value),
            retries: match restart {
                Some(rule) => rule.retries.as_ref().map(|retries| retries.value),
                None => Some(DEFAULT_RETRIES),
            },
            memory_limit: self.memory_limit(name),
        }
    }

    /// `exec`, else the entrypoint followed by the group's command or `cmd`.
    fn command(&self, group: &str) -> Option<CommandLine> {
        let experimental = &self.experimental;
        if let Some(exec) = &experimental.exec {
            return Some(exec.clone());
        }
        let own = self
            .processes
            .get(group)
            .filter(|command| !command.is_empty());
        match (self.entrypoint(), own.or(experimental.cmd.as_ref())) {
            (Some(entrypoint), Some(command)) => Some(entrypoint.followed_by(command)),
            (Some(alone), None) | (None, Some(alone)) => Some(alone.clone()),
            (None, None) => None,
        }
    }

    fn checks_of<'p>(&'p self, group: &str, services: &[&'p Service]) -> Vec<GroupCheck<'p>> {
        let internal: Vec<u16> = services
            .iter()
            .map(|service| *service.internal_port)
            .collect();
        let of_services = services.iter().flat_map(|service| &service.checks);
        let named = self
            .checks
            .iter()
            .filter(|check| self.belongs(&check.processes, group));
        of_services
            .chain(named)
            .map(|check| GroupCheck {
                check,
                port: match check.port.as_deref() {
                    Some(port) if !internal.contains(port) => CheckPort::Fixed(*port),
                    _ => CheckPort::Machine,
                },
            })
            .collect()
    }

    fn memory_limit(&self, group: &str) -> Option<u64> {
        let own = self
            .vm
            .iter()
            .rfind(|vm| vm.processes.iter().any(|name| name.value == group));
        let everyones = self.vm.iter().rfind(|vm| vm.processes.is_empty());
        own.or(everyones)?.memory_bytes()
    }

    /// Memory in bytes for the release command: that of
    /// `[deploy.release_command_vm]`, else that of the default group.
    pub fn release_memory_limit(&self) -> Option<u64> {
        match &self.deploy.release_command_vm {
            Some(vm) if vm.memory_bytes().is_some() => vm.memory_bytes(),
            _ => self.memory_limit(self.default_group()),
        }
    }
}

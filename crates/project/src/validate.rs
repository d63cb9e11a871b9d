//! Rules between sections: groups that must exist, things that do not go
//! together.

use crate::diagnostic::{Complaint, Diagnostic, Fault};
use crate::origin::{Origin, Sourced};
use crate::project::{Loaded, Project};
use crate::reader::Reader;
use crate::sections::deploy::Strategy;
use crate::sections::release::StepWord;
use crate::value;

pub(crate) fn validate(project: &Project, reader: &mut Reader) {
    services(project, reader);
    group_names(project, reader);
    named_checks(project, reader);
    mounts(project, reader);
    strategy(project, reader);
    command_step(project, reader);
}

fn services(project: &Project, reader: &mut Reader) {
    let count = project.processes.len();
    for (at, service) in project.services.iter().enumerate() {
        if service.processes.is_empty() && count > 0 {
            let complaint = Complaint::new(format!(
                "Service has no processes set but app has {count} processes defined; update fly.toml to set processes for each service"
            ))
            .hint(format!("add processes = [\"{}\"]", project.default_group()));
            let key = format!("services[{at}].processes");
            reader.error(&service.origin, &key, Fault::Missing, complaint);
        }
    }
    let named = project
        .http_service
        .iter()
        .map(|service| ("http_service".to_owned(), service));
    let listed = project.services.iter().enumerate();
    for (key, service) in
        named.chain(listed.map(|(at, service)| (format!("services[{at}]"), service)))
    {
        for group in unknown(project, &service.processes) {
            let complaint = Complaint::new(format!(
                "Service specifies '{}' as one of its processes, but no processes are defined with that name; update fly.toml [processes] to add it",
                group.value
            ));
            let complaint = with_nearest(project, &group.value, complaint);
            reader.error(
                &group.origin,
                &format!("{key}.processes"),
                Fault::BadValue,
                complaint,
            );
        }
    }
}

fn group_names(project: &Project, reader: &mut Reader) {
    let mut sections: Vec<(String, &[Sourced<String>])> = Vec::new();
    let indexed = |name: &str, at: usize| format!("{name}[{at}].processes");
    for check in &project.checks {
        sections.push((format!("checks.{}.processes", check.name), &check.processes));
    }
    for (at, vm) in project.vm.iter().enumerate() {
        sections.push((indexed("vm", at), &vm.processes));
    }
    for (at, mount) in project.mounts.iter().enumerate() {
        sections.push((indexed("mounts", at), &mount.processes));
    }
    for (at, restart) in project.restart.iter().enumerate() {
        sections.push((indexed("restart", at), &restart.processes));
    }
    for (at, file) in project.files.iter().enumerate() {
        sections.push((indexed("files", at), &file.processes));
    }
    for (at, metrics) in project.metrics.iter().enumerate() {
        sections.push((indexed("metrics", at), &metrics.processes));
    }
    for (key, processes) in sections {
        for group in unknown(project, processes) {
            no_such_group(project, reader, &group.value, &group.origin, &key);
        }
    }
    for (group, count) in &project.runtime.machines {
        if !project.group_names().contains(&group.as_str()) {
            let key = format!("runtime.machines.{group}");
            no_such_group(project, reader, group, &count.origin, &key);
        }
    }
}

fn unknown<'s>(project: &Project, processes: &'s [Sourced<String>]) -> Vec<&'s Sourced<String>> {
    let known = project.group_names();
    processes
        .iter()
        .filter(|group| !known.contains(&group.as_str()))
        .collect()
}

fn no_such_group(project: &Project, reader: &mut Reader, group: &str, at: &Origin, key: &str) {
    let complaint = Complaint::new(format!("there is no process group `{group}`"));
    reader.error(
        at,
        key,
        Fault::BadValue,
        with_nearest(project, group, complaint),
    );
}

fn with_nearest(project: &Project, group: &str, complaint: Complaint) -> Complaint {
    let known = project.group_names();
    match value::nearest(group, &known) {
        Some(near) => complaint.hint(format!("did you mean `{near}`?")),
        None => complaint.hint(format!("the groups are {}", known.join(", "))),
    }
}

/// A check without a port takes that of its group's `[http_service]`.
fn named_checks(project: &Project, reader: &mut Reader) {
    for check in project.checks.iter().filter(|check| check.port.is_none()) {
        for group in project.group_names() {
            let has_service = project
                .http_service
                .as_ref()
                .is_some_and(|service| project.belongs(&service.processes, group));
            if project.belongs(&check.processes, group) && !has_service {
                let complaint = Complaint::new(format!(
                    "Check '{}' for process group '{group}' has no port set and the group has no http_service to take it from",
                    check.name
                ))
                .hint("add port = 8080");
                let key = format!("checks.{}.port", check.name);
                reader.error(&check.origin, &key, Fault::Missing, complaint);
            }
        }
    }
}

fn mounts(project: &Project, reader: &mut Reader) {
    for group in project.groups() {
        if let [_, second, ..] = group.mounts[..] {
            let complaint = Complaint::new(format!(
                "group '{}' has more than one [[mounts]] section defined",
                group.name
            ));
            reader.error(&second.origin, "mounts", Fault::Conflict, complaint);
        }
    }
}

fn strategy(project: &Project, reader: &mut Reader) {
    let strategy = &project.deploy.strategy;
    if **strategy == Strategy::Canary && !project.mounts.is_empty() {
        let complaint = Complaint::new(
            "error canary deployment strategy is not supported when using mounted volumes",
        )
        .hint("use rolling");
        reader.error(
            &strategy.origin,
            "deploy.strategy",
            Fault::Conflict,
            complaint,
        );
    }
}

fn command_step(project: &Project, reader: &mut Reader) {
    let steps = &project.release.steps.value;
    let step = steps
        .iter()
        .position(|step| step.value == StepWord::Command);
    if let Some(at) = step.filter(|_| project.deploy.release_command.is_none()) {
        let complaint = Complaint::new("step `command` has no command to run")
            .hint("write it as release_command in [deploy]");
        reader.error(
            &steps[at].origin,
            "release.steps",
            Fault::Missing,
            complaint,
        );
    }
}

impl Loaded {
    /// What keeps a valid file from being released as local processes: groups
    /// without a command, bluegreen without a check.
    pub fn obstacles(&self) -> Vec<Diagnostic> {
        let mut obstacles = Vec::new();
        let mut add = |at: &Origin, key: &str, fault, complaint| {
            obstacles.push(Diagnostic::new(
                &self.source,
                at.clone(),
                key,
                fault,
                complaint,
            ));
        };
        let project = &self.project;
        let groups = project.groups();
        for group in groups
            .iter()
            .filter(|group| group.machines > 0 && group.command.is_none())
        {
            let written = project.processes.get(group.name);
            let at = written.map_or(Origin::Default, |command| command.origin().clone());
            let complaint = Complaint::new(format!(
                "process group `{}` has no command, and a local process has no image to take one from",
                group.name
            ))
            .hint(format!("add {} = \"./server\" under [processes]", group.name));
            add(
                &at,
                &format!("processes.{}", group.name),
                Fault::Missing,
                complaint,
            );
        }
        let strategy = &project.deploy.strategy;
        if **strategy == Strategy::Bluegreen && groups.iter().all(|group| group.checks.is_empty()) {
            let complaint = Complaint::new(
                "You need to define at least 1 check in order to use blue-green deployments.",
            )
            .hint("add [[http_service.checks]] with path = \"/healthz\"");
            add(
                &strategy.origin,
                "deploy.strategy",
                Fault::Missing,
                complaint,
            );
        }
        obstacles
    }
}

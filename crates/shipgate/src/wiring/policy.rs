//! The project file's settings as a release's policy and flow.

use shipgate_database::DatabaseUrl;
use shipgate_project::{OnFailure as Written, Project, StepWord, Strategy as WrittenStrategy};
use shipgate_release::Flow;
use shipgate_release::ports::{OnFailure, Policy};
use shipgate_release::steps::promote::Strategy;

use crate::error::CliError;

/// How releases of this project behave.
pub(crate) fn policy(project: &Project) -> Policy {
    let (deploy, release) = (&project.deploy, &project.release);
    Policy {
        strategy: match deploy.strategy.value {
            WrittenStrategy::Rolling => Strategy::Rolling,
            WrittenStrategy::Bluegreen => Strategy::Bluegreen,
            WrittenStrategy::Canary => Strategy::Canary,
            WrittenStrategy::Immediate => Strategy::Immediate,
        },
        max_unavailable: deploy.max_unavailable.value,
        wait_timeout: deploy.wait_timeout.value,
        settle: release.settle.value,
        drain_timeout: release.drain_timeout.value,
        pause_during_migrate: release
            .pause_during_migrate
            .value
            .then_some(release.pause_timeout.value),
        on_failure: match release.on_failure.value {
            Written::Stop => OnFailure::Stop,
            Written::Restore => OnFailure::Restore,
        },
    }
}

/// The steps of a deploy of this project to this database.
pub(crate) fn flow(project: &Project, database: Option<&DatabaseUrl>) -> Result<Flow, CliError> {
    let steps: Vec<&str> = project
        .release
        .steps
        .value
        .iter()
        .map(|step| StepWord::as_str(step.value))
        .collect();
    let flow = Flow::new(steps).map_err(|error| {
        CliError::usage("steps", format!("`[release] steps`: {error}"))
            .with_hint("the default is check, build, backup, rehearse, migrate, verify, promote")
    })?;
    match database {
        Some(url) if url.file().is_none() => refuse_backups(project, url).map(|()| flow),
        _ => Ok(flow),
    }
}

/// What needs a backup is asked for knowingly or not at all: no release goes
/// without one in silence.
fn refuse_backups(project: &Project, url: &DatabaseUrl) -> Result<(), CliError> {
    let release = &project.release;
    let copies = |step: StepWord| matches!(step, StepWord::Backup | StepWord::Rehearse);
    let dialect = url.dialect();
    if let Some(step) = release.steps.value.iter().find(|step| copies(step.value)) {
        return Err(CliError::usage(
            "steps",
            format!(
                "the step `{}` is not possible: {dialect} databases are not backed up by this version",
                step.value.as_str()
            ),
        )
        .with_hint(
            "take a backup by the database's own means, and leave the steps out: \
             `[release] steps = [\"check\", \"build\", \"migrate\", \"verify\", \"promote\"]`",
        ));
    }
    if release.on_failure.value == Written::Restore {
        return Err(CliError::usage(
            "steps",
            format!(
                "`on_failure = \"restore\"` is not possible: {dialect} databases are not backed up by this version"
            ),
        )
        .with_hint("`on_failure = \"stop\"`, the default, leaves the database where it is and says where"));
    }
    Ok(())
}

//! The project file's settings as a release's policy and flow.

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

/// The steps of a deploy of this project.
pub(crate) fn flow(project: &Project) -> Result<Flow, CliError> {
    let steps: Vec<&str> = project
        .release
        .steps
        .value
        .iter()
        .map(|step| StepWord::as_str(step.value))
        .collect();
    Flow::new(steps).map_err(|error| {
        CliError::usage("steps", format!("`[release] steps`: {error}"))
            .with_hint("the default is check, build, backup, rehearse, migrate, verify, promote")
    })
}

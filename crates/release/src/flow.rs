//! The flow: which steps a release takes, in which order.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::steps;

/// Name of a step kind, as the project file and the journal write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StepName(&'static str);

impl StepName {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The step kind called `name`, if there is one.
    pub fn find(name: &str) -> Option<Self> {
        steps::ALL
            .iter()
            .map(|step| step.name())
            .find(|known| known.0 == name)
    }

    /// The name as text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl<'de> Deserialize<'de> for StepName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| {
            serde::de::Error::custom(format!("this version of shipgate knows no step `{name}`"))
        })
    }
}

/// The steps of a release, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flow(Vec<StepName>);

/// Why a list of steps is no flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// No step has this name.
    #[error("there is no step `{0}`")]
    Unknown(String),
    /// A step stands twice.
    #[error("step `{0}` stands twice")]
    Twice(StepName),
    /// A step stands before one whose work it needs.
    #[error("step `{later}` must come after `{earlier}`")]
    Order {
        /// The step whose work is needed.
        earlier: StepName,
        /// The step that needs it.
        later: StepName,
    },
    /// A step needs another that is not in the list.
    #[error("step `{step}` needs step `{needs}`")]
    Missing {
        /// The step that needs another.
        step: StepName,
        /// The one it needs.
        needs: StepName,
    },
}

impl Flow {
    /// Checks names and order of `steps`.
    ///
    /// # Errors
    /// See [`FlowError`].
    pub fn new<'a>(steps: impl IntoIterator<Item = &'a str>) -> Result<Self, FlowError> {
        let mut flow: Vec<StepName> = Vec::new();
        for text in steps {
            let name = StepName::find(text).ok_or_else(|| FlowError::Unknown(text.to_owned()))?;
            if flow.contains(&name) {
                return Err(FlowError::Twice(name));
            }
            flow.push(name);
        }
        for (at, &step) in flow.iter().enumerate() {
            let step_kind = steps::of(step);
            for &needs in step_kind.needs() {
                if !flow.contains(&needs) {
                    return Err(FlowError::Missing { step, needs });
                }
            }
            let earlier_ones = step_kind.needs().iter().chain(step_kind.after());
            for &earlier in earlier_ones {
                if flow[at..].contains(&earlier) {
                    return Err(FlowError::Order {
                        earlier,
                        later: step,
                    });
                }
            }
        }
        Ok(Self(flow))
    }

    /// What a deploy does unless the project file says otherwise.
    pub fn deploy() -> Self {
        Self(vec![
            steps::check::NAME,
            steps::build::NAME,
            steps::backup::NAME,
            steps::rehearse::NAME,
            steps::migrate::NAME,
            steps::verify::NAME,
            steps::promote::NAME,
        ])
    }

    /// What a rollback does: an earlier build is promoted again.
    pub fn rollback() -> Self {
        Self(vec![steps::promote::NAME])
    }

    /// A rollback that also puts the database back, after a safety copy.
    pub fn rollback_and_restore() -> Self {
        Self(vec![
            steps::backup::NAME,
            steps::restore::NAME,
            steps::promote::NAME,
        ])
    }

    /// The steps in order.
    pub fn steps(&self) -> &[StepName] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_flows_keep_their_own_rules() {
        for flow in [
            Flow::deploy(),
            Flow::rollback(),
            Flow::rollback_and_restore(),
        ] {
            let names: Vec<&str> = flow.steps().iter().map(|step| step.as_str()).collect();
            assert_eq!(Flow::new(names), Ok(flow));
        }
    }

    #[test]
    fn an_unknown_step_is_named() {
        let error = Flow::new(["check", "bakup"]).unwrap_err();
        assert_eq!(error.to_string(), "there is no step `bakup`");
    }

    #[test]
    fn a_rehearsal_needs_a_backup_before_it() {
        let error = Flow::new(["check", "rehearse", "migrate", "promote"]).unwrap_err();
        assert_eq!(error.to_string(), "step `rehearse` needs step `backup`");
        let error = Flow::new(["rehearse", "backup"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "step `rehearse` must come after `backup`"
        );
    }

    #[test]
    fn new_machines_never_serve_before_their_schema_is_there() {
        let error = Flow::new(["build", "promote", "migrate"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "step `promote` must come after `migrate`"
        );
    }
}

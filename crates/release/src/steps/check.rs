//! check: everything that can fail is asked before anything changes.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Step;
use crate::context::{Context, to_value};
use crate::failure::Failure;
use crate::flow::StepName;
use crate::journal::Outcome;

/// The step's name.
pub const NAME: StepName = StepName::new("check");

/// See the module.
pub(crate) struct Check;

/// What later steps need to know.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// Versions that are pending; `None` where only the tool can tell.
    pub(crate) pending: Option<Vec<String>>,
}

impl Facts {
    /// Whether it is certain that nothing is to be migrated.
    pub(crate) fn nothing_pending(&self) -> bool {
        self.pending.as_ref().is_some_and(Vec::is_empty)
    }
}

#[async_trait]
impl Step for Check {
    fn name(&self) -> StepName {
        NAME
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        // The database first: a release that it refuses starts nothing.
        let (summary, pending, pending_lines) = match &cx.ports.migrator {
            Some(migrator) => {
                let survey = migrator.survey().await?;
                (survey.summary, survey.pending, survey.details)
            }
            None => (
                "no database to migrate".to_owned(),
                Some(Vec::new()),
                Vec::new(),
            ),
        };
        let mut details = cx.ports.runtime.acceptable().await?;
        details.extend(pending_lines);
        let settled = pending.as_ref().is_none_or(Vec::is_empty);
        let unchanged = settled
            && !cx.ports.runtime.fleet().await?.is_empty()
            && cx.ports.runtime.all_well().await?;
        Ok(Outcome {
            summary,
            details,
            facts: to_value(&Facts { pending }),
            unchanged,
            ..Outcome::default()
        })
    }
}

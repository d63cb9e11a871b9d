//! build: the release's own immutable directory.

use async_trait::async_trait;

use super::Step;
use crate::context::Context;
use crate::failure::Failure;
use crate::flow::StepName;
use crate::journal::Outcome;

/// The step's name.
pub const NAME: StepName = StepName::new("build");

/// See the module.
pub(crate) struct Build;

#[async_trait]
impl Step for Build {
    fn name(&self) -> StepName {
        NAME
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        let built = cx.ports.builder.build(cx.release(), cx, cx.cancel).await?;
        Ok(Outcome {
            summary: built.summary,
            unchanged: built.same_as_serving,
            ..Outcome::default()
        })
    }
}

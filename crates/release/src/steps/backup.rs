//! backup: a verified backup of the database as it is before the release.

use async_trait::async_trait;

use super::Step;
use crate::context::Context;
use crate::failure::Failure;
use crate::flow::StepName;
use crate::journal::{Outcome, ReleaseKind};

/// The step's name.
pub const NAME: StepName = StepName::new("backup");

/// See the module.
pub(crate) struct TakeBackup;

/// Name of the backup that release `release` takes.
pub fn name_of(release: u64) -> String {
    format!("release-{release}")
}

#[async_trait]
impl Step for TakeBackup {
    fn name(&self) -> StepName {
        NAME
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        let Some(backup) = &cx.ports.backup else {
            return Ok(Outcome::skipped("no database to back up"));
        };
        let name = name_of(cx.release());
        let taken = tokio::select! {
            taken = backup.create(&name, cx) => taken?,
            () = cx.cancel.wait() => return Err(Failure::cancelled()),
        };
        let mut keep = vec![name.as_str()];
        if let ReleaseKind::Rollback {
            restore: Some(restore),
            ..
        } = &cx.head().kind
        {
            keep.push(restore);
        }
        let removed = backup.prune(&keep).await?;
        let details = removed
            .iter()
            .map(|name| format!("removed backup {name}: beyond the retention rule"))
            .collect();
        Ok(Outcome {
            summary: taken.summary,
            details,
            ..Outcome::default()
        })
    }
}

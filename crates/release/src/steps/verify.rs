//! verify: the history stands where it should, and the catalog is the rehearsed one.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Step, migrate, rehearse};
use crate::context::Context;
use crate::failure::Failure;
use crate::flow::StepName;
use crate::journal::Outcome;
use crate::ports::Target;

/// The step's name.
pub const NAME: StepName = StepName::new("verify");

/// See the module.
pub(crate) struct Verify;

#[async_trait]
impl Step for Verify {
    fn name(&self) -> StepName {
        NAME
    }

    fn after(&self) -> &'static [StepName] {
        &[rehearse::NAME, migrate::NAME]
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, Failure> {
        let Some(migrator) = &cx.ports.migrator else {
            return Ok(Outcome::skipped("no database to verify"));
        };
        let live = migrator.standing(Target::Live).await?;
        if !live.unfinished.is_empty() {
            return Err(Failure::new(
                "history-unfinished",
                "the history is not where this version needs it",
            )
            .with_report(live.unfinished)
            .with_hints(live.hints));
        }
        let mut summary = live.version.as_ref().map_or_else(
            || "nothing unfinished".to_owned(),
            |version| format!("history at version {version}"),
        );
        if let Some(rehearsed) = cx.facts::<rehearse::Facts>(rehearse::NAME) {
            let differences = differences(&rehearsed.standing.objects, &live.objects);
            if !differences.is_empty() {
                return Err(Failure::new(
                    "catalog-differs",
                    "the schema is not the one the rehearsal ended with",
                )
                .with_report(differences)
                .with_hint("something else changed the schema meanwhile; compare it with the backup's, then deploy again"));
            }
            summary.push_str(", schema as rehearsed");
        }
        Ok(Outcome {
            summary,
            ..Outcome::default()
        })
    }
}

fn differences(
    rehearsed: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
) -> Vec<String> {
    let missing = rehearsed
        .keys()
        .filter(|name| !live.contains_key(*name))
        .map(|name| format!("{name} is missing"));
    let odd = live
        .iter()
        .filter_map(|(name, digest)| match rehearsed.get(name) {
            None => Some(format!("{name} is there, but was not in the rehearsal")),
            Some(other) if other != digest => Some(format!("{name} is defined differently")),
            Some(_) => None,
        });
    missing.chain(odd).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_between_catalogs_is_named() {
        let objects = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned()))
                .collect()
        };
        let found = differences(
            &objects(&[("table a", "1"), ("table b", "1"), ("index c", "1")]),
            &objects(&[("table a", "1"), ("table b", "2"), ("view d", "1")]),
        );
        assert_eq!(
            found,
            [
                "index c is missing",
                "table b is defined differently",
                "view d is there, but was not in the rehearsal"
            ]
        );
    }
}

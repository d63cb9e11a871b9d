//! What a run warns of before it begins.

use crate::apply::prepare::Prepared;
use crate::apply::{ApplyError, ApplyEvent, ApplySink};
use crate::directive::{self, Warning};
use crate::directory::File;
use crate::plan::Plan;

/// Says what the plan found strange.
pub(super) fn warn_of_drift(sink: &mut dyn ApplySink, plan: &Plan<'_>) {
    for change in plan.drift.changes.iter().chain(&plan.drift.forgiven) {
        let text = change.to_string();
        sink.event(&ApplyEvent::HistoryDiffers { text: &text });
    }
    if !plan.drift.unproven.is_empty() && plan.drift.changes.is_empty() {
        let text = format!(
            "whether the files of these versions are still what was applied cannot be told: {}",
            plan.drift.unproven.join(", ")
        );
        sink.event(&ApplyEvent::HistoryDiffers { text: &text });
    }
}

/// Says which lines look like directives and are none.
pub(super) fn warn_of_directives(
    sink: &mut dyn ApplySink,
    plan: &Plan<'_>,
    prepared: &Result<Vec<Prepared<'_>>, ApplyError>,
) {
    let mut tell = |file: &File, warnings: &[Warning]| {
        for warning in warnings {
            sink.event(&ApplyEvent::DirectiveIgnored { file, warning });
        }
    };
    match prepared {
        Ok(files) => {
            for prepared in files {
                tell(prepared.file, prepared.script.warnings());
            }
        }
        Err(_) => {
            for pending in &plan.pending {
                let held = pending.file.held().unwrap_or_default();
                let known = pending.file.format().known_directives();
                tell(pending.file, &directive::warnings(held, &known));
            }
        }
    }
}

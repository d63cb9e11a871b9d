//! The engine's events as lines for the reader.

use std::time::Duration;

use shipgate_database::LockOwner;
use shipgate_migrate::apply::{ApplyEvent, ApplySink};
use shipgate_release::ports::Watch;

use crate::report::short;
use crate::wiring::notice::{Notice, waiting};

/// The engine's events as lines of the release.
pub(super) struct Lines<'w> {
    watch: &'w dyn Watch,
    started: Option<(usize, String)>,
}

impl<'w> Lines<'w> {
    pub(super) fn new(watch: &'w dyn Watch) -> Self {
        Self {
            watch,
            started: None,
        }
    }
}

impl ApplySink for Lines<'_> {
    fn event(&mut self, event: &ApplyEvent<'_>) {
        match event {
            ApplyEvent::WaitingForLock { holder, remaining } => {
                self.watch.waiting(&for_the_lock(holder, *remaining));
            }
            ApplyEvent::WaitingForDatabase { reason, limit } => {
                self.watch.waiting(&waiting(reason, *limit));
            }
            ApplyEvent::DirectiveIgnored { file, warning } => {
                self.watch.line(&format!("{}: {warning}", file.name()));
            }
            ApplyEvent::CommitsAtRisk { text } | ApplyEvent::HistoryDiffers { text } => {
                self.watch.line(text);
            }
            ApplyEvent::CheckStarted { file, name, .. } => {
                self.watch
                    .line(&format!("checking {name} before {}", file.name()));
            }
            ApplyEvent::FileStarted { file, .. } => {
                self.watch.line(&format!("migrating {}", file.name()));
            }
            ApplyEvent::StatementStarted { number, text, .. } => {
                self.started = Some((*number, first_line(text)));
            }
            ApplyEvent::StatementDone {
                elapsed, notices, ..
            } => {
                if let Some((number, text)) = self.started.take() {
                    let took = elapsed.map_or_else(String::new, |elapsed| format!(" ({elapsed})"));
                    self.watch.line(&format!("  {number}. {text}{took}"));
                }
                for notice in *notices {
                    self.watch.line(&format!("     {notice}"));
                }
            }
            _ => {}
        }
    }
}

/// A dry run tells nothing but whom it waits for.
pub(super) struct Waits<'n>(pub(super) &'n Notice);

impl ApplySink for Waits<'_> {
    fn event(&mut self, event: &ApplyEvent<'_>) {
        match event {
            ApplyEvent::WaitingForLock { holder, remaining } => {
                self.0.say(&for_the_lock(holder, *remaining));
            }
            ApplyEvent::WaitingForDatabase { reason, limit } => {
                self.0.say(&waiting(reason, *limit));
            }
            _ => {}
        }
    }
}

fn for_the_lock(holder: &LockOwner, remaining: Duration) -> String {
    format!(
        "waiting for the migration lock, held by {holder}; {} left",
        short(remaining)
    )
}

/// The first line of a statement, at most 80 letters.
fn first_line(text: &str) -> String {
    const ROOM: usize = 80;
    let mut line = text.split('\n').next().unwrap_or_default().trim_end();
    let cut = line
        .char_indices()
        .nth(ROOM)
        .map_or(line.len(), |(at, _)| at);
    let whole = cut == line.len() && line.len() == text.len();
    line = &line[..cut];
    if whole {
        line.to_owned()
    } else {
        format!("{line} ...")
    }
}

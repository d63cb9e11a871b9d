//! `[deploy]`: strategy, release command, how long to wait.

use std::time::Duration;

use crate::command::CommandLine;
use crate::diagnostic::{Complaint, Fault};
use crate::duration::Bare;
use crate::origin::Sourced;
use crate::reader::Section;
use crate::redact;
use crate::sections::vm::Vm;
use crate::tree::Node;
use crate::value::{Misfit, Value};

/// How new machines replace old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// A few at a time, each healthy before the next. The default.
    Rolling,
    /// All new ones beside the old ones, then one switch.
    Bluegreen,
    /// One first; when it is healthy, rolling.
    Canary,
    /// All at once, without waiting.
    Immediate,
}

impl Strategy {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::Bluegreen => "bluegreen",
            Self::Canary => "canary",
            Self::Immediate => "immediate",
        }
    }
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Value for Strategy {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node) -> Result<Self, Misfit> {
        let word = String::read(node)?;
        [Self::Rolling, Self::Bluegreen, Self::Canary, Self::Immediate]
            .into_iter()
            .find(|strategy| strategy.as_str() == word)
            .ok_or_else(|| {
                let text = format!(
                    "unsupported deployment strategy '{word}'; Apps v2 supports the following strategies: canary, rolling, immediate, bluegreen"
                );
                let known = ["canary", "rolling", "immediate", "bluegreen"];
                let near = crate::value::nearest(&word, &known);
                let complaint = Complaint::new(text);
                Misfit::Value(match near {
                    Some(near) => complaint.hint(format!("did you mean `{near}`?")),
                    None => complaint,
                })
            })
    }

    fn show(&self) -> String {
        crate::value::quoted(self.as_str())
    }
}

/// `[deploy]`.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// `strategy`, default `rolling`.
    pub strategy: Sourced<Strategy>,
    /// `release_command`: run once per release before any new machine serves.
    pub release_command: Option<Sourced<CommandLine>>,
    /// `release_command_timeout`, default 5m; `"0s"` is no limit. See
    /// [`Deploy::release_command_limit`].
    pub release_command_timeout: Sourced<Duration>,
    /// `release_command_vm`.
    pub release_command_vm: Option<Vm>,
    /// `seed_command`: Fly runs it at `fly launch` alone.
    pub seed_command: Option<Sourced<CommandLine>>,
    /// `max_unavailable`, default 0.33: from 1 on a count (floored), below 1 a
    /// share of the group's machines. Of rolling and canary.
    pub max_unavailable: Sourced<f64>,
    /// `wait_timeout`, default 5m: for each wait (start, health), not in all.
    pub wait_timeout: Sourced<Duration>,
}

impl Deploy {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let bare = Bare::SecondsWhereFlyTakesNanoseconds;
        let five_minutes = Duration::from_secs(300);
        let deploy = Self {
            strategy: section.get_or("strategy", Strategy::Rolling),
            release_command: command(section, "release_command", "release command"),
            release_command_timeout: section.duration_or(
                "release_command_timeout",
                bare,
                five_minutes,
            ),
            release_command_vm: section.optional_table("release_command_vm", Vm::read),
            seed_command: command(section, "seed_command", "seed command"),
            max_unavailable: section.get_or("max_unavailable", 0.33),
            wait_timeout: section.duration_or("wait_timeout", bare, five_minutes),
        };
        if let Some(seed) = &deploy.seed_command {
            section.ignore(&seed.origin, "seed_command", "only `fly launch` runs it");
        }
        deploy.check_max_unavailable(section);
        deploy
    }

    fn check_max_unavailable(&self, section: &mut Section<'_>) {
        let share = &self.max_unavailable;
        if !share.is_set() {
            return;
        }
        if !(share.value > 0.0 && share.is_finite()) {
            let complaint = Complaint::new(format!(
                "with {} nothing could ever be replaced",
                share.value
            ))
            .hint("a count from 1 on, or a share between 0 and 1, as in 0.33");
            section.error(&share.origin, "max_unavailable", Fault::BadValue, complaint);
        } else if !matches!(*self.strategy, Strategy::Rolling | Strategy::Canary) {
            let complaint = Complaint::new(format!(
                "max-unavailable set for non-rolling strategy '{}', ignoring",
                *self.strategy
            ));
            section.warn(&share.origin, "max_unavailable", Fault::Conflict, complaint);
        }
    }

    /// How long the release command may run; `None`: for ever.
    pub fn release_command_limit(&self) -> Option<Duration> {
        Some(*self.release_command_timeout).filter(|limit| !limit.is_zero())
    }

    /// How many of `machines` may be replaced at the same time; at least one.
    pub fn batch(&self, machines: usize) -> usize {
        let share = *self.max_unavailable;
        let batch = if share >= 1.0 {
            share.floor()
        } else {
            (machines as f64 * share).ceil()
        };
        (batch as usize).clamp(1, machines.max(1))
    }
}

/// Reads a command that has its own sentence on Fly when it cannot be split.
pub(crate) fn command(
    section: &mut Section<'_>,
    name: &'static str,
    called: &'static str,
) -> Option<Sourced<CommandLine>> {
    let text: Sourced<String> = section.get(name)?;
    match CommandLine::parse(&text, text.origin.clone()) {
        Ok(value) if value.is_empty() => None,
        Ok(value) => Some(Sourced {
            value,
            origin: text.origin,
        }),
        Err(bad) => {
            let shown = redact(&text);
            let complaint = Complaint::new(format!("Can't shell split {called}: '{shown}': {bad}"))
                .hint(bad.hint());
            section.error(&text.origin, name, Fault::BadValue, complaint);
            None
        }
    }
}

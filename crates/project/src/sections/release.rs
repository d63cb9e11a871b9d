//! `[release]`: the steps of a release and their patience. Ours, not Fly's.

use std::time::Duration;

use crate::diagnostic::{Complaint, Fault};
use crate::duration::Bare;
use crate::origin::Sourced;
use crate::reader::Section;
use crate::value::words;

/// A word of `steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepWord {
    /// Everything that can be asked before anything is changed.
    Check,
    /// Make and keep the app's files.
    Build,
    /// Back the database up.
    Backup,
    /// Run the migrations on a copy of that backup.
    Rehearse,
    /// Run the migrations.
    Migrate,
    /// Look at the migrated database.
    Verify,
    /// Let the new version serve and retire the old one.
    Promote,
    /// Run `[deploy] release_command` as a step of its own; `migrate` is then
    /// the built-in engine.
    Command,
}

words!(pub StepWord, "the name of a step", "a step", {
    "check" => Check,
    "build" => Build,
    "backup" => Backup,
    "rehearse" => Rehearse,
    "migrate" => Migrate,
    "verify" => Verify,
    "promote" => Promote,
    "command" => Command,
});

/// The steps of a release that names none.
const DEFAULT_STEPS: [StepWord; 7] = [
    StepWord::Check,
    StepWord::Build,
    StepWord::Backup,
    StepWord::Rehearse,
    StepWord::Migrate,
    StepWord::Verify,
    StepWord::Promote,
];

/// `on_failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The release stops; the old version serves on. The default.
    Stop,
    /// The database is put back to the release's backup, if nothing was
    /// written since.
    Restore,
}

words!(pub OnFailure, "\"stop\" or \"restore\"", "something to do on failure", {
    "stop" => Stop,
    "restore" => Restore,
});

/// `[release]`. Durations are Go strings or bare seconds.
#[derive(Clone, Debug)]
pub struct Release {
    /// `steps`, default check, build, backup, rehearse, migrate, verify,
    /// promote.
    pub steps: Sourced<Vec<Sourced<StepWord>>>,
    /// `on_failure`, default `stop`.
    pub on_failure: Sourced<OnFailure>,
    /// `pause_during_migrate`, default false: requests wait at the front door
    /// while the migrations run.
    pub pause_during_migrate: Sourced<bool>,
    /// `pause_timeout`, default 30s: how long a request waits at most.
    pub pause_timeout: Sourced<Duration>,
    /// `lock_timeout`, default 10s: how long to wait for the lock on the
    /// database and for locks in it.
    pub lock_timeout: Sourced<Duration>,
    /// `connect_timeout`, default 30s: how long to try to reach a database that
    /// is starting or not known by name yet.
    pub connect_timeout: Sourced<Duration>,
    /// `migrate_timeout`: how long the migrations may run; `"0s"`, the default,
    /// is no limit, and `None` here.
    /// (A release command has `[deploy] release_command_timeout`.)
    pub migrate_timeout: Option<Sourced<Duration>>,
    /// `settle`, default 1s: how long new machines must stay up before the old
    /// ones are stopped.
    pub settle: Sourced<Duration>,
    /// `drain_timeout`, default 30s: how long a retired machine may finish
    /// what it has begun.
    pub drain_timeout: Sourced<Duration>,
    /// `keep_backups`, default 10; at least 1.
    pub keep_backups: Sourced<u32>,
    /// `keep_releases`, default 5: builds kept besides those in use; at least
    /// 1, so that there is one to go back to.
    pub keep_releases: Sourced<u32>,
}

impl Release {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let bare = Bare::Seconds;
        let seconds = Duration::from_secs;
        let release = Self {
            steps: section.list_or("steps", &DEFAULT_STEPS),
            on_failure: section.get_or("on_failure", OnFailure::Stop),
            pause_during_migrate: section.get_or("pause_during_migrate", false),
            pause_timeout: section.duration_or("pause_timeout", bare, seconds(30)),
            lock_timeout: section.duration_or("lock_timeout", bare, seconds(10)),
            connect_timeout: section.duration_or("connect_timeout", bare, seconds(30)),
            migrate_timeout: Some(section.duration_or("migrate_timeout", bare, Duration::ZERO))
                .filter(|limit| !limit.is_zero()),
            settle: section.duration_or("settle", bare, seconds(1)),
            drain_timeout: section.duration_or("drain_timeout", bare, seconds(30)),
            keep_backups: section.get_or("keep_backups", 10),
            keep_releases: section.get_or("keep_releases", 5),
        };
        for (name, kept) in [
            ("keep_backups", &release.keep_backups),
            ("keep_releases", &release.keep_releases),
        ] {
            if kept.value == 0 {
                let complaint =
                    Complaint::new("0 would leave nothing to go back to").hint("1 or more");
                section.error(&kept.origin, name, Fault::BadValue, complaint);
            }
        }
        release.check_steps(section);
        release
    }

    /// The words stand at most once and in the order of the flow; `command`
    /// may stand anywhere.
    fn check_steps(&self, section: &mut Section<'_>) {
        let steps = &self.steps.value;
        if steps.is_empty() && self.steps.is_set() {
            let complaint = Complaint::new("a release without steps does nothing")
                .hint(format!("known are {}", StepWord::WORDS.join(", ")));
            section.error(&self.steps.origin, "steps", Fault::BadValue, complaint);
        }
        let mut last: Option<StepWord> = None;
        for (at, step) in steps.iter().enumerate() {
            if steps[..at]
                .iter()
                .any(|earlier| earlier.value == step.value)
            {
                let complaint = Complaint::new(format!("step `{}` is there twice", step.value))
                    .hint("each step once");
                section.error(&step.origin, "steps", Fault::Conflict, complaint);
                continue;
            }
            if step.value == StepWord::Command {
                continue;
            }
            if let Some(before) = last.filter(|before| position(*before) > position(step.value)) {
                let complaint =
                    Complaint::new(format!("step `{}` comes after `{before}`", step.value)).hint(
                        format!(
                            "the order is {}",
                            DEFAULT_STEPS.map(StepWord::as_str).join(", ")
                        ),
                    );
                section.error(&step.origin, "steps", Fault::Conflict, complaint);
                continue;
            }
            last = Some(step.value);
            let has_backup = steps[..at]
                .iter()
                .any(|earlier| earlier.value == StepWord::Backup);
            if step.value == StepWord::Rehearse && !has_backup {
                let complaint = Complaint::new("step `rehearse` needs a backup to rehearse on")
                    .hint("put `backup` before it");
                section.error(&step.origin, "steps", Fault::Missing, complaint);
            }
        }
    }

    /// Whether a step is part of the release.
    pub fn has(&self, word: StepWord) -> bool {
        self.steps.iter().any(|step| step.value == word)
    }
}

fn position(word: StepWord) -> usize {
    let found = DEFAULT_STEPS.iter().position(|step| *step == word);
    found.unwrap_or(DEFAULT_STEPS.len())
}

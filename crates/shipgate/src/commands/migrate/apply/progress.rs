//! How far a long file is, while the database is waited for: on a terminal one
//! line that is written anew each second, in JSON a line every five seconds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use shipgate_migrate::apply::ApplyEvent;
use tokio::task::JoinHandle;

use crate::printer::Printer;
use crate::report::in_seconds;

/// What is done sooner needs no word.
const QUIET: Duration = Duration::from_secs(2);

/// The version of the fields of a line of JSON.
const SCHEMA: u32 = 1;

/// How it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As a line on a terminal.
    Line,
    /// As lines of JSON on stdout.
    Json,
}

impl Form {
    const fn every(self) -> Duration {
        match self {
            Self::Line => Duration::from_secs(1),
            Self::Json => Duration::from_secs(5),
        }
    }
}

/// A run's file at work, shown by a task of its own until this is dropped.
pub(super) struct Progress {
    at_work: Arc<Mutex<Option<AtWork>>>,
    task: JoinHandle<()>,
}

/// A file, and how far it is.
#[derive(Debug)]
struct AtWork {
    file: String,
    statements: usize,
    done: usize,
    began: Instant,
    /// The line of the statement that runs, and since when it does.
    statement: Option<(usize, Instant)>,
}

impl Progress {
    pub(super) fn told_by(printer: Arc<Printer>, form: Form) -> Self {
        let at_work = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&at_work);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(form.every()).await;
                let now = Instant::now();
                let told = locked(&seen)
                    .as_ref()
                    .and_then(|at_work: &AtWork| match form {
                        Form::Line => at_work.line(now),
                        Form::Json => at_work.json(now),
                    });
                match (told, form) {
                    (Some(line), Form::Line) => printer.transient(&line),
                    // The report tells of it if stdout is gone.
                    (Some(line), Form::Json) => drop(printer.result(&line)),
                    (None, _) => {}
                }
            }
        });
        Self { at_work, task }
    }

    pub(super) fn see(&self, event: &ApplyEvent<'_>) {
        let mut at_work = locked(&self.at_work);
        match event {
            ApplyEvent::FileStarted {
                file,
                skipped,
                total,
                ..
            } => {
                *at_work = Some(AtWork {
                    file: file.name().to_owned(),
                    statements: *total,
                    done: *skipped,
                    began: Instant::now(),
                    statement: None,
                });
            }
            ApplyEvent::FileDone { .. }
            | ApplyEvent::FileFailed { .. }
            | ApplyEvent::RunFailed { .. }
            | ApplyEvent::Finished { .. } => *at_work = None,
            ApplyEvent::StatementStarted { line, .. } => {
                if let Some(at_work) = &mut *at_work {
                    at_work.statement = Some((*line, Instant::now()));
                }
            }
            ApplyEvent::StatementDone { number, .. } => {
                if let Some(at_work) = &mut *at_work {
                    at_work.done = *number;
                    at_work.statement = None;
                }
            }
            _ => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl AtWork {
    /// What is to be said of it now; nothing of what has just begun.
    fn line(&self, now: Instant) -> Option<String> {
        let elapsed = now.duration_since(self.began);
        if elapsed < QUIET {
            return None;
        }
        let Self {
            file,
            statements,
            done,
            ..
        } = self;
        let percent = done.saturating_mul(100) / (*statements).max(1);
        let mut line = format!(
            "{file}: {done} of {statements} statements ({percent}%) in {}",
            in_seconds(elapsed)
        );
        if let Some((at, since)) = self.statement {
            let runs = now.duration_since(since);
            if runs >= QUIET {
                line.push_str(&format!(
                    "; the one in line {at} runs for {}",
                    in_seconds(runs)
                ));
            }
        }
        Some(line)
    }

    /// The same for programs.
    fn json(&self, now: Instant) -> Option<String> {
        let elapsed = now.duration_since(self.began);
        if elapsed < QUIET {
            return None;
        }
        let mut told = json!({
            "type": "progress",
            "schema": SCHEMA,
            "file": self.file,
            "statements": self.statements,
            "done": self.done,
            "elapsed_ms": milliseconds(elapsed),
        });
        if let Some((at, since)) = self.statement {
            let runs = now.duration_since(since);
            told["statement"] = json!({ "line": at, "elapsed_ms": milliseconds(runs) });
        }
        Some(told.to_string())
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::AtWork;

    #[test]
    fn a_long_file_tells_how_far_it_is_and_what_takes_so_long() {
        let began = Instant::now();
        let after = |seconds: u64| began + Duration::from_millis(seconds * 1000 + 300);
        let mut at_work = AtWork {
            file: "3_data.sql".to_owned(),
            statements: 4_000,
            done: 1_000,
            began,
            statement: None,
        };
        assert_eq!(at_work.line(after(1)), None);
        assert_eq!(
            at_work.line(after(12)).as_deref(),
            Some("3_data.sql: 1000 of 4000 statements (25%) in 12s")
        );
        at_work.statement = Some((17, after(12)));
        assert_eq!(
            at_work.line(after(13)).as_deref(),
            Some("3_data.sql: 1000 of 4000 statements (25%) in 13s")
        );
        assert_eq!(
            at_work.line(after(72)).as_deref(),
            Some(
                "3_data.sql: 1000 of 4000 statements (25%) in 1m 12s; the one in line 17 runs for 1m 00s"
            )
        );
        assert_eq!(
            at_work.json(after(72)).as_deref(),
            Some(
                r#"{"done":1000,"elapsed_ms":72300,"file":"3_data.sql","schema":1,"statement":{"elapsed_ms":60000,"line":17},"statements":4000,"type":"progress"}"#
            )
        );
        assert_eq!(at_work.json(after(1)), None);
        at_work.statements = 0;
        assert!(at_work.line(after(12)).is_some());
    }
}

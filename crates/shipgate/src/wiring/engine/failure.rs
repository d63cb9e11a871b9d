//! A failed run of the engine, as the user reads it: code, place, statement, hint.

use std::path::Path;
use std::time::Duration;

use shipgate_database::{ErrorKind, LockError};
use shipgate_migrate::apply::{ApplyError, ApplyFailure, FailedStatement};
use shipgate_migrate::plan::PlanError;
use shipgate_migrate::sum::ChecksumError;
use shipgate_release::{Effect, Failure, FailureKind};

use crate::report::short;
use crate::wiring::access::{LOCKED_HINT, open_failure};

/// A run that failed, as the user reads it; `directory` is that of the migrations.
pub(super) fn failure_of(failure: &ApplyFailure<'_>, effect: Effect, directory: &Path) -> Failure {
    let error = &failure.error;
    let (code, kind) = match error {
        ApplyError::Checksum(_) => ("checksum", FailureKind::Refused),
        ApplyError::Directory(_) | ApplyError::TxMode(_) => {
            ("migrations-directory", FailureKind::Refused)
        }
        ApplyError::Open(error) => return open_failure(error).with_effect(effect),
        ApplyError::Lock(LockError::Held { .. }) => ("migration-lock", FailureKind::Deadline),
        ApplyError::Lock(_) => ("migration-lock", FailureKind::Refused),
        ApplyError::History(_) => ("history", FailureKind::Refused),
        ApplyError::Plan(_) | ApplyError::PartChanged { .. } => {
            ("migration-plan", FailureKind::Refused)
        }
        ApplyError::Cancelled(_) => ("cancelled", FailureKind::Cancelled),
        ApplyError::Statement(failed) if failed.error.kind == ErrorKind::Locked => {
            ("database-locked", FailureKind::Deadline)
        }
        ApplyError::Transaction { source, .. } | ApplyError::Session(source)
            if source.kind == ErrorKind::Locked =>
        {
            ("database-locked", FailureKind::Deadline)
        }
        _ => ("migration-failed", FailureKind::Refused),
    };
    let result = match error.failed_statement() {
        Some(failed) => Failure::new(code, failed.error.message.clone())
            .with_report(snippet(failed, directory))
            .with_hint("mend the file, run `shipgate migrate hash`, and deploy again"),
        None => with_hints(Failure::new(code, error.to_string()), error),
    };
    let result = match code {
        "database-locked" => result.with_hint(LOCKED_HINT),
        _ => result,
    };
    result.with_effect(effect).of_kind(kind)
}

/// The migrations took longer than they may.
pub(super) fn timed_out(limit: Duration) -> Failure {
    Failure::new(
        "migration-timeout",
        format!(
            "the migrations ran longer than {} and were stopped",
            short(limit)
        ),
    )
    .with_hint("`[release] migrate_timeout` says how long they may run")
    .of_kind(FailureKind::Deadline)
}

fn with_hints(mut failure: Failure, error: &ApplyError) -> Failure {
    let mut hints = match error {
        ApplyError::Checksum(checksum) => checksum.causes(),
        error => error.hints(),
    };
    if let ApplyError::Checksum(checksum) = error {
        failure.report.extend(
            checksum
                .notice()
                .split('\n')
                .filter(|line| !line.is_empty())
                .map(str::to_owned),
        );
        failure.report.append(&mut hints);
        let hint = match checksum {
            ChecksumError::Format(error) if !error.conflicts.is_empty() => {
                "keep the files of both sides; `shipgate migrate hash --merge` writes their checksums anew"
            }
            _ => {
                "look at what changed; when it is meant, `shipgate migrate hash` writes the checksums anew"
            }
        };
        hints.push(hint.to_owned());
    }
    if let ApplyError::Plan(PlanError::NotClean(_)) = error {
        hints.push("if it stands at a version of this directory already, say so: `shipgate migrate set VERSION`".to_owned());
    }
    if let ApplyError::Plan(PlanError::Changed(_)) = error {
        hints = vec!["put the files back as they were, and say what is new in a new file: `shipgate migrate new`".to_owned()];
    }
    if !hints.is_empty() {
        failure.hint = Some(hints.remove(0));
    }
    failure.report.extend(hints);
    failure
}

/// File, line, statement and the place in it.
fn snippet(failed: &FailedStatement, directory: &Path) -> Vec<String> {
    let directory = directory.file_name().map(Path::new);
    let name = format!(
        "{}:{}:{}",
        directory
            .unwrap_or(Path::new(""))
            .join(&failed.file)
            .display(),
        failed.position.line,
        failed.position.column
    );
    let mut lines = vec![format!("--> {name}")];
    let before = failed.error.offset.unwrap_or(0).min(failed.statement.len());
    let breaks = failed.statement.as_bytes()[..before]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count();
    lines.extend(crate::report::snippet(
        &failed.statement,
        failed.position.line.saturating_sub(breaks),
        failed.position.line,
        failed.position.column,
    ));
    if let Some(code) = &failed.error.code {
        lines.push(format!("= {code}"));
    }
    lines.extend(failed.server_words().map(|line| format!("= {line}")));
    lines
}

/// A directory of migrations that cannot be used.
pub(super) fn directory_failure(message: &str) -> Failure {
    Failure::new("migrations-directory", message)
        .with_hint("`[database] directory` names the directory; `shipgate migrate new` begins one")
}

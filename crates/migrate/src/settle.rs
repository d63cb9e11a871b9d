//! `set --applied` and `set --not-applied`: a person tells what became of a
//! statement in which a run was broken off.

use std::fmt;

use shipgate_database::{ConnectOptions, Database, LockError, LockRequest, MigrationLock, Session};
use shipgate_sql::SplitMode;

use crate::directory::Directory;
use crate::golang::Quoted;
use crate::history::{History, Revision};
use crate::script::{Script, Syntax};
use crate::set::{SetError, SetOptions};

/// What a person knows about a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It took effect.
    Applied,
    /// It did not.
    NotApplied,
}

/// What the history says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The version.
    pub version: String,
    /// Statements done.
    pub applied: i64,
    /// Statements in the file.
    pub total: i64,
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            applied,
            total,
        } = self;
        writeln!(
            f,
            "Version {version} has {applied} of {total} statements now"
        )
    }
}

/// Writes into the history what became of the statement in which the run of a
/// version was broken off, or which failed. The next run goes on from there.
///
/// # Errors
/// [`SetError`]; nothing was changed.
pub async fn settle(
    database: &dyn Database,
    directory: &Directory,
    version: &str,
    effect: Effect,
    options: &SetOptions,
) -> Result<Settled, SetError> {
    directory.check_sum()?;
    directory.check_versions()?;
    let history = options.history.of(database.url());
    let request = LockRequest {
        schema: history.schema().map(str::to_owned),
        ..options.lock.clone()
    };
    let lock = match database.lock(request).await {
        Ok(lock) => Some(lock),
        // A database in memory belongs to this session alone.
        Err(LockError::NotPossible { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let connect = ConnectOptions {
        connect_timeout: options.lock.connect_timeout,
        busy_timeout: options.busy_timeout,
        ..ConnectOptions::default()
    };
    let done = match database.connect(&connect).await {
        Ok(mut session) => {
            let lock = lock.as_deref();
            settle_locked(&mut *session, lock, &*history, directory, version, effect).await
        }
        Err(error) => Err(error.into()),
    };
    if let Some(lock) = lock {
        lock.release().await?;
    }
    done
}

async fn settle_locked(
    session: &mut dyn Session,
    lock: Option<&dyn MigrationLock>,
    history: &dyn History,
    directory: &Directory,
    version: &str,
    effect: Effect,
) -> Result<Settled, SetError> {
    let snapshot = history.read(session).await?;
    let row = snapshot
        .revisions
        .into_iter()
        .find(|row| row.version == version && row.is_partial() && !row.error_stmt.is_empty())
        .ok_or_else(|| SetError::NotBegun(version.to_owned()))?;
    let row = match effect {
        Effect::NotApplied => without_failure(row),
        Effect::Applied => with_one_more(session, directory, row)?,
    };
    session.begin().await.map_err(SetError::Transaction)?;
    if let Some(lock) = lock {
        lock.fence(session).await?;
    }
    history.write(session, &row).await?;
    session.commit().await.map_err(SetError::Transaction)?;
    Ok(Settled {
        version: row.version,
        applied: row.applied,
        total: row.total,
    })
}

fn without_failure(row: Revision) -> Revision {
    Revision {
        error: String::new(),
        error_stmt: String::new(),
        ..row
    }
}

/// The row with the statement counted as done, which must be the file's next one.
fn with_one_more(
    session: &dyn Session,
    directory: &Directory,
    row: Revision,
) -> Result<Revision, SetError> {
    let file = directory
        .file(&row.version)
        .ok_or_else(|| SetError::VersionNotFound(row.version.clone()))?;
    let done = usize::try_from(row.applied).unwrap_or_default();
    for mode in [SplitMode::Own, SplitMode::AtlasCompatible] {
        let script = Script::of(file, Syntax::of(session), mode)?;
        let is_next = script.find(done, |unit| Some(unit.text == row.error_stmt))?;
        let hashes = script.partial_hashes(done + 1)?;
        let was = row.partial_hashes.get(..done);
        if is_next != Some(true) || was != hashes.get(..done) {
            continue;
        }
        let total = i64::try_from(script.len()).unwrap_or(i64::MAX);
        let applied = row.applied + 1;
        return Ok(Revision {
            applied,
            total,
            partial_hashes: if applied == total { Vec::new() } else { hashes },
            ..without_failure(row)
        });
    }
    Err(SetError::StatementChanged {
        version: Quoted(&row.version).to_string(),
        statement: row.error_stmt,
    })
}

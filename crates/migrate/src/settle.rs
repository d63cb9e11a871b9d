//! `set --applied` and `set --not-applied`: a person tells what became of a
//! statement in which a run was broken off.

use std::fmt;

use shipgate_database::{ConnectOptions, Database, LockError, LockRequest, MigrationLock, Session};
use shipgate_sql::SplitMode;

use crate::directory::Directory;
use crate::golang::{GoDuration, Quoted};
use crate::history::{History, Revision, RevisionKind};
use crate::script::{Script, Syntax};
use crate::set::{SetError, SetOptions, enter};

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
            let settling = Settling {
                lock: lock.as_deref(),
                history: &*history,
                directory,
                version,
                effect,
                options,
            };
            settling.run(&mut *session).await
        }
        Err(error) => Err(error.into()),
    };
    if let Some(lock) = lock {
        lock.release().await?;
    }
    done
}

/// What is to be settled, with the migration lock.
struct Settling<'s> {
    lock: Option<&'s dyn MigrationLock>,
    history: &'s dyn History,
    directory: &'s Directory,
    version: &'s str,
    effect: Effect,
    options: &'s SetOptions,
}

impl Settling<'_> {
    async fn run(&self, session: &mut dyn Session) -> Result<Settled, SetError> {
        enter(session, self.history, self.options).await?;
        let done = self.run_entered(session).await;
        let left = self.history.leave(session).await;
        let settled = done?;
        left?;
        Ok(settled)
    }

    async fn run_entered(&self, session: &mut dyn Session) -> Result<Settled, SetError> {
        let snapshot = self.history.read(session).await?;
        let is_meant = |version: &str| version == self.version;
        if snapshot
            .failed
            .is_some_and(|failed| is_meant(&failed.version))
        {
            return self.settle_whole(session).await;
        }
        let row = snapshot
            .revisions
            .into_iter()
            .find(|row| is_meant(&row.version) && row.is_partial() && !row.error_stmt.is_empty())
            .ok_or_else(|| SetError::NotBegun(self.version.to_owned()))?;
        let row = match self.effect {
            Effect::NotApplied => without_failure(row),
            Effect::Applied => with_one_more(session, self.directory, row)?,
        };
        self.begin(session).await?;
        self.history.write(session, &row).await?;
        session.commit().await.map_err(SetError::Transaction)?;
        Ok(Settled {
            version: row.version,
            applied: row.applied,
            total: row.total,
        })
    }

    /// A version that another program began: all of it took effect, or nothing.
    async fn settle_whole(&self, session: &mut dyn Session) -> Result<Settled, SetError> {
        let version = self.version.to_owned();
        let Some(file) = self.directory.file(self.version) else {
            return Err(SetError::VersionNotFound(version));
        };
        let script = Script::of(file, Syntax::of(session), SplitMode::Own)?;
        let total = i64::try_from(script.len()).unwrap_or(i64::MAX);
        self.begin(session).await?;
        let applied = match self.effect {
            Effect::NotApplied => {
                self.history.delete(session, self.version).await?;
                0
            }
            Effect::Applied => {
                let row = Revision {
                    version: version.clone(),
                    description: file.description().to_owned(),
                    kind: RevisionKind::EXECUTED.with(RevisionKind::RESOLVED),
                    applied: total,
                    total,
                    executed_at: (self.options.lock.clock)().into(),
                    execution_time: GoDuration::default(),
                    error: String::new(),
                    error_stmt: String::new(),
                    hash: self.directory.hash_of(file),
                    partial_hashes: Vec::new(),
                    operator_version: self.options.operator_version.clone(),
                };
                self.history.write(session, &row).await?;
                total
            }
        };
        session.commit().await.map_err(SetError::Transaction)?;
        Ok(Settled {
            version,
            applied,
            total,
        })
    }

    /// Opens a transaction, and makes sure that this is still the one migrator.
    async fn begin(&self, session: &mut dyn Session) -> Result<(), SetError> {
        session.begin().await.map_err(SetError::Transaction)?;
        if let Some(lock) = self.lock {
            lock.fence(session).await?;
        }
        Ok(())
    }
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

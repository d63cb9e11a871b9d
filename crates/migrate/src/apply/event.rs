//! What a run says while it runs.

use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{LockEvent, LockOwner};

use crate::directive;
use crate::directory::File;
use crate::golang::GoDuration;
use crate::transaction::TxMode;

/// Takes a run's events, in order. Must not block.
pub trait ApplySink: Send {
    /// Takes one event.
    fn event(&mut self, event: &ApplyEvent<'_>);

    /// The run now waits for the database. What was told should be seen
    /// before that: nobody knows for how long.
    fn waits(&mut self) {}
}

impl<F: FnMut(&ApplyEvent<'_>) + Send> ApplySink for F {
    fn event(&mut self, event: &ApplyEvent<'_>) {
        self(event);
    }
}

/// Something that happened in a run of `apply`.
#[derive(Clone, Debug)]
pub enum ApplyEvent<'a> {
    /// Another migrator holds the lock.
    WaitingForLock {
        /// Who.
        holder: &'a LockOwner,
        /// How much longer it is waited for.
        remaining: Duration,
    },
    /// The lock is held, but something that makes it stronger cannot be used.
    LockIsWeak {
        /// What.
        event: &'a LockEvent,
    },
    /// Another session holds what a statement needs.
    WaitingForDatabase {
        /// What is waited for, in words.
        reason: &'a str,
        /// For how long at most.
        limit: Duration,
    },
    /// A line of a pending file looks like a directive and is none.
    DirectiveIgnored {
        /// The file.
        file: &'a File,
        /// The line and why.
        warning: &'a directive::Warning,
    },
    /// The server does not keep all that it says to have committed.
    CommitsAtRisk {
        /// What may be lost, and by which setting, in words.
        text: &'a str,
    },
    /// Applied files may or may not be what was applied, or were changed and
    /// that is allowed.
    HistoryDiffers {
        /// What is certain or not, in words.
        text: &'a str,
    },
    /// The plan stands; nothing was executed yet.
    Planned {
        /// When the run began.
        at: Timestamp,
        /// The version before.
        current: Option<&'a str>,
        /// The version after.
        target: &'a str,
        /// The files in order.
        files: &'a [PlannedFile<'a>],
        /// Whether this is a dry run.
        dry_run: bool,
    },
    /// What a file says must hold before it is about to be asked.
    CheckStarted {
        /// The file.
        file: &'a File,
        /// The section with the assertions.
        name: &'a str,
        /// When.
        at: Timestamp,
    },
    /// An assertion was asked.
    Asserted {
        /// Its text.
        text: &'a str,
    },
    /// The section's assertions hold.
    CheckDone {
        /// When.
        at: Timestamp,
        /// How long it took.
        elapsed: GoDuration,
    },
    /// They do not, and nothing of the file was executed.
    CheckFailed {
        /// When.
        at: Timestamp,
        /// The error, as the report shows it.
        error: &'a str,
        /// How many assertions do not hold.
        failed: usize,
    },
    /// A file's execution begins.
    FileStarted {
        /// The file.
        file: &'a File,
        /// When.
        at: Timestamp,
        /// Statements that an earlier run did already.
        skipped: usize,
        /// Statements in the file.
        total: usize,
    },
    /// The server still executes a statement of a run whose process is gone;
    /// its end is waited for.
    WaitingForEnd {
        /// The server's number of that run's session.
        session: i64,
        /// The statement.
        statement: &'a str,
    },
    /// An earlier run was broken off in a statement, and the catalog told
    /// whether it took effect.
    OutcomeTold {
        /// The file.
        file: &'a File,
        /// The statement.
        statement: &'a str,
        /// Whether it did.
        applied: bool,
    },
    /// What a statement had left behind that was broken off is removed.
    LeftoverRemoved {
        /// What removes it.
        statement: &'a str,
    },
    /// A transaction waited too long for a lock or lost against another one.
    /// It is rolled back and tried again after a pause.
    Retrying {
        /// How often it has failed, from 1.
        attempt: u32,
        /// How often it is tried again at most.
        most: u32,
        /// How long it is waited before that.
        pause: Duration,
        /// The database's answer.
        reason: &'a str,
        /// Sessions that hold locks, one line each.
        blockers: &'a [String],
    },
    /// A statement that an earlier run did is done again, because what it set
    /// lived only in that run's session (`PRAGMA foreign_keys`, `ATTACH`).
    SessionRestored {
        /// The statement.
        statement: &'a str,
    },
    /// A statement is about to be executed.
    StatementStarted {
        /// Its number in the file, from 1.
        number: usize,
        /// Its text.
        text: &'a str,
        /// Its line in the file, from 1.
        line: usize,
    },
    /// The statement is done.
    StatementDone {
        /// Its number in the file, from 1.
        number: usize,
        /// How long it took; unknown if it was sent together with others.
        elapsed: Option<GoDuration>,
        /// Rows it changed.
        rows: u64,
        /// What the database said to it.
        notices: &'a [String],
    },
    /// The file is done; with a transaction per file it is committed.
    FileDone {
        /// When.
        at: Timestamp,
        /// How long it took.
        elapsed: GoDuration,
    },
    /// The file failed; its transaction, if it had one, is rolled back.
    FileFailed {
        /// When.
        at: Timestamp,
        /// The error, as the report shows it.
        error: &'a str,
        /// Whether the statement told last is what failed.
        in_statement: bool,
    },
    /// The run failed before its first file or after its last.
    RunFailed {
        /// When.
        at: Timestamp,
        /// The error, as the report shows it.
        error: &'a str,
    },
    /// The run is over, well or not.
    Finished {
        /// When.
        at: Timestamp,
    },
}

/// A file of the plan.
#[derive(Clone, Copy, Debug)]
pub struct PlannedFile<'a> {
    /// The file.
    pub file: &'a File,
    /// Statements in it.
    pub statements: usize,
    /// Statements that an earlier run did already.
    pub skipped: usize,
    /// Its transaction mode.
    pub tx_mode: TxMode,
}

//! Why a run of `apply` failed.

use std::path::PathBuf;
use std::time::Duration;

use shipgate_database::{Dialect, ErrorKind, LockError, OpenError, StatementError};
use shipgate_sql::Position;

use crate::apply::foreign_keys::ViolationList;
use crate::apply::{Gone, Violation};
use crate::directory::DirectoryError;
use crate::golang::Quoted;
use crate::history::HistoryError;
use crate::plan::PlanError;
use crate::report::ApplyReport;
use crate::script::ScriptError;
use crate::sum::ChecksumError;
use crate::transaction::TxModeError;

/// A run that failed, with its report if it got as far as a plan.
#[derive(Debug)]
pub struct ApplyFailure<'a> {
    /// What was done until then.
    pub report: Option<Box<ApplyReport<'a>>>,
    /// Why it failed.
    pub error: ApplyError,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The directory is not usable.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The directory's checksums do not hold.
    #[error(transparent)]
    Checksum(#[from] ChecksumError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another migrator is at work.
    #[error("{}", Self::lock_text(.0))]
    Lock(#[from] LockError),
    /// The history cannot be read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A transaction mode cannot be.
    #[error(transparent)]
    TxMode(#[from] TxModeError),
    /// A file cannot be taken apart.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The part of a half-applied file that was executed is not what it was.
    #[error("sql/migrate: history changed: statement {statement} from file {} changed", Quoted(.file))]
    PartChanged {
        /// The file.
        file: String,
        /// The first statement that differs, from 1.
        statement: usize,
    },
    /// A file opens or ends a transaction inside the one around it.
    #[error(
        "sql/migrate: statement {} at {}:{}:{} opens or ends a transaction, but the file already runs in one; \
         remove it, or put '-- atlas:txmode none' into the file's first line",
        Quoted(.statement), .path.display(), .position.line, .position.column
    )]
    TransactionControl {
        /// The file.
        path: PathBuf,
        /// Where the statement begins.
        position: Position,
        /// The statement.
        statement: String,
    },
    /// A file without a transaction around it left one open.
    #[error(
        "sql/migrate: file {} begins a transaction and does not end it; it was rolled back",
        Quoted(.0)
    )]
    TransactionLeftOpen(String),
    /// The rest of a half-applied file needs what was lost with a session.
    #[error("{0}")]
    StateGone(Box<StateGone>),
    /// A file was read by other settings than the session has in its middle.
    #[error("{0}")]
    ReadOtherwise(Box<ReadOtherwise>),
    /// A statement failed.
    #[error("{0}")]
    Statement(Box<FailedStatement>),
    /// What a file says must hold before it does not.
    #[error("{failed} of {total} assertions failed: {reason}")]
    CheckFailed {
        /// Assertions that do not hold.
        failed: usize,
        /// Assertions in the section.
        total: usize,
        /// The first of them and what it returned.
        reason: String,
    },
    /// Rows violate foreign keys that did not before.
    #[error("sql/sqlite: foreign key mismatch: {}", ViolationList(.0))]
    ForeignKeys(Vec<Violation>),
    /// A transaction cannot be opened or committed.
    #[error("sql/migrate: {action} transaction: {source}")]
    Transaction {
        /// `begin` or `commit`.
        action: &'static str,
        /// The database's answer.
        source: StatementError,
    },
    /// A setting of the session cannot be read or made.
    #[error("sql/migrate: prepare session: {0}")]
    Session(#[source] StatementError),
    /// A file's directive has a value that it does not take.
    #[error("{0}")]
    Directive(Box<WrongDirective>),
    /// A run was broken off in a statement, and nothing tells whether it took effect.
    #[error("{0}")]
    Unknown(Box<UnknownOutcome>),
    /// The connection broke while a transaction was committed, and the
    /// database cannot be asked what became of it.
    #[error(
        "sql/migrate: commit transaction: {source}; whether it was committed cannot be asked now: \
         run again, the history knows"
    )]
    CommitUnknown {
        /// How the connection broke.
        source: Box<StatementError>,
    },
    /// A session of the program whose history this is kept its lock too long.
    #[error("{by}; waited {waited:.0?}")]
    HeldByOther {
        /// Which session, as words.
        by: String,
        /// For how long.
        waited: Duration,
    },
    /// The run was asked to stop.
    #[error("interrupted{}", during(.0.as_deref()))]
    Cancelled(Option<Box<FailedStatement>>),
}

/// A statement that failed: what, where and why.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("sql/migrate: executing statement {} from version {}: {error}", Quoted(.statement), Quoted(.version))]
pub struct FailedStatement {
    /// The file's name.
    pub file: String,
    /// The file's path.
    pub path: PathBuf,
    /// The file's version.
    pub version: String,
    /// Where the statement begins, as a byte offset into the file.
    pub offset: usize,
    /// Where the error is: the place in the statement if the database told
    /// one, else the statement's beginning.
    pub position: Position,
    /// The statement's text.
    pub statement: String,
    /// The database's answer.
    pub error: StatementError,
    /// What else is known: how often it was tried, who was in the way.
    pub notes: Vec<String>,
    /// The server may have done it before, and lost in a crash that it has.
    pub may_be_done: bool,
}

/// A statement that set where strings end in a way that its text does not tell.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "after statement {} at {}:{}:{} strings end otherwise than the rest of the file was read; \
     write the value of {setting} as a literal",
    Quoted(.statement), .path.display(), .position.line, .position.column
)]
pub struct ReadOtherwise {
    /// The file's path.
    pub path: PathBuf,
    /// Where the statement begins.
    pub position: Position,
    /// The statement's text.
    pub statement: String,
    /// The setting: `sql_mode`, `standard_conforming_strings`.
    pub setting: &'static str,
}

/// What the rest of a half-applied file needs and was lost with the session of
/// the run that was broken off.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "statement {} at {}:{}:{} needs {gone}, which was lost with the session of the run that was broken off; \
     nothing was executed",
    Quoted(.statement), .path.display(), .position.line, .position.column
)]
pub struct StateGone {
    /// The file's path.
    pub path: PathBuf,
    /// Where the statement begins.
    pub position: Position,
    /// The statement's text.
    pub statement: String,
    /// What it needs.
    pub gone: Gone,
}

/// A directive with a value that it does not take.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}:{line}: `shipgate:{name} {value}`: the value must be {expected}", .path.display())]
pub struct WrongDirective {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The directive.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it may be.
    pub expected: &'static str,
}

/// A statement of which nothing tells whether it took effect.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a run was broken off in statement {} from version {} at {}:{}:{}, and whether it took effect is unknown: {why}",
    Quoted(.statement), Quoted(.version), .path.display(), .position.line, .position.column
)]
pub struct UnknownOutcome {
    /// The file's path.
    pub path: PathBuf,
    /// The file's version.
    pub version: String,
    /// Where the statement begins.
    pub position: Position,
    /// The statement's text.
    pub statement: String,
    /// Why nothing tells.
    pub why: String,
}

impl ApplyError {
    /// The statement that failed, if one did.
    #[must_use]
    pub fn failed_statement(&self) -> Option<&FailedStatement> {
        match self {
            Self::Statement(failed) => Some(failed),
            Self::Cancelled(failed) => failed.as_deref(),
            _ => None,
        }
    }

    /// What else is known: where it happened, who is in the way, what would help.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        self.hints_with("")
    }

    /// The same, in which commands that go on repeat these flags.
    #[must_use]
    pub fn hints_with(&self, flags: &str) -> Vec<String> {
        match self {
            Self::Checksum(error) => error.hints(),
            Self::Lock(LockError::Held { .. }) => match self.source_text() {
                Some(text) => vec![text],
                None => Vec::new(),
            },
            Self::Statement(failed) => failed.hints(flags),
            Self::History(error) => error.hints().to_vec(),
            Self::Unknown(unknown) => unknown.hints(flags),
            Self::StateGone(_) => vec![
                "make it anew by a statement of its own before that one, in the part of the file that is not \
                 executed yet; the part before must stay as it is"
                    .to_owned(),
            ],
            Self::PartChanged { .. } => vec![
                "statements that were executed must stay as they were, and those behind them may change: \
                 put the file's beginning back, or correct it by a new migration"
                    .to_owned(),
            ],
            Self::Plan(PlanError::Changed(_)) => {
                vec!["go on all the same with --allow-changed".to_owned()]
            }
            Self::Script(ScriptError::Scan { error, .. }) => vec![error.kind.hint().to_owned()],
            _ => Vec::new(),
        }
    }

    pub(crate) fn lock_text(error: &LockError) -> String {
        match error {
            LockError::Held {
                name,
                dialect: Dialect::Sqlite,
                ..
            } => format!(
                "acquiring database lock: sql/sqlite: lock on {} already taken",
                Quoted(name.as_str())
            ),
            LockError::Held { .. } => {
                "acquiring database lock: sql/schema: lock is held by other session".to_owned()
            }
            other => format!("acquiring database lock: {other}"),
        }
    }

    fn source_text(&self) -> Option<String> {
        match self {
            Self::Lock(error) => Some(error.to_string()),
            _ => None,
        }
    }
}

impl FailedStatement {
    /// What the server says beside its message, line by line: which key, what
    /// it would suggest.
    pub fn server_words(&self) -> impl Iterator<Item = &str> {
        let texts = [&self.error.detail, &self.error.hint];
        texts.into_iter().flatten().flat_map(|text| text.lines())
    }

    fn hints(&self, flags: &str) -> Vec<String> {
        let mut hints = vec![format!(
            "{}:{}:{}",
            self.path.display(),
            self.position.line,
            self.position.column
        )];
        hints.extend(
            self.server_words()
                .map(|line| format!("the server says: {line}")),
        );
        hints.extend(self.notes.iter().cloned());
        if self.error.kind == ErrorKind::SessionLost {
            hints.push("run again: it goes on where it was broken off".to_owned());
        }
        if self.may_be_done {
            hints.push(
                "this server may lose in a crash that it has executed a statement, and keep what the statement made"
                    .to_owned(),
            );
            hints.extend(ways_on(&self.version, flags));
        }
        hints
    }
}

impl UnknownOutcome {
    fn hints(&self, flags: &str) -> Vec<String> {
        ways_on(&self.version, flags).into()
    }
}

/// What a person may say of a statement in which a version stopped.
fn ways_on(version: &str, flags: &str) -> [String; 2] {
    let flags = match flags {
        "" => String::new(),
        flags => format!(" {flags}"),
    };
    [
        format!("if it took effect: shipgate migrate set --applied {version}{flags}"),
        format!("if it did not:     shipgate migrate set --not-applied {version}{flags}"),
    ]
}

fn during(failed: Option<&FailedStatement>) -> String {
    match failed {
        Some(failed) => format!(
            " during statement {} from version {}",
            Quoted(&failed.statement),
            Quoted(&failed.version)
        ),
        None => String::new(),
    }
}

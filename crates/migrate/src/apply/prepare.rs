//! Everything about the pending files that can fail, asked before anything is changed.

use std::collections::BTreeSet;

use shipgate_sql::{Dialect, Position, SplitMode};

use crate::apply::checks::Check;
use crate::apply::patience::{self, patience_of};
use crate::apply::step_kind::StepKind;
use crate::apply::{ApplyError, ApplyOptions, Patience, PlannedFile};
use crate::directory::{Directory, File};
use crate::history::{Revision, Started};
use crate::plan::{Pending, Plan};
use crate::script::{Cursor, Script, ScriptError, Syntax};
use crate::sum::Proof;
use crate::transaction::TxMode;

/// A file ready to be executed.
#[derive(Clone, Debug)]
pub(super) struct Prepared<'a> {
    pub(super) file: &'a File,
    pub(super) script: Script<'a>,
    /// What must hold before the file; nothing for one that is resumed.
    pub(super) checks: Vec<Check<'a>>,
    pub(super) tx_mode: TxMode,
    /// Statements an earlier run did.
    pub(super) skipped: usize,
    pub(super) started: Started,
    /// Its row, if it was begun before.
    pub(super) begun: Option<Revision>,
    /// How long its statements wait and run.
    pub(super) patience: Patience,
    /// Whether a statement may wait for a lock that makes others wait.
    pub(super) stops_others: bool,
    /// Whether a statement may commit the transaction it is in.
    pub(super) may_commit: bool,
    /// The file's hash in the checksums; empty if it is left out of them.
    pub(super) hash: String,
    /// Proves of a file that stayed on disk that it was not changed.
    proof: Option<Proof>,
}

/// Prepares every file of a plan.
pub(super) fn prepare<'a>(
    directory: &'a Directory,
    syntax: Syntax,
    options: &ApplyOptions,
    plan: &Plan<'a>,
) -> Result<Vec<Prepared<'a>>, ApplyError> {
    plan.pending
        .iter()
        .map(|pending| {
            let mut prepared = Prepared::new(pending, syntax, options.tx_mode)?;
            prepared.hash = directory.hash_of(pending.file);
            prepared.proof = directory.proof_of(pending.file);
            prepared.patience = prepared.patience.or(options.patience);
            Ok(prepared)
        })
        .collect()
}

/// A prepared file as events tell it.
pub(super) fn planned_file<'a>(prepared: &Prepared<'a>) -> PlannedFile<'a> {
    PlannedFile {
        file: prepared.file,
        statements: prepared.script.len(),
        skipped: prepared.skipped,
        tx_mode: prepared.tx_mode,
    }
}

/// The files of a plan that fails before its first statement.
pub(super) fn unprepared_files<'a>(plan: &Plan<'a>) -> Vec<PlannedFile<'a>> {
    plan.pending
        .iter()
        .map(|pending| PlannedFile {
            file: pending.file,
            statements: 0,
            skipped: 0,
            tx_mode: TxMode::default(),
        })
        .collect()
}

impl<'a> Prepared<'a> {
    /// Takes a pending file apart and checks that it can be executed.
    pub(super) fn new(
        pending: &Pending<'a>,
        syntax: Syntax,
        tx_mode: TxMode,
    ) -> Result<Self, ApplyError> {
        let file = pending.file;
        let mut tx_mode = tx_mode.for_file(file)?;
        let patience = patience_of(file)?;
        let (mut stops_others, mut may_commit) = (false, false);
        let mut controls_transaction = false;
        let own = Script::seen(file, syntax, SplitMode::Own, &mut |unit| {
            controls_transaction |= unit.kind.controls_transaction();
            stops_others |= patience::stops_others(unit.kind);
            may_commit |= matches!(
                StepKind::of(syntax.dialect(), unit, &BTreeSet::new()),
                StepKind::Alone | StepKind::MayCommit
            );
        })?;
        let refuses_transaction = syntax.dialect() == Dialect::Postgres && may_commit;
        if tx_mode == TxMode::File
            && file.format().leaves_transactions_to_files()
            && (controls_transaction || refuses_transaction)
        {
            tx_mode = TxMode::None;
        }
        let checks = Check::of(file, syntax)?;
        let (script, skipped, started) = match (&pending.begun, &pending.repeated) {
            (None, None) => (own, 0, Started::New),
            (None, Some(row)) => {
                let applied = row.applied;
                (own, 0, Started::Resumed { applied })
            }
            (Some(row), _) => {
                let (script, skipped) = resume(file, own, row)?;
                let applied = row.applied;
                (script, skipped, Started::Resumed { applied })
            }
        };
        let prepared = Self {
            file,
            script,
            checks: if skipped == 0 { checks } else { Vec::new() },
            tx_mode,
            skipped,
            started,
            begun: pending.begun.clone(),
            patience,
            stops_others,
            may_commit,
            hash: String::new(),
            proof: None,
        };
        if tx_mode != TxMode::None && controls_transaction {
            prepared.refuse_transaction_control()?;
        }
        Ok(prepared)
    }

    fn refuse_transaction_control(&self) -> Result<(), ApplyError> {
        let refused = self.script.find(self.skipped, |unit| {
            unit.kind
                .controls_transaction()
                .then(|| ApplyError::TransactionControl {
                    path: self.file.path().to_owned(),
                    position: Position {
                        line: unit.line,
                        column: unit.column,
                    },
                    statement: unit.text.to_owned(),
                })
        })?;
        refused.map_or(Ok(()), Err)
    }

    /// A reading of the statements that are still to be executed.
    pub(super) fn cursor(&self) -> Result<Cursor<'_>, ScriptError> {
        self.cursor_after(self.skipped)
    }

    /// A reading of the statements after the first `done`.
    pub(super) fn cursor_after(&self, done: usize) -> Result<Cursor<'_>, ScriptError> {
        let mut cursor = self.script.cursor(self.proof.clone())?;
        cursor.skip(done)?;
        Ok(cursor)
    }
}

/// The statements of a half-applied file and how many of them are done.
///
/// The executed part must be what it was. It is compared in our own splitting
/// and, for rows that Atlas wrote, in Atlas's.
fn resume<'a>(
    file: &'a File,
    own: Script<'a>,
    row: &Revision,
) -> Result<(Script<'a>, usize), ApplyError> {
    let applied = usize::try_from(row.applied).unwrap_or_default();
    let changed = match first_difference(&own, row, applied)? {
        None => return Ok((own, applied)),
        Some(statement) => ApplyError::PartChanged {
            file: file.name().to_owned(),
            statement,
        },
    };
    match Script::of(file, own.syntax(), SplitMode::AtlasCompatible) {
        Ok(theirs) if first_difference(&theirs, row, applied)?.is_none() => Ok((theirs, applied)),
        _ => Err(changed),
    }
}

/// The number, from 1, of the first executed statement that is not what it was.
fn first_difference(
    script: &Script<'_>,
    row: &Revision,
    applied: usize,
) -> Result<Option<usize>, ScriptError> {
    let hashes = script.partial_hashes(applied)?;
    let differs = |&index: &usize| {
        let now = hashes.get(index);
        now.is_none() || now != row.partial_hashes.get(index)
    };
    Ok((0..applied).find(differs).map(|index| index + 1))
}

//! Files sent ahead: several of them, each in its own transaction, go to the
//! database one behind the other, without waiting for the answer to any.
//!
//! The database passes over everything behind what fails: a file is not begun
//! unless the one before it is committed. Each transaction makes sure of the lock
//! as any other does, by a question that fails unless the lock is still ours. The
//! database tells how long a file took, for its row is on its way before anybody
//! else could know.
//!
//! What is told is told as the answers come: a file has begun when the one before
//! it is done. Only files go this way of which everything is known beforehand:
//! how the session reads them, and what the database does with their statements.

use jiff::Timestamp;
use shipgate_database::{Answer, Call, ErrorKind, Limits, Question, StatementError};
use shipgate_sql::StatementKind;

use crate::apply::file_run::Run;
use crate::apply::prepare::Prepared;
use crate::apply::session::not_begun;
use crate::apply::teller::Teller;
use crate::apply::together::{MOST, is_forgotten};
use crate::apply::told::Told;
use crate::apply::{ApplyError, ApplySink};
use crate::history::{RowStatement, Started, Timing};
use crate::script::{Unit, Window};
use crate::transaction::TxMode;

/// So many files are under way at most: enough that the way to the database
/// and back does not count, few enough to be stopped soon.
const FILES: usize = 16;
/// So many bytes of their statements.
const BYTES: usize = 128 << 10;

/// How far files that were sent ahead went.
#[derive(Default)]
pub(super) struct Ahead {
    /// So many are done.
    pub(super) done: usize,
    /// The one behind them was begun, and nothing of it stays.
    pub(super) begun: Option<Begun>,
}

/// A file that was begun.
pub(super) struct Begun {
    pub(super) at: Timestamp,
    /// Why it failed; nothing if that is better told of call by call.
    pub(super) failed: Option<ApplyError>,
}

/// A file that is sent ahead.
struct Sent<'f, 'a> {
    file: &'f Prepared<'a>,
    window: Window,
    row: Vec<RowStatement>,
    limits: Limits,
}

/// What a call is for.
#[derive(Clone, Copy)]
enum Part {
    /// It opens the transaction and makes sure of the lock.
    Opening,
    /// It is the statement at this index, from 0.
    Statement(usize),
    Row,
    Commit,
}

/// What was told of files while their answers came.
struct Telling<'f, 'a, 's> {
    sent: &'s [Sent<'f, 'a>],
    /// Of each call, the file's index.
    parts: &'s [(usize, Part)],
    answered: usize,
    /// When the file began that is at work.
    began: Timestamp,
}

/// Whether everything it does to a session is known from its kind. What is
/// not may change how the next file is to be read, or what the server keeps.
fn leaves_session(kind: StatementKind<'_>) -> bool {
    matches!(
        kind,
        StatementKind::Create(_)
            | StatementKind::Alter(_)
            | StatementKind::Drop(_)
            | StatementKind::Insert
            | StatementKind::Update
            | StatementKind::Delete
            | StatementKind::Merge
            | StatementKind::Truncate
            | StatementKind::AddEnumValue
            | StatementKind::Grant
            | StatementKind::Revoke
            | StatementKind::Comment
            | StatementKind::Refresh
    )
}

impl Sent<'_, '_> {
    /// The calls that are its transaction, in a session with these limits.
    fn calls<'c>(
        &'c self,
        units: &'c [Unit<'c>],
        questions: &'c [Question],
        limits: Limits,
    ) -> Vec<(Part, Call<'c>)> {
        let mut calls = vec![(Part::Opening, Call::Begin)];
        calls.extend(questions.iter().map(|ask| (Part::Opening, Call::Ask(ask))));
        if self.limits != limits {
            calls.push((Part::Opening, Call::Limit(&self.limits)));
        }
        for (number, unit) in units.iter().enumerate() {
            calls.push((Part::Statement(number), Call::Execute(unit.text)));
        }
        calls.extend(self.row.iter().map(|row| (Part::Row, row.call())));
        calls.push((Part::Commit, Call::Commit));
        calls
    }
}

impl<'a> Telling<'_, 'a, '_> {
    fn done(&self) -> usize {
        let parts = &self.parts[..self.answered];
        let is_end = |(_, part): &&(usize, Part)| matches!(part, Part::Commit);
        parts.iter().filter(is_end).count()
    }

    fn begin(&mut self, teller: &mut Teller<'_, 'a>, index: usize, at: Timestamp) {
        let Some(sent) = self.sent.get(index) else {
            return;
        };
        self.began = at;
        teller.file_started(sent.file, at);
        teller.told.mark();
        if let Some(first) = sent.window.first() {
            teller.started(&first);
        }
    }

    fn take(&mut self, teller: &mut Teller<'_, 'a>, answer: &Answer, at: Timestamp) {
        let Some(&(index, part)) = self.parts.get(self.answered) else {
            return;
        };
        self.answered += 1;
        let window = &self.sent[index].window;
        match part {
            Part::Opening | Part::Row => {}
            Part::Statement(number) => {
                if let Some(unit) = window.unit(number) {
                    teller.done(&unit, None, &answer.executed);
                }
                if let Some(next) = window.unit(number + 1) {
                    teller.started(&next);
                }
            }
            Part::Commit => {
                teller.file_done(self.began, at);
                self.begin(teller, index + 1, at);
            }
        }
    }
}

impl<'a> Run<'a, '_> {
    /// Executes the first of these files, as far as they are suited to be sent
    /// ahead.
    pub(super) async fn send_ahead(&mut self, files: &[Prepared<'a>]) -> Result<Ahead, ApplyError> {
        let Some(questions) = self.demands() else {
            return Ok(Ahead::default());
        };
        let sent = self.suited(files);
        if sent.len() < 2 {
            return Ok(Ahead::default());
        }
        if self.conductor.cancel.is_cancelled() {
            return Err(ApplyError::Cancelled(None));
        }
        let limits = most_common(&sent);
        if self.limit_to(limits).await.is_err() {
            return Ok(Ahead::default());
        }
        let units: Vec<Vec<Unit<'_>>> = sent
            .iter()
            .map(|sent| sent.window.units().collect())
            .collect();
        let (parts, calls): (Vec<_>, Vec<_>) = sent
            .iter()
            .zip(&units)
            .enumerate()
            .flat_map(|(index, (sent, units))| {
                let calls = sent.calls(units, &questions, limits);
                calls
                    .into_iter()
                    .map(move |(part, call)| ((index, part), call))
            })
            .unzip();
        let at = self.conductor.now();
        let mut telling = Telling {
            sent: &sent,
            parts: &parts,
            answered: 0,
            began: at,
        };
        telling.begin(&mut self.teller(), 0, at);
        let clock = self.options.lock.clock.clone();
        let report = &mut self.report;
        let mut answered = |sink: &mut dyn ApplySink, told: &mut Told, answer: Answer| {
            telling.take(&mut Teller { report, sink, told }, &answer, clock());
        };
        let failed = self.conductor.pipeline(&calls, &mut answered).await;
        let done = telling.done();
        let begun = telling.began;
        let part = parts.get(telling.answered).map(|(_, part)| *part);
        let (Some(error), Some(part)) = (failed, part) else {
            return Ok(Ahead { done, begun: None });
        };
        if error.kind == ErrorKind::SessionLost {
            let files = &files[done..sent.len()];
            let failed = self.failed_part(&sent[done], part, error.clone());
            let failed = failed.unwrap_or_else(|| commit_failed(error.clone()));
            let lost = self.lost(files, begun, failed, error).await?;
            return Ok(Ahead {
                done: done + lost.done,
                ..lost
            });
        }
        let failed = self.failed_part(&sent[done], part, error);
        self.roll_back().await;
        if failed.is_none() {
            self.conductor.told.rewind();
        }
        let begun = Some(Begun { at: begun, failed });
        Ok(Ahead { done, begun })
    }

    /// What is to be said of a file whose call failed; nothing if that is
    /// better told of call by call.
    fn failed_part(
        &self,
        sent: &Sent<'_, 'a>,
        part: Part,
        error: StatementError,
    ) -> Option<ApplyError> {
        match part {
            Part::Statement(number) => {
                let unit = sent.window.unit(number)?;
                Some(self.statement_failed(sent.file, &unit, error))
            }
            _ if error.kind == ErrorKind::Cancelled => Some(ApplyError::Cancelled(None)),
            Part::Opening if error.kind == ErrorKind::SessionLost => Some(not_begun(error)),
            Part::Commit => Some(commit_failed(error)),
            Part::Row if !is_forgotten(&error) => {
                let version = sent.file.file.version();
                Some(self.history.not_inserted(version, error).into())
            }
            Part::Opening | Part::Row => None,
        }
    }

    /// With the connection, the answers to commits may have been lost. `failed`
    /// is what is to be said of the first file if it was not committed.
    async fn lost(
        &mut self,
        files: &[Prepared<'a>],
        mut at: Timestamp,
        failed: ApplyError,
        source: StatementError,
    ) -> Result<Ahead, ApplyError> {
        let Some(done) = self.lost_commits(files).await else {
            let failed = Some(ApplyError::CommitUnknown {
                source: Box::new(source),
            });
            let begun = Some(Begun { at, failed });
            return Ok(Ahead { done: 0, begun });
        };
        let (committed, others) = files.split_at(done);
        for (index, file) in committed.iter().enumerate() {
            if index > 0 {
                at = self.conductor.now();
                self.teller().file_started(file, at);
            }
            let now = self.conductor.now();
            self.teller().file_done(at, now);
        }
        let failed = match (done, others.first()) {
            (_, None) => {
                self.enter().await?;
                return Ok(Ahead { done, begun: None });
            }
            (0, Some(_)) => failed,
            (_, Some(next)) => {
                at = self.conductor.now();
                self.teller().file_started(next, at);
                commit_failed(source)
            }
        };
        let failed = Some(failed);
        let begun = Some(Begun { at, failed });
        Ok(Ahead { done, begun })
    }

    /// What each transaction is to demand; nothing if files cannot be sent ahead.
    fn demands(&self) -> Option<Vec<Question>> {
        let questions = self.questions()?;
        let has_demands = questions.iter().all(|question| question.demand.is_some());
        (self.conductor.session.pipelines() && has_demands && !self.enforces_foreign_keys)
            .then_some(questions)
    }

    /// The first files, as far as they are suited.
    fn suited<'f>(&self, files: &'f [Prepared<'a>]) -> Vec<Sent<'f, 'a>> {
        let mut sent = Vec::new();
        let mut bytes = 0;
        for file in files.iter().take(FILES) {
            let Some((suited, leaves_session)) = self.suited_file(file) else {
                break;
            };
            let units = suited.window.units();
            bytes += units.map(|unit| unit.text.len()).sum::<usize>();
            if bytes > BYTES {
                break;
            }
            sent.push(suited);
            // How the one behind it is to be read is not known yet.
            if !leaves_session {
                break;
            }
        }
        sent
    }

    /// A file, if it is suited, and whether it leaves the session as it is.
    fn suited_file<'f>(&self, file: &'f Prepared<'a>) -> Option<(Sent<'f, 'a>, bool)> {
        let is_simple = file.tx_mode != TxMode::None
            && file.started == Started::New
            && file.skipped == 0
            && file.checks.is_empty()
            && file.script.is_own()
            && (1..=MOST).contains(&file.script.len());
        if !is_simple {
            return None;
        }
        let dialect = self.dialect();
        let mut row = self.row(file, self.conductor.now());
        row.applied = row.total;
        let row = self.history.insertion(&row, Timing::Database)?;
        // What cannot be read is told of in its turn.
        let mut cursor = file.cursor().ok()?;
        let session = self.conductor.session.split_options();
        if cursor.options().unwrap_or(file.script.syntax().options()) != session {
            return None;
        }
        let mut window = Window::default();
        cursor.fill(&mut window, MOST, &|_| true).ok()?;
        let mut leaves = true;
        for unit in window.units() {
            if unit.kind.copies_from_stdin() || !unit.is_one_statement(dialect) {
                return None;
            }
            leaves &= leaves_session(unit.kind);
        }
        if window.len() != file.script.len() {
            return None;
        }
        // Reading it to its end proves that it was not changed.
        cursor.fill_one(&mut Window::default()).ok()?;
        let sent = Sent {
            file,
            window,
            row,
            limits: file.patience.limits(dialect, file.stops_others),
        };
        // Behind a change of the settings a file reads its strings otherwise.
        Some((sent, leaves))
    }
}

fn commit_failed(source: StatementError) -> ApplyError {
    ApplyError::Transaction {
        action: "commit",
        source,
    }
}

/// The limits of most files.
fn most_common(sent: &[Sent<'_, '_>]) -> Limits {
    let count = |limits: Limits| sent.iter().filter(|sent| sent.limits == limits).count();
    let most = sent.iter().max_by_key(|sent| count(sent.limits));
    most.map(|sent| sent.limits).unwrap_or_default()
}

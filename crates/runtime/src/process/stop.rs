//! Stopping a machine, also one whose keeper is gone.

use std::time::Duration;

use jiff::Timestamp;
use rustix::process::Signal;
use shipgate_release::machine::{ExitCause, MachineId, MachineSpec};
use tokio::time::Instant;

use super::error::MachineError;
use super::keeper::cgroup;
use super::machines::Machines;
use super::members;
use super::record::{Exit, Phase, Record, State};
use super::watch;

/// How long killed processes may take to disappear.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// How often processes without a keeper are looked for while they end. There
/// is no one event to wait for, and this happens only after a SIGKILL of the
/// keeper.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Machines {
    /// Stops a machine: its kill signal to the whole process group, its kill
    /// timeout, then SIGKILL to everything that is left, however it hid.
    /// Returns when nothing of it runs any more; `None` if it never ran.
    ///
    /// Dropping the future leaves the stop to the keeper, which goes on.
    ///
    /// # Errors
    /// There is no such machine, or a process of it does not die.
    pub async fn stop(&self, id: &MachineId) -> Result<Option<Exit>, MachineError> {
        loop {
            let (state, record) = self.look(id)?;
            match (state, record) {
                (State::Absent, _) => return Err(MachineError::NoSuchMachine(id.clone())),
                (State::Created | State::Failed { .. }, _) => return Ok(None),
                (State::Exited(exit), _) => return Ok(Some(exit)),
                (State::Lost { .. }, Some(record)) => {
                    let spec = self.spec(id)?;
                    return self.stop_unkept(&spec, &record).await.map(Some);
                }
                (_, Some(record)) => self.stop_kept(id, &record).await?,
                // A keeper that has not written its number yet will have in a
                // moment.
                (_, None) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Asks the keeper to stop the machine and waits until it did; kills a
    /// keeper that does not answer.
    async fn stop_kept(&self, id: &MachineId, record: &Record) -> Result<(), MachineError> {
        let spec = self.spec(id)?;
        let patience = spec.kill_timeout.saturating_add(self.keeper_patience);
        // A keeper gone meanwhile is seen by the caller's next look.
        let _ = record.keeper.signal(Signal::TERM);
        if tokio::time::timeout(patience, watch::ended(record.keeper))
            .await
            .is_err()
        {
            let _ = record.keeper.signal(Signal::KILL);
            watch::ended(record.keeper).await;
        }
        Ok(())
    }

    async fn stop_unkept(&self, spec: &MachineSpec, record: &Record) -> Result<Exit, MachineError> {
        let was_running = !members::living(record).is_empty();
        let first = Signal::from_named_raw(spec.kill_signal).unwrap_or(Signal::TERM);
        let began = Instant::now();
        for process in members::living(record) {
            let _ = process.signal(first);
        }
        while !members::living(record).is_empty() && began.elapsed() < spec.kill_timeout {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.kill_unkept(&spec.id, record).await?;
        self.settle(&spec.id, was_running)
    }

    async fn kill_unkept(&self, id: &MachineId, record: &Record) -> Result<(), MachineError> {
        let give_up = Instant::now() + KILL_PATIENCE;
        loop {
            let living = members::living(record);
            if living.is_empty() {
                return Ok(());
            }
            if Instant::now() > give_up {
                let numbers: Vec<String> = living.iter().map(|one| one.pid.to_string()).collect();
                return Err(MachineError::Unstoppable {
                    id: id.clone(),
                    what: format!("processes {} do not die", numbers.join(", ")),
                });
            }
            if let Some(path) = &record.cgroup {
                cgroup::kill(path);
            }
            for process in living {
                let _ = process.signal(Signal::KILL);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Records the end of a machine whose keeper could not.
    pub(crate) fn settle(&self, id: &MachineId, stopped: bool) -> Result<Exit, MachineError> {
        let directory = self.directory(id);
        let lock = directory.lock()?;
        let Some(mut record) = directory.record()? else {
            return Err(MachineError::NeverStarted(id.clone()));
        };
        if let Phase::Exited(exit) = record.phase {
            return Ok(exit);
        }
        let exit = Exit {
            cause: if stopped {
                ExitCause::Stopped
            } else {
                ExitCause::Lost
            },
            at: Timestamp::now(),
            ran: Duration::ZERO,
            restarts: record.restarts,
        };
        if let Some(cgroup) = record.cgroup.take() {
            cgroup::remove(&cgroup);
        }
        // Whoever else holds the lock is settling the same end right now.
        if lock.is_some() {
            record.phase = Phase::Exited(exit);
            directory.write_record(&record)?;
            let _ = directory.append_event(super::record::EventKind::Exited { exit });
        }
        Ok(exit)
    }
}

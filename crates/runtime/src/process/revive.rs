//! Starting a machine again that had ended.

use shipgate_release::machine::MachineId;

use super::error::{LaunchError, MachineError};
use super::launch::Launched;
use super::machines::Machines;
use super::record::State;

impl Machines {
    /// Starts a machine again that has ended, was stopped or was lost, with
    /// the specification it was first launched with. One that runs is left
    /// running. Its log goes on in the same file.
    ///
    /// What is left of a lost machine is stopped first: it never runs twice.
    ///
    /// # Errors
    /// As [`Machines::launch`], or there is no such machine.
    pub async fn revive(&self, id: &MachineId) -> Result<Launched, LaunchError> {
        let spec = self.spec(id)?;
        let (state, record) = self.look(id)?;
        if let State::Lost { .. } = state {
            self.stop(id).await?;
        }
        if let (State::Exited(_) | State::Lost { .. }, Some(record)) = (&state, &record) {
            self.keeper_gone(record.keeper).await;
            self.forget_end(id)?;
        }
        self.launch(&spec).await
    }

    /// Makes an ended machine one that was never started, unless somebody
    /// else is faster.
    fn forget_end(&self, id: &MachineId) -> Result<(), MachineError> {
        let directory = self.directory(id);
        let Some(_lock) = directory.lock()? else {
            return Ok(());
        };
        match self.look(id)?.0 {
            State::Exited(_) => directory.forget_record(),
            _ => Ok(()),
        }
    }
}

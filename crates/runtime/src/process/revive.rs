//! Starting a machine again that had ended.

use shipgate_release::machine::MachineId;

use super::error::LaunchError;
use super::launch::Launched;
use super::machines::Machines;
use super::record::{Phase, State};

impl Machines {
    /// Starts a machine again that has ended, was stopped or was lost, with
    /// the specification it was first launched with. One that runs is left
    /// running. Its log and history go on in the same files.
    ///
    /// What is left of a lost machine is stopped first: it never runs twice.
    /// This is for machines that serve; a one-off run is never to be revived,
    /// for its command would be carried out a second time.
    ///
    /// # Errors
    /// As [`Machines::launch`], or there is no such machine.
    pub async fn revive(&self, id: &MachineId) -> Result<Launched, LaunchError> {
        if let State::Lost { .. } = self.state(id)? {
            self.stop(id).await?;
        }
        if let (State::Exited(_), Some(record)) = self.look(id)? {
            self.keeper_gone(record.keeper).await;
            self.take_back(id, |phase| matches!(phase, Phase::Exited(_)))?;
        }
        self.start_or_adopt(id).await
    }
}

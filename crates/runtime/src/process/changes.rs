//! A machine's states, one after the other.

use shipgate_release::machine::MachineId;

use super::error::MachineError;
use super::identity::ProcessId;
use super::machines::Machines;
use super::record::{Record, State};
use super::watch::{self, Watch};

/// The states of one machine as they come; from [`Machines::changes`].
///
/// States that last shorter than the reader takes to look may be skipped; the
/// last one never is.
#[derive(Debug)]
pub struct Changes {
    machines: Machines,
    id: MachineId,
    watch: Option<Watch>,
    last: Option<State>,
}

impl Changes {
    pub(crate) fn new(machines: Machines, id: MachineId) -> Self {
        Self {
            machines,
            id,
            watch: None,
            last: None,
        }
    }

    /// The first time the state as it is, then every other one. Dropping the
    /// returned future loses nothing.
    ///
    /// # Errors
    /// The machine's files cannot be read.
    pub async fn next(&mut self) -> Result<State, MachineError> {
        loop {
            let state = self.look()?;
            if self.last.as_ref() != Some(&state) {
                self.last = Some(state.clone());
                return Ok(state);
            }
            self.stirred().await?;
        }
    }

    /// The state as it is. Every later change ends the next
    /// [`Changes::stirred`].
    pub(crate) fn look(&mut self) -> Result<State, MachineError> {
        // Watched before looked at, so nothing falls in between.
        let directory = self.machines.directory(&self.id);
        if self.watch.is_none() && directory.exists() {
            self.watch = Some(Watch::new(directory.path()));
        }
        self.machines.state(&self.id)
    }

    /// Waits for a reason to look again: the state changed, something was
    /// logged, or a second passed.
    pub(crate) async fn stirred(&mut self) -> Result<(), MachineError> {
        let (state, record) = self.machines.look(&self.id)?;
        if state == State::Absent {
            self.watch = None;
            Watch::new(self.machines.root()).changed().await;
            return Ok(());
        }
        let path = self.machines.directory(&self.id).path().to_owned();
        let watch = self.watch.get_or_insert_with(|| Watch::new(&path));
        match awaited(&state, record.as_ref()) {
            Some(process) => tokio::select! {
                () = watch.changed() => {}
                () = watch::ended(process) => {}
            },
            None => watch.changed().await,
        }
        Ok(())
    }
}

/// The process whose end changes the state without a word in any file.
fn awaited(state: &State, record: Option<&Record>) -> Option<ProcessId> {
    match state {
        State::Lost { pids } => ProcessId::of(*pids.first()?),
        state if state.is_live() => {
            let keeper = record?.keeper;
            // A keeper just ended is seen by the next look.
            keeper.is_alive().then_some(keeper)
        }
        _ => None,
    }
}

//! What the daemon tells whoever runs it.

use shipgate_release::machine::MachineId;

/// Something the daemon did or saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The front door is open.
    Listening(String),
    /// A machine that an earlier daemon served was found running.
    Adopted(MachineId),
    /// A machine that should run did not, and was started again.
    Revived(MachineId),
    /// A machine takes no more requests, and why.
    TakenOut(MachineId, String),
    /// A machine takes requests again.
    BackIn(MachineId),
    /// Something failed that does not end the daemon.
    Trouble(String),
    /// The daemon ends.
    Ending(String),
}

/// Takes the daemon's events.
pub trait Events: Send + Sync {
    /// One event.
    fn event(&self, event: Event);
}

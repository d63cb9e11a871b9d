//! Does a machine that took traffic stay?

use std::time::Duration;

use shipgate_release::machine::MachineId;

use super::unhealthy::{Unhealthy, last_exit, tail};
use crate::process::{MachineError, Machines, State};

/// Waits for `period`, in which the machine neither ends nor is started again.
///
/// # Errors
/// At once when it does, with its last exit and what it wrote last.
pub async fn steady(
    machines: &Machines,
    id: &MachineId,
    period: Duration,
) -> Result<(), Unhealthy> {
    tokio::time::timeout(period, unsteady(machines, id))
        .await
        .map_or(Ok(()), Err)
}

/// Returns when the machine has ended, or was started again.
async fn unsteady(machines: &Machines, id: &MachineId) -> Unhealthy {
    let mut changes = machines.changes(id);
    let mut restarts_before = None;
    loop {
        let judged = match changes.next().await {
            Ok(state) => judge(&state, &mut restarts_before, machines, id),
            Err(error) => Err(error),
        };
        match judged {
            Ok(None) => {}
            Ok(Some(failure)) => return failure,
            Err(error) => return error.into(),
        }
    }
}

fn judge(
    state: &State,
    restarts_before: &mut Option<u32>,
    machines: &Machines,
    id: &MachineId,
) -> Result<Option<Unhealthy>, MachineError> {
    let log = || tail(machines, id);
    let id = id.clone();
    Ok(match state {
        State::Starting => None,
        State::Running { restarts, .. } => {
            let before = *restarts_before.get_or_insert(*restarts);
            let again = last_exit(machines, &id)?.filter(|_| *restarts > before);
            again.map(|exit| Unhealthy::Crashing {
                log: log(),
                id,
                exit,
                restarts: *restarts,
            })
        }
        State::Restarting { exit, restarts, .. } => Some(Unhealthy::Crashing {
            log: log(),
            id,
            exit: *exit,
            restarts: *restarts,
        }),
        State::Exited(exit) => Some(Unhealthy::Ended {
            log: log(),
            id,
            exit: *exit,
        }),
        State::Failed { problem, .. } => Some(Unhealthy::NotStarted {
            id,
            problem: Some(problem.clone()),
        }),
        State::Absent | State::Created => Some(Unhealthy::NotStarted { id, problem: None }),
        State::Lost { .. } => Some(Unhealthy::Lost { id }),
    })
}

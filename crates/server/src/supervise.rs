//! Watching one machine: it takes requests while it runs and is well, and is
//! started again when nobody keeps it any more.

use std::sync::Arc;
use std::time::Duration;

use shipgate_release::machine::{ExitCause, HealthCheck, MachineId, MachineSpec};
use shipgate_runtime::health;
use shipgate_runtime::process::{MachineError, State};
use tokio::sync::broadcast::error::RecvError;

use crate::daemon::Daemon;
use crate::events::Event;

/// Failed rounds of checks before a machine takes no more requests.
const PATIENCE: u32 = 2;

/// How soon a machine in trouble is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A machine that should run, at the beginning of a daemon.
pub(crate) async fn take_over(daemon: &Arc<Daemon>, id: &MachineId, halted: bool) {
    match daemon.machines.state(id) {
        Ok(state) if state.is_live() => daemon.tell(Event::Adopted(id.clone())),
        Ok(State::Exited(exit)) if exit.cause == ExitCause::Stopped && !halted => return,
        Ok(_) => revive(daemon, id).await,
        Err(error) => {
            daemon.tell(Event::Trouble(error.to_string()));
            return;
        }
    }
    if let Ok(spec) = daemon.machines.spec(id)
        && let (true, Some(port)) = (spec.routed, spec.port)
    {
        daemon.door.admit(id, port);
    }
}

/// Watches a machine until it has ended for good.
pub(crate) async fn watch(daemon: Arc<Daemon>, id: MachineId) {
    let spec = match daemon.machines.spec(&id) {
        Ok(spec) => spec,
        Err(error) => return daemon.tell(Event::Trouble(error.to_string())),
    };
    let mut changes = daemon.machines.changes(&id);
    let mut failed = 0;
    loop {
        let pause = interval(&spec.checks);
        let state = tokio::select! {
            state = changes.next() => state,
            () = tokio::time::sleep(pause) => daemon.machines.state(&id),
        };
        match state {
            Ok(State::Running { .. }) => match round(&spec.checks).await {
                Ok(()) => {
                    failed = 0;
                    bring_in(&daemon, &spec);
                }
                Err(why) => {
                    failed += 1;
                    // The last one that serves stays: a slow answer is better than none.
                    if failed >= PATIENCE && daemon.door.serving() > 1 {
                        take_out(&daemon, &spec, &why);
                    }
                    daemon.set_trouble(&id, Some(why));
                }
            },
            Ok(State::Starting | State::Created) => {}
            Ok(State::Restarting { exit, .. }) => {
                take_out(&daemon, &spec, &format!("it ended ({})", exit.cause));
            }
            Ok(State::Exited(exit)) if exit.cause == ExitCause::Stopped => return,
            Ok(State::Exited(exit)) => {
                let why = format!("it ended for good ({})", exit.cause);
                take_out(&daemon, &spec, &why);
                return daemon.set_trouble(&id, Some(why));
            }
            Ok(State::Lost { .. }) => {
                take_out(&daemon, &spec, "its keeper is gone");
                revive(&daemon, &id).await;
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(State::Failed { problem, .. }) => {
                take_out(&daemon, &spec, &problem.to_string());
                return daemon.set_trouble(&id, Some(problem.to_string()));
            }
            Ok(State::Absent) => return,
            Err(error) => {
                daemon.tell(Event::Trouble(error.to_string()));
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Lets requests go on when whoever paused the front door has died.
pub(crate) async fn end_pause(daemon: Arc<Daemon>) {
    while daemon.door.paused() {
        if daemon.releases.busy().is_none() {
            daemon.door.resume();
            daemon.tell(Event::Trouble(
                "the release that had paused the front door is gone: requests go on".to_owned(),
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Passes on what the front door reports.
pub(crate) async fn tell_of_the_door(daemon: Arc<Daemon>) {
    use shipgate_proxy::Event as Reported;
    let mut events = daemon.door.events();
    loop {
        let text = match events.recv().await {
            Ok(Reported::Unreachable {
                machine, reason, ..
            }) => format!("{} took no connection: {reason}", machine.id),
            Ok(Reported::Failed {
                machine, reason, ..
            }) => format!("{} broke off an answer: {reason}", machine.id),
            Ok(Reported::AcceptFailed { reason }) => format!("cannot accept: {reason}"),
            Ok(Reported::Cut { machine, count, .. }) => {
                format!("{}: the drain ended, {count} requests were cut", machine.id)
            }
            Err(RecvError::Lagged(missed)) => format!("{missed} reports of the front door missed"),
            Err(RecvError::Closed) => return,
        };
        daemon.tell(Event::Trouble(text));
    }
}

/// Every check once; the first that fails says why.
async fn round(checks: &[HealthCheck]) -> Result<(), String> {
    for check in checks {
        health::probe(check)
            .await
            .map_err(|failure| format!("{}: {failure}", check.name))?;
    }
    Ok(())
}

fn bring_in(daemon: &Daemon, spec: &MachineSpec) {
    daemon.set_trouble(&spec.id, None);
    let wanted = daemon.desired().serving.contains(&spec.id);
    if let (true, Some(port)) = (wanted, spec.port)
        && !daemon.door.serves(&spec.id)
    {
        daemon.door.admit(&spec.id, port);
        daemon.tell(Event::BackIn(spec.id.clone()));
    }
}

fn take_out(daemon: &Daemon, spec: &MachineSpec, why: &str) {
    daemon.set_trouble(&spec.id, Some(why.to_owned()));
    if daemon.door.serves(&spec.id) {
        daemon.door.take_out(&spec.id);
        daemon.tell(Event::TakenOut(spec.id.clone(), why.to_owned()));
    }
}

async fn revive(daemon: &Daemon, id: &MachineId) {
    match daemon.machines.revive(id).await {
        Ok(_) => daemon.tell(Event::Revived(id.clone())),
        Err(error) => {
            daemon.set_trouble(id, Some(error.to_string()));
            daemon.tell(Event::Trouble(error.to_string()));
        }
    }
}

fn interval(checks: &[HealthCheck]) -> Duration {
    checks
        .iter()
        .map(|check| check.interval)
        .min()
        .unwrap_or(Duration::from_secs(15))
}

/// A machine's state as a reader is told it.
pub(crate) fn in_words(state: &Result<State, MachineError>) -> String {
    match state {
        Ok(state) => state_in_words(state),
        Err(error) => error.to_string(),
    }
}

/// What a machine does, in a few words.
pub fn state_in_words(state: &State) -> String {
    let times = |restarts: u32| match restarts {
        0 => String::new(),
        1 => ", restarted once".to_owned(),
        more => format!(", restarted {more} times"),
    };
    match state {
        State::Absent => "not there".to_owned(),
        State::Created => "not started yet".to_owned(),
        State::Starting => "starting".to_owned(),
        State::Running { restarts, .. } => format!("running{}", times(*restarts)),
        State::Restarting { exit, restarts, .. } => {
            format!("restarting after {}{}", exit.cause, times(*restarts))
        }
        State::Failed { problem, .. } => format!("could not be started: {problem}"),
        State::Exited(exit) => format!("ended: {}{}", exit.cause, times(exit.restarts)),
        State::Lost { pids } if pids.is_empty() => "lost".to_owned(),
        State::Lost { .. } => "running, but nobody keeps it".to_owned(),
    }
}

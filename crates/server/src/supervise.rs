//! Watching one machine: it takes requests while it runs and is well, and is
//! started again when nobody keeps it any more.

use std::sync::Arc;
use std::time::Duration;

use shipgate_release::machine::{ExitCause, HealthCheck, MachineId, MachineSpec, Probe};
use shipgate_runtime::health;
use shipgate_runtime::process::{MachineError, State};
use tokio::sync::broadcast::error::RecvError;

use crate::daemon::Daemon;
use crate::events::Event;

/// Failed rounds of checks before a machine takes no more requests.
const PATIENCE: u32 = 2;

/// How often a machine without checks is looked at.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(15);

/// How soon a machine in trouble is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long requests under way to a machine that has lost its keeper may take
/// before it is started again.
const KEEPERLESS_DRAIN: Duration = Duration::from_secs(5);

/// Looks, at the beginning of a daemon, at a machine that should run: one that
/// does takes requests at once; of one that does not it says so.
pub(crate) fn is_missing(daemon: &Daemon, id: &MachineId, halted: bool) -> bool {
    match daemon.machines.state(id) {
        Ok(state) if state.is_live() => {
            daemon.tell(Event::Adopted(id.clone()));
            if let Ok(spec) = daemon.machines.spec(id)
                && let (true, Some(port)) = (spec.routed, spec.port)
            {
                daemon.bring_in(id, port);
            }
            false
        }
        Ok(State::Exited(exit)) => halted || exit.cause != ExitCause::Stopped,
        // Its watcher starts it again.
        Ok(State::Lost { .. }) => false,
        Ok(_) => true,
        Err(error) => {
            daemon.tell(Event::Trouble(error.to_string()));
            false
        }
    }
}

/// Watches a machine until it has ended for good.
pub(crate) async fn watch(daemon: Arc<Daemon>, id: MachineId) {
    let spec = match daemon.machines.spec(&id) {
        Ok(spec) => spec,
        Err(error) => return daemon.tell(Event::Trouble(error.to_string())),
    };
    let checks = checks_of(&spec);
    let mut changes = daemon.machines.changes(&id);
    let mut pace = Pace::new(&checks);
    let mut failed = 0;
    loop {
        let state = tokio::select! {
            state = changes.next() => {
                pace.hurry();
                state
            }
            () = tokio::time::sleep(pace.pause) => daemon.machines.state(&id),
        };
        match state {
            Ok(State::Running { .. }) => match round(&checks).await {
                Ok(()) => {
                    failed = 0;
                    pace.rest();
                    bring_in(&daemon, &spec);
                }
                Err(why) => {
                    failed += 1;
                    // The last one that serves stays: a slow answer is better than none.
                    if failed >= PATIENCE && daemon.door.serving() > 1 {
                        take_out(&daemon, &spec, &why);
                    }
                    daemon.set_trouble(&id, Some(why));
                    if daemon.door.serves(&id) {
                        pace.rest();
                    } else {
                        pace.slow_down();
                    }
                }
            },
            Ok(State::Starting | State::Created) => {}
            Ok(State::Restarting { exit, .. }) => {
                take_out(&daemon, &spec, &format!("it ended ({})", exit.cause));
            }
            Ok(State::Exited(exit)) if exit.cause == ExitCause::Stopped => {
                if daemon.door.serves(&id) {
                    take_out(&daemon, &spec, "it was stopped");
                }
                return;
            }
            Ok(State::Exited(exit)) => {
                let why = format!("it ended for good ({})", exit.cause);
                take_out(&daemon, &spec, &why);
                return daemon.set_trouble(&id, Some(why));
            }
            Ok(State::Lost { .. }) => {
                take_out(&daemon, &spec, "its keeper is gone");
                let ended = daemon.door.requests_ended(std::slice::from_ref(&id));
                let _ = tokio::time::timeout(KEEPERLESS_DRAIN, ended).await;
                revive(&daemon, &id).await;
                pace.hurry();
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

/// How long a watcher waits before it looks again: one check's interval, but
/// for a machine that is coming up as short as it takes to come up.
struct Pace {
    interval: Duration,
    pause: Duration,
}

impl Pace {
    const SHORTEST: Duration = Duration::from_millis(25);

    fn new(checks: &[HealthCheck]) -> Self {
        let interval = checks
            .iter()
            .map(|check| check.interval)
            .min()
            .unwrap_or(DEFAULT_INTERVAL);
        Self {
            interval,
            pause: Self::SHORTEST,
        }
    }

    fn hurry(&mut self) {
        self.pause = Self::SHORTEST;
    }

    fn slow_down(&mut self) {
        self.pause = (self.pause * 2).min(self.interval);
    }

    fn rest(&mut self) {
        self.pause = self.interval;
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
            .map_err(|failure| failure.of(&check.name))?;
    }
    Ok(())
}

fn bring_in(daemon: &Daemon, spec: &MachineSpec) {
    daemon.set_trouble(&spec.id, None);
    if let Some(port) = spec.port
        && daemon.bring_in(&spec.id, port)
    {
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

/// Starts a machine again.
pub(crate) async fn revive(daemon: &Daemon, id: &MachineId) {
    match daemon.machines.revive(id).await {
        Ok(_) => daemon.tell(Event::Revived(id.clone())),
        Err(error) => {
            daemon.set_trouble(id, Some(error.to_string()));
            daemon.tell(Event::Trouble(error.to_string()));
        }
    }
}

/// What is asked of a machine; of one without checks, whether it listens.
fn checks_of(spec: &MachineSpec) -> Vec<HealthCheck> {
    match spec.port {
        Some(port) if spec.checks.is_empty() => vec![HealthCheck {
            name: format!("port {port}"),
            probe: Probe::Tcp,
            port,
            interval: DEFAULT_INTERVAL,
            timeout: Duration::from_secs(2),
            grace_period: Duration::ZERO,
        }],
        _ => spec.checks.clone(),
    }
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

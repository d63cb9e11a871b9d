//! Local processes as a release's machines.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::time::Duration;

use async_trait::async_trait;
use shipgate_release::Failure;
use shipgate_release::machine::{MachineId, MachineSpec};
use shipgate_release::ports::{Member, Runtime};
use shipgate_runtime::health::{Gate, Unhealthy, await_healthy, steady};
use shipgate_runtime::log::LogLine;
use shipgate_runtime::ports::find_free;
use shipgate_runtime::process::{LaunchError, MachineError, Machines, Problem, State};
use tokio::task::JoinSet;

use crate::api::{Commit, Concurrency};
use crate::client::Client;
use crate::spawn;
use crate::state_directory::StateDirectory;

/// [`Runtime`] by keepers for the machines and the daemon for the fleet.
pub struct ProcessFleet {
    /// The state directory.
    pub state: StateDirectory,
    /// The machines in it.
    pub machines: Machines,
    /// Program and arguments that start a daemon.
    pub daemon: Vec<OsString>,
    /// The front door's address after this release.
    pub listen: String,
    /// Limits of the front door after this release.
    pub concurrency: Option<Concurrency>,
    /// What is worth knowing before anything is started.
    pub notes: Vec<String>,
    /// How long a machine without checks must run to count as healthy.
    pub smoke: Duration,
}

impl ProcessFleet {
    fn client(&self) -> Client {
        Client::reviving(&self.state, &self.daemon)
    }

    /// Does the same with each machine, all at once; the first failure is told
    /// when all are through.
    async fn each<F, T>(&self, ids: &[MachineId], action: F) -> Result<(), Failure>
    where
        F: Fn(Machines, MachineId) -> T,
        T: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let mut running = JoinSet::new();
        for id in ids {
            running.spawn(action(self.machines.clone(), id.clone()));
        }
        let mut failed = None;
        while let Some(ended) = running.join_next().await {
            let result = ended.unwrap_or_else(|error| {
                Err(Failure::new("internal", format!("a task died: {error}")))
            });
            if let Err(failure) = result {
                failed.get_or_insert(failure);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Runtime for ProcessFleet {
    async fn acceptable(&self) -> Result<Vec<String>, Failure> {
        spawn::ensure(&self.state, &self.daemon).await?;
        Ok(self.notes.clone())
    }

    async fn fleet(&self) -> Result<Vec<Member>, Failure> {
        Ok(self.client().status().await?.fleet)
    }

    async fn all_well(&self) -> Result<bool, Failure> {
        let status = self.client().status().await?;
        let well = status.listen == self.listen
            && status.machines.iter().all(|machine| {
                let runs = self
                    .machines
                    .state(&machine.id)
                    .is_ok_and(|state| matches!(state, State::Running { .. }));
                runs && machine.serving == machine.routed && machine.trouble.is_none()
            });
        Ok(well)
    }

    async fn start(&self, specs: &[MachineSpec]) -> Result<(), Failure> {
        let by_id: BTreeMap<MachineId, MachineSpec> = specs
            .iter()
            .map(|spec| (spec.id.clone(), spec.clone()))
            .collect();
        let ids: Vec<MachineId> = by_id.keys().cloned().collect();
        self.each(&ids, move |machines, id| {
            let spec = by_id.get(&id).cloned();
            async move {
                match spec {
                    Some(spec) => launch(&machines, spec).await,
                    None => Ok(()),
                }
            }
        })
        .await
    }

    async fn revive(&self, ids: &[MachineId]) -> Result<(), Failure> {
        self.each(ids, |machines, id| async move {
            machines
                .revive(&id)
                .await
                .map_err(|error| launch_failure(&error))?;
            Ok(())
        })
        .await
    }

    async fn healthy(&self, ids: &[MachineId], within: Duration) -> Result<(), Failure> {
        let smoke = self.smoke;
        self.each(ids, move |machines, id| async move {
            let gate = Gate {
                deadline: within,
                smoke,
            };
            match await_healthy(&machines, &id, gate).await {
                Ok(_) => Ok(()),
                Err(unhealthy) => Err(unhealthy_failure(&machines, "unhealthy", &id, &unhealthy)),
            }
        })
        .await
    }

    async fn steady(&self, ids: &[MachineId], period: Duration) -> Result<(), Failure> {
        self.each(ids, move |machines, id| async move {
            steady(&machines, &id, period)
                .await
                .map_err(|unsteady| unhealthy_failure(&machines, "app-died", &id, &unsteady))
        })
        .await
    }

    async fn stop(&self, ids: &[MachineId]) -> Result<(), Failure> {
        self.each(ids, |machines, id| async move {
            match machines.stop(&id).await {
                Ok(_) | Err(MachineError::NoSuchMachine(_)) => Ok(()),
                Err(error) => Err(machine_failure(&error)),
            }
        })
        .await
    }

    async fn remove(&self, ids: &[MachineId]) -> Result<(), Failure> {
        self.each(ids, |machines, id| async move {
            machines
                .remove(&id)
                .await
                .map_err(|error| machine_failure(&error))
        })
        .await
    }

    async fn commit(&self, release: u64, fleet: &[Member]) -> Result<(), Failure> {
        let question = Commit {
            release,
            fleet: fleet.to_vec(),
            listen: self.listen.clone(),
            concurrency: self.concurrency,
        };
        Ok(self.client().ask("POST", "/v1/commit", &question).await?)
    }
}

/// How often another port is chosen for a machine whose own was taken.
const OTHER_PORTS: usize = 5;

/// Starts a machine. Its port was free when it was chosen; if somebody has
/// taken it meanwhile, it gets another one.
async fn launch(machines: &Machines, mut spec: MachineSpec) -> Result<(), Failure> {
    for _ in 0..OTHER_PORTS {
        match machines.launch(&spec).await {
            Err(LaunchError::Command {
                problem: Problem::PortTaken { .. },
                ..
            }) => {
                machines
                    .remove(&spec.id)
                    .await
                    .map_err(|error| machine_failure(&error))?;
                let taken = ports_of(machines);
                let port = find_free(&taken)
                    .map_err(|error| Failure::new("no-free-port", error.to_string()))?;
                spec.listen_on(port);
            }
            Err(error) => return Err(launch_failure(&error)),
            Ok(_) => return Ok(()),
        }
    }
    machines
        .launch(&spec)
        .await
        .map(|_| ())
        .map_err(|error| launch_failure(&error))
}

/// The ports of all machines, running or not.
pub fn ports_of(machines: &Machines) -> BTreeSet<u16> {
    machines
        .list()
        .unwrap_or_default()
        .iter()
        .filter_map(|id| machines.spec(id).ok()?.port)
        .collect()
}

/// A machine that may not take traffic, as the user reads it.
fn unhealthy_failure(
    machines: &Machines,
    code: &str,
    id: &MachineId,
    unhealthy: &Unhealthy,
) -> Failure {
    let failure = Failure::new(code, unhealthy.to_string())
        .with_report(said(unhealthy.log()))
        .with_report([format!("the whole log: `shipgate logs {id}`")]);
    let failure = match unhealthy.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    };
    // Its log is masked already, but not what it answered to a check.
    match machines.spec(id) {
        Ok(spec) => failure.masked(&spec.secrets),
        Err(_) => failure,
    }
}

fn said(lines: &[LogLine]) -> Vec<String> {
    lines.iter().map(report_line).collect()
}

/// A line of a machine's log in a report.
pub fn report_line(line: &LogLine) -> String {
    format!("{} | {}", line.stream.name(), cut(&line.text()))
}

/// What a report shows of a line that may be very long; logs have it whole.
pub fn cut(line: &str) -> String {
    const ROOM: usize = 400;
    match line.char_indices().nth(ROOM) {
        None => line.to_owned(),
        Some((at, _)) => format!("{} ... ({} bytes)", &line[..at], line.len()),
    }
}

/// A start that was refused, as the user reads it.
pub fn launch_failure(error: &LaunchError) -> Failure {
    let hint = error.hint();
    let failure = Failure::new("machine-start", error.to_string());
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// A machine whose files cannot be used, as the user reads it.
pub fn machine_failure(error: &MachineError) -> Failure {
    let failure = Failure::new("machine", error.to_string());
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

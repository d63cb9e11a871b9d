//! Starting a machine: once, whoever asks and however often.

use std::io;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use shipgate_release::machine::{MachineId, MachineSpec};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;

use super::error::{LaunchError, MachineError};
use super::identity::ProcessId;
use super::keeper::Report;
use super::machines::Machines;
use super::record::{Phase, State};
use super::watch;

/// How long a keeper may take to start the command.
const KEEPER_PATIENCE: Duration = Duration::from_secs(30);

/// How much of a keeper's words is read.
const REPORT_LIMIT: usize = 64 * 1024;

/// A machine that was started, now or before.
#[derive(Clone, Debug, PartialEq)]
pub struct Launched {
    /// What it was first launched with: on adoption this may differ from what
    /// was passed, in the port for example.
    pub spec: MachineSpec,
    /// Its state just after the launch; a short run may have ended already.
    pub state: State,
    /// Whether it had been started before and was found again.
    pub adopted: bool,
}

impl Machines {
    /// Starts a machine, or finds it again if it was ever started.
    ///
    /// Resolves when the command was executed or could not be. A machine is
    /// started again only when its command provably never ran: nothing was
    /// recorded, or the start was recorded as failed. Dropping the future does
    /// not take a start back that has begun.
    ///
    /// # Errors
    /// The command cannot be run, its keeper cannot, or the state directory
    /// cannot be used. In each case the command did not run.
    pub async fn launch(&self, spec: &MachineSpec) -> Result<Launched, LaunchError> {
        self.create(spec)?;
        self.start_or_adopt(&spec.id).await
    }

    pub(crate) async fn start_or_adopt(&self, id: &MachineId) -> Result<Launched, LaunchError> {
        loop {
            match self.state(id)? {
                State::Created => {}
                State::Failed { .. } => {
                    self.take_back(id, |phase| matches!(phase, Phase::Failed { .. }))?;
                }
                State::Starting => {
                    self.started(id).await?;
                    continue;
                }
                State::Absent => return Err(MachineError::NoSuchMachine(id.clone()).into()),
                state => return self.launched(id, state, true),
            }
            match self.start_keeper(id).await? {
                Report::Started => return self.launched(id, self.state(id)?, false),
                Report::NotStarted { problem } => {
                    return Err(LaunchError::Command {
                        id: id.clone(),
                        problem,
                    });
                }
                Report::AlreadyKept => {}
            }
        }
    }

    fn launched(
        &self,
        id: &MachineId,
        state: State,
        adopted: bool,
    ) -> Result<Launched, LaunchError> {
        Ok(Launched {
            spec: self.spec(id)?,
            state,
            adopted,
        })
    }

    /// Takes back the record, if its phase still is `expected`, so that the
    /// machine counts as never started.
    pub(crate) fn take_back(
        &self,
        id: &MachineId,
        expected: impl Fn(&Phase) -> bool,
    ) -> Result<(), MachineError> {
        let directory = self.directory(id);
        let Some(_lock) = directory.lock()? else {
            return Ok(());
        };
        match directory.record()? {
            Some(record) if expected(&record.phase) => directory.forget_record(),
            _ => Ok(()),
        }
    }

    /// Waits while someone else's keeper starts the command.
    async fn started(&self, id: &MachineId) -> Result<(), LaunchError> {
        let mut changes = self.changes(id);
        let leave = async {
            while changes.next().await? == State::Starting {}
            Ok(())
        };
        match tokio::time::timeout(KEEPER_PATIENCE, leave).await {
            Ok(left) => left,
            Err(_) => Err(LaunchError::KeeperFailed {
                id: id.clone(),
                what: silent(),
            }),
        }
    }

    async fn start_keeper(&self, id: &MachineId) -> Result<Report, LaunchError> {
        let program = self.keeper.first().cloned().unwrap_or_default();
        let failed = |source| LaunchError::Keeper {
            id: id.clone(),
            program: program.to_string_lossy().into_owned(),
            source,
        };
        let (report, child) = self.spawn_keeper(id).map_err(failed)?;
        let gone = reap(child);
        let mut words = Vec::new();
        let mut reader = report.take(REPORT_LIMIT as u64);
        let read = tokio::time::timeout(KEEPER_PATIENCE, reader.read_to_end(&mut words)).await;
        let text = String::from_utf8_lossy(&words);
        if let Some(report) = text
            .lines()
            .find_map(|line| serde_json::from_str(line).ok())
        {
            if !matches!(report, Report::Started) {
                // It has said all it had to say; its lock goes with it.
                let _ = tokio::time::timeout(KEEPER_PATIENCE, gone).await;
            }
            return Ok(report);
        }
        let what = match read {
            Ok(_) if text.trim().is_empty() => "ended before it had started the command".to_owned(),
            Ok(_) => format!(
                "ended before it had started the command; it said: {}",
                text.trim()
            ),
            Err(_) => silent(),
        };
        Err(LaunchError::KeeperFailed {
            id: id.clone(),
            what,
        })
    }

    fn spawn_keeper(&self, id: &MachineId) -> io::Result<(pipe::Receiver, Child)> {
        let (program, arguments) = self.keeper.split_first().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "no keeper program given")
        })?;
        let (reader, writer) = io::pipe()?;
        let child = Command::new(program)
            .args(arguments)
            .arg(self.directory(id).path())
            // The keeper needs none of it, and /proc shows it to others.
            .env_clear()
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()?;
        Ok((pipe::Receiver::from_owned_fd(reader.into())?, child))
    }
}

fn silent() -> String {
    format!(
        "did not start the command within {} s",
        KEEPER_PATIENCE.as_secs()
    )
}

/// Collects the keeper's exit status one day, so it leaves no zombie behind
/// while its starter lives.
fn reap(mut child: Child) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Some(keeper) = ProcessId::of(child.id().cast_signed()) {
            watch::ended(keeper).await;
        }
        // Readable a moment before the status can be had.
        while matches!(child.try_wait(), Ok(None)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
}

//! Starting a daemon in the background, for a command that needs one.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use shipgate_release::Failure;

use crate::api::Status;
use crate::client::{AskError, Client};
use crate::state_directory::StateDirectory;

/// How long a new daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The running daemon, started with `command` (program and arguments) if none runs.
///
/// # Errors
/// When it cannot be started, or ends at once; then with its own words.
pub async fn ensure(state: &StateDirectory, command: &[OsString]) -> Result<Status, Failure> {
    let client = Client::new(state);
    match client.look().await {
        Err(AskError::NotRunning(_)) => {}
        answer => return Ok(answer?),
    }
    let failed = |what: &str, error: &io::Error| {
        Failure::new(
            "daemon-start",
            format!("cannot start the daemon: {what}: {error}"),
        )
    };
    let log = state.daemon_log();
    let begin = fs::metadata(&log).map_or(0, |found| found.len());
    let mut child = start(state, command).map_err(|error| failed("its log or program", &error))?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(1);
    loop {
        match client.look().await {
            Ok(status) => return Ok(status),
            Err(AskError::NotRunning(_) | AskError::Broken(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = child
            .try_wait()
            .map_err(|error| failed("waiting", &error))?;
        if ended.is_some() || tokio::time::Instant::now() > deadline {
            // Another command may have been faster: then its daemon answers.
            if let Ok(status) = client.look().await {
                return Ok(status);
            }
            let said = said_since(state, begin);
            let failure = Failure::new("daemon-start", "the daemon did not start");
            return Err(match said.as_slice() {
                [] => failure.with_hint(format!("look at {}", log.display())),
                said => failure.with_report(said.iter().cloned()),
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn start(state: &StateDirectory, command: &[OsString]) -> io::Result<Child> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no program given"))?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(state.daemon_log())?;
    Command::new(program)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
}

fn said_since(state: &StateDirectory, begin: u64) -> Vec<String> {
    let bytes = fs::read(state.daemon_log()).unwrap_or_default();
    let begin = usize::try_from(begin).unwrap_or(0).min(bytes.len());
    String::from_utf8_lossy(&bytes[begin..])
        .split('\n')
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

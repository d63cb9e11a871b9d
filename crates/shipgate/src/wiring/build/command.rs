//! `[build] command`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::wiring::specs::secrets_of;
use shipgate_project::CommandLine;
use shipgate_release::ports::Watch;
use shipgate_release::{Cancel, Failure, FailureKind};
use shipgate_server::cut;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// Lines of a failed build that the report shows.
const TAIL: usize = 20;

/// How long the command may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the build command in the project directory, with our environment.
/// What it writes is kept in `log`.
pub(crate) async fn run(
    command: &CommandLine,
    directory: &Path,
    log: &Path,
    limit: Option<Duration>,
    watch: &dyn Watch,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let words = command
        .expand(|name| std::env::var(name).ok())
        .map_err(|unset| {
            Failure::new("unset-name", unset.to_string()).of_kind(FailureKind::Usage)
        })?;
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let mut kept = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(log)
        .map_err(|error| {
            Failure::new(
                "build-log",
                format!("cannot write {}: {error}", log.display()),
            )
        })?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| cannot_start(program, directory, &error))?;
    let (sender, mut lines) = mpsc::channel(64);
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(read(stdout, sender.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(read(stderr, sender));
    }
    let mut tail = Vec::new();
    let own: Vec<(String, String)> = std::env::vars().collect();
    let secrets = secrets_of(own.iter().map(|(name, value)| (name, value)));
    let reading = async {
        while let Some(line) = lines.recv().await {
            let line = secrets.mask(&line);
            keep(&mut kept, &line);
            watch.output(&line);
            if tail.len() == TAIL {
                tail.remove(0);
            }
            tail.push(line);
        }
        child.wait().await
    };
    let limited = async {
        match limit {
            Some(limit) => tokio::time::timeout(limit, reading).await.ok(),
            None => Some(reading.await),
        }
    };
    let ended = tokio::select! {
        ended = limited => ended,
        () = cancel.wait() => {
            end(&mut child).await;
            return Err(Failure::cancelled());
        }
    };
    let failed = |message: String| {
        Failure::new("build-failed", message)
            .with_report(tail.iter().map(|line| cut(line)))
            .with_hint(format!("the whole output is in {}", log.display()))
    };
    match ended {
        None => {
            end(&mut child).await;
            let limit = limit.unwrap_or_default();
            Err(
                failed(format!("the build command ran longer than {limit:?}"))
                    .of_kind(FailureKind::Deadline),
            )
        }
        Some(Err(error)) => Err(failed(format!(
            "cannot wait for the build command: {error}"
        ))),
        Some(Ok(status)) if status.success() => Ok(()),
        Some(Ok(status)) => Err(failed(format!("the build command failed: {status}"))),
    }
}

fn cannot_start(program: &str, directory: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::new(
        "build-command",
        format!("cannot start the build command `{program}`: {error}"),
    );
    match error.kind() {
        std::io::ErrorKind::NotFound => failure.with_hint(format!(
            "install it, or write its path in `[build] command`; it runs in {}",
            directory.display()
        )),
        std::io::ErrorKind::PermissionDenied => {
            failure.with_hint(format!("run `chmod +x {program}`"))
        }
        _ => failure,
    }
}

fn keep(log: &mut File, line: &str) {
    // The log is for the reader: a full disk shows itself when files are kept.
    let _ = writeln!(log, "{line}");
}

async fn read(stream: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                if lines.send(text).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Ends the command and everything it started in its process group.
async fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    let Some(group) = group else { return };
    // Each may find nobody left, which is what is wanted.
    let _ = kill_process_group(group, Signal::TERM);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait().await;
    }
}

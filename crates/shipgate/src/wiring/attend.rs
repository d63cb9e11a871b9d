//! Staying with a machine that runs one command.

use shipgate_release::Failure;
use shipgate_release::machine::MachineId;
use shipgate_runtime::log::{LogLine, Position};
use shipgate_runtime::process::{Exit, Machines};
use shipgate_server::machine_failure;

/// Passes a machine's lines on until it has ended. When `stop` is ready it is
/// stopped, and its lines are passed on until nothing of it runs any more.
///
/// # Errors
/// Its files cannot be read, or it cannot be stopped.
pub(crate) async fn attend(
    machines: &Machines,
    tag: &MachineId,
    output: &(dyn Fn(&LogLine) + Send + Sync),
    stop: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    let mut follow = machines.log(tag).follow(Position(0), machines.changes(tag));
    let reading = async {
        while let Ok(Some(line)) = follow.next().await {
            output(&line);
        }
        machines.wait(tag).await
    };
    let stopping = async {
        stop.await;
        match machines.stop(tag).await {
            Ok(_) => std::future::pending().await,
            Err(error) => error,
        }
    };
    let exit = tokio::select! {
        exit = reading => exit,
        error = stopping => Err(error),
    };
    exit.map_err(|error| machine_failure(&error))
}

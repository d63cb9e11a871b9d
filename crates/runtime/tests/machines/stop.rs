//! Stopping: signal, grace, kill, and nothing is left.

use std::time::Duration;

use shipgate_release::machine::{ExitCause, MachineSpec, RestartPolicy};
use shipgate_runtime::log::Stream;
use shipgate_runtime::process::{MachineError, State};

use crate::support::{Yard, example, runs, until, within};

/// Says its number and refuses to go.
const STUBBORN: &str = "trap '' TERM INT HUP; echo stubborn $$; while :; do sleep 0.05; done";

fn number(text: &str) -> i32 {
    text.parse().expect("a process number")
}

/// What it wrote to standard output; a shell tells of the signals its children
/// died of on the other stream.
fn said(yard: &Yard, spec: &MachineSpec) -> Vec<String> {
    let lines = yard.machines.log(&spec.id).read_all().expect("readable");
    lines
        .iter()
        .filter(|line| line.stream == Stream::Out)
        .map(|line| line.text().into_owned())
        .collect()
}

#[tokio::test]
async fn a_stopped_machine_is_not_started_again() {
    let yard = Yard::new();
    let mut spec = yard.script("echo ready; exec sleep 1000");
    spec.restart = RestartPolicy::Always;
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    let exit = within(yard.machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(exit.expect("it ran").cause, ExitCause::Stopped);
    let state = yard.machines.state(&spec.id).expect("readable");
    assert!(matches!(state, State::Exited(_)), "{state:?}");
}

#[tokio::test]
async fn the_kill_signal_is_the_one_of_the_specification() {
    let yard = Yard::new();
    let mut spec =
        yard.script("trap 'echo got USR1; exit 0' USR1; echo ready; while :; do sleep 0.05; done");
    spec.kill_signal = 10;
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    let exit = within(yard.machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(exit.expect("it ran").cause, ExitCause::Stopped);
    assert_eq!(said(&yard, &spec), ["ready", "got USR1"]);
}

#[tokio::test]
async fn children_may_use_the_grace_period_although_their_parent_is_gone() {
    let yard = Yard::new();
    let child =
        "trap 'sleep 0.3; echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    yard.file("child", child, 0o644);
    let spec = yard.script("sh child & wait");
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(said(&yard, &spec), ["ready", "saved"]);
}

#[tokio::test]
async fn what_ignores_the_signal_is_killed_after_the_grace_period() {
    let yard = Yard::new();
    let mut spec = yard.script(STUBBORN);
    spec.kill_timeout = Duration::from_millis(100);
    yard.machines.launch(&spec).await.expect("launched");
    let pid = number(&yard.says(&spec.id, "stubborn").await);
    let exit = within(yard.machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(exit.expect("it ran").cause, ExitCause::Stopped);
    assert!(!runs(pid));
}

#[tokio::test]
async fn a_timeout_also_ends_those_that_ignore_signals_in_a_session_of_their_own() {
    let yard = Yard::new();
    yard.file("stubborn", STUBBORN, 0o644);
    let mut spec = yard.script("setsid sh stubborn & echo main $$; wait");
    spec.timeout = Some(Duration::from_millis(400));
    spec.kill_timeout = Duration::from_millis(100);
    yard.machines.launch(&spec).await.expect("launched");
    let main = number(&yard.says(&spec.id, "main").await);
    let grandchild = number(&yard.says(&spec.id, "stubborn").await);
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Timeout);
    assert!(!runs(main));
    assert!(!runs(grandchild));
}

#[tokio::test]
async fn what_a_command_leaves_in_the_background_ends_with_it() {
    let yard = Yard::new();
    yard.file("stubborn", STUBBORN, 0o644);
    // It also holds the pipe to the log open.
    let spec = yard.script("(setsid sh stubborn &) ; sleep 0.3; exit 0");
    yard.machines.launch(&spec).await.expect("launched");
    let left = number(&yard.says(&spec.id, "stubborn").await);
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Code(0));
    assert!(!runs(left));
}

#[tokio::test]
async fn a_signal_its_starter_ignored_is_heard_all_the_same() {
    let yard = Yard::new();
    let keeper = format!(
        "#!/bin/sh\ntrap '' INT HUP QUIT\nexec {} \"$@\"\n",
        example("keeper").display()
    );
    let wrapper = yard.file("keeper", keeper, 0o755);
    let machines =
        shipgate_runtime::process::Machines::open(yard.machines.root(), [wrapper]).expect("opened");
    // A shell cannot trap what was ignored when it began.
    let mut spec =
        yard.script("trap 'echo heard; exit 0' INT; echo ready; while :; do sleep 0.05; done");
    spec.kill_signal = 2;
    machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    within(machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(said(&yard, &spec), ["ready", "heard"]);
}

#[tokio::test]
async fn a_signal_reaches_the_whole_process_group() {
    let yard = Yard::new();
    let child = "trap 'echo child; exit 0' HUP; echo ready; while :; do sleep 0.05; done";
    yard.file("child", child, 0o644);
    let spec = yard.script("trap : HUP; sh child & wait; wait; echo parent");
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    yard.machines.signal(&spec.id, 1).expect("sent");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(said(&yard, &spec), ["ready", "child", "parent"]);
    let again = yard.machines.signal(&spec.id, 1);
    assert!(
        matches!(again, Err(MachineError::NotRunning(_))),
        "{again:?}"
    );
}

#[tokio::test]
async fn stopping_twice_at_once_is_fine() {
    let yard = Yard::new();
    let spec = yard.script("echo ready; exec sleep 1000");
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    let (one, other) =
        within(async { tokio::join!(yard.machines.stop(&spec.id), yard.machines.stop(&spec.id)) })
            .await;
    assert_eq!(one.expect("stopped"), other.expect("stopped"));
}

#[tokio::test]
async fn a_running_machine_cannot_be_removed() {
    let yard = Yard::new();
    let spec = yard.script("exec sleep 1000");
    yard.machines.launch(&spec).await.expect("launched");
    let removed = yard.machines.remove(&spec.id).await;
    assert!(
        matches!(removed, Err(MachineError::StillRuns(_))),
        "{removed:?}"
    );
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
    yard.machines.remove(&spec.id).await.expect("removed");
}

#[tokio::test]
async fn a_keeper_that_does_not_answer_is_killed_with_its_machine() {
    let yard = Yard::new();
    let mut spec = yard.script("echo main $$; exec sleep 1000");
    spec.kill_timeout = Duration::ZERO;
    yard.machines.launch(&spec).await.expect("launched");
    let main = number(&yard.says(&spec.id, "main").await);
    let State::Running { keeper_pid, .. } = yard.machines.state(&spec.id).expect("readable") else {
        panic!("it runs");
    };
    crate::support::kill(keeper_pid, rustix::process::Signal::STOP);
    let impatient = yard
        .machines
        .clone()
        .with_keeper_patience(Duration::from_millis(100));
    within(impatient.stop(&spec.id)).await.expect("stopped");
    assert!(!runs(main));
}

#[tokio::test]
async fn a_machine_that_never_stops_writing_can_be_stopped() {
    let yard = Yard::new();
    let spec = yard.spec(&["yes"]);
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "y").await;
    let exit = within(yard.machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(exit.expect("it ran").cause, ExitCause::Stopped);
}

#[tokio::test]
async fn a_machine_whose_directory_is_deleted_ends() {
    let yard = Yard::new();
    let spec = yard.script("echo main $$; exec sleep 1000");
    yard.machines.launch(&spec).await.expect("launched");
    let main = number(&yard.says(&spec.id, "main").await);
    std::fs::remove_dir_all(yard.machines.root()).expect("removed");
    until(|| !runs(main)).await;
}

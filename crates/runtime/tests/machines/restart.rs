//! Restart policies at work.

use std::time::Duration;

use jiff::Timestamp;
use shipgate_release::machine::{ExitCause, RestartPolicy};
use shipgate_runtime::process::{EventKind, State};

use crate::support::{self, Yard, within};

#[tokio::test]
async fn failures_are_retried_as_often_as_allowed() {
    let yard = Yard::new();
    let mut spec = yard.script("echo run >> runs; exit 9");
    spec.restart = RestartPolicy::OnFailure {
        max_retries: Some(2),
    };
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!((exit.cause, exit.restarts), (ExitCause::Code(9), 2));
    let runs = std::fs::read_to_string(yard.path("runs")).expect("readable");
    assert_eq!(runs.lines().count(), 3);
}

#[tokio::test]
async fn each_restart_waits_twice_as_long_as_the_one_before() {
    let yard = Yard::new();
    let mut spec = yard.script("exit 9");
    spec.restart = RestartPolicy::OnFailure {
        max_retries: Some(3),
    };
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let history = yard.machines.history(&spec.id).expect("readable");
    let mut planned: Vec<Timestamp> = Vec::new();
    let mut started: Vec<Timestamp> = Vec::new();
    for event in history {
        match event.kind {
            EventKind::RestartPlanned { next_at } => planned.push(next_at),
            EventKind::Started { .. } => started.push(event.at),
            _ => {}
        }
    }
    assert_eq!((planned.len(), started.len()), (3, 4));
    // Never early: how late is up to the system.
    let pairs: Vec<Duration> = started
        .windows(2)
        .map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).expect("in order"))
        .collect();
    for (gap, least) in pairs.iter().zip([100, 200, 400]) {
        assert!(*gap >= Duration::from_millis(least), "{pairs:?}");
    }
}

#[tokio::test]
async fn success_ends_a_machine_that_restarts_on_failure() {
    let yard = Yard::new();
    let mut spec = yard.script("test -e second && exit 0; touch second; exit 1");
    spec.restart = RestartPolicy::OnFailure { max_retries: None };
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!((exit.cause, exit.restarts), (ExitCause::Code(0), 1));
}

#[tokio::test]
async fn a_machine_can_be_stopped_while_it_waits_to_be_started_again() {
    let yard = Yard::new();
    let mut spec = yard.script("exit 1");
    spec.restart = RestartPolicy::Always;
    yard.machines.launch(&spec).await.expect("launched");
    let changes = yard.machines.changes(&spec.id);
    support::state(changes, |state| {
        matches!(state, State::Restarting { restarts: 2, .. }).then_some(())
    })
    .await;
    let exit = within(yard.machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(exit.expect("it ran").cause, ExitCause::Stopped);
}

#[tokio::test]
async fn a_program_that_has_vanished_counts_as_not_found() {
    let yard = Yard::new();
    yard.file("start", "#!/bin/sh\nrm start\nexit 1\n", 0o755);
    let mut spec = yard.spec(&["./start"]);
    spec.restart = RestartPolicy::OnFailure {
        max_retries: Some(1),
    };
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Code(127));
    let (last, _) = yard.machines.log(&spec.id).tail(1).expect("readable");
    let text = last[0].text().into_owned();
    assert!(
        text.starts_with("not started again: command not found"),
        "{text}"
    );
}

#[tokio::test]
async fn the_keeper_says_in_the_log_what_it_does() {
    let yard = Yard::new();
    let mut spec = yard.script("echo hello; exit 3");
    spec.restart = RestartPolicy::OnFailure {
        max_retries: Some(1),
    };
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let lines = yard.machines.log(&spec.id).read_all().expect("readable");
    let texts: Vec<_> = lines.iter().map(|line| line.text().into_owned()).collect();
    let note = "exit code 3; started again in 100 ms (restart 1)";
    assert_eq!(texts, ["hello", note, "hello"]);
}

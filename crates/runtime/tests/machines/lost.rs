//! A keeper that was killed: what it kept is found, stopped, and never taken
//! for a success.

use std::time::Duration;

use rustix::process::Signal;
use shipgate_release::machine::ExitCause;
use shipgate_runtime::process::State;

use crate::support::{self, Yard, kill, runs, until, within};

/// Launches a script that says `ready`, and kills its keeper. The command's
/// process number.
async fn orphan(yard: &Yard, script: &str) -> i32 {
    let spec = yard.script(script);
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    let State::Running {
        pid, keeper_pid, ..
    } = yard.machines.state(&spec.id).expect("readable")
    else {
        panic!("it runs");
    };
    let changes = yard.machines.changes(&spec.id);
    kill(keeper_pid, Signal::KILL);
    let pids = support::state(changes, |state| match state {
        State::Lost { pids } => Some(pids.clone()),
        _ => None,
    })
    .await;
    assert!(pids.contains(&pid), "{pids:?}");
    pid
}

#[tokio::test]
async fn a_run_that_ends_unseen_is_lost_even_if_it_succeeded() {
    let yard = Yard::new();
    let script = "echo ready; while ! test -e go; do sleep 0.02; done; exit 0";
    orphan(&yard, script).await;
    yard.file("go", "", 0o644);
    let id = yard.script("").id;
    let exit = within(yard.machines.wait(&id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Lost);
    assert!(!exit.cause.success());
    assert_eq!(
        yard.machines.state(&id).expect("readable"),
        State::Exited(exit)
    );
}

#[tokio::test]
async fn stop_still_ends_it_gently() {
    let yard = Yard::new();
    // Nobody reads its output any more, and a shell that writes dies of that.
    let script = "exec 2>&-; trap '> saved; exit 0' TERM; echo ready; while :; do sleep 0.02; done";
    let pid = orphan(&yard, script).await;
    let id = yard.script("").id;
    let exit = within(yard.machines.stop(&id)).await.expect("stopped");
    assert_eq!(exit.expect("it ran").cause, ExitCause::Stopped);
    assert!(!runs(pid));
    assert!(yard.path("saved").exists());
}

#[tokio::test]
async fn stop_also_ends_what_the_command_had_started() {
    let yard = Yard::new();
    let child = "echo child $$; echo ready; exec sleep 1000";
    yard.file("child", child, 0o644);
    orphan(&yard, "sh child & wait").await;
    let id = yard.script("").id;
    let child: i32 = yard.says(&id, "child").await.parse().expect("a number");
    assert!(runs(child));
    within(yard.machines.stop(&id)).await.expect("stopped");
    until(|| !runs(child)).await;
}

#[tokio::test]
async fn stop_also_ends_what_left_its_session_where_there_are_control_groups() {
    let yard = Yard::new();
    // Twice removed: its parent is gone, and so is its session.
    let script = "(setsid sh child &) ; while ! test -e go; do sleep 0.02; done; echo ready; \
                  exec sleep 1000";
    yard.file("child", "echo child $$; exec sleep 1000", 0o644);
    let spec = yard.script(script);
    yard.machines.launch(&spec).await.expect("launched");
    let child: i32 = yard
        .says(&spec.id, "child")
        .await
        .parse()
        .expect("a number");
    let in_group = || {
        let groups = std::fs::read_to_string(format!("/proc/{child}/cgroup"));
        groups.expect("readable").contains("/shipgate-")
    };
    // Where none can be made there is nothing to wait for.
    let grouped = tokio::time::timeout(Duration::from_secs(10), until(in_group))
        .await
        .is_ok();
    yard.file("go", "", 0o644);
    orphan(&yard, script).await;
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
    if grouped {
        assert!(!runs(child));
    } else {
        kill(child, Signal::KILL);
    }
}

#[tokio::test]
async fn launching_it_again_does_not_start_it_a_second_time() {
    let yard = Yard::new();
    let script = "echo once >> runs; echo ready; exec sleep 1000";
    orphan(&yard, script).await;
    let launched = yard
        .machines
        .launch(&yard.script(script))
        .await
        .expect("adopted");
    assert!(launched.adopted);
    assert!(matches!(launched.state, State::Lost { .. }));
    let runs = std::fs::read_to_string(yard.path("runs")).expect("readable");
    assert_eq!(runs, "once\n");
    within(yard.machines.stop(&launched.spec.id))
        .await
        .expect("stopped");
}

#[tokio::test]
async fn reviving_it_stops_what_is_left_first() {
    let yard = Yard::new();
    let script = "echo once >> runs; echo ready; exec sleep 1000";
    let pid = orphan(&yard, script).await;
    let id = yard.script("").id;
    let revived = within(yard.machines.revive(&id)).await.expect("revived");
    assert!(!runs(pid));
    assert!(
        matches!(revived.state, State::Running { .. }),
        "{revived:?}"
    );
    within(yard.machines.stop(&id)).await.expect("stopped");
}

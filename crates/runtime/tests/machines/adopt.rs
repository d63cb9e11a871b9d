//! Launching is idempotent: a machine is started once, whoever asks.

use shipgate_release::machine::ExitCause;
use shipgate_runtime::process::{Machines, State};

use crate::support::{Yard, example, runs, until, within};

#[tokio::test]
async fn a_machine_that_runs_is_adopted_with_the_specification_it_runs_with() {
    let yard = Yard::new();
    let spec = yard.script("echo ready; exec sleep 1000");
    let first = yard.machines.launch(&spec).await.expect("launched");
    assert!(!first.adopted);

    let reopened = Machines::open(yard.machines.root(), [example("keeper")]).expect("opened");
    let mut other = spec.clone();
    other.port = Some(1);
    let again = reopened.launch(&other).await.expect("adopted");
    assert!(again.adopted);
    assert!(again.spec == spec);
    assert_eq!(again.state, first.state);
    within(reopened.stop(&spec.id)).await.expect("stopped");
}

#[tokio::test]
async fn a_machine_that_has_ended_is_not_started_again() {
    let yard = Yard::new();
    let spec = yard.script("echo once >> runs");
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    let again = yard.machines.launch(&spec).await.expect("adopted");
    assert!(again.adopted);
    assert_eq!(again.state, State::Exited(exit));
    let runs = std::fs::read_to_string(yard.path("runs")).expect("readable");
    assert_eq!(runs, "once\n");
}

#[tokio::test]
async fn many_that_launch_at_once_start_it_once() {
    let yard = Yard::new();
    let spec = yard.script("echo once >> runs; exec sleep 1000");
    let launches = (0..8).map(|_| {
        let (machines, spec) = (yard.machines.clone(), spec.clone());
        tokio::spawn(async move { machines.launch(&spec).await.expect("launched") })
    });
    let launches: Vec<_> = launches.collect();
    let mut fresh = 0;
    for launch in launches {
        let launched = within(launch).await.expect("no panic");
        fresh += usize::from(!launched.adopted);
        assert!(
            matches!(launched.state, State::Running { .. }),
            "{launched:?}"
        );
    }
    assert_eq!(fresh, 1);
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
    let runs = std::fs::read_to_string(yard.path("runs")).expect("readable");
    assert_eq!(runs, "once\n");
}

#[tokio::test]
async fn a_machine_outlives_the_process_that_launched_it() {
    let yard = Yard::new();
    let spec =
        yard.script("echo first; while ! test -e go; do sleep 0.02; done; echo second; exit 5");
    let spec_file = yard.file(
        "spec",
        serde_json::to_vec(&spec).expect("serialised"),
        0o600,
    );
    let ended = std::process::Command::new(example("launcher"))
        .arg(yard.machines.root())
        .arg(example("keeper"))
        .arg(spec_file)
        .status()
        .expect("it ran");
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&ended),
        Some(6)
    );

    let State::Running { pid, .. } = yard.machines.state(&spec.id).expect("readable") else {
        panic!("it runs");
    };
    assert!(runs(pid));
    yard.file("go", "", 0o644);
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Code(5));
    assert_eq!(yard.output(&spec.id), ["first", "second"]);
}

#[tokio::test]
async fn what_was_written_down_but_never_started_is_started() {
    let yard = Yard::new();
    // A keeper that dies before it has done anything.
    let dying = yard.file("dying", "#!/bin/sh\nkill -9 $$\n", 0o755);
    let machines = Machines::open(yard.machines.root(), [dying]).expect("opened");
    let spec = yard.script("exit 4");
    machines.launch(&spec).await.expect_err("no keeper");
    assert_eq!(
        yard.machines.state(&spec.id).expect("readable"),
        State::Created
    );

    let launched = yard.machines.launch(&spec).await.expect("launched");
    assert!(!launched.adopted);
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Code(4));
}

#[tokio::test]
async fn directories_that_a_dead_process_did_not_finish_are_swept_away() {
    let yard = Yard::new();
    let left = yard.machines.root().join(".new-999999999-0-r1-web-1");
    std::fs::create_dir(&left).expect("created");
    assert_eq!(yard.machines.list().expect("readable"), []);
    Machines::open(yard.machines.root(), [example("keeper")]).expect("opened");
    assert!(!left.exists());
}

#[tokio::test]
async fn a_stopped_machine_can_be_revived_and_its_log_goes_on() {
    let yard = Yard::new();
    let spec = yard.script("echo ready; exec sleep 1000");
    yard.machines.launch(&spec).await.expect("launched");
    yard.says(&spec.id, "ready").await;
    within(yard.machines.stop(&spec.id)).await.expect("stopped");

    let revived = yard.machines.revive(&spec.id).await.expect("revived");
    assert!(!revived.adopted);
    assert!(
        matches!(revived.state, State::Running { .. }),
        "{revived:?}"
    );
    let again = yard.machines.revive(&spec.id).await.expect("adopted");
    assert!(again.adopted);
    until(|| yard.output(&spec.id) == ["ready", "ready"]).await;
    within(yard.machines.stop(&spec.id)).await.expect("stopped");
    assert_eq!(yard.machines.history(&spec.id).expect("readable").len(), 6);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_revived() {
    let yard = Yard::new();
    let error = yard
        .machines
        .revive(&yard.script("").id)
        .await
        .expect_err("refused");
    assert_eq!(error.to_string(), "there is no machine r1-test-1");
}

//! Memory limits: by the kernel where it can, by sampling elsewhere.

use shipgate_release::machine::{ExitCause, MachineSpec, RestartPolicy};
use shipgate_runtime::log::Stream;

use crate::support::{Yard, example, runs, within};

const LIMIT: u64 = 64 << 20;

fn filling(yard: &Yard, script: &str) -> MachineSpec {
    let app = example("app");
    let mut spec = yard.script(&script.replace("FILL", &format!("{} fill", app.display())));
    spec.memory_limit = Some(LIMIT);
    spec
}

/// What the keeper noted.
fn notes(yard: &Yard, spec: &MachineSpec) -> String {
    let lines = yard.machines.log(&spec.id).read_all().expect("readable");
    lines
        .iter()
        .filter(|line| line.stream == Stream::Note)
        .map(|line| format!("{}\n", line.text()))
        .collect()
}

async fn assert_out_of_memory(yard: &Yard, script: &str) -> String {
    let spec = filling(yard, script);
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    let notes = notes(yard, &spec);
    assert_eq!(exit.cause, ExitCause::OutOfMemory, "{notes}");
    assert!(notes.contains("out of memory"), "{notes}");
    notes
}

#[tokio::test]
async fn a_command_over_its_limit_is_out_of_memory() {
    assert_out_of_memory(&Yard::new(), "exec FILL 1000000000").await;
}

#[tokio::test]
async fn a_child_over_the_limit_is_out_of_memory_even_if_its_parent_goes_on() {
    let yard = Yard::new();
    assert_out_of_memory(&yard, "FILL 1000000000; exec sleep 1000").await;
}

#[tokio::test]
async fn without_control_groups_the_limit_is_kept_by_sampling() {
    let yard = Yard::with_keeper(&["--sampling"]);
    let notes = assert_out_of_memory(&yard, "exec FILL 1000000000").await;
    assert!(notes.contains("bytes were in use"), "{notes}");
}

#[tokio::test]
async fn sampling_counts_all_processes_of_the_machine_and_ends_all() {
    let yard = Yard::with_keeper(&["--sampling"]);
    let script = "echo main $$; FILL 40000000 & FILL 40000000 & wait";
    let spec = filling(&yard, script);
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::OutOfMemory);
    let main: i32 = yard.says(&spec.id, "main").await.parse().expect("a number");
    assert!(!runs(main));
}

#[tokio::test]
async fn a_command_within_its_limit_runs() {
    for arguments in [&[][..], &["--sampling"]] {
        let yard = Yard::with_keeper(arguments);
        let spec = filling(&yard, "exec FILL 20000000");
        yard.machines.launch(&spec).await.expect("launched");
        yard.says(&spec.id, "filled").await;
        let usage = yard
            .machines
            .usage(&spec.id)
            .expect("readable")
            .expect("it runs");
        assert_eq!(usage.processes, 1);
        assert!((20_000_000..LIMIT).contains(&usage.memory), "{usage:?}");
        within(yard.machines.stop(&spec.id)).await.expect("stopped");
        assert_eq!(yard.machines.usage(&spec.id).expect("readable"), None);
    }
}

#[tokio::test]
async fn a_machine_out_of_memory_is_started_again_as_its_policy_says() {
    let yard = Yard::new();
    let mut spec = filling(
        &yard,
        "test -e second && exit 0; touch second; exec FILL 1000000000",
    );
    spec.restart = RestartPolicy::OnFailure { max_retries: None };
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!((exit.cause, exit.restarts), (ExitCause::Code(0), 1));
}

//! A full disk: nothing is started that could not be recorded, and no end is
//! forgotten.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipgate_release::machine::ExitCause;
use shipgate_runtime::process::{LaunchError, Machines, Problem, State};

use crate::support::{Yard, example, runs, until, within};

/// A file system of 64 KiB.
struct Tiny {
    path: PathBuf,
}

impl Tiny {
    /// `None` where this user may not mount one.
    fn new(yard: &Yard) -> Option<Self> {
        let path = yard.path("tiny");
        std::fs::create_dir(&path).expect("created");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(&path)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self { path })
    }

    fn machines(&self, keeper: &Path) -> Machines {
        Machines::open(&self.path.join("machines"), [keeper]).expect("opened")
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    fn fill(&self) {
        // It is meant to fail half-way.
        let _ = std::fs::write(self.filler(), vec![0; 1 << 20]);
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).output();
    }
}

#[tokio::test]
async fn a_machine_that_cannot_be_written_down_is_not_made() {
    let yard = Yard::new();
    let Some(tiny) = Tiny::new(&yard) else { return };
    let machines = tiny.machines(&example("keeper"));
    tiny.fill();
    let error = machines
        .launch(&yard.script("true"))
        .await
        .expect_err("refused");
    assert!(
        error.to_string().contains("No space left on device"),
        "{error}"
    );
    assert!(error.hint().expect("a hint").contains("full"));
    assert_eq!(machines.list().expect("readable"), []);
}

#[tokio::test]
async fn a_start_that_cannot_be_recorded_does_not_happen() {
    let yard = Yard::new();
    let Some(tiny) = Tiny::new(&yard) else { return };
    let script = format!(
        "#!/bin/sh\nhead -c 1000000 /dev/zero > {}\nexec {} \"$@\"\n",
        tiny.filler().display(),
        example("keeper").display()
    );
    let machines = tiny.machines(&yard.file("keeper", script, 0o755));
    let spec = yard.script("touch started");
    let error = machines.launch(&spec).await.expect_err("refused");
    let LaunchError::Command { problem, .. } = &error else {
        panic!("unexpected: {error}");
    };
    assert!(matches!(problem, Problem::Unwritable { .. }), "{problem}");
    assert!(!yard.path("started").exists());
    assert_eq!(machines.state(&spec.id).expect("readable"), State::Created);
}

#[tokio::test]
async fn an_end_that_cannot_be_recorded_is_recorded_once_there_is_room() {
    let yard = Yard::new();
    let Some(tiny) = Tiny::new(&yard) else { return };
    let machines = tiny.machines(&example("keeper"));
    let spec = yard.script("while ! test -e go; do sleep 0.02; done; exit 6");
    let launched = machines.launch(&spec).await.expect("launched");
    let State::Running { pid, .. } = launched.state else {
        panic!("it runs");
    };
    tiny.fill();
    yard.file("go", "", 0o644);
    until(|| !runs(pid)).await;
    assert!(machines.state(&spec.id).expect("readable").is_live());
    std::fs::remove_file(tiny.filler()).expect("removed");
    let exit = within(machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Code(6));
}

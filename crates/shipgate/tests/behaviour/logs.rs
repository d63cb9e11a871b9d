//! What machines write, whatever it is.

use shipgate_testkit::{Manifest, eventually};

use crate::support::{bare, project, project_with};

/// The fake app after a script that writes.
fn writing(script: &str) -> Manifest {
    Manifest::default()
        .set_raw("build", "include", "[\"fake-app\", \"talk.sh\"]")
        .web(&format!("sh -c 'sh talk.sh; exec ./fake-app # {script}'"))
}

#[test]
fn a_line_of_a_megabyte_is_kept_whole() {
    let project = project_with(&writing("long"));
    project.file(
        "talk.sh",
        "echo begin; head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end\n",
    );
    project.run(&["deploy"]).exits(0);
    let said = project.run(&["logs", "r1-web-1"]).exits(0).stdout;
    assert_eq!(said.matches('x').count(), 1_000_000);
    assert!(said.contains("out begin") && said.contains("out end"));
    assert_eq!(project.serves().as_deref(), Some(""));
}

#[test]
fn binary_output_and_bad_utf8_harm_nobody() {
    let project = project_with(&writing("binary"));
    project.file(
        "talk.sh",
        "head -c 3000 /dev/urandom; echo; printf 'caf\\351 \\000 \\033[2J\\n' >&2; echo after\n",
    );
    project.run(&["deploy"]).exits(0);
    project
        .run(&["logs", "r1-web-1"])
        .exits(0)
        .prints("caf\\xe9 \\x00")
        .prints("out after");
}

#[test]
fn a_release_command_may_write_anything() {
    let manifest = crate::support::commanded(
        "sh -c 'head -c 300000 /dev/urandom; head -c 1000000 /dev/zero | tr \"\\\\0\" y; exit 4'",
    );
    let project = bare(&manifest);
    let ran = project.run(&["deploy"]).exits(1).says("exit code 4");
    assert!(
        ran.stderr.len() < 20_000,
        "{} bytes of report",
        ran.stderr.len()
    );
}

#[test]
fn both_streams_are_told_apart() {
    let project = project_with(&writing("streams"));
    project.file("talk.sh", "echo plain; echo bad >&2\n");
    project.run(&["deploy"]).exits(0);
    project
        .run(&["logs"])
        .exits(0)
        .prints("r1-web-1 out plain")
        .prints("r1-web-1 err bad");
}

#[test]
fn a_tail_is_as_long_as_asked_for() {
    let project = project_with(&writing("tail"));
    project.file(
        "talk.sh",
        "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done\n",
    );
    project.run(&["deploy"]).exits(0);
    let said = project.run(&["logs", "-n", "2"]).exits(0).stdout;
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.contains("line 9"), "{said}");
}

#[test]
fn following_shows_lines_as_they_come() {
    let project = project_with(&writing("follow"));
    project.file(
        "talk.sh",
        &format!(
            "(while [ ! -e {0}/speak ]; do sleep 0.02; done; echo late words) &\n",
            project.path().display()
        ),
    );
    project.run(&["deploy"]).exits(0);
    let mut follow = project.start(&["logs", "-f"]);
    follow.until("the first words", |run| run.stdout().contains("listens on"));
    project.file("speak", "");
    follow.until("the late words", |run| run.stdout().contains("late words"));
    follow.interrupt();
    follow.wait();
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = project_with(&writing("pipe"));
    project.file(
        "talk.sh",
        "for i in $(seq 1 5000); do echo line $i of many; done\n",
    );
    project.run(&["deploy"]).exits(0);
    eventually("all the lines", || {
        project
            .run(&["logs", "-n", "9999"])
            .stdout
            .contains("line 5000 of many")
    });
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "\"$0\" logs -n 9999 | head -n 1"]);
    command.arg(project.program());
    let output = project.surround(&mut command).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn an_unknown_machine_is_named() {
    let project = project();
    project
        .run(&["logs"])
        .exits(1)
        .says("no machine has run here yet");
    project.run(&["deploy"]).exits(0);
    project
        .run(&["logs", "r9-web-1"])
        .exits(2)
        .says("there is no machine `r9-web-1`")
        .says("shipgate ps --all");
}

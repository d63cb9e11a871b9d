//! Every trouble `doctor` knows, and how it says to mend it.

use std::fs;
use std::net::TcpListener;

use shipgate_testkit::Manifest;

use crate::support::{
    commanded, empty, lock_for_all, picture, placed, project, project_with, released,
    released_with, second_migration,
};

#[test]
fn a_project_without_trouble_has_none() {
    let project = released();
    let before = picture(&project);
    project
        .run(&["doctor"])
        .exits(0)
        .prints("nothing pending, at version 1")
        .says("no trouble found");
    assert_eq!(picture(&project), before);
}

#[test]
fn trouble_is_exit_1_and_on_request_3() {
    let project = empty();
    project.file("shipgate.toml", "app = [");
    project
        .run(&["doctor"])
        .exits(1)
        .prints("trouble  project file")
        .says("1 trouble found");
    project.run(&["doctor", "--exit-code"]).exits(3);
}

#[test]
fn what_is_pending_is_told() {
    let project = released();
    second_migration(&project);
    project
        .run(&["doctor"])
        .exits(0)
        .prints("pending: 2_pin.sql");
}

#[test]
fn a_release_command_that_is_not_there_is_found() {
    let project = project_with(&Manifest::default().release_command("./migrate.sh"));
    project.run(&["doctor"]).exits(1).prints("migrate.sh");
}

#[test]
fn a_program_that_is_not_executable_is_found() {
    let manifest =
        commanded("./migrate.sh").set_raw("build", "include", "[\"fake-app\", \"migrate.sh\"]");
    let project = project_with(&manifest);
    project.file("migrate.sh", "#!/bin/sh\n");
    project
        .run(&["doctor"])
        .exits(1)
        .prints("is not executable")
        .prints("mend: ")
        .prints("chmod +x");
}

#[test]
fn a_script_without_a_first_line_is_found() {
    let manifest =
        commanded("./migrate.sh").set_raw("build", "include", "[\"fake-app\", \"migrate.sh\"]");
    let project = project_with(&manifest);
    project.script("migrate.sh", "echo hello\n");
    project.run(&["doctor"]).exits(1).prints("#!");
}

#[test]
fn a_release_command_that_never_runs_is_found() {
    let manifest =
        commanded("true").set_raw("release", "steps", "[\"check\", \"build\", \"promote\"]");
    project_with(&manifest)
        .run(&["doctor"])
        .exits(1)
        .prints("has no `migrate`: nothing migrates the database");
}

#[test]
fn a_database_that_nothing_migrates_is_found() {
    let project = project_with(&Manifest::default().without("database").set(
        "database",
        "url",
        "sqlite://data/app.db",
    ));
    fs::remove_dir_all(project.path().join("migrations")).unwrap();
    project
        .run(&["doctor"])
        .exits(1)
        .prints("neither a release command nor a directory of SQL migrations");
}

#[test]
fn a_database_that_cannot_be_opened_is_found() {
    let project = project();
    fs::create_dir_all(project.path().join("data/app.db")).unwrap();
    project
        .run(&["doctor"])
        .exits(1)
        .prints("is a directory, not a database file");
}

#[test]
fn a_locked_database_is_found() {
    let project = released_with(&Manifest::default().set("release", "lock_timeout", "200ms"));
    let lock = lock_for_all(&project);
    project
        .run(&["doctor"])
        .exits(1)
        .prints("is locked by another process");
    drop(lock);
}

#[test]
fn a_half_applied_migration_is_found() {
    let project = released();
    project.migration(
        "2_half.sql",
        "-- atlas:txmode none\n\nCREATE TABLE half (id integer);\nALTER TABLE nowhere ADD COLUMN x;\n",
    );
    project.manifest(&Manifest::default().set_raw(
        "release",
        "steps",
        "[\"check\", \"build\", \"migrate\", \"promote\"]",
    ));
    project.run(&["deploy"]).exits(5).says("half-migrated");
    project
        .run(&["doctor"])
        .exits(1)
        .prints("half applied: ")
        .prints("no such table: nowhere")
        .prints("mend: ");
}

#[test]
fn a_broken_directory_is_found() {
    let project = released();
    project.file("migrations/2_more.sql", "CREATE TABLE more (id integer);\n");
    project
        .run(&["doctor"])
        .exits(1)
        .prints("2_more.sql was added")
        .prints("shipgate migrate hash");
}

#[test]
fn a_state_directory_others_can_read_is_found() {
    let project = released();
    project.mode(".shipgate", 0o750);
    project
        .run(&["doctor"])
        .exits(1)
        .prints("can be read by others")
        .prints("chmod 700");
    project.mode(".shipgate", 0o700);
}

#[test]
fn a_taken_port_is_found() {
    let project = project();
    let taken = TcpListener::bind(("127.0.0.1", project.port())).unwrap();
    project
        .run(&["doctor"])
        .exits(1)
        .prints(&format!("cannot listen on 127.0.0.1:{}", project.port()));
    drop(taken);
}

#[test]
fn a_release_without_an_end_is_found() {
    let project = released();
    let slow = Manifest::default().set(
        "build",
        "command",
        "sh -c 'touch {here}/mark; exec sleep 600'",
    );
    placed(&project, &slow);
    let mut deploy = project.start(&["deploy"]);
    deploy.until("the mark", |_| project.path().join("mark").exists());
    deploy.kill();
    deploy.wait();
    project
        .run(&["doctor"])
        .exits(1)
        .prints("release 2 was begun and has no end")
        .prints("shipgate release resume");
}

#[test]
fn a_machine_in_trouble_is_found() {
    let alive = tempfile::NamedTempFile::new().unwrap();
    let path = alive.path().display().to_string();
    let project = released_with(&Manifest::default().web(&format!("./fake-app --needs {path}")));
    drop(alive);
    shipgate_testkit::eventually("trouble", || {
        project.run(&["doctor"]).stdout.contains("r1-web-1: ")
    });
}

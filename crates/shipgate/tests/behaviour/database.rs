//! Databases that cannot be used.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use shipgate_testkit::{Manifest, TestProject};

use crate::support::{
    lock_for_all, lock_for_writing, picture, project, project_with, refused, released_with,
    second_migration,
};

fn impatient() -> Manifest {
    Manifest::default().set("release", "lock_timeout", "400ms")
}

#[test]
fn a_directory_in_place_of_the_database_file_is_told_as_one() {
    let project = project();
    fs::create_dir_all(project.path().join("data/app.db")).unwrap();
    refused(&project, 1)
        .says("data/app.db is a directory, not a database file")
        .says("sqlite://data/app.db");
}

#[test]
fn a_file_in_place_of_the_databases_directory_is_told_as_one() {
    let project = project();
    project.file("data", "not a directory");
    refused(&project, 2).says("data is a file");
    assert!(
        project.daemon().is_none(),
        "a refused release starts no daemon"
    );
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let project = project();
    project.bytes("data/app.db", &[7; 5000]);
    refused(&project, 1).says("data/app.db is not a SQLite database");
}

#[test]
fn a_locked_database_is_waited_for_and_given_up_at_the_limit() {
    let project = released_with(&impatient());
    second_migration(&project);
    let before = picture(&project);
    let lock = lock_for_all(&project);
    project
        .run(&["deploy"])
        .exits(4)
        .says("database is locked by another process; waiting up to 400ms")
        .says("data/app.db is locked by another process; waited 400ms")
        .says("fuser")
        .says("`[release] lock_timeout`")
        .says("release 1 serves on");
    drop(lock);
    assert_eq!(picture(&project), before);
}

#[test]
fn a_database_locked_while_it_is_to_be_migrated_is_given_up_at_the_limit() {
    let project = released_with(&impatient());
    second_migration(&project);
    let before = picture(&project);
    let lock = lock_for_writing(&project);
    project
        .run(&["deploy"])
        .exits(4)
        .says("waiting up to 400ms")
        .says("error[database-locked]")
        .says("`[release] lock_timeout`");
    drop(lock);
    assert_eq!(picture(&project), before);
    project.run(&["deploy"]).exits(0);
}

#[test]
fn a_lock_that_is_let_go_in_time_is_only_a_pause() {
    let project = released_with(&Manifest::default().set("release", "lock_timeout", "60s"));
    second_migration(&project);
    let lock = lock_for_all(&project);
    let mut deploy = project.start(&["deploy"]);
    deploy.until_it_says("database is locked by another process; waiting up to 1m 00s");
    drop(lock);
    deploy.wait().exits(0);
    assert_eq!(project.rows("SELECT pinned FROM notes"), ["0"]);
}

#[test]
fn the_holder_of_the_migration_lock_is_named() {
    let project = project_with(&impatient());
    project.run(&["deploy"]).exits(0);
    second_migration(&project);
    let held = project.path().join("data/app.db-shipgate-lock");
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(held)
        .unwrap();
    file.lock().unwrap();
    refused(&project, 4).says("lock");
}

/// The same project as an ordinary user, whom permissions bind.
fn as_nobody(project: &TestProject, arguments: &[&str]) -> shipgate_testkit::Ran {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.arg(project.program());
    project
        .surround(&mut command)
        .args(arguments)
        .output()
        .unwrap()
        .into()
}

/// A project that belongs to an ordinary user; `None` where we are not root
/// and could not hand it over.
fn handed_over(project: TestProject) -> Option<TestProject> {
    let program = project.program().to_owned();
    let hand_over = |path: &std::path::Path| chown(path, Some(65534), Some(65534));
    hand_over(project.path()).ok()?;
    for entry in walk(project.path()) {
        hand_over(&entry).ok()?;
    }
    // The program must be within the user's reach.
    let reachable = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    reachable.then_some(project)
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(walk(&entry.path()));
        }
        found.push(entry.path());
    }
    found
}

#[test]
fn a_database_that_may_not_be_written_is_told_before_anything_begins() {
    let project = project();
    project.sql("CREATE TABLE legacy_history (id integer)");
    fs::remove_file(project.path().join("data/app.db")).unwrap();
    let Some(project) = handed_over(project) else {
        return;
    };
    chown(project.path().join("data"), Some(0), Some(0)).unwrap();
    as_nobody(&project, &["deploy"])
        .exits(1)
        .says("error[database-permission]: no permission to write")
        .says("/data")
        .says("ls -ld");
    assert_eq!(
        fs::read_dir(project.path().join("data")).unwrap().count(),
        0
    );
}

#[test]
fn a_state_directory_that_may_not_be_made_is_named() {
    let Some(project) = handed_over(project()) else {
        return;
    };
    chown(project.path(), Some(0), Some(0)).unwrap();
    project.mode(".", 0o755);
    as_nobody(&project, &["deploy"])
        .exits(1)
        .says(".shipgate")
        .says("Permission denied");
}

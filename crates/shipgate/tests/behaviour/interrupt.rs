//! Ctrl-C in every step, and two releases at once.

use std::fs;

use rustix::process::Signal;
use shipgate_testkit::{Manifest, Running, TestProject, eventually};

use crate::support::{
    bare_released, commanded, nobody_runs, picture, placed, project, released, released_with,
    second, second_migration, state_of, with_tool,
};

/// Starts a deploy and waits until a file tells that it is where it should be.
fn deploy_until_marked(project: &TestProject) -> Running {
    let mark = project.path().join("mark");
    let mut deploy = project.start(&["deploy"]);
    deploy.until("the mark", |_| mark.exists());
    deploy
}

/// Interrupts a deploy, which must change nothing, and deploys after it.
#[track_caller]
fn interrupted(project: &TestProject, deploy: Running, before: &crate::support::Picture) {
    deploy.interrupt();
    let ran = deploy
        .wait()
        .exits(130)
        .says("stopping at the next safe point");
    assert_eq!(&picture(project), before, "{ran}");
    assert_eq!(state_of(project, 2), "aborted, nothing changed");
    project.manifest(&second()).run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn an_interrupted_check_changes_nothing() {
    let project = released_with(&Manifest::default().set("release", "lock_timeout", "60s"));
    second_migration(&project);
    let before = picture(&project);
    let lock = crate::support::lock_for_all(&project);
    let mut deploy = project.start(&["deploy"]);
    deploy.until_it_says("database is locked");
    deploy.interrupt();
    deploy.until_it_says("stopping");
    drop(lock);
    deploy.wait().exits(130);
    assert_eq!(picture(&project), before);
    project.run(&["deploy"]).exits(0);
}

#[test]
fn an_interrupted_build_is_stopped_with_all_it_started() {
    let project = released();
    let before = picture(&project);
    let seconds = 70_000 + std::process::id() % 10_000;
    placed(
        &project,
        &second().set(
            "build",
            "command",
            &format!("sh -c 'sleep {seconds} & touch {{here}}/mark; wait'"),
        ),
    );
    let deploy = deploy_until_marked(&project);
    interrupted(&project, deploy, &before);
    nobody_runs(&format!("sleep {seconds}"));
}

#[test]
fn an_interrupted_backup_leaves_nothing_of_it() {
    let project = released_with(&Manifest::default().set("release", "lock_timeout", "60s"));
    let before = picture(&project);
    placed(
        &project,
        &second().set("release", "lock_timeout", "60s").set(
            "build",
            "command",
            "sh -c 'touch {here}/mark; while [ ! -e {here}/go ]; do sleep 0.02; done; cp {fake-app} fake-app'",
        ),
    );
    let mut deploy = deploy_until_marked(&project);
    let lock = crate::support::lock_for_all(&project);
    project.file("go", "");
    deploy.until_it_says("database is locked");
    deploy.interrupt();
    deploy.wait().exits(130);
    drop(lock);
    assert_eq!(picture(&project), before);
    let listed = project.run(&["backup", "list"]).exits(0).stdout;
    assert!(!listed.contains("release-2"), "{listed}");
    project.manifest(&second()).run(&["deploy"]).exits(0);
}

#[test]
fn an_interrupted_rehearsal_leaves_no_copy_and_no_machine() {
    let project = bare_released(&with_tool("--print nothing"));
    let before = picture(&project);
    placed(
        &project,
        &with_tool("--mark {here}/mark --wait-for {here}/never"),
    );
    let deploy = deploy_until_marked(&project);
    deploy.interrupt();
    deploy.wait().exits(130);
    assert_eq!(picture(&project), before);
    assert_eq!(state_of(&project, 2), "aborted, nothing changed");
    let left: Vec<_> = fs::read_dir(project.state().join("rehearsals"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    nobody_runs(&project.path().join("never").display().to_string());
}

#[test]
fn an_interrupted_release_command_is_stopped_and_told() {
    let project = bare_released(&commanded("true").set_raw(
        "release",
        "steps",
        "[\"check\", \"build\", \"backup\", \"migrate\", \"promote\"]",
    ));
    let before = picture(&project);
    placed(
        &project,
        &with_tool("--mark {here}/mark --wait-for {here}/never").set_raw(
            "release",
            "steps",
            "[\"check\", \"build\", \"backup\", \"migrate\", \"promote\"]",
        ),
    );
    let deploy = deploy_until_marked(&project);
    deploy.interrupt();
    deploy.wait().exits(130).says("cancelled");
    assert_eq!(picture(&project), before);
    nobody_runs(&project.path().join("never").display().to_string());
}

#[test]
fn an_interrupted_migration_is_rolled_back_by_the_database() {
    let project = released();
    project.manifest(&second().set_raw(
        "release",
        "steps",
        "[\"check\", \"build\", \"migrate\", \"promote\"]",
    ));
    project.migration(
        "2_long.sql",
        "CREATE TABLE begun (id integer);\nINSERT INTO begun WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\n",
    );
    let before = picture(&project);
    let mut deploy = project.start(&["deploy", "--verbose"]);
    deploy.until_it_says("1. CREATE TABLE begun");
    deploy.interrupt();
    deploy.wait().exits(130);
    assert_eq!(picture(&project), before);
    assert_eq!(
        project.rows("SELECT name FROM sqlite_schema WHERE name = 'begun'"),
        Vec::<String>::new()
    );
}

#[test]
fn an_interrupted_promotion_puts_the_old_version_back() {
    let project = released();
    let before = picture(&project);
    placed(
        &project,
        &second().web("sh -c 'touch {here}/mark; exec ./fake-app --needs {here}/never'"),
    );
    let deploy = deploy_until_marked(&project);
    deploy.interrupt();
    deploy.wait().exits(130).says("release 1 serves");
    assert_eq!(picture(&project), before);
    assert_eq!(state_of(&project, 2), "rolled back");
    nobody_runs(&project.path().join("never").display().to_string());
    project.manifest(&second()).run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn an_interrupt_after_the_migration_says_that_the_schema_is_the_new_one() {
    let project = released();
    second_migration(&project);
    placed(
        &project,
        &second().web("sh -c 'touch {here}/mark; exec ./fake-app --needs {here}/never'"),
    );
    let deploy = deploy_until_marked(&project);
    deploy.interrupt();
    deploy
        .wait()
        .exits(5)
        .says("release 2 is migrated, not promoted");
    assert_eq!(project.serves().as_deref(), Some("1"));
    assert_eq!(project.rows("SELECT pinned FROM notes"), ["0"]);
    project.manifest(&second()).run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn a_second_interrupt_ends_at_once_and_leaves_a_release_to_resume() {
    let project = released();
    placed(
        &project,
        &second().set("build", "command", "sh -c 'trap \"\" TERM; touch {here}/mark; while [ ! -e {here}/go ]; do sleep 0.02; done'"),
    );
    let mut deploy = deploy_until_marked(&project);
    deploy.interrupt();
    deploy.until_it_says("once more to end at once");
    deploy.interrupt();
    deploy.wait().exits(130);
    project.file("go", "");
    project.run(&["deploy"]).exits(5).says("release 2");
    project.run(&["release", "cancel"]).exits(0);
    project.manifest(&second()).run(&["deploy"]).exits(0);
}

#[test]
fn a_polite_request_to_end_counts_as_an_interrupt() {
    let project = released();
    let before = picture(&project);
    placed(
        &project,
        &second().set(
            "build",
            "command",
            "sh -c 'touch {here}/mark; exec sleep 600'",
        ),
    );
    let deploy = deploy_until_marked(&project);
    deploy.signal(Signal::TERM);
    let ran = deploy.wait();
    assert!(matches!(ran.code, Some(130 | 143)), "{ran}");
    assert_eq!(picture(&project), before);
}

#[test]
fn a_second_deploy_is_refused_and_names_the_first() {
    let project = released();
    placed(
        &project,
        &second().set(
            "build",
            "command",
            "sh -c 'touch {here}/mark; while [ ! -e {here}/go ]; do sleep 0.02; done; cp {fake-app} fake-app'",
        ),
    );
    let first = deploy_until_marked(&project);
    project
        .run(&["deploy"])
        .exits(4)
        .says("another release is under way")
        .says(&format!("process {}", first.pid()))
        .says("release 2")
        .says("shipgate release cancel");
    project
        .run(&["release", "rollback"])
        .exits(4)
        .says(&format!("process {}", first.pid()));
    project
        .run(&["status"])
        .exits(0)
        .says(&format!("by process {}", first.pid()));
    project.file("go", "");
    first.wait().exits(0);
    eventually("the second version", || {
        project.serves().as_deref() == Some("2")
    });
}

#[test]
fn a_stop_while_a_release_is_under_way_is_refused() {
    let project = released();
    placed(
        &project,
        &second().set(
            "build",
            "command",
            "sh -c 'touch {here}/mark; exec sleep 600'",
        ),
    );
    let deploy = deploy_until_marked(&project);
    project
        .run(&["stop"])
        .exits(4)
        .says("release 2")
        .says(&format!("process {}", deploy.pid()))
        .says("shipgate release cancel");
    assert_eq!(project.serves().as_deref(), Some("1"));
    deploy.interrupt();
    deploy.wait().exits(130);
    project.run(&["stop"]).exits(0);
}

#[test]
fn a_running_release_is_cancelled_from_another_terminal() {
    let project = released();
    let before = picture(&project);
    placed(
        &project,
        &second().set(
            "build",
            "command",
            "sh -c 'touch {here}/mark; exec sleep 600'",
        ),
    );
    let deploy = deploy_until_marked(&project);
    project
        .run(&["release", "cancel"])
        .exits(0)
        .says(&format!("asked process {} to stop", deploy.pid()))
        .says("release 2 is aborted, nothing changed");
    deploy.wait().exits(130);
    assert_eq!(picture(&project), before);
}

#[test]
fn cancelling_nothing_is_no_error() {
    let project = project();
    project
        .run(&["release", "cancel"])
        .exits(0)
        .says("no release runs");
}

//! Releases whose process died.

use shipgate_testkit::{Manifest, Ran, Running, TestProject, mariadb, postgres};

use crate::support::{
    bare, commanded, picture, placed, project, released, second, second_migration, state_of,
};

/// Starts a deploy of the second version and kills it while it builds.
fn killed_while_building(project: &TestProject) {
    placed(
        project,
        &second().set(
            "build",
            "command",
            "sh -c 'touch {here}/mark; if [ ! -e {here}/go ]; then while [ -e {here}/mark ]; do sleep 0.02; done; exit 1; fi; cp {fake-app} fake-app'",
        ),
    );
    killed_at_mark(project);
    project.file("go", "");
}

fn killed_at_mark(project: &TestProject) {
    let mark = project.path().join("mark");
    let mut deploy: Running = project.start(&["deploy"]);
    deploy.until("the mark", |_| mark.exists());
    deploy.kill();
    assert_eq!(deploy.wait().signal, Some(9));
}

#[test]
fn a_deploy_after_a_dead_one_is_refused_with_the_ways_on() {
    let project = released();
    killed_while_building(&project);
    let before = picture(&project);
    project
        .run(&["deploy"])
        .exits(5)
        .says("release 2 was begun and has no end: its process died")
        .says("`shipgate release resume` goes on with it, `shipgate release cancel` ends it");
    project
        .run(&["release", "rollback"])
        .exits(5)
        .says("release 2");
    project
        .run(&["status"])
        .exits(0)
        .says("release 2 has no end");
    project
        .run(&["release", "list"])
        .exits(0)
        .prints("unfinished");
    assert_eq!(picture(&project), before);
}

#[test]
fn resuming_goes_on_to_the_end() {
    let project = released();
    second_migration(&project);
    killed_while_building(&project);
    project
        .run(&["release", "resume"])
        .exits(0)
        .says("resuming  release 2")
        .says("released");
    assert_eq!(project.serves().as_deref(), Some("2"));
    assert_eq!(project.rows("SELECT pinned FROM notes"), ["0"]);
    project
        .run(&["release", "resume"])
        .exits(0)
        .says("no release waits to be resumed");
}

#[test]
fn a_dead_promotion_is_resumed_with_the_machines_it_had_started() {
    let project = released();
    placed(
        &project,
        &second().web(
            "sh -c 'touch {here}/mark; echo begun >> {here}/begun; exec ./fake-app --version 2 --needs {here}/well'",
        ),
    );
    killed_at_mark(&project);
    assert_eq!(project.serves().as_deref(), Some("1"));
    project.file("well", "");
    project.run(&["release", "resume"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
    let begun = std::fs::read_to_string(project.path().join("begun")).unwrap();
    assert_eq!(
        begun, "begun\n",
        "the machine was adopted, not started twice"
    );
}

#[test]
fn a_resumed_release_is_the_one_that_was_begun_not_the_one_that_lies_there_now() {
    let project = released();
    killed_while_building(&project);
    project.manifest(&second().web("./fake-app --version 3"));
    project.run(&["release", "resume"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn cancelling_a_dead_release_ends_it_and_leaves_the_way_free() {
    let project = released();
    let before = picture(&project);
    killed_while_building(&project);
    project
        .run(&["release", "cancel"])
        .exits(0)
        .says("aborted, nothing changed");
    assert_eq!(picture(&project), before);
    assert_eq!(state_of(&project, 2), "aborted, nothing changed");
    project
        .manifest(&second())
        .run(&["deploy"])
        .exits(0)
        .says("release 3");
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn cancelling_a_dead_promotion_puts_the_old_version_back() {
    let project = released();
    let before = picture(&project);
    placed(
        &project,
        &second().web("sh -c 'touch {here}/mark; exec ./fake-app --needs {here}/never'"),
    );
    killed_at_mark(&project);
    project
        .run(&["release", "cancel"])
        .exits(0)
        .says("release 1 serves");
    assert_eq!(picture(&project), before);
    assert_eq!(state_of(&project, 2), "rolled back");
}

#[test]
fn a_first_release_that_died_can_be_cancelled() {
    let project = project();
    killed_while_building(&project);
    project.run(&["release", "cancel"]).exits(0);
    project
        .manifest(&Manifest::default())
        .run(&["deploy"])
        .exits(0);
    assert_eq!(project.serves().as_deref(), Some("1"));
}

/// The steps that need no backup.
const STEPS: &str = "[\"check\", \"build\", \"migrate\", \"promote\"]";

/// A gate before the database, which does not wait.
fn gate(project: &TestProject, url: &str) -> Ran {
    let gate = [
        "gate",
        "--url",
        url,
        "--lock-timeout",
        "0s",
        "--verify",
        "none",
        "--",
        "true",
    ];
    project.run(&gate)
}

/// Kills a deploy while its release command runs; until that has ended nobody
/// else migrates, and resuming stays with it.
fn its_command_is_not_left_without_the_lock(url: &str) {
    let project = bare(&Manifest::default());
    let command = "sh -c 'echo run >> {here}/runs; touch {here}/mark; while [ ! -e {here}/go ]; do sleep 0.02; done'";
    placed(
        &project,
        &commanded(command)
            .set("database", "url", url)
            .set_raw("release", "steps", STEPS),
    );
    killed_at_mark(&project);
    gate(&project, url)
        .exits(4)
        .says("the migration lock is held by shipgate deploy, release 1 (process ");
    let resume = project.start(&["release", "resume"]);
    gate(&project, url).exits(4);
    project.file("go", "");
    resume.wait().exits(0).says("release command `sh -c ");
    shipgate_testkit::eventually("the lock", || gate(&project, url).code == Some(0));
    let runs = std::fs::read_to_string(project.path().join("runs")).unwrap();
    assert_eq!(runs, "run\n");
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn on_sqlite_the_lock_outlives_a_dead_deploy_whose_command_runs() {
    its_command_is_not_left_without_the_lock("sqlite://data/app.db");
}

#[test]
fn on_postgresql_the_lock_outlives_a_dead_deploy_whose_command_runs() {
    its_command_is_not_left_without_the_lock(&postgres().database().url());
}

#[test]
fn on_mariadb_the_lock_outlives_a_dead_deploy_whose_command_runs() {
    its_command_is_not_left_without_the_lock(&mariadb().database().url());
}

#[test]
fn the_lock_of_a_dead_deploy_is_given_back_when_its_command_has_ended() {
    let url = "sqlite://data/app.db";
    let project = bare(&Manifest::default());
    let command = "sh -c 'touch {here}/mark; while [ ! -e {here}/go ]; do sleep 0.02; done'";
    let manifest = commanded(command).set_raw("release", "steps", STEPS);
    placed(&project, &manifest);
    killed_at_mark(&project);
    gate(&project, url).exits(4);
    project.file("go", "");
    shipgate_testkit::eventually("the lock", || gate(&project, url).code == Some(0));
}

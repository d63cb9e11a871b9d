//! Going back.

use shipgate_testkit::{Manifest, TestProject};

use crate::support::{picture, project, released, second, second_migration, serving_release};

/// Version 2, with its migration, serves.
fn second_released() -> TestProject {
    let project = released();
    second_migration(&project).manifest(&second());
    project.run(&["deploy"]).exits(0);
    project
}

#[test]
fn the_build_before_serves_again_and_the_schema_stays() {
    let project = second_released();
    project
        .run(&["release", "rollback"])
        .exits(0)
        .says("back to the build of release 1")
        .says("the schema stays as it is")
        .prints("http://");
    assert_eq!(project.serves().as_deref(), Some("1"));
    assert_eq!(project.rows("SELECT pinned FROM notes"), ["0"]);
    assert_eq!(serving_release(&project).as_deref(), Some("3"));
    project
        .run(&["release", "list"])
        .exits(0)
        .prints("rollback to 1");
}

#[test]
fn a_second_rollback_goes_further_back_or_says_that_there_is_nothing() {
    let project = second_released();
    project.manifest(&Manifest::default().web("./fake-app --version 3"));
    project.run(&["deploy"]).exits(0);
    project.run(&["release", "rollback"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
    project.run(&["release", "rollback"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("1"));
    let before = picture(&project);
    project
        .run(&["release", "rollback"])
        .exits(1)
        .says("no release before release")
        .says("--to N");
    assert_eq!(picture(&project), before);
    project.run(&["release", "rollback", "--to", "3"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("3"));
}

#[test]
fn a_deploy_after_a_rollback_releases_again() {
    let project = second_released();
    project.run(&["release", "rollback"]).exits(0);
    project.run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn a_rollback_before_the_first_release_says_so() {
    let project = project();
    project
        .run(&["release", "rollback"])
        .exits(2)
        .says("nothing has been released here yet");
}

#[test]
fn a_release_that_never_served_is_none_to_go_back_to() {
    let project = released();
    project.manifest(&second().web("./fake-app --exit 7"));
    project.run(&["deploy"]).exits(1);
    project
        .run(&["release", "rollback", "--to", "2"])
        .exits(2)
        .says("release 2 is none to go back to");
    project
        .run(&["release", "rollback", "--to", "99"])
        .exits(2)
        .says("release list");
}

#[test]
fn restoring_asks_first_and_tells_what_would_be_lost() {
    let project = second_released();
    project.sql("INSERT INTO notes (body) VALUES ('since'), ('too')");
    let before = picture(&project);
    project
        .run(&["release", "rollback", "--restore"])
        .exits(2)
        .says("restoring backup release-2 loses what was written since")
        .says("notes")
        .says("2 ")
        .says("`--yes` answers yes");
    assert_eq!(picture(&project), before);
}

#[test]
fn restoring_puts_schema_and_rows_back_after_a_safety_copy() {
    let project = second_released();
    project.sql("INSERT INTO notes (body) VALUES ('since')");
    project
        .run(&["release", "rollback", "--restore", "--yes"])
        .exits(0)
        .says("loses what was written since")
        .says("restored backup release-2");
    assert_eq!(project.serves().as_deref(), Some("1"));
    assert_eq!(project.rows("SELECT * FROM notes"), ["1|first"]);
    let listed = project.run(&["backup", "list"]).exits(0).stdout;
    assert!(listed.contains("release-3"), "the safety copy: {listed}");
    project
        .run(&["backup", "restore", "release-3", "--yes"])
        .exits(0);
    assert_eq!(
        project.rows("SELECT body, pinned FROM notes ORDER BY id"),
        ["first|0", "since|0"]
    );
}

#[test]
fn restoring_what_nobody_wrote_to_loses_nothing_and_says_so() {
    let project = second_released();
    project
        .run(&["release", "rollback", "--restore", "--yes"])
        .exits(0)
        .says("no write is lost");
    assert_eq!(project.rows("SELECT * FROM notes"), ["1|first"]);
}

#[test]
fn a_rolled_back_version_that_is_not_healthy_any_more_is_not_left_serving() {
    let alive = tempfile::NamedTempFile::new().unwrap();
    let path = alive.path().display().to_string();
    let first = Manifest::default()
        .web(&format!("./fake-app --version 1 --needs {path}"))
        .set("deploy", "wait_timeout", "1s");
    let project = crate::support::released_with(&first);
    project.manifest(&second());
    project.run(&["deploy"]).exits(0);
    drop(alive);
    project
        .run(&["release", "rollback"])
        .exits(1)
        .says("release 2 serves");
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn a_build_that_is_not_kept_any_more_is_told_as_that() {
    let few = |version: &str| {
        Manifest::default()
            .web(&format!("./fake-app --version {version}"))
            .set_raw("release", "keep_releases", "1")
    };
    let project = crate::support::released_with(&few("1"));
    for version in ["2", "3", "4"] {
        project.manifest(&few(version));
        project.run(&["deploy"]).exits(0);
    }
    assert!(!project.state().join("releases/1/build").exists());
    project
        .run(&["release", "rollback", "--to", "1"])
        .exits(1)
        .says("the build of release 1 is not kept any more")
        .says("keep_releases");
    project.run(&["release", "rollback"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("3"));
    project.run(&["release", "list"]).exits(0).prints("1  ");
}

#[test]
fn on_failure_restore_puts_a_half_done_migration_back() {
    let project = released();
    let restoring = second().set("release", "on_failure", "restore").set_raw(
        "release",
        "steps",
        "[\"check\", \"build\", \"backup\", \"migrate\", \"promote\"]",
    );
    project
        .manifest(&restoring)
        .file("migrations/2_a.sql", "CREATE TABLE a (id integer);\n")
        .migration(
            "3_b.sql",
            "CREATE TABLE b (id integer);\nALTER TABLE nowhere ADD COLUMN x;\n",
        );
    project
        .run(&["deploy"])
        .exits(1)
        .says("no such table: nowhere")
        .says("restored backup release-2");
    assert_eq!(
        project.rows("SELECT name FROM sqlite_schema WHERE name IN ('a', 'b')"),
        Vec::<String>::new()
    );
    assert_eq!(project.rows("SELECT body FROM notes"), ["first"]);
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn on_failure_stop_leaves_the_files_before_the_broken_one_and_says_half_migrated() {
    let project = released();
    project
        .manifest(&second().set_raw(
            "release",
            "steps",
            "[\"check\", \"build\", \"migrate\", \"promote\"]",
        ))
        .file("migrations/2_a.sql", "CREATE TABLE a (id integer);\n")
        .migration(
            "3_b.sql",
            "CREATE TABLE b (id integer);\nALTER TABLE nowhere ADD COLUMN x;\n",
        );
    project
        .run(&["deploy"])
        .exits(5)
        .says("half-migrated")
        .says("3_b.sql:2:")
        .says("release 1 serves on");
    assert_eq!(
        project.rows("SELECT name FROM sqlite_schema WHERE name IN ('a', 'b')"),
        ["a"]
    );
    project.migration("3_b.sql", "CREATE TABLE b (id integer);\n");
    project.run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

//! A project file that cannot be used: place, what is wrong, what would be right.

use shipgate_testkit::Manifest;

use crate::support::{empty, picture, project, project_with, refused, released, second};

#[test]
fn broken_toml_is_told_with_its_line_and_column() {
    let project = released();
    project.file("shipgate.toml", "app = \"probe\"\nkill_timeout = [1,,\n");
    refused(&project, 2)
        .says("shipgate.toml:2:19:")
        .says("kill_timeout = [1,,")
        .says("extra comma");
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_known_one() {
    let project = released();
    let text = second().set("release", "setle", "1s").to_string();
    project.file("shipgate.toml", &text);
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("setle"))
        .unwrap();
    refused(&project, 2)
        .says(&format!(
            "shipgate.toml:{line}:1: unknown key `setle` in [release]"
        ))
        .says("did you mean `settle`?");
}

#[test]
fn every_error_of_a_file_is_told_at_once() {
    let project = empty();
    project.file(
        "shipgate.toml",
        "app = \"probe\"\n[processes]\nweb = \"./a | ./b\"\n[deploy]\nstrategy = \"rollin\"\n",
    );
    refused(&project, 2)
        .says("2 errors")
        .says("`|` needs a shell")
        .says("rolling");
}

#[test]
fn without_a_project_file_the_smallest_one_is_shown() {
    let project = empty();
    refused(&project, 2)
        .says("no shipgate.toml and no fly.toml")
        .says("app = \"my-app\"");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let project = project();
    project
        .run(&["deploy", "elsewhere"])
        .exits(2)
        .says("elsewhere does not exist");
}

#[test]
fn a_name_that_is_not_set_begins_no_release() {
    let project = project_with(&Manifest::default().set("database", "url", "${NOWHERE_URL}"));
    refused(&project, 2)
        .says("`NOWHERE_URL` is not set")
        .says("set NOWHERE_URL");
    project
        .manifest(&Manifest::default())
        .run(&["deploy"])
        .exits(0)
        .says("release 1");
}

#[test]
fn shell_syntax_is_refused_with_the_way_to_ask_for_a_shell() {
    let project = project_with(&Manifest::default().web("cd /srv && ./fake-app"));
    refused(&project, 2)
        .says("`&&` needs a shell")
        .says("sh -c 'cd /srv && ./fake-app'");
}

#[test]
fn what_this_runtime_cannot_run_is_refused_before_a_release_begins() {
    let project = project_with(&Manifest::default().strategy("bluegreen").unchecked());
    let before = picture(&project);
    project.run(&["deploy"]).exits(2).says("at least 1 check");
    assert_eq!(picture(&project), before);
    project
        .run(&["release", "list"])
        .exits(0)
        .never_says("deploy ");
}

#[test]
fn a_broken_project_file_hides_neither_status_nor_logs() {
    let project = released();
    project.file("shipgate.toml", "app = [");
    project.run(&["status"]).exits(0).prints("release 1 at");
    project.run(&["ps"]).exits(0).prints("r1-web-1");
    project.run(&["logs"]).exits(0).prints("fake-app 1 listens");
    project
        .run(&["release", "list"])
        .exits(0)
        .prints("released");
}

//! Apps that cannot be run, or do not stay well.

use std::net::TcpListener;

use shipgate_testkit::Manifest;

use crate::support::{
    project, project_with, refused, released, second, second_migration, state_of,
};

/// The second version, made by `command` in place of the fake app.
fn made_of(build: &str, app: &str) -> Manifest {
    Manifest::default()
        .set("build", "command", build)
        .set_raw("build", "include", "[\"app\"]")
        .web(app)
}

#[test]
fn an_app_that_is_not_executable_is_found_before_the_schema_changes() {
    let project = released();
    second_migration(&project);
    project
        .file("source", "#!/bin/sh\nexit 0\n")
        .manifest(&made_of("cp source app", "./app"));
    refused(&project, 1)
        .says("is not executable")
        .says("chmod +x")
        .never_says("releases/2/build/./app");
}

#[test]
fn a_script_without_a_first_line_is_found_before_the_schema_changes() {
    let project = released();
    second_migration(&project);
    project
        .script("source", "echo hello\n")
        .manifest(&made_of("cp source app", "./app"));
    refused(&project, 1).says("#!").says("first line");
}

#[test]
fn an_app_whose_interpreter_is_missing_is_found_before_the_schema_changes() {
    let project = released();
    second_migration(&project);
    project
        .script("source", "#!/usr/bin/no-such-interpreter\n")
        .manifest(&made_of("cp source app", "./app"));
    refused(&project, 1).says("/usr/bin/no-such-interpreter");
}

#[test]
fn a_command_that_is_not_there_is_found_before_the_schema_changes() {
    let project = released();
    second_migration(&project);
    project.manifest(&second().web("no-such-app serve"));
    refused(&project, 1).says("command not found: `no-such-app`");
    project.manifest(&second().web("./no-such-app serve"));
    refused(&project, 1).says("no-such-app");
}

#[test]
fn a_name_a_command_needs_is_asked_for_before_the_schema_changes() {
    let project = released();
    second_migration(&project);
    project.manifest(&second().web("./fake-app --version ${NO_SUCH_NAME}"));
    refused(&project, 2)
        .says("`NO_SUCH_NAME` is not set")
        .says("set NO_SUCH_NAME under [env]");
}

#[test]
fn names_in_commands_are_replaced_without_a_shell() {
    let manifest = Manifest::default()
        .set("env", "VERSION", "1.5")
        .web("./fake-app --version v${VERSION}-$$5");
    let project = project_with(&manifest);
    project.run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("v1.5-$5"));
}

#[test]
fn a_build_command_that_fails_is_told_with_its_last_lines() {
    let project = released();
    project.manifest(&second().set(
        "build",
        "command",
        "sh -c 'echo compiling; echo missing header >&2; exit 3'",
    ));
    refused(&project, 1)
        .says("the build command failed: exit status: 3")
        .says("compiling")
        .says("missing header")
        .says("build.log");
    project
        .run(&["release", "logs"])
        .exits(0)
        .prints("missing header");
}

#[test]
fn a_build_command_that_is_not_there_is_told_as_that() {
    let project = released();
    project.manifest(&second().set("build", "command", "no-such-compiler"));
    refused(&project, 1)
        .says("cannot start the build command `no-such-compiler`")
        .says("install it");
}

#[test]
fn an_included_file_that_is_not_there_is_named() {
    let project = released();
    project.manifest(&second().set_raw("build", "include", "[\"fake-app\", \"public\"]"));
    refused(&project, 2).says("`public`");
}

#[test]
fn a_front_door_whose_port_is_taken_is_told_before_the_schema_changes() {
    let project = project();
    let taken = TcpListener::bind(("127.0.0.1", project.port())).unwrap();
    let ran = project.run(&["deploy"]).exits(1);
    drop(taken);
    let address = format!("127.0.0.1:{}", project.port());
    ran.says(&format!("{address} is already in use by another program"))
        .says("set another `[runtime] listen`");
    assert!(!project.path().join("data").exists());
}

#[test]
fn an_app_that_ends_at_once_is_told_with_its_last_words() {
    let project = released();
    project.manifest(&second().web("./fake-app --exit 7"));
    refused(&project, 1)
        .says("exit code 7")
        .says("err | fake-app: ending at once, as asked")
        .says("shipgate logs r2-web-1")
        .says("release 2 is rolled back: release 1 serves on");
    assert_eq!(state_of(&project, 2), "rolled back");
}

#[test]
fn an_app_that_is_never_healthy_is_told_with_what_it_answered() {
    let project = released();
    project.manifest(
        &second()
            .web("./fake-app --unhealthy")
            .set("deploy", "wait_timeout", "1s"),
    );
    refused(&project, 1)
        .says("r2-web-1 was not healthy within 1 s")
        .says("503 Service Unavailable")
        .says("release 1 serves on");
}

#[test]
fn an_app_that_listens_elsewhere_is_told_where() {
    let project = released();
    project.manifest(&second().web("sh -c 'PORT=9 exec ./fake-app'").set(
        "deploy",
        "wait_timeout",
        "1s",
    ));
    let other = shipgate_testkit::free_port();
    project.manifest(
        &second()
            .web(&format!("sh -c 'PORT={other} exec ./fake-app'"))
            .set("deploy", "wait_timeout", "1s"),
    );
    refused(&project, 1)
        .says(&format!("it listens on port {other} instead"))
        .says("listen on the port in its environment's PORT");
}

#[test]
fn an_app_that_is_healthy_and_then_dead_is_put_back() {
    let project = released();
    project.manifest(
        &second()
            .web("./fake-app --die-after-ready")
            .set("release", "settle", "3s"),
    );
    refused(&project, 1)
        .says("killed by SIGABRT")
        .says("release 1 serves on");
}

#[test]
fn a_migrated_schema_stays_when_the_app_does_not_come_up_and_that_is_said() {
    let project = released();
    second_migration(&project).manifest(&second().web("./fake-app --exit 7"));
    project
        .run(&["deploy"])
        .exits(5)
        .says("release 2 is migrated, not promoted: the schema is the new one; release 1 serves on")
        .says("hint: mend it and deploy again");
    assert_eq!(project.serves().as_deref(), Some("1"));
    assert_eq!(project.rows("SELECT pinned FROM notes"), ["0"]);
    project.manifest(&second()).run(&["deploy"]).exits(0);
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn every_group_has_its_own_machines_and_only_the_first_is_reached() {
    let manifest = Manifest::default()
        .set("processes", "worker", "sh -c 'echo works; exec sleep 600'")
        .set_raw("http_service", "processes", "[\"web\"]")
        .set_raw("runtime", "machines", "{ web = 2 }");
    let project = project_with(&manifest);
    project.run(&["deploy"]).exits(0).says("3 machines healthy");
    let listed = project.run(&["ps"]).exits(0).stdout;
    for id in ["r1-web-1", "r1-web-2", "r1-worker-1"] {
        assert!(listed.contains(id), "{listed}");
    }
    project
        .run(&["logs", "r1-worker-1"])
        .exits(0)
        .prints("out works");
}

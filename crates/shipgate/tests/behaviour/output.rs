//! The stream for machines, and what must never be in any stream.

use std::fs;

use serde_json::Value;
use shipgate_testkit::{Manifest, Ran};

use crate::support::{bare, empty, project, released, second, second_migration};

/// The lines of a JSON stream; every one must be JSON.
#[track_caller]
fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Fails unless a stream begins and ends as streams do.
#[track_caller]
fn stream(ran: &Ran, code: i32) -> Vec<Value> {
    let lines = lines(ran);
    assert_eq!(ran.code, Some(code), "{ran}");
    assert_eq!(lines[0]["type"], "start", "{ran}");
    assert_eq!(lines[0]["schema"], 1);
    let last = lines.last().unwrap();
    assert_eq!(last["type"], "end", "{ran}");
    assert_eq!(last["exit_code"], code);
    lines
}

#[test]
fn a_release_is_a_stream_from_start_to_end() {
    let project = project();
    let ran = project.run(&["deploy", "--output", "json"]);
    let lines = stream(&ran, 0);
    let last = lines.last().unwrap();
    assert_eq!(last["result"]["release"], 1);
    assert_eq!(last["result"]["end"], "released");
    assert_eq!(
        last["result"]["address"],
        format!("http://127.0.0.1:{}", project.port())
    );
    let steps: Vec<&str> = lines
        .iter()
        .filter(|line| line["record"]["type"] == "finished")
        .filter_map(|line| line["record"]["step"].as_str())
        .collect();
    assert_eq!(
        steps,
        [
            "check", "build", "backup", "rehearse", "migrate", "verify", "promote"
        ]
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_failed_release_is_a_stream_with_its_error() {
    let project = released();
    project
        .manifest(&second())
        .migration("2_broken.sql", "ALTER TABLE nowhere ADD COLUMN x;\n");
    let ran = project.run(&["deploy", "--output", "json"]);
    let lines = stream(&ran, 1);
    let error = lines.iter().find(|line| line["type"] == "error").unwrap();
    assert_eq!(error["code"], "migration-failed");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("no such table: nowhere")
    );
    assert!(error["hint"].is_string());
    assert_eq!(lines.last().unwrap()["result"]["end"], "aborted");
}

#[test]
fn what_is_refused_before_it_begins_is_a_stream_too() {
    let project = empty();
    let ran = project.run(&["deploy", "--output", "json"]);
    let lines = stream(&ran, 2);
    assert_eq!(lines[1]["type"], "error");
    assert_eq!(lines[1]["code"], "project-file");
}

#[test]
fn rollback_resume_and_cancel_are_streams() {
    let project = released();
    project.manifest(&second());
    project.run(&["deploy"]).exits(0);
    stream(
        &project.run(&["release", "rollback", "--output", "json"]),
        0,
    );
    stream(&project.run(&["release", "resume", "--output", "json"]), 0);
    stream(&project.run(&["release", "cancel", "--output", "json"]), 0);
    stream(&project.run(&["release", "show", "--output", "json"]), 0);
}

#[test]
fn looks_are_json_lines() {
    let project = released();
    for arguments in [
        &["status", "--output", "json"][..],
        &["ps", "--output", "json"],
        &["logs", "--output", "json"],
        &["release", "list", "--output", "json"],
        &["backup", "list", "--output", "json"],
        &["doctor", "--output", "json"],
        &["config", "show", "--output", "json"],
    ] {
        let ran = project.run(arguments);
        lines(&ran);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran}");
    }
}

#[test]
fn quiet_says_nothing_but_the_address() {
    let project = project();
    let ran = project.run(&["deploy", "--quiet"]).exits(0);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.stdout, format!("http://127.0.0.1:{}\n", project.port()));
}

#[test]
fn release_show_tells_a_release_again() {
    let project = released();
    second_migration(&project);
    project.run(&["deploy"]).exits(0);
    let told = project.run(&["release", "show", "2"]).exits(0);
    let told = format!("{}{}", told.stdout, told.stderr);
    for words in ["release 2", "1 migration with 1 statement", "released"] {
        assert!(told.contains(words), "no `{words}` in {told}");
    }
    project
        .run(&["release", "show", "9"])
        .exits(2)
        .says("there is no release 9");
}

#[test]
fn secrets_are_nowhere_to_be_read() {
    let token = "correct-horse-battery";
    let password = "staple-of-the-url";
    let manifest = Manifest::default()
        .set("env", "API_TOKEN", token)
        .set(
            "env",
            "CACHE_URL",
            &format!("redis://app:{password}@cache/0"),
        )
        .set_raw("build", "include", "[\"fake-app\"]")
        .web("sh -c 'env; echo my token is $API_TOKEN >&2; exec ./fake-app --version 1'")
        .release_command("sh -c 'env; echo $CACHE_URL; exit 0'");
    let project = bare(&manifest);
    let mut said = Vec::new();
    let mut run = |arguments: &[&str]| {
        let ran = project.run(arguments);
        said.push((
            format!("{arguments:?}"),
            format!("{}{}", ran.stdout, ran.stderr),
        ));
    };
    run(&["deploy", "--verbose"]);
    run(&["release", "show", "--verbose"]);
    run(&["release", "logs"]);
    run(&["logs"]);
    run(&["logs", "--output", "json"]);
    run(&["ps", "--all", "--output", "json"]);
    run(&["status", "--output", "json"]);
    run(&["config", "show"]);
    run(&["config", "show", "--output", "json"]);
    run(&["doctor"]);
    project.manifest(
        &manifest
            .clone()
            .release_command("sh -c 'echo failing with $API_TOKEN and $CACHE_URL; exit 1'"),
    );
    run(&["deploy", "--output", "json"]);
    run(&["release", "show"]);
    project.manifest(
        &manifest
            .web("./fake-app --version ${API_TOKEN} --unhealthy")
            .set("deploy", "wait_timeout", "1s"),
    );
    run(&["deploy"]);
    for name in [
        "releases/1/journal",
        "releases/2/journal",
        "releases/3/journal",
        "daemon.log",
        "daemon.json",
    ] {
        said.push((name.to_owned(), project.state_file(name)));
    }
    for entry in fs::read_dir(project.state().join("machines"))
        .unwrap()
        .flatten()
    {
        let log = entry.path().join("log");
        let bytes = fs::read(&log).unwrap_or_default();
        said.push((
            log.display().to_string(),
            String::from_utf8_lossy(&bytes).into_owned(),
        ));
        let events = entry.path().join("events.jsonl");
        said.push((
            events.display().to_string(),
            fs::read_to_string(events).unwrap_or_default(),
        ));
    }
    assert!(
        said.iter().any(|(_, text)| text.contains("my token is")),
        "the app was asked to tell"
    );
    for (place, text) in &said {
        for secret in [token, password] {
            assert!(!text.contains(secret), "`{secret}` in {place}:\n{text}");
        }
    }
}

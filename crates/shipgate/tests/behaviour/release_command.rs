//! The release command: words, environment, limits, logs.

use shipgate_testkit::{Manifest, binary};

use crate::support::{
    bare, bare_released, commanded, empty, nobody_runs, picture, project, refused,
    second_migration, with_tool,
};

/// What the release command's machine on the live database wrote.
fn written(project: &shipgate_testkit::TestProject) -> String {
    project.run(&["logs", "r1-migrate-1"]).exits(0).stdout
}

#[test]
fn its_environment_is_flys_and_has_no_port() {
    let manifest = commanded("env")
        .set("env", "GREETING", "good evening")
        .set_raw("http_service", "internal_port", "8080");
    let project = bare(&manifest);
    project.run(&["deploy"]).exits(0);
    let said = written(&project);
    let database = format!(
        "DATABASE_URL=sqlite://{}/data/app.db",
        project.path().canonicalize().unwrap().display()
    );
    for line in [
        "RELEASE_COMMAND=1",
        "FLY_PROCESS_GROUP=fly_app_release_command",
        "FLY_APP_NAME=probe",
        "FLY_MACHINE_ID=r1-migrate-1",
        "GREETING=good evening",
        &database,
    ] {
        assert!(said.contains(&format!("out {line}")), "no {line} in {said}");
    }
    assert!(!said.contains(" PORT="), "{said}");
    assert!(!said.contains("SHIPGATE"), "{said}");
}

#[test]
fn it_is_rehearsed_on_a_copy_and_then_run_on_the_database() {
    let project = bare(&with_tool(
        "--sql 'CREATE TABLE a (x)' --sql 'INSERT INTO a VALUES (1)'",
    ));
    project
        .run(&["deploy"])
        .exits(0)
        .says("on a copy")
        .says("schema as rehearsed");
    assert_eq!(project.rows("SELECT x FROM a"), ["1"]);
}

#[test]
fn its_words_are_split_as_a_shell_would_and_names_are_replaced() {
    let manifest =
        with_tool("--print 'two words' --print \"a ${NAME} and $$5\" --print plain\\ one")
            .set("env", "NAME", "value");
    let project = bare(&manifest);
    project.run(&["deploy"]).exits(0);
    let said = written(&project);
    for line in ["two words", "a value and $5", "plain one"] {
        assert!(
            said.contains(&format!("out {line}")),
            "no `{line}` in {said}"
        );
    }
}

#[test]
fn shell_syntax_is_refused_with_the_way_to_ask_for_a_shell() {
    for command in ["./m && ./n", "./m | tee log", "./m > log", "./m; ./n"] {
        let project = bare(&commanded(command));
        refused(&project, 2)
            .says("needs a shell")
            .says(&format!("sh -c '{command}'"));
    }
}

#[test]
fn a_name_that_is_not_set_is_named_before_anything_is_built() {
    let project = bare(&with_tool("--print ${NO_SUCH_NAME}"));
    refused(&project, 2)
        .says("`NO_SUCH_NAME` is not set")
        .says("write `$$` for a dollar");
}

#[test]
fn one_that_is_not_there_is_told_before_the_database_is_touched() {
    let project = bare(&commanded("no-such-tool migrate"));
    refused(&project, 1).says("command not found: `no-such-tool`");
}

#[test]
fn one_that_fails_on_the_copy_shows_its_last_lines_and_touches_nothing() {
    let project = bare_released(&commanded("true"));
    project.manifest(&with_tool(
        "--sql 'CREATE TABLE half (x)' --print 'on stdout' --warn 'on stderr' --exit 3",
    ));
    let ran = refused(&project, 1);
    ran.says("exit code 3 (on a copy of the database)")
        .says("out | on stdout")
        .says("err | on stderr")
        .says("the whole log: `shipgate logs r2-rehearse-1`")
        .says("it ran on a copy; the database itself was not touched");
    project
        .run(&["logs", "r2-rehearse-1"])
        .exits(0)
        .prints("on stdout");
    project
        .run(&["release", "logs", "2"])
        .exits(0)
        .prints("r2-rehearse-1 | ")
        .prints("on stderr");
}

#[test]
fn one_that_fails_half_way_says_that_the_schema_is_not_as_it_was() {
    let steps = "[\"check\", \"build\", \"backup\", \"migrate\", \"promote\"]";
    let project = bare_released(&commanded("true").set_raw("release", "steps", steps));
    project.manifest(
        &with_tool("--sql 'CREATE TABLE half (x)' --exit 3").set_raw("release", "steps", steps),
    );
    project
        .run(&["deploy"])
        .exits(5)
        .says("exit code 3")
        .says("the schema is not as it was before the command")
        .says("half-migrated");
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn one_that_wrote_rows_and_failed_is_not_said_to_have_changed_nothing() {
    let steps = "[\"check\", \"build\", \"migrate\", \"promote\"]";
    let project = bare_released(&commanded("true").set_raw("release", "steps", steps));
    project.manifest(
        &with_tool("--sql \"DELETE FROM notes\" --exit 3").set_raw("release", "steps", steps),
    );
    project
        .run(&["deploy"])
        .exits(5)
        .says("rows were written while the command ran")
        .says("release 2 is unknown");
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn one_that_failed_without_a_write_changed_nothing() {
    let steps = "[\"check\", \"build\", \"migrate\", \"promote\"]";
    let project = bare_released(&commanded("true").set_raw("release", "steps", steps));
    project.manifest(&with_tool("--exit 3").set_raw("release", "steps", steps));
    refused(&project, 1)
        .says("the database is as it was before the command")
        .says("release 2 is aborted, nothing changed");
}

#[test]
fn a_timeout_stops_it_and_everything_it_started() {
    let seconds = 80_000 + std::process::id() % 10_000;
    let manifest = commanded(&format!(
        "sh -c 'echo begins; (setsid sleep {seconds} &); sleep {seconds} & sleep {seconds}'"
    ))
    .set("deploy", "release_command_timeout", "1s");
    let text = format!("kill_timeout = \"1s\"\n{manifest}");
    let project = empty();
    project.file("shipgate.toml", &text);
    refused(&project, 4)
        .says("ran longer than its timeout")
        .says("out | begins")
        .says("`[deploy] release_command_timeout`");
    nobody_runs(&format!("sleep {seconds}"));
}

#[test]
fn its_memory_limit_is_kept_and_told_as_the_cause() {
    let manifest = with_tool("--eat 300").set("deploy.release_command_vm", "memory", "64mb");
    let project = bare(&manifest);
    refused(&project, 1)
        .says("out of memory")
        .says("[deploy.release_command_vm] memory");
}

#[test]
fn a_signal_that_ends_it_is_told_by_name() {
    let project = bare(&commanded("sh -c 'kill -SEGV $$'"));
    refused(&project, 1).says("killed by SIGSEGV");
}

#[test]
fn both_streams_are_kept_whole_in_order() {
    let manifest = commanded("sh -c 'for i in $(seq 1 300); do echo line $i; done; echo last >&2'");
    let project = bare(&manifest);
    project.run(&["deploy"]).exits(0);
    let logs = project.run(&["release", "logs"]).exits(0).stdout;
    let lines: Vec<&str> = logs
        .lines()
        .filter(|line| line.starts_with("r1-migrate-1"))
        .collect();
    assert_eq!(lines.len(), 302, "{logs}");
    assert!(lines[0].ends_with("out line 1") && lines[299].ends_with("out line 300"));
    assert!(lines[300].ends_with("err last"));
    assert!(lines[301].ends_with("exit code 0"));
}

/// A project whose machines are entered through `shipgate entrypoint`.
fn with_entrypoint() -> Manifest {
    let program = binary("shipgate");
    Manifest::default()
        .set(
            "runtime",
            "entrypoint",
            &format!("{} entrypoint", program.display()),
        )
        .set_raw("build", "include", "[\"fake-app\", \"shipgate.toml\"]")
        .release_command("migrate")
}

#[test]
fn the_entrypoint_migrates_the_database_it_was_told() {
    let project = crate::support::project_with(&with_entrypoint());
    project
        .run(&["deploy"])
        .exits(0)
        .says("history at version 1");
    project.sql("INSERT INTO notes (body) VALUES ('first')");
    assert_eq!(project.serves().as_deref(), Some("1"));
    second_migration(&project).run(&["deploy"]).exits(0);
    assert_eq!(project.rows("SELECT pinned FROM notes"), ["0"]);
    let build = project.state().join("releases/2/build");
    assert!(
        !build.join("data").exists(),
        "nothing was written into the build"
    );
}

#[test]
fn the_entrypoint_serves_runs_anything_and_refuses_too_many_words() {
    let project = project();
    project
        .run(&["entrypoint", "echo", "any command"])
        .exits(0)
        .prints("any command");
    project.run(&["entrypoint", "sh", "-c", "exit 9"]).exits(9);
    project
        .run(&["entrypoint", "migrate", "now"])
        .exits(1)
        .says("`migrate` takes no argument");
    project
        .run(&["entrypoint", "no-such-command"])
        .exits(127)
        .says("cannot run `no-such-command`");
    project
        .run(&["entrypoint", "migrate"])
        .exits(0)
        .says("1 migration");
    assert_eq!(project.rows("SELECT count(*) FROM notes"), ["0"]);
    project
        .run(&["entrypoint", "migrate"])
        .exits(0)
        .says("nothing pending");
    let before = picture(&project);
    project
        .file(
            "shipgate.toml",
            &Manifest::default().web("no-such-server").to_string(),
        )
        .run(&["entrypoint"])
        .exits(127)
        .says("no-such-server");
    assert_eq!(picture(&project), before);
}

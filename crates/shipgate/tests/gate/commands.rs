//! What is run, with which environment, and what is shown of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use shipgate_testkit::Ran;

use crate::place::{BOTH, Engine, Place};

#[test]
fn a_gate_shows_what_is_pending_runs_the_command_and_verifies_the_history() {
    let place = Place::knex();
    place.script(&format!("echo applying\necho loudly >&2\n{BOTH}"));
    let ran = place.pass().exits(0);
    assert_eq!(ran.stdout, "applying\n");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        lines[..7],
        [
            "Knex: migrations, history knex_migrations (not there)",
            "VERSION  NAME   STATE    WHEN (UTC)  BY",
            "1        users  pending  -           -",
            "2        posts  pending  -           -",
            "2 pending",
            "running `./migrate.sh`",
            "loudly"
        ]
    );
    assert!(
        lines[7].starts_with("2 migrations applied; verified: 2 applied in "),
        "{ran}"
    );
    let log = place.log();
    assert!(
        log.contains("out| applying") && log.contains("err| loudly"),
        "{log}"
    );
}

#[test]
fn nothing_pending_starts_no_command() {
    let place = Place::knex();
    place
        .applied(&["1_users.js", "2_posts.js"])
        .script("exit 1\n");
    place
        .pass()
        .exits(0)
        .says("nothing is pending: `./migrate.sh` is not started");
    assert_eq!(place.runs(), 0);
    place.script("true\n");
    place
        .gate(&["--always", "--", "./migrate.sh"])
        .exits(0)
        .says("nothing more was applied; verified: 2 applied in ");
    assert_eq!(place.runs(), 1);
}

#[test]
fn the_command_gets_this_environment_and_the_database_of_the_flag() {
    let place = Place::knex();
    place.script(&format!("echo \"$DATABASE_URL $GREETING $PWD\"\n{BOTH}"));
    let mut command = place.command(&["gate", "--url", "sqlite://app.db", "--", "./migrate.sh"]);
    let ran = Ran::from(command.env("GREETING", "hello").output().unwrap()).exits(0);
    let here = place.path().canonicalize().unwrap();
    let here = here.display();
    assert_eq!(ran.stdout, format!("sqlite://{here}/app.db hello {here}\n"));
}

#[test]
fn rails_is_told_the_database_by_its_adapter_s_name() {
    let place = Place::new_empty();
    place.file("db/migrate/20261101100000_users.rb", "");
    place.script("echo \"$DATABASE_URL\"\n");
    let arguments = ["--url", "sqlite://app.db", "--verify", "none"];
    let mut command = place.command(&[&["gate"], &arguments[..], &["--", "./migrate.sh"]].concat());
    let ran = Ran::from(command.output().unwrap()).exits(0);
    let here = place.path().canonicalize().unwrap();
    assert_eq!(ran.stdout, format!("sqlite3://{}/app.db\n", here.display()));
}

#[test]
fn a_database_url_of_the_environment_stays_as_it_is() {
    let place = Place::knex();
    place.script(&format!("echo \"$DATABASE_URL\"\n{BOTH}"));
    let mut command = place.command(&["gate", "--", "./migrate.sh"]);
    let ran = Ran::from(
        command
            .env("DATABASE_URL", "sqlite://app.db")
            .output()
            .unwrap(),
    );
    assert_eq!(ran.exits(0).stdout, "sqlite://app.db\n");
}

#[test]
fn in_a_detected_project_gate_alone_runs_the_tool_s_own_command() {
    let place = Place::new(Engine::Sqlite);
    place.file("db/migrate/1_users.rb", "");
    place.program(
        "bin/rails",
        "[ \"$*\" = db:migrate ]\nsql 'CREATE TABLE schema_migrations (version varchar primary key)'\n\
         sql \"INSERT INTO schema_migrations VALUES ('1')\"\n",
    );
    place
        .gate(&[])
        .exits(0)
        .says("running `bin/rails db:migrate`")
        .says("1 migration applied; verified: 1 applied");
}

#[test]
fn goose_is_told_the_database_in_its_own_variables() {
    let place = Place::new(Engine::Sqlite);
    place.file(
        "migrations/00001_users.sql",
        "-- +goose Up\nCREATE TABLE users (id int);\n",
    );
    place.program(
        "bin/goose",
        "[ \"$*\" = '-dir migrations up' ] && [ \"$GOOSE_DRIVER\" = sqlite3 ]\n\
         sqlite3 \"$GOOSE_DBSTRING\" 'CREATE TABLE goose_db_version (id integer primary key, version_id integer, \
         is_applied integer, tstamp timestamp); INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1)'\n",
    );
    let path = format!(
        "{}:{}",
        place.path().join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = place.command(&["gate", "--url", "sqlite://app.db"]);
    Ran::from(command.env("PATH", path).output().unwrap())
        .exits(0)
        .says("running `goose -dir migrations up`")
        .says("1 migration applied; verified: 1 applied");
}

#[test]
fn the_project_file_names_the_command() {
    let place = Place::knex();
    place.script(&format!("[ \"$1 $2\" = \"up all\" ]\n{BOTH}"));
    place.file(
        "shipgate.toml",
        "app = \"notes\"\n[database]\nurl = \"sqlite://app.db\"\ncommand = \"./migrate.sh up all\"\n",
    );
    let ran = Ran::from(place.command(&["gate"]).output().unwrap());
    ran.exits(0).says("running `./migrate.sh up all`");
}

#[test]
fn shipgate_s_own_migrations_are_applied_by_this_very_program() {
    let place = Place::new(Engine::Sqlite);
    place.file("migrations/1_users.sql", "CREATE TABLE users (id int);\n");
    let hashed = place.command(&["migrate", "hash"]).output().unwrap();
    Ran::from(hashed).exits(0);
    place
        .gate(&[])
        .exits(0)
        .says("running `shipgate migrate apply`")
        .says("1 migration applied; verified: 1 applied");
    place.gate(&[]).exits(0).says("is not started");
}

#[test]
fn json_is_one_object_and_the_command_s_lines_are_on_stderr() {
    let place = Place::knex();
    place.script(&format!("echo applying\n{BOTH}"));
    for flag in [&["--json"][..], &["--output", "json"]] {
        let ran = place
            .gate(&[flag, &["--", "./migrate.sh"]].concat())
            .exits(0);
        let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(value["type"], "gate");
        assert_eq!(value["schema"], 1);
        assert_eq!(value["tool"], "knex");
        assert_eq!(value["command"], "./migrate.sh");
        assert_eq!(value["summary"]["applied"], 2);
        if value["started"] == true {
            assert_eq!(
                value["applied"],
                serde_json::json!(["1_users.js", "2_posts.js"])
            );
            assert_eq!(ran.stderr, "applying\n");
        }
    }
    assert_eq!(place.runs(), 1);
    place.script("echo oh\nexit 3\n");
    let ran = place
        .gate(&["--json", "--always", "--", "./migrate.sh"])
        .exits(1);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value["type"], "error");
    assert_eq!(value["code"], "gate-command");
    assert_eq!(value["report"][0], "out | oh");
}

#[test]
fn passwords_reach_neither_the_log_nor_a_message() {
    let database = shipgate_testkit::postgres().database();
    let url = database.tcp_url();
    let password = url.split([':', '@']).nth(2).unwrap().to_owned();
    let place = Place::knex_on(Engine::Postgres(database));
    place.script("echo \"$DATABASE_URL\"\necho \"$1\" >&2\nexit 1\n");
    let ran = place
        .command(&["gate", "--url", &url, "--", "./migrate.sh", &url])
        .output()
        .unwrap();
    Ran::from(ran).exits(1).prints("***").never_says(&password);
    assert!(!place.log().contains(&password));
}

#[test]
fn only_the_user_can_read_what_a_gate_leaves_behind() {
    let place = Place::knex();
    place.script(BOTH).pass().exits(0);
    let room = fs::read_dir(place.path().join("tmp")).unwrap().flatten();
    let room = room
        .map(|entry| entry.path())
        .find(|path| path.join("gates").is_dir())
        .unwrap();
    let mode = fs::metadata(room.join("gates"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_state_directory_keeps_the_last_logs() {
    let place = Place::knex();
    place.script(BOTH);
    for _ in 0..12 {
        place
            .gate(&[
                "--state", "kept", "--always", "--verify", "none", "--", "true",
            ])
            .exits(0);
    }
    let kept = fs::read_dir(place.path().join("kept/gates"))
        .unwrap()
        .count();
    assert_eq!(kept, 10);
}

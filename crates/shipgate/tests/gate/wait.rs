//! Holding an app back until its schema is there.

use rustix::process::Signal;
use shipgate_testkit::{Ran, postgres};

use crate::place::{Engine, Place};

/// Says its process number and waits for a signal.
const APP: &[&str] = &[
    "--",
    "sh",
    "-c",
    "trap 'echo heard; exit 7' TERM; echo app $$; while true; do sleep 0.05; done",
];

#[test]
fn a_wait_becomes_the_app_when_the_history_holds_what_the_files_hold() {
    let place = Place::knex();
    place.applied(&["1_users.js"]);
    let mut waiting = place.start_wait(APP);
    waiting.until_it_says("waiting for 1 of 2 migrations in knex_migrations: 2 posts; up to ");
    assert_eq!(waiting.stdout(), "");
    place.applied(&["2_posts.js"]);
    let pid = waiting.pid();
    waiting.until("the app", |app| app.stdout() == format!("app {pid}\n"));
    waiting.until_it_says("Knex: knex_migrations holds all that is expected: 2 migrations");
    waiting.signal(Signal::TERM);
    let ran = waiting.wait().exits(7);
    assert_eq!(ran.stdout, format!("app {pid}\nheard\n"));
}

#[test]
fn without_a_command_it_only_waits() {
    let place = Place::knex();
    place.applied(&["1_users.js", "2_posts.js"]);
    place
        .wait(&[])
        .exits(0)
        .says("holds all that is expected: 2 migrations");
}

#[test]
fn it_waits_on_postgresql_and_mariadb_too() {
    for place in [Place::on_postgres(), Place::on_mariadb()] {
        let mut waiting = place.start_wait(&["--", "echo", "up"]);
        waiting.until_it_says("waiting for 2 of 2 migrations");
        place.applied(&["1_users.js", "2_posts.js"]);
        assert_eq!(waiting.wait().exits(0).stdout, "up\n");
    }
}

#[test]
fn a_database_that_is_not_there_yet_is_waited_for() {
    let place = Place::knex();
    let mut waiting = place.start_wait(&["--", "echo", "up"]);
    waiting.until_it_says("waiting for the database: no database at ");
    place.applied(&["1_users.js", "2_posts.js"]);
    waiting.wait().exits(0).prints("up");
}

#[test]
fn what_is_missing_is_listed_when_the_time_is_over() {
    let place = Place::knex();
    place.applied(&["1_users.js"]);
    for (timeout, words) in [("0s", "missing: "), ("300ms", "waited 300ms for ")] {
        place
            .wait(&["--timeout", timeout, "--", "echo", "up"])
            .exits(4)
            .says(&format!(
                "error[wait-timeout]: {words}1 of 2 migrations in knex_migrations: 2 posts"
            ))
            .says("  2 posts: pending")
            .never_says("up\n");
    }
}

#[test]
fn an_older_build_starts_on_a_newer_history() {
    let place = Place::knex();
    place.applied(&["1_users.js", "2_posts.js", "3_tags.js"]);
    place
        .wait(&["--", "echo", "up"])
        .exits(0)
        .prints("up")
        .says("holds all that is expected: 2 migrations; it is newer than this build by 1: 3 tags");
}

#[test]
fn an_older_build_starts_at_a_revision_it_does_not_know() {
    let place = Place::new_empty();
    place.file("alembic.ini", "[alembic]\nscript_location = alembic\n");
    place.file("alembic/env.py", "from alembic import context\n");
    place.file(
        "alembic/versions/a_users.py",
        "\"\"\"users\"\"\"\nrevision = 'a'\ndown_revision = None\n",
    );
    place.sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('b')");
    place
        .wait(&["--", "echo", "up"])
        .exits(0)
        .prints("up")
        .says("stands at revisions that only a newer build knows");
}

/// golang-migrate with one migration that is dirty.
fn dirty() -> Place {
    let place = Place::new_empty();
    place.file(
        "go.mod",
        "module app\nrequire github.com/golang-migrate/migrate/v4 v4.18.0\n",
    );
    place.file("migrations/1_users.up.sql", "SELECT 1;");
    place.file("migrations/1_users.down.sql", "SELECT 1;");
    place.sql("CREATE TABLE schema_migrations (version uint64, dirty bool); INSERT INTO schema_migrations VALUES (1, 1)");
    place
}

#[test]
fn a_failed_migration_ends_the_wait_at_once() {
    dirty()
        .wait(&["--", "echo", "up"])
        .exits(1)
        .says("error[failed-migration]: a migration of golang-migrate has failed, and nobody goes on with it")
        .says("force ")
        .never_says("up\n");
}

#[test]
fn a_migration_that_is_still_running_is_waited_for() {
    let place = dirty();
    place.script("touch begun\nuntil_there go\nsql 'UPDATE schema_migrations SET dirty = 0'\n");
    let mut gate = place.start_gate(&["--always"]);
    gate.until("the command's start", |_| place.has("begun"));
    let mut waiting = place.start_wait(&["--", "echo", "up"]);
    waiting.until_it_says("waiting for the end of a run by shipgate gate (process ");
    place.file("go", "");
    gate.wait().exits(0);
    waiting.wait().exits(0).prints("up");
}

#[test]
fn a_signal_ends_the_wait() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let place = Place::knex();
        place.applied(&[]);
        let mut waiting = place.start_wait(APP);
        waiting.until_it_says("waiting for 2 of 2 migrations");
        waiting.signal(signal);
        waiting
            .wait()
            .exits(code)
            .says("error[cancelled]: stopped as asked, while it waited");
    }
}

#[test]
fn a_program_that_is_not_there_gives_a_shell_s_exit_code() {
    let place = Place::knex();
    place.applied(&["1_users.js", "2_posts.js"]);
    place
        .wait(&["--", "./nowhere"])
        .exits(127)
        .says("error[entrypoint]: cannot run `./nowhere`");
}

#[test]
fn a_wrong_password_is_not_waited_for() {
    let place = Place::knex_on(Engine::Postgres(postgres().database()));
    let Engine::Postgres(database) = &place.engine else {
        return;
    };
    let url = database.tcp_url();
    let (user, host) = (url.find("postgres:").unwrap(), url.rfind('@').unwrap());
    let wrong = format!(
        "{}postgres:wrong{}",
        &url[..url.rfind("postgres:").unwrap_or(user)],
        &url[host..]
    );
    let ran = Ran::from(place.command(&["wait", "--url", &wrong]).output().unwrap());
    ran.exits(1)
        .says("error[database-open]")
        .never_says("wrong");
}

#[test]
fn migrations_that_cannot_be_read_hold_the_app_back() {
    let place = Place::new_empty();
    place.file("knexfile.js", "module.exports = {};\n");
    let directory = place.path().join("migrations");
    std::os::unix::fs::symlink(&directory, &directory).unwrap();
    place
        .wait(&["--timeout", "0s", "--", "echo", "up"])
        .exits(1)
        .says("error[migrations-files]: cannot read migrations")
        .never_says("up\n");
}

#[test]
fn a_directory_is_no_command() {
    let place = Place::knex();
    place.applied(&["1_users.js", "2_posts.js"]);
    place
        .wait(&["--", "./migrations"])
        .exits(126)
        .says("cannot run `./migrations`: it is a directory, not a program");
}

//! How a command can end, and what is said of it.

use shipgate_testkit::Ran;

use crate::place::{BOTH, Engine, Place, is_alive};

#[test]
fn an_exit_code_is_told_and_a_gate_that_changed_nothing_exits_with_1() {
    let place = Place::knex();
    place.script("exit 7\n");
    place
        .pass()
        .exits(1)
        .says("error[gate-command]: `./migrate.sh`: exit code 7")
        .says("the schema and the history are as they were before")
        .says("the whole log: ");
}

#[test]
fn what_was_applied_before_the_failure_is_told_and_exits_with_5() {
    let place = Place::knex();
    place.script("sql \"$HISTORY\"\nrecord 1_users.js\nexit 1\n");
    place
        .pass()
        .exits(5)
        .says("`./migrate.sh`: exit code 1")
        .says("applied before that: 1_users.js");
}

#[test]
fn a_half_applied_migration_without_a_mark_is_told() {
    let place = Place::new(Engine::Sqlite);
    place.file("artisan", "");
    place.file(
        "database/migrations/2026_11_01_100000_posts.php",
        "<?php return new class extends Migration {};\n",
    );
    place.script("sql 'CREATE TABLE posts (id int)'\nexit 1\n");
    place
        .pass()
        .exits(5)
        .says("no migration was recorded, but the schema is not as it was before")
        .says(
            "hint: the migration that failed may be half applied, and its tool keeps no mark of it",
        );
}

#[test]
fn a_signal_is_told_by_its_name() {
    let place = Place::knex();
    place.script("kill -SEGV $$\n");
    place
        .pass()
        .exits(1)
        .says("`./migrate.sh`: killed by SIGSEGV");
}

#[test]
fn a_timeout_stops_the_command_and_everything_it_started() {
    let place = Place::knex();
    place.script("sleep 300 &\necho $! > sleeper\ntouch begun\nwait\n");
    place
        .gate(&["--timeout", "2s", "--", "./migrate.sh"])
        .exits(4)
        .says("error[gate-timeout]: `./migrate.sh` ran longer than 2.00s and was stopped");
    assert!(!is_alive(&place.text("sleeper")));
}

#[test]
fn a_timeout_after_something_was_changed_exits_with_5() {
    let place = Place::knex();
    place.script("sql 'CREATE TABLE users (id int)'\nsleep 300\n");
    place
        .gate(&["--timeout", "3s", "--", "./migrate.sh"])
        .exits(5)
        .says("error[gate-timeout]")
        .says("no migration was recorded, but the schema is not as it was before");
}

#[test]
fn a_command_that_does_not_hear_sigterm_is_killed() {
    let place = Place::knex();
    place.script("trap '' TERM\necho $$ > pid\nwhile true; do sleep 0.1; done\n");
    place
        .gate(&[
            "--timeout",
            "1s",
            "--kill-timeout",
            "200ms",
            "--",
            "./migrate.sh",
        ])
        .exits(4)
        .says("gate: what is left is killed");
    assert!(!is_alive(&place.text("pid")));
}

#[test]
fn ctrl_c_stops_the_command_and_sigterm_too() {
    for (signal, code) in [
        (rustix::process::Signal::INT, 130),
        (rustix::process::Signal::TERM, 143),
    ] {
        let place = Place::knex();
        place.script("echo $$ > pid\ntouch begun\nuntil_there go\n");
        let mut gate = place.start_gate(&[]);
        gate.until("the command's start", |_| place.has("begun"));
        gate.signal(signal);
        gate.wait()
            .exits(code)
            .says("error[cancelled]: `./migrate.sh` was stopped as asked")
            .says("the schema and the history are as they were before");
        assert!(!is_alive(&place.text("pid")));
    }
}

#[test]
fn a_command_over_its_memory_limit_is_told_to_be_out_of_memory() {
    let place = Place::knex();
    place.file(
        "shipgate.toml",
        "app = \"notes\"\n[deploy.release_command_vm]\nmemory = \"64mb\"\n",
    );
    place.script("head -c 600000000 /dev/zero | tail > /dev/null\n");
    let ran = place.pass();
    ran.exits(1)
        .says("error[gate-command]: `./migrate.sh`: out of memory");
}

#[test]
fn a_failed_migration_is_refused_with_the_tool_s_own_way_out() {
    let place = Place::new(Engine::Sqlite);
    place.file(
        "prisma/schema.prisma",
        "datasource db { provider = \"sqlite\" }\n",
    );
    place.file(
        "prisma/migrations/migration_lock.toml",
        "provider = \"sqlite\"\n",
    );
    place.file(
        "prisma/migrations/20261101100000_users/migration.sql",
        "CREATE TABLE users (id int);\n",
    );
    place.sql(
        "CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY, checksum TEXT NOT NULL, finished_at DATETIME, \
         migration_name TEXT NOT NULL, logs TEXT, rolled_back_at DATETIME, started_at DATETIME NOT NULL DEFAULT current_timestamp, \
         applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0); \
         INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ('a', 'x', '20261101100000_users', 'no such table')",
    );
    place.script("exit 1\n");
    place
        .pass()
        .exits(1)
        .says("error[failed-migration]: an earlier run failed halfway, and Prisma Migrate goes no further")
        .says("hint: when its changes are undone: `prisma migrate resolve --rolled-back 20261101100000_users`")
        .says("when they are completed by hand: `prisma migrate resolve --applied 20261101100000_users`");
    assert_eq!(place.runs(), 0);
    place
        .gate(&["--always", "--", "./migrate.sh"])
        .exits(1)
        .says("error[gate-command]")
        .says("prisma migrate resolve");
    assert_eq!(place.runs(), 1);
}

#[test]
fn knex_s_own_lock_that_was_left_behind_is_told_with_its_cure() {
    let place = Place::knex();
    place.applied(&["1_users.js"]);
    place.sql(
        "CREATE TABLE knex_migrations_lock (\"index\" integer primary key, is_locked integer); \
         INSERT INTO knex_migrations_lock (is_locked) VALUES (1)",
    );
    place.script("echo \"Can't take lock to run migrations\" >&2\nexit 1\n");
    place
        .pass()
        .exits(1)
        .says("warning: the lock row is set")
        .says("hint: if nothing runs: `knex migrate:unlock`");
}

#[test]
fn a_lock_that_is_lost_stops_the_command() {
    let place = Place::knex();
    place.script("echo $$ > pid\ntouch begun\nuntil_there go\n");
    let mut gate = place.start_gate(&[]);
    gate.until("the command's start", |_| place.has("begun"));
    std::fs::remove_file(place.path().join("app.db-shipgate-lock")).unwrap();
    gate.wait()
        .exits(4)
        .says("error[migration-lock]: `./migrate.sh` was stopped: the migration lock was lost");
    assert!(!is_alive(&place.text("pid")));
}

#[test]
fn the_command_writes_the_sqlite_file_while_the_lock_is_held() {
    let place = Place::knex();
    place.script(&format!(
        "sql 'PRAGMA journal_mode=WAL; CREATE TABLE a (id int)'\n{BOTH}"
    ));
    place.pass().exits(0);
    let written = Ran::from(
        std::process::Command::new("sqlite3")
            .args(["app.db", "SELECT count(*) FROM a, users"])
            .current_dir(place.path())
            .output()
            .unwrap(),
    );
    assert_eq!(written.stdout, "0\n");
}

#[test]
fn a_command_that_cannot_be_started_is_told_as_it_was_given() {
    let place = Place::knex();
    for (command, said, hint) in [
        (
            "nowhere",
            "error[gate-command]: `nowhere` was not started: command not found",
            "hint: give the program's path, or add its directory to PATH",
        ),
        (
            "./nowhere.sh",
            "error[gate-command]: `./nowhere.sh` was not started: command not found: there is no file",
            "",
        ),
        (
            "./knexfile.js",
            "error[gate-command]: `./knexfile.js` was not started: `",
            "hint: chmod +x ",
        ),
    ] {
        place
            .gate(&["--", command])
            .exits(1)
            .says(said)
            .says("the schema and the history are as they were before")
            .says(hint)
            .never_says("machine");
    }
}

#[test]
fn the_environment_of_a_command_that_has_ended_is_not_kept() {
    let place = Place::knex();
    place.script("exit 1\n");
    let ran = place.pass().exits(1);
    let (_, log) = ran.stderr.split_once("the whole log: ").unwrap();
    let log = std::path::Path::new(log.lines().next().unwrap());
    assert!(log.is_file());
    assert!(!log.with_file_name("spec.json").exists());
}

//! Gates before PostgreSQL and MariaDB.

use shipgate_testkit::{PoolMode, Ran, Running, pgbouncer, postgres};

use crate::place::{BOTH, Engine, Place, is_alive};

#[test]
fn a_gate_migrates_postgresql() {
    let place = Place::on_postgres();
    place
        .script(BOTH)
        .pass()
        .exits(0)
        .says("2 migrations applied; verified: 2 applied");
    let Engine::Postgres(database) = &place.engine else {
        return;
    };
    let left = database.psql("SELECT relname FROM pg_class WHERE relname LIKE 'shipgate%'");
    assert_eq!(left, "");
}

#[test]
fn a_gate_migrates_mariadb() {
    let place = Place::on_mariadb();
    place
        .script(BOTH)
        .pass()
        .exits(0)
        .says("2 migrations applied; verified: 2 applied");
    let Engine::Mariadb(database) = &place.engine else {
        return;
    };
    assert_eq!(database.mariadb("SHOW TABLES LIKE 'shipgate%'"), "");
}

#[test]
fn no_transaction_is_open_while_the_command_runs() {
    let place = Place::on_postgres();
    place.script(&format!("touch begun\nuntil_there go\n{BOTH}"));
    let mut gate = place.start_gate(&[]);
    gate.until("the command's start", |_| place.has("begun"));
    let Engine::Postgres(database) = &place.engine else {
        return;
    };
    let open = database.psql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND state LIKE 'idle in transaction%'",
    );
    assert_eq!(open, "0");
    assert_eq!(
        database.psql("SELECT purpose FROM shipgate_lease"),
        "shipgate gate"
    );
    place.file("go", "");
    gate.wait().exits(0);
}

#[test]
fn the_lease_is_renewed_while_the_command_runs() {
    let place = Place::on_postgres();
    place.script(&format!("touch begun\nuntil_there go\n{BOTH}"));
    let mut gate = place.start_gate(&[]);
    gate.until("the command's start", |_| place.has("begun"));
    let Engine::Postgres(database) = &place.engine else {
        return;
    };
    let beat = || database.psql("SELECT heartbeat FROM shipgate_lease");
    let first = beat();
    shipgate_testkit::eventually("another heartbeat", || beat() != first);
    place.file("go", "");
    gate.wait().exits(0);
}

#[test]
fn a_lease_that_somebody_took_stops_the_command() {
    let place = Place::on_postgres();
    place.script("echo $$ > pid\ntouch begun\nuntil_there go\n");
    let mut gate = place.start_gate(&[]);
    gate.until("the command's start", |_| place.has("begun"));
    place.sql("DELETE FROM shipgate_lease");
    gate.wait()
        .exits(4)
        .says("the migration lock was lost: another one has taken it over; the command is stopped");
    assert!(!is_alive(&place.text("pid")));
}

#[test]
fn a_statement_that_a_stopped_command_left_on_the_server_is_ended() {
    let place = Place::on_postgres();
    place.script("sql 'SELECT pg_sleep(300)'\n");
    place
        .gate(&["--timeout", "3s", "--", "./migrate.sh"])
        .exits(4)
        .says("sessions that the command left on the server were ended: 1");
    let Engine::Postgres(database) = &place.engine else {
        return;
    };
    let left = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()";
    assert_eq!(database.psql(left), "0");
}

#[test]
fn what_a_killed_gate_left_on_the_server_is_ended_before_the_next_command() {
    let place = Place::on_postgres();
    place.script(&format!(
        "if ! [ -e first ]; then touch first; sql 'SELECT pg_sleep(300)'; fi\n{BOTH}"
    ));
    let Engine::Postgres(database) = &place.engine else {
        return;
    };
    let mut first = place.start_gate(&[]);
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)'";
    first.until("the statement", |_| database.psql(sleeping) == "1");
    first.kill();
    first.wait();
    place
        .pass()
        .exits(0)
        .says("2 migrations applied; verified: 2 applied");
    assert_eq!(database.psql(sleeping), "0");
}

#[test]
fn through_a_pooler_gates_exclude_each_other_too() {
    let place = Place::on_postgres();
    let Engine::Postgres(database) = &place.engine else {
        return;
    };
    let url = pgbouncer(PoolMode::Transaction).url(database);
    place.script(&format!("touch begun\nuntil_there go\n{BOTH}"));
    let start = || Running::start(place.command(&["gate", "--url", &url, "--", "./migrate.sh"]));
    let mut first = start();
    first.until("the command's start", |_| place.has("begun"));
    let mut second = start();
    second.until_it_says("waiting for the migration lock, held by shipgate gate (process ");
    place.file("go", "");
    first.wait().exits(0).says("2 migrations applied");
    second.wait().exits(0).says("is not started");
    assert_eq!(place.runs(), 1);
}

#[test]
fn a_tool_that_wants_an_empty_schema_finds_one() {
    let place = Place::new(Engine::Postgres(postgres().database()));
    place.file(
        "prisma/schema.prisma",
        "datasource db { provider = \"postgresql\" }\n",
    );
    place.file(
        "prisma/migrations/migration_lock.toml",
        "provider = \"postgresql\"\n",
    );
    place.file(
        "prisma/migrations/20261101100000_users/migration.sql",
        "CREATE TABLE users (id int);\n",
    );
    place.script(
        "sql \"DO \\$\\$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public'); END \\$\\$\"\n\
         sql 'CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, \
         migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), \
         applied_steps_count integer NOT NULL DEFAULT 0)'\n\
         sql \"INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('a', \
         '$(sha256sum < prisma/migrations/20261101100000_users/migration.sql | cut -c1-64)', '20261101100000_users', now())\"\n",
    );
    place
        .pass()
        .exits(0)
        .says("1 migration applied; verified: 1 applied");
}

#[test]
fn migrate_apply_in_the_same_schema_waits_for_a_gate() {
    let place = Place::on_postgres();
    place.script(&format!("touch begun\nuntil_there go\n{BOTH}"));
    let mut gate = place.start_gate(&[]);
    gate.until("the command's start", |_| place.has("begun"));
    place.file("sql/1_a.sql", "CREATE TABLE a (id int);\n");
    let apply = |verb: &[&str]| {
        let arguments = [&["migrate"], verb, &["--dir", "file://sql"]].concat();
        Ran::from(place.command(&arguments).output().unwrap())
    };
    apply(&["hash"]).exits(0);
    let url = place.url();
    let refused = apply(&[
        "apply",
        "--url",
        &url,
        "--lock-timeout",
        "0s",
        "--allow-dirty",
        "--revisions-schema",
        "public",
    ]);
    assert_ne!(refused.code, Some(0), "{refused}");
    assert!(refused.stderr.contains("shipgate gate"), "{refused}");
    place.file("go", "");
    gate.wait().exits(0);
}

#[test]
fn a_database_that_is_not_reachable_is_waited_for_aloud_and_told() {
    let place = Place::knex();
    place
        .command(&[
            "gate",
            "--url",
            "postgres://a@127.0.0.1:1/a",
            "--connect-timeout",
            "200ms",
            "--",
            "true",
        ])
        .output()
        .map(Ran::from)
        .unwrap()
        .exits(1)
        .says("connection refused; waiting up to ")
        .says("error[database-open]: cannot reach ");
}

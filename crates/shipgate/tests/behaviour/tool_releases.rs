//! Releases of projects that migrate with another tool: what is pending, which command
//! is run and when, what must hold before the new version serves, and the ways out.

use std::fs;

use shipgate_testkit::{Manifest, PostgresCluster, TestProject, mariadb, postgres};

use crate::stand_in::{Case, stand_in};
use crate::support::{empty, nobody_runs, serving_release, state_of};

/// The steps that need no backup.
const STEPS: &str = "[\"check\", \"build\", \"migrate\", \"verify\", \"promote\"]";

const KNEX: Case = Case {
    title: "Knex",
    command: "npx knex migrate:latest",
    program: "bin/npx",
    files: &[
        ("package.json", "{\"dependencies\": {\"knex\": \"3.1.0\"}}"),
        ("knexfile.js", "module.exports = { client: 'better-sqlite3' };\n"),
        ("migrations/1_users.js", "exports.up = function (knex) {};\n"),
    ],
    sql: "CREATE TABLE knex_migrations (id integer not null primary key autoincrement, name varchar(255), batch integer, migration_time datetime);
CREATE TABLE users (id integer);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('1_users.js', 1, 1795168800000);",
    version: "1",
};

/// A second migration's file, and what the tool does about it.
fn second(project: &TestProject, sql: &str) {
    project.file(
        "migrations/2_posts.js",
        "exports.up = function (knex) {};\n",
    );
    stand_in(project, KNEX.program, "knex migrate:latest", sql);
}

const POSTS: &str = "CREATE TABLE posts (id integer);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('2_posts.js', 2, 1795168800000);";

#[test]
fn a_detected_tool_is_run_by_its_own_command() {
    let project = KNEX.project();
    project
        .run(&["deploy"])
        .exits(0)
        .says("Knex: 1 pending migration, no version yet, app.db")
        .says("pending: 1 users")
        .says("by `npx knex migrate:latest`")
        .says("1 migration; `npx knex migrate:latest` completed")
        .says("history at version 1");
    assert_eq!(
        project.rows("SELECT name FROM knex_migrations"),
        ["1_users.js"]
    );
    project
        .run(&["release", "show"])
        .exits(0)
        .prints("Knex: 1 users applied");
    second(&project, POSTS);
    project
        .run(&["deploy"])
        .exits(0)
        .says("Knex: 1 pending migration, at version 1")
        .says("history at version 2");
    let list = project.run(&["release", "list"]).exits(0);
    list.prints("deploy, 1 migration (Knex)");
}

#[test]
fn with_nothing_pending_it_is_not_run() {
    let project = KNEX.project();
    project.run(&["deploy"]).exits(0);
    stand_in(&project, KNEX.program, "never", "");
    project.manifest(&KNEX.manifest().web("./fake-app --version 2"));
    project
        .run(&["deploy"])
        .exits(0)
        .says("Knex: nothing pending, at version 1");
    assert_eq!(project.serves().as_deref(), Some("2"));
}

#[test]
fn a_release_command_that_does_more_is_run_in_every_release() {
    let project = KNEX.project();
    let with = |version: u32| {
        let web = format!("./fake-app --version {version}");
        KNEX.manifest().web(&web).release_command("bin/release")
    };
    stand_in(&project, "bin/release", "", KNEX.sql);
    project.manifest(&with(1)).run(&["deploy"]).exits(0);
    stand_in(&project, "bin/release", "", "INSERT INTO users VALUES (7);");
    project
        .manifest(&with(2))
        .run(&["deploy"])
        .exits(0)
        .says("Knex: nothing pending, at version 1")
        .says("no migration; `bin/release` completed");
    assert_eq!(project.rows("SELECT id FROM users"), ["7"]);
}

#[test]
fn a_command_that_ends_well_without_applying_everything_does_not_bring_the_version_to_serve() {
    let project = KNEX.project();
    project.run(&["deploy"]).exits(0);
    let manifest = KNEX.manifest().web("./fake-app --version 2");
    project.manifest(&manifest.set_raw("release", "steps", STEPS));
    second(&project, "CREATE TABLE other (id integer);");
    project
        .run(&["deploy"])
        .exits(5)
        .says("no migration; `npx knex migrate:latest` completed")
        .says("error[history-unfinished]")
        .says("2 posts: pending");
    assert_eq!(project.serves().as_deref(), Some("1"));
    assert_eq!(state_of(&project, 2), "migrated, not promoted");
}

#[test]
fn the_same_is_found_out_on_the_copy_where_there_is_a_rehearsal() {
    let project = KNEX.project();
    project.run(&["deploy"]).exits(0);
    second(&project, "CREATE TABLE other (id integer);");
    project
        .run(&["deploy"])
        .exits(1)
        .says("error[rehearsal-unfinished]")
        .says("2 posts: pending");
    assert_eq!(
        project.rows("SELECT count(*) FROM sqlite_master WHERE name = 'other'"),
        ["0"]
    );
    assert_eq!(serving_release(&project).as_deref(), Some("1"));
}

#[test]
fn a_command_that_takes_the_database_from_elsewhere_is_found_out_in_its_rehearsal() {
    let project = KNEX.project();
    project.run(&["deploy"]).exits(0);
    second(&project, POSTS);
    let own = format!("sqlite://{}/data/app.db", project.path().display());
    let program = fs::read_to_string(project.path().join(KNEX.program)).unwrap();
    let program = program.replace(
        "echo \"VERSION",
        &format!("export DATABASE_URL='{own}'\necho \"VERSION"),
    );
    project.script(KNEX.program, &program);
    project
        .run(&["deploy"])
        .exits(5)
        .says("error[rehearsal-escaped]")
        .says("the database itself was changed")
        .says("DATABASE_URL");
    assert_eq!(state_of(&project, 2), "half-migrated");
    assert_eq!(serving_release(&project).as_deref(), Some("1"));
}

#[test]
fn a_command_that_fails_says_what_it_applied_before() {
    let project = KNEX.project();
    project.run(&["deploy"]).exits(0);
    project.manifest(&KNEX.manifest().set_raw("release", "steps", STEPS));
    second(&project, POSTS);
    project.file("bin/fails", "7");
    project
        .run(&["deploy"])
        .exits(5)
        .says("exit code 7")
        .says("applied: 2 posts")
        .says("half-migrated");
    assert_eq!(serving_release(&project).as_deref(), Some("1"));
}

#[test]
fn a_row_that_says_failed_is_refused_before_anything_with_the_tools_own_way_out() {
    for apply in ["command", "native"] {
        let case = prisma("'1', 'x', NULL, '1_users', 'no such table', NULL, 1795168800000, 0");
        let project = case.project();
        project.manifest(&case.manifest().set("database", "apply", apply));
        project.sql(case.sql);
        project
            .run(&["deploy"])
            .exits(1)
            .says("1_users")
            .says("prisma migrate resolve");
        assert_eq!(state_of(&project, 1), "aborted, nothing changed");
        assert!(project.serves().is_none());
    }
}

/// A project with Prisma's directory and one row in its history.
fn prisma(row: &str) -> Case {
    let sql = format!(
        "CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, finished_at DATETIME, migration_name TEXT NOT NULL,
         logs TEXT, rolled_back_at DATETIME, started_at DATETIME NOT NULL DEFAULT current_timestamp, applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0);
         INSERT INTO _prisma_migrations VALUES ({row});"
    );
    Case {
        title: "Prisma Migrate",
        command: "npx prisma migrate deploy",
        program: "bin/npx",
        files: &[
            (
                "package.json",
                "{\"devDependencies\": {\"prisma\": \"6.19.0\"}}",
            ),
            (
                "prisma/schema.prisma",
                "datasource db { provider = \"sqlite\" }",
            ),
            ("prisma/migrations/1_users/migration.sql", "SELECT 1;\n"),
        ],
        sql: Box::leak(sql.into_boxed_str()),
        version: "1",
    }
}

#[test]
fn a_run_that_leaves_a_failed_row_tells_the_tools_way_out() {
    let case = prisma("'1', 'x', NULL, '1_users', 'no such table', NULL, 1795168800000, 0");
    let project = case.project();
    project.manifest(
        &case
            .manifest()
            .set("database", "apply", "command")
            .set_raw("release", "steps", STEPS),
    );
    project.file("bin/fails", "1");
    project
        .run(&["deploy"])
        .exits(5)
        .says("exit code 1")
        .says("1 users: failed")
        .says("prisma migrate resolve");
}

#[test]
fn a_migration_that_another_one_applied_meanwhile_is_not_applied_twice() {
    let project = KNEX.project();
    let manifest = KNEX
        .manifest()
        .set("release", "lock_timeout", "60s")
        .set_raw("release", "steps", STEPS);
    project.manifest(&manifest).sql("SELECT 1");
    let held = project.path().join("data/app.db-shipgate-lock");
    let file = fs::File::create(held).unwrap();
    file.lock().unwrap();
    let mut deploy = project.start(&["deploy"]);
    deploy.until_it_says("waiting for the migration lock, held by");
    project.sql(KNEX.sql);
    drop(file);
    deploy
        .wait()
        .exits(0)
        .says("nothing pending any more: another one has applied it")
        .says("history at version 1");
}

#[test]
fn another_one_who_holds_the_migration_lock_is_waited_for_and_given_up_at_the_limit() {
    let project = KNEX.project();
    let manifest = KNEX.manifest().set("release", "lock_timeout", "300ms");
    project
        .manifest(&manifest.set_raw("release", "steps", STEPS))
        .sql("SELECT 1");
    let file = fs::File::create(project.path().join("data/app.db-shipgate-lock")).unwrap();
    file.lock().unwrap();
    project
        .run(&["deploy"])
        .exits(4)
        .says("error[migration-lock]")
        .says("`[release] lock_timeout`");
    assert_eq!(project.rows("SELECT count(*) FROM sqlite_master"), ["0"]);
}

#[test]
fn the_tool_directory_table_and_command_of_the_project_file_win_over_detection() {
    let project = KNEX.project();
    fs::rename(
        project.path().join("migrations"),
        project.path().join("steps"),
    )
    .unwrap();
    let sql = KNEX.sql.replace("knex_migrations", "steps_done");
    stand_in(&project, "bin/steps", "up", &sql);
    let manifest = KNEX
        .manifest()
        .set("database", "tool", "knex")
        .set("database", "directory", "steps")
        .set("database", "table", "steps_done")
        .set("database", "command", "bin/steps up")
        .set_raw("build", "include", "[\"fake-app\", \"bin\", \"steps\"]");
    project
        .manifest(&manifest)
        .run(&["deploy"])
        .exits(0)
        .says("Knex: 1 pending migration")
        .says("`bin/steps up` completed")
        .says("history at version 1");
}

#[test]
fn several_tools_that_may_be_meant_are_an_error_that_names_them() {
    let project = KNEX.project();
    project
        .file("manage.py", "from django.core.management import execute_from_command_line\n")
        .file("blog/__init__.py", "")
        .file("blog/migrations/__init__.py", "")
        .file(
            "blog/migrations/0001_initial.py",
            "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = []\n",
        );
    project
        .run(&["deploy"])
        .exits(2)
        .says("error[several-tools]")
        .says("knex: ")
        .says("django: ")
        .says("under [database]");
    assert!(!project.state().join("releases/1").exists());
    // The command tells which one is meant.
    project
        .manifest(&KNEX.manifest().release_command(KNEX.command))
        .run(&["deploy"])
        .exits(0)
        .says("Knex: 1 pending migration");
}

#[test]
fn a_tool_that_is_not_known_is_an_error_that_names_those_that_are() {
    let project = KNEX.project();
    project
        .manifest(&KNEX.manifest().set("database", "tool", "phinx"))
        .run(&["deploy"])
        .exits(2)
        .says("error[unknown-tool]")
        .says("knex");
}

#[test]
fn a_tool_without_a_command_that_is_known_asks_for_one() {
    let project = KNEX.project();
    project.file(
        "migrations/1_users.js",
        "module.exports = { async up (queryInterface, Sequelize) {} };\n",
    );
    project.manifest(&KNEX.manifest().set("database", "tool", "sequelize"));
    project
        .run(&["deploy"])
        .exits(2)
        .says("the project migrates with Sequelize, and how it is run cannot be known")
        .says("`[database] command");
}

#[test]
fn the_built_in_engine_is_refused_where_it_cannot_apply_the_tools_migrations() {
    let project = KNEX.project();
    project
        .manifest(&KNEX.manifest().set("database", "apply", "native"))
        .run(&["deploy"])
        .exits(2)
        .says("the migrations of Knex are not applied without it");
}

/// A project with SQLx's migrations, and no program that could apply them.
fn sqlx() -> TestProject {
    let project = empty();
    project
        .file("Cargo.toml", "[dependencies]\nsqlx = \"0.9\"\n")
        .file(
            "migrations/20261101100000_users.sql",
            "CREATE TABLE users (id integer);\n",
        )
        .manifest(&sqlx_manifest());
    project
}

fn sqlx_manifest() -> Manifest {
    Manifest::default()
        .without("database")
        .set("database", "url", "sqlite://data/app.db")
}

#[test]
fn sql_migrations_are_applied_by_the_built_in_engine_with_the_tools_own_history() {
    let project = sqlx();
    project
        .run(&["deploy"])
        .exits(0)
        .says("SQLx: 1 pending migration, no version yet, app.db")
        .says("1 migration with 1 statement")
        .says("on a copy")
        .says("history at version 20261101100000, schema as rehearsed");
    assert_eq!(
        project.rows("SELECT version, description, success FROM _sqlx_migrations"),
        ["20261101100000|users|1"]
    );
    project.run(&["status"]).exits(0).prints("1 applied");
    project.run(&["deploy"]).exits(0).says("nothing to release");
    project
        .run(&["release", "list"])
        .prints("deploy, 1 migration (SQLx)");
    project
        .run(&["doctor"])
        .prints("the built-in engine applies the migrations of SQLx");
}

#[test]
fn what_the_built_in_engine_applies_is_kept_with_the_release() {
    let project = sqlx();
    project.run(&["deploy"]).exits(0);
    let kept = project
        .state()
        .join("releases/1/build/.migrations/20261101100000_users.sql");
    assert!(kept.is_file());
}

#[test]
fn a_statement_that_fails_is_told_with_its_place_and_leaves_nothing() {
    let project = sqlx();
    project.run(&["deploy"]).exits(0);
    project.file(
        "migrations/20261102100000_bad.sql",
        "CREATE TABLE posts (id integer);\nINSERT INTO nowhere VALUES (1);\n",
    );
    project
        .run(&["deploy"])
        .exits(1)
        .says("migrations/20261102100000_bad.sql:2:1")
        .says("no such table: nowhere");
    assert_eq!(
        project.rows("SELECT count(*) FROM sqlite_master WHERE name = 'posts'"),
        ["0"]
    );
}

#[test]
fn the_tools_own_command_is_run_where_the_project_file_says_so() {
    let project = sqlx();
    stand_in(
        &project,
        "bin/sqlx",
        "migrate run",
        "CREATE TABLE other (id integer);",
    );
    let manifest = sqlx_manifest().set("database", "apply", "command").set_raw(
        "build",
        "include",
        "[\"fake-app\", \"bin\", \"migrations\"]",
    );
    project
        .manifest(&manifest)
        .run(&["deploy"])
        .exits(1)
        .says("by `sqlx migrate run`")
        .says("error[rehearsal-unfinished]")
        .says("20261101100000 users: pending");
}

#[test]
fn a_release_command_beside_apply_native_is_refused() {
    let project = sqlx();
    let manifest = sqlx_manifest().set("database", "apply", "native");
    project
        .manifest(&manifest.release_command("sqlx migrate run"))
        .run(&["deploy"])
        .exits(2)
        .says("would both migrate");
}

#[test]
fn doctor_tells_the_tool_its_command_and_where_it_stands() {
    let project = KNEX.project();
    project
        .run(&["doctor"])
        .prints("release command: `npx knex migrate:latest` (Knex)")
        .prints("database: Knex: 1 pending");
}

#[test]
fn links_within_what_a_build_keeps_stay_links() {
    let project = KNEX.project();
    project.script(
        "node_modules/knex/bin/cli.js",
        "#!/bin/sh\n. \"$(dirname \"$(readlink -f \"$0\")\")/../lib/run\"\n",
    );
    let npx = project.path().join("bin/npx");
    project.file(
        "node_modules/knex/lib/run",
        &fs::read_to_string(npx)
            .unwrap()
            .replace("$0.sql", "bin/npx.sql")
            .replace("${0%/*}/fails", "no"),
    );
    fs::create_dir(project.path().join("node_modules/.bin")).unwrap();
    std::os::unix::fs::symlink(
        "../knex/bin/cli.js",
        project.path().join("node_modules/.bin/knex"),
    )
    .unwrap();
    std::os::unix::fs::symlink("knex", project.path().join("node_modules/alias")).unwrap();
    let run = project.path().join("node_modules/knex/lib/run");
    let text = fs::read_to_string(&run)
        .unwrap()
        .replace("'knex migrate:latest'", "'migrate:latest'");
    fs::write(run, text).unwrap();
    let manifest = KNEX
        .manifest()
        .release_command("knex migrate:latest")
        .set_raw(
            "build",
            "include",
            "[\"fake-app\", \"bin\", \"migrations\", \"knexfile.js\", \"node_modules\"]",
        );
    project.manifest(&manifest).run(&["deploy"]).exits(0);
    let kept = project.state().join("releases/1/build/node_modules");
    assert!(kept.join(".bin/knex").is_symlink());
    assert!(kept.join("alias").is_symlink());
}

/// A project whose tool is run by a client program of a server.
fn on_a_server(url: &str, client: &str, sql: &str) -> TestProject {
    let project = KNEX.project();
    project.file("bin/knex.sql", sql).script(
        "bin/npx",
        &format!("#!/bin/sh\n[ \"$*\" = 'knex migrate:latest' ] || exit 64\n{client}\n"),
    );
    project.manifest(&at(url));
    project
}

fn at(url: &str) -> Manifest {
    KNEX.manifest()
        .set("database", "url", url)
        .set_raw("release", "steps", STEPS)
}

const POSTGRES: &str = "CREATE TABLE knex_migrations (id serial primary key, name varchar(255), batch integer, migration_time timestamptz);
CREATE TABLE users (id integer);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('1_users.js', 1, now());";

fn psql(script: &str) -> String {
    let program = postgres().program("psql");
    format!(
        "exec {} --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction --file {script} \"$DATABASE_URL\"",
        program.display()
    )
}

#[test]
fn a_tool_migrates_a_postgresql_database_and_the_version_serves() {
    let database = postgres().database();
    let project = on_a_server(&database.url(), &psql("bin/knex.sql"), POSTGRES);
    project
        .run(&["deploy"])
        .exits(0)
        .says("Knex: 1 pending migration, no version yet")
        .says("1 migration; `npx knex migrate:latest` completed")
        .says("history at version 1");
    assert_eq!(project.serves().as_deref(), Some("1"));
    assert_eq!(database.psql("SELECT count(*) FROM users").trim(), "0");
}

#[test]
fn a_tool_that_a_postgresql_server_refuses_leaves_nothing_and_that_is_known() {
    // A server of its own: what other tests write there could be the tool's.
    let cluster = PostgresCluster::with(&[("autovacuum", "off")]);
    let database = cluster.database();
    let bad = format!("{POSTGRES}\nSELECT * FROM nowhere;");
    let project = on_a_server(&database.url(), &psql("bin/knex.sql"), &bad);
    project
        .run(&["deploy"])
        .exits(1)
        .says("relation \"nowhere\" does not exist")
        .says("the database is as it was before the command");
    assert_eq!(state_of(&project, 1), "aborted, nothing changed");
    let rows_only = "CREATE TABLE IF NOT EXISTS kept (id integer);";
    database.psql(rows_only);
    project.file(
        "bin/knex.sql",
        "INSERT INTO kept VALUES (1); COMMIT; SELECT * FROM nowhere;",
    );
    project
        .run(&["deploy"])
        .exits(5)
        .says("rows were written while the command ran");
    assert_eq!(state_of(&project, 2), "unknown");
}

#[test]
fn a_tool_migrates_a_mariadb_database_and_the_version_serves() {
    let database = mariadb().database();
    let sql = "CREATE TABLE knex_migrations (id int unsigned not null auto_increment primary key, name varchar(255), batch int, migration_time timestamp);
CREATE TABLE users (id integer);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('1_users.js', 1, now());";
    let socket = mariadb().socket();
    let client = format!(
        "exec mariadb --no-defaults --socket={} --user=root {} < bin/knex.sql",
        socket.display(),
        database.name()
    );
    let project = on_a_server(&database.url(), &client, sql);
    project
        .run(&["deploy"])
        .exits(0)
        .says("Knex: 1 pending migration")
        .says("history at version 1");
    assert_eq!(project.serves().as_deref(), Some("1"));
}

#[test]
fn a_cancelled_release_stops_the_command_and_everything_it_started() {
    let project = KNEX.project();
    let seconds = 60_000 + std::process::id() % 10_000;
    project.script(
        "bin/npx",
        &format!("#!/bin/sh\necho begins\nsleep {seconds}\n"),
    );
    project.manifest(&KNEX.manifest().set_raw("release", "steps", STEPS));
    let mut deploy = project.start(&["deploy", "-v"]);
    deploy.until_it_says("begins");
    deploy.interrupt();
    deploy.wait().exits(130).says("cancelled");
    nobody_runs(&format!("sleep {seconds}"));
}

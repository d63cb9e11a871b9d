//! The commands with which migration tools are run on platforms, as release
//! commands exactly as they are written there. What stands for the tools is honest about how
//! it is called; `scripts/tools/release-commands.sh` runs the tools themselves.

use shipgate_testkit::{TestProject, binary};

use crate::stand_in::{Case, stand_in};
use crate::support::state_of;

/// Deploys with the case's command as the release command.
fn released(case: &Case) -> TestProject {
    let project = case.project();
    project.manifest(&case.manifest().release_command(case.command));
    project
        .run(&["deploy"])
        .exits(0)
        .says(&format!(
            "{}: 1 pending migration, no version yet",
            case.title
        ))
        .says(&format!("1 migration; `{}` completed", case.command))
        .says(&format!("history at version {}", case.version))
        .says("schema as rehearsed");
    assert_eq!(project.rows("SELECT count(*) FROM users"), ["0"]);
    assert_eq!(state_of(&project, 1), "released");
    project.run(&["deploy"]).exits(0).says("nothing to release");
    project
        .run(&["release", "list"])
        .exits(0)
        .prints(&format!("deploy, 1 migration ({})", case.title));
    project
}

const KNEX: Case = Case {
    title: "Knex",
    command: "knex migrate:latest",
    program: "node_modules/.bin/knex",
    files: &[
        ("package.json", "{\"dependencies\": {\"knex\": \"3.1.0\"}}"),
        ("knexfile.js", "module.exports = { client: 'better-sqlite3' };\n"),
        ("migrations/20261101100000_users.js", "exports.up = function (knex) {};\n"),
    ],
    sql: "CREATE TABLE knex_migrations (id integer not null primary key autoincrement, name varchar(255), batch integer, migration_time datetime);
CREATE TABLE users (id integer);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('20261101100000_users.js', 1, 1795168800000);",
    version: "20261101100000",
};

#[test]
fn knex_migrate_latest() {
    released(&KNEX);
}

#[test]
fn npx_prisma_migrate_deploy() {
    released(&Case {
        title: "Prisma Migrate",
        command: "npx prisma migrate deploy",
        program: "bin/npx",
        files: &[
            ("package.json", "{\"devDependencies\": {\"prisma\": \"6.19.0\"}}"),
            ("prisma/schema.prisma", "datasource db { provider = \"sqlite\" }"),
            ("prisma/migrations/migration_lock.toml", "provider = \"sqlite\"\n"),
            ("prisma/migrations/20261101100000_users/migration.sql", "SELECT 1;\n"),
        ],
        sql: "CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, finished_at DATETIME, migration_name TEXT NOT NULL,
logs TEXT, rolled_back_at DATETIME, started_at DATETIME NOT NULL DEFAULT current_timestamp, applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0);
CREATE TABLE users (id integer);
INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
VALUES ('1', 'b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd', 1795168800000, '20261101100000_users', 1);",
        version: "20261101100000",
    });
}

#[test]
fn db_migrate_up() {
    released(&Case {
        title: "db-migrate",
        command: "db-migrate up",
        program: "bin/db-migrate",
        files: &[
            ("database.json", "{\"dev\": {\"driver\": \"sqlite3\"}}"),
            (
                "migrations/20261101100000-users.js",
                "exports.up = function(db) {};\nexports._meta = { \"version\": 1 };\n",
            ),
        ],
        sql: "CREATE TABLE migrations (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name VARCHAR (255) NOT NULL, run_on DATETIME NOT NULL);
CREATE TABLE users (id integer);
INSERT INTO migrations (name, run_on) VALUES ('/20261101100000-users', 1795168800000);",
        version: "20261101100000",
    });
}

#[test]
fn npx_sequelize_cli_db_migrate() {
    released(&Case {
        title: "Sequelize",
        command: "npx sequelize-cli db:migrate",
        program: "bin/npx",
        files: &[
            (
                "package.json",
                "{\"devDependencies\": {\"sequelize-cli\": \"6.6.5\"}}",
            ),
            (
                "migrations/20261101100000-users.js",
                "module.exports = { async up (queryInterface, Sequelize) {} };\n",
            ),
        ],
        sql: "CREATE TABLE SequelizeMeta (name VARCHAR(255) NOT NULL UNIQUE PRIMARY KEY);
CREATE TABLE users (id integer);
INSERT INTO SequelizeMeta VALUES ('20261101100000-users.js');",
        version: "20261101100000",
    });
}

const RAILS: Case = Case {
    title: "Rails",
    command: "bin/rails db:migrate",
    program: "bin/rails",
    files: &[
        ("Gemfile", "gem \"rails\", \"~> 8.0\"\n"),
        ("config/database.yml", "production:\n  adapter: sqlite3\n"),
        (
            "db/migrate/20261101100000_users.rb",
            "class Users < ActiveRecord::Migration[8.0]\nend\n",
        ),
    ],
    sql: "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
CREATE TABLE users (id integer);
INSERT INTO schema_migrations VALUES ('20261101100000');",
    version: "20261101100000",
};

#[test]
fn bin_rails_db_migrate() {
    released(&RAILS);
}

#[test]
fn bundle_exec_rails_db_migrate() {
    released(&Case {
        command: "bundle exec rails db:migrate",
        program: "bin/bundle",
        ..RAILS
    });
}

#[test]
fn rails_is_told_the_database_by_its_adapter_s_name_and_the_app_as_the_project_says() {
    let project = RAILS.project();
    let here = project.path().display().to_string();
    project.script(
        "bin/rails",
        &format!(
            "#!/bin/sh\nprintf %s \"$DATABASE_URL\" > {here}/told-to-rails\nexec {} --sql \"$(cat bin/rails.sql)\"\n",
            binary("fake-tool").display()
        ),
    );
    project.manifest(&RAILS.manifest().web(&format!(
        "sh -c 'printf %s \"$DATABASE_URL\" > {here}/told-to-app; exec ./fake-app'"
    )));
    project.run(&["deploy"]).exits(0);
    let told = |name: &str| std::fs::read_to_string(project.path().join(name)).unwrap();
    assert_eq!(
        told("told-to-rails"),
        format!("sqlite3://{here}/data/app.db")
    );
    assert_eq!(told("told-to-app"), format!("sqlite://{here}/data/app.db"));
}

/// Adds a second migration to a project that Rails migrates.
fn posts(project: &TestProject) {
    project.file(
        "db/migrate/20261102100000_posts.rb",
        "class Posts < ActiveRecord::Migration[8.0]\nend\n",
    );
}

#[test]
fn rails_migrates_to_the_version_in_its_environment_and_later_ones_may_wait() {
    let project = RAILS.project();
    posts(&project);
    let to_users =
        RAILS
            .manifest()
            .release_command(RAILS.command)
            .set("env", "VERSION", "20261101100000");
    project.manifest(&to_users);
    project
        .run(&["deploy"])
        .exits(0)
        .says("Rails: 1 pending migration")
        .says("history at version 20261101100000");
    project
        .run(&["logs", "r1-migrate-1"])
        .exits(0)
        .prints("VERSION is 20261101100000");
    stand_in(
        &project,
        RAILS.program,
        "db:migrate",
        "CREATE TABLE posts (id integer); INSERT INTO schema_migrations VALUES ('20261102100000');",
    );
    project.manifest(&RAILS.manifest().release_command(RAILS.command));
    project
        .run(&["deploy"])
        .exits(0)
        .says("pending: 20261102100000 posts")
        .says("history at version 20261102100000");
}

#[test]
fn rails_takes_back_what_is_later_than_version_given_as_an_argument() {
    let project = RAILS.project();
    posts(&project);
    let everything =
        "CREATE TABLE posts (id integer); INSERT INTO schema_migrations VALUES ('20261102100000');";
    let all = format!("{}\n{everything}", RAILS.sql);
    stand_in(&project, RAILS.program, "db:migrate", &all);
    project.manifest(&RAILS.manifest().release_command(RAILS.command));
    project.run(&["deploy"]).exits(0).says("2 migrations");
    let back = "bin/rails db:migrate VERSION=20261101100000";
    project.manifest(&RAILS.manifest().release_command(back));
    let arguments = "db:migrate VERSION=20261101100000";
    stand_in(
        &project,
        RAILS.program,
        arguments,
        "DROP TABLE posts; DELETE FROM schema_migrations WHERE version = '20261102100000';",
    );
    project
        .run(&["deploy"])
        .exits(0)
        .says("Rails: 1 to take back, at version 20261102100000")
        .says("to take back: 20261102100000 posts")
        .says("1 migration taken back")
        .says("history at version 20261101100000");
    project
        .run(&["release", "show"])
        .exits(0)
        .prints("Rails: 20261102100000 posts taken back");
}

#[test]
fn a_version_that_rails_does_not_have_is_refused_before_anything_is_run() {
    let project = RAILS.project();
    let manifest = RAILS.manifest().release_command(RAILS.command);
    project.manifest(&manifest.set("env", "VERSION", "20261109100000"));
    project
        .run(&["deploy"])
        .exits(1)
        .says("VERSION is 20261109100000, and Rails has no migration of that version");
    assert!(!project.path().join("data/app.db").exists());
}

/// A revision of Alembic's that nobody may run.
const REVISION: &str = "\"\"\"users\n\nRevision ID: 1975ea83b712\nRevises:\n\"\"\"\nrevision = '1975ea83b712'\ndown_revision = None\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n    raise RuntimeError('never run')\n";
const ALEMBIC_SQL: &str = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE users (id integer);
INSERT INTO alembic_version VALUES ('1975ea83b712');";

#[test]
fn alembic_upgrade_head() {
    released(&Case {
        title: "Alembic",
        command: "alembic upgrade head",
        program: "bin/alembic",
        files: &[
            ("alembic.ini", "[alembic]\nscript_location = alembic\n"),
            ("alembic/env.py", "context.configure(url=url)\n"),
            ("alembic/versions/1975ea83b712_users.py", REVISION),
        ],
        sql: ALEMBIC_SQL,
        version: "1975ea83b712",
    });
}

#[test]
fn flask_db_upgrade() {
    released(&Case {
        title: "Flask-Migrate",
        command: "flask db upgrade",
        program: "bin/flask",
        files: &[
            ("requirements.txt", "Flask-Migrate==4.1.0\n"),
            ("migrations/alembic.ini", "[alembic]\n"),
            ("migrations/env.py", "from flask import current_app\n"),
            ("migrations/versions/1975ea83b712_users.py", REVISION),
        ],
        sql: ALEMBIC_SQL,
        version: "1975ea83b712",
    });
}

#[test]
fn python_manage_py_migrate() {
    released(&Case {
        title: "Django",
        command: "python manage.py migrate",
        program: "bin/python",
        files: &[
            ("manage.py", "from django.core.management import execute_from_command_line\n"),
            ("blog/__init__.py", ""),
            ("blog/migrations/__init__.py", ""),
            (
                "blog/migrations/0001_initial.py",
                "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = []\n    operations = []\n",
            ),
        ],
        sql: "CREATE TABLE django_migrations (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied datetime NOT NULL);
CREATE TABLE users (id integer);
INSERT INTO django_migrations (app, name, applied) VALUES ('blog', '0001_initial', '2026-11-20 10:00:00.123456');",
        version: "blog.0001",
    });
}

#[test]
fn php_artisan_migrate() {
    released(&Case {
        title: "Laravel",
        command: "php artisan migrate",
        program: "bin/php",
        files: &[
            ("artisan", "#!/usr/bin/env php\n"),
            ("composer.json", "{\"require\": {\"laravel/framework\": \"^11\"}}"),
            ("database/migrations/2026_11_01_100000_users.php", "<?php\n"),
        ],
        sql: "CREATE TABLE migrations (id integer not null primary key autoincrement, migration varchar not null, batch integer not null);
CREATE TABLE users (id integer);
INSERT INTO migrations (migration, batch) VALUES ('2026_11_01_100000_users', 1);",
        version: "2026_11_01_100000",
    });
}

/// The text of which the checksums below are.
const USERS: &str =
    "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    email TEXT NOT NULL\n);\n";

#[test]
fn sqlx_migrate_run() {
    released(&Case {
        title: "SQLx",
        command: "sqlx migrate run",
        program: "bin/sqlx",
        files: &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.9\"\n"),
            ("migrations/20261101100000_users.sql", USERS),
        ],
        sql: "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);
CREATE TABLE users (id integer);
INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (20261101100000, 'users', true,
x'7aaa41b97525e90b3b94df60ebb0b3cfc5d85269b4e408229a46c5c477e56eb027197e61f64a9acc50377cff5cdadc9f', 1);",
        version: "20261101100000",
    });
}

#[test]
fn refinery_migrate() {
    released(&Case {
        title: "Refinery",
        command: "refinery migrate",
        program: "bin/refinery",
        files: &[
            (
                "Cargo.toml",
                "[dependencies]\nrefinery = { version = \"0.8\", features = [\"rusqlite\"] }\n",
            ),
            ("migrations/V1__create_users.sql", USERS),
        ],
        sql: "CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255));
CREATE TABLE users (id integer);
INSERT INTO refinery_schema_history VALUES (1, 'create_users', '2026-11-20T10:00:00.123456789Z', '11865155202535856665');",
        version: "1",
    });
}

#[test]
fn diesel_migration_run() {
    released(&Case {
        title: "Diesel",
        command: "diesel migration run",
        program: "bin/diesel",
        files: &[
            ("diesel.toml", "[migrations_directory]\ndir = \"migrations\"\n"),
            ("migrations/2026-11-01-100000_users/up.sql", USERS),
            ("migrations/2026-11-01-100000_users/down.sql", "DROP TABLE users;\n"),
        ],
        sql: "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE users (id integer);
INSERT INTO __diesel_schema_migrations (version) VALUES ('20261101100000');",
        version: "20261101100000",
    });
}

#[test]
fn node_drizzle_migrate_js() {
    released(&Case {
        title: "Drizzle",
        command: "node ./drizzle-migrate.js",
        program: "bin/node",
        files: &[
            (
                "drizzle.config.ts",
                "export default defineConfig({ out: './drizzle', dialect: 'sqlite' });",
            ),
            (
                "drizzle/meta/_journal.json",
                "{\"version\":\"7\",\"dialect\":\"sqlite\",\"entries\":[{\"idx\":0,\"version\":\"6\",\"when\":1795168800000,\"tag\":\"0000_users\",\"breakpoints\":true}]}",
            ),
            ("drizzle/0000_users.sql", "SELECT 1;\n"),
            ("drizzle-migrate.js", "// migrate(db, { migrationsFolder: 'drizzle' })\n"),
        ],
        sql: "CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);
CREATE TABLE users (id integer);
INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd', 1795168800000);",
        version: "0000",
    });
}

#[test]
fn a_command_that_is_called_in_another_way_tells_how_it_ended() {
    let project = KNEX.project();
    project.manifest(&KNEX.manifest().release_command("knex migrate:up"));
    project
        .run(&["deploy"])
        .exits(1)
        .says("exit code 64 (on a copy of the database)")
        .says("called with migrate:up")
        .says("it ran on a copy; the database itself was not touched");
    assert!(!project.path().join("data/app.db").exists());
}

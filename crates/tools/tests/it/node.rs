//! Knex, db-migrate, Sequelize and umzug.

use crate::support::{Fixture, environment, lines};

const KNEX: &str = "CREATE TABLE `knex_migrations` (`id` integer not null primary key autoincrement, `name` varchar(255), `batch` integer, `migration_time` datetime);
CREATE TABLE `knex_migrations_lock` (`index` integer not null primary key autoincrement, `is_locked` integer);
INSERT INTO knex_migrations_lock (is_locked) VALUES (0);";

const UP: &str = "exports.up = function (knex) {};\nexports.down = function (knex) {};\n";

fn knex() -> Fixture {
    Fixture::new(&[
        ("package.json", "{\"dependencies\": {\"knex\": \"3.3.0\"}}"),
        ("knexfile.js", "module.exports = { client: 'sqlite3' };"),
        ("migrations/20261101100000_create_users.js", UP),
        ("migrations/20261101100100_create_posts.js", UP),
    ])
}

#[test]
fn knex_counts_names_with_their_endings() {
    let project = knex();
    assert_eq!(
        project.states(),
        [
            "20261101100000 create_users: pending",
            "20261101100100 create_posts: pending"
        ]
    );
    project.sql(KNEX).sql(
        "INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('20261101100000_create_users.js', 1, 1795168800000)",
    );
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "20261101100000 create_users: applied",
            "20261101100100 create_posts: pending"
        ]
    );
    let first = &status.migrations[0];
    assert_eq!(first.at.unwrap().to_string(), "2026-11-20T10:00:00Z");
    assert_eq!(first.by.as_deref(), Some("batch 1"));
    assert_eq!(status.command, ["npx", "knex", "migrate:latest"]);
}

#[test]
fn knex_s_late_and_missing_files_are_seen() {
    let project = knex();
    project.sql(KNEX).sql(
        "INSERT INTO knex_migrations (name, batch) VALUES ('20261101100100_create_posts.js', 1), ('20261101100200_gone.js', 1)",
    );
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "20261101100000 create_users: out of order",
            "20261101100100 create_posts: applied",
            "20261101100200 gone: missing file"
        ]
    );
    assert!(
        status.migrations[2]
            .why
            .as_deref()
            .unwrap()
            .contains("corrupt")
    );
}

#[test]
fn knex_s_lock_row_is_told_with_the_way_out() {
    let project = knex();
    project
        .sql(KNEX)
        .sql("UPDATE knex_migrations_lock SET is_locked = 1");
    let status = project.status();
    assert!(status.warnings[0].contains("lock row"));
    assert!(status.hints[0].contains("knex migrate:unlock"));
    assert!(!status.is_well());
}

#[test]
fn a_knex_migration_that_became_typescript_is_recognised() {
    let project = knex();
    project
        .file("migrations/20261101100000_create_users.ts", UP)
        .remove("migrations/20261101100000_create_users.js")
        .sql(KNEX)
        .sql("INSERT INTO knex_migrations (name, batch) VALUES ('20261101100000_create_users.js', 1)");
    let status = project.status();
    let missing = &status.migrations[0];
    assert_eq!(missing.id, "20261101100000_create_users.js");
    assert!(
        missing
            .why
            .as_deref()
            .unwrap()
            .contains("20261101100000_create_users.ts now")
    );
    assert!(status.hints[0].starts_with("`UPDATE knex_migrations SET name"));
}

#[test]
fn a_knexfile_s_directory_and_table_are_read_and_never_run() {
    let project = Fixture::new(&[
        (
            "knexfile.ts",
            "import path from 'path';\nthrow new Error('never run');\nexport default { development: { migrations: { directory: path.join(__dirname, 'db', 'm'), tableName: 'history' } } };",
        ),
        ("db/m/1_a.ts", "export async function up(knex: Knex) {}"),
        ("db/m/1_a.d.ts", "export declare function up(): void;"),
    ]);
    let status = project.status();
    assert_eq!(status.directories, ["db/m"]);
    assert_eq!(status.history, "history");
    assert_eq!(lines(&status), ["1 a: pending"]);
    assert!(status.notes.is_empty());
}

const KNEXFILE: &str = "const common = { migrations: { directory: './common' } };
module.exports = {
  development: { client: 'sqlite3' },
  production: { client: 'pg', searchPath: ['shop', 'public'], migrations: { directory: './db/steps', tableName: 'steps' } },
  staging: { ...common, client: 'pg' },
};";

fn knex_with_sections() -> Fixture {
    let project = knex();
    project
        .file("knexfile.js", KNEXFILE)
        .file("db/steps/1_a.js", UP)
        .file("common/2_b.js", UP);
    project
}

#[test]
fn a_knexfile_s_section_is_the_environment_s_and_development_s_without_one() {
    let status = knex_with_sections().status();
    assert_eq!(status.directories, ["migrations"]);
    assert_eq!(status.history, "knex_migrations");
    assert_eq!(status.notes, Vec::<String>::new());

    let status = knex_with_sections()
        .with(environment("production"))
        .status();
    assert_eq!(status.directories, ["db/steps"]);
    assert_eq!(status.history, "shop.steps");
    assert_eq!(status.notes, Vec::<String>::new());
}

#[test]
fn a_knexfile_s_section_with_parts_from_elsewhere_is_said_to_differ() {
    let status = knex_with_sections().with(environment("staging")).status();
    assert_eq!(status.directories, ["migrations"]);
    assert!(
        status.notes[0].starts_with("knexfile.js: migrations.directory is computed or differs")
    );
}

#[test]
fn a_knexfile_s_own_endings_are_those_of_its_migrations() {
    let project = Fixture::new(&[
        (
            "knexfile.js",
            "module.exports = { migrations: { loadExtensions: ['.mjs', '.sql.ts'] } };",
        ),
        ("migrations/1_a.mjs", "export function up(knex) {}"),
        ("migrations/2_b.js", UP),
        ("migrations/3_c.sql.ts", UP),
    ]);
    let found = project.status_of("knex").unwrap();
    assert_eq!(lines(&found), ["1 a: pending", "3 c: pending"]);
}

#[test]
fn a_table_that_may_be_named_elsewhere_is_said() {
    let project = knex();
    project.file(
        "knexfile.js",
        "const base = { tableName: 'steps' };\nmodule.exports = { migrations: { ...base, directory: 'migrations' } };",
    );
    let status = project.status();
    assert_eq!(status.history, "knex_migrations");
    assert!(
        status.notes[0].starts_with("knexfile.js: migrations takes parts from elsewhere"),
        "{:?}",
        status.notes
    );
}

#[test]
fn what_a_knexfile_computes_is_said() {
    let project = knex();
    project.file(
        "knexfile.js",
        "module.exports = { migrations: { directory: process.env.DIR, tableName: f() } };",
    );
    let status = project.status();
    assert_eq!(status.directories, ["migrations"]);
    assert_eq!(status.notes.len(), 2);
    assert!(status.notes[0].starts_with("knexfile.js: migrations.directory is computed"));
}

const SEQUELIZE: &str =
    "CREATE TABLE `SequelizeMeta` (`name` VARCHAR(255) NOT NULL UNIQUE PRIMARY KEY);";
const QUERY_INTERFACE: &str = "'use strict';\nmodule.exports = { async up (queryInterface, Sequelize) {}, async down (queryInterface, Sequelize) {} };\n";

fn sequelize() -> Fixture {
    Fixture::new(&[
        (
            "package.json",
            "{\"devDependencies\": {\"sequelize-cli\": \"6.6.5\"}}",
        ),
        ("migrations/20261101100000-create-users.js", QUERY_INTERFACE),
        ("migrations/20261101100100-create-posts.js", QUERY_INTERFACE),
    ])
}

#[test]
fn sequelize_s_history_is_names_alone() {
    let project = sequelize();
    project.sql(SEQUELIZE).sql(
        "INSERT INTO SequelizeMeta VALUES ('20261101100000-create-users.js'), ('20261101090000-gone.js')",
    );
    let status = project.status();
    assert_eq!(status.tool, "sequelize");
    assert_eq!(
        lines(&status),
        [
            "20261101090000 gone: missing file",
            "20261101100000 create-users: applied",
            "20261101100100 create-posts: pending"
        ]
    );
    assert_eq!(status.command, ["npx", "sequelize-cli", "db:migrate"]);
}

#[test]
fn sequelize_s_own_paths_and_table_are_read() {
    let project = Fixture::new(&[
        (
            ".sequelizerc",
            "const path = require('path');\nmodule.exports = { 'config': path.resolve('config', 'database.js'), 'migrations-path': path.resolve('db', 'migrations') };",
        ),
        (
            "config/database.js",
            "module.exports = { development: { migrationStorageTableName: 'meta' }, production: { migrationStorageTableName: 'meta' } };",
        ),
        ("db/migrations/1-a.js", QUERY_INTERFACE),
    ]);
    let status = project.status();
    assert_eq!(status.history, "meta");
    assert_eq!(status.directories, ["db/migrations"]);
}

#[test]
fn sequelize_s_table_is_that_of_the_environment() {
    let project = || {
        let project = sequelize();
        project.file(
            "config/config.json",
            r#"{"development": {}, "production": {"migrationStorageTableName": "meta", "migrationStorageTableSchema": "audit"}}"#,
        );
        project
    };
    assert_eq!(project().status().history, "SequelizeMeta");
    let status = project().with(environment("production")).status();
    assert_eq!(status.history, "audit.meta");
}

#[test]
fn umzug_s_json_file_is_a_history() {
    let project = Fixture::new(&[
        ("package.json", "{\"dependencies\": {\"umzug\": \"3.8.3\"}}"),
        (
            "migrations/1-a.js",
            "exports.up = async ({ context: queryInterface }) => {};",
        ),
        (
            "migrations/2-b.js",
            "exports.up = async ({ context: queryInterface }) => {};",
        ),
        ("umzug.json", "[\"1-a.js\"]"),
    ]);
    let status = project.status();
    assert_eq!(status.history, "umzug.json");
    assert_eq!(lines(&status), ["1 a: applied", "2 b: pending"]);
}

const DB_MIGRATE: &str = "CREATE TABLE migrations (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name VARCHAR (255) NOT NULL, run_on DATETIME NOT NULL);";
const WRAPPER: &str = "var dbm;\nexports.setup = function(options, seedLink) { dbm = options.dbmigrate; };\nexports.up = function(db) {};\nexports._meta = { \"version\": 1 };\n";

#[test]
fn db_migrate_s_rows_begin_with_a_slash() {
    let project = Fixture::new(&[
        ("database.json", "{\"dev\": {\"driver\": \"sqlite3\"}}"),
        ("migrations/20261101100000-create-users.js", WRAPPER),
        ("migrations/20261101100100-create-posts.js", WRAPPER),
        (
            "migrations/sqls/20261101100000-create-users-up.sql",
            "SELECT 1;",
        ),
    ]);
    project.sql(DB_MIGRATE).sql(
        "INSERT INTO migrations (name, run_on) VALUES ('/20261101100000-create-users', 1795168800000), ('other', 1)",
    );
    let status = project.status();
    assert_eq!(status.tool, "db-migrate");
    assert_eq!(
        lines(&status),
        [
            "20261101100000 create-users: applied",
            "20261101100100 create-posts: pending"
        ]
    );
    assert_eq!(status.foreign, ["other"]);
}

#[test]
fn db_migrate_s_schema_is_that_of_the_environment() {
    let project = || {
        Fixture::new(&[
            (
                "database.json",
                r#"{"dev": {"driver": "sqlite3", "schema": "no"}, "production": {"driver": "pg", "schema": "shop"}}"#,
            ),
            ("migrations/20261101100000-create-users.js", WRAPPER),
        ])
    };
    assert_eq!(project().status().history, "migrations");
    let status = project().with(environment("production")).status();
    assert_eq!(status.history, "shop.migrations");
}

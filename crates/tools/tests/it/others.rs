//! node-pg-migrate, TypeORM, SeaORM, Ecto, EF Core and Atlas.

use shipgate_migrate::directory::Location;

use crate::support::{Fixture, lines};

#[test]
fn node_pg_migrate_s_names_have_no_ending() {
    let project = Fixture::new(&[
        (
            "package.json",
            "{\"dependencies\": {\"node-pg-migrate\": \"9\"}}",
        ),
        (
            "migrations/1795170151000_users.js",
            "exports.up = (pgm) => {};",
        ),
        (
            "migrations/1795170152000_posts.sql",
            "-- Up Migration\nSELECT 1;\n-- Down Migration\n",
        ),
    ]);
    project
        .sql("CREATE TABLE pgmigrations (id integer primary key, name varchar(255) not null, run_on timestamp not null)")
        .sql("INSERT INTO pgmigrations (name, run_on) VALUES ('1795170152000_posts', '2026-11-20 10:00:00.5')");
    let status = project.status();
    assert_eq!(status.tool, "node-pg-migrate");
    assert_eq!(
        lines(&status),
        [
            "1795170151000 users: out of order",
            "1795170152000 posts: applied"
        ]
    );
}

#[test]
fn typeorm_s_history_is_in_the_data_source_s_schema() {
    let project = Fixture::new(&[
        (
            "data-source.js",
            "module.exports = { source: new DataSource({ type: 'postgres', schema: 'shop', migrations: ['migrations/*.js'] }) }; // typeorm",
        ),
        (
            "migrations/1795170151000-Users.js",
            "module.exports = class Users1795170151000 { async up(q) {} };",
        ),
    ]);
    assert_eq!(project.status().history, "shop.migrations");
}

#[test]
fn typeorm_s_helpers_in_a_migration_s_file_are_no_migrations() {
    let project = Fixture::new(&[
        (
            "data-source.ts",
            "new DataSource({ migrations: ['migrations/*.ts'] }); // typeorm",
        ),
        (
            "migrations/1795170151000-Users.ts",
            "class Helper {}\n@Injectable()\nexport default class Users1795170151000\n  implements MigrationInterface\n{\n  \
             readonly name: string =\n    'People1795170151000';\n  async up() {}\n}\nexport class Odd {}\n",
        ),
        (
            "migrations/1795170152000-Posts.ts",
            "class Helper {}\nexport class Posts1795170152000 implements MigrationInterface { name = 'APosts1795170152000' }\n",
        ),
    ]);
    let status = project.status();
    assert_eq!(
        lines(&status),
        [
            "1795170151000 Users: pending",
            "1795170152000 APosts: pending"
        ]
    );
    assert_eq!(
        status.notes,
        [
            "migrations/1795170151000-Users.ts: `Odd` does not end with 13 digits; typeorm refuses it"
        ]
    );
}

#[test]
fn typeorm_s_classes_are_ordered_by_their_times() {
    let class = |name: &str, body: &str| {
        format!(
            "import {{ MigrationInterface }} from 'typeorm';\nexport class {name} implements MigrationInterface {{ {body} public async up(): Promise<void> {{}} }}\n"
        )
    };
    let project = Fixture::new(&[
        (
            "src/data-source.ts",
            "import { DataSource } from 'typeorm';\nexport default new DataSource({ migrations: ['src/steps/*.ts'], migrationsTableName: 'steps' });",
        ),
        (
            "src/steps/1795170152000-Posts.ts",
            &class("APosts1795170152000", ""),
        ),
        (
            "src/steps/1795170151000-Users.ts",
            &class("Other", "name = 'Users1795170151000';"),
        ),
    ]);
    project
        .sql("CREATE TABLE steps (id integer primary key, timestamp bigint not null, name varchar not null)")
        .sql("INSERT INTO steps (timestamp, name) VALUES (1795170151000, 'Users1795170151000'), (1795170151500, 'Gone1795170151500')");
    let status = project.status();
    assert_eq!(status.tool, "typeorm");
    assert_eq!(status.directories, ["src/steps"]);
    assert_eq!(
        lines(&status),
        [
            "1795170151000 Users: applied",
            "1795170151500 Gone: missing file",
            "1795170152000 APosts: pending"
        ]
    );
    assert_eq!(
        status.command,
        [
            "npx",
            "typeorm-ts-node-commonjs",
            "migration:run",
            "-d",
            "src/data-source.ts"
        ]
    );
}

#[test]
fn seaorm_s_order_is_that_of_its_list() {
    let project = Fixture::new(&[
        ("Cargo.toml", "[dependencies]\nsea-orm = \"1\"\n"),
        (
            "migration/Cargo.toml",
            "[dependencies]\nsea-orm-migration = \"1.1\"\n",
        ),
        (
            "migration/src/lib.rs",
            "impl MigratorTrait for Migrator {\n    fn migrations() -> Vec<Box<dyn MigrationTrait>> {\n        vec![\n            Box::new(m20261102_000001_posts::Migration),\n            // Box::new(m20261103_000001_off::Migration),\n            Box::new(m20261101_000001_users::Migration),\n        ]\n    }\n}\n",
        ),
        (
            "migration/src/m20261101_000001_users.rs",
            "#[derive(DeriveMigrationName)]\npub struct Migration;",
        ),
        (
            "migration/src/m20261102_000001_posts.rs",
            "impl MigrationName for Migration { fn name(&self) -> &str { \"posts_by_hand\" } }",
        ),
        ("migration/src/m20261103_000001_off.rs", ""),
    ]);
    project
        .sql("CREATE TABLE seaql_migrations (version varchar PRIMARY KEY, applied_at bigint NOT NULL)")
        .sql("INSERT INTO seaql_migrations VALUES ('posts_by_hand', 1795168800)");
    let status = project.status();
    assert_eq!(status.tool, "seaorm");
    assert_eq!(
        lines(&status),
        [
            "20261102_000001 posts: applied",
            "20261101_000001 users: pending"
        ]
    );
    assert!(status.notes[0].contains("m20261103_000001_off"));
    assert_eq!(
        status.migrations[0].at.unwrap().to_string(),
        "2026-11-20T10:00:00Z"
    );
    project.sql("UPDATE seaql_migrations SET version = 'm20261101_000001_users'");
    assert_eq!(
        project.states(),
        [
            "20261102_000001 posts: out of order",
            "20261101_000001 users: applied"
        ]
    );
}

#[test]
fn ecto_s_table_is_told_by_inserted_at() {
    let project = Fixture::new(&[
        ("mix.exs", "defp deps, do: [{:ecto_sql, \"~> 3.12\"}]"),
        (
            "priv/repo/migrations/20261101100000_users.exs",
            "defmodule Users do end",
        ),
        (
            "priv/repo/migrations/20261101100100_posts.exs",
            "defmodule Posts do end",
        ),
    ]);
    project
        .sql("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, inserted_at TEXT)")
        .sql("INSERT INTO schema_migrations VALUES (20261101100000, '2026-11-20T10:00:00')");
    let status = project.status();
    assert_eq!(status.tool, "ecto");
    assert_eq!(
        lines(&status),
        [
            "20261101100000 users: applied",
            "20261101100100 posts: pending"
        ]
    );
}

#[test]
fn ef_core_s_ids_come_from_designer_files() {
    let project = Fixture::new(&[
        (
            "App.csproj",
            "<PackageReference Include=\"Microsoft.EntityFrameworkCore.Design\" />",
        ),
        (
            "Data/Migrations/20261101100000_Users.cs",
            "class Users : Migration {}",
        ),
        (
            "Data/Migrations/20261101100000_Users.Designer.cs",
            "[Migration(\"20261101100000_Users\")]",
        ),
        ("Data/Migrations/AppModelSnapshot.cs", ""),
    ]);
    project
        .sql("CREATE TABLE \"__EFMigrationsHistory\" (\"MigrationId\" TEXT NOT NULL PRIMARY KEY, \"ProductVersion\" TEXT NOT NULL)")
        .sql("INSERT INTO \"__EFMigrationsHistory\" VALUES ('20261101100000_Users', '9.0.1')");
    let status = project.status();
    assert_eq!(status.tool, "efcore");
    assert_eq!(lines(&status), ["20261101100000 Users: applied"]);
    assert_eq!(status.migrations[0].by.as_deref(), Some("EF Core 9.0.1"));
    assert_eq!(
        status.migrations[0].file.as_deref(),
        Some("Data/Migrations/20261101100000_Users.cs")
    );
}

const ATLAS: &str = "CREATE TABLE atlas_schema_revisions (version text NOT NULL PRIMARY KEY, description text NOT NULL, type integer NOT NULL DEFAULT 2, applied integer NOT NULL DEFAULT 0, total integer NOT NULL DEFAULT 0, executed_at datetime NOT NULL, execution_time integer NOT NULL, error text NULL, error_stmt text NULL, hash text NOT NULL, partial_hashes json NULL, operator_version text NOT NULL);";

fn atlas() -> Fixture {
    let project = Fixture::new(&[
        ("migrations/1_users.sql", "SELECT 1;\n"),
        ("migrations/2_posts.sql", "SELECT 2;\n"),
    ]);
    hash(&project);
    project.sql(ATLAS);
    project
}

fn hash(project: &Fixture) {
    let directory = project.path().join("migrations");
    let location = Location::parse(&format!("file://{}", directory.display())).unwrap();
    shipgate_migrate::hash(location).unwrap();
}

fn revision(project: &Fixture, version: &str, applied: u32, error: &str) {
    let sum = std::fs::read_to_string(project.path().join("migrations/atlas.sum")).unwrap();
    let hash = sum
        .lines()
        .find(|line| line.starts_with(&format!("{version}_")))
        .and_then(|line| line.split_once("h1:"))
        .map_or("x", |(_, hash)| hash);
    project.sql(&format!(
        "INSERT INTO atlas_schema_revisions VALUES ('{version}', 'users', 2, {applied}, 2, '2026-11-20 10:00:00.123456789+00:00', 1, '{error}', '', '{hash}', NULL, 'Shipgate 0.1')"
    ));
}

#[test]
fn atlas_s_edits_gaps_and_failures_are_told() {
    let project = atlas();
    revision(&project, "1", 2, "");
    let status = project.status();
    assert_eq!(status.tool, "atlas");
    assert_eq!(lines(&status), ["1 users: applied", "2 posts: pending"]);
    assert_eq!(status.migrations[0].by.as_deref(), Some("Shipgate 0.1"));
    project.file("migrations/1_users.sql", "SELECT 3;\n");
    hash(&project);
    assert_eq!(project.states()[0], "1 users: edited");
    let failed = atlas();
    revision(&failed, "2", 1, "no such table: x");
    let status = failed.status();
    assert_eq!(lines(&status), ["1 users: out of order", "2 posts: failed"]);
    assert_eq!(
        status.migrations[1].why.as_deref(),
        Some("1 of 2 statements are done: no such table: x")
    );
}

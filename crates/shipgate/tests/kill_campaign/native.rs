//! Other tools' directories, applied with their own histories.

use crate::server::{MariaDb, Postgres, Server, Sqlite};
use crate::site::{History, SET, Site};
use crate::{Victim, campaign_on, kills};

/// How one tool lays out its migrations and writes its history.
struct Tool {
    name: &'static str,
    directory: &'static str,
    /// The file of a migration, from its number and name.
    file: fn(usize, &str) -> String,
    text: fn(&str) -> String,
    /// What else is in the project.
    others: fn(&dyn Server) -> Vec<(String, String)>,
    table: &'static str,
    rows: fn(&dyn Server) -> String,
}

/// How often each tool's runs die on each database.
const IN_THE_SUITE: usize = 2;

impl Tool {
    fn site(&self, server: &dyn Server) -> Site {
        let migrations = (1..).zip(SET).map(|(number, (name, content))| {
            let name = name[2..].strip_suffix(".sql").unwrap();
            let file = (self.file)(number, name);
            (format!("{}/{file}", self.directory), (self.text)(content))
        });
        let files: Vec<_> = migrations.chain((self.others)(server)).collect();
        let directory = format!("{}?format={}", self.directory, self.name);
        let history = History {
            table: self.table,
            rows: (self.rows)(server),
        };
        Site::with(server, &files, &["--dir", &directory], history)
    }

    fn dies_on(&self, server: &dyn Server) {
        let what = format!("{}, {}", self.name, server.name());
        let site = || self.site(server);
        campaign_on(&what, &site, Victim::Process, kills(IN_THE_SUITE));
    }

    fn dies_everywhere(&self) {
        self.dies_on(&Sqlite);
        self.dies_on(&Postgres::shared());
        self.dies_on(&MariaDb::shared());
    }
}

/// SQL files without anything beside them, rows with a version alone.
const PLAIN: Tool = Tool {
    name: "",
    directory: "migrations",
    file: |number, name| format!("{number}_{name}.sql"),
    text: str::to_owned,
    others: |_| Vec::new(),
    table: "schema_migrations",
    rows: |_| "SELECT version FROM schema_migrations ORDER BY version".to_owned(),
};

#[test]
fn sqlx() {
    let tool = Tool {
        name: "sqlx",
        table: "_sqlx_migrations",
        rows: |server| {
            let sum = match server.name() {
                "PostgreSQL" => "encode(checksum, 'hex')",
                _ => "hex(checksum)",
            };
            format!(
                "SELECT version, description, success, {sum} FROM _sqlx_migrations ORDER BY version"
            )
        },
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn prisma() {
    let tool = Tool {
        name: "prisma",
        directory: "prisma/migrations",
        file: |number, name| format!("2026110110000{number}_{name}/migration.sql"),
        others: |server| {
            let provider = match server.name() {
                "PostgreSQL" => "postgresql",
                "MariaDB" => "mysql",
                _ => "sqlite",
            };
            let lock = format!("provider = \"{provider}\"\n");
            vec![
                (
                    "prisma/schema.prisma".to_owned(),
                    "datasource db {}\n".to_owned(),
                ),
                ("prisma/migrations/migration_lock.toml".to_owned(), lock),
            ]
        },
        table: "_prisma_migrations",
        rows: |_| {
            "SELECT migration_name, checksum, finished_at IS NOT NULL, logs, rolled_back_at, applied_steps_count \
             FROM _prisma_migrations ORDER BY migration_name"
                .to_owned()
        },
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn goose() {
    let tool = Tool {
        name: "goose",
        text: |content| format!("-- +goose Up\n{content}"),
        table: "goose_db_version",
        // What is rolled back uses up a number.
        rows: |_| "SELECT version_id, is_applied FROM goose_db_version ORDER BY id".to_owned(),
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn flyway() {
    let tool = Tool {
        name: "flyway",
        directory: "sql",
        file: |number, name| format!("V{number}__{name}.sql"),
        others: |_| {
            let settings = "flyway.locations=filesystem:sql\n".to_owned();
            vec![("flyway.conf".to_owned(), settings)]
        },
        table: "flyway_schema_history",
        rows: |_| {
            "SELECT installed_rank, version, description, type, script, checksum, installed_by, success \
             FROM flyway_schema_history ORDER BY installed_rank"
                .to_owned()
        },
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn dbmate() {
    let tool = Tool {
        name: "dbmate",
        directory: "db/migrations",
        text: |content| format!("-- migrate:up\n{content}-- migrate:down\n"),
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn golang_migrate() {
    let tool = Tool {
        name: "golang-migrate",
        file: |number, name| format!("{number}_{name}.up.sql"),
        rows: |_| "SELECT version, dirty FROM schema_migrations".to_owned(),
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn diesel() {
    let tool = Tool {
        name: "diesel",
        file: |number, name| format!("{number}_{name}/up.sql"),
        table: "__diesel_schema_migrations",
        rows: |_| "SELECT version FROM __diesel_schema_migrations ORDER BY version".to_owned(),
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn refinery() {
    let tool = Tool {
        name: "refinery",
        file: |number, name| format!("V{number}__{name}.sql"),
        table: "refinery_schema_history",
        rows: |_| {
            "SELECT version, name, checksum FROM refinery_schema_history ORDER BY version"
                .to_owned()
        },
        ..PLAIN
    };
    tool.dies_everywhere();
}

#[test]
fn drizzle() {
    let tool = Tool {
        name: "drizzle",
        directory: "drizzle",
        file: |number, name| format!("000{number}_{name}.sql"),
        text: |content| content.replace(";\n", ";\n--> statement-breakpoint\n"),
        others: |_| {
            let entries: Vec<String> = (1..)
                .zip(SET)
                .map(|(number, (name, _))| {
                    let tag = name.strip_suffix(".sql").unwrap();
                    format!(
                        r#"{{"idx":{number},"version":"7","when":{number},"tag":"000{tag}","breakpoints":true}}"#
                    )
                })
                .collect();
            let journal = format!(
                r#"{{"version":"7","dialect":"any","entries":[{}]}}"#,
                entries.join(",")
            );
            vec![("drizzle/meta/_journal.json".to_owned(), journal)]
        },
        table: "__drizzle_migrations",
        rows: |server| {
            let schema = match server.name() {
                "PostgreSQL" => "drizzle.",
                _ => "",
            };
            format!("SELECT hash, created_at FROM {schema}__drizzle_migrations ORDER BY created_at")
        },
    };
    tool.dies_everywhere();
}

#[test]
fn node_pg_migrate() {
    let tool = Tool {
        name: "node-pg-migrate",
        file: |number, name| format!("179517086712{number}_{name}.sql"),
        text: |content| format!("-- Up Migration\n{content}-- Down Migration\n"),
        table: "pgmigrations",
        rows: |_| "SELECT name FROM pgmigrations ORDER BY id".to_owned(),
        ..PLAIN
    };
    tool.dies_on(&Postgres::shared());
}

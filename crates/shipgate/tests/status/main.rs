//! `shipgate status` in projects of migration tools.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::process::Command;

use shipgate_testkit::Ran;
use tempfile::TempDir;

/// A project of another tool, with a database `app.db`.
struct Place(TempDir);

const UP: &str = "exports.up = function (knex) {};\n";

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            place.file(name, content);
        }
        place
    }

    /// Two Knex migrations, the first applied.
    fn knex() -> Self {
        let place = Self::with(&[
            ("knexfile.js", "module.exports = {};\n"),
            ("migrations/1_users.js", UP),
            ("migrations/2_posts.js", UP),
        ]);
        place.sql(
            "CREATE TABLE knex_migrations (id integer primary key, name varchar(255), batch integer, migration_time datetime);
             CREATE TABLE knex_migrations_lock (\"index\" integer primary key, is_locked integer);
             INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('1_users.js', 1, 1795168800000);",
        );
        place
    }

    fn file(&self, name: &str, content: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn sql(&self, script: &str) {
        let connection = rusqlite::Connection::open(self.0.path().join("app.db")).unwrap();
        connection.execute_batch(script).unwrap();
    }

    /// `shipgate status` with the database and these arguments.
    fn status(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["--url", "sqlite://app.db"], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_shipgate"))
            .arg("status")
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .output()
            .unwrap();
        Ran::from(output)
    }
}

#[test]
fn one_table_shows_any_tool_s_migrations() {
    let ran = Place::knex().status(&[]).exits(0);
    assert_eq!(
        ran.stdout,
        "\
Knex: migrations, history knex_migrations
VERSION  NAME   STATE    WHEN (UTC)           BY
1        users  applied  2026-11-20 10:00:00  batch 1
2        posts  pending  -                    -
1 applied, 1 pending
"
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn the_exit_code_tells_what_is_pending_only_where_asked_for() {
    let place = Place::knex();
    place.status(&["--exit-code"]).exits(3);
    place.sql("INSERT INTO knex_migrations (name, batch) VALUES ('2_posts.js', 2)");
    place.status(&["--exit-code"]).exits(0);
    place.sql("INSERT INTO knex_migrations_lock (is_locked) VALUES (1)");
    place
        .status(&["--exit-code"])
        .exits(3)
        .says("warning: the lock row is set")
        .says("hint: if nothing runs: `knex migrate:unlock`");
}

#[test]
fn json_has_one_form_for_every_tool() {
    let knex = Place::knex();
    let rails = Place::with(&[("db/migrate/1_users.rb", "")]);
    let mut keys = Vec::new();
    for (place, tool) in [(&knex, "knex"), (&rails, "rails")] {
        for form in [&["--json"][..], &["--output", "json"]] {
            let ran = place.status(form).exits(0);
            let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
            let migrations = value["migrations"].as_object().unwrap();
            assert_eq!(migrations["tool"], tool);
            assert_eq!(migrations["schema"], 1);
            let entry = migrations["migrations"][0].as_object().unwrap();
            keys.push((
                migrations.keys().cloned().collect::<Vec<_>>(),
                entry.keys().cloned().collect::<Vec<_>>(),
            ));
        }
    }
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_command_is_for_the_section_that_was_named() {
    let words = |arguments: &[&str]| {
        let told: serde_json::Value =
            serde_json::from_str(&Place::knex().run(arguments).exits(0).stdout).unwrap();
        told["migrations"]["command"].clone()
    };
    let named = ["knex", "migrate:latest", "--env", "production"];
    let with = ["--json", "--env", "production"];
    for ours in [
        words(&with),
        words(&[&with[..], &["--url", "sqlite://app.db"]].concat()),
        words(&[&with[..], &["--url", "sqlite://none.db"]].concat()),
    ] {
        let ours = ours.as_array().unwrap();
        assert!(
            ours.ends_with(&named.map(serde_json::Value::from)),
            "{ours:?}"
        );
    }
    let plain = words(&["--json"]);
    assert_eq!(plain.as_array().unwrap().last().unwrap(), "migrate:latest");
}

#[test]
fn without_a_database_the_files_alone_are_listed() {
    Place::knex()
        .run(&[])
        .exits(0)
        .prints("1        users  not checkable  -           -   no database")
        .prints("2 not checkable")
        .says("hint: set DATABASE_URL, or name the database");
}

#[test]
fn a_directory_that_is_not_there_is_said() {
    let place = Place::with(&[]);
    place
        .status(&["nowhere"])
        .exits(2)
        .says("error[project-file]: no directory nowhere");
}

#[test]
fn a_slip_in_a_manifest_is_told_where_nothing_else_tells_the_tool() {
    let place = Place::with(&[("package.json", "{\n  \"dependencies\": {]\n}\n")]);
    place
        .status(&[])
        .exits(1)
        .says("error[migrations-files]: package.json:2:20: this is not JSON");
}

#[test]
fn a_database_that_is_not_there_yet_has_nothing_applied() {
    let place = Place::knex();
    place
        .run(&["--url", "sqlite://other.db"])
        .exits(0)
        .prints("2 pending")
        .says("note: there is no database at");
    assert!(!place.0.path().join("other.db").exists());
}

#[test]
fn ambiguity_is_an_error_that_names_candidates_and_signs() {
    let place = Place::knex();
    place.file("db/migrate/1_users.rb", "");
    place
        .status(&[])
        .exits(2)
        .says("error[several-tools]: several migration tools may be meant")
        .says("  knex: migrations/1_users.js migrates with knex; knexfile.js")
        .says("  rails: db/migrate/1_users.rb")
        .says("hint: name the right one: `--tool knex`");
    place
        .status(&["--tool", "knex"])
        .exits(0)
        .prints("1 applied, 1 pending");
    place
        .status(&["--tool", "rake"])
        .exits(2)
        .says("error[unknown-tool]");
}

#[test]
fn a_project_deeper_down_is_hinted_at() {
    let place = Place::with(&[("api/db/migrate/1_users.rb", "")]);
    place
        .status(&[])
        .exits(2)
        .says("error[no-tool]: no migration tool was found here")
        .says("`shipgate status api` (rails)");
    place.status(&["api"]).exits(0).prints("1 pending");
}

#[test]
fn flags_name_what_cannot_be_detected() {
    let place = Place::with(&[("steps/1_users.rb", "")]);
    place.sql(
        "CREATE TABLE applied (version varchar primary key); INSERT INTO applied VALUES ('1')",
    );
    place
        .status(&["--tool", "rails", "--dir", "steps", "--table", "applied"])
        .exits(0)
        .prints("1 applied");
    place
        .status(&["--tool", "rails", "--dir", "nowhere"])
        .exits(2)
        .says("error[migrations-files]: no directory");
}

#[test]
fn the_project_file_names_tool_and_database() {
    let place = Place::knex();
    place.file("db/migrate/1_users.rb", "");
    place.file(
        "shipgate.toml",
        "app = \"notes\"\n[database]\nurl = \"sqlite://app.db\"\ntool = \"knex\"\n",
    );
    place
        .run(&[])
        .exits(0)
        .says("nothing has been released here yet")
        .prints("1 applied, 1 pending");
}

#[test]
fn what_the_project_file_says_is_told_with_its_place() {
    let place = Place::knex();
    for (line, said) in [
        (
            "tool = \"rake\"",
            "shipgate.toml:4:8: no migration tool is called `rake`",
        ),
        (
            "directory = \"\"",
            "shipgate.toml:4:13: database.directory: it is empty",
        ),
        (
            "table = \" \"",
            "shipgate.toml:4:9: database.table: it is empty",
        ),
        (
            "command = \"\"",
            "shipgate.toml:4:11: database.command: it is empty",
        ),
    ] {
        let file = format!("app = \"notes\"\n[database]\nurl = \"sqlite://app.db\"\n{line}\n");
        place.file("shipgate.toml", &file);
        place.run(&[]).exits(2).says(said);
    }
}

#[test]
fn another_tool_s_table_is_an_error() {
    let place = Place::with(&[("db/migrate/1_users.rb", "")]);
    place.sql("CREATE TABLE schema_migrations (version bigint, dirty bool)");
    place
        .status(&[])
        .exits(1)
        .says("error[history]: table schema_migrations is not Rails's: it has a column dirty, as tables of golang-migrate do");
}

#[test]
fn nothing_is_written_into_the_database() {
    let place = Place::with(&[("db/migrate/1_users.rb", "")]);
    place.sql("CREATE TABLE users (id)");
    let before = fs::read(place.0.path().join("app.db")).unwrap();
    place
        .status(&[])
        .exits(0)
        .prints("history schema_migrations (not there)");
    assert_eq!(fs::read(place.0.path().join("app.db")).unwrap(), before);
}

#[test]
fn a_password_file_and_a_connect_timeout_are_taken_as_migrate_takes_them() {
    let place = Place::knex();
    place
        .status(&["--password-file", "nowhere"])
        .exits(2)
        .says("error[password-file]: cannot read the password in nowhere");
    place
        .run(&[
            "--url",
            "postgres://a@127.0.0.1:1/a",
            "--connect-timeout",
            "0s",
        ])
        .exits(1)
        .says("error[database-open]: cannot reach PostgreSQL at 127.0.0.1:1");
    place
        .status(&["--connect-timeout", "soon"])
        .exits(2)
        .says("error[flag]: invalid argument \"soon\" for \"--connect-timeout\" flag");
}

#[test]
fn prisma_s_own_url_means_the_file_beside_the_schema() {
    let place = Place::with(&[
        ("prisma/schema.prisma", ""),
        (
            "prisma/migrations/20261101100000_users/migration.sql",
            "CREATE TABLE users (id int);\n",
        ),
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"sqlite\"\n",
        ),
    ]);
    rusqlite::Connection::open(place.0.path().join("prisma/dev.db"))
        .unwrap()
        .execute_batch(
            "CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY, checksum TEXT, finished_at DATETIME,
                 migration_name TEXT, logs TEXT, rolled_back_at DATETIME, started_at DATETIME,
                 applied_steps_count INTEGER);
             INSERT INTO _prisma_migrations VALUES ('1', 'other', 1795168800000, '20261101100000_users', NULL, NULL, 1795168800000, 1);",
        )
        .unwrap();
    let ran = place.run(&["--url", "file:./dev.db"]).exits(0);
    assert!(ran.stdout.contains("edited"), "{}", ran.stdout);
}

//! Directories of other tools, applied with the tool's own history.

use crate::support::{Place, said};

const DIESEL: &[(&str, &str)] = &[
    ("1_users/up.sql", "CREATE TABLE users (id int);\n"),
    ("2_posts/up.sql", "CREATE TABLE posts (id int);\n"),
];

fn with(files: &[(&str, &str)]) -> Place {
    let place = Place::empty();
    for (name, content) in files {
        let path = place.path("migrations").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    place
}

#[test]
fn a_tool_is_detected_and_said() {
    let place = with(DIESEL);
    let applied = place.run(&["apply"]);
    assert_eq!(
        applied.stderr, "Diesel: migrations, history __diesel_schema_migrations\n",
        "{applied:?}"
    );
    assert_eq!(applied.code, 0);
    assert_eq!(
        place.query("SELECT version FROM __diesel_schema_migrations"),
        ["1", "2"]
    );
    let again = place.run(&["apply"]);
    assert_eq!(again.stdout, "No migration files to execute\n");
    let status = place.run(&["status"]);
    assert!(
        status.stdout.contains("Already at latest version"),
        "{status:?}"
    );
}

#[test]
fn a_named_format_is_not_said_again() {
    let place = with(DIESEL);
    let dir = "migrations?format=diesel";
    let applied = place.run(&["apply", "--dir", dir, "1"]);
    assert_eq!((applied.stderr.as_str(), applied.code), ("", 0));
    let listed = place.run(&["ls", "--dir", dir]);
    assert_eq!(listed, said("1_users/up.sql\n2_posts/up.sql\n", "", 0));
    assert_eq!(place.run(&["validate", "--dir", dir]), said("", "", 0));
    let dry = place.run(&["apply", "--dir", dir, "--dry-run"]);
    assert!(dry.stdout.contains("CREATE TABLE posts"), "{dry:?}");
    assert_eq!(
        place.query("SELECT version FROM __diesel_schema_migrations"),
        ["1"]
    );
}

#[test]
fn a_directory_with_atlas_s_checksums_is_atlas_s() {
    let place = Place::with(&[("1_a.sql", "CREATE TABLE a (id int);\n")]);
    std::fs::write(
        place.path("Cargo.toml"),
        "[package]\nname = \"a\"\n[dependencies]\nsqlx = \"0.8\"\n",
    )
    .unwrap();
    assert_eq!(place.run(&["apply"]).stderr, "");
    assert_eq!(
        place.query("SELECT version FROM atlas_schema_revisions"),
        ["1"]
    );
}

#[test]
fn a_named_tool_wins_over_atlas_s_checksums() {
    let place = Place::with(&[("1_a.sql", "CREATE TABLE a (id int);\n")]);
    let applied = place.run(&["apply", "--dir", "migrations?format=sqlx"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(place.query("SELECT version FROM _sqlx_migrations"), ["1"]);
}

#[test]
fn the_project_file_names_tool_directory_and_table() {
    let place = with(&[]);
    std::fs::create_dir_all(place.path("db/1_users")).unwrap();
    std::fs::write(
        place.path("db/1_users/up.sql"),
        "CREATE TABLE users (id int);\n",
    )
    .unwrap();
    std::fs::write(
        place.path("shipgate.toml"),
        "app = \"probe\"\n[database]\ntool = \"diesel\"\ndirectory = \"db\"\ntable = \"applied\"\n",
    )
    .unwrap();
    let applied = place.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(place.query("SELECT version FROM applied"), ["1"]);
}

#[test]
fn migrations_that_are_no_sql_are_left_to_the_gate() {
    let place = with(&[("1_a.js", "exports.up = function (knex) {};\n")]);
    let refused = place.run(&["apply", "--dir", "migrations?format=knex"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .stderr
            .starts_with("Error: the migrations of Knex are not applied without it\n"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("shipgate gate -- "), "{refused:?}");
}

#[test]
fn a_failed_version_is_settled_by_a_person() {
    let place = with(&[("1_a.sql", "CREATE TABLE a (id int);\n")]);
    let dir = "migrations?format=sqlx";
    assert_eq!(place.run(&["apply", "--dir", dir]).code, 0);
    place.execute("UPDATE _sqlx_migrations SET success = 0");
    let failed = place.run(&["apply", "--dir", dir]);
    assert_eq!(failed.code, 1);
    assert!(
        failed.stderr.contains("hint: when its changes are undone"),
        "{failed:?}"
    );
    let settled = place.run(&["set", "--dir", dir, "--applied", "1"]);
    assert_eq!(
        settled,
        said("Version 1 has 1 of 1 statements now\n", "", 0)
    );
    assert_eq!(place.run(&["apply", "--dir", dir]).code, 0);
}

#[test]
fn atlas_itself_knows_no_other_tools() {
    let place = with(DIESEL);
    let asked = place.atlas(&[
        "migrate",
        "apply",
        "--url",
        "sqlite://app.db",
        "--dir",
        "file://migrations",
    ]);
    assert_eq!(asked.stdout, "No migration files to execute\n", "{asked:?}");
    assert_eq!(asked.stderr, "");
}

#[test]
fn prisma_s_own_url_means_the_file_beside_the_schema() {
    let place = Place::empty();
    let folder = place.path("prisma/migrations/20261101100000_users");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("migration.sql"),
        "CREATE TABLE users (id int);\n",
    )
    .unwrap();
    std::fs::write(place.path("prisma/schema.prisma"), "").unwrap();
    std::fs::write(
        place.path("prisma/migrations/migration_lock.toml"),
        "provider = \"sqlite\"\n",
    )
    .unwrap();
    let applied = place.run_with(&["apply"], Some("file:./dev.db"));
    assert_eq!(
        (applied.stderr.as_str(), applied.code),
        (
            "Prisma Migrate: prisma/migrations, history _prisma_migrations\n",
            0
        )
    );
    assert!(place.path("prisma/dev.db").exists() && !place.path("dev.db").exists());
}

#[test]
fn a_tool_s_directory_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let place = Place::empty();
    let journal = place.path("drizzle/meta/_journal.json");
    std::fs::create_dir_all(journal.parent().unwrap()).unwrap();
    std::fs::write(&journal, "{\"entries\": [").unwrap();
    let applied = place.run(&["apply", "--dir", "file://drizzle"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(
        applied
            .stderr
            .contains("drizzle/meta/_journal.json:1:13: this is no journal of drizzle-kit"),
        "{applied:?}"
    );
}

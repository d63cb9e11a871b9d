//! What is there and cannot be read is no less there.

use std::os::unix::fs::symlink;

use shipgate_tools::{named, read};

use crate::support::Fixture;

const UP: &str = "exports.up = function (knex) {};\n";

/// What reading says. A link to itself stands for what nobody may read, which
/// does not keep root from it.
fn said(project: &Fixture, tool: &str) -> String {
    let tool = named(tool).unwrap();
    let found = read(
        tool,
        &project.project(),
        &shipgate_tools::Settings::default(),
    );
    found.unwrap_err().to_string()
}

fn barred(project: &Fixture, path: &str) {
    let path = project.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(&path, &path).unwrap();
}

#[test]
fn a_directory_that_cannot_be_read_is_not_empty() {
    for (tool, path) in [
        ("knex", "migrations"),
        ("rails", "db/migrate"),
        ("prisma", "prisma/migrations"),
        ("diesel", "migrations"),
    ] {
        let project = Fixture::new(&[]);
        barred(&project, path);
        let said = said(&project, tool);
        assert!(
            said.starts_with(&format!("cannot read {path}")),
            "{tool}: {said}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_left_out() {
    let project = Fixture::new(&[("migrations/1_users/up.sql", "")]);
    barred(&project, "migrations/2_posts/up.sql");
    let said = said(&project, "diesel");
    assert!(
        said.starts_with("cannot read migrations/2_posts/up.sql"),
        "{said}"
    );
}

#[test]
fn a_configuration_that_cannot_be_read_does_not_mean_the_defaults() {
    let project = Fixture::new(&[("migrations/1_users.js", UP)]);
    barred(&project, "knexfile.js");
    let said = said(&project, "knex");
    assert!(said.starts_with("cannot read knexfile.js"), "{said}");
}

#[test]
fn a_slip_in_a_configuration_is_told_with_its_place() {
    for (tool, file, text, expected) in [
        (
            "diesel",
            "diesel.toml",
            "[migrations_directory]\ndir = \"x\n",
            "diesel.toml:2:9: this is not TOML: ",
        ),
        (
            "sqlx",
            "sqlx.toml",
            "[migrate\n",
            "sqlx.toml:1:9: this is not TOML: ",
        ),
        (
            "flyway",
            "flyway.toml",
            "a = = 1\n",
            "flyway.toml:1:5: this is not TOML: ",
        ),
        (
            "prisma",
            "package.json",
            "{\"prisma\": {]}",
            "package.json:1:13: this is not JSON: ",
        ),
        (
            "db-migrate",
            "database.json",
            "{\n  \"dev\": {},\n}",
            "database.json:3:1: this is not JSON: ",
        ),
        (
            "alembic",
            "pyproject.toml",
            "[tool.alembic\n",
            "pyproject.toml:1:14: this is not TOML: ",
        ),
        (
            "alembic",
            "alembic.ini",
            "# x\n[alembic\nscript_location = db\n",
            "alembic.ini:2: this section's name has no `]`",
        ),
        (
            "drizzle",
            "drizzle/meta/_journal.json",
            "{\"entries\": [{\"idx\": 0, \"when\": \"x\"}]}",
            "drizzle/meta/_journal.json:1:35: this is no journal of drizzle-kit: invalid type",
        ),
    ] {
        let project = Fixture::new(&[
            (file, text),
            ("migrations/1_users/up.sql", ""),
            ("migrations/2_posts.sql", ""),
            ("migrations/env.py", ""),
        ]);
        let said = said(&project, tool);
        assert!(said.starts_with(expected), "{tool}: {said}");
    }
}

#[test]
fn detection_tells_what_it_could_not_read() {
    let fixture = Fixture::new(&[("package.json", "{\"dependencies\": {\"knex\": \"3\",}}")]);
    let project = fixture.project();
    shipgate_tools::detect(&project).unwrap_err();
    let unread = project.take_unread().unwrap().to_string();
    assert_eq!(
        unread,
        "package.json:1:31: this is not JSON: trailing comma"
    );
}

#[test]
fn a_search_passes_by_what_is_none_of_the_tool_s() {
    let project = Fixture::new(&[
        ("manage.py", "import django\n"),
        ("blog/migrations/__init__.py", ""),
        (
            "blog/migrations/0001_initial.py",
            "class Migration(migrations.Migration):\n    dependencies = []\n",
        ),
    ]);
    barred(&project, "media/uploads");
    assert_eq!(project.status().summary.pending, 1);
}

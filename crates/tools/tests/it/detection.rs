//! Which tool a project uses.

use shipgate_tools::{ALL, DetectError, Weight, named};

use crate::support::Fixture;

const KNEX: &str = "exports.up = function (knex) {};";

#[test]
fn migrations_weigh_more_than_a_configuration_and_that_more_than_a_dependency() {
    let project = Fixture::new(&[
        (
            "package.json",
            "{\"dependencies\": {\"sequelize\": \"6\", \"knex\": \"3\"}}",
        ),
        (".sequelizerc", ""),
        ("migrations/1_a.js", KNEX),
    ]);
    let found = project.detected().unwrap();
    assert_eq!(found.tool.name(), "knex");
    assert_eq!(found.signs[0].weight, Weight::Migrations);
    assert_eq!(
        found.reasons(),
        "migrations/1_a.js migrates with knex; package.json depends on knex"
    );
}

#[test]
fn equally_weighty_signs_are_an_error_that_names_them() {
    let project = Fixture::new(&[
        ("prisma/schema.prisma", ""),
        ("prisma/migrations/migration_lock.toml", ""),
        ("migrations/1_a.js", KNEX),
    ]);
    let error = project.detected().unwrap_err();
    assert_eq!(
        error.to_string(),
        "several migration tools may be meant: knex (migrations/1_a.js migrates with knex), \
         prisma (prisma/migrations/migration_lock.toml; prisma/schema.prisma)"
    );
}

#[test]
fn nothing_is_detected_in_an_empty_directory() {
    let project = Fixture::new(&[("README.md", "")]);
    assert!(matches!(
        project.detected(),
        Err(DetectError::None { nested }) if nested.is_empty()
    ));
}

#[test]
fn projects_deeper_down_are_hinted_at_and_not_taken() {
    let project = Fixture::new(&[
        ("package.json", "{\"workspaces\": [\"packages/*\"]}"),
        ("packages/api/prisma/schema.prisma", ""),
        ("packages/api/prisma/migrations/migration_lock.toml", ""),
        (
            "packages/web/package.json",
            "{\"dependencies\": {\"knex\": \"3\"}}",
        ),
        ("node_modules/x/prisma/schema.prisma", ""),
    ]);
    let Err(DetectError::None { nested }) = project.detected() else {
        panic!("it was taken");
    };
    assert_eq!(nested, [("packages/api".to_owned(), "prisma")]);
}

#[test]
fn names_are_unique_and_known_however_they_are_written() {
    let mut names: Vec<&str> = ALL.iter().map(|tool| tool.name()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for tool in ALL {
        assert_eq!(named(tool.name()).unwrap().name(), tool.name());
    }
    assert_eq!(named("Flask_Migrate").unwrap().name(), "flask-migrate");
    assert_eq!(
        named("rake").unwrap_err().to_string(),
        "no migration tool is called `rake`"
    );
}

#[test]
fn alembic_s_three_forms_are_told_apart() {
    let revision = "revision = 'a'\ndown_revision = None\n";
    for (files, expected) in [
        (
            vec![
                ("alembic.ini", "[alembic]\nscript_location = migrations\n"),
                ("migrations/env.py", "from alembic import context\n"),
                ("migrations/versions/a.py", revision),
            ],
            "alembic",
        ),
        (
            vec![
                ("migrations/env.py", "from flask import current_app\n"),
                ("migrations/versions/a.py", revision),
            ],
            "flask-migrate",
        ),
        (
            vec![("app/__init__.py", ""), ("app/migrations/a.py", revision)],
            "flask-alembic",
        ),
    ] {
        assert_eq!(Fixture::new(&files).tool(), expected);
    }
}

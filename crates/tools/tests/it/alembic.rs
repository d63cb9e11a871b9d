//! Alembic, Flask-Migrate and Flask-Alembic.

use crate::support::{Fixture, lines};

const TABLE: &str = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));";

fn revision(id: &str, down: &str, message: &str) -> String {
    format!(
        "\"\"\"{message}\n\nRevision ID: {id}\nRevises: {down}\n\n\"\"\"\nfrom typing import Sequence, Union\n\nfrom alembic import op\n\n\
         # revision identifiers, used by Alembic.\nrevision: str = '{id}'\ndown_revision: Union[str, Sequence[str], None] = {down}\n\
         branch_labels: Union[str, Sequence[str], None] = None\ndepends_on: Union[str, Sequence[str], None] = None\n\n\ndef upgrade() -> None:\n    raise RuntimeError('never run')\n"
    )
}

fn alembic() -> Fixture {
    Fixture::new(&[
        (
            "alembic.ini",
            "[alembic]\n# path\nscript_location = %(here)s/alembic\n\n[loggers]\nscript_location = no\n",
        ),
        ("alembic/env.py", "context.configure(url=url)\n"),
        (
            "alembic/versions/zz_users.py",
            &revision("1975ea83b712", "None", "users"),
        ),
        (
            "alembic/versions/aa_posts.py",
            &revision("ae1027a6acf0", "'1975ea83b712'", "posts"),
        ),
        (
            "alembic/versions/bb_tags.py",
            &revision("27c6a30d7c24", "'ae1027a6acf0'", "tags"),
        ),
    ])
}

#[test]
fn everything_below_the_row_is_applied() {
    let project = alembic();
    project
        .sql(TABLE)
        .sql("INSERT INTO alembic_version VALUES ('ae1027a6acf0')");
    let status = project.status();
    assert_eq!(status.tool, "alembic");
    assert_eq!(
        lines(&status),
        [
            "1975ea83b712 users: applied",
            "ae1027a6acf0 posts: applied",
            "27c6a30d7c24 tags: pending"
        ]
    );
    assert_eq!(status.heads, ["27c6a30d7c24"]);
    assert_eq!(status.command, ["alembic", "upgrade", "head"]);
}

#[test]
fn no_table_and_an_empty_table_mean_that_nothing_is_applied() {
    let project = alembic();
    let without = project.status();
    assert_eq!(without.history_exists, Some(false));
    assert_eq!(without.summary.pending, 3);
    project.sql(TABLE);
    let empty = project.status();
    assert_eq!(empty.history_exists, Some(true));
    assert_eq!(empty.summary.pending, 3);
}

#[test]
fn merges_and_several_heads_are_followed() {
    let project = alembic();
    project
        .file(
            "alembic/versions/side.py",
            &revision("5d1e0d4b9b3e", "'1975ea83b712'", "side"),
        )
        .sql(TABLE)
        .sql("INSERT INTO alembic_version VALUES ('5d1e0d4b9b3e'), ('ae1027a6acf0')");
    let status = project.status();
    assert_eq!(status.heads, ["27c6a30d7c24", "5d1e0d4b9b3e"]);
    assert!(status.warnings[0].starts_with("there are several heads"));
    assert!(status.hints[0].contains("alembic merge heads"));
    assert_eq!(status.summary.applied, 3);
    project.file(
        "alembic/versions/merge.py",
        &revision("ffffffffffff", "('27c6a30d7c24', '5d1e0d4b9b3e')", "merge"),
    );
    let merged = project.status();
    assert_eq!(merged.heads, ["ffffffffffff"]);
    assert!(merged.warnings.is_empty());
    assert_eq!(
        lines(&merged).last().unwrap(),
        "ffffffffffff merge: pending"
    );
}

#[test]
fn a_row_that_no_file_holds_makes_what_is_not_below_uncheckable() {
    let project = alembic();
    project
        .sql(TABLE)
        .sql("INSERT INTO alembic_version VALUES ('deadbeef0000')");
    let status = project.status();
    assert_eq!(status.summary.not_checkable, 3);
    assert_eq!(lines(&status).last().unwrap(), "deadbeef0000: missing file");
    assert!(
        status.migrations[0]
            .why
            .as_deref()
            .unwrap()
            .contains("deadbeef0000")
    );
}

#[test]
fn what_comes_after_a_known_row_is_pending_whatever_the_others_are() {
    let project = alembic();
    project
        .file(
            "alembic/versions/side.py",
            &revision("5d1e0d4b9b3e", "'1975ea83b712'", "side"),
        )
        .sql(TABLE)
        .sql("INSERT INTO alembic_version VALUES ('ae1027a6acf0'), ('deadbeef0000')");
    assert_eq!(
        lines(&project.status()),
        [
            "1975ea83b712 users: applied",
            "ae1027a6acf0 posts: applied",
            "27c6a30d7c24 tags: pending",
            "5d1e0d4b9b3e side: not checkable",
            "deadbeef0000: missing file"
        ]
    );
}

#[test]
fn a_dependency_counts_as_applied() {
    let project = alembic();
    let text = revision("beef00000001", "None", "other").replace(
        "depends_on: Union[str, Sequence[str], None] = None",
        "depends_on: Union[str, Sequence[str], None] = ('ae1027a6acf0',)",
    );
    project
        .file("alembic/versions/other.py", &text)
        .sql(TABLE)
        .sql("INSERT INTO alembic_version VALUES ('beef00000001')");
    let status = project.status();
    assert_eq!(status.summary.applied, 3);
    assert_eq!(status.summary.pending, 1);
}

#[test]
fn the_version_table_and_locations_are_read() {
    let project = Fixture::new(&[
        (
            "pyproject.toml",
            "[tool.alembic]\nscript_location = \"%(here)s/db\"\nversion_locations = [\"%(here)s/db/a\", \"%(here)s/db/b\"]\n",
        ),
        (
            "db/env.py",
            "TABLE = 'history'\ndef run():\n    context.configure(\n        connection=connection, version_table=TABLE, version_table_schema='app')\n",
        ),
        ("db/a/1.py", &revision("a1", "None", "one")),
        ("db/b/2.py", &revision("b1", "\"a1\"", "two")),
    ]);
    let status = project.status();
    assert_eq!(status.history, "app.history");
    assert_eq!(status.directories, ["db/a", "db/b"]);
    assert_eq!(lines(&status), ["a1 one: pending", "b1 two: pending"]);
}

#[test]
fn flask_migrate_is_told_by_its_env_py() {
    let project = Fixture::new(&[
        ("requirements.txt", "Flask-Migrate==4.1.0\n"),
        ("poetry.lock", ""),
        ("migrations/alembic.ini", "[alembic]\n"),
        ("migrations/env.py", "from flask import current_app\n"),
        ("migrations/versions/1.py", &revision("a1", "None", "one")),
    ]);
    let status = project.status();
    assert_eq!(status.tool, "flask-migrate");
    assert_eq!(lines(&status), ["a1 one: pending"]);
    assert_eq!(status.command, ["poetry", "run", "flask", "db", "upgrade"]);
}

#[test]
fn flask_alembic_keeps_revisions_in_the_app_s_package() {
    let project = Fixture::new(&[
        (
            "pyproject.toml",
            "[project]\ndependencies = [\"flask-alembic\"]\n",
        ),
        (
            "src/shop/__init__.py",
            "from flask_alembic import Alembic\n",
        ),
        (
            "src/shop/migrations/1795170151_users.py",
            &revision("1795170151", "None", "users").replace(
                "branch_labels: Union[str, Sequence[str], None] = None",
                "branch_labels: Union[str, Sequence[str], None] = ('default',)",
            ),
        ),
    ]);
    project
        .sql(TABLE)
        .sql("INSERT INTO alembic_version VALUES ('1795170151')");
    let status = project.status();
    assert_eq!(status.tool, "flask-alembic");
    assert_eq!(status.directories, ["src/shop/migrations"]);
    assert_eq!(lines(&status), ["1795170151 users: applied"]);
}

#[test]
fn a_computed_revision_is_named_with_file_and_line() {
    let project = alembic();
    project.file(
        "alembic/versions/x.py",
        "import uuid\n\nrevision = uuid.uuid4().hex\n",
    );
    let tool = project.detected().unwrap().tool;
    let error = project.read(tool).unwrap_err().to_string();
    assert!(
        error.starts_with("alembic/versions/x.py:3: revision is computed"),
        "{error}"
    );
}

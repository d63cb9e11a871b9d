//! Migration directories that cannot be applied.

use std::fs;

use shipgate_testkit::eventually;

use crate::support::{
    bare_released, commanded, empty, picture, placed, project, refused, released, second,
    second_migration, state_of, with_tool,
};

#[test]
fn a_missing_migrations_directory_is_named() {
    let project = released();
    fs::remove_dir_all(project.path().join("migrations")).unwrap();
    refused(&project, 1)
        .says("migrations: no such file or directory")
        .says("`[database] directory` names the directory");
}

#[test]
fn a_file_in_place_of_the_directory_is_told_as_one() {
    let project = released();
    fs::remove_dir_all(project.path().join("migrations")).unwrap();
    project.file("migrations", "");
    refused(&project, 1).says("is not a dir");
}

#[test]
fn a_missing_sum_file_is_told_in_atlas_words() {
    let project = released();
    fs::remove_file(project.path().join("migrations/atlas.sum")).unwrap();
    refused(&project, 1)
        .says("checksum file not found")
        .says("You have a checksum error in your migration directory.")
        .says("Please check your migration files and run 'atlas migrate hash' to re-hash the contents")
        .says("hint: look at what changed; when it is meant, `shipgate migrate hash`");
}

#[test]
fn a_sum_file_with_a_git_conflict_is_told_with_its_lines() {
    let project = released();
    project.file(
        "migrations/atlas.sum",
        "<<<<<<< HEAD\nh1:a\n=======\nh1:b\n>>>>>>> theirs\n",
    );
    refused(&project, 1)
        .says("git conflict in lines 1 to 5 (HEAD against theirs)")
        .says("keep the files of both sides");
}

#[test]
fn an_edited_migration_is_told_by_its_name() {
    let project = released();
    project.file(
        "migrations/1_notes.sql",
        "CREATE TABLE notes (id integer);\n",
    );
    refused(&project, 1)
        .says("error[checksum]: checksum mismatch")
        .says("L2: 1_notes.sql was edited");
}

#[test]
fn an_added_migration_without_a_sum_is_told_by_its_name() {
    let project = released();
    project.file("migrations/2_more.sql", "CREATE TABLE more (id integer);\n");
    refused(&project, 1).says("L3: 2_more.sql was added");
}

#[test]
fn two_files_of_one_version_are_both_named() {
    let project = released();
    project.migration("1_other.sql", "CREATE TABLE other (id integer);\n");
    refused(&project, 1)
        .says("duplicate migration version \"1\"")
        .says("1_notes.sql")
        .says("1_other.sql");
}

#[test]
fn a_database_with_tables_and_no_history_is_not_taken_over() {
    let project = project();
    project.sql("CREATE TABLE legacy (id integer); CREATE TABLE older (id integer);");
    refused(&project, 1)
        .says("connected database is not clean")
        .says("shipgate migrate set VERSION");
}

#[test]
fn a_failing_statement_is_told_with_file_line_and_the_databases_words() {
    let project = released();
    project.manifest(&second()).migration(
        "2_broken.sql",
        "CREATE TABLE tags (id integer);\n\nALTER TABLE nots\n  ADD COLUMN pinned integer;\n",
    );
    refused(&project, 1)
        .says("no such table: nots")
        .says("--> migrations/2_broken.sql:3:")
        .says("3 | ALTER TABLE nots")
        .says("release 2 is aborted, nothing changed: release 1 serves on")
        .says("`shipgate migrate hash`");
    assert_eq!(state_of(&project, 2), "aborted, nothing changed");
    assert_eq!(project.rows("SELECT body FROM notes"), ["first"]);
}

#[test]
fn a_failure_that_only_the_live_data_shows_is_found_on_the_copy() {
    let project = released();
    project
        .sql("INSERT INTO notes (body) VALUES ('first')")
        .manifest(&second())
        .migration(
            "2_unique.sql",
            "CREATE UNIQUE INDEX bodies ON notes (body);\n",
        );
    refused(&project, 1)
        .says("UNIQUE constraint failed: notes.body")
        .says("(on a copy of the database)");
}

#[test]
fn a_schema_the_running_version_cannot_live_with_stops_before_the_database() {
    let manifest = second().web("sh -c 'exec ./fake-app --needs {alive}'");
    let project = empty();
    let alive = project.path().join("alive");
    fs::write(&alive, "").unwrap();
    let text = manifest
        .to_string()
        .replace("{alive}", &alive.display().to_string());
    project
        .file("shipgate.toml", &text)
        .migration("1_a.sql", "CREATE TABLE a (id integer);\n");
    project.run(&["deploy"]).exits(0);
    // The running version is healthy as long as this file is there; its trial
    // on the migrated copy begins after the migration's rehearsal.
    project
        .file(
            "shipgate.toml",
            &text.replace("wait_timeout = \"20s\"", "wait_timeout = \"1s\""),
        )
        .migration("2_b.sql", "CREATE TABLE b (id integer);\n");
    fs::remove_file(&alive).unwrap();
    let before = fs::read(project.path().join("data/app.db")).unwrap();
    project
        .run(&["deploy"])
        .exits(1)
        .says("the running version is not healthy on the migrated copy")
        .says("503 Service Unavailable")
        .says("split the change");
    assert_eq!(
        fs::read(project.path().join("data/app.db")).unwrap(),
        before
    );
    assert_eq!(state_of(&project, 2), "aborted, nothing changed");
}

#[test]
fn nothing_changed_is_said_and_is_no_release() {
    let project = released();
    let before = picture(&project);
    project
        .run(&["deploy"])
        .exits(0)
        .says("nothing to release")
        .prints(&format!("http://127.0.0.1:{}", project.port()));
    assert_eq!(picture(&project), before);
    second_migration(&project);
    project.run(&["deploy"]).exits(0).says("release 2");
    assert_eq!(project.rows("SELECT pinned FROM notes"), ["0"]);
}

#[test]
fn a_file_that_was_applied_and_then_edited_or_removed_is_told() {
    let project = released();
    project.migration("1_notes.sql", "CREATE TABLE notes (id integer);\n");
    refused(&project, 1)
        .says("1_notes.sql was edited after it was applied")
        .says("`shipgate migrate new`");
    fs::remove_file(project.path().join("migrations/1_notes.sql")).unwrap();
    project.migration("2_other.sql", "CREATE TABLE other (id integer);\n");
    refused(&project, 1).says("1_notes.sql was applied but is not in the directory");
}

#[test]
fn migrations_that_run_too_long_are_stopped() {
    let project = released();
    project.manifest(
        &second().set("release", "migrate_timeout", "300ms").set_raw(
            "release",
            "steps",
            "[\"check\", \"build\", \"migrate\", \"promote\"]",
        ),
    );
    project.migration(
        "2_endless.sql",
        "INSERT INTO notes (body) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\n",
    );
    refused(&project, 4)
        .says("the migrations ran longer than 300ms and were stopped")
        .says("`[release] migrate_timeout`");
}

#[test]
fn requests_wait_while_the_schema_changes_if_that_is_asked_for() {
    let project = bare_released(&commanded("true"));
    let manifest = with_tool("--mark {here}/mark --wait-for {here}/go")
        .set_raw("release", "pause_during_migrate", "true")
        .set_raw(
            "release",
            "steps",
            "[\"check\", \"build\", \"migrate\", \"promote\"]",
        );
    placed(&project, &manifest);
    let mut deploy = project.start(&["deploy"]);
    deploy.until("the release command", |_| {
        project.path().join("mark").exists()
    });
    project.run(&["status"]).exits(0).prints(", paused");
    let port = project.port();
    let request = std::thread::spawn(move || shipgate_testkit::get(port, "/"));
    eventually("a waiting request", || {
        project
            .run(&["status", "--output", "json"])
            .stdout
            .contains("\"waiting\":1")
    });
    assert!(!request.is_finished());
    project.file("go", "");
    let answer = request.join().unwrap().unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "1"));
    deploy.wait().exits(0);
}

#[test]
fn a_pause_whose_release_was_killed_ends() {
    let project = bare_released(&commanded("true"));
    let manifest = with_tool("--mark {here}/mark --wait-for {here}/go")
        .set_raw("release", "pause_during_migrate", "true")
        .set_raw(
            "release",
            "steps",
            "[\"check\", \"build\", \"migrate\", \"promote\"]",
        );
    placed(&project, &manifest);
    let mut deploy = project.start(&["deploy"]);
    deploy.until("the release command", |_| {
        project.path().join("mark").exists()
    });
    deploy.kill();
    deploy.wait();
    assert_eq!(project.serves().as_deref(), Some("1"));
    project.file("go", "");
    project.run(&["release", "resume"]).exits(0);
}

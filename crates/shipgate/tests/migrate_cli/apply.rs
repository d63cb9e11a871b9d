//! `apply`.

use std::io::{BufRead, BufReader};

use crate::support::{Place, said};

const TWO: [(&str, &str); 2] = [
    ("1_a.sql", "CREATE TABLE a (\n  x\n);\n"),
    (
        "2_b.sql",
        "CREATE TABLE b (x);\nINSERT INTO b VALUES (1);\n",
    ),
];

#[test]
fn pending_migrations_are_executed_and_told() {
    let place = Place::with(&TWO);
    assert_eq!(
        place.run(&["apply"]),
        said(
            "Migrating to version 2 (2 migrations in total):\n\
             \n  -- migrating version 1\n    -> CREATE TABLE a (\n         x\n       );\n  -- ok (TIME)\n\
             \n  -- migrating version 2\n    -> CREATE TABLE b (x);\n    -> INSERT INTO b VALUES (1);\n  -- ok (TIME)\n\
             \n  -------------------------\n  -- TIME\n  -- 2 migrations\n  -- 3 sql statements\n",
            "",
            0
        )
    );
    assert_eq!(
        place.run(&["apply"]),
        said("No migration files to execute\n", "", 0)
    );
    assert_eq!(place.tables(), ["a", "b"]);
}

#[test]
fn a_failed_statement_is_told_with_its_place() {
    let place = Place::with(&[TWO[0], ("2_b.sql", "CREATE TABLE b (x);\n\n  BAD;\n")]);
    assert_eq!(
        place.run(&["apply"]),
        said(
            "Migrating to version 2 (2 migrations in total):\n\
             \n  -- migrating version 1\n    -> CREATE TABLE a (\n         x\n       );\n  -- ok (TIME)\n\
             \n  -- migrating version 2\n    -> CREATE TABLE b (x);\n    -> BAD;\n    near \"BAD\": syntax error\n\
             \n  -------------------------\n  -- TIME\n  -- 1 migration ok, 1 with errors\n  -- 2 sql statements ok, 1 with errors\n",
            "Error: sql/migrate: executing statement \"BAD;\" from version \"2\": near \"BAD\": syntax error\n\
             hint: migrations/2_b.sql:3:3\n",
            1
        )
    );
    assert_eq!(place.tables(), ["a"]);
}

#[test]
fn an_amount_stops_after_so_many_files() {
    let place = Place::with(&TWO);
    let first = place.run(&["apply", "1"]);
    assert_eq!(
        (first.code, place.tables()),
        (0, vec!["a".to_owned()]),
        "{first:?}"
    );
    for (arguments, error) in [
        (
            ["apply", "abc"].as_slice(),
            "Error: invalid amount argument \"abc\" (invalid syntax). Omit the argument or pass a valid integer instead\n",
        ),
        (&["apply", "0"], "Error: cannot apply '0' migration files\n"),
        (
            &["apply", "1", "2"],
            "Error: accepts at most 1 arg(s), received 2\n",
        ),
    ] {
        assert_eq!(place.run(arguments), said("", error, 1));
    }
}

#[test]
fn a_version_stops_after_its_file() {
    let place = Place::with(&TWO);
    assert_eq!(place.run(&["apply", "--to-version", "1"]).code, 0);
    assert_eq!(place.tables(), ["a"]);
    assert_eq!(
        place.run(&["apply", "--to-version", "9"]),
        said("", "Error: migration with version \"9\" not found\n", 1)
    );
}

#[test]
fn a_dry_run_shows_the_same_and_makes_no_database() {
    let place = Place::with(&TWO[..1]);
    assert_eq!(
        place.run(&["apply", "--dry-run"]),
        said(
            "Migrating to version 1 (1 migrations in total):\n\
             \n  -- migrating version 1\n    -> CREATE TABLE a (\n         x\n       );\n  -- ok (TIME)\n\
             \n  -------------------------\n  -- TIME\n  -- 1 migration\n  -- 1 sql statement\n",
            "",
            0
        )
    );
    assert!(!place.path("app.db").exists());
}

#[test]
fn without_a_database_nothing_is_done() {
    let place = Place::with(&TWO);
    assert_eq!(
        place.run_with(&["apply"], None),
        said(
            "",
            "Error: required flag \"url\" not set\n\
             hint: set DATABASE_URL, or name the database: `--url sqlite://data/app.db`\n",
            1
        )
    );
}

#[test]
fn modes_and_orders_that_are_none_are_refused() {
    let place = Place::with(&TWO);
    for (flag, value, error) in [
        ("--tx-mode", "invalid", "unknown tx-mode \"invalid\""),
        ("--exec-order", "foo", "unknown execution order: \"foo\""),
        (
            "--lock-timeout",
            "soon",
            "invalid argument \"soon\" for \"--lock-timeout\" flag: time: invalid duration \"soon\"",
        ),
    ] {
        assert_eq!(
            place.run(&["apply", flag, value]),
            said("", &format!("Error: {error}\n"), 1)
        );
    }
}

#[test]
fn a_database_that_is_not_clean_is_refused_unless_that_is_allowed() {
    let place = Place::with(&TWO);
    place.execute("CREATE TABLE old (x)");
    assert_eq!(
        place.run(&["apply"]),
        said(
            "",
            "Error: sql/migrate: connected database is not clean: found multiple tables: 2. \
             baseline version or allow-dirty is required\n",
            1
        )
    );
    assert_eq!(place.run(&["apply", "--baseline", "1"]).code, 0);
    assert_eq!(place.tables(), ["b", "old"]);
}

#[test]
fn a_file_out_of_order_is_refused_unless_that_is_allowed() {
    let place = Place::with(&[TWO[0], ("3_c.sql", "CREATE TABLE c (x);\n")]);
    assert_eq!(place.run(&["apply"]).code, 0);
    place.write(&TWO[1..]);
    assert_eq!(place.run(&["hash"]).code, 0);
    assert_eq!(
        place.run(&["apply"]),
        said(
            "",
            "Error: migration file 2_b.sql was added out of order. \
             See: https://atlasgo.io/versioned/apply#non-linear-error\n",
            1
        )
    );
    assert_eq!(
        place.run(&["apply", "--exec-order", "linear-skip"]),
        said("No migration files to execute\n", "", 0)
    );
    assert_eq!(place.run(&["apply", "--exec-order", "non-linear"]).code, 0);
    assert_eq!(place.tables(), ["a", "b", "c"]);
}

#[test]
fn a_changed_applied_file_is_refused_unless_that_is_allowed() {
    let place = Place::with(&TWO[..1]);
    assert_eq!(place.run(&["apply"]).code, 0);
    place.write(&[("1_a.sql", "CREATE TABLE a (y);\n"), TWO[1]]);
    assert_eq!(place.run(&["hash"]).code, 0);
    let refused = place.run(&["apply"]);
    assert_eq!(
        (refused.stderr.as_str(), refused.code),
        (
            "Error: the history does not match the migration directory: 1_a.sql was edited after it was applied. \
             Put the files back as they were, or allow changed files\n\
             hint: go on all the same with --allow-changed\n",
            1
        )
    );
    assert_eq!(place.run(&["apply", "--allow-changed"]).code, 0);
    assert_eq!(place.tables(), ["a", "b"]);
}

#[test]
fn the_template_of_every_client_prints_json_and_no_error_line() {
    let place = Place::with(&[("1_a.sql", "BAD;\n")]);
    let failed = place.run(&["apply", "--format", "{{ json . }}"]);
    assert_eq!((failed.stderr.as_str(), failed.code), ("", 1));
    assert!(
        failed
            .stdout
            .starts_with("{\"Driver\":\"sqlite\",\"URL\":{"),
        "{failed:?}"
    );
    assert!(
        failed.stdout.contains(
            "\"Applied\":[\"BAD;\"],\"Error\":{\"Stmt\":\"BAD;\",\"Text\":\"near \\\"BAD\\\": syntax error\"}}]"
        ),
        "{failed:?}"
    );
}

#[test]
fn an_archive_s_checks_are_asserted_before_it_and_its_way_back_is_not_executed() {
    let archive = "-- atlas:txtar\n\n-- checks.sql --\nSELECT NOT EXISTS(SELECT * FROM a);\n\n\
                   -- migration.sql --\nDROP TABLE a;\n\n-- down.sql --\nCREATE TABLE a (x);\n";
    let place = Place::with(&[("1_a.sql", "CREATE TABLE a (x);\n")]);
    assert_eq!(place.run(&["apply"]).code, 0);
    place.execute("INSERT INTO a VALUES (1)");
    place.write(&[("2_b.sql", archive)]);
    assert_eq!(place.run(&["hash"]).code, 0);
    let error = "1 of 1 assertions failed: check assertion \"SELECT NOT EXISTS(SELECT * FROM a);\" returned false";
    assert_eq!(
        place.run(&["apply"]),
        said(
            &format!(
                "Migrating to version 2 from 1 (1 migrations in total):\n\
                 \n  -- checks before migrating version 2\n    -> SELECT NOT EXISTS(SELECT * FROM a);\n    {error}\n\
                 \n  -------------------------\n  -- TIME\n  -- 1 migration with errors\n  -- 1 check error\n"
            ),
            &format!("Error: {error}\n"),
            1
        )
    );
    place.execute("DELETE FROM a");
    assert_eq!(
        place.run(&["apply"]),
        said(
            "Migrating to version 2 from 1 (1 migrations in total):\n\
             \n  -- checks before migrating version 2\n    -> SELECT NOT EXISTS(SELECT * FROM a);\n  -- ok (TIME)\n\
             \n  -- migrating version 2\n    -> DROP TABLE a;\n  -- ok (TIME)\n\
             \n  -------------------------\n  -- TIME\n  -- 1 migration\n  -- 1 check\n  -- 1 sql statement\n",
            "",
            0
        )
    );
    assert!(place.tables().is_empty());
}

#[test]
fn a_directory_of_another_format_is_executed_as_its_tool_would() {
    let place = Place::with(&[]);
    place.write(&[(
        "1_a.sql",
        "-- +goose Up\nCREATE TABLE a (x);\n-- +goose Down\nDROP TABLE a;\n",
    )]);
    let dir = "file://migrations?format=goose";
    assert_eq!(place.run(&["hash", "--dir", dir]), said("", "", 0));
    assert_eq!(
        place.run(&["apply", "--dir", dir]).stdout,
        "Migrating to version 1 (1 migrations in total):\n\
         \n  -- migrating version 1\n    -> CREATE TABLE a (x);\n  -- ok (TIME)\n\
         \n  -------------------------\n  -- TIME\n  -- 1 migration\n  -- 1 sql statement\n"
    );
    assert_eq!(place.tables(), ["a"]);
}

#[test]
fn the_exit_code_tells_which_signal_ended_it() {
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\n";
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::with(&[("1_a.sql", endless)]);
        let mut running = std::process::Command::new(env!("CARGO_BIN_EXE_shipgate"))
            .args(["migrate", "apply", "--url", "sqlite://app.db"])
            .current_dir(place.root())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let begun = lines.find(|line| line.as_ref().unwrap().starts_with("    -> WITH"));
        assert!(begun.is_some());
        let sent = std::process::Command::new("kill")
            .args([signal, &running.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        assert_eq!(running.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_lock_of_another_name_is_another_lock() {
    let place = Place::with(&TWO);
    assert_eq!(place.run(&["apply", "1", "--lock-name", "nightly"]).code, 0);
    let locked = |name: &str| {
        let file = std::fs::File::open(place.path(name)).unwrap();
        file.lock().unwrap();
        file
    };
    let _held = locked("app.db-shipgate-lock-nightly");
    let refused = place.run(&["apply", "--lock-name", "nightly", "--lock-timeout", "0s"]);
    assert_eq!((refused.stdout.as_str(), refused.code), ("", 1));
    assert!(
        refused.stderr.starts_with(
            "Error: acquiring database lock: sql/sqlite: lock on \"nightly\" already taken\nhint: the migration lock is held by "
        ),
        "{refused:?}"
    );
    assert_eq!(place.run(&["apply"]).code, 0);
    assert_eq!(place.tables(), ["a", "b"]);
    assert_eq!(
        place.run(&["apply", "--lock-name", "../x"]),
        said(
            "",
            "Error: invalid argument \"../x\" for \"--lock-name\" flag: \"../x\" cannot name a lock; \
             a name has 1 to 64 letters, digits, `_`, `-` or `.` and begins with none of the last two\n",
            1
        )
    );
}

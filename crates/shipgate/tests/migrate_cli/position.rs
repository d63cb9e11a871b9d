//! `status` and `set`.

use crate::support::{Place, said};

fn place() -> Place {
    Place::with(&[
        ("1_a.sql", "CREATE TABLE a (x);\n"),
        ("2_b.sql", "CREATE TABLE b (x);\n"),
        (
            "3_c.sql",
            "-- atlas:txmode none\n\nCREATE TABLE c (x);\nBAD;\n",
        ),
    ])
}

#[test]
fn status_tells_what_is_applied_and_what_is_next() {
    let place = place();
    assert_eq!(
        place.run(&["status"]),
        said(
            "Migration Status: PENDING\n  -- Current Version: No migration applied yet\n  -- Next Version:    1\n  \
             -- Executed Files:  0\n  -- Pending Files:   3\n",
            "",
            0
        )
    );
    assert!(!place.path("app.db").exists());
    assert_eq!(place.run(&["apply", "1"]).code, 0);
    assert_eq!(
        place.run(&["status"]).stdout,
        "Migration Status: PENDING\n  -- Current Version: 1\n  -- Next Version:    2\n  \
         -- Executed Files:  1\n  -- Pending Files:   2\n"
    );
    assert_eq!(place.run(&["status", "--exit-code"]).code, 3);
}

#[test]
fn a_half_applied_file_is_told_and_can_be_set_as_done() {
    let place = place();
    assert_eq!(place.run(&["apply"]).code, 1);
    assert_eq!(
        place.run(&["status"]).stdout,
        "Migration Status: PENDING\n  -- Current Version: 3 (1 statements applied)\n  \
         -- Next Version:    3 (1 statements left)\n  -- Executed Files:  3 (last one partially)\n  \
         -- Pending Files:   1\n\nLast migration attempt had errors:\n  -- SQL:   BAD;\n  \
         -- ERROR: near \"BAD\": syntax error\n"
    );
    assert_eq!(place.run(&["set", "3"]).code, 0);
    assert_eq!(
        place.run(&["status"]).stdout,
        "Migration Status: OK\n  -- Current Version: 3\n  -- Next Version:    Already at latest version\n  \
         -- Executed Files:  3\n  -- Pending Files:   0\n"
    );
}

#[test]
fn set_writes_and_removes_rows() {
    let place = place();
    assert_eq!(
        place.run(&["set", "2"]),
        said(
            "Current version is 2 (2 set):\n\n  + 1 (a)\n  + 2 (b)\n\n",
            "",
            0
        )
    );
    assert_eq!(place.run(&["set", "2"]), said("", "", 0));
    assert_eq!(
        place.run(&["set", "1"]),
        said("Current version is 1 (1 removed):\n\n  - 2 (b)\n\n", "", 0)
    );
    assert_eq!(
        place.query("SELECT version, type FROM atlas_schema_revisions"),
        ["1|4"]
    );
}

#[test]
fn set_refuses_what_is_no_version() {
    let place = place();
    assert_eq!(
        place.run(&["set"]),
        said("", "Error: accepts 1 arg(s), received 0\n", 1)
    );
    assert_eq!(
        place.run(&["set", "4"]),
        said("", "Error: migration with version \"4\" not found\n", 1)
    );
    assert_eq!(
        place.run(&["set", "1", "2"]),
        said("", "Error: accepts 1 arg(s), received 2\n", 1)
    );
}

#[test]
fn status_prints_json_for_clients() {
    let place = place();
    let status = place.run(&["status", "--format", "{{ json . }}"]);
    assert_eq!((status.stderr.as_str(), status.code), ("", 0));
    assert!(
        status.stdout.starts_with("{\"Env\":{\"Driver\":\"sqlite\""),
        "{status:?}"
    );
    assert!(
        status.stdout.ends_with("\"Status\":\"PENDING\"}"),
        "{status:?}"
    );
}

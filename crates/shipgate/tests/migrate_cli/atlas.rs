//! The program called as `atlas`.

use crate::support::{Place, said};

const TWO: [(&str, &str); 2] = [
    ("1_a.sql", "CREATE TABLE a (x);\n"),
    ("2_b.sql", "CREATE TABLE b (x);\n"),
];

#[test]
fn it_tells_a_version_that_clients_understand() {
    let place = Place::empty();
    let version = place.atlas(&["version"]);
    assert_eq!(version.code, 0);
    let (first, second) = version.stdout.split_once('\n').unwrap();
    assert_eq!(first, "atlas version v1.2.3-shipgate");
    assert!(second.starts_with("shipgate 0."), "{second}");
    assert_eq!(place.program(&["atlas", "version"], None), version);
}

#[test]
fn without_a_command_it_answers_with_its_help() {
    let place = Place::empty();
    for words in [&[][..], &["migrate"]] {
        let help = place.atlas(words);
        assert_eq!((help.stderr.as_str(), help.code), ("", 0), "{words:?}");
        assert!(help.stdout.contains("Usage: atlas"), "{help:?}");
    }
}

#[test]
fn it_takes_the_flags_of_the_go_client() {
    let place = Place::with(&TWO);
    let applied = place.atlas(&[
        "migrate",
        "apply",
        "--format",
        "{{ json . }}",
        "--context",
        "{\"triggerType\":\"KUBERNETES\"}",
        "--url",
        "sqlite://app.db",
        "--dir",
        "file://migrations",
        "--allow-dirty",
        "--revisions-schema",
        "main",
        "--tx-mode",
        "file",
        "--exec-order",
        "linear",
        "--lock-name",
        "mine",
        "1",
    ]);
    assert_eq!((applied.stderr.as_str(), applied.code), ("", 0));
    let report: serde_json::Value = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!(report["Target"], "1");
    assert_eq!(place.tables(), ["a"]);
    let status = place.atlas(&[
        "migrate",
        "status",
        "-u",
        "sqlite://app.db",
        "--format",
        "{{ .Status }}",
    ]);
    assert_eq!(status, said("PENDING", "", 0));
    assert_eq!(
        place.atlas(&["migrate", "ls", "--short", "--latest"]),
        said("2\n", "", 0)
    );
}

#[test]
fn stderr_has_error_lines_alone_and_the_exit_code_is_one() {
    let place = Place::with(&[TWO[0], ("2_b.sql", "BAD;\n")]);
    let url = ["--url", "sqlite://app.db"];
    let failed = place.atlas(&[&["migrate", "apply"], &url[..]].concat());
    assert_eq!(
        (failed.stderr.as_str(), failed.code),
        (
            "Error: sql/migrate: executing statement \"BAD;\" from version \"2\": near \"BAD\": syntax error\n",
            1
        )
    );
    for (arguments, error) in [
        (
            &["migrate", "apply"][..],
            "Error: required flag \"url\" not set\n",
        ),
        (
            &["migrate", "status"],
            "Error: required flag \"url\" not set\n",
        ),
        (
            &["migrate", "apply", "--nope"],
            "Error: unknown flag: --nope\n",
        ),
        (&["nope"], "Error: unknown command \"nope\" for \"atlas\"\n"),
        (
            &[
                "migrate",
                "apply",
                "--url",
                "sqlite://app.db",
                "--format",
                "{{ foo }}",
            ],
            "Error: parse format: template: format:1: function \"foo\" not defined\n",
        ),
        (
            &["migrate", "status", "--url", "foo://x"],
            "Error: unknown database scheme `foo`; known are sqlite, postgres, mysql and mariadb, for example `sqlite://data/notes.db`\n",
        ),
    ] {
        assert_eq!(place.atlas(arguments), said("", error, 1), "{arguments:?}");
    }
}

#[test]
fn what_it_cannot_do_is_said_as_abort() {
    let place = Place::empty();
    for (arguments, command) in [
        (
            &["schema", "apply", "--url", "sqlite://app.db"][..],
            "schema apply",
        ),
        (
            &["migrate", "down", "--format", "{{ json . }}"],
            "migrate down",
        ),
        (
            &["migrate", "lint", "--dev-url", "sqlite://dev?mode=memory"],
            "migrate lint",
        ),
        (&["login", "--token", "hunter2"], "login"),
    ] {
        let refused = place.atlas(arguments);
        assert_eq!((refused.stdout.as_str(), refused.code), ("", 1));
        let first = refused.stderr.lines().next().unwrap();
        assert_eq!(
            first,
            format!(
                "Abort: 'atlas {command}' is not supported by shipgate, which runs versioned migrations."
            )
        );
        assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
    }
    assert_eq!(
        place.atlas(&["whoami", "--format", "{{ json . }}"]),
        said("", "Error: command requires 'atlas login'\n", 1)
    );
}

/// Run with Go and a module proxy at hand:
/// `cargo test -p shipgate --test migrate_cli -- --ignored the_go_client`.
#[test]
#[ignore = "needs Go and downloads the module ariga.io/atlas"]
fn the_go_client_finds_what_it_expects() {
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/atlasexec");
    let ran = std::process::Command::new("go")
        .args(["run", ".", env!("CARGO_BIN_EXE_shipgate")])
        .current_dir(client)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(said, "ok\n", "{}", String::from_utf8_lossy(&ran.stderr));
}

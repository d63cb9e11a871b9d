//! Where the database is: variables in its URL, and a password given apart.

use shipgate_testkit::postgres;

use crate::support::{Place, said};

const ONE: [(&str, &str); 1] = [("1_a.sql", "CREATE TABLE a (x int);\n")];

#[test]
fn variables_stand_for_parts_of_a_url() {
    let place = Place::with(&ONE);
    std::fs::create_dir(place.path("my data")).unwrap();
    let directory = place.path("my data").display().to_string();
    for (url, environment) in [
        (
            "sqlite://${DIR}/$NAME.db",
            [("DIR", directory.as_str()), ("NAME", "app#1")],
        ),
        ("$URL", [("URL", "sqlite://app.db"), ("NAME", "")]),
    ] {
        let applied = place.program_with(&["migrate", "apply", "--url", url], &environment);
        assert_eq!((applied.stderr.as_str(), applied.code), ("", 0), "{url}");
    }
    assert!(place.path("my data/app#1.db").exists());
    assert_eq!(place.tables(), ["a"]);
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let place = Place::with(&ONE);
    for url in ["sqlite://$NOPE/app.db", "${NOPE}", "$NOPE"] {
        assert_eq!(
            place.program_with(&["migrate", "status", "--url", url], &[]),
            said("", "Error: the variable NOPE of --url is not set\n", 1)
        );
    }
    let unclosed = place.program_with(
        &["migrate", "status", "--url", "postgres://u:${secret@h/d"],
        &[],
    );
    assert_eq!(unclosed.code, 1);
    assert!(!unclosed.stderr.contains("secret"), "{unclosed:?}");
}

#[test]
fn the_value_of_database_url_is_a_url_already() {
    let place = Place::with(&ONE);
    let applied = place.run_with(&["apply"], Some("sqlite://app$NOPE.db"));
    assert_eq!((applied.stderr.as_str(), applied.code), ("", 0));
    assert!(place.path("app$NOPE.db").exists());
}

#[test]
fn variables_of_a_client_alone_do_not_choose_a_database() {
    let place = Place::with(&ONE);
    assert_eq!(
        place.program_with(
            &["migrate", "status"],
            &[("PGHOST", "db"), ("MYSQL_HOST", "db")]
        ),
        said(
            "",
            "Error: required flag \"url\" not set\n\
             hint: set DATABASE_URL, or name the database: `--url sqlite://data/app.db`\n\
             hint: PGHOST is set: `--url postgres://` takes what it does not say from the client's own variables\n\
             hint: MYSQL_HOST is set: `--url mysql://` takes what it does not say from the client's own variables\n",
            1
        )
    );
}

#[test]
fn a_password_file_that_holds_none_is_refused() {
    let place = Place::with(&ONE);
    std::fs::write(place.path("empty"), "\n").unwrap();
    for (file, error) in [
        (
            "nope",
            "cannot read the password in nope: No such file or directory (os error 2)",
        ),
        ("empty", "the password file empty is empty"),
    ] {
        assert_eq!(
            place.run(&["status", "--password-file", file]),
            said("", &format!("Error: {error}\n"), 1)
        );
    }
}

#[test]
fn a_password_given_apart_opens_the_database() {
    let place = Place::with(&ONE);
    let database = postgres().database();
    let role = format!("role_{}", database.name());
    let password = "p@ss/w:rd 100%";
    database.psql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{password}'; GRANT CREATE ON SCHEMA public TO {role}"
    ));
    let port = postgres().port();
    let name = database.name();
    let server = format!("127.0.0.1:{port}/{name}?search_path=public");
    let without = format!("postgres://{role}@{server}");
    let wrong = format!("postgres://{role}:wrong@{server}");
    let inside = format!("postgres://{role}:$PASSWORD@{server}");
    std::fs::write(place.path("password"), format!("{password}\n")).unwrap();
    for (arguments, environment) in [
        (
            &["--url", &wrong, "--password-file", "password"][..],
            ("OTHER", ""),
        ),
        (
            &["--url", &without],
            ("SHIPGATE_DATABASE_PASSWORD", password),
        ),
        (&["--url", &inside], ("PASSWORD", password)),
    ] {
        let arguments = [&["migrate", "apply"], arguments].concat();
        let applied = place.program_with(&arguments, &[environment]);
        assert_eq!(applied.code, 0, "{arguments:?}: {applied:?}");
        let warnings: Vec<_> = applied.stderr.lines().collect();
        assert!(
            warnings.iter().all(|line| line.ends_with("`fsync` is off")),
            "{warnings:?}"
        );
    }
    assert_eq!(database.psql("SELECT count(*) FROM a").trim(), "0");
    std::fs::write(
        place.path("atlas.hcl"),
        format!(
            "data \"sql\" \"names\" {{\n  url = \"{without}\"\n  query = \"SELECT 'app'\"\n}}\n\
             env \"each\" {{\n  for_each = toset(data.sql.names.values)\n  url = \"sqlite://${{each.value}}.db\"\n}}\n"
        ),
    )
    .unwrap();
    let file = ["--password-file", "password"];
    let by_env = [&["migrate", "apply", "--env", "each"], &file[..]].concat();
    let applied = place.program_with(&by_env, &[]);
    assert_eq!((applied.stderr.as_str(), applied.code), ("", 0));
    assert_eq!(place.tables(), ["a"]);
    database.psql("DROP TABLE public.a, public.atlas_schema_revisions");
    let validate = [&["migrate", "validate", "--dev-url", &without], &file[..]].concat();
    assert_eq!(place.program_with(&validate, &[]), said("", "", 0));
    let refused = place.program_with(&["migrate", "status", "--url", &wrong], &[]);
    assert_eq!(refused.code, 1);
    assert!(
        !refused.stderr.contains("wrong@") && !refused.stderr.contains(":wrong"),
        "{refused:?}"
    );
    database.psql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_server_that_is_not_there_is_waited_for_aloud() {
    let place = Place::with(&ONE);
    // Nobody listens on the discard port.
    let url = "postgres://u:hunter2@127.0.0.1:9/app";
    for verb in ["apply", "status", "set"] {
        let waited = place.program_with(
            &["migrate", verb, "--url", url, "--connect-timeout", "300ms"],
            &[],
        );
        assert_eq!((waited.stdout.as_str(), waited.code), ("", 1), "{waited:?}");
        let first = waited.stderr.lines().next().unwrap();
        assert!(
            first.starts_with("waiting for PostgreSQL at 127.0.0.1:9: connection refused; "),
            "{verb}: {waited:?}"
        );
        assert!(!waited.stderr.contains("hunter2"), "{waited:?}");
    }
    let waited = place.program_with(
        &[
            "migrate",
            "validate",
            "--dev-url",
            url,
            "--connect-timeout",
            "300ms",
        ],
        &[],
    );
    assert!(
        waited.code == 1 && waited.stderr.contains("waited 300ms"),
        "{waited:?}"
    );
    let bad = place.program_with(
        &[
            "migrate",
            "apply",
            "--url",
            url,
            "--connect-timeout",
            "soon",
        ],
        &[],
    );
    assert_eq!(
        bad,
        said(
            "",
            "Error: invalid argument \"soon\" for \"--connect-timeout\" flag: time: invalid duration \"soon\"\n",
            1
        )
    );
}

//! `--env`: settings from `atlas.hcl`.

use std::fs;

use shipgate_testkit::{mariadb, postgres};

use crate::support::{Place, Said, said};

const A: &str = "CREATE TABLE a (id int);\n";

/// A place with one migration and this configuration.
fn place(config: &str) -> Place {
    let place = Place::with(&[("1_a.sql", A)]);
    fs::write(place.path("atlas.hcl"), config).unwrap();
    place
}

/// Runs a verb without any `DATABASE_URL`.
fn run(place: &Place, arguments: &[&str]) -> Said {
    place.run_with(arguments, None)
}

fn databases(place: &Place) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(place.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".db"))
        .collect();
    names.sort();
    names
}

fn applied(version: &str, statement: &str) -> String {
    format!(
        "Migrating to version {version} (1 migrations in total):\n\n  -- migrating version {version}\n    -> {statement}\n  -- ok (TIME)\n\n  -------------------------\n  -- TIME\n  -- 1 migration\n  -- 1 sql statement\n"
    )
}

#[test]
fn an_env_names_the_database_and_the_directory() {
    let place = place(
        "env \"t\" {\n  url = \"sqlite://own.db\"\n  migration {\n    dir = \"file://db\"\n  }\n}\n",
    );
    fs::rename(place.path("migrations"), place.path("db")).unwrap();
    assert_eq!(
        run(&place, &["apply", "--env", "t"]),
        said(&applied("1", "CREATE TABLE a (id int);"), "", 0)
    );
    assert_eq!(databases(&place), ["own.db"]);
    assert_eq!(run(&place, &["ls", "--env", "t"]), said("1_a.sql\n", "", 0));
    let status = run(&place, &["status", "--env", "t"]);
    assert!(
        status.stdout.starts_with("Migration Status: OK\n"),
        "{status:?}"
    );
    fs::write(place.path("db/2_b.sql"), "CREATE TABLE b (id int);\n").unwrap();
    assert_eq!(run(&place, &["hash", "--env", "t"]), said("", "", 0));
    assert_eq!(run(&place, &["validate", "--env", "t"]), said("", "", 0));
}

#[test]
fn migrations_are_tried_on_the_env_s_development_database() {
    let config = "env \"t\" {\n  dev = \"URL\"\n}\n";
    let with_memory = place(&config.replace("URL", "sqlite://dev?mode=memory"));
    with_memory.write(&[("1_a.sql", "BAD;\n")]);
    assert_eq!(run(&with_memory, &["hash"]).code, 0);
    let tried = run(&with_memory, &["validate", "--env", "t"]);
    assert!(tried.stderr.contains("syntax error"), "{tried:?}");
    let with_docker = place(&config.replace("URL", "docker://postgres/15/dev"));
    assert_eq!(
        run(&with_docker, &["validate", "--env", "t"]),
        said(
            "",
            "Error: databases in Docker are not started by this version\nhint: name an empty one that runs: `--dev-url postgres://localhost/dev`\n",
            1
        )
    );
}

#[test]
fn without_env_the_file_is_not_read() {
    let place = place("this is {{ no configuration");
    assert_eq!(place.run(&["apply"]).code, 0);
    assert_eq!(place.run(&["status", "-c", "file://atlas.hcl"]).code, 1);
}

#[test]
fn flags_win_over_the_env_and_the_env_over_the_environment() {
    let place = place("env \"t\" {\n  url = \"sqlite://env.db\"\n}\n");
    let with = |flags: &[&str]| {
        let arguments = [&["apply", "--env", "t"], flags].concat();
        assert_eq!(
            place
                .run_with(&arguments, Some("sqlite://variable.db"))
                .code,
            0
        );
    };
    with(&["--url", "sqlite://flag.db"]);
    assert_eq!(databases(&place), ["flag.db"]);
    with(&[]);
    assert_eq!(databases(&place), ["env.db", "flag.db"]);
}

#[test]
fn an_env_without_url_leaves_the_database_to_the_environment() {
    let place = place("env \"t\" {\n}\n");
    assert_eq!(place.run(&["apply", "--env", "t"]).code, 0);
    assert_eq!(databases(&place), ["app.db"]);
}

#[test]
fn an_empty_url_is_no_url_and_the_unset_variable_is_named() {
    let place = place("env \"t\" {\n  url = getenv(\"NOPE\")\n}\n");
    assert_eq!(
        place.run(&["apply", "--env", "t"]),
        said(
            "",
            "Error: required flag \"url\" not set\nhint: the url at atlas.hcl:2:3 is empty: the variable NOPE of getenv is not set\n",
            1
        )
    );
    assert_eq!(databases(&place), Vec::<String>::new());
}

#[test]
fn what_flags_set_for_apply_an_env_sets_too() {
    let place = place(
        "env \"t\" {\n  url = \"sqlite://own.db\"\n  migration {\n    baseline = \"1\"\n    exec_order = NON_LINEAR\n    tx_mode = none\n    lock_timeout = \"1s\"\n  }\n}\n",
    );
    assert_eq!(
        run(&place, &["apply", "--env", "t"]),
        said("No migration files to execute\n", "", 0)
    );
    place.write(&[("0_z.sql", "CREATE TABLE z (id int);\n")]);
    assert_eq!(run(&place, &["hash"]).code, 0);
    place.write(&[("2_b.sql", "CREATE TABLE b (id int);\nBAD;\n")]);
    assert_eq!(run(&place, &["hash"]).code, 0);
    assert_eq!(run(&place, &["apply", "--env", "t"]).code, 1);
    let connection = rusqlite::Connection::open(place.path("own.db")).unwrap();
    let count: i64 = connection
        .query_row(
            "SELECT count(*) FROM sqlite_master WHERE name = 'b'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(count, 1, "without a transaction the first statement stays");
}

#[test]
fn a_setting_that_is_none_is_refused_as_the_flag_is() {
    let place = place(
        "env \"t\" {\n  url = \"sqlite://own.db\"\n  migration {\n    lock_timeout = \"1x\"\n  }\n}\n",
    );
    assert_eq!(
        run(&place, &["apply", "--env", "t"]),
        said(
            "",
            "Error: invalid argument \"1x\" for \"--lock-timeout\" flag: time: invalid duration \"1x\"\n",
            1
        )
    );
}

#[test]
fn each_tenant_is_migrated_and_its_report_labelled() {
    let place = place(
        "variable \"tenants\" {\n  type = list(string)\n}\nenv \"t\" {\n  for_each = toset(var.tenants)\n  url = \"sqlite://${each.value}.db\"\n}\n",
    );
    let report = applied("1", "CREATE TABLE a (id int);");
    assert_eq!(
        run(
            &place,
            &["apply", "--env", "t", "--var", "tenants=two,tenants=one"]
        ),
        said(
            &format!("{report}{report}"),
            "env t, one (1 of 2)\nenv t, two (2 of 2)\n",
            0
        )
    );
    assert_eq!(databases(&place), ["one.db", "two.db"]);
}

#[test]
fn the_first_tenant_that_fails_stops_the_run() {
    let place = place(
        "env \"t\" {\n  for_each = [\"one\", \"two\", \"three\"]\n  url = \"sqlite://${each.value}.db\"\n  format {\n    migrate {\n      apply = \"{{ json . }}\"\n    }\n  }\n}\n",
    );
    let two = rusqlite::Connection::open(place.path("two.db")).unwrap();
    two.execute_batch("CREATE TABLE dirty (x)").unwrap();
    let ran = run(&place, &["apply", "--env", "t"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr
            .starts_with("env t, one (1 of 3)\nenv t, two (2 of 3)\n"),
        "{ran:?}"
    );
    assert!(
        ran.stderr
            .ends_with("stopped at env t, two (2 of 3); 1 not begun\n"),
        "{ran:?}"
    );
    assert_eq!(databases(&place), ["one.db", "two.db"]);
}

#[test]
fn reports_by_template_are_separated_by_a_newline() {
    let place = place(
        "env \"t\" {\n  for_each = [\"one\", \"two\"]\n  url = \"sqlite://${each.value}.db\"\n}\n",
    );
    let ran = run(&place, &["apply", "--env", "t", "--format", "{{ json . }}"]);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("{\"Driver\":\"sqlite\"")),
        "{ran:?}"
    );
    assert!(!ran.stdout.ends_with('\n'));
}

#[test]
fn an_env_has_the_templates_of_its_reports() {
    let place = place(
        "env \"t\" {\n  url = \"sqlite://own.db\"\n  format {\n    migrate {\n      apply = \"now at {{ .Target }}\"\n      status = \"{{ .Current }}\"\n    }\n  }\n}\n",
    );
    assert_eq!(
        run(&place, &["apply", "--env", "t"]),
        said("now at 1", "", 0)
    );
    assert_eq!(run(&place, &["status", "--env", "t"]), said("1", "", 0));
    let with_flag = run(&place, &["status", "--env", "t", "--format", "{{ .Next }}"]);
    assert_eq!(with_flag, said("Already at latest version", "", 0));
}

#[test]
fn only_apply_takes_several() {
    let place = place(
        "env \"t\" {\n  url = \"sqlite://a.db\"\n}\nenv \"t\" {\n  url = \"sqlite://b.db\"\n}\n",
    );
    for verb in ["status", "set", "hash", "validate", "new", "ls"] {
        assert_eq!(
            run(&place, &[verb, "--env", "t"]),
            said("", "Error: multiple envs found for \"t\"\n", 1),
            "{verb}"
        );
    }
    assert_eq!(run(&place, &["apply", "--env", "t"]).code, 0);
    assert_eq!(databases(&place), ["a.db", "b.db"]);
}

#[test]
fn tenants_come_from_a_query() {
    let place = place(
        "data \"sql\" \"tenants\" {\n  url = \"sqlite://app.db\"\n  query = \"SELECT name FROM tenant WHERE active = ? ORDER BY name\"\n  args = [1]\n}\nenv \"t\" {\n  for_each = toset(data.sql.tenants.values)\n  url = \"sqlite://${each.value}.db\"\n}\n",
    );
    place.execute("CREATE TABLE tenant (name text, active int); INSERT INTO tenant VALUES ('x', 1), ('y', 0), ('z', 1)");
    assert_eq!(run(&place, &["apply", "--env", "t"]).code, 0);
    assert_eq!(databases(&place), ["app.db", "x.db", "z.db"]);
}

/// The tenants that a query on a server finds.
fn tenants_on(url: &str, placeholders: [&str; 2]) -> Vec<String> {
    let [active, size] = placeholders;
    let place = place(&format!(
        "data \"sql\" \"tenants\" {{\n  url = \"{url}\"\n  query = \"SELECT name FROM tenant WHERE active = {active} AND size > {size} ORDER BY name\"\n  args = [true, 1]\n}}\nenv \"t\" {{\n  for_each = toset(data.sql.tenants.values)\n  url = \"sqlite://${{each.value}}.db\"\n}}\n"
    ));
    let ran = run(&place, &["apply", "--env", "t"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    databases(&place)
}

const TENANTS: &str = "CREATE TABLE tenant (name text, active boolean, size int); INSERT INTO tenant VALUES ('x', true, 5), ('y', false, 5), ('z', true, 5), ('small', true, 1)";

#[test]
fn tenants_come_from_postgresql() {
    let database = postgres().database();
    database.psql(TENANTS);
    assert_eq!(tenants_on(&database.url(), ["$1", "$2"]), ["x.db", "z.db"]);
}

#[test]
fn tenants_come_from_mariadb() {
    let database = mariadb().database();
    database.mariadb(TENANTS);
    assert_eq!(tenants_on(&database.url(), ["?", "?"]), ["x.db", "z.db"]);
}

#[test]
fn a_query_that_fails_is_told_with_its_place() {
    let config = "data \"sql\" \"tenants\" {\n  url = \"sqlite://app.db\"\n  query = \"SELEC\"\n}\nenv \"t\" {\n  url = data.sql.tenants.value\n}\n";
    let place = place(config);
    place.execute("CREATE TABLE tenant (name text)");
    assert_eq!(
        run(&place, &["apply", "--env", "t"]),
        said(
            "",
            "Error: data.sql.tenants: executing query: near \"SELEC\": syntax error\nhint: declared at atlas.hcl:1:1\n",
            1
        )
    );
}

#[test]
fn a_program_gives_the_url() {
    let place = place(
        "data \"external\" \"url\" {\n  program = [\"/bin/sh\", \"-c\", \"printf sqlite://printed.db\"]\n}\nenv \"t\" {\n  url = data.external.url\n}\n",
    );
    assert_eq!(run(&place, &["apply", "--env", "t"]).code, 0);
    assert_eq!(databases(&place), ["printed.db"]);
}

#[test]
fn a_program_that_fails_is_told_with_what_it_said() {
    let config = "data \"external\" \"url\" {\n  program = [\"PROGRAM\"]\n}\nenv \"t\" {\n  url = data.external.url\n}\n";
    for (program, expected) in [
        (
            "/bin/sh\", \"-c\", \"echo no token >&2; exit 3",
            "Error: data.external.url: running program /bin/sh: exit status 3: no token\nhint: declared at atlas.hcl:1:1\n",
        ),
        (
            "surely-not-there",
            "Error: data.external.url: running program surely-not-there: executable file not found in $PATH\nhint: declared at atlas.hcl:1:1\n",
        ),
    ] {
        let place = place(&config.replace("PROGRAM", program));
        assert_eq!(run(&place, &["apply", "--env", "t"]), said("", expected, 1));
    }
}

#[test]
fn a_directory_of_templates_is_applied_without_being_written() {
    let place = place(
        "data \"template_dir\" \"d\" {\n  path = \"templates\"\n  vars = {\n    name = \"users\"\n    audit = true\n  }\n}\nenv \"t\" {\n  url = \"sqlite://app.db\"\n  migration {\n    dir = data.template_dir.d.url\n  }\n}\n",
    );
    fs::create_dir_all(place.path("templates/shared")).unwrap();
    fs::write(
        place.path("templates/1_a.sql"),
        "CREATE TABLE {{ .name }} {{ template \"columns\" }};\n{{ if .audit }}CREATE TABLE audit (id int);{{ end }}\n",
    )
    .unwrap();
    fs::write(
        place.path("templates/shared/columns.tmpl"),
        "{{ define \"columns\" }}(id int){{ end }}",
    )
    .unwrap();
    let ran = run(&place, &["apply", "--env", "t"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(place.tables(), ["audit", "users"]);
    assert_eq!(run(&place, &["ls", "--env", "t"]), said("1_a.sql\n", "", 0));
    assert_eq!(run(&place, &["validate", "--env", "t"]), said("", "", 0));
    assert_eq!(
        run(&place, &["new", "--env", "t"]),
        said(
            "",
            "Error: mem://templates/d is rendered from templates, and nothing can be written there\nhint: `--dir` names a directory\n",
            1
        )
    );
}

#[test]
fn a_variable_that_a_template_uses_has_to_be_given() {
    let place = place(
        "data \"template_dir\" \"d\" {\n  path = \"migrations\"\n}\nenv \"t\" {\n  url = \"sqlite://app.db\"\n  migration {\n    dir = data.template_dir.d.url\n  }\n}\n",
    );
    place.write(&[("1_a.sql", "CREATE TABLE {{ .name }} (id int);\n")]);
    assert_eq!(
        run(&place, &["apply", "--env", "t"]),
        said(
            "",
            "Error: data.template_dir.d: executing template: template: 1_a.sql:1:16: executing \"1_a.sql\" at <.name>: map has no entry for key \"name\"\nhint: declared at atlas.hcl:1:1\n",
            1
        )
    );
}

#[test]
fn files_are_meant_from_the_configuration_and_databases_from_here() {
    let place = place("");
    fs::create_dir(place.path("conf")).unwrap();
    fs::write(place.path("conf/name.txt"), "named").unwrap();
    fs::write(
        place.path("conf/atlas.hcl"),
        "env \"t\" {\n  url = \"sqlite://${file(\"name.txt\")}-${length(glob(\"*\"))}.db\"\n}\n",
    )
    .unwrap();
    let ran = run(
        &place,
        &["apply", "--env", "t", "-c", "file://conf/atlas.hcl"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(databases(&place), ["named-2.db"]);
}

#[test]
fn a_project_s_directory_has_a_configuration_of_its_own() {
    let place = Place::empty();
    fs::create_dir_all(place.path("inner/db")).unwrap();
    fs::write(place.path("inner/db/1_a.sql"), A).unwrap();
    fs::write(
        place.path("inner/atlas.hcl"),
        "env \"t\" {\n  url = \"sqlite://app.db\"\n  migration {\n    dir = \"file://db\"\n  }\n}\n",
    )
    .unwrap();
    assert_eq!(run(&place, &["hash", "-C", "inner", "--env", "t"]).code, 0);
    assert_eq!(run(&place, &["apply", "-C", "inner", "--env", "t"]).code, 0);
    assert!(place.path("inner/app.db").exists());
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_as_atlas_does() {
    let place = Place::with(&[("1_a.sql", A)]);
    for (arguments, expected) in [
        (
            &["--env", "t"][..],
            "Error: config file \"atlas.hcl\" was not found: stat atlas.hcl: no such file or directory\n",
        ),
        (
            &["-c", "bad.hcl"],
            "Error: missing scheme for config file. Did you mean file://bad.hcl?\n",
        ),
        (
            &["-c", "http://bad.hcl"],
            "Error: unsupported config file driver \"http\"\n",
        ),
        (
            &["--var", "foo", "--env", "t"],
            "Error: invalid argument \"foo\" for \"--var\" flag: variables must be format as key=value, got: \"foo\"\n",
        ),
    ] {
        let arguments = [&["apply"], arguments].concat();
        assert_eq!(run(&place, &arguments), said("", expected, 1));
    }
    fs::write(place.path("atlas.hcl"), "env \"a\" {\n}\n").unwrap();
    assert_eq!(
        run(&place, &["apply", "--env", "t"]),
        said(
            "",
            "Error: env \"t\" not defined in config file\nhint: did you mean `--env a`?\n",
            1
        )
    );
}

#[test]
fn the_flags_may_stand_before_the_verb() {
    let place = place("env \"t\" {\n  url = \"sqlite://own.db\"\n}\n");
    assert_eq!(run(&place, &["--env", "t", "apply"]).code, 0);
    assert_eq!(databases(&place), ["own.db"]);
}

#[test]
fn what_is_not_supported_is_named_and_nothing_is_migrated() {
    for (blocks, expected) in [
        (
            "data \"remote_schema\" \"x\" {\n}\nenv \"t\" {\n  url = data.remote_schema.x.url\n}\n",
            "Error: atlas.hcl:1:1: data.remote_schema is not supported\nhint: supported are sql, external, template_dir and runtimevar\n",
        ),
        (
            "env \"t\" {\n  url = \"sqlite://own.db\"\n  migration {\n    exec_ordr = LINEAR\n  }\n}\n",
            "Error: atlas.hcl:4:5: `migration.exec_ordr` is not supported\nhint: did you mean `exec_order`?\n",
        ),
    ] {
        let place = place(blocks);
        assert_eq!(run(&place, &["apply", "--env", "t"]), said("", expected, 1));
        assert_eq!(databases(&place), Vec::<String>::new());
    }
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let place = place(
        "atlas {\n  cloud {\n    token = \"x\"\n  }\n}\nenv \"t\" {\n  url = \"sqlite://own.db\"\n}\n",
    );
    let ran = run(&place, &["apply", "--env", "t"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stderr,
        "warning: atlas.hcl:1:1: the block `atlas` is about Atlas Cloud, which is not used: no report is sent there\n"
    );
    let ran = place.run(&["apply", "--var", "x=1"]);
    assert_eq!(
        ran.stderr,
        "warning: `--var` has no effect without `--env`\n"
    );
    let ran = place.run(&["status", "-c", "file://atlas.hcl"]);
    assert_eq!(
        ran.stderr,
        "warning: without `--env` nothing is taken from atlas.hcl\n"
    );
}

#[test]
fn no_password_is_shown() {
    let config = "env \"t\" {\n  for_each = [\"postgres://u:hunter2@localhost:port/d\", \"b\"]\n  url = URL\n}\n";
    for url in [
        "each.value",
        "\"${each.value}:x:y\"",
        "tonumber(each.value)",
    ] {
        let place = place(&config.replace("URL", url));
        let ran = run(
            &place,
            &["apply", "--env", "t", "--lock-timeout", "1ms", "--dry-run"],
        );
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:?}");
    }
}

//! Wrong input, flag by flag.

use shipgate_testkit::Ran;

use crate::place::Place;

fn run(place: &Place, arguments: &[&str]) -> Ran {
    place.command(arguments).output().unwrap().into()
}

#[test]
fn a_duration_needs_a_number_and_a_unit() {
    let place = Place::knex();
    for flag in [
        "--timeout",
        "--lock-timeout",
        "--kill-timeout",
        "--connect-timeout",
    ] {
        place
            .gate(&[flag, "soon", "--", "true"])
            .exits(2)
            .says(&format!(
                "error[flag]: invalid argument \"soon\" for \"{flag}\" flag"
            ))
            .says("hint: a number and a unit");
    }
    for flag in ["--timeout", "--connect-timeout"] {
        place.wait(&[flag, "5"]).exits(2).says("error[flag]");
    }
}

#[test]
fn a_goal_is_one_of_four() {
    Place::knex()
        .gate(&["--verify", "heads", "--", "true"])
        .exits(2)
        .says("`heads` is none of `all`, `strict`, `none` and `to=VERSION`");
}

#[test]
fn a_database_must_be_named_and_be_one() {
    let place = Place::knex();
    for verb in ["gate", "wait"] {
        run(&place, &[verb])
            .exits(2)
            .says("error[no-database]: no database is named")
            .says("hint: set DATABASE_URL");
        run(&place, &[verb, "--url", "mongodb://x"])
            .exits(2)
            .says("error[database-url]");
        run(&place, &[verb, "--url", "$NOWHERE"])
            .exits(2)
            .says("NOWHERE");
        run(
            &place,
            &[
                verb,
                "--url",
                "sqlite://app.db",
                "--password-file",
                "nowhere",
            ],
        )
        .exits(2)
        .says("error[password-file]: cannot read the password in nowhere");
    }
}

#[test]
fn a_tool_must_be_known_and_its_directory_there() {
    let place = Place::knex();
    for verb in ["gate", "wait"] {
        let with = |more: &[&str]| {
            run(
                &place,
                &[&[verb, "--url", "sqlite://app.db"], more].concat(),
            )
        };
        with(&["--tool", "make"])
            .exits(2)
            .says("error[unknown-tool]");
        with(&["--tool", "knex", "--dir", "nowhere"])
            .exits(2)
            .says("error[migrations-files]");
    }
    run(&place, &["manifest", "--tool", "make"])
        .exits(2)
        .says("error[unknown-tool]");
}

#[test]
fn a_project_directory_must_be_there() {
    let place = Place::knex();
    run(
        &place,
        &[
            "gate",
            "-C",
            "nowhere",
            "--url",
            "sqlite://app.db",
            "--",
            "true",
        ],
    )
    .exits(2)
    .says("no directory nowhere");
}

#[test]
fn without_a_known_command_one_must_be_written() {
    let place = Place::new_empty();
    place.file("package.json", "{\"dependencies\":{\"umzug\":\"3\"}}");
    place.file(
        "migrations/1_users.js",
        "module.exports.up = async ({ context: queryInterface }) => {};\n",
    );
    place
        .gate(&["--tool", "sequelize"])
        .exits(2)
        .says("error[no-command]: there is no command to run")
        .says("shipgate gate -- node migrate.js up");
}

#[test]
fn words_behind_the_flags_need_two_dashes() {
    let place = Place::knex();
    place
        .gate(&["./migrate.sh"])
        .exits(2)
        .says("unexpected argument './migrate.sh'");
}

#[test]
fn another_tool_s_table_is_refused_before_anything_runs() {
    let place = Place::knex();
    place.sql("CREATE TABLE knex_migrations (a int)");
    place.script("true\n");
    place.pass().exits(1).says("error[history]");
    assert_eq!(place.runs(), 0);
}

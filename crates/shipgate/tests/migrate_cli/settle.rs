//! A run that nobody can tell the end of, and the commands it prints.

use std::process::Command;

use shipgate_testkit::postgres;

use crate::support::Place;

#[test]
fn the_printed_commands_work_when_they_are_copied() {
    let database = postgres().database();
    let place = Place::empty();
    std::fs::create_dir_all(place.path("db/my migrations")).unwrap();
    std::fs::write(
        place.path("db/my migrations/1_a.sql"),
        "-- atlas:txmode none\nCREATE TABLE log (step int);\nCALL fill();\nINSERT INTO log VALUES (3);\n",
    )
    .unwrap();
    let url = format!("{}?search_path=public", database.tcp_url());
    let url = ("REAL_URL", url.as_str());
    let dir = "file://db/my migrations";
    let run = |verb: &str| {
        let arguments = [
            "migrate",
            verb,
            "--url",
            "$REAL_URL",
            "--dir",
            dir,
            "--revisions-schema",
            "kept",
        ];
        place.program_with(&arguments, &[url])
    };
    let hash = ["migrate", "hash", "--dir", dir];
    assert_eq!(place.program_with(&hash, &[]).code, 0);
    let failed = run("apply");
    assert!(failed.stderr.contains("fill()"), "{failed:?}");
    // As it stands when the run dies in the statement.
    database.psql(
        "UPDATE kept.atlas_schema_revisions \
         SET error = 'shipgate: this statement was begun and its end is not known'",
    );
    let told = run("apply");
    assert!(
        !told.stderr.contains(postgres().password()),
        "{}",
        told.stderr
    );
    let command = told
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint: if it took effect: "))
        .expect(&told.stderr);
    assert_eq!(
        command,
        "shipgate migrate set --applied 1 --dir 'file://db/my migrations' --url \"$DATABASE_URL\" \
         --revisions-schema kept"
    );
    let program = env!("CARGO_BIN_EXE_shipgate");
    let done = Command::new("sh")
        .args(["-c", &command.replacen("shipgate", program, 1)])
        .current_dir(place.root())
        .env_clear()
        .env("DATABASE_URL", url.1)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(run("apply").code, 0);
    assert_eq!(database.psql("SELECT step FROM log"), "3");
}

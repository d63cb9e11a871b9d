//! Manifests: written where an image is built, read where it runs.

use shipgate_testkit::Ran;

use crate::place::Place;

fn manifest(place: &Place, arguments: &[&str]) -> Ran {
    let arguments = [&["manifest"], arguments].concat();
    place.command(&arguments).output().unwrap().into()
}

#[test]
fn a_manifest_names_tool_table_and_migrations() {
    let ran = manifest(&Place::knex(), &[]).exits(0);
    assert_eq!(
        ran.stdout,
        r#"{
  "shipgate-manifest": 1,
  "tool": "knex",
  "table": {
    "name": "knex_migrations"
  },
  "directories": [
    "migrations"
  ],
  "migrations": [
    {
      "id": "1_users.js",
      "version": "1",
      "name": "users",
      "file": "migrations/1_users.js"
    },
    {
      "id": "2_posts.js",
      "version": "2",
      "name": "posts",
      "file": "migrations/2_posts.js"
    }
  ]
}
"#
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn an_image_without_migrations_waits_by_its_manifest() {
    let place = Place::knex();
    manifest(&place, &["-o", "expected.json", "."])
        .exits(0)
        .says("Knex: 2 migrations, table knex_migrations, written to expected.json");
    std::fs::remove_dir_all(place.path().join("migrations")).unwrap();
    std::fs::remove_file(place.path().join("knexfile.js")).unwrap();
    place.applied(&["1_users.js"]);
    place
        .wait(&["--expect", "expected.json", "--timeout", "0s"])
        .exits(4)
        .says("1 of 2 migrations in knex_migrations: 2 posts");
    place.applied(&["2_posts.js", "3_tags.js"]);
    place
        .wait(&["--expect", "expected.json", "--", "echo", "up"])
        .exits(0)
        .prints("up")
        .says("it is newer than this build by 1: 3 tags");
}

#[test]
fn checksums_are_kept_and_an_edit_is_told_but_does_not_stop_the_app() {
    let place = Place::new_empty();
    place.file(
        "Cargo.toml",
        "[package]\nname = \"a\"\n[dependencies]\nsqlx = \"0.8\"\n",
    );
    place.file("migrations/1_users.sql", "CREATE TABLE users (id int);\n");
    manifest(&place, &["-o", "expected.json"]).exits(0);
    assert!(place.text("expected.json").contains("\"checksums\""));
    place.sql(
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL); \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (1, 'users', 1, x'00', 1)",
    );
    place
        .wait(&["--expect", "expected.json"])
        .exits(0)
        .says("1 users: edited");
}

#[test]
fn a_manifest_of_another_form_or_tool_is_refused() {
    let place = Place::knex();
    place.file(
        "newer.json",
        "{\"shipgate-manifest\": 2, \"tool\": \"knex\"}",
    );
    place
        .wait(&["--expect", "newer.json"])
        .exits(2)
        .says("error[manifest]: newer.json: it has the form 2, and this Shipgate reads form 1");
    for (text, said) in [
        (
            "[]",
            "1:1: this is no manifest: it has no `shipgate-manifest`",
        ),
        (
            "{\n  \"tool\":",
            "2:9: this is no manifest: EOF while parsing a value",
        ),
    ] {
        place.file("other.json", text);
        place
            .wait(&["--expect", "other.json"])
            .exits(2)
            .says(&format!("error[manifest]: other.json:{said}\n"));
    }
    place
        .wait(&["--expect", "nowhere.json"])
        .exits(2)
        .says("error[manifest]: cannot read nowhere.json");
    manifest(&place, &["-o", "expected.json"]).exits(0);
    place
        .wait(&["--expect", "expected.json", "--tool", "rails"])
        .exits(2)
        .says("error[flag]: --tool rails: the manifest expected.json is of knex");
}

#[test]
fn another_table_can_be_named_beside_a_manifest() {
    let place = Place::knex();
    manifest(&place, &["-o", "expected.json"]).exits(0);
    place.sql("CREATE TABLE h (name text, batch int); INSERT INTO h VALUES ('1_users.js', 1), ('2_posts.js', 1)");
    place
        .wait(&["--expect", "expected.json", "--table", "h"])
        .exits(0)
        .says("h holds all that is expected: 2 migrations");
}

#[test]
fn a_directory_without_a_tool_has_no_manifest() {
    let place = Place::new_empty();
    manifest(&place, &[]).exits(2).says("error[no-tool]");
    let knex = Place::knex();
    manifest(&knex, &["-o", "nowhere/expected.json"])
        .exits(1)
        .says("error[manifest]: cannot write");
}

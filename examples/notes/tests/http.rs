//! The app's surface, asked over a real socket.

mod client;

use std::path::Path;

use client::{Client, Running};
use serde_json::Value;

const MIGRATION: &str = include_str!("../migrations/20261120100000_create_notes.sql");
const SECOND: &str = include_str!("../tour/second/migrations/20261121090000_pin_notes.sql");

fn migrate(file: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(file).expect("the file opens");
    connection
        .execute_batch(sql)
        .expect("the migration applies");
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).expect("the body is JSON")
}

#[test]
fn a_note_that_was_added_is_listed() {
    let app = Running::start(MIGRATION);
    let mut client = Client::of(&app);
    let (status, body) = client.post("/api/notes", "application/json", r#"{"body":"  milk "}"#);
    assert_eq!(status, 201);
    let note = json(&body);
    assert_eq!((&note["id"], &note["body"]), (&1.into(), &"milk".into()));
    let (status, body) = client.get("/api/notes");
    assert_eq!((status, json(&body)), (200, Value::Array(vec![note])));
}

#[test]
fn the_latest_notes_come_first_and_as_many_as_asked_for() {
    let app = Running::start(MIGRATION);
    let mut client = Client::of(&app);
    for body in ["one", "two", "three"] {
        client.post(
            "/api/notes",
            "application/json",
            &format!("{{\"body\":\"{body}\"}}"),
        );
    }
    let (_, body) = client.get("/api/notes?limit=2");
    let notes = json(&body);
    let bodies: Vec<&str> = notes
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|note| note["body"].as_str())
        .collect();
    assert_eq!(bodies, ["three", "two"]);
}

#[test]
fn an_empty_note_is_refused_and_nothing_is_added() {
    let app = Running::start(MIGRATION);
    let mut client = Client::of(&app);
    let (status, body) = client.post("/api/notes", "application/json", r#"{"body":" \n "}"#);
    assert_eq!(
        (status, json(&body)["error"].as_str()),
        (422, Some("a note needs a text"))
    );
    assert_eq!(client.get("/api/notes").1, "[]");
}

#[test]
fn a_note_of_the_longest_length_is_kept_whole() {
    let app = Running::start(MIGRATION);
    let mut client = Client::of(&app);
    let longest = "x".repeat(notes::store::LONGEST);
    let draft = |text: &str| format!("{{\"body\":\"{text}\"}}");
    let (status, body) = client.post("/api/notes", "application/json", &draft(&longest));
    assert_eq!(
        (status, json(&body)["body"].as_str()),
        (201, Some(longest.as_str()))
    );
    let (status, _) = client.post("/api/notes", "application/json", &draft(&(longest + "x")));
    assert_eq!(status, 422);
}

#[test]
fn the_page_shows_notes_greeting_and_version_and_takes_new_ones() {
    let app = Running::start(MIGRATION);
    let mut client = Client::of(&app);
    let form = "application/x-www-form-urlencoded";
    let (status, _) = client.post("/", form, "body=bread+%26+%3Cbutter%3E");
    assert_eq!(status, 303);
    let (status, page) = client.get("/");
    assert_eq!(status, 200);
    for part in [
        "bread &amp; &lt;butter&gt;",
        "<h1>Hello</h1>",
        &format!("version {}", notes::VERSION),
        "id=\"count\">1<",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[test]
fn the_version_is_told() {
    let app = Running::start(MIGRATION);
    assert_eq!(
        Client::of(&app).get("/version"),
        (200, notes::VERSION.to_owned())
    );
}

#[test]
fn health_fails_with_the_reason_while_a_column_is_missing() {
    let app = Running::start("CREATE TABLE notes (id integer PRIMARY KEY, body text);");
    let mut client = Client::of(&app);
    let (status, reason) = client.get("/healthz");
    assert_eq!(status, 503);
    assert!(reason.contains("no such column: created_at"), "{reason}");
    migrate(
        &app.database,
        "ALTER TABLE notes ADD COLUMN created_at text NOT NULL DEFAULT '';",
    );
    assert_eq!(client.get("/healthz"), (200, "ok".to_owned()));
}

#[test]
fn a_missing_database_is_not_healthy_and_is_not_created() {
    let app = Running::start(MIGRATION);
    std::fs::remove_file(&app.database).expect("the file was there");
    let (status, reason) = Client::of(&app).get("/healthz");
    assert_eq!(status, 503);
    assert!(reason.contains("unable to open"), "{reason}");
    assert!(!app.database.exists());
}

#[test]
fn the_schema_of_the_next_version_does_not_disturb_this_one() {
    let app = Running::start(MIGRATION);
    let mut client = Client::of(&app);
    client.post("/api/notes", "application/json", r#"{"body":"before"}"#);
    migrate(&app.database, SECOND);
    let (status, _) = client.post("/api/notes", "application/json", r#"{"body":"after"}"#);
    assert_eq!(status, 201);
    assert_eq!(client.get("/healthz").0, 200);
    let (_, body) = client.get("/api/notes");
    assert_eq!(json(&body).as_array().map(Vec::len), Some(2));
}

#[test]
fn a_watcher_hears_the_number_of_notes_also_from_other_processes() {
    let app = Running::start(MIGRATION);
    let mut watcher = Client::of(&app).watch("/api/live");
    assert_eq!(watcher.text().as_deref(), Some("0"));
    Client::of(&app).post("/api/notes", "application/json", r#"{"body":"mine"}"#);
    assert_eq!(watcher.text().as_deref(), Some("1"));
    migrate(
        &app.database,
        "INSERT INTO notes (body) VALUES ('of another process');",
    );
    assert_eq!(watcher.text().as_deref(), Some("2"));
}

#[test]
fn a_request_in_flight_is_finished_before_the_app_stops() {
    let app = Running::start(MIGRATION);
    let mut client = Client::of(&app);
    client.begin_post("/api/notes", 16);
    app.stop();
    client.send("{\"body\":\"late\" }");
    assert_eq!(client.answer().0, 201);
    let database = app.wait();
    let connection =
        rusqlite::Connection::open(database.path().join("notes.db")).expect("it opens");
    let count: i64 = connection
        .query_row("SELECT count(*) FROM notes", [], |row| row.get(0))
        .expect("it counts");
    assert_eq!(count, 1);
}

#[test]
fn a_watcher_is_told_goodbye_when_the_app_stops() {
    let app = Running::start(MIGRATION);
    let mut watcher = Client::of(&app).watch("/api/live");
    assert_eq!(watcher.text().as_deref(), Some("0"));
    app.stop();
    assert_eq!(watcher.text(), None);
    app.wait();
}

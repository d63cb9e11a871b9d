//! The example app under load: it is read, written to and watched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use shipgate_testkit::binary;

use crate::campaign::App;
use crate::load::http::{Answer, Request};
use crate::load::{Client, Exchange, Load};

/// Every 16th note is about as long as a note may be.
const LONG: usize = 65_000;

pub(crate) fn app() -> App {
    App {
        command: format!("{} serve", binary("notes").display()),
        schema: include_str!(
            "../../../../examples/notes/migrations/20261120100000_create_notes.sql"
        ),
    }
}

/// The notes whose arrival was confirmed.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<String>>>);

impl Written {
    pub(crate) fn load(&self, port: u16, each: usize) -> Load {
        let written = self.clone();
        Load::on(port, each)
            .keep_alive("keep-alive, list", 5, |_, _| list())
            .keep_alive("keep-alive, page", 10, |_, _| page())
            .keep_alive("keep-alive, write", 20, move |client, number| {
                written.write(client, number)
            })
            .new_connections("new connections", 10, |_, _| list())
            .web_socket("/api/live")
    }

    fn write(&self, client: &Client, number: u64) -> Exchange {
        let mut body = format!("note {number} of client {}", client.number);
        if number % 16 == 15 {
            body.extend(std::iter::repeat_n('.', LONG - body.len()));
        }
        let json = serde_json::json!({ "body": &body }).to_string();
        let written = self.clone();
        Exchange {
            request: Request::post("/api/notes", "application/json", json.into_bytes()),
            expected: Box::new(move |answer| {
                status(answer, 201)?;
                let note = json_of(answer)?;
                if note["body"] != body.as_str() {
                    return Err("another note came back".to_owned());
                }
                written.confirmed().push(body.clone());
                Ok(())
            }),
        }
    }

    fn confirmed(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails the test unless the database holds each confirmed note once and no other.
    #[track_caller]
    pub(crate) fn is_all_there_once(&self, database: &Path) {
        let connection = rusqlite::Connection::open(database).expect("the database");
        let mut statement = connection
            .prepare("SELECT body FROM notes")
            .expect("the notes");
        let mut times = BTreeMap::<String, u64>::new();
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        for body in rows {
            *times.entry(body.expect("a text")).or_default() += 1;
        }
        let confirmed = self.confirmed();
        for body in confirmed.iter() {
            let found = times.remove(body).unwrap_or(0);
            assert_eq!(found, 1, "times that {body:.60} is there");
        }
        assert_eq!(times.len(), 0, "notes that nobody was told of");
    }
}

fn list() -> Exchange {
    Exchange {
        request: Request::get("/api/notes?limit=3"),
        expected: Box::new(|answer| {
            status(answer, 200)?;
            match json_of(answer)? {
                Value::Array(notes) if notes.len() <= 3 => Ok(()),
                other => Err(format!("no list of up to three notes: {other:.60}")),
            }
        }),
    }
}

fn page() -> Exchange {
    Exchange {
        request: Request::get("/"),
        expected: Box::new(|answer| {
            status(answer, 200)?;
            let text = answer.text();
            let whole = text.contains(">version ") && text.trim_end().ends_with("</html>");
            whole
                .then_some(())
                .ok_or_else(|| "no whole page".to_owned())
        }),
    }
}

fn json_of(answer: &Answer) -> Result<Value, String> {
    serde_json::from_slice(&answer.body).map_err(|error| format!("no JSON: {error}"))
}

pub(crate) fn status(answer: &Answer, expected: u16) -> Result<(), String> {
    (answer.status == expected)
        .then_some(())
        .ok_or_else(|| format!("{expected} was expected"))
}

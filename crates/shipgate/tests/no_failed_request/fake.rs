//! The fake app under load: uploads, slow answers and echoes.

use shipgate_testkit::binary;

use crate::campaign::App;
use crate::load::http::Request;
use crate::load::{Exchange, Load};
use crate::notes::status;

/// Bytes of one upload.
const UPLOAD: u64 = 1_000_000;

pub(crate) fn app() -> App {
    App {
        command: format!(
            "{} --version \"${{VERSION}}\"",
            binary("fake-app").display()
        ),
        schema: "CREATE TABLE notes (id integer PRIMARY KEY, body text);\n\
                 INSERT INTO notes (body) VALUES ('one'), ('two');\n",
    }
}

pub(crate) fn load(port: u16, each: usize) -> Load {
    Load::on(port, each)
        .keep_alive("keep-alive, version", 5, |_, _| version())
        .keep_alive("keep-alive, upload", 20, |_, number| upload(number))
        .keep_alive("keep-alive, slow", 0, |_, number| slow(number))
        .new_connections("new connections", 10, |_, _| version())
        .new_connections("new connections, upload", 50, |_, number| upload(number))
        .new_connections("new connections, slow", 0, |_, number| slow(number))
        .echo("/echo")
}

fn version() -> Exchange {
    Exchange {
        request: Request::get("/"),
        expected: Box::new(|answer| {
            status(answer, 200)?;
            let number = answer.text();
            let number = number.strip_prefix("version ").map(str::trim_end);
            match number.map(str::parse::<u64>) {
                Some(Ok(_)) => Ok(()),
                _ => Err("no version".to_owned()),
            }
        }),
    }
}

fn upload(number: u64) -> Exchange {
    let body: Vec<u8> = (0..UPLOAD)
        .map(|at| (at.wrapping_mul(number + 7) >> 3) as u8)
        .collect();
    let sum: u64 = body.iter().map(|&byte| u64::from(byte)).sum();
    Exchange {
        request: Request::post("/upload", "application/octet-stream", body),
        expected: Box::new(move |answer| {
            status(answer, 200)?;
            (answer.text() == format!("{UPLOAD} {sum}\n"))
                .then_some(())
                .ok_or_else(|| format!("{UPLOAD} bytes with sum {sum} were sent"))
        }),
    }
}

fn slow(number: u64) -> Exchange {
    let wait = [50, 200, 500, 1000][number as usize % 4];
    Exchange {
        request: Request::get(&format!("/slow?ms={wait}")),
        expected: Box::new(|answer| {
            status(answer, 200)?;
            (answer.text() == "slow\n")
                .then_some(())
                .ok_or_else(|| "another answer".to_owned())
        }),
    }
}

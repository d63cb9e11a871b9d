//! An app for the tests: a small program that does as its first argument says.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

const USAGE: &str = "usage: app serve [READY-FILE] | fill BYTES | flood BYTES";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve"] => serve(None),
        ["serve", ready] => serve(Some(Path::new(ready))),
        ["fill", bytes] => fill(bytes.parse().expect(USAGE)),
        ["flood", bytes] => flood(bytes.parse().expect(USAGE)),
        _ => panic!("{USAGE}"),
    }
}

/// Listens on $PORT; `/healthz` is well once the file `ready` exists.
fn serve(ready: Option<&Path>) {
    let port: u16 = std::env::var("PORT")
        .expect("PORT is set")
        .parse()
        .expect("PORT is a number");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
    for connection in listener.incoming() {
        let mut connection = connection.expect("a connection");
        let mut line = String::new();
        BufReader::new(&connection)
            .read_line(&mut line)
            .expect("a request");
        let well = ready.is_none_or(Path::exists);
        let answer = match line.split(' ').nth(1) {
            Some("/healthz") if well => "200 OK\r\ncontent-length: 2\r\n\r\nok",
            Some("/healthz") => {
                "503 Service Unavailable\r\ncontent-length: 23\r\n\r\nthe cache is still cold"
            }
            _ => "404 Not Found\r\ncontent-length: 0\r\n\r\n",
        };
        let _ = write!(connection, "HTTP/1.1 {answer}");
    }
}

/// Uses this much memory, and stays.
fn fill(bytes: usize) {
    let mut memory = Vec::new();
    while memory.len() < bytes {
        // Written, so that it is really there.
        memory.resize(memory.len() + (1 << 20), 1_u8);
    }
    writeln!(std::io::stdout(), "filled {}", memory.len()).expect("written");
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Writes one line of this many bytes, and a short one after it.
fn flood(bytes: usize) {
    let mut out = std::io::stdout().lock();
    out.write_all(&vec![b'x'; bytes]).expect("written");
    out.write_all(b"\nend\n").expect("written");
}

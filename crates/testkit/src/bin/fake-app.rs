//! An app for tests: real HTTP/1.1 over std, with the troubles tests ask for.
//!
//! `fake-app [--version TEXT] [--unhealthy] [--exit CODE] [--die-after-ready]
//! [--needs FILE]`; it listens on 127.0.0.1:$PORT. With `--needs` it is healthy
//! only while the file is there; with `--die-after-ready` it dies soon after it
//! was found healthy for the first time.
//!
//! `GET /healthz` · `GET /` (the version) · `POST /upload` (answers the body's
//! length and sum) · `GET /slow?ms=N` · `GET /die` · `GET /echo` with
//! `Upgrade: echo` (bytes come back).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what an app writes is its log"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Default)]
struct Behaviour {
    version: String,
    unhealthy: bool,
    die_after_ready: bool,
    needs: Option<String>,
    asked: AtomicBool,
}

fn main() -> ExitCode {
    let mut behaviour = Behaviour::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--version" => behaviour.version = arguments.next().unwrap_or_default(),
            "--unhealthy" => behaviour.unhealthy = true,
            "--die-after-ready" => behaviour.die_after_ready = true,
            "--needs" => behaviour.needs = arguments.next(),
            "--exit" => {
                eprintln!("fake-app: ending at once, as asked");
                let code = arguments.next().and_then(|code| code.parse().ok());
                return ExitCode::from(code.unwrap_or(1));
            }
            other => {
                eprintln!("fake-app: what is {other}?");
                return ExitCode::from(2);
            }
        }
    }
    let Some(port) = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse::<u16>().ok())
    else {
        eprintln!("fake-app: PORT is not set");
        return ExitCode::from(2);
    };
    let listener = match TcpListener::bind(("127.0.0.1", port)) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("fake-app: cannot listen on {port}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("fake-app {} listens on {port}", behaviour.version);
    let behaviour = Arc::new(behaviour);
    for stream in listener.incoming().flatten() {
        let behaviour = Arc::clone(&behaviour);
        std::thread::spawn(move || {
            // A client that goes away is not this app's trouble.
            let _ = converse(stream, &behaviour);
        });
    }
    ExitCode::SUCCESS
}

fn converse(stream: TcpStream, behaviour: &Behaviour) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (method, path) = (
            words.next().unwrap_or_default().to_owned(),
            words.next().unwrap_or_default().to_owned(),
        );
        let mut length = None;
        let mut upgrade = false;
        loop {
            let mut field = String::new();
            reader.read_line(&mut field)?;
            let field = field.trim().to_ascii_lowercase();
            if field.is_empty() {
                break;
            }
            if let Some(value) = field.strip_prefix("content-length:") {
                length = value.trim().parse::<usize>().ok();
            }
            upgrade |= field == "upgrade: echo";
        }
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let route = path.split('?').next().unwrap_or_default();
        match (method.as_str(), route) {
            ("GET", "/healthz") => {
                let missing = behaviour
                    .needs
                    .as_ref()
                    .is_some_and(|file| !std::path::Path::new(file).exists());
                if behaviour.unhealthy || missing {
                    answer(&mut writer, "503 Service Unavailable", "not well\n")?;
                } else {
                    answer(&mut writer, "200 OK", "well\n")?;
                    if behaviour.die_after_ready && !behaviour.asked.swap(true, Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(50));
                        std::process::abort();
                    }
                }
            }
            ("POST", "/upload") => {
                let sum: u64 = body.iter().map(|&byte| u64::from(byte)).sum();
                answer(&mut writer, "200 OK", &format!("{} {sum}\n", body.len()))?;
            }
            ("GET", "/slow") => {
                let wait = path.split("ms=").nth(1).and_then(|text| text.parse().ok());
                std::thread::sleep(Duration::from_millis(wait.unwrap_or(100)));
                answer(&mut writer, "200 OK", "slow\n")?;
            }
            ("GET", "/die") => std::process::abort(),
            ("GET", "/echo") if upgrade => {
                writer.write_all(
                    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
                )?;
                let mut bytes = [0; 4096];
                loop {
                    let read = reader.read(&mut bytes)?;
                    if read == 0 {
                        return Ok(());
                    }
                    writer.write_all(&bytes[..read])?;
                }
            }
            ("GET", "/") => answer(&mut writer, "200 OK", &format!("{}\n", behaviour.version))?,
            _ => answer(&mut writer, "404 Not Found", "no such page\n")?,
        }
    }
}

fn answer(writer: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Type: text/plain\r\n\r\n{body}",
        body.len()
    );
    writer.write_all(text.as_bytes())
}

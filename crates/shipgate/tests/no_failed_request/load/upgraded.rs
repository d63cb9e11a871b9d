//! Clients whose connections have become another protocol's.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::Client;
use super::http::{Connection, Fault};

/// The key and its answer are those of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How long a watcher may hear nothing.
const PATIENCE: Duration = Duration::from_secs(40);

/// How soon a silent watcher sees that it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Bytes of one echo.
const ECHO: usize = 4096;

enum Heard {
    Number(u64),
    Goodbye,
    Cut,
    Stop,
}

pub(super) fn watch(client: &Client, path: &str) {
    while !client.stopping() {
        client.tally(|tally| tally.asked += 1);
        let watched = open_web_socket(client.shared.port, path)
            .and_then(|mut socket| watch_one(client, &mut socket));
        if let Err(fault) = watched {
            client.note(Err(fault));
            thread::sleep(LOOK);
        }
    }
}

fn open_web_socket(port: u16, path: &str) -> Result<Connection, Fault> {
    let fields =
        format!("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n");
    let (head, socket) = Connection::open(port)?.upgrade(path, &fields)?;
    match head.field("sec-websocket-accept") {
        Some(ACCEPTED) => Ok(socket),
        other => Err(Fault::failed(format!("Sec-WebSocket-Accept is {other:?}"))),
    }
}

/// Watches until the connection ends. The number never falls.
fn watch_one(client: &Client, socket: &mut Connection) -> Result<(), Fault> {
    let mut last = 0;
    loop {
        match hear(client, socket.stream())? {
            Heard::Number(number) if number >= last => {
                last = number;
                client.note(Ok(8));
            }
            Heard::Number(number) => {
                return Err(Fault::failed(format!("{number} came after {last}")));
            }
            Heard::Goodbye => {
                client.tally(|tally| tally.told += 1);
                return Ok(());
            }
            Heard::Cut => {
                client.tally(|tally| tally.cut += 1);
                return Ok(());
            }
            Heard::Stop => return Ok(()),
        }
    }
}

/// The next whole frame of a server, which masks nothing.
fn hear(client: &Client, stream: &mut BufReader<TcpStream>) -> Result<Heard, Fault> {
    if stream.buffer().is_empty() && !wait_readable(client, stream)? {
        return Ok(Heard::Stop);
    }
    let mut head = [0; 2];
    match stream.read(&mut head[..1]) {
        Ok(0) => return Ok(Heard::Cut),
        Err(error) if is_end(&error) => return Ok(Heard::Cut),
        Ok(_) => {}
        Err(error) => return Err(Fault::failed(error)),
    }
    let in_frame = |error: io::Error| Fault::truncated(format!("in a frame: {error}"));
    stream.read_exact(&mut head[1..]).map_err(in_frame)?;
    let length = match head[1] {
        short @ 0..=125 => short,
        other => return Err(Fault::failed(format!("a frame of length {other:#x}"))),
    };
    let mut payload = vec![0; usize::from(length)];
    stream.read_exact(&mut payload).map_err(in_frame)?;
    match head[0] {
        0x81 => String::from_utf8_lossy(&payload)
            .parse()
            .map(Heard::Number)
            .map_err(|_| Fault::failed(format!("no number: {payload:?}"))),
        0x88 if payload.starts_with(&1001u16.to_be_bytes()) => Ok(Heard::Goodbye),
        0x88 => Err(Fault::failed(format!("closed with {payload:?}"))),
        other => Err(Fault::failed(format!("a frame of kind {other:#x}"))),
    }
}

/// Waits for a byte or the end; `false` when the client is to stop.
fn wait_readable(client: &Client, stream: &mut BufReader<TcpStream>) -> Result<bool, Fault> {
    let began = Instant::now();
    let socket = stream.get_ref();
    loop {
        socket.set_read_timeout(Some(LOOK)).map_err(Fault::failed)?;
        let looked = socket.peek(&mut [0]);
        socket
            .set_read_timeout(Some(PATIENCE))
            .map_err(Fault::failed)?;
        match looked {
            Ok(_) => return Ok(true),
            Err(error) if is_end(&error) => return Ok(true),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                return Err(Fault::failed(error));
            }
            Err(_) if client.stopping() => return Ok(false),
            Err(_) if began.elapsed() > PATIENCE => {
                return Err(Fault::failed("a watcher heard nothing"));
            }
            Err(_) => {}
        }
    }
}

pub(super) fn echo(client: &Client, path: &str) {
    let mut connection = None;
    client.repeat(20, |number| {
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(client.shared.port)
                .and_then(|open| open.upgrade(path, "Upgrade: echo\r\n"))
                .map(|(_, open)| open),
        };
        client.tally(|tally| tally.asked += 1);
        match open.and_then(|mut open| Ok(echo_once(open.stream(), number)?.then_some(open))) {
            Ok(Some(open)) => {
                connection = Some(open);
                client.note(Ok(2 * ECHO as u64));
            }
            Ok(None) => client.tally(|tally| tally.cut += 1),
            Err(fault) => client.note(Err(fault)),
        }
    });
}

/// Sends bytes and takes the same back; `false` when the other end has gone.
fn echo_once(stream: &mut BufReader<TcpStream>, number: u64) -> Result<bool, Fault> {
    let sent: Vec<u8> = (0..ECHO as u64)
        .map(|at| (number.wrapping_mul(31) + at) as u8)
        .collect();
    let mut back = vec![0; ECHO];
    let echoed = stream
        .get_mut()
        .write_all(&sent)
        .and_then(|()| stream.read_exact(&mut back));
    match echoed {
        Ok(()) if back == sent => Ok(true),
        Ok(()) => Err(Fault::failed("other bytes came back")),
        Err(error) if is_end(&error) => Ok(false),
        Err(error) => Err(Fault::failed(error)),
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

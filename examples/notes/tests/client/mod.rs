//! A running app, and a client that speaks just enough HTTP and WebSocket.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use notes::serve;
use notes::settings::Settings;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Longest wait for an answer; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// An app that serves on a port of its own, on a database of its own.
pub(crate) struct Running {
    pub(crate) database: PathBuf,
    address: SocketAddr,
    directory: TempDir,
    stop: std::cell::Cell<Option<oneshot::Sender<()>>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(schema: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let database = directory.path().join("notes.db");
        let connection = rusqlite::Connection::open(&database).expect("a database");
        connection.execute_batch(schema).expect("the schema");
        drop(connection);
        let settings = Settings {
            port: 0,
            database: database.display().to_string(),
            greeting: "Hello".to_owned(),
        };
        let (stop, stopped) = oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                told.send(listener.local_addr().expect("its address"))
                    .expect("somebody waits");
                let stop = async move {
                    let _ = stopped.await;
                };
                serve::run(listener, &settings, stop)
                    .await
                    .expect("it serves");
            });
        });
        Self {
            database,
            address: address.recv().expect("it listens"),
            directory,
            stop: std::cell::Cell::new(Some(stop)),
            thread: Some(thread),
        }
    }

    pub(crate) fn stop(&self) {
        self.stop.take();
    }

    /// Waits until it has stopped; its directory remains.
    pub(crate) fn wait(mut self) -> TempDir {
        self.stop();
        let thread = self.thread.take().expect("it runs");
        thread.join().expect("it ends well");
        self.directory
    }
}

/// One connection to the app.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) fn of(app: &Running) -> Self {
        let stream = TcpStream::connect(app.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self(BufReader::new(stream))
    }

    pub(crate) fn get(&mut self, path: &str) -> (u16, String) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: notes\r\n\r\n"));
        self.answer()
    }

    pub(crate) fn post(&mut self, path: &str, kind: &str, body: &str) -> (u16, String) {
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: notes\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
        self.answer()
    }

    /// Sends the head of a request and waits until the app has read it.
    pub(crate) fn begin_post(&mut self, path: &str, length: usize) {
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: notes\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
        ));
        assert_eq!(self.head().0, 100);
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0
            .get_mut()
            .write_all(text.as_bytes())
            .expect("it reads");
    }

    pub(crate) fn answer(&mut self) -> (u16, String) {
        let (status, length) = self.head();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("the whole body");
        (status, String::from_utf8(body).expect("text"))
    }

    /// Status and length of the body.
    fn head(&mut self) -> (u16, usize) {
        let mut status = None;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("a line");
            let line = line.trim_end();
            if line.is_empty() {
                return (status.expect("a status line"), length);
            }
            if status.is_none() {
                status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
            } else if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.parse().expect("a number");
            }
        }
    }

    /// Becomes a WebSocket.
    pub(crate) fn watch(mut self, path: &str) -> Watcher {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: notes\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ));
        assert_eq!(self.head().0, 101);
        Watcher(self.0)
    }
}

/// The reading end of a WebSocket.
pub(crate) struct Watcher(BufReader<TcpStream>);

impl Watcher {
    /// The next text; `None` at the goodbye.
    pub(crate) fn text(&mut self) -> Option<String> {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).expect("a frame");
        let mut payload = vec![0; usize::from(head[1])];
        self.0.read_exact(&mut payload).expect("its payload");
        match head[0] {
            0x81 => Some(String::from_utf8(payload).expect("text")),
            0x88 => None,
            other => panic!("frame of kind {other:#x}"),
        }
    }
}

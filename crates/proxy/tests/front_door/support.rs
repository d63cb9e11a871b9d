//! A front door, machines that do what a test tells them, and a client that sees bytes.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use shipgate_proxy::{FrontDoor, Machine, ServiceSettings, ServiceStats, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Nothing in a test takes this long unless it hangs.
pub(crate) const HANG: Duration = Duration::from_secs(20);

/// A deadline that is not meant to be reached.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) const SERVICE: &str = "web";

/// A front door with one service and one listener.
pub(crate) struct House {
    pub(crate) door: FrontDoor,
    pub(crate) addr: SocketAddr,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default(), ServiceSettings::default())
    }

    pub(crate) fn with(settings: Settings, service: ServiceSettings) -> Self {
        let door = FrontDoor::start(settings).unwrap();
        door.configure(SERVICE, service);
        let addr = door
            .listen(SERVICE, "127.0.0.1:0".parse().unwrap())
            .unwrap();
        Self { door, addr }
    }

    /// A front door with a machine whose connections are each treated by `script`.
    pub(crate) async fn serving<F, S>(script: S) -> Self
    where
        S: Fn(Peer) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let house = Self::new();
        house.add("a", machine(script).await);
        house
    }

    pub(crate) fn add(&self, id: &str, addr: SocketAddr) {
        self.door.admit(SERVICE, Machine::new(id, addr)).unwrap();
    }

    pub(crate) async fn client(&self) -> Peer {
        Peer::connect(self.addr).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Message {
        let mut client = self.client().await;
        client.send(request).await;
        client.response().await
    }

    pub(crate) async fn get(&self, path: &str) -> Message {
        self.ask(&get(path)).await
    }

    pub(crate) fn stats(&self) -> ServiceStats {
        self.door.stats().services.remove(0)
    }

    /// Waits until the service's figures satisfy `condition`.
    pub(crate) async fn until(&self, condition: impl Fn(&ServiceStats) -> bool) {
        eventually(|| condition(&self.stats())).await;
    }
}

/// Waits until `condition` is true.
pub(crate) async fn eventually(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(HANG, wait)
        .await
        .expect("the condition is never met");
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(HANG, future).await.expect("it hangs")
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n")
}

pub(crate) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A machine whose connections are each treated by `script`.
pub(crate) async fn machine<F, S>(script: S) -> SocketAddr
where
    S: Fn(Peer) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(script(Peer::new(stream)));
        }
    });
    addr
}

/// A machine that answers every request with `name`, keeping its connections.
pub(crate) async fn named(name: &'static str) -> SocketAddr {
    machine(move |mut peer| async move {
        while peer.request().await.is_some() {
            peer.send(&ok(name)).await;
        }
    })
    .await
}

/// An address nobody listens on.
pub(crate) async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// One end of a connection, with what was read too far.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) read: Vec<u8>,
}

/// A request or response as it was on the wire; a chunked body as the chunks it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub(crate) fn line(&self) -> &str {
        self.head.split("\r\n").next().unwrap()
    }

    /// The values of all fields of this name, joined.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self
            .head
            .split("\r\n")
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect();
        (!values.is_empty()).then(|| values.join("|"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self::new(TcpStream::connect(addr).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }

    /// Closes the sending half.
    pub(crate) async fn end(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Closes the connection with a reset.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Reads once; false at the end of the connection, or when it was reset.
    async fn fill(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.read).await, Ok(1..))
    }

    /// The next bytes, exactly as many.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        within(async {
            while self.read.len() < count {
                assert!(self.fill().await, "closed after {:?}", self.read);
            }
        })
        .await;
        self.read.drain(..count).collect()
    }

    pub(crate) async fn text(&mut self, count: usize) -> String {
        String::from_utf8(self.bytes(count).await).unwrap()
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        within(async { while self.fill().await {} }).await;
        std::mem::take(&mut self.read)
    }

    /// The connection is closed, in an orderly way, with nothing more on it.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.rest().await.is_empty()
    }

    /// Why the connection ended: `Ok` for an orderly end.
    pub(crate) async fn ending(&mut self) -> std::io::Result<()> {
        within(async {
            loop {
                match self.stream.read_buf(&mut self.read).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(error),
                }
            }
        })
        .await
    }

    /// A head, or `None` at the end of the connection.
    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                return Some(String::from_utf8_lossy(&head[..end]).into_owned());
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// A whole request, or `None` at the end of the connection.
    pub(crate) async fn request(&mut self) -> Option<Message> {
        let head = self.head().await?;
        let mut message = Message {
            head,
            body: Vec::new(),
        };
        message.body = self.body(&message).await;
        Some(message)
    }

    /// A whole response to anything but HEAD.
    pub(crate) async fn response(&mut self) -> Message {
        let head = within(self.head())
            .await
            .expect("closed without a response");
        let mut message = Message {
            head,
            body: Vec::new(),
        };
        let bodiless = matches!(message.status(), 100..200 | 204 | 304);
        if !bodiless {
            message.body = self.body(&message).await;
        }
        message
    }

    async fn body(&mut self, message: &Message) -> Vec<u8> {
        if message.field("transfer-encoding").is_some() {
            return self.chunks().await;
        }
        match message.field("content-length") {
            Some(length) => self.bytes(length.parse().unwrap()).await,
            None if message.head.starts_with("HTTP/") => self.rest().await,
            None => Vec::new(),
        }
    }

    /// The chunks and trailers of a body, as they are.
    async fn chunks(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let line = self.crlf_line().await;
            let size = line.split(';').next().unwrap().trim_end();
            let size = usize::from_str_radix(size, 16).unwrap();
            all.extend_from_slice(line.as_bytes());
            if size == 0 {
                break;
            }
            all.extend(self.bytes(size + 2).await);
        }
        loop {
            let line = self.crlf_line().await;
            all.extend_from_slice(line.as_bytes());
            if line == "\r\n" {
                return all;
            }
        }
    }

    async fn crlf_line(&mut self) -> String {
        within(async {
            loop {
                if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                    let line: Vec<u8> = self.read.drain(..end + 2).collect();
                    return String::from_utf8(line).unwrap();
                }
                assert!(self.fill().await, "closed after {:?}", self.read);
            }
        })
        .await
    }
}

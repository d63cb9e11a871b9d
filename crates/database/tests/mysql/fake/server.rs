//! A scripted MySQL 8.4: says hello, lets in, answers a few queries.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) const PASSWORD: &str = "hunter2 and more";
const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";

/// Any 2048-bit key: what is encrypted for it is never decrypted.
const PUBLIC_KEY: &str = include_str!("public_key.pem");

/// How a client is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// `caching_sha2_password`, and the server remembers the password.
    Fast,
    /// `caching_sha2_password`, and the server wants the password itself.
    Full,
    /// The server switches to `mysql_native_password`.
    Native,
    /// The first connection is one too many, the next is let in fast.
    FullHouse,
}

/// What went over the wire.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// Every byte that came in clear.
    pub(crate) clear: Arc<Mutex<Vec<u8>>>,
    /// Every statement.
    pub(crate) statements: Arc<Mutex<Vec<String>>>,
    /// The password, as far as the server got to know it.
    pub(crate) password: Arc<Mutex<Option<Vec<u8>>>>,
}

/// Starts it; it serves until the test ends.
pub(crate) async fn start(login: Login, tls: Option<TlsAcceptor>) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let seen = Seen::default();
    let told = seen.clone();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            number += 1;
            let (tls, told) = (tls.clone(), told.clone());
            tokio::spawn(async move { serve(Box::new(stream), number, login, tls, told).await });
        }
    });
    (address, seen)
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

struct Wire {
    stream: Box<dyn Stream>,
    sequence: u8,
    seen: Seen,
    is_clear: bool,
}

impl Wire {
    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).await?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        self.sequence = head[3].wrapping_add(1);
        if self.is_clear {
            self.seen.clear.lock().expect("a lock").extend(&body);
        }
        Ok(body)
    }

    async fn write(&mut self, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len())
            .expect("a short packet")
            .to_le_bytes();
        let head = [length[0], length[1], length[2], self.sequence];
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&head).await?;
        self.stream.write_all(body).await?;
        self.stream.flush().await
    }

    async fn ok(&mut self, status: u16) -> io::Result<()> {
        let [low, high] = status.to_le_bytes();
        self.write(&[0, 0, 0, low, high, 0, 0]).await
    }

    async fn error(&mut self, code: u16, state: &str, message: &str) -> io::Result<()> {
        let mut body = vec![0xff];
        body.extend(code.to_le_bytes());
        body.extend(format!("#{state}{message}").bytes());
        self.write(&body).await
    }
}

async fn serve(
    stream: Box<dyn Stream>,
    number: u32,
    login: Login,
    tls: Option<TlsAcceptor>,
    seen: Seen,
) -> io::Result<()> {
    let mut wire = Wire {
        stream,
        sequence: 0,
        seen,
        is_clear: true,
    };
    if login == Login::FullHouse && number == 1 {
        let mut body = vec![0xff];
        body.extend(1040_u16.to_le_bytes());
        body.extend(b"Too many connections");
        return wire.write(&body).await;
    }
    wire.write(&greeting(number, tls.is_some())).await?;
    let mut response = wire.read().await?;
    if let (Some(acceptor), true) = (tls, response.len() == 32) {
        wire.stream = Box::new(acceptor.accept(wire.stream).await?);
        wire.is_clear = false;
        response = wire.read().await?;
    }
    if !let_in(&mut wire, login, &response).await? {
        return wire
            .error(1045, "28000", "Access denied for user 'app'@'127.0.0.1'")
            .await;
    }
    wire.ok(2).await?;
    let mut status = 2;
    loop {
        let command = wire.read().await?;
        let statement = match command.split_first() {
            Some((3, text)) => String::from_utf8_lossy(text).into_owned(),
            Some((14, _)) => {
                wire.ok(status).await?;
                continue;
            }
            _ => return Ok(()),
        };
        wire.seen
            .statements
            .lock()
            .expect("a lock")
            .push(statement.clone());
        if statement.starts_with("START TRANSACTION") {
            status = 3;
        } else if statement == "COMMIT" || statement == "ROLLBACK" {
            status = 2;
        }
        if let Some(code) = statement.strip_prefix("FAIL ") {
            let code = code.parse().expect("a number");
            wire.error(code, "HY000", "as you like").await?;
        } else if statement.contains("VERSION()") {
            let row = [
                "8.4.3",
                "67108864",
                "ONLY_FULL_GROUP_BY,NO_BACKSLASH_ESCAPES",
            ];
            rows(&mut wire, &[253, 8, 253], &row, status).await?;
        } else if statement.contains("@@max_execution_time") {
            rows(
                &mut wire,
                &[253, 253, 253],
                &["31536000", "50", "0"],
                status,
            )
            .await?;
        } else {
            wire.ok(status).await?;
        }
    }
}

fn greeting(number: u32, has_tls: bool) -> Vec<u8> {
    // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, MULTI_*, LOCAL_FILES, ...
    let capabilities: u32 = 0x003f_a28f | if has_tls { 0x800 } else { 0 };
    let [one, two, three, four] = capabilities.to_le_bytes();
    let mut body = vec![10];
    body.extend(b"8.4.3\0");
    body.extend(number.to_le_bytes());
    body.extend(&NONCE[..8]);
    body.push(0);
    body.extend([one, two, 255, 2, 0, three, four, 21]);
    body.extend([0; 10]);
    body.extend(&NONCE[8..]);
    body.push(0);
    body.extend(b"caching_sha2_password\0");
    body
}

async fn let_in(wire: &mut Wire, login: Login, response: &[u8]) -> io::Result<bool> {
    match login {
        Login::Fast | Login::FullHouse => {
            let proof = proof();
            let is_right = response.windows(proof.len()).any(|window| window == proof);
            if is_right {
                wire.write(&[1, 3]).await?;
            }
            Ok(is_right)
        }
        Login::Full => {
            wire.write(&[1, 4]).await?;
            let mut answer = wire.read().await?;
            if answer == [2] {
                let mut key = vec![1];
                key.extend(PUBLIC_KEY.bytes());
                wire.write(&key).await?;
                answer = wire.read().await?;
                return Ok(answer.len() == 256);
            }
            *wire.seen.password.lock().expect("a lock") = Some(answer);
            Ok(true)
        }
        Login::Native => {
            let mut switch = b"\xfemysql_native_password\0".to_vec();
            switch.extend(NONCE);
            switch.push(0);
            wire.write(&switch).await?;
            Ok(wire.read().await?.len() == 20)
        }
    }
}

/// What a client proves with that it knows the password.
fn proof() -> Vec<u8> {
    let once = Sha256::digest(PASSWORD);
    let twice = Sha256::digest(once);
    let salted = Sha256::new()
        .chain_update(twice)
        .chain_update(NONCE)
        .finalize();
    once.iter()
        .zip(salted.iter())
        .map(|(one, other)| one ^ other)
        .collect()
}

/// One row of text, with columns of these types.
async fn rows(wire: &mut Wire, types: &[u8], row: &[&str], status: u16) -> io::Result<()> {
    let [low, high] = status.to_le_bytes();
    let end = [0xfe, 0, 0, low, high];
    let count = u8::try_from(types.len()).expect("few columns");
    wire.write(&[count]).await?;
    for kind in types {
        let mut column = b"\x03def\0\0\0\x01c\0\x0c".to_vec();
        // utf8mb4, length, type, flags, decimals, filler.
        column.extend([45, 0, 255, 0, 0, 0, *kind, 0, 0, 0, 0, 0]);
        wire.write(&column).await?;
    }
    wire.write(&end).await?;
    let mut body = Vec::new();
    for text in row {
        body.push(u8::try_from(text.len()).expect("a short text"));
        body.extend(text.bytes());
    }
    wire.write(&body).await?;
    wire.write(&end).await
}

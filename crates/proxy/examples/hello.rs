//! The smallest machine worth measuring a proxy with: `hello LISTEN [BODY_BYTES]` answers every request with a short
//! text, or a body of that size, on one thread.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().ok_or("LISTEN is missing")?;
    let body = match arguments.next() {
        Some(bytes) => vec![b'x'; bytes.parse()?],
        None => b"Hello, World!".to_vec(),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let response: &'static [u8] = [head.as_bytes(), &body].concat().leak();
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, response));
    }
}

/// Answers once per empty line; requests have no body.
async fn serve(mut stream: TcpStream, response: &'static [u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(4096);
    while stream.read_buf(&mut received).await? > 0 {
        if received.ends_with(b"\r\n\r\n") {
            let requests = received
                .windows(4)
                .filter(|four| four == b"\r\n\r\n")
                .count();
            for _ in 0..requests {
                stream.write_all(response).await?;
            }
            received.clear();
        }
    }
    Ok(())
}

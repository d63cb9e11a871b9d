//! A client that believes nothing: one HTTP/1.1 exchange, every byte checked.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest wait for a byte; reached only where an answer never comes.
const PATIENCE: Duration = Duration::from_secs(40);

/// Most bytes of one line of a head.
const LONGEST_LINE: u64 = 16 * 1024;

/// How an exchange went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No connection was to be had.
    Refused,
    /// The answer ended early.
    Truncated,
    /// Anything else: no answer, a wrong one, more than was announced.
    Failed,
}

/// An exchange that went wrong, and what was seen of it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) wrong: Wrong,
    what: String,
}

impl Fault {
    pub(crate) fn refused(error: &io::Error) -> Self {
        Self {
            wrong: Wrong::Refused,
            what: format!("refused: {error}"),
        }
    }

    pub(crate) fn truncated(what: impl fmt::Display) -> Self {
        Self {
            wrong: Wrong::Truncated,
            what: format!("truncated: {what}"),
        }
    }

    pub(crate) fn failed(what: impl fmt::Display) -> Self {
        Self {
            wrong: Wrong::Failed,
            what: format!("failed: {what}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            kind: "",
            body: Vec::new(),
        }
    }

    pub(crate) fn post(path: &str, kind: &'static str, body: Vec<u8>) -> Self {
        Self {
            method: "POST",
            path: path.to_owned(),
            kind,
            body,
        }
    }
}

/// What is answered, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text, for a message.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Whether a connection is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It must stay open.
    KeepAlive,
    /// It must end after the answer, with not one byte more.
    Close,
}

/// A connection to the front door.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn open(port: u16) -> Result<Self, Fault> {
        let stream =
            TcpStream::connect(("127.0.0.1", port)).map_err(|error| Fault::refused(&error))?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .and_then(|()| stream.set_nodelay(true))
            .map_err(Fault::failed)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn ask(&mut self, request: &Request, after: After) -> Result<Answer, Fault> {
        self.send(request, after)?;
        let head = self.head()?;
        let length = head.length()?;
        let body = self.body(length)?;
        let announced = head.field("connection").unwrap_or_default();
        let closing = announced.eq_ignore_ascii_case("close");
        match after {
            After::KeepAlive if closing => {
                return Err(Fault::failed("a keep-alive connection was ended"));
            }
            After::KeepAlive if !self.0.buffer().is_empty() => {
                return Err(Fault::failed("more came than was announced"));
            }
            After::KeepAlive => {}
            After::Close => {
                let more = self.0.read(&mut [0]).map_err(Fault::failed)?;
                if more > 0 {
                    return Err(Fault::failed("more came than was announced"));
                }
            }
        }
        Ok(Answer {
            status: head.status,
            body,
        })
    }

    fn send(&mut self, request: &Request, after: After) -> Result<(), Fault> {
        let Request {
            method,
            path,
            kind,
            body,
        } = request;
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: app.test\r\n");
        if after == After::Close {
            bytes.push_str("Connection: close\r\n");
        }
        if *method != "GET" {
            bytes.push_str(&format!(
                "Content-Type: {kind}\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body);
        self.0
            .get_mut()
            .write_all(&bytes)
            .map_err(|error| Fault::failed(format!("while sending: {error}")))
    }

    /// Asks to speak another protocol; the answer must agree.
    pub(crate) fn upgrade(mut self, path: &str, fields: &str) -> Result<(Head, Self), Fault> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\n{fields}\r\n");
        self.0
            .get_mut()
            .write_all(request.as_bytes())
            .map_err(|error| Fault::failed(format!("while sending: {error}")))?;
        let head = self.head()?;
        if head.status != 101 {
            return Err(Fault::failed(format!(
                "{} instead of an upgrade",
                head.status
            )));
        }
        Ok((head, self))
    }

    /// The two halves of an upgraded connection.
    pub(crate) fn stream(&mut self) -> &mut BufReader<TcpStream> {
        &mut self.0
    }

    fn head(&mut self) -> Result<Head, Fault> {
        let first = self.line()?;
        let status = first
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| Fault::failed(format!("no status line: {first:?}")))?;
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Head { status, fields });
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| Fault::failed(format!("no field: {line:?}")))?;
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn line(&mut self) -> Result<String, Fault> {
        let mut line = Vec::new();
        (&mut self.0)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| Fault::failed(format!("while waiting for a head: {error}")))?;
        if line.is_empty() {
            return Err(Fault::failed("the connection ended without an answer"));
        }
        if !line.ends_with(b"\r\n") {
            return Err(Fault::truncated("the head ended in a line"));
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).map_err(Fault::failed)
    }

    fn body(&mut self, length: Length) -> Result<Vec<u8>, Fault> {
        match length {
            Length::Known(length) => self.exactly(length),
            Length::Chunked => {
                let mut body = Vec::new();
                loop {
                    let line = self.line()?;
                    let length = usize::from_str_radix(line.trim(), 16)
                        .map_err(|_| Fault::failed(format!("no chunk size: {line:?}")))?;
                    body.extend(self.exactly(length)?);
                    if !self.line()?.is_empty() {
                        return Err(Fault::failed("a chunk is longer than announced"));
                    }
                    if length == 0 {
                        return Ok(body);
                    }
                }
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; length];
        match self.0.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Fault::truncated(format!("a body of {length} bytes")))
            }
            Err(error) => Err(Fault::truncated(format!(
                "a body of {length} bytes: {error}"
            ))),
        }
    }
}

/// Start line and fields of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
}

#[derive(Clone, Copy)]
enum Length {
    Known(usize),
    Chunked,
}

impl Head {
    /// The value of the one field of this name (in lower case).
    pub(crate) fn field(&self, wanted: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    }

    fn length(&self) -> Result<Length, Fault> {
        let length = self.field("content-length");
        match (length, self.field("transfer-encoding")) {
            (Some(length), None) => length
                .parse()
                .map(Length::Known)
                .map_err(|_| Fault::failed(format!("no length: {length:?}"))),
            (None, Some(coding)) if coding.eq_ignore_ascii_case("chunked") => Ok(Length::Chunked),
            _ => Err(Fault::failed("an answer without one clear length")),
        }
    }
}

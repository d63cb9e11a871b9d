//! One question to a machine.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use shipgate_release::machine::{HealthCheck, Probe};
use tokio::net::TcpStream;

use super::http::{self, Answer};

/// Why a health check failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeFailure {
    /// No connection was accepted.
    #[error("{asked}: no connection to 127.0.0.1:{port}: {error}")]
    NotConnected {
        /// What was asked: `GET /healthz`, `tcp`.
        asked: String,
        /// The port.
        port: u16,
        /// The system's message.
        error: String,
    },
    /// There was no whole answer in time.
    #[error("{asked}: no answer within {} s", after.as_secs_f64())]
    Timeout {
        /// What was asked.
        asked: String,
        /// The check's timeout.
        after: Duration,
    },
    /// The connection was lost before there was an answer.
    #[error("{asked}: the connection ended before the answer{}", colon(error))]
    Broken {
        /// What was asked.
        asked: String,
        /// The system's message, if it was not simply closed.
        error: Option<String>,
    },
    /// The answer is not HTTP/1.
    #[error("{asked}: the answer is not HTTP: {beginning}")]
    NotHttp {
        /// What was asked.
        asked: String,
        /// How it begins.
        beginning: String,
    },
    /// The status is not from 200 to 299.
    #[error("{asked}: {status}{}", colon(detail))]
    Status {
        /// What was asked.
        asked: String,
        /// Code and reason: `503 Service Unavailable`.
        status: String,
        /// The first line of the body; of a redirect, where it leads.
        detail: Option<String>,
    },
    /// The check itself cannot be asked.
    #[error("{asked}: {what} contains a character that HTTP does not allow there")]
    Unaskable {
        /// What was to be asked.
        asked: String,
        /// `the path`, `the method`, or the name of a header.
        what: String,
    },
}

impl ProbeFailure {
    /// What happened to the check of this name; a name that is the question
    /// itself (`http GET /healthz`) is not said twice.
    pub fn of(&self, name: &str) -> String {
        let text = self.to_string();
        if text.starts_with(name.strip_prefix("http ").unwrap_or(name)) {
            text
        } else {
            format!("{name}: {text}")
        }
    }
}

fn colon(detail: &Option<String>) -> String {
    detail
        .as_ref()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default()
}

/// Asks a machine once. Takes at most the check's timeout.
///
/// # Errors
/// Anything but an accepted connection, or a status from 200 to 299.
/// Redirects are not followed.
pub async fn probe(check: &HealthCheck) -> Result<(), ProbeFailure> {
    let asked = match &check.probe {
        Probe::Tcp => "tcp".to_owned(),
        Probe::Http { method, path, .. } => format!("{method} {path}"),
    };
    tokio::time::timeout(check.timeout, ask(check, &asked))
        .await
        .unwrap_or_else(|_| {
            Err(ProbeFailure::Timeout {
                asked: asked.clone(),
                after: check.timeout,
            })
        })
}

async fn ask(check: &HealthCheck, asked: &str) -> Result<(), ProbeFailure> {
    let asked = || asked.to_owned();
    let request = match &check.probe {
        Probe::Tcp => None,
        Probe::Http {
            method,
            path,
            headers,
        } => Some(
            http::request(method, path, headers, check.port).map_err(|what| {
                ProbeFailure::Unaskable {
                    asked: asked(),
                    what,
                }
            })?,
        ),
    };
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, check.port))
        .await
        .map_err(|error| ProbeFailure::NotConnected {
            asked: asked(),
            port: check.port,
            error: error.to_string(),
        })?;
    let Some(request) = request else {
        return Ok(());
    };
    let answer = http::exchange(stream, &request).await;
    judge(answer, asked())
}

fn judge(answer: io::Result<Answer>, asked: String) -> Result<(), ProbeFailure> {
    match answer {
        Ok(Answer::Status { code, .. }) if (200..300).contains(&code) => Ok(()),
        Ok(Answer::Status {
            code,
            reason,
            location,
            first_line,
        }) => Err(ProbeFailure::Status {
            asked,
            status: format!("{code} {reason}").trim_end().to_owned(),
            detail: match location {
                Some(location) if (300..400).contains(&code) => {
                    Some(format!("redirects to {location}, which is not followed"))
                }
                _ => first_line,
            },
        }),
        Ok(Answer::Nothing) => Err(ProbeFailure::Broken { asked, error: None }),
        Ok(Answer::NotHttp { beginning }) => Err(ProbeFailure::NotHttp { asked, beginning }),
        Err(error) => Err(ProbeFailure::Broken {
            asked,
            error: Some(error.to_string()),
        }),
    }
}

//! Asking the daemon.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shipgate_release::Failure;
use tokio::net::UnixStream;

use crate::api::Status;
use crate::spawn;
use crate::state_directory::{SocketPath, StateDirectory};

/// The client side of a state directory's control socket.
#[derive(Clone, Debug)]
pub struct Client {
    socket: SocketPath,
    revival: Option<Arc<Revival>>,
}

/// How a daemon is started that is needed and does not answer.
#[derive(Debug)]
struct Revival {
    state: StateDirectory,
    command: Vec<OsString>,
}

/// Why the daemon gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens on the socket.
    #[error("no daemon runs for {0}")]
    NotRunning(String),
    /// The conversation broke.
    #[error("the daemon did not answer: {0}")]
    Broken(String),
    /// It refused.
    #[error("{}", .0.message)]
    Refused(Box<Failure>),
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(failure) => *failure,
            AskError::NotRunning(_) => Self::new("daemon-not-running", error.to_string())
                .with_hint("start it with `shipgate serve`"),
            AskError::Broken(_) => Self::new("daemon-broken", error.to_string()).with_hint(
                "look at .shipgate/daemon.log, then start it again with `shipgate serve`",
            ),
        }
    }
}

impl Client {
    /// The client for a state directory.
    pub fn new(state: &StateDirectory) -> Self {
        Self {
            socket: state.socket(),
            revival: None,
        }
    }

    /// A client that needs a daemon: where none answers, one is started with
    /// `command` (program and arguments) and asked again. Everything that can
    /// be asked may be asked twice.
    pub fn reviving(state: &StateDirectory, command: &[OsString]) -> Self {
        Self {
            socket: state.socket(),
            revival: Some(Arc::new(Revival {
                state: state.clone(),
                command: command.to_vec(),
            })),
        }
    }

    /// The daemon as it is.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn status(&self) -> Result<Status, AskError> {
        self.ask("GET", "/v1/status", &()).await
    }

    /// Asks the daemon to stop all machines and end.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn stop(&self) -> Result<(), AskError> {
        self.ask("POST", "/v1/stop", &()).await
    }

    /// The daemon as it is; none is started.
    pub(crate) async fn look(&self) -> Result<Status, AskError> {
        self.ask_once("GET", "/v1/status", &()).await
    }

    pub(crate) async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        question: &Q,
    ) -> Result<A, AskError> {
        let answer = self.ask_once(method, path, question).await;
        match (&answer, &self.revival) {
            (Err(AskError::NotRunning(_) | AskError::Broken(_)), Some(revival)) => {
                spawn::ensure(&revival.state, &revival.command)
                    .await
                    .map_err(|failure| AskError::Refused(Box::new(failure)))?;
                self.ask_once(method, path, question).await
            }
            _ => answer,
        }
    }

    async fn ask_once<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        question: &Q,
    ) -> Result<A, AskError> {
        let broken = |error: &dyn std::fmt::Display| AskError::Broken(error.to_string());
        let stream = self.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let driver = tokio::spawn(connection);
        let body = serde_json::to_vec(question).map_err(|error| broken(&error))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "shipgate")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| broken(&error))?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let status = response.status();
        let bytes = response
            .into_body()
            .collect()
            .await
            .map_err(|error| broken(&error))?
            .to_bytes();
        driver.abort();
        match status {
            StatusCode::OK => serde_json::from_slice(&bytes).map_err(|error| broken(&error)),
            StatusCode::CONFLICT => {
                let failure: Failure =
                    serde_json::from_slice(&bytes).map_err(|error| broken(&error))?;
                Err(AskError::Refused(Box::new(failure)))
            }
            _ => Err(AskError::Broken(format!(
                "{status}: {}",
                String::from_utf8_lossy(&bytes)
            ))),
        }
    }

    async fn connect(&self) -> Result<UnixStream, AskError> {
        let missing = |_: io::Error| AskError::NotRunning(self.socket.path().display().to_string());
        let place = self.socket.open().map_err(missing)?;
        UnixStream::connect(place.name()).await.map_err(missing)
    }
}

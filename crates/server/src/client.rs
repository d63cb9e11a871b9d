//! Asking the daemon.

use std::io;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shipgate_release::Failure;
use tokio::net::UnixStream;

use crate::api::Status;
use crate::state_directory::{SocketPath, StateDirectory};

/// The client side of a state directory's control socket.
#[derive(Clone, Debug)]
pub struct Client {
    socket: SocketPath,
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

    pub(crate) async fn ask<Q: Serialize, A: DeserializeOwned>(
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

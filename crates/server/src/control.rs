//! The control socket's door side: requests to the daemon's work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use shipgate_release::Failure;

use crate::api::{Admit, Commit, Pause, Retire, Status, Switch};
use crate::daemon::Daemon;

/// The routes of the control socket.
pub(crate) fn router(daemon: Arc<Daemon>) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/admit", post(admit))
        .route("/v1/retire", post(retire))
        .route("/v1/switch", post(switch))
        .route("/v1/pause", post(pause))
        .route("/v1/resume", post(resume))
        .route("/v1/commit", post(commit))
        .route("/v1/stop", post(stop))
        .with_state(daemon)
}

/// A refusal, as the client expects it.
struct Refusal(Failure);

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::CONFLICT, Json(self.0)).into_response()
    }
}

type Answer<T> = Result<Json<T>, Refusal>;

async fn status(State(daemon): State<Arc<Daemon>>) -> Json<Status> {
    Json(daemon.status())
}

async fn admit(State(daemon): State<Arc<Daemon>>, Json(question): Json<Admit>) -> Answer<()> {
    Ok(Json(daemon.admit(&question.ids)?))
}

async fn retire(State(daemon): State<Arc<Daemon>>, Json(question): Json<Retire>) -> Answer<()> {
    let drain = Duration::from_millis(question.drain_ms);
    Ok(Json(daemon.switch(&question.ids, &[], drain).await?))
}

async fn switch(State(daemon): State<Arc<Daemon>>, Json(question): Json<Switch>) -> Answer<()> {
    let drain = Duration::from_millis(question.drain_ms);
    Ok(Json(
        daemon.switch(&question.from, &question.to, drain).await?,
    ))
}

async fn pause(State(daemon): State<Arc<Daemon>>, Json(question): Json<Pause>) -> Answer<()> {
    let longest = Duration::from_millis(question.longest_ms);
    Ok(Json(daemon.pause(longest).await?))
}

async fn resume(State(daemon): State<Arc<Daemon>>) -> Json<()> {
    daemon.resume();
    Json(())
}

async fn commit(State(daemon): State<Arc<Daemon>>, Json(question): Json<Commit>) -> Answer<()> {
    Ok(Json(daemon.commit(question)?))
}

async fn stop(State(daemon): State<Arc<Daemon>>) -> Answer<()> {
    Ok(Json(daemon.halt().await?))
}

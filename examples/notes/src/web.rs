//! Paths and their answers.

use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::live::{self, Live};
use crate::page::Page;
use crate::store::{LONGEST, Note, Store};
use crate::{VERSION, serve};

/// Notes on the page, and in a list that asks for no number.
const SHOWN: u32 = 100;

/// What every answer is made from.
#[derive(Clone)]
pub struct App {
    /// The notes.
    pub store: Store,
    /// Who watches their number.
    pub live: Live,
    /// The page's heading.
    pub greeting: String,
}

/// All paths of the app.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(page).post(add_by_form))
        .route("/api/notes", get(list).post(add))
        .route("/api/live", get(live::socket))
        .route("/healthz", get(health))
        .route("/version", get(|| async { VERSION }))
        .with_state(app)
}

/// Why a request gets no note.
pub enum Refusal {
    /// The note is empty or too long.
    Unfit(&'static str),
    /// The database would not.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::Unfit(reason) => (StatusCode::UNPROCESSABLE_ENTITY, reason.to_owned()),
            Self::Database(error) => {
                serve::log(&format!("error: {error}"));
                (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
        };
        (status, Json(json!({ "error": reason }))).into_response()
    }
}

#[derive(Deserialize)]
struct Draft {
    body: String,
}

#[derive(Deserialize)]
struct Wanted {
    limit: Option<u32>,
}

async fn page(State(app): State<App>) -> Result<Response, Refusal> {
    let page = Page {
        greeting: &app.greeting,
        notes: &app.store.latest(SHOWN).await?,
        count: app.store.count().await?,
    };
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; form-action 'self'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, Html(page.to_string())).into_response())
}

async fn add_by_form(
    State(app): State<App>,
    Form(draft): Form<Draft>,
) -> Result<Redirect, Refusal> {
    save(&app, draft).await?;
    Ok(Redirect::to("/"))
}

async fn list(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<Note>>, Refusal> {
    let limit = wanted.limit.unwrap_or(SHOWN).min(1000);
    Ok(Json(app.store.latest(limit).await?))
}

async fn add(
    State(app): State<App>,
    Json(draft): Json<Draft>,
) -> Result<(StatusCode, Json<Note>), Refusal> {
    Ok((StatusCode::CREATED, Json(save(&app, draft).await?)))
}

async fn save(app: &App, draft: Draft) -> Result<Note, Refusal> {
    let body = draft.body.trim();
    if body.is_empty() {
        return Err(Refusal::Unfit("a note needs a text"));
    }
    if body.chars().count() > LONGEST {
        return Err(Refusal::Unfit("a note has 65536 characters at most"));
    }
    let note = app.store.add(body.to_owned()).await?;
    app.live.look();
    Ok(note)
}

async fn health(State(app): State<App>) -> Response {
    match app.store.check().await {
        Ok(()) => "ok".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

//! `/api/live`: a WebSocket that sends the number of notes, and again whenever
//! it changes, also when another process changed it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use tokio::sync::{Notify, watch};

use crate::store::Store;
use crate::web::App;

/// How often the number is looked at while somebody watches.
const INTERVAL: Duration = Duration::from_millis(250);

/// Who watches the number of notes, and whether the app is going away.
#[derive(Clone)]
pub struct Live {
    count: watch::Sender<Option<u64>>,
    changed: Arc<Notify>,
    closing: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            count: watch::Sender::new(None),
            changed: Arc::default(),
            closing: watch::Sender::new(false),
        }
    }
}

impl Live {
    /// Says that the number may have changed.
    pub fn look(&self) {
        self.changed.notify_one();
    }

    /// Looks at the number as long as the app runs; at rest while nobody
    /// watches.
    pub async fn watch(self, store: Store) {
        loop {
            let _ = tokio::time::timeout(INTERVAL, self.changed.notified()).await;
            if self.count.receiver_count() == 0 {
                continue;
            }
            if let Ok(count) = store.count().await {
                self.count.send_if_modified(|shown| {
                    let before = shown.replace(count);
                    before != Some(count)
                });
            }
        }
    }

    /// Says goodbye to every watcher.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until every watcher is gone.
    pub async fn closed(&self) {
        self.closing.closed().await;
    }
}

/// Answers the upgrade of `/api/live`.
pub async fn socket(State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    let (count, closing) = (app.live.count.subscribe(), app.live.closing.subscribe());
    app.live.look();
    upgrade.on_upgrade(move |socket| talk(socket, count, closing))
}

async fn talk(
    mut socket: WebSocket,
    mut count: watch::Receiver<Option<u64>>,
    mut closing: watch::Receiver<bool>,
) {
    let known = *count.borrow_and_update();
    if let Some(known) = known
        && send(&mut socket, known).await.is_err()
    {
        return;
    }
    loop {
        tokio::select! {
            changed = count.changed() => {
                let now = *count.borrow_and_update();
                let (Ok(()), Some(now)) = (changed, now) else { return };
                if send(&mut socket, now).await.is_err() {
                    return;
                }
            }
            () = wait(&mut closing) => {
                let goodbye = CloseFrame { code: close_code::AWAY, reason: "going away".into() };
                let _ = socket.send(Message::Close(Some(goodbye))).await;
                return;
            }
            received = socket.recv() => match received {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

async fn wait(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn send(socket: &mut WebSocket, count: u64) -> Result<(), axum::Error> {
    socket.send(Message::Text(count.to_string().into())).await
}

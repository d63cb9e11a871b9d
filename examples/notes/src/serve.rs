//! Listening, and stopping without breaking anything off.

use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::VERSION;
use crate::live::Live;
use crate::settings::Settings;
use crate::store::Store;
use crate::web::{self, App};

/// Serves until SIGINT or SIGTERM, then finishes what was begun.
///
/// # Errors
/// The port is taken, or the system does not let us listen.
pub async fn serve(settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))
        .await
        .map_err(|error| format!("cannot listen on port {}: {error}", settings.port))?;
    log(&format!(
        "notes {VERSION} listens on http://{}",
        listener.local_addr()?
    ));
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        log("stopping: requests in flight are finished");
    };
    run(listener, &settings, stop).await?;
    log("stopped");
    Ok(())
}

/// Serves on `listener` until `stop`, then finishes what was begun.
///
/// # Errors
/// The listener failed.
pub async fn run(
    listener: TcpListener,
    settings: &Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let store = Store::new(&settings.database);
    let live = Live::default();
    let watching = tokio::spawn(live.clone().watch(store.clone()));
    let app = App {
        store,
        live: live.clone(),
        greeting: settings.greeting.clone(),
    };
    let leaving = live.clone();
    let stop = async move {
        stop.await;
        leaving.close();
    };
    axum::serve(listener, web::router(app))
        .with_graceful_shutdown(stop)
        .await?;
    live.closed().await;
    watching.abort();
    Ok(())
}

/// Writes a line to stderr; who does not read it misses it.
pub fn log(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

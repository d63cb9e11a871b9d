//! The keeper itself.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipgate_database::{DatabaseUrl, LockError, LockName, LockRequest, MigrationLock, open};
use shipgate_runtime::process::{MachineError, Machines};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{Order, RELEASE, Word};
use crate::cli::block_on;
use crate::error::Exit;
use crate::wiring::client::client_settings;
use crate::wiring::engine::host;
use crate::wiring::{held_lock, keeper};

/// How long a machine that is made may take to be started: whoever made it was
/// killed in the middle of that.
const STARTING: Duration = Duration::from_secs(2);

/// From one look at it to the next.
const LOOK: Duration = Duration::from_millis(100);

/// Keeps a lock as long as it is told to, or its machine runs.
pub(crate) fn run() -> ExitCode {
    let (sender, mut lines) = unbounded_channel();
    // Reading standard input cannot be broken off, so it is done by a thread
    // that ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let kept = block_on(async move {
        keep(&mut lines).await;
        Ok(Exit::Done)
    });
    kept.map_or(ExitCode::FAILURE, |_| ExitCode::SUCCESS)
}

async fn keep(lines: &mut UnboundedReceiver<String>) {
    let Some(order) = lines.recv().await else {
        return;
    };
    let order: Order = match serde_json::from_str(&order) {
        Ok(order) => order,
        Err(error) => {
            return say(&Word::Refused {
                message: format!("this is no order to keep a lock: {error}"),
                is_held: false,
            });
        }
    };
    let taken = tokio::select! {
        taken = take(&order) => taken,
        // Whoever wants it is gone, or has changed its mind.
        _ = lines.recv() => return,
    };
    let lock = match taken {
        Ok(lock) => lock,
        Err(error) => return say(&Word::from(&error)),
    };
    say(&Word::Held);
    let told = tokio::select! {
        told = lines.recv() => told,
        error = held_lock::lost(lock.as_ref()) => {
            say(&Word::Lost { message: error.to_string() });
            lines.recv().await
        }
    };
    if told.as_deref() != Some(RELEASE) {
        stay(&order, lock.as_ref()).await;
    }
    // What went wrong with it was told where it mattered.
    let _ = lock.release().await;
    say(&Word::Released);
}

async fn take(order: &Order) -> Result<Box<dyn MigrationLock>, LockError> {
    let refused = |message: String| LockError::Server { message };
    let url = DatabaseUrl::parse(&order.database, Path::new("/"))
        .map_err(|error| refused(error.to_string()))?;
    let database = open(&url, &client_settings()).map_err(|error| refused(error.to_string()))?;
    let request = LockRequest {
        name: LockName::default(),
        pid: std::process::id(),
        host: host(),
        purpose: order.purpose.clone(),
        timeout: order.timeout,
        schema: None,
        lease: order.lease(),
        connect_timeout: Duration::from_secs(30),
        clock: Arc::new(Timestamp::now),
        temporary_directory: Some(std::env::temp_dir()),
        on_event: Some(Arc::new(|event| {
            say(&Word::Waiting {
                words: held_lock::in_words(event),
            });
        })),
    };
    database.lock(request).await
}

/// Stays with the machine until it has ended; without the lock it is stopped.
async fn stay(order: &Order, lock: &dyn MigrationLock) {
    let Ok(machines) = keeper::command()
        .map_err(drop)
        .and_then(|keeper| Machines::open(&order.machines, keeper).map_err(drop))
    else {
        return;
    };
    tokio::select! {
        () = ended(&machines, order) => {}
        _ = held_lock::lost(lock) => {
            // It ends when it can; nobody is left to be told.
            let _ = machines.stop(&order.machine).await;
        }
    }
}

async fn ended(machines: &Machines, order: &Order) {
    let deadline = tokio::time::Instant::now() + STARTING;
    loop {
        match machines.wait(&order.machine).await {
            // Its own keeper may be about to start it.
            Err(MachineError::NeverStarted(_)) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(LOOK).await;
            }
            _ => return,
        }
    }
}

/// A starter that is gone needs no words.
fn say(word: &Word) {
    if let Ok(line) = serde_json::to_string(word) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}");
        let _ = out.flush();
    }
}

//! Ctrl-C and SIGTERM: the first asks, the second insists.

use std::sync::Arc;

use shipgate_release::Cancel;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::{CliError, Exit};
use crate::printer::Printer;

/// What is answered to the first signal where a safe point is near.
pub(crate) const STOPPING: &str = "stopping at the next safe point; once more to end at once";

/// Turns the first SIGINT or SIGTERM into a request to stop at the next safe
/// point. A second one ends the program at once; what it was doing can then be
/// resumed.
pub(crate) fn cancel_on_signal(printer: Arc<Printer>) -> Result<Cancel, CliError> {
    let cancel = Cancel::default();
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let asked = cancel.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        printer.say(STOPPING);
        asked.request();
        let exit = either(&mut interrupt, &mut terminate).await;
        end_at_once(exit);
    });
    Ok(cancel)
}

/// A request to stop, and by which signal it came.
#[derive(Clone)]
pub(crate) struct Asked(watch::Receiver<Option<Exit>>);

impl Asked {
    /// From here on the first SIGINT or SIGTERM asks and is answered with
    /// `words`; a second one ends the program at once.
    pub(crate) fn listen(printer: &Arc<Printer>, words: &'static str) -> Result<Self, CliError> {
        let (sender, receiver) = watch::channel(None);
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let printer = Arc::clone(printer);
        tokio::spawn(async move {
            let exit = either(&mut interrupt, &mut terminate).await;
            printer.say(words);
            sender.send_replace(Some(exit));
            end_at_once(either(&mut interrupt, &mut terminate).await);
        });
        Ok(Self(receiver))
    }

    /// The exit code that was asked for, if one was.
    pub(crate) fn heard(&self) -> Option<Exit> {
        *self.0.borrow()
    }

    /// Returns when it is asked for, with the exit code it asks for.
    pub(crate) async fn wait(&self) -> Exit {
        let mut receiver = self.0.clone();
        let heard = receiver.wait_for(Option::is_some).await;
        match heard.ok().and_then(|heard| *heard) {
            Some(exit) => exit,
            // Nobody listens any more, so nobody asks.
            None => std::future::pending().await,
        }
    }
}

/// Waits for SIGINT or SIGTERM.
pub(crate) async fn asked_to_end() -> Result<(), CliError> {
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    either(&mut interrupt, &mut terminate).await;
    Ok(())
}

type Listener = tokio::signal::unix::Signal;

fn listen(kind: SignalKind) -> Result<Listener, CliError> {
    signal(kind).map_err(|error| CliError::new("signals", format!("cannot catch signals: {error}")))
}

async fn either(interrupt: &mut Listener, terminate: &mut Listener) -> Exit {
    tokio::select! {
        _ = interrupt.recv() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Other(143),
    }
}

#[expect(
    clippy::exit,
    reason = "the user asked twice: nothing is waited for any more"
)]
fn end_at_once(exit: Exit) {
    std::process::exit(i32::from(exit.code()));
}

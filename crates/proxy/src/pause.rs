//! Holding requests back while something needs the service to be quiet.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::service::Service;

/// Requests are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    /// How long each of them waits before it is answered with 503.
    pub(crate) max_wait: Duration,
}

/// Whether a service became quiet: none of its requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// No request is in flight.
    Reached {
        /// Connections of other protocols (WebSocket) that are still open; they do not count as requests.
        upgraded: usize,
    },
    /// The deadline came first.
    Missed {
        /// Requests still in flight.
        in_flight: usize,
    },
}

impl Service {
    /// Holds requests back from now on; those in flight go on.
    pub(crate) fn pause(&self, max_wait: Duration) {
        self.lock().pause = Some(Pause { max_wait });
    }

    /// Lets requests through again, those that wait first.
    pub(crate) fn resume(self: &Arc<Self>) {
        self.lock().pause = None;
        self.serve_queue();
    }

    /// Waits until no request is in flight.
    pub(crate) async fn quiet(&self, deadline: Duration) -> Quiet {
        let waiting = {
            let mut state = self.lock();
            let load = state.roster.load();
            if load.requests() == 0 {
                return Quiet::Reached {
                    upgraded: load.upgraded,
                };
            }
            let (sender, receiver) = oneshot::channel();
            state.quiet.retain(|waiting| !waiting.is_closed());
            state.quiet.push(sender);
            receiver
        };
        let reached = tokio::time::timeout(deadline, waiting).await.is_ok();
        let load = self.lock().roster.load();
        if reached {
            Quiet::Reached {
                upgraded: load.upgraded,
            }
        } else {
            Quiet::Missed {
                in_flight: load.requests(),
            }
        }
    }
}

//! Letting the requests of retired machines end, and cutting those that do not end in time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::door::Door;
use crate::event::Event;
use crate::roster::Retired;
use crate::service::Service;

/// How the requests ended that were in flight when machines were retired, upgraded connections included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Ended by themselves.
    pub finished: usize,
    /// Were cut when the deadline came.
    pub cut: usize,
}

/// Resolves when nothing is in flight any more at the machines that were retired. The drain goes on, and keeps its
/// deadline, whether or not this is awaited.
#[derive(Debug)]
#[must_use = "await it before stopping the machines"]
pub struct Drain {
    done: oneshot::Receiver<Drained>,
}

impl Future for Drain {
    type Output = Drained;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Drained> {
        // The front door ends only together with everything that was in flight.
        Pin::new(&mut self.done)
            .poll(cx)
            .map(Result::unwrap_or_default)
    }
}

impl Drain {
    /// Starts draining `retired` machines on one of the front door's workers.
    pub(crate) fn start(
        door: &Arc<Door>,
        service: Arc<Service>,
        retired: Vec<Retired>,
        deadline: Duration,
    ) -> Self {
        let (sender, done) = oneshot::channel();
        let deadline = Instant::now() + deadline;
        let runtime = door.workers[0].runtime.clone();
        let door = door.clone();
        runtime.spawn(async move {
            let mut drained = Drained::default();
            for machine in retired {
                let one = drain(&door, &service, machine, deadline).await;
                drained.finished += one.finished;
                drained.cut += one.cut;
            }
            let _ = sender.send(drained);
        });
        Self { done }
    }
}

/// All machines share one deadline, so waiting for them one after the other takes no longer than for all at once.
async fn drain(door: &Door, service: &Service, retired: Retired, deadline: Instant) -> Drained {
    let Retired {
        upstream,
        in_flight,
        mut ended,
    } = retired;
    if in_flight == 0 || timeout_at(deadline, &mut ended).await.is_ok() {
        return Drained {
            finished: in_flight,
            cut: 0,
        };
    }
    let cut = service.lock().roster.in_flight_at(&upstream);
    upstream.cut();
    door.wake_all();
    door.emit(Event::Cut {
        service: service.name.clone(),
        machine: upstream.machine.clone(),
        count: cut,
    });
    let _ = ended.await;
    Drained {
        finished: in_flight - cut,
        cut,
    }
}

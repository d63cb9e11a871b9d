//! What a daemon does when it is asked.

use std::sync::Arc;
use std::time::Duration;

use shipgate_release::Failure;
use shipgate_release::machine::MachineId;

use super::Daemon;
use crate::api::Commit;
use crate::desired::{Desired, Kept};
use crate::events::Event;
use crate::supervise;

/// How long requests under way may take once the daemon is asked to stop.
const STOP_DRAIN: Duration = Duration::from_secs(10);

impl Daemon {
    /// Sends requests to these machines as well.
    pub(crate) fn admit(self: &Arc<Self>, ids: &[MachineId]) -> Result<(), Failure> {
        let ports = self.ports(ids)?;
        {
            let mut kept = self.kept();
            change(&mut kept, |desired| add(&mut desired.serving, ids))?;
            for (id, port) in ports {
                self.door.admit(&id, port);
            }
        }
        self.watch();
        Ok(())
    }

    /// Sends requests to a machine again, if it is still meant to take them;
    /// whether that is new.
    pub(crate) fn bring_in(&self, id: &MachineId, port: u16) -> bool {
        // Held, so that no switch comes between the look and the admission.
        let kept = self.kept();
        let new = kept.get().serving.contains(id) && !self.door.serves(id);
        if new {
            self.door.admit(id, port);
        }
        new
    }

    /// Sends requests to `to` instead of `from`, then waits for those under way.
    pub(crate) async fn switch(
        self: &Arc<Self>,
        from: &[MachineId],
        to: &[MachineId],
        drain: Duration,
    ) -> Result<(), Failure> {
        let ports = self.ports(to)?;
        let drained = {
            let mut kept = self.kept();
            change(&mut kept, |desired| {
                desired.serving.retain(|id| !from.contains(id));
                add(&mut desired.serving, to);
            })?;
            self.door.switch(from, &ports, drain)
        };
        self.watch();
        if let Some(drained) = drained {
            tokio::select! {
                () = self.door.requests_ended(from) => {}
                _ = drained => {}
            }
        }
        Ok(())
    }

    /// Lets requests wait, and waits for those under way.
    pub(crate) async fn pause(self: &Arc<Self>, longest: Duration) -> Result<(), Failure> {
        self.door.pause(longest);
        // From the first moment: whoever asked may not live to see it quiet.
        tokio::spawn(supervise::end_pause(Arc::clone(self)));
        if self.door.quiet(longest).await {
            return Ok(());
        }
        self.door.resume();
        Err(Failure::new(
            "not-quiet",
            format!("requests were still under way after {longest:?}"),
        )
        .with_hint("raise `[release] pause_timeout`, or release without `pause_during_migrate`"))
    }

    /// Lets waiting requests go on.
    pub(crate) fn resume(&self) {
        self.door.resume();
    }

    /// Keeps this fleet up from now on.
    pub(crate) fn commit(self: &Arc<Self>, commit: Commit) -> Result<(), Failure> {
        if self.desired().listen.as_deref() != Some(commit.listen.as_str()) {
            self.door
                .listen_also(&commit.listen)
                .map_err(|error| Failure::new("port-taken", error.to_string()))?;
            self.tell(Event::Listening(self.door.address()));
        }
        self.door.limit(commit.concurrency);
        change(&mut self.kept(), |desired| {
            desired.listen = Some(commit.listen);
            desired.concurrency = commit.concurrency;
            desired.release = Some(commit.release);
            desired.fleet = commit.fleet;
        })?;
        self.watch();
        Ok(())
    }

    /// Stops the whole fleet and ends the daemon; returns when another may begin.
    pub(crate) async fn halt(self: &Arc<Self>) -> Result<(), Failure> {
        change(&mut self.kept(), |desired| desired.halted = true)?;
        // Once begun it goes on, whether or not the one who asked waits for it.
        tokio::spawn(Arc::clone(self).stop_everything());
        let mut gone = self.gone.subscribe();
        // An error would say that the daemon is gone as well.
        let _ = gone.wait_for(|gone| *gone).await;
        Ok(())
    }

    async fn stop_everything(self: Arc<Self>) {
        for (_, watcher) in self.watchers().drain() {
            watcher.abort();
        }
        let daemon = Arc::clone(&self);
        let closing = tokio::spawn(async move { daemon.door.close(STOP_DRAIN).await });
        let _ = tokio::time::timeout(STOP_DRAIN, self.door.all_requests_ended()).await;
        let desired = self.desired();
        let mut everyone: Vec<MachineId> =
            desired.fleet.into_iter().map(|member| member.id).collect();
        add(&mut everyone, &desired.serving);
        let stops: Vec<_> = everyone
            .into_iter()
            .map(|id| {
                let machines = self.machines.clone();
                tokio::spawn(async move { machines.stop(&id).await })
            })
            .collect();
        for stop in stops {
            if let Ok(Err(error)) = stop.await {
                self.tell(Event::Trouble(error.to_string()));
            }
        }
        let _ = closing.await;
        self.tell(Event::Ending("asked to stop".to_owned()));
        self.ended.notify_one();
    }

    fn ports(&self, ids: &[MachineId]) -> Result<Vec<(MachineId, u16)>, Failure> {
        ids.iter()
            .map(|id| {
                let spec = self
                    .machines
                    .spec(id)
                    .map_err(|error| Failure::new("machine", error.to_string()))?;
                let port = spec.port.ok_or_else(|| {
                    Failure::new("machine", format!("machine {id} was given no port"))
                })?;
                Ok((id.clone(), port))
            })
            .collect()
    }
}

/// Writes what is to be kept up from now on.
fn change(kept: &mut Kept, change: impl FnOnce(&mut Desired)) -> Result<(), Failure> {
    kept.change(change).map_err(|error| {
        Failure::new(
            "daemon-state",
            format!("cannot write the daemon's state: {error}"),
        )
    })
}

/// Adds those that are not there yet.
fn add(ids: &mut Vec<MachineId>, more: &[MachineId]) {
    for id in more {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
}

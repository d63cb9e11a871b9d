//! The front door as a release sees it.

use std::time::Duration;

use async_trait::async_trait;
use shipgate_release::Failure;
use shipgate_release::machine::MachineId;
use shipgate_release::ports::Traffic;

use crate::api::{Admit, Pause, Retire, Switch};
use crate::client::Client;

/// [`Traffic`] by asking the daemon.
#[derive(Clone, Debug)]
pub struct DoorTraffic {
    client: Client,
}

impl DoorTraffic {
    /// Traffic of the daemon that `client` asks.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Traffic for DoorTraffic {
    async fn admit(&self, ids: &[MachineId]) -> Result<(), Failure> {
        let question = Admit { ids: ids.to_vec() };
        Ok(self.client.ask("POST", "/v1/admit", &question).await?)
    }

    async fn retire(&self, ids: &[MachineId], drain: Duration) -> Result<(), Failure> {
        let question = Retire {
            ids: ids.to_vec(),
            drain_ms: milliseconds(drain),
        };
        Ok(self.client.ask("POST", "/v1/retire", &question).await?)
    }

    async fn switch(
        &self,
        from: &[MachineId],
        to: &[MachineId],
        drain: Duration,
    ) -> Result<(), Failure> {
        let question = Switch {
            from: from.to_vec(),
            to: to.to_vec(),
            drain_ms: milliseconds(drain),
        };
        Ok(self.client.ask("POST", "/v1/switch", &question).await?)
    }

    async fn pause(&self, longest: Duration) -> Result<(), Failure> {
        let question = Pause {
            longest_ms: milliseconds(longest),
        };
        Ok(self.client.ask("POST", "/v1/pause", &question).await?)
    }

    async fn resume(&self) -> Result<(), Failure> {
        Ok(self.client.ask("POST", "/v1/resume", &()).await?)
    }

    async fn address(&self) -> Result<String, Failure> {
        Ok(format!("http://{}", self.client.status().await?.listen))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

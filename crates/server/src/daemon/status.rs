//! A daemon's account of itself.

use shipgate_release::machine::MachineId;

use super::Daemon;
use crate::api::{DoorStatus, MachineStatus, Status};
use crate::supervise;

impl Daemon {
    /// The daemon as it is.
    pub(crate) fn status(&self) -> Status {
        let desired = self.desired();
        let mut members: Vec<(MachineId, String, bool)> = desired
            .fleet
            .iter()
            .map(|member| (member.id.clone(), member.group.clone(), member.routed))
            .collect();
        for id in &desired.serving {
            if !members.iter().any(|(known, ..)| known == id) {
                let group = self
                    .machines
                    .spec(id)
                    .map_or_else(|_| String::new(), |spec| spec.group);
                members.push((id.clone(), group, true));
            }
        }
        let machines = members
            .into_iter()
            .map(|(id, group, routed)| MachineStatus {
                state: supervise::in_words(&self.machines.state(&id)),
                serving: self.door.serves(&id),
                in_flight: self.door.in_flight(&id),
                trouble: self.troubles().get(&id).cloned(),
                id,
                group,
                routed,
            })
            .collect();
        let door: DoorStatus = self.door.counts();
        Status {
            pid: std::process::id(),
            version: self.version.clone(),
            listen: self.door.address(),
            release: desired.release,
            fleet: desired.fleet,
            paused: self.door.paused(),
            machines,
            door,
        }
    }
}

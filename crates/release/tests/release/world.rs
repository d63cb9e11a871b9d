//! A world that does what it is asked, remembers it, and fails where it is told to.

#![expect(unreachable_pub, reason = "a module of one test")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use shipgate_release::journal::Entry;
use shipgate_release::machine::{MachineId, MachineSpec, RestartPolicy};
use shipgate_release::ports::{
    BackedUp, Backup, Builder, Built, Clock, Member, Migrated, Migrator, OnFailure, Policy, Ports,
    Runtime, Standing, Survey, Target, Traffic, Watch,
};
use shipgate_release::steps::promote::Strategy;
use shipgate_release::{Cancel, Failure, Observer, StepName};

pub struct World {
    pub calls: Mutex<Vec<String>>,
    pub pending: Mutex<Vec<String>>,
    pub same_build: Mutex<bool>,
    pub losses: Mutex<Vec<String>>,
    pub policy: Mutex<Policy>,
    pub schema: Mutex<BTreeMap<String, String>>,
    surprise: Mutex<Option<String>>,
    copy: Mutex<Option<BTreeMap<String, String>>>,
    failures: Mutex<HashMap<String, (usize, Failure)>>,
    fleet: Mutex<Vec<Member>>,
    running: Mutex<BTreeSet<MachineId>>,
    serving: Mutex<BTreeSet<MachineId>>,
}

fn member(id: &MachineId) -> Member {
    Member {
        id: id.clone(),
        group: "web".to_owned(),
        routed: true,
    }
}

fn names(ids: &BTreeSet<MachineId>) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

impl World {
    pub fn serving(pending: usize, machines: usize) -> Self {
        let ids: BTreeSet<MachineId> = (1..=machines)
            .map(|number| MachineId::new(0, "old", number))
            .collect();
        Self {
            calls: Mutex::default(),
            pending: Mutex::new((0..pending).map(|number| number.to_string()).collect()),
            same_build: Mutex::new(false),
            losses: Mutex::default(),
            policy: Mutex::new(Policy {
                strategy: Strategy::Rolling,
                max_unavailable: 0.33,
                wait_timeout: Duration::from_secs(1),
                settle: Duration::ZERO,
                drain_timeout: Duration::from_secs(1),
                pause_during_migrate: None,
                on_failure: OnFailure::Stop,
            }),
            schema: Mutex::new(BTreeMap::from([("table notes".to_owned(), "1".to_owned())])),
            surprise: Mutex::default(),
            copy: Mutex::default(),
            failures: Mutex::default(),
            fleet: Mutex::new(ids.iter().map(member).collect()),
            running: Mutex::new(ids.clone()),
            serving: Mutex::new(ids),
        }
    }

    pub fn start() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    /// The call of this name fails.
    pub fn fail(&self, call: &str, failure: Failure) {
        self.fail_after(call, 1, failure);
    }

    /// The `number`th call of this name fails, and those after it.
    pub fn fail_after(&self, call: &str, number: usize, failure: Failure) {
        self.failures
            .lock()
            .unwrap()
            .insert(call.to_owned(), (number, failure));
    }

    /// Something else makes this object during the migration.
    pub fn surprise(&self, object: &str) {
        *self.surprise.lock().unwrap() = Some(object.to_owned());
    }

    pub fn serving_now(&self) -> Vec<String> {
        names(&self.serving.lock().unwrap())
    }

    pub fn running_now(&self) -> Vec<String> {
        names(&self.running.lock().unwrap())
    }

    pub fn calls_of_the_database(&self) -> Vec<String> {
        const VERBS: &[&str] = &["survey", "backup", "copy", "migrate", "discard", "restore"];
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| VERBS.iter().any(|verb| call.starts_with(verb)))
            .cloned()
            .collect()
    }

    pub fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            builder: self.clone(),
            migrator: Some(self.clone()),
            backup: Some(self.clone()),
            runtime: self.clone(),
            traffic: self.clone(),
            clock: self.clone(),
            policy: self.policy.lock().unwrap().clone(),
        }
    }

    fn call(&self, call: impl Into<String>) -> Result<(), Failure> {
        let call = call.into();
        self.calls.lock().unwrap().push(call.clone());
        if let Some((number, failure)) = self.failures.lock().unwrap().get_mut(&call) {
            if *number <= 1 {
                return Err(failure.clone());
            }
            *number -= 1;
        }
        Ok(())
    }
}

fn spec(id: MachineId) -> MachineSpec {
    MachineSpec {
        id,
        app: "app".to_owned(),
        release: 1,
        group: "web".to_owned(),
        command: vec!["app".to_owned()],
        directory: PathBuf::from("/"),
        env: BTreeMap::new(),
        port: Some(1),
        routed: true,
        checks: Vec::new(),
        restart: RestartPolicy::No,
        kill_signal: 2,
        kill_timeout: Duration::ZERO,
        timeout: None,
        memory_limit: None,
        secrets: shipgate_release::Secrets::default(),
    }
}

#[async_trait]
impl Builder for World {
    async fn build(&self, _: u64, _: &dyn Watch, _: &Cancel) -> Result<Built, Failure> {
        self.call("build")?;
        Ok(Built {
            summary: "built".to_owned(),
            same_as_serving: *self.same_build.lock().unwrap(),
        })
    }

    async fn machines(&self, release: u64, _: u64) -> Result<Vec<MachineSpec>, Failure> {
        Ok((1..=2)
            .map(|number| spec(MachineId::new(release, "new", number)))
            .collect())
    }

    async fn trial(&self, release: u64, _: u64) -> Result<Vec<MachineSpec>, Failure> {
        Ok(vec![spec(MachineId::new(release, "trial", 1))])
    }
}

#[async_trait]
impl Migrator for World {
    async fn survey(&self) -> Result<Survey, Failure> {
        self.call("survey")?;
        Ok(Survey {
            pending: Some(self.pending.lock().unwrap().clone()),
            ..Survey::default()
        })
    }

    async fn migrate(
        &self,
        target: Target<'_>,
        _: &MachineId,
        _: &dyn Watch,
        _: &Cancel,
    ) -> Result<Migrated, Failure> {
        let new = ("table tags".to_owned(), "1".to_owned());
        match target {
            Target::Live => {
                self.call("migrate live")?;
                let mut schema = self.schema.lock().unwrap();
                schema.extend([new]);
                if let Some(object) = self.surprise.lock().unwrap().clone() {
                    schema.insert(object, "1".to_owned());
                }
            }
            Target::Copy(_) => {
                self.call("migrate copy")?;
                let mut copy = self.copy.lock().unwrap();
                copy.as_mut().expect("a copy was made").extend([new]);
            }
        }
        Ok(Migrated {
            changed: true,
            ..Migrated::default()
        })
    }

    async fn standing(&self, target: Target<'_>) -> Result<Standing, Failure> {
        let objects = match target {
            Target::Live => self.schema.lock().unwrap().clone(),
            Target::Copy(_) => self.copy.lock().unwrap().clone().unwrap(),
        };
        Ok(Standing {
            objects,
            ..Standing::default()
        })
    }
}

#[async_trait]
impl Backup for World {
    async fn create(&self, name: &str, _: &dyn Watch) -> Result<BackedUp, Failure> {
        self.call(format!("backup {name}"))?;
        Ok(BackedUp {
            summary: name.to_owned(),
        })
    }

    async fn copy(&self, name: &str) -> Result<(), Failure> {
        self.call(format!("copy {name}"))?;
        *self.copy.lock().unwrap() = Some(self.schema.lock().unwrap().clone());
        Ok(())
    }

    async fn discard_copy(&self, name: &str) -> Result<(), Failure> {
        self.call(format!("discard {name}"))?;
        *self.copy.lock().unwrap() = None;
        Ok(())
    }

    async fn restore(&self, name: &str) -> Result<String, Failure> {
        self.call(format!("restore {name}"))?;
        Ok(format!("restored {name}"))
    }

    async fn losses(&self, _: &str) -> Result<Vec<String>, Failure> {
        Ok(self.losses.lock().unwrap().clone())
    }

    async fn prune(&self, _: &[&str]) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Runtime for World {
    async fn acceptable(&self) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    async fn fleet(&self) -> Result<Vec<Member>, Failure> {
        Ok(self.fleet.lock().unwrap().clone())
    }

    async fn all_well(&self) -> Result<bool, Failure> {
        Ok(true)
    }

    async fn start(&self, specs: &[MachineSpec]) -> Result<(), Failure> {
        self.call("start")?;
        let ids = specs.iter().map(|spec| spec.id.clone());
        self.running.lock().unwrap().extend(ids);
        Ok(())
    }

    async fn revive(&self, ids: &[MachineId]) -> Result<(), Failure> {
        self.call("revive")?;
        self.running.lock().unwrap().extend(ids.iter().cloned());
        Ok(())
    }

    async fn healthy(&self, ids: &[MachineId], _: Duration) -> Result<(), Failure> {
        let kind = ids[0].as_str().split('-').nth(1).unwrap();
        self.call(format!("healthy {kind}"))
    }

    async fn steady(&self, _: &[MachineId], _: Duration) -> Result<(), Failure> {
        self.call("steady")
    }

    async fn stop(&self, ids: &[MachineId]) -> Result<(), Failure> {
        self.call("stop")?;
        self.running.lock().unwrap().retain(|id| !ids.contains(id));
        Ok(())
    }

    async fn remove(&self, _: &[MachineId]) -> Result<(), Failure> {
        self.call("remove")
    }

    async fn commit(&self, _: u64, fleet: &[Member]) -> Result<(), Failure> {
        self.call("commit")?;
        *self.fleet.lock().unwrap() = fleet.to_vec();
        Ok(())
    }
}

#[async_trait]
impl Traffic for World {
    async fn admit(&self, ids: &[MachineId]) -> Result<(), Failure> {
        self.call("admit")?;
        self.serving.lock().unwrap().extend(ids.iter().cloned());
        Ok(())
    }

    async fn retire(&self, ids: &[MachineId], _: Duration) -> Result<(), Failure> {
        self.call("retire")?;
        self.serving.lock().unwrap().retain(|id| !ids.contains(id));
        Ok(())
    }

    async fn switch(
        &self,
        from: &[MachineId],
        to: &[MachineId],
        drain: Duration,
    ) -> Result<(), Failure> {
        self.retire(from, drain).await?;
        self.admit(to).await
    }

    async fn pause(&self, _: Duration) -> Result<(), Failure> {
        self.call("pause")
    }

    async fn resume(&self) -> Result<(), Failure> {
        self.call("resume")
    }

    async fn address(&self) -> Result<String, Failure> {
        Ok("http://127.0.0.1:1".to_owned())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Self::start()
    }
}

/// A reader of the stream; it may take its process with it.
#[derive(Default)]
pub struct Reader {
    left: Option<AtomicUsize>,
}

impl Reader {
    /// Dies when so many records are in the journal (the first is there before).
    pub fn dying_after(records: usize) -> Self {
        Self {
            left: Some(AtomicUsize::new(records)),
        }
    }
}

impl Observer for Reader {
    fn entry(&self, entry: &Entry) {
        let Some(left) = &self.left else { return };
        assert!(
            entry.seq <= left.load(Ordering::SeqCst) as u64,
            "the process dies"
        );
    }

    fn output(&self, _: StepName, _: &str) {}
}

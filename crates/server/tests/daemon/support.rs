//! A released project, its machines and its daemon.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use shipgate_release::machine::MachineId;
use shipgate_runtime::process::{Machines, State};
use shipgate_server::api::{MachineStatus, Status};
use shipgate_testkit::{Manifest, TestProject, binary, until};

use crate::load::http::Request;
use crate::load::{Exchange, Load};

/// A project whose first release serves, on two machines that say their names.
pub(crate) struct Site(pub(crate) TestProject);

/// The fake app as each machine runs it: it tells its name, and is well as
/// long as its own file is there.
const APP: &str =
    "./fake-app --version \"${FLY_MACHINE_ID}\" --needs \"${HOME}/well-${FLY_MACHINE_ID}\"";

pub(crate) fn manifest() -> Manifest {
    Manifest::default()
        .web(APP)
        .without("database")
        .set_raw("runtime", "machines", "{ web = 2 }")
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::of(&manifest())
    }

    pub(crate) fn of(manifest: &Manifest) -> Self {
        Self::released(TestProject::new(binary("shipgate")), manifest)
    }

    pub(crate) fn released(project: TestProject, manifest: &Manifest) -> Self {
        let site = Self(project);
        for release in 1..=9 {
            site.make_well(&format!("r{release}-web-1"));
            site.make_well(&format!("r{release}-web-2"));
        }
        site.0.manifest(manifest);
        site.0.run(&["deploy"]).exits(0);
        site
    }

    pub(crate) fn make_well(&self, machine: &str) {
        self.0.file(&format!("well-{machine}"), "");
    }

    pub(crate) fn make_unwell(&self, machine: &str) {
        std::fs::remove_file(self.0.path().join(format!("well-{machine}"))).expect("it was well");
    }

    /// The daemon as it describes itself; `None` when none answers.
    pub(crate) fn status(&self) -> Option<Status> {
        let ran = self.0.run(&["status", "--output", "json"]).exits(0);
        serde_json::from_str(ran.stdout.lines().next()?).ok()
    }

    /// Waits until the daemon says so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, so: impl Fn(&Status) -> bool) -> Status {
        until(what, || self.status().filter(|status| so(status)))
    }

    /// Waits until every machine takes requests.
    #[track_caller]
    pub(crate) fn until_all_serve(&self) -> Status {
        self.until("that all machines serve", |status| {
            status.machines.iter().all(serves_well)
        })
    }

    pub(crate) fn state_of(&self, machine: &str) -> State {
        let keeper: [&str; 0] = [];
        Machines::open(&self.0.state().join("machines"), keeper)
            .and_then(|machines| machines.state(&id(machine)))
            .expect("a machine")
    }

    /// The processes of a machine and of its keeper.
    #[track_caller]
    pub(crate) fn pids_of(&self, machine: &str) -> (i32, i32) {
        until(&format!("that {machine} runs"), || {
            match self.state_of(machine) {
                State::Running {
                    pid, keeper_pid, ..
                } => Some((pid, keeper_pid)),
                _ => None,
            }
        })
    }

    pub(crate) fn kill_daemon(&self) {
        let pid = self.0.daemon().expect("a daemon");
        kill(pid.cast_signed());
        until("the daemon's end", || {
            self.0.daemon().is_none().then_some(())
        });
    }

    /// Starts `shipgate serve`, and waits until it answers.
    #[track_caller]
    pub(crate) fn serve(&self) -> shipgate_testkit::Running {
        let mut daemon = self.0.start(&["serve"]);
        daemon.until("that the daemon answers", |_| self.status().is_some());
        daemon
    }

    /// Clients that ask who answers.
    pub(crate) fn load(&self) -> Load {
        let load = Load::on(self.0.port(), 1)
            .keep_alive("keep-alive", 2, |_, _| whoever())
            .keep_alive("keep-alive too", 2, |_, _| whoever())
            .new_connections("new connections", 2, |_, _| whoever());
        load.wait_for(1);
        load
    }

    /// Who answers one request.
    pub(crate) fn answers(&self) -> Option<String> {
        self.0.serves()
    }
}

/// Asks for a machine's name.
pub(crate) fn whoever() -> Exchange {
    Exchange {
        request: Request::get("/"),
        expected: Box::new(|answer| {
            let name = answer.text();
            let known = answer.status == 200 && name.contains("-web-") && name.ends_with('\n');
            known
                .then_some(())
                .ok_or_else(|| "no machine's name".to_owned())
        }),
    }
}

pub(crate) fn serves_well(machine: &MachineStatus) -> bool {
    machine.serving == machine.routed
        && machine.trouble.is_none()
        && machine.state.starts_with("running")
}

pub(crate) fn machine<'s>(status: &'s Status, name: &str) -> &'s MachineStatus {
    status
        .machines
        .iter()
        .find(|machine| machine.id.as_str() == name)
        .expect("a machine of the fleet")
}

pub(crate) fn id(name: &str) -> MachineId {
    MachineId::parse(name).expect("a machine's name")
}

/// Sends SIGKILL.
pub(crate) fn kill(pid: i32) {
    let pid = Pid::from_raw(pid).expect("a process id");
    kill_process(pid, Signal::KILL).expect("it runs");
}

/// Open descriptors of a process.
pub(crate) fn descriptors(pid: u32) -> usize {
    let listed = Command::new("ls")
        .arg(format!("/proc/{pid}/fd"))
        .output()
        .expect("ls runs");
    String::from_utf8_lossy(&listed.stdout).lines().count()
}

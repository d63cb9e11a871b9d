//! A machine's port is chosen when it is described and taken when it starts.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use shipgate_release::Secrets;
use shipgate_release::machine::{MachineId, MachineSpec, RestartPolicy};
use shipgate_release::ports::Runtime;
use shipgate_runtime::process::Machines;
use shipgate_server::ProcessFleet;
use shipgate_server::state_directory::StateDirectory;
use shipgate_testkit::binary;

#[test]
fn a_machine_whose_port_was_taken_meanwhile_gets_another() {
    let place = tempfile::tempdir().unwrap();
    let state = StateDirectory::open(&place.path().join("state")).unwrap();
    let keeper = [binary("shipgate").into_os_string(), "keep-machine".into()];
    let machines = Machines::open(&state.machines(), keeper).unwrap();
    let fleet = ProcessFleet {
        state,
        machines: machines.clone(),
        daemon: Vec::new(),
        listen: String::new(),
        concurrency: None,
        notes: Vec::new(),
        smoke: Duration::ZERO,
    };
    let somebody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = somebody.local_addr().unwrap().port();
    let id = MachineId::new(1, "web", 1);
    let spec = MachineSpec {
        id: id.clone(),
        app: "app".to_owned(),
        release: 1,
        group: "web".to_owned(),
        command: vec![binary("fake-app").display().to_string()],
        directory: place.path().to_owned(),
        env: BTreeMap::from([("PORT".to_owned(), port.to_string())]),
        port: Some(port),
        routed: true,
        checks: Vec::new(),
        restart: RestartPolicy::No,
        kill_signal: 15,
        kill_timeout: Duration::from_secs(5),
        timeout: None,
        memory_limit: None,
        secrets: Secrets::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        fleet.start(&[spec]).await.unwrap();
        let started = machines.spec(&id).unwrap();
        let other = started.port.unwrap();
        assert_ne!(other, port);
        assert_eq!(started.env["PORT"], other.to_string());
        fleet.stop(&[id]).await.unwrap();
    });
}

//! How a daemon begins and ends.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::thread;

use shipgate_runtime::process::State;
use shipgate_testkit::{TestProject, binary, get};

use crate::support::{Site, manifest};

#[test]
fn a_second_daemon_is_refused_and_told_the_first_ones_process() {
    let site = Site::new();
    let first = site.0.daemon().expect("a daemon");
    let refused = site.0.run(&["serve"]).exits(1);
    refused
        .says("error[daemon-running]")
        .says(&format!("as process {first}"))
        .says("`shipgate stop` ends it");
    assert_eq!(site.until_all_serve().pid, first, "the first one serves on");
}

#[test]
fn a_daemon_can_be_reached_below_a_path_too_long_for_a_socket() {
    let place = tempfile::tempdir().expect("a directory");
    let deep = place.path().join("long".repeat(30)).join("state");
    assert!(deep.as_os_str().len() > 107);
    std::fs::create_dir_all(deep.parent().expect("a parent")).expect("directories");
    let project = TestProject::new(binary("shipgate")).with_state(&deep);
    let site = Site::released(project, &manifest());
    assert_eq!(site.until_all_serve().machines.len(), 2);
    assert!(deep.join("control.sock").exists());
    site.0.run(&["stop"]).exits(0);
}

#[test]
fn only_its_owner_can_reach_a_daemon() {
    let site = Site::new();
    let mode = |name: &str| {
        let found = std::fs::metadata(site.0.state().join(name)).expect("it is there");
        (
            found.file_type().is_socket(),
            found.permissions().mode() & 0o777,
        )
    };
    assert_eq!(mode(""), (false, 0o700));
    assert_eq!(mode("control.sock"), (true, 0o600));
    assert_eq!(mode("daemon.json"), (false, 0o600));
    assert_eq!(mode("daemon.lock"), (false, 0o600));
    assert_eq!(mode("daemon.log"), (false, 0o600));
}

#[test]
fn a_damaged_state_is_named_and_left_alone() {
    let site = Site::new();
    let before = site.pids_of("r1-web-1");
    site.kill_daemon();
    let path = site.0.state().join("daemon.json");
    let whole = std::fs::read(&path).expect("the daemon's state");
    for damaged in [
        &whole[..whole.len() / 2],
        b"",
        b"{\"listen\": 7}",
        b"\xff\x00",
    ] {
        std::fs::write(&path, damaged).expect("a file");
        site.0
            .run(&["serve"])
            .exits(1)
            .says("error[daemon-state]")
            .says("daemon.json")
            .says("hint:");
        assert_eq!(std::fs::read(&path).expect("a file"), damaged);
    }
    assert_eq!(site.pids_of("r1-web-1"), before, "its machine runs on");
    std::fs::write(&path, whole).expect("a file");
    let _daemon = site.serve();
    site.until_all_serve();
    assert_eq!(site.pids_of("r1-web-1"), before);
}

#[test]
fn without_its_state_a_daemon_finds_the_serving_releases_machines() {
    let site = Site::new();
    let before = site.pids_of("r1-web-1");
    site.kill_daemon();
    std::fs::remove_file(site.0.state().join("daemon.json")).expect("the daemon's state");
    let _daemon = site.serve();
    let status = site.until_all_serve();
    assert_eq!((status.release, status.machines.len()), (Some(1), 2));
    assert_eq!(site.pids_of("r1-web-1"), before);
    // The next release takes them over like any others.
    site.0.manifest(&manifest().set("env", "COLOUR", "red"));
    site.0.run(&["deploy"]).exits(0);
    assert!(!site.state_of("r1-web-1").is_live());
}

#[test]
fn a_stop_lets_requests_under_way_end() {
    let site = Site::new();
    let port = site.0.port();
    let slow: Vec<_> = (0..8)
        .map(|_| thread::spawn(move || get(port, "/slow?ms=2000")))
        .collect();
    site.until("that they are under way", |status| {
        status.door.in_flight == 8
    });
    site.0.run(&["stop"]).exits(0);
    for one in slow {
        let answer = one.join().expect("a client").expect("an answer");
        assert_eq!((answer.status, answer.body.as_str()), (200, "slow"));
    }
    assert_eq!(site.0.get("/"), None, "nobody listens");
    for name in ["r1-web-1", "r1-web-2"] {
        let state = site.state_of(name);
        assert!(matches!(state, State::Exited(_)), "{name} is {state:?}");
    }
}

#[test]
fn after_a_stop_the_next_daemon_can_begin_at_once_and_starts_the_fleet() {
    let site = Site::new();
    for _ in 0..3 {
        site.0.run(&["stop"]).exits(0);
        let _daemon = site.serve();
        // Requests wait for the first machine that comes up.
        let answered = site.answers();
        assert!(answered.is_some_and(|name| name.starts_with("r1-web-")));
        site.until_all_serve();
    }
}

#[test]
fn a_daemon_that_is_asked_to_end_leaves_its_machines_to_the_next() {
    let site = Site::new();
    let before = site.pids_of("r1-web-1");
    site.kill_daemon();
    let daemon = site.serve();
    site.until_all_serve();
    daemon.interrupt();
    daemon.wait();
    assert_eq!(site.status().map(|status| status.pid), None);
    let _daemon = site.serve();
    site.until_all_serve();
    assert_eq!(site.pids_of("r1-web-1"), before);
}

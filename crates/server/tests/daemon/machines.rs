//! Machines in trouble, and what users see of it.

use std::collections::BTreeSet;
use std::thread;

use shipgate_testkit::{TestProject, binary, eventually, until};

use crate::support::{Site, descriptors, kill, machine, manifest, serves_well};

/// Clients of [`Site::load`]: each has at most one request under way.
const CLIENTS: u64 = 3;

/// What clients saw is at most that the requests under way were lost.
#[track_caller]
fn only_what_was_under_way_is_lost(account: &crate::load::Account) {
    let lost: u64 = account
        .tallies
        .values()
        .map(|tally| tally.failed + tally.truncated)
        .sum();
    let refused: u64 = account.tallies.values().map(|tally| tally.refused).sum();
    assert!(lost <= CLIENTS && refused == 0, "{account}");
}

#[test]
fn while_a_killed_machine_starts_again_the_other_answers() {
    let site = Site::new();
    let load = site.load();
    let (pid, keeper) = site.pids_of("r1-web-1");
    kill(pid);
    let again = until("that it runs again", || {
        let now = site.pids_of("r1-web-1");
        (now.0 != pid).then_some(now)
    });
    assert_eq!(again.1, keeper, "its keeper started it");
    let status = site.until_all_serve();
    assert_eq!(
        machine(&status, "r1-web-1").state,
        "running, restarted once"
    );
    load.wait_for(10);
    only_what_was_under_way_is_lost(&load.end());
    both_answer(&site);
}

#[test]
fn requests_wait_while_the_only_machine_starts_again() {
    let project = TestProject::new(binary("shipgate"));
    let start = "#!/bin/sh\nwhile [ ! -e \"$HOME/start\" ]; do sleep 0.05; done\nexec ./fake-app --version again-web-\n";
    project.script("run", start).file("start", "");
    let alone = manifest()
        .set_raw("build", "include", "[\"fake-app\", \"run\"]")
        .web("./run")
        .set_raw("runtime", "machines", "{ web = 1 }");
    let site = Site::released(project, &alone);
    std::fs::remove_file(site.0.path().join("start")).expect("it was there");
    kill(site.pids_of("r1-web-1").0);
    site.until("that it is taken out", |status| {
        !machine(status, "r1-web-1").serving
    });
    let answered = thread::scope(|scope| {
        let asked = scope.spawn(|| site.answers());
        site.until("that a request waits", |status| status.door.waiting == 1);
        site.0.file("start", "");
        asked.join().expect("a client")
    });
    assert_eq!(answered.as_deref(), Some("again-web-"));
}

#[test]
fn a_machine_whose_keeper_was_killed_is_kept_again() {
    let site = Site::new();
    let load = site.load();
    let (pid, keeper) = site.pids_of("r1-web-2");
    kill(keeper);
    eventually("that another keeper keeps it", || {
        site.pids_of("r1-web-2").1 != keeper
    });
    site.until_all_serve();
    assert_ne!(site.pids_of("r1-web-2").0, pid, "it never runs twice");
    load.wait_for(10);
    load.end().is_flawless();
    both_answer(&site);
}

#[test]
fn an_unhealthy_machine_takes_no_requests_until_it_is_well() {
    let site = Site::new();
    let load = site.load();
    let pids = site.pids_of("r1-web-1");
    site.make_unwell("r1-web-1");
    let status = site.until("that it is taken out", |status| {
        !machine(status, "r1-web-1").serving
    });
    let trouble = machine(&status, "r1-web-1").trouble.clone();
    assert!(
        trouble.as_ref().is_some_and(|why| why.contains("503")),
        "{trouble:?}"
    );
    for _ in 0..10 {
        assert_eq!(site.answers().as_deref(), Some("r1-web-2"));
    }
    site.make_well("r1-web-1");
    site.until_all_serve();
    load.wait_for(10);
    load.end().is_flawless();
    both_answer(&site);
    assert_eq!(site.pids_of("r1-web-1"), pids, "it was left running");
}

#[test]
fn the_last_machine_serves_even_when_its_checks_fail() {
    let site = Site::new();
    site.make_unwell("r1-web-1");
    site.make_unwell("r1-web-2");
    let load = site.load();
    site.until("that both are in trouble", |status| {
        status
            .machines
            .iter()
            .all(|machine| machine.trouble.is_some())
    });
    site.until("that one is taken out", |status| {
        status.machines.iter().filter(|one| one.serving).count() == 1
    });
    load.wait_for(10);
    load.end().is_flawless();
}

#[test]
fn a_machine_that_somebody_stopped_takes_no_requests() {
    let site = Site::new();
    let load = site.load();
    let (_, keeper) = site.pids_of("r1-web-1");
    let asked = std::process::Command::new("kill")
        .arg(keeper.to_string())
        .status();
    assert!(asked.is_ok_and(|status| status.success()));
    site.until("that it is taken out", |status| {
        let machine = machine(status, "r1-web-1");
        !machine.serving && machine.trouble.is_some()
    });
    load.wait_for(10);
    only_what_was_under_way_is_lost(&load.end());
}

#[test]
fn what_watches_retired_machines_goes_with_them() {
    let site = Site::new();
    let release = |colour: &str| {
        site.0.manifest(&manifest().set("env", "COLOUR", colour));
        site.0.run(&["deploy"]).exits(0);
        site.until_all_serve();
    };
    release("red");
    let daemon = site.0.daemon().expect("a daemon");
    let before = descriptors(daemon);
    for colour in ["orange", "yellow", "green"] {
        release(colour);
    }
    eventually("that no more descriptors are open than before", || {
        descriptors(daemon) <= before
    });
}

/// Waits until each of two machines has answered.
#[track_caller]
fn both_answer(site: &Site) {
    assert!(site.until_all_serve().machines.iter().all(serves_well));
    let mut seen = BTreeSet::new();
    eventually("that both machines answer", || {
        seen.extend(site.answers());
        seen.len() == 2
    });
}

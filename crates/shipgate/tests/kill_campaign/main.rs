//! The kill campaign: `shipgate migrate apply` is killed (SIGKILL), or its
//! server is, at a random moment. Whatever the moment, the next run ends well,
//! and schema, data and history are those of an undisturbed run.
//!
//! In the suite each case dies a few times. The campaign itself is
//! `SHIPGATE_KILLS=500 cargo test -p shipgate --test kill_campaign -- --nocapture`;
//! `SHIPGATE_SEED` repeats the moments of an earlier one.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where the world is not as it should be"
)]
#![expect(clippy::print_stdout, reason = "a campaign tells what it found")]

mod left;
mod many;
mod native;
mod random;
mod server;
mod site;

use std::thread::sleep;
use std::time::{Duration, Instant};

use random::Random;
use server::{MariaDb, Mortal, Postgres, Server, Sqlite};
use site::{SET, SET_WITHOUT_TRANSACTION, Site};

/// What dies.
#[derive(Clone, Copy)]
enum Victim<'v> {
    Process,
    Server(&'v dyn Mortal),
}

/// How often each case dies.
fn kills(in_the_suite: usize) -> usize {
    match std::env::var("SHIPGATE_KILLS") {
        Ok(count) => count.parse().unwrap(),
        Err(_) => in_the_suite,
    }
}

fn campaign(server: &dyn Server, tx_mode: &str, victim: Victim<'_>, in_the_suite: usize) {
    let files = match tx_mode {
        "none" => server.without_transaction(SET_WITHOUT_TRANSACTION),
        _ => SET.to_vec(),
    };
    let what = format!("{}, tx-mode {tx_mode}", server.name());
    let site = || Site::new(server, &files, tx_mode);
    campaign_on(&what, &site, victim, kills(in_the_suite));
}

/// Kills a run on each of many new sites alike.
fn campaign_on(what: &str, new: &dyn Fn() -> Site, victim: Victim<'_>, rounds: usize) {
    let undisturbed = new();
    let began = Instant::now();
    undisturbed.finishes();
    let whole = began.elapsed();
    let expected = undisturbed.state();
    let mut random = Random::new();
    let (mut broken_off, mut longest) = (0, 0);
    for round in 0..rounds {
        let moment = random.up_to(whole.mul_f64(1.1));
        let site = new();
        let mut child = site.begin();
        sleep(moment);
        match victim {
            Victim::Process => child.kill().unwrap(),
            Victim::Server(server) => server.kill_and_start(),
        }
        let ended = child.wait_with_output().unwrap();
        broken_off += usize::from(!ended.status.success());
        longest = longest.max(site.finishes());
        assert_eq!(
            site.state(),
            expected,
            "{what}, round {round}, killed after {moment:?}, seed {}: {}",
            random.seed(),
            String::from_utf8_lossy(&ended.stderr)
        );
    }
    let victim = match victim {
        Victim::Process => "process",
        Victim::Server(_) => "server",
    };
    println!(
        "{what}, {victim} killed {rounds} times in {whole:?}: {broken_off} runs broken off, \
         all made whole by at most {longest} further runs; seed {}",
        random.seed()
    );
}

const IN_THE_SUITE: usize = 8;
const SERVER_IN_THE_SUITE: usize = 3;

#[test]
fn postgresql_with_a_transaction_per_file() {
    campaign(&Postgres::shared(), "file", Victim::Process, IN_THE_SUITE);
}

#[test]
fn postgresql_with_one_transaction_for_all() {
    campaign(&Postgres::shared(), "all", Victim::Process, IN_THE_SUITE);
}

#[test]
fn postgresql_without_a_transaction() {
    campaign(&Postgres::shared(), "none", Victim::Process, IN_THE_SUITE);
}

#[test]
fn mariadb_with_a_transaction_per_file() {
    campaign(&MariaDb::shared(), "file", Victim::Process, IN_THE_SUITE);
}

#[test]
fn mariadb_with_one_transaction_for_all() {
    campaign(&MariaDb::shared(), "all", Victim::Process, IN_THE_SUITE);
}

#[test]
fn mariadb_without_a_transaction() {
    campaign(&MariaDb::shared(), "none", Victim::Process, IN_THE_SUITE);
}

#[test]
fn sqlite_with_a_transaction_per_file() {
    campaign(&Sqlite, "file", Victim::Process, IN_THE_SUITE);
}

#[test]
fn sqlite_with_one_transaction_for_all() {
    campaign(&Sqlite, "all", Victim::Process, IN_THE_SUITE);
}

#[test]
fn sqlite_without_a_transaction() {
    campaign(&Sqlite, "none", Victim::Process, IN_THE_SUITE);
}

#[test]
fn a_postgresql_server_that_is_killed() {
    let server = Postgres::private();
    for tx_mode in ["file", "all", "none"] {
        let victim = Victim::Server(&server);
        campaign(&server, tx_mode, victim, SERVER_IN_THE_SUITE);
    }
}

#[test]
fn a_mariadb_server_that_is_killed() {
    let server = MariaDb::private();
    for tx_mode in ["file", "all", "none"] {
        let victim = Victim::Server(&server);
        campaign(&server, tx_mode, victim, SERVER_IN_THE_SUITE);
    }
}

/// What is lost is lost; but no run is left without a way on.
#[test]
fn a_mariadb_server_that_forgets_and_is_killed() {
    let server = MariaDb::forgetful();
    let new = || Site::new(&server, SET, "file");
    let began = Instant::now();
    new().finishes();
    let whole = began.elapsed();
    let mut random = Random::new();
    let rounds = kills(SERVER_IN_THE_SUITE);
    let (mut broken_off, mut helped) = (0, 0);
    for round in 0..rounds {
        let moment = random.up_to(whole.mul_f64(1.1));
        let site = new();
        let child = site.begin();
        sleep(moment);
        server.kill_and_start();
        let ended = child.wait_with_output().unwrap();
        broken_off += usize::from(!ended.status.success());
        helped += usize::from(site.finishes_with_a_persons_help() > 1);
        let whole = site.sql("SELECT COUNT(*) FROM atlas_schema_revisions WHERE applied = total");
        assert_eq!(
            whole,
            "5",
            "round {round}, killed after {moment:?}, seed {}",
            random.seed()
        );
    }
    println!(
        "MariaDB that forgets, server killed {rounds} times in {whole:?}: {broken_off} runs broken off, {helped} needed \
         more than one further run; seed {}",
        random.seed()
    );
}

/// How long a test waits for what must end.
const PATIENCE: Duration = Duration::from_secs(120);

//! No request fails while releases follow one another, each with another
//! build and a migration, under clients that never stop: on keep-alive and on
//! new connections, writing, uploading, waiting for slow answers, and on
//! upgraded connections, which end only when their machine is retired.
//!
//! The short run is part of the normal suite. The long one, 50 rolling, 10
//! bluegreen, 10 canary and 10 pausing releases of each app, under four times
//! the clients:
//!
//! ```sh
//! cargo build --release --bins -p shipgate -p notes -p shipgate-testkit
//! cargo test --release -p shipgate --test no_failed_request -- --ignored --nocapture
//! ```

#![expect(
    clippy::print_stdout,
    reason = "the account of a campaign is what it is run for"
)]

mod campaign;
mod fake;
mod load;
mod notes;

use campaign::{BLUEGREEN, CANARY, Campaign, PAUSING, ROLLING, Way};

/// Each strategy at least once, the usual one most.
const SHORT: &[(Way, usize)] = &[(ROLLING, 3), (BLUEGREEN, 1), (CANARY, 1), (PAUSING, 1)];

const LONG: &[(Way, usize)] = &[(ROLLING, 50), (BLUEGREEN, 10), (CANARY, 10), (PAUSING, 10)];

fn release_notes(ways: &[(Way, usize)], each: usize) {
    let mut campaign = Campaign::begin(notes::app());
    let written = notes::Written::default();
    let load = written.load(campaign.project.port(), each);
    load.wait_for(3);
    assert_eq!(load.so_far().closings(), 0, "before any release");
    release_all(&mut campaign, ways);
    let account = campaign.judge(load, each, "notes");
    let watchers = account.tallies["web socket"];
    assert!(watchers.told > 0, "a watcher's machine was retired");
    assert_eq!(watchers.cut, 0, "every watcher was told goodbye\n{account}");
    written.is_all_there_once(&campaign.project.path().join("data/app.db"));
}

fn release_fake(ways: &[(Way, usize)], each: usize) {
    let mut campaign = Campaign::begin(fake::app());
    let load = fake::load(campaign.project.port(), each);
    load.wait_for(3);
    assert_eq!(load.so_far().closings(), 0, "before any release");
    release_all(&mut campaign, ways);
    campaign.judge(load, each, "fake app");
}

fn release_all(campaign: &mut Campaign, ways: &[(Way, usize)]) {
    for (way, times) in ways {
        for _ in 0..*times {
            campaign.release(*way);
        }
    }
}

#[test]
fn notes_are_read_written_and_watched_through_every_release() {
    release_notes(SHORT, 1);
}

#[test]
fn uploads_slow_answers_and_echoes_come_through_every_release() {
    release_fake(SHORT, 1);
}

#[test]
#[ignore = "80 releases; see the head of this file"]
fn notes_through_the_long_campaign() {
    release_notes(LONG, 4);
}

#[test]
#[ignore = "80 releases; see the head of this file"]
fn uploads_through_the_long_campaign() {
    release_fake(LONG, 4);
}

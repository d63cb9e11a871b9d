//! Gates that are killed in the middle.

use crate::place::{BOTH, Place, is_alive};

/// Notes its process, waits to be let go, and fails if an earlier one still runs.
const WATCHFUL: &str = "if [ -e first ] && kill -0 \"$(cat first)\" 2>/dev/null; then echo two at once >&2; exit 9; fi\n\
                        if ! [ -e first ]; then echo $$ > draft; mv draft first; until_there go; fi\n";

/// Kills the first gate of `place`; the next one goes on.
fn the_next_one_goes_on(place: &Place, stubborn: &str) {
    place.script(&format!("{stubborn}{WATCHFUL}{BOTH}"));
    let mut first = place.start_gate(&["--kill-timeout", "1s"]);
    first.until("the command's start", |_| place.has("first"));
    first.kill();
    let ran = first.wait();
    assert_eq!(ran.signal, Some(9), "{ran}");
    place
        .pass()
        .exits(0)
        .says("2 migrations applied; verified: 2 applied");
    assert!(!is_alive(&place.text("first")));
    assert_eq!(place.runs(), 2);
}

#[test]
fn on_sqlite_the_next_gate_goes_on_at_once() {
    the_next_one_goes_on(&Place::knex(), "");
}

#[test]
fn a_command_that_does_not_want_to_end_is_killed_before_the_next_one_starts() {
    the_next_one_goes_on(&Place::knex(), "trap '' TERM\n");
}

#[test]
fn on_postgresql_the_next_gate_goes_on_when_the_lease_has_ended() {
    the_next_one_goes_on(&Place::on_postgres(), "");
}

#[test]
fn on_mariadb_the_next_gate_goes_on_when_the_lease_has_ended() {
    the_next_one_goes_on(&Place::on_mariadb(), "");
}

#[test]
fn a_command_does_not_outlive_its_gate() {
    let place = Place::knex();
    place.script("sleep 300 &\necho $! > sleeper\necho $$ > draft\nmv draft pid\nwait\n");
    let mut gate = place.start_gate(&[]);
    gate.until("the command's start", |_| place.has("pid"));
    gate.kill();
    gate.wait();
    for name in ["pid", "sleeper"] {
        shipgate_testkit::eventually(name, || !is_alive(&place.text(name)));
    }
    shipgate_testkit::eventually("the log's last line", || {
        place
            .log()
            .contains("note| stopping: whoever started it is gone")
    });
}

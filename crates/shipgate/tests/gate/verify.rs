//! What the history must hold at the end.

use crate::place::{BOTH, Place, UP};

#[test]
fn a_command_that_succeeds_without_applying_everything_does_not_pass() {
    let place = Place::knex();
    place.script("true\n");
    place
        .pass()
        .exits(1)
        .says("error[not-verified]: `./migrate.sh` exited with 0, but Knex's history is short of the goal `all`")
        .says("  1 users: pending")
        .says("  2 posts: pending");
    place.script("sql \"$HISTORY\"\nrecord 1_users.js\n");
    place.pass().exits(5).says("  2 posts: pending");
}

#[test]
fn a_goal_may_be_less_than_everything() {
    let place = Place::knex();
    place.script("sql \"$HISTORY\"\nrecord 1_users.js\n");
    place
        .gate(&["--verify", "to=1", "--", "./migrate.sh"])
        .exits(0)
        .says("1 migration applied; verified: 1 applied, 1 pending");
    place.script("true\n");
    place
        .gate(&["--verify", "none", "--", "./migrate.sh"])
        .exits(0);
    place
        .gate(&["--verify", "to=2", "--", "./migrate.sh"])
        .exits(1);
    place
        .gate(&["--verify", "to=3", "--", "./migrate.sh"])
        .exits(2)
        .says("error[flag]: --verify: no migration has the version 3; the latest is 2");
}

#[test]
fn strict_asks_for_a_history_without_blemish() {
    let place = Place::knex();
    place.applied(&["0_gone.js", "1_users.js", "2_posts.js"]);
    place.script("true\n");
    place.pass().exits(0).says("is not started");
    place
        .gate(&["--verify", "strict", "--", "./migrate.sh"])
        .exits(1)
        .says("error[not-verified]: Knex's history is short of the goal `strict`")
        .says("0 gone: missing file");
}

#[test]
fn without_a_tool_the_exit_code_alone_can_be_trusted() {
    let place = Place::new_empty();
    place.script("true\n");
    place.pass().exits(2).says("error[no-tool]");
    place
        .gate(&["--verify", "none", "--", "./migrate.sh"])
        .exits(0)
        .says("the command succeeded; its history is not verified");
    assert_eq!(place.runs(), 1);
}

#[test]
fn a_migration_that_its_tool_never_runs_is_told() {
    let place = Place::new_empty();
    let entry = |idx: usize, when: usize, tag: &str| {
        format!(
            "{{\"idx\":{idx},\"version\":\"7\",\"when\":{when},\"tag\":\"{tag}\",\"breakpoints\":true}}"
        )
    };
    place.file("drizzle.config.json", "{\"out\":\"./drizzle\"}");
    place.file("drizzle/0000_a.sql", "SELECT 1;");
    place.file("drizzle/0001_b.sql", "SELECT 2;");
    place.file(
        "drizzle/meta/_journal.json",
        &format!(
            "{{\"version\":\"7\",\"dialect\":\"sqlite\",\"entries\":[{},{}]}}",
            entry(0, 2000, "0000_a"),
            entry(1, 1000, "0001_b")
        ),
    );
    place.script(
        "sql 'CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)'\n\
         sql \"INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('$(sha256sum < drizzle/0000_a.sql | cut -c1-64)', 2000)\"\n",
    );
    place
        .pass()
        .exits(5)
        .says("0001 b: unreachable, its time is not after that of the last applied one");
    place
        .pass()
        .exits(1)
        .says("error[not-verified]: Drizzle's history is short");
    assert_eq!(place.runs(), 1);
}

#[test]
fn a_file_that_came_late_is_run() {
    let place = Place::knex();
    place.applied(&["1_users.js", "2_posts.js"]);
    place.file("migrations/1_a.js", UP);
    place.script("record 1_a.js\n");
    place
        .pass()
        .exits(0)
        .says("out of order")
        .says("1 migration applied");
    place.script(BOTH);
}

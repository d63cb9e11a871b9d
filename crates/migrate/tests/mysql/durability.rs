//! Servers that do not keep all that they say to have committed.

use shipgate_migrate::apply::ApplyEvent;

use crate::fresh;

#[tokio::test]
async fn a_run_warns_of_what_a_crash_may_take_back() {
    // The tests' own server is quick and not careful.
    let place = fresh(&[("1_a.sql", "CREATE TABLE a (x int);\n")]);
    let mut risks = Vec::new();
    let outcome = place
        .run(&*place.database(), &place.options(), |event| {
            if let ApplyEvent::CommitsAtRisk { text } = event {
                risks.push((*text).to_owned());
            }
        })
        .await;
    outcome.succeeded();
    assert_eq!(
        risks,
        [
            "a crash of the server may lose what was committed in the last second: \
          `innodb_flush_log_at_trx_commit` is 0"
        ]
    );
}

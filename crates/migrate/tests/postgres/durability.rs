//! Servers that do not keep all that they say to have committed.

use shipgate_migrate::apply::ApplyEvent;
use shipgate_testkit::PostgresCluster;

use crate::scenarios::place::Place;
use crate::{Postgres, fresh};

const ONE: &[(&str, &str)] = &[("1_a.sql", "CREATE TABLE a (x int);\n")];

/// What a run says of crashes.
async fn risks(place: &Place) -> Vec<String> {
    let mut risks = Vec::new();
    let outcome = place
        .run(&*place.database(), &place.options(), |event| {
            if let ApplyEvent::CommitsAtRisk { text } = event {
                risks.push((*text).to_owned());
            }
        })
        .await;
    outcome.succeeded();
    risks
}

#[tokio::test]
async fn a_run_warns_of_what_a_crash_may_take_back() {
    // The tests' own server is quick and not careful.
    let place = fresh(ONE);
    let risk =
        "a crash of the server's machine may lose or damage what is committed: `fsync` is off";
    assert_eq!(risks(&place).await, [risk]);
    let nothing_pending: [&str; 0] = [];
    assert_eq!(risks(&place).await, nothing_pending);

    let careful = PostgresCluster::with(&[("fsync", "on"), ("synchronous_commit", "on")]);
    let place = Place::new(Box::new(Postgres(careful.database())), ONE);
    assert_eq!(risks(&place).await, nothing_pending);
    let name = place.sql("SELECT current_database()");
    place.sql(&format!(
        "ALTER DATABASE {name} SET synchronous_commit = off"
    ));
    place.write(&[("2_b.sql", "CREATE TABLE b (x int);\n")]);
    let risk =
        "a crash of the server may lose what was committed last: `synchronous_commit` is off";
    assert_eq!(risks(&place).await, [risk]);
}

//! A statement of which nothing tells whether it took effect.

use shipgate_migrate::apply::ApplyError;
use shipgate_migrate::{Effect, SetError, SetOptions, TxMode, settle};

use super::mortal::{Death, Mortal};
use super::place::Place;
use crate::{UNTELLABLE, fresh, history_table};

/// Dies at every point in turn, until a later run cannot tell what happened.
async fn broken_off() -> Place {
    for at in 0.. {
        let place = fresh(UNTELLABLE);
        let mortal = Mortal::new(place.database(), Death { at, after: false });
        let mut options = place.options();
        options.tx_mode = TxMode::None;
        place.run(&mortal, &options, |_| {}).await;
        assert!(mortal.died(), "no point of death leaves it open");
        let again = place.apply_in(TxMode::None).await;
        if matches!(again.error, Some(ApplyError::Unknown(_))) {
            return place;
        }
    }
    unreachable!("a run ends");
}

async fn say(place: &Place, effect: Effect) -> Result<String, SetError> {
    let options = SetOptions {
        history: shipgate_migrate::history::HistoryChoice::default(),
        lock: place.lock(),
        busy_timeout: std::time::Duration::from_secs(5),
        operator_version: "Shipgate test".to_owned(),
    };
    let settled = settle(
        &*place.database(),
        &place.directory(),
        "1",
        effect,
        &options,
    )
    .await?;
    Ok(settled.to_string())
}

#[tokio::test]
async fn the_run_stops_and_names_the_two_ways_on() {
    let place = broken_off().await;
    let outcome = place.apply_in(TxMode::None).await.failed();
    let text = outcome.error_text();
    assert!(
        text.contains(" and whether it took effect is unknown: "),
        "{text}"
    );
    let hints = outcome.error.map(|error| error.hints()).unwrap_or_default();
    assert_eq!(
        hints,
        [
            "if it took effect: shipgate migrate set --applied 1",
            "if it did not:     shipgate migrate set --not-applied 1",
        ]
    );
    assert!(
        place
            .status()
            .await
            .contains("shipgate: this statement was begun")
    );
}

#[tokio::test]
async fn said_to_be_applied_it_is_passed() {
    let place = broken_off().await;
    let said = say(&place, Effect::Applied).await.unwrap();
    assert_eq!(said, "Version 1 has 2 of 3 statements now\n");
    let outcome = place.apply_in(TxMode::None).await.succeeded();
    assert_eq!(outcome.statements, ["INSERT INTO log VALUES (3);"]);
    let row = place.sql(&format!(
        "SELECT applied, total, error FROM {}",
        history_table()
    ));
    assert_eq!(row, "3|3|");
}

#[tokio::test]
async fn said_not_to_be_applied_it_is_executed() {
    let place = broken_off().await;
    let said = say(&place, Effect::NotApplied).await.unwrap();
    assert_eq!(said, "Version 1 has 1 of 3 statements now\n");
    let outcome = place.apply_in(TxMode::None).await.succeeded();
    assert_eq!(outcome.statements.len(), 2, "{:?}", outcome.statements);
}

#[tokio::test]
async fn nothing_is_said_of_a_run_that_was_not_broken_off() {
    let place = fresh(&[("1_a.sql", "CREATE TABLE log (step int);\n")]);
    place.apply().await.succeeded();
    let error = say(&place, Effect::Applied).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no run of version \"1\" was broken off"),
        "{error}"
    );
}

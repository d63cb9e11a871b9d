//! The process dies at every point of a run, and a later run makes it whole.

use shipgate_migrate::TxMode;

use super::mortal::{Death, Mortal};
use super::place::Place;
use crate::{FILES, FILES_WITHOUT_TRANSACTION, INDEXES, TABLES, fresh, history_table};

fn state(place: &Place) -> String {
    place.sql(&format!(
        "SELECT step FROM log ORDER BY step; {TABLES}; {INDEXES}; \
         SELECT version, type, applied, total, error, error_stmt, hash, partial_hashes \
         FROM {} ORDER BY version",
        history_table()
    ))
}

/// Runs to every point of death and then again; returns the number of points.
async fn die_everywhere(files: &[(&str, &str)], tx_mode: TxMode) -> usize {
    let undisturbed = fresh(files);
    undisturbed.apply_in(tx_mode).await.succeeded();
    let expected = state(&undisturbed);
    let mut points = 0;
    for after in [false, true] {
        for at in 0.. {
            let place = fresh(files);
            let death = Death { at, after };
            let mortal = Mortal::new(place.database(), death);
            let mut options = place.options();
            options.tx_mode = tx_mode;
            let outcome = place.run(&mortal, &options, |_| {}).await;
            if !mortal.died() {
                outcome.succeeded();
                break;
            }
            points += 1;
            let again = place.apply_in(tx_mode).await;
            assert_eq!(again.error_text(), "", "{death:?}");
            assert_eq!(state(&place), expected, "{death:?}, then {:?}", again.said);
        }
    }
    points
}

#[tokio::test]
async fn with_a_transaction_per_file() {
    assert!(die_everywhere(FILES, TxMode::File).await > 20);
}

#[tokio::test]
async fn with_one_transaction_for_all() {
    assert!(die_everywhere(FILES, TxMode::All).await > 15);
}

#[tokio::test]
async fn without_a_transaction() {
    assert!(die_everywhere(FILES_WITHOUT_TRANSACTION, TxMode::None).await > 40);
}

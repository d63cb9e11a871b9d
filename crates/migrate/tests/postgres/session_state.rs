//! What a broken-off run's session had, and the next one's has not.

use shipgate_migrate::TxMode;

use crate::fresh;

fn file(fourth: &str) -> String {
    format!(
        "CREATE TABLE draft (step int);\nCREATE TEMP TABLE draft AS SELECT 7 AS step;\n\
         SET application_name = 'filler';\n{fourth}\nCREATE TABLE log AS SELECT step FROM draft;\n"
    )
}

#[tokio::test]
async fn another_table_is_not_taken_for_a_temporary_one_that_is_gone() {
    let place = fresh(&[("1_a.sql", &file("SELECT 1 / 0;"))]);
    place.apply_in(TxMode::None).await.failed();
    for tx_mode in [TxMode::None, TxMode::File] {
        place.write(&[("1_a.sql", &file("SELECT 1;"))]);
        let refused = place.apply_in(tx_mode).await.failed();
        let error = refused.error_text();
        assert!(
            error.contains("1_a.sql:5:1 needs the temporary table `draft`, which was lost"),
            "{error}"
        );
    }
    place.write(&[(
        "1_a.sql",
        &file("CREATE TEMP TABLE draft AS SELECT 7 AS step;"),
    )]);
    let outcome = place.apply_in(TxMode::File).await.succeeded();
    assert_eq!(outcome.said, ["restored SET application_name = 'filler';"]);
    assert_eq!(place.sql("SELECT step FROM log"), "7");
}

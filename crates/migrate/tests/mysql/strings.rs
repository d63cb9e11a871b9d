//! Where strings end is the session's to say: `sql_mode`.

use shipgate_migrate::TxMode;

use crate::fresh;

/// Each row is one string of a backslash, but for a reader to whom it escapes.
const ROWS: &str = "CREATE TABLE notes (text varchar(20));\n\
    INSERT INTO notes VALUES ('\\'); -- it's\nINSERT INTO notes VALUES ('b');\n";

#[tokio::test]
async fn a_mode_of_the_url_is_followed() {
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        let place = fresh(&[
            ("1_a.sql", ROWS),
            ("2_b.sql", "INSERT INTO notes VALUES ('\\');\n"),
        ]);
        let url = place.server.url();
        let mark = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{mark}sql_mode=NO_BACKSLASH_ESCAPES");
        let mut options = place.options();
        options.tx_mode = tx_mode;
        let outcome = place.run(&*place.database_at(&url), &options, |_| {}).await;
        outcome.succeeded();
        assert_eq!(
            place.sql("SELECT text FROM notes ORDER BY 1"),
            "b\n\\\\\n\\\\"
        );
    }
}

#[tokio::test]
async fn what_a_file_sets_holds_to_its_end_and_no_further() {
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        let place = fresh(&[
            (
                "1_a.sql",
                "CREATE TABLE notes (text varchar(20));\nSET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';\n\
                 INSERT INTO \"notes\" VALUES ('\\'), ('a;b');\n",
            ),
            ("2_b.sql", "INSERT INTO notes VALUES (\"it's; \\\"\");\n"),
        ]);
        let outcome = place.apply_in(tx_mode).await.succeeded();
        assert!(
            outcome
                .said
                .iter()
                .any(|said| said.starts_with("restored SET SESSION sql_mode")),
            "{:?}",
            outcome.said
        );
        assert_eq!(place.sql("SELECT count(*) FROM notes"), "3");
    }
}

#[tokio::test]
async fn a_mode_that_the_text_does_not_tell_stops_the_file_there() {
    let place = fresh(&[(
        "1_a.sql",
        "CREATE TABLE notes (text varchar(20));\n\
         SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');\nINSERT INTO notes VALUES ('\\\\');\n",
    )]);
    let outcome = place.apply().await.failed();
    let error = outcome.error_text();
    assert!(
        error.contains("strings end otherwise")
            && error.contains("1_a.sql:2:1")
            && error.contains("sql_mode"),
        "{error}"
    );
    assert_eq!(place.sql("SELECT count(*) FROM notes"), "0");
}

#[tokio::test]
async fn a_computed_mode_that_leaves_strings_alone_is_fine() {
    let place = fresh(&[(
        "1_a.sql",
        "SET sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT');\nCREATE TABLE notes (text varchar(20));\n",
    )]);
    place.apply().await.succeeded();
}

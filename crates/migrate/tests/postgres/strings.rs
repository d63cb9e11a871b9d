//! Where strings end is the session's to say: `standard_conforming_strings`.

use shipgate_migrate::TxMode;

use crate::fresh;

#[tokio::test]
async fn a_setting_of_the_url_is_followed() {
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        let place = fresh(&[(
            "1_a.sql",
            "CREATE TABLE notes (text text);\nINSERT INTO notes VALUES ('it\\'s; one');\n\
             INSERT INTO notes VALUES ('b');\n",
        )]);
        let url = place.server.url();
        let mark = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{mark}standard_conforming_strings=off");
        let mut options = place.options();
        options.tx_mode = tx_mode;
        let outcome = place.run(&*place.database_at(&url), &options, |_| {}).await;
        outcome.succeeded();
        assert_eq!(
            place.sql("SELECT text FROM notes ORDER BY 1"),
            "b\nit's; one"
        );
    }
}

#[tokio::test]
async fn what_a_file_sets_holds_to_its_end_and_no_further() {
    for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
        let place = fresh(&[
            (
                "1_a.sql",
                "CREATE TABLE notes (text text);\nSET standard_conforming_strings = off;\n\
                 INSERT INTO notes VALUES ('it\\'s; one');\n",
            ),
            (
                "2_b.sql",
                "INSERT INTO notes VALUES ('\\');\nINSERT INTO notes VALUES ('c');\n",
            ),
        ]);
        let outcome = place.apply_in(tx_mode).await.succeeded();
        assert_eq!(
            outcome.said,
            ["restored SET standard_conforming_strings = on"]
        );
        assert_eq!(place.sql("SELECT count(*) FROM notes"), "3");
    }
}

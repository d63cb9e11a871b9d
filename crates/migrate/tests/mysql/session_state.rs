//! What a broken-off run's session had, and the next one's has not.

use shipgate_migrate::TxMode;

use crate::fresh;

/// A file of which the sixth line is this one.
fn file(sixth: &str) -> String {
    format!(
        "CREATE TABLE log (step int);\nINSERT INTO log VALUES (7);\n\
         SET @id = (SELECT max(step) FROM log);\nSET @more = 2;\nALTER TABLE log ADD COLUMN x int;\n\
         {sixth}\nINSERT INTO log (step) VALUES (@id + @more);\n"
    )
}

#[tokio::test]
async fn a_computed_variable_is_not_computed_again_and_not_taken_for_null() {
    for tx_mode in [TxMode::File, TxMode::None] {
        let place = fresh(&[("1_a.sql", &file("INSERT INTO missing VALUES (1);"))]);
        place.apply_in(tx_mode).await.failed();
        place.write(&[("1_a.sql", &file("UPDATE log SET x = 1;"))]);
        let refused = place.apply_in(tx_mode).await.failed();
        let error = refused.error_text();
        assert!(
            error.contains("1_a.sql:7:1 needs the value of @id, which was lost with the session"),
            "{error}"
        );
        assert!(refused.statements.is_empty(), "{:?}", refused.statements);
        assert_eq!(
            place.sql("SELECT count(*) FROM log WHERE x IS NOT NULL"),
            "0"
        );

        place.write(&[("1_a.sql", &file("SET @id = 7;"))]);
        let outcome = place.apply_in(tx_mode).await.succeeded();
        assert_eq!(outcome.said, ["restored SET @more = 2;"]);
        assert_eq!(place.sql("SELECT step FROM log ORDER BY 1"), "7\n9");
    }
}

#[tokio::test]
async fn a_prepared_statement_and_the_chosen_database_are_there_again() {
    let place = fresh(&[(
        "1_a.sql",
        "CREATE TABLE log (step int);\nSET @q = 'INSERT INTO log VALUES (3)';\nPREPARE s FROM @q;\n\
         CREATE INDEX i ON log (step);\nINSERT INTO missing VALUES (1);\nEXECUTE s;\n",
    )]);
    place.apply_in(TxMode::None).await.failed();
    place.sql("CREATE TABLE missing (x int)");
    let outcome = place.apply_in(TxMode::None).await.succeeded();
    assert_eq!(outcome.said.len(), 2, "{:?}", outcome.said);
    assert_eq!(place.sql("SELECT step FROM log"), "3");
}

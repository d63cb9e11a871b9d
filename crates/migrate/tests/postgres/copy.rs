//! `COPY ... FROM STDIN` with its rows in the file.

use shipgate_migrate::TxMode;
use shipgate_migrate::apply::ApplyError;

use crate::fresh;

#[tokio::test]
async fn a_row_that_the_server_refuses_is_named_with_its_line_in_the_file() {
    let file = |rows: &str| {
        format!(
            "CREATE TABLE notes (id int PRIMARY KEY, text text NOT NULL);\n\
             COPY notes\n  (id, text)\nFROM STDIN;\n{rows}\\.\nINSERT INTO notes VALUES (9, 'nine');\n"
        )
    };
    for (rows, line, words) in [
        ("1\ta\nx\tb\n", 6, "invalid input syntax for type integer"),
        ("1\ta\n2\tb\n1\tc\n", 7, "duplicate key value"),
        ("1\ta\n2\n", 6, "missing data for column \"text\""),
        ("1\ta\tb\n", 5, "extra data after last expected column"),
        ("1\t\\N\n", 5, "null value in column \"text\""),
    ] {
        for tx_mode in [TxMode::File, TxMode::All, TxMode::None] {
            let place = fresh(&[("1_a.sql", &file(rows))]);
            let outcome = place.apply_in(tx_mode).await.failed();
            let Some(ApplyError::Statement(failed)) = &outcome.error else {
                panic!("{:?}", outcome.error);
            };
            assert!(failed.error.message.contains(words), "{}", failed.error);
            assert_eq!(
                (failed.position.line, failed.position.column),
                (line, 1),
                "{rows:?}"
            );
            let hints = outcome
                .error
                .as_ref()
                .map(ApplyError::hints)
                .unwrap_or_default();
            assert!(
                hints[0].ends_with(&format!("1_a.sql:{line}:1")),
                "{hints:?}"
            );

            place.write(&[("1_a.sql", &file("1\ta\n2\tb\n"))]);
            place.apply_in(tx_mode).await.succeeded();
            assert_eq!(place.sql("SELECT count(*) FROM notes"), "3");
        }
    }
}

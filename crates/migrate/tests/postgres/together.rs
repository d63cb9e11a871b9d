//! Files of few statements, whose calls go out together.

use crate::fresh;

#[tokio::test]
async fn a_file_that_makes_the_server_forget_what_it_keeps_is_applied() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE notes (id int);"),
        ("2_b.sql", "INSERT INTO notes VALUES (1);"),
        ("3_c.sql", "DEALLOCATE ALL;"),
        ("4_d.sql", "INSERT INTO notes VALUES (2);"),
    ]);
    place.apply().await.succeeded();
    assert_eq!(place.sql("SELECT id FROM notes ORDER BY 1"), "1\n2");
    assert_eq!(
        place.sql("SELECT count(*) FROM public.atlas_schema_revisions WHERE applied = total"),
        "4"
    );
}

#[tokio::test]
async fn a_session_that_sees_the_past_makes_sure_of_the_lock_otherwise() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE notes (id int);"),
        ("2_b.sql", "INSERT INTO notes VALUES (1);"),
    ]);
    let url = format!(
        "{}&default_transaction_isolation=repeatable%20read",
        place.server.url()
    );
    let options = place.options();
    let outcome = place.run(&*place.database_at(&url), &options, |_| {}).await;
    outcome.succeeded();
    assert_eq!(place.sql("SELECT count(*) FROM notes"), "1");
}

#[tokio::test]
async fn what_is_wrong_in_a_file_of_one_statement_is_told_with_its_place() {
    let place = fresh(&[
        ("1_a.sql", "CREATE TABLE notes (id int);"),
        ("2_b.sql", "-- a row\nINSERT INTO notes\nVALUES (x);"),
    ]);
    let outcome = place.apply().await;
    let text = outcome.error_text();
    assert!(text.contains("column \"x\" does not exist"), "{text}");
    assert_eq!(
        place.sql("SELECT version FROM public.atlas_schema_revisions"),
        "1"
    );
}

#[tokio::test]
async fn what_cannot_be_in_a_transaction_is_told_with_the_way_out() {
    let place = fresh(&[(
        "1_a.sql",
        "CREATE TABLE notes (id int);\nCREATE INDEX CONCURRENTLY i ON notes (id);\n",
    )]);
    let hints = place.apply().await.failed().error.unwrap().hints();
    assert!(hints[0].ends_with("1_a.sql:2:1"), "{hints:?}");
    assert_eq!(
        hints[1],
        "`-- atlas:txmode none` executes the file without a transaction"
    );
}

#[tokio::test]
async fn what_the_server_adds_to_its_message_is_told() {
    let place = fresh(&[(
        "1_a.sql",
        "CREATE TABLE notes (id int PRIMARY KEY);\nINSERT INTO notes VALUES (1);\n\
         INSERT INTO notes VALUES (1);\n",
    )]);
    let hints = place.apply().await.failed().error.unwrap().hints();
    assert!(hints[0].ends_with("1_a.sql:3:1"), "{hints:?}");
    assert_eq!(hints[1], "the server says: Key (id)=(1) already exists.");
    place.write(&[(
        "1_a.sql",
        "CREATE TABLE notes (id int PRIMARY KEY);\nSELECT ids FROM notes;\n",
    )]);
    let hints = place.apply().await.failed().error.unwrap().hints();
    assert_eq!(
        hints[1..],
        ["the server says: Perhaps you meant to reference the column \"notes.id\"."]
    );
}

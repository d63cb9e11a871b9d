//! `validate` with a dev database: it is tried, and left empty.

use shipgate_database::ConnectOptions;
use shipgate_migrate::replay;

use crate::{OBJECTS, fresh};

const RICH: &[(&str, &str)] = &[
    (
        "1_a.sql",
        "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (a_id int REFERENCES a (id));\n\
         CREATE VIEW v AS SELECT id FROM a;\nINSERT INTO a VALUES (1);\n",
    ),
    ("2_b.sql", "CREATE INDEX b_a_id ON b (a_id);\n"),
];

#[tokio::test]
async fn migrations_that_run_leave_nothing_behind() {
    let place = fresh(RICH);
    let before = place.sql(OBJECTS);
    replay(
        &place.directory(),
        &*place.database(),
        &ConnectOptions::default(),
    )
    .await
    .unwrap();
    assert_eq!(place.sql(OBJECTS), before);
}

#[tokio::test]
async fn what_no_transaction_takes_is_dropped_again() {
    let place = fresh(RICH);
    let before = place.sql(OBJECTS);
    place.write(&[("3_c.sql", crate::OUTSIDE)]);
    replay(
        &place.directory(),
        &*place.database(),
        &ConnectOptions::default(),
    )
    .await
    .unwrap();
    assert_eq!(place.sql(OBJECTS), before);
}

#[tokio::test]
async fn a_migration_that_does_not_run_is_told_and_leaves_nothing_behind() {
    let place = fresh(RICH);
    let before = place.sql(OBJECTS);
    place.write(&[(
        "3_c.sql",
        "CREATE TABLE c (id int);\nINSERT INTO nowhere VALUES (1);\n",
    )]);
    let error = replay(
        &place.directory(),
        &*place.database(),
        &ConnectOptions::default(),
    )
    .await
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(
            "replaying the migration directory: sql/migrate: read migration directory state: \
             sql/migrate: executing statement \"INSERT INTO nowhere VALUES (1);\" from version \"3\": "
        ),
        "{text}"
    );
    assert_eq!(place.sql(OBJECTS), before);
}

#[tokio::test]
async fn a_dev_database_must_be_empty() {
    let place = fresh(RICH);
    place.sql("CREATE TABLE zoo (id int)");
    let error = replay(
        &place.directory(),
        &*place.database(),
        &ConnectOptions::default(),
    )
    .await
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("connected database is not clean: found table \"zoo\""),
        "{text}"
    );
    assert!(place.sql(OBJECTS).contains("zoo"));
}

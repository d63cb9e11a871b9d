//! The text of `apply`, to the byte.

use std::num::NonZeroUsize;

use shipgate_migrate::TxMode;
use shipgate_migrate::plan::Limit;

use crate::support::{Project, ticking_clock};

const THREE: &[(&str, &str)] = &[
    ("1_a.sql", "CREATE TABLE t1 (id int);\n"),
    (
        "2_b.sql",
        "CREATE TABLE t2 (\n  id int\n);\nINSERT INTO t2 VALUES (1);\n",
    ),
    ("3_c.sql", "CREATE TABLE t3 (id int);\nBAD;\nSELECT 1;\n"),
];

#[tokio::test]
async fn the_first_file_alone() {
    let project = Project::new(THREE);
    let outcome = project
        .apply_with(|options| options.plan.limit = Limit::Amount(NonZeroUsize::MIN))
        .await
        .succeeded();
    assert_eq!(
        outcome.text,
        "\
Migrating to version 1 (1 migrations in total):

  -- migrating version 1
    -> CREATE TABLE t1 (id int);
  -- ok (0s)

  -------------------------
  -- 0s
  -- 1 migration
  -- 1 sql statement
"
    );
}

#[tokio::test]
async fn a_run_that_fails_at_a_statement() {
    let project = Project::new(THREE);
    project
        .apply_with(|options| options.plan.limit = Limit::Version("1".to_owned()))
        .await
        .succeeded();
    let outcome = project.apply().await;
    assert_eq!(
        outcome.text,
        "\
Migrating to version 3 from 1 (2 migrations in total):

  -- migrating version 2
    -> CREATE TABLE t2 (
         id int
       );
    -> INSERT INTO t2 VALUES (1);
  -- ok (0s)

  -- migrating version 3
    -> CREATE TABLE t3 (id int);
    -> BAD;
    near \"BAD\": syntax error

  -------------------------
  -- 0s
  -- 1 migration ok, 1 with errors
  -- 3 sql statements ok, 1 with errors
"
    );
    assert_eq!(
        outcome.error_text(),
        "sql/migrate: executing statement \"BAD;\" from version \"3\": near \"BAD\": syntax error"
    );
}

#[tokio::test]
async fn several_files_that_all_succeed() {
    let project = Project::new(&THREE[..2]);
    let outcome = project.apply().await.succeeded();
    assert_eq!(
        outcome.text,
        "\
Migrating to version 2 (2 migrations in total):

  -- migrating version 1
    -> CREATE TABLE t1 (id int);
  -- ok (0s)

  -- migrating version 2
    -> CREATE TABLE t2 (
         id int
       );
    -> INSERT INTO t2 VALUES (1);
  -- ok (0s)

  -------------------------
  -- 0s
  -- 2 migrations
  -- 3 sql statements
"
    );
}

#[tokio::test]
async fn nothing_pending() {
    let project = Project::new(&THREE[..1]);
    project.apply().await.succeeded();
    assert_eq!(
        project.apply().await.succeeded().text,
        "No migration files to execute\n"
    );
    let empty = Project::new(&[]);
    assert_eq!(
        empty.apply().await.succeeded().text,
        "No migration files to execute\n"
    );
}

#[tokio::test]
async fn only_a_file_with_errors() {
    let project = Project::new(&[("1_a.sql", "BAD;\n")]);
    assert_eq!(
        project.apply().await.text,
        "\
Migrating to version 1 (1 migrations in total):

  -- migrating version 1
    -> BAD;
    near \"BAD\": syntax error

  -------------------------
  -- 0s
  -- 1 migration with errors
  -- 1 sql statement with errors
"
    );
}

#[tokio::test]
async fn an_error_before_the_first_file() {
    let project = Project::new(THREE);
    project
        .apply_with(|options| options.plan.limit = Limit::Version("2".to_owned()))
        .await
        .succeeded();
    project.write(&[(
        "3_c.sql",
        "-- atlas:txmode foo\n\nCREATE TABLE t3 (id int);",
    )]);
    let outcome = project.apply().await;
    assert_eq!(
        outcome.text,
        "\
Migrating to version 3 from 2 (1 migrations in total):

    unknown txmode \"foo\" found in file directive \"3_c.sql\"

  -------------------------
  -- 0s
"
    );
    project.write(&[("3_c.sql", "CREATE TABLE t3 (id int default 'a);")]);
    let outcome = project.apply().await;
    assert_eq!(
        outcome.text,
        "\
Migrating to version 3 from 2 (1 migrations in total):

    sql/migrate: scanning statements from \"3_c.sql\": 1:33: unclosed quote '\\''

  -------------------------
  -- 0s
"
    );
}

#[tokio::test]
async fn a_file_without_statements() {
    let project = Project::new(&[("1_a.sql", "-- nothing yet\n")]);
    assert_eq!(
        project.apply().await.succeeded().text,
        "\
Migrating to version 1 (1 migrations in total):

  -- migrating version 1
  -- ok (0s)

  -------------------------
  -- 0s
  -- 1 migration
"
    );
}

#[tokio::test]
async fn a_failed_commit_is_the_files_error() {
    let project = Project::new(&[
        (
            "1_a.sql",
            "CREATE TABLE users (id integer primary key);\n\
             CREATE TABLE friendships (id integer primary key, u int references users(id), f int references users(id));\n\
             INSERT INTO users VALUES (1);\n",
        ),
        (
            "3_b.sql",
            "INSERT INTO friendships VALUES (4,1,9);\nINSERT INTO friendships VALUES (5,7,9);",
        ),
    ]);
    let outcome = project
        .run(&*project.database_with("?_fk=1"), &project.options())
        .await;
    let error = "sql/sqlite: foreign key mismatch: [{tbl:friendships ref:users row:4 index:0} \
                 {tbl:friendships ref:users row:5 index:0} {tbl:friendships ref:users row:5 index:1}]";
    assert_eq!(outcome.error_text(), error);
    let after_the_first_file = outcome.text.split_once("version 3\n").unwrap().1;
    assert!(
        after_the_first_file.ends_with(&format!(
            "\
    -> INSERT INTO friendships VALUES (5,7,9);
    {error}

  -------------------------
  -- 0s
  -- 1 migration ok, 1 with errors
  -- 5 sql statements
"
        )),
        "{after_the_first_file}"
    );
}

#[tokio::test]
async fn in_one_transaction_over_all_files() {
    let project = Project::new(THREE);
    let outcome = project
        .apply_with(|options| options.tx_mode = TxMode::All)
        .await;
    assert!(
        outcome.text.ends_with(
            "\
    -> BAD;
    near \"BAD\": syntax error

  -------------------------
  -- 0s
  -- 2 migrations ok, 1 with errors
  -- 4 sql statements ok, 1 with errors
"
        ),
        "{}",
        outcome.text
    );
}

#[tokio::test]
async fn a_failed_commit_over_all_files_comes_after_them() {
    let project = Project::new(&[
        (
            "1_a.sql",
            "CREATE TABLE p (id integer primary key);\nCREATE TABLE c (p references p(id));\n",
        ),
        ("2_b.sql", "INSERT INTO c VALUES (7);\n"),
    ]);
    let mut options = project.options();
    options.tx_mode = TxMode::All;
    let outcome = project
        .run(&*project.database_with("?_fk=1"), &options)
        .await;
    assert!(
        outcome.text.ends_with(
            "\
    -> INSERT INTO c VALUES (7);
  -- ok (0s)

    sql/sqlite: foreign key mismatch: [{tbl:c ref:p row:1 index:0}]

  -------------------------
  -- 0s
  -- 2 migrations
  -- 3 sql statements
"
        ),
        "{}",
        outcome.text
    );
    assert!(project.tables().await.is_empty());
}

#[tokio::test]
async fn durations_are_never_negative() {
    let project = Project::new(THREE);
    let outcome = project
        .apply_with(|options| options.lock.clock = ticking_clock())
        .await;
    assert!(!outcome.text.contains("-- -"), "{}", outcome.text);
    assert!(outcome.text.contains("  -- ok (3ms)\n") || outcome.text.contains("  -- ok ("));
    let footer = outcome
        .text
        .split_once("-------------------------")
        .unwrap()
        .1;
    assert!(
        footer.starts_with("\n  -- ") && footer.contains("ms\n"),
        "{footer}"
    );
}

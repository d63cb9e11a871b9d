//! Foreign keys around a file's transaction.

use crate::support::Project;

const TABLES: &str = "CREATE TABLE users (id integer primary key, name text);\n\
    CREATE TABLE posts (id integer primary key, user references users(id) on delete cascade);\n\
    INSERT INTO users VALUES (1, 'a');\nINSERT INTO posts VALUES (10, 1);\n";

const REBUILD: &str = "CREATE TABLE new_users (id integer primary key, name text not null);\n\
    INSERT INTO new_users SELECT id, name FROM users;\nDROP TABLE users;\n\
    ALTER TABLE new_users RENAME TO users;\n";

async fn apply(project: &Project, query: &str) -> crate::support::Outcome {
    project
        .run(&*project.database_with(query), &project.options())
        .await
}

#[tokio::test]
async fn a_table_can_be_rebuilt_with_foreign_keys_on() {
    let project = Project::new(&[("1_a.sql", TABLES), ("2_b.sql", REBUILD)]);
    apply(&project, "?_fk=1").await.succeeded();
    assert_eq!(project.query("SELECT id, user FROM posts").await, ["10|1"]);
}

#[tokio::test]
async fn new_violations_undo_the_file() {
    let project = Project::new(&[("1_a.sql", TABLES), ("2_b.sql", "DELETE FROM users;\n")]);
    let outcome = apply(&project, "?_fk=1").await;
    assert_eq!(
        outcome.error_text(),
        "sql/sqlite: foreign key mismatch: [{tbl:posts ref:users row:10 index:0}]"
    );
    assert_eq!(project.query("SELECT count(*) FROM users").await, ["1"]);
    assert_eq!(project.history().await.len(), 1);
}

#[tokio::test]
async fn violations_that_were_there_before_are_no_error() {
    let project = Project::new(&[("1_a.sql", TABLES)]);
    apply(&project, "").await.succeeded();
    project.execute("INSERT INTO posts VALUES (11, 99)").await;
    project.write(&[("2_b.sql", REBUILD)]);
    apply(&project, "?_fk=1").await.succeeded();
}

#[tokio::test]
async fn with_foreign_keys_off_nothing_is_checked() {
    let project = Project::new(&[("1_a.sql", TABLES), ("2_b.sql", "DELETE FROM users;\n")]);
    apply(&project, "").await.succeeded();
    assert_eq!(project.query("SELECT count(*) FROM posts").await, ["1"]);
}

#[tokio::test]
async fn without_a_transaction_they_stay_on() {
    let project = Project::new(&[
        ("1_a.sql", TABLES),
        (
            "2_b.sql",
            "-- atlas:txmode none\nINSERT INTO posts VALUES (12, 99);\n",
        ),
        ("3_c.sql", "INSERT INTO posts VALUES (12, 99);\n"),
    ]);
    let outcome = apply(&project, "?_fk=1").await;
    assert_eq!(
        outcome.error_text(),
        "sql/migrate: executing statement \"INSERT INTO posts VALUES (12, 99);\" from version \"2\": \
         FOREIGN KEY constraint failed"
    );
}

#[tokio::test]
async fn they_are_on_again_after_each_file() {
    let project = Project::new(&[
        ("1_a.sql", TABLES),
        ("2_b.sql", REBUILD),
        ("3_c.sql", "-- atlas:txmode none\nDELETE FROM users;\n"),
    ]);
    apply(&project, "?_fk=1").await.succeeded();
    assert_eq!(
        project.query("SELECT count(*) FROM posts").await,
        ["0"],
        "the delete cascaded"
    );
}
